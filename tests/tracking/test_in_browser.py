"""What a newcomer sees: a published study in MLflow's own pages, in a real browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from browser import DESKTOP, PHONE, chromium
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from mdml_tune.records import Phase
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.tracking import views
from mdml_tune.tracking.ledger import read_ledger
from mdml_tune.tracking.publisher import sync

pytestmark = pytest.mark.slow

SINGLE = {
    "segmentation": {"segmentation/miou": 0.4, "segmentation/pix_acc": 0.8},
    "depth": {"depth/abs_err": 0.5, "depth/rel_err": 0.2},
}
BETTER = {"segmentation/miou": 0.44, "segmentation/pix_acc": 0.88} | {
    "depth/abs_err": 0.45,
    "depth/rel_err": 0.18,
}
RESULTS = {
    "answer.md": "c12ab reaches +10.00 % Δm.",
    "delta_m.md": (
        "| | segmentation mIoU ↑ | Δm gain ↑ [%] | seeds |\n| :--- | ---: | ---: | ---: |\n"
        "| single-task | 0.4000 | +0.00 | 1 |\n| c12ab | 0.4400 | **+10.00** | 2 |\n"
    ),
    "report.html": (
        '<!doctype html><meta charset="utf-8"><title>Δm</title><p id="told">nothing ran</p>'
        "<script>document.getElementById('told').textContent = `Δm ran in ${origin}`</script>"
    ),
}
MLFLOWS_OWN = ("users/current", "ResizeObserver loop")
"""Errors on every page of MLflow 3.17, whatever is shown: no such user, a layout measured late."""
PATIENCE_MS = 60_000


@dataclass
class Visit:
    """MLflow with a published study in it, and a browser to look with."""

    browser: Browser
    base: str
    experiment: str
    parent: str

    @contextmanager
    def page(self, where: str, size: dict[str, int] = DESKTOP) -> Iterator[Page]:
        """A page as somebody sees it who was never here; an error of ours in its console fails."""
        errors: list[str] = []

        def note(message: ConsoleMessage) -> None:
            said = f"{message.text} {message.location.get('url', '')}"
            if message.type == "error" and not any(own in said for own in MLFLOWS_OWN):
                errors.append(said)

        context = self.browser.new_context(viewport=size, locale="en-US")
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        try:
            page.goto(f"{self.base}/{where}")
            if size == DESKTOP:  # the Assistant takes a quarter of it until it is closed
                page.get_by_role("button", name="Close", exact=True).click()
            yield page
        finally:
            context.close()
        assert errors == []

    def run(self, tab: str = "") -> str:
        page = f"#/experiments/{self.experiment}/runs/{self.parent}{tab}"
        return f"{page}?workflowType=machine_learning"


@pytest.fixture(scope="module")
def visit(http_server, study_in: Callable, tmp_path_factory) -> Iterator[Visit]:
    study = study_in(tmp_path_factory.mktemp("storage"), "seen")
    file = study.folder.path / "study.json"
    said = read_json(file)
    said["study"]["trial"]["mutual"] = {"weight": {"log_uniform": [0.01, 1.0]}}
    write_json(file, {key: value for key, value in said.items() if key != "schema"})
    for task, scores in SINGLE.items():
        study.ended(f"b{task}", phase=Phase.BASELINE, method=task, test=scores)
    for number, weight in enumerate((0.1, 0.2, 0.4)):
        sampled = {"mutual.weight": weight}
        study.ended(f"t{number}", number=number, config_id=f"c{number}", parameters=sampled)
    for seed in (1000, 1001):
        who = {"seed": seed, "parameters": {"mutual.weight": 0.2}, "test": BETTER}
        study.ended(f"t{seed}", phase=Phase.CONFIRM, **who)
    study.folder.results.mkdir()
    for name, text in RESULTS.items():
        (study.folder.results / name).write_text(text, encoding="utf-8")
    assert sync(study.folder, http_server.uri).problem is None
    ledger = read_ledger(study.folder)
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as browser:
        yield Visit(browser, http_server.uri, ledger.experiment_id, ledger.parent_run_id)


def header(page: Page, column: str):
    return page.locator(f'.ag-header-cell[col-id="{column}"]')


def test_the_prepared_view_shows_gain_phase_status_and_sampled_parameters(visit) -> None:
    with visit.page(views.page(visit.experiment, views.RUNS)) as page:
        expect(page.get_by_text("+10.00 % confirm c12ab seed 1000")).to_be_visible()
        for column in (
            "metrics.`test/delta_m`", "metrics.`val/delta_m`", "tags.`mdml.phase`",
            "tags.`mdml.status`", "params.`mutual.weight`",
        ):  # fmt: skip
            expect(header(page, column)).to_have_count(1)
        expect(header(page, "params.`mutual.update`")).to_have_count(0)
        first = page.locator('.ag-center-cols-container [row-index="0"]')
        expect(first.locator('[col-id="tags.`mdml.phase`"]')).to_have_text("confirm")
        expect(first.locator('[col-id="tags.`mdml.status`"]')).to_have_text("completed")
        expect(first.locator('[col-id="metrics.`test/delta_m`"]')).to_contain_text(f"{10:.0f}")


def test_configurations_are_averaged_over_their_seeds(visit) -> None:
    with visit.page(views.page(visit.experiment, views.CONFIGURATIONS)) as page:
        group = page.get_by_text("Group: c12ab")
        expect(group).to_be_visible()
        expect(page.get_by_text("Group:")).to_have_count(1)
        expect(page.get_by_text("2 matching runs")).to_be_visible()


def test_charts_begin_with_the_gain_and_what_led_to_it(visit) -> None:
    with visit.page(views.charts_page(visit.experiment)) as page:
        section = page.get_by_text("Δm (gain, %)")
        expect(section).to_be_visible()
        expect(page.locator("path.js-line").first).to_be_visible()
        expect(page.get_by_text("Parallel Coordinates")).to_be_visible()
        other = page.get_by_role("heading", name="train/loss")
        assert section.bounding_box()["y"] < other.bounding_box()["y"]


def test_the_way_from_the_experiment_to_the_answer(visit) -> None:
    with visit.page(views.page(visit.experiment, None)) as runs:
        with runs.expect_popup() as opened:
            runs.get_by_role("link", name="The answer").click()
        page = opened.value
        expect(page.get_by_text("c12ab reaches +10.00 % Δm.")).to_be_visible()
        page.get_by_text("Show more").first.click()
        table = page.get_by_role("table").filter(has_text="single-task")
        expect(table).to_contain_text("+10.00")
        expect(table).not_to_contain_text("mIoU")
        aside = page.get_by_text("About this run").bounding_box()
        assert aside["x"] + aside["width"] < page.viewport_size["width"]
        with page.expect_popup() as opened:
            page.get_by_role("link", name="all runs by Δm").click()
        expect(header(opened.value, "tags.`mdml.phase`")).to_have_count(1)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_report_runs_in_the_frame_of_the_artifact_viewer(visit, size) -> None:
    with visit.page(visit.run("/artifacts/results/report.html"), size) as page:
        frame = page.locator("iframe.mlflow-html-iframe")
        expect(frame).to_have_attribute("sandbox", "allow-scripts")
        told = page.frame_locator("iframe.mlflow-html-iframe").locator("#told")
        expect(told).to_have_text("Δm ran in null")  # so it can neither store nor download


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_of_ours_makes_a_page_wider_than_its_window(visit, size) -> None:
    for where in (views.page(visit.experiment, views.RUNS), visit.run()):
        with visit.page(where, size) as page:
            expect(page.get_by_text("seen").first).to_be_attached()
            page.wait_for_timeout(1000)
            wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide <= max(window, 400)  # MLflow's own pages are no narrower than that


def test_a_trial_tells_what_was_sampled(visit) -> None:
    with visit.page(views.page(visit.experiment, views.RUNS)) as page:
        page.get_by_text("+2.00 % search-001 c1").click()
        expect(page.get_by_text("Trial 1 of the search, seed 0.")).to_be_visible()
        page.get_by_role("tab", name="Model metrics").click()
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
