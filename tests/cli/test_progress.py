"""What a running study shows: it fits the terminal, whatever happens in the study."""

import re
from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console, Group
from watching import OBJECTIVE, record, report

from mdml_tune.cli.watching import standing as standing_module
from mdml_tune.cli.watching.live_view import live_view
from mdml_tune.cli.watching.progress import watched
from mdml_tune.cli.watching.standing import Leaders, Standing
from mdml_tune.cli.watching.wording import duration, name_of, shortened, shortened_by_words
from mdml_tune.records import Phase, Status
from mdml_tune.tuning.events import (
    EpochEnded,
    Event,
    Notice,
    PhaseStarted,
    TrialEnded,
    TrialStarted,
)

LONG = "peers_that_teach_each_other_with_distillation_of_blocks_in_the_order_of_their_complexity"
STUDY = "a_study_of_everything_that_one_could_think_of_and_some_more_of_the_same_kind_besides"


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(standing_module, "time", clock)
    return clock


def told(*events: Event, study: str = STUDY, objective: str = OBJECTIVE) -> Standing:
    standing = Standing(Leaders(objective), study)
    for event in events:
        standing.take(event)
    return standing


def a_large_study(running: int = 150, objective: str = OBJECTIVE) -> list[Event]:
    """200 trials under long names: failed, stopped early, completed and running ones."""
    events: list[Event] = [PhaseStarted(Phase.SEARCH, 200, 0)]
    for number in range(200):
        one = record(number, method=LONG)
        events.append(TrialStarted(one, 1000))
        events.append(EpochEnded(one, report(999, -123.45 - number, objective)))
        if number < 200 - running:
            status = (Status.FAILED, Status.PRUNED, Status.COMPLETED)[number % 3]
            why = "out of memory: 12345 MiB were wanted\nTraceback" if number % 3 == 0 else None
            history = (report(80, float(number), objective),)
            ended = record(number, method=LONG, status=status, failure=why, history=history)
            events.append(TrialEnded(ended))
    return [*events, *(Notice(f"notice {i} of many words {LONG} 123456789") for i in range(5))]


def lines_of(standing: Standing, width: int = 80, height: int = 24) -> list[str]:
    """As a terminal of that size shows them."""
    file = StringIO()
    console = Console(width=width, height=height, force_terminal=True, file=file, color_system=None)
    console.print(Group(*live_view(standing, width, height)))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("running", [0, 1, 11, 12, 13, 150])
@pytest.mark.parametrize("size", [(80, 24), (80, 12), (60, 8), (100, 50), (45, 5), (80, 3)])
@pytest.mark.parametrize("objective", [OBJECTIVE, "val/delta_m/segmentation"])
def test_the_view_fits_whatever_the_terminal(
    running: int, size: tuple[int, int], objective: str
) -> None:
    width, height = size
    standing = told(*a_large_study(running, objective), objective=objective)
    lines = lines_of(standing, width, height)
    assert 0 < len(lines) < height
    assert max(map(cell_len, lines)) <= width


def test_everything_worth_knowing_is_there(clock: Clock) -> None:
    standing = told(*a_large_study())
    clock.now += 3725
    lines = lines_of(standing)
    assert lines[0].startswith("a_study_of_everything_that_one_could_th… · search 50/200")
    head = " ".join(lines[:2])
    for said in ("17 failed", "17 stopped early", "1 h 2 min", "about 3 s left"):
        assert said in head
    assert re.fullmatch(r"best  trial 47 peers_that_\w+… +\+47\.00 %", lines[2])
    assert re.fullmatch(r"running 150 +epoch +delta_m", lines[3])
    rows = [line for line in lines if line.startswith("trial ")]
    assert len(rows) == 12
    for number, row in enumerate(rows, start=50):
        value = f"-{123.45 + number:.2f} %"
        assert re.fullmatch(rf"trial {number} peers_that_\w+… +999/1000 +{re.escape(value)}", row)
    assert lines[16] == "and 138 more"
    assert [line[:8] for line in lines[17:]] == ["notice 2", "notice 3", "notice 4"]
    assert all(line.endswith("…") for line in lines[17:])


@pytest.mark.parametrize("running", [5, 12, 150])
@pytest.mark.parametrize("height", [4, 5, 6, 7, 8, 9, 15, 16, 17, 18])
def test_with_little_height_fewer_trials_are_listed_but_all_are_counted(
    running: int, height: int
) -> None:
    events = [event for event in a_large_study(running) if not isinstance(event, Notice)]
    lines = lines_of(told(*events), height=height)
    rows = sum(line.startswith("trial ") for line in lines)
    more = [int(line.split()[1]) for line in lines if line.startswith("and ")]
    if rows:
        assert rows + sum(more) == running
        whole = 4 + min(running, 12) + (running > 12)
        assert len(lines) == min(height - 1, whole)
    else:
        assert height < 7  # too little for a heading, a trial, and the count of the others
    assert any(f"{200 - running}/200" in line for line in lines)


@pytest.mark.parametrize("width", [42, 43, 44, 45, 50, 60, 79, 80, 81, 90])
def test_names_are_shortened_but_never_numbers(width: int) -> None:
    standing = told(
        PhaseStarted(Phase.SEARCH, 200, 0),
        TrialStarted(record(123, method=LONG, seed=4), 1000),
        EpochEnded(record(123, method=LONG, seed=4), report(999, -1234.56)),
        TrialEnded(record(7, 98.76, method=LONG)),
    )
    lines = lines_of(standing, width)
    assert max(map(cell_len, lines)) <= width
    assert re.search(
        r"^trial 123 \S*… seed 4 +999/1000 +-1234\.56 %$", "\n".join(lines), re.MULTILINE
    )
    assert re.search(r"^best  trial 7 \S+…  \+98\.76 %$", "\n".join(lines), re.MULTILINE)


def test_nothing_is_shortened_without_need() -> None:
    standing = told(
        PhaseStarted(Phase.SEARCH, 9, 0), TrialStarted(record(3, method="peers"), 8), study="small"
    )
    lines = lines_of(standing)
    assert lines[0] == "small · search 0/9 · 0 s"
    assert lines[2].split() == ["trial", "3", "peers", "0/8"]


def test_before_anything_has_happened() -> None:
    assert lines_of(told(study="small")) == ["small · starting ..."]


def test_wide_characters_take_two_columns() -> None:
    standing = told(
        PhaseStarted(Phase.SEARCH, 9, 0), TrialStarted(record(3, method="深度学习" * 20), 8)
    )
    assert max(map(cell_len, lines_of(standing))) <= 80


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab cd", 4, "ab…"), ("深度学", 4, "深…")],
)
def test_an_ellipsis_stands_for_what_is_left_out(text: str, width: int, expected: str) -> None:
    assert shortened(text, width) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("took 12345 s", 12, "took 12345 s"),
        ("took 12345 s", 9, "took…"),
        ("took 12345 s", 11, "took 12345…"),
        ("took 12345 s", 10, "took…"),
        ("1234567890", 5, "1234…"),
    ],
)
def test_a_number_in_a_notice_is_left_out_rather_than_cut(
    text: str, width: int, expected: str
) -> None:
    assert shortened_by_words(text, width) == expected


# ---------------------------------------------------------------- what it counts


def test_further_seeds_are_no_further_trials() -> None:
    standing = told(
        PhaseStarted(Phase.SEARCH, 2, 0),
        TrialEnded(record(0, 1.0)),
        TrialEnded(record(1, 2.0)),
        TrialEnded(record(1, 2.0, seed=1)),
        TrialEnded(record(1, 2.0, seed=2)),
    )
    assert (standing.ended, standing.total, standing.more_seeds) == (2, 2, 2)
    assert "search 2/2 · 2 more seeds" in lines_of(standing, 200)[0]


def test_confirmations_of_all_seeds_are_trials() -> None:
    confirmed = [record(0, 1.0, phase=Phase.CONFIRM, seed=1000 + i) for i in range(2)]
    standing = told(PhaseStarted(Phase.CONFIRM, 3, 1), *map(TrialEnded, confirmed))
    assert (standing.ended, standing.more_seeds) == (3, 0)
    assert standing.leaders.best is None


def test_a_trial_that_is_tried_again_counts_by_its_last_end() -> None:
    failed = record(0, status=Status.FAILED, failure="worker lost")
    standing = Standing(Leaders(OBJECTIVE))
    standing.remember([failed, record(1, status=Status.PRUNED), record(2)])
    standing.take(PhaseStarted(Phase.SEARCH, 3, 2))
    assert [standing.count(s) for s in (Status.FAILED, Status.PRUNED)] == [1, 1]
    standing.take(TrialStarted(failed, 8))
    assert standing.count(Status.FAILED) == 0
    standing.take(TrialEnded(record(0, 1.0)))
    assert standing.count(Status.FAILED) == 0
    assert standing.count(Status.COMPLETED) == 1


def test_the_counts_are_those_of_the_phase() -> None:
    standing = told(
        PhaseStarted(Phase.SEARCH, 3, 0),
        TrialEnded(record(0, status=Status.FAILED, failure="diverged")),
        PhaseStarted(Phase.CONFIRM, 3, 0),
    )
    assert standing.count(Status.FAILED) == 0


def test_time_left_is_the_pace_so_far_times_what_is_missing(clock: Clock) -> None:
    standing = told(PhaseStarted(Phase.SEARCH, 10, 2))
    clock.now += 100
    assert standing.seconds_left is None  # no trial has ended under our eyes
    standing.take(TrialEnded(record(2, 1.0)))
    standing.take(TrialStarted(record(3), 8))
    standing.take(EpochEnded(record(3), report(4, 0.0)))
    assert standing.seconds_left == pytest.approx(100 / 1.5 * (10 - 3 - 0.5))
    for number in range(3, 10):
        standing.take(TrialEnded(record(number, 1.0)))
    assert standing.seconds_left is None


# ---------------------------------------------------------------- who leads


def test_the_best_value_leads() -> None:
    leaders = Leaders(OBJECTIVE)
    assert [leaders.take(record(i, v)) for i, v in enumerate([1.0, 0.5, 2.0, 2.0])] == [
        True, False, True, False,
    ]  # fmt: skip
    assert leaders.best == (2.0, record(2, 2.0))


def test_only_completed_trials_of_the_search_can_lead() -> None:
    leaders = Leaders(OBJECTIVE)
    for changed in (
        {"status": Status.PRUNED},
        {"status": Status.FAILED},
        {"phase": Phase.CONFIRM},
        {"phase": Phase.BASELINE},
        {"history": ()},
        {"history": (report(1, 9.0, "val/other"),)},
    ):
        assert not leaders.take(record(0, 9.0, **changed))
    assert leaders.best is None


def test_more_seeds_are_averaged_and_may_cost_the_lead() -> None:
    leaders = Leaders(OBJECTIVE)
    leaders.take(record(0, 3.0))
    leaders.take(record(1, 4.0))
    assert not leaders.take(record(1, 3.0, seed=1))
    assert leaders.best == (3.5, record(1, 4.0))
    assert leaders.take(record(1, 0.5, seed=2))
    assert leaders.best == (3.0, record(0, 3.0))


# ---------------------------------------------------------------- on the terminal and elsewhere


def shown(events: list[Event], **console: object) -> str:
    file = StringIO()
    with watched(Console(file=file, **console), OBJECTIVE, study="small") as observe:
        for event in events:
            observe(event)
    return file.getvalue()


def test_the_terminal_is_never_overflowed_and_notices_stay_in_full() -> None:
    output = shown(a_large_study(), width=80, height=24, force_terminal=True)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output).replace("\r", "\n")
    view, _, left = plain.rpartition("small · search 50/200")
    assert max(map(cell_len, view.splitlines())) <= 80
    assert [line for line in left.splitlines() if line.startswith("notice")] == [
        f"notice {i} of many words {LONG} 123456789" for i in range(5)
    ]


def test_an_interruption_leaves_the_notices_too() -> None:
    file = StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True)
    with pytest.raises(KeyboardInterrupt), watched(console, OBJECTIVE) as observe:  # noqa: PT012
        observe(Notice("storage is slow"))
        raise KeyboardInterrupt
    assert file.getvalue().endswith("storage is slow\n")


def test_elsewhere_there_is_one_plain_line_per_event() -> None:
    failed = record(2, status=Status.FAILED, failure="diverged in epoch 3\nmore")
    output = shown(
        [
            PhaseStarted(Phase.SEARCH, 3, 0),
            TrialStarted(record(0), 80),
            EpochEnded(record(0), report(1, 0.5)),
            TrialEnded(record(0, 1.5)),
            TrialEnded(record(1, 1.0)),
            TrialEnded(record(0, 2.5, seed=1)),
            TrialEnded(failed),
            Notice("half of the budget is used"),
        ],
        width=260,
    )
    assert [re.sub(r", about .* left", "", line) for line in output.splitlines()] == [
        "search: 3 trials",
        "started  trial 0 c0000000000, 80 epochs",
        "ended    trial 0 c0000000000, completed after 1 epochs, val/delta_m +1.50 % (1/3)",
        "new best  trial 0 c0000000000, val/delta_m +1.50 %",
        "ended    trial 1 c0000000001, completed after 1 epochs, val/delta_m +1.00 % (2/3)",
        "ended    trial 0 c0000000000 seed 1, completed after 1 epochs, val/delta_m +2.50 % (2/3)",
        "ended    trial 2 c0000000002, failed after 0 epochs: diverged in epoch 3 (3/3)",
        "half of the budget is used",
    ]


def test_what_an_earlier_start_has_left_is_to_be_beaten() -> None:
    file = StringIO()
    with watched(Console(file=file), OBJECTIVE, before=[record(0, 2.0)]) as observe:
        observe(TrialEnded(record(1, 1.0)))
        assert "new best" not in file.getvalue()
        observe(TrialEnded(record(2, 3.0)))
        assert "new best  trial 2" in file.getvalue()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({}, "trial 5 c0000000005"),
        ({"method": "dml"}, "trial 5 dml"),
        ({"method": "dml", "seed": 2}, "trial 5 dml seed 2"),
        ({"method": "depth", "phase": Phase.BASELINE}, "baseline depth seed 0"),
        ({"seed": 1000, "phase": Phase.CONFIRM}, "confirm c0000000005 seed 1000"),
    ],
)
def test_trials_are_named_by_what_tells_them_apart(changed: dict[str, object], name: str) -> None:
    assert str(name_of(record(5, **changed))) == name


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7384, "2 h 3 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said
