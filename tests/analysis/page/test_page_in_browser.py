"""The report as its readers see it: in a real browser, on a desk and on a phone, light and dark."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import synthetic
from browser import DESKTOP, PHONE, chromium
from playwright.sync_api import Browser, Page
from synthetic import confirmed, searched, study

from mdml_tune.analysis.report import write_results
from mdml_tune.analysis.subject import subject_of
from mdml_tune.records import Status, StudyRecord

Open = Callable[..., Page]

ODD = study(
    searched("c1", 1.0, number=0, parameters={"mutual.weight": 0.1, "kind": "</script><b>"}),
    searched("c2", 2.0, number=1, parameters={"mutual.weight": 30.0, "kind": "plain"}),
    searched("c3", 0.0, number=2, status=Status.FAILED, epochs=0, failure="</script><i>x</i>"),
    confirmed("c1", 1.5, 1, method=None),
)
RUNNING = study(searched("c1", 0.0, status=Status.RUNNING, epochs=0), about={"git_commit": None})
STUDIES: dict[str, StudyRecord] = {
    "rich": synthetic.rich_study(count=28, epochs=6),
    "odd": ODD,
    "running": RUNNING,
}

CUT = """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
  const box = svg.getBoundingClientRect();
  const out = r => r.left < box.left - 1.5 || r.right > box.right + 1.5
    || r.top < box.top - 1.5 || r.bottom > box.bottom + 1.5;
  return [...svg.querySelectorAll('text')].filter(t => out(t.getBoundingClientRect()))
    .map(t => svg.closest('figure').id + ': ' + t.textContent);
})"""
EMPTY = """() => [...document.querySelectorAll('figure svg')].filter(svg => {
  const box = svg.getBBox();
  return !(box.width > 50 && box.height > 50 && svg.querySelectorAll('path, use, image').length > 8);
}).map(svg => svg.closest('figure').id)"""
UNTOLD = """() => Object.entries(JSON.parse(document.getElementById('told').textContent).marks)
  .filter(([id, of]) => {
    const found = document.getElementById(id).querySelectorAll('.mark').length;
    return of.length === 1 ? found < 1 : found !== of.length;
  }).map(([id]) => id)"""
SMALL = """() => [...document.querySelectorAll('figure svg text')].filter(t => {
    const to = t.getScreenCTM();
    return parseFloat(getComputedStyle(t).fontSize) * Math.hypot(to.b, to.d) < 7;
  })
  .map(t => t.closest('figure').id + ': ' + t.textContent)"""
MIDDLE = """element => {
  const to = element.getScreenCTM();
  if (element.tagName !== 'path') { const b = element.getBoundingClientRect();
    return [b.x + b.width / 2, b.y + b.height / 2]; }
  const at = element.getPointAtLength(element.getTotalLength() * 0.93).matrixTransform(to);
  return [at.x, at.y];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {
        name: write_results(subject_of(of), folder / name).report for name, of in STUDIES.items()
    }


@contextmanager
def opened(browser: Browser, url: str, size: dict[str, int], scheme: str) -> Iterator[Page]:
    """The page; whatever its console complains of fails the test."""
    page = browser.new_page(viewport=size, color_scheme=scheme)  # pyright: ignore
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url))
    page.goto(url)
    yield page
    page.close()
    assert [text for text in complaints if text != url and not text.startswith("data:")] == []


@pytest.fixture
def desk(browser: Browser, reports: dict[str, Path]) -> Iterator[Page]:
    with opened(browser, reports["rich"].as_uri(), DESKTOP, "light") as page:
        yield page


def lit(page: Page, figure: str) -> int:
    return page.locator(f"#{figure} .mark.lit").count()


def point_at(page: Page, selector: str, place: int = 0) -> tuple[float, float]:
    element = page.locator(selector).nth(place)
    element.scroll_into_view_if_needed()
    x, y = element.evaluate(MIDDLE)
    page.mouse.move(x, y)
    return x, y


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", list(STUDIES))
def test_nothing_is_cut_empty_or_broken(
    browser: Browser, reports: dict[str, Path], name: str, size: dict[str, int]
) -> None:
    with opened(browser, reports[name].as_uri(), size, "light") as page:
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
        assert page.evaluate(CUT) == []
        assert page.evaluate(EMPTY) == []
        assert page.evaluate(UNTOLD) == []
        assert page.evaluate(SMALL) == []
        assert page.locator("figure").count() >= (0 if name == "running" else 3)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            ink = page.evaluate("getComputedStyle(document.body).color")
            assert (sum_of(paper) > sum_of(ink)) == (scheme == "light")


def sum_of(colour: str) -> int:
    return sum(int(part) for part in colour.strip("rgb()").split(","))


def test_text_of_figures_stands_out_in_the_dark(browser: Browser, reports: dict[str, Path]) -> None:
    with opened(browser, reports["rich"].as_uri(), DESKTOP, "dark") as page:
        fills = page.evaluate(
            "[...document.querySelectorAll('figure svg text')].map(t => getComputedStyle(t).fill)"
        )
        assert min(map(sum_of, fills)) > 3 * 140


def test_pointing_says_what_it_is_and_lights_it_everywhere(desk: Page) -> None:
    point_at(desk, "#parallel_coordinates .mark.line", -1)
    best = desk.locator("#parallel_coordinates .mark.lit")
    assert best.count() == 1
    said = desk.locator("#tip").text_content() or ""
    assert "% Δm on val" in said
    config = said.split("(")[1].split(")")[0]
    assert lit(desk, "learning_curves") > 1
    assert desk.locator(f"tr.lit[data-config={config}]").count() == 1
    desk.mouse.move(5, 5)
    assert desk.locator("#tip").is_hidden()
    assert desk.locator(".lit").count() == 0


def test_a_click_pins_and_escape_lets_go(desk: Page) -> None:
    x, y = point_at(desk, "#generalisation_gap .mark.area", -1)
    desk.mouse.click(x, y)
    desk.mouse.move(5, 5)
    card = desk.locator("#card")
    assert "tier" in (card.text_content() or "")
    assert lit(desk, "generalisation_gap") == 3
    assert lit(desk, "parallel_coordinates") == 1
    card.get_by_role("button", name="show in the ranking").click()
    assert desk.locator("tr.lit").is_visible()
    desk.keyboard.press("Escape")
    assert card.is_hidden()
    desk.locator("h1").click()
    desk.mouse.move(5, 5)
    assert lit(desk, "generalisation_gap") == 0


def test_by_keyboard_alone(desk: Page) -> None:
    desk.locator("#anytime svg").focus()
    desk.keyboard.press("ArrowRight")
    assert desk.locator("#tip").is_visible()
    desk.keyboard.press("Enter")
    assert desk.locator("#card").is_visible()
    desk.keyboard.press("Escape")
    rows = desk.locator("table.ranking tbody tr")
    rows.first.focus()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press(" ")
    config = rows.nth(1).get_attribute("data-config") or ""
    assert config in (desk.locator("#card").text_content() or "")


def test_ranking_unfolds_is_searched_and_sorted(desk: Page) -> None:
    rows = desk.locator("table.ranking tbody tr:visible")
    assert rows.count() == 20
    desk.locator("#more").click()
    assert rows.count() == 28
    desk.locator("#search").fill("scd=linear_cka")
    assert rows.count() == 7
    assert desk.locator("#found").text_content() == "7 of 28"
    desk.locator("#search").fill("")
    gain = desk.get_by_role("button", name="Δm gain ↑ [%]", exact=True)
    gain.click()
    column = desk.locator("table.ranking th", has=gain).evaluate("cell => cell.cellIndex")
    texts = [row.locator("td, th").nth(column).text_content() or "" for row in rows.all()]
    numbers = [float(text) for text in texts if text != "–"]
    assert numbers == sorted(numbers)
    assert texts[-1] == "–"  # what failed has none, and stands last either way
    gain.click()
    assert float(rows.first.locator("td, th").nth(column).text_content() or "") == numbers[-1]


def test_a_range_on_an_axis_keeps_what_passes_through_it(desk: Page) -> None:
    desk.locator("#parallel_coordinates").scroll_into_view_if_needed()
    rail = desk.locator("#parallel_coordinates .rail").first.bounding_box()
    assert rail is not None
    x, top = rail["x"] + rail["width"] / 2, rail["y"]
    desk.mouse.move(x, top + 1)
    desk.mouse.down()
    desk.mouse.move(x, top + 30, steps=4)
    desk.mouse.up()
    kept = "#parallel_coordinates .mark:not(.out)"
    assert 0 < desk.locator(kept).count() < desk.locator("#parallel_coordinates .mark").count()
    missed = desk.locator("tr[data-config].out").count()
    assert missed > 10
    desk.mouse.click(x, top + 10)
    assert desk.locator(".out").count() == 0


def test_a_finger_taps(browser: Browser, reports: dict[str, Path]) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # pyright: ignore
    page = context.new_page()
    page.goto(reports["rich"].as_uri())
    dot = page.locator("#anytime .mark.area").last
    dot.scroll_into_view_if_needed()
    page.touchscreen.tap(*dot.evaluate(MIDDLE))
    assert page.locator("#card").is_visible()
    card = page.locator("#card").bounding_box()
    assert card is not None
    assert card["x"] >= 0
    assert card["x"] + card["width"] <= PHONE["width"]
    context.close()


def test_whole_without_script(browser: Browser, reports: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["rich"].as_uri())
    assert page.locator("figure svg").count() >= 4
    assert page.locator("#search").is_hidden()
    page.locator("#rest summary").click()
    assert page.locator("table.ranking tbody tr:visible").count() == 28
    context.close()


@pytest.mark.parametrize("size", [(625, 668), (400, 216)], ids=["desk", "phone"])
def test_in_the_sandboxed_frame_of_mlflow(
    browser: Browser, reports: dict[str, Path], size: tuple[int, int]
) -> None:
    """MLflow shows an HTML artifact from a blob, in a frame that may run scripts and nothing else."""
    page = browser.new_page()
    page.route("http://mlflow/", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto("http://mlflow/")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.evaluate(
        """([text, width, height]) => {
          const frame = document.createElement('iframe');
          frame.setAttribute('sandbox', 'allow-scripts');
          Object.assign(frame, {width, height});
          frame.src = URL.createObjectURL(new Blob([text], {type: 'text/html'}));
          document.body.append(frame);
        }""",
        [reports["rich"].read_text(encoding="utf-8"), *size],
    )
    inside = page.frame_locator("iframe")
    inside.locator("html.scripted").wait_for(state="attached")
    assert "Δm" in (inside.locator(".answer").text_content() or "")
    inside.locator("tr[data-config]").first.click()
    assert inside.locator("#card").is_visible()
    frame = page.frames[1]
    root = "document.documentElement"
    assert frame.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    inside.get_by_role("link", name="What was run").click()
    assert frame.evaluate("scrollY") > 100
    page.close()
    assert complaints == []
