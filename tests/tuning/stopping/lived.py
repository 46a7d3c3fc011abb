"""Searches that were lived through, and what a driver that dies in one of them leaves behind."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.plan import (
    AshaStopping,
    HyperbandStopping,
    MedianStopping,
    PbtStopping,
    Stopping,
)
from mdml_tune.tuning.simulate import Simulated, simulate
from mdml_tune.tuning.stopping.build import build_rule
from mdml_tune.tuning.stopping.rule import Member, Point, Rule

ASHA = AshaStopping(grace_epochs=1, reduction=2)
PBT = PbtStopping(kind="pbt", population=5, interval_epochs=2, quantile=0.5)
EVERY_RULE: list[Stopping | None] = [
    None,
    ASHA,
    HyperbandStopping(kind="hyperband", grace_epochs=1, reduction=2),
    MedianStopping(kind="median", grace_epochs=2, min_trials=1),
    PBT,
]
SEED = 7


def told(rule: Rule, number: int, epoch: int, *values: float) -> bool:
    return rule.judge(Member(str(number), number), epoch, values)


def record(
    key: str,
    values: list[float],
    status: Status = Status.RUNNING,
    *,
    number: int = 0,
    since: int = 0,
    times: list[int] | None = None,
) -> TrialRecord:
    """A trial with these values of one objective, an epoch each; born at epoch 1, 2, ..."""
    times = times or list(range(1, len(values) + 1))
    history = tuple(
        EpochReport(epoch, time, {"val/delta_m": value})
        for epoch, (time, value) in enumerate(zip(times, values, strict=True), start=1)
    )
    return TrialRecord(
        trial_key=key,
        config_id=key,
        phase=Phase.SEARCH,
        seed=0,
        number=number,
        status=status,
        history=history,
        config={"changes": [{"epoch": since}]} if since else {},
    )


@dataclass(frozen=True)
class Lived:
    """A search from its start to its end, told report by report."""

    config: Stopping | None
    epochs: int
    curves: list[list[Point]]
    seen: Simulated
    copies: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Number of a copy -> number of its donor, epoch."""

    @property
    def objectives(self) -> list[str]:
        return [f"val/{i}" for i in range(len(self.curves[0][0]))]

    @property
    def reports(self) -> list[tuple[Member, int, Point, bool]]:
        """Who, at which epoch, showed what, and was stopped there."""
        last = dict(self.seen.order)
        return [
            (
                Member(str(n), n, self.copies.get(n, (0, 0))[1]),
                epoch,
                self.curves[n][epoch - 1],
                n in self.seen.stopped and epoch == last[n],
            )
            for n, epoch in self.seen.order
        ]

    def rule(self) -> Rule:
        return build_rule(self.config, self.epochs, SEED)

    def left_behind(self, reports: int, *, noted: int) -> list[TrialRecord]:
        """Records after so many reports, where the ends within the first ``noted`` were noted."""
        histories: dict[int, list[EpochReport]] = {}
        status: dict[int, Status] = {}
        for time, (member, epoch, values, stopped) in enumerate(self.reports[:reports]):
            number = member.number
            if number not in histories:
                donor, since = self.copies.get(number, (0, 0))
                histories[number] = histories.get(donor, [])[:since]
            metrics = dict(zip(self.objectives, values, strict=True))
            histories[number].append(EpochReport(epoch, time, metrics))
            if time < noted and (stopped or epoch == self.epochs):
                status[number] = Status.PRUNED if stopped else Status.COMPLETED
        return [
            TrialRecord(
                trial_key=str(number),
                config_id=str(number),
                phase=Phase.SEARCH,
                seed=0,
                number=number,
                status=status.get(number, Status.RUNNING),
                history=tuple(history),
                config={"changes": [{"epoch": self.copies[number][1]}]}
                if number in self.copies
                else {},
            )
            for number, history in histories.items()
        ]


@st.composite
def searches(draw: st.DrawFn, configs: list[Stopping | None] | None = None) -> Lived:
    """Small searches by any rule, with many ties."""
    config = draw(st.sampled_from(configs or EVERY_RULE))
    trials, epochs = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    objectives = draw(st.integers(1, 2))
    value = st.tuples(*[st.integers(0, 6).map(float)] * objectives)
    curve = st.lists(value, min_size=epochs, max_size=epochs)
    curves = draw(st.lists(curve, min_size=trials, max_size=trials))
    copies: dict[int, tuple[int, int]] = {}
    seen = simulate(
        trials,
        epochs,
        draw(st.integers(1, 4)),
        build_rule(config, epochs, SEED),
        lambda number, epoch: curves[number][epoch - 1],
        copied=lambda child, donor, epoch: copies.update({child: (donor, epoch)}),
    )
    return Lived(config, epochs, curves, seen, copies)
