"""What the samplers are worth on a function whose optimum is known."""

import math
from collections.abc import Mapping
from functools import cache
from statistics import median

import pytest

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord, Value
from mdml_tune.spaces.plan import (
    CmaEsSampler,
    GpSampler,
    Nsga2Sampler,
    RandomSampler,
    SamplerConfig,
    SobolSampler,
    TpeSampler,
)
from mdml_tune.spaces.space import Space
from mdml_tune.tuning.sampler import Sampler
from mdml_tune.tuning.tried import Tried

pytestmark = pytest.mark.slow

SPACE = Space.of(
    {
        "mutual": {
            "weight": {
                "segmentation": {"log_uniform": [0.03, 3.0]},
                "depth": {"log_uniform": [0.03, 3.0]},
            },
            "temperature": {"uniform": [1.0, 6.0]},
            "warmup_epochs": {"int": [0, 10]},
        },
        "scd": {"choice": [None, {"name": "outputs", "weight": {"log_uniform": [0.03, 3.0]}}]},
    }
)
SEEDS = range(10)


def gain(assignment: Mapping[str, Value]) -> float:
    """A stand-in for Δm in percent, at most 5: smooth, nearly additive, broad at its top.

    Weights act by their logarithm; the stronger the imitation, the softer its targets should be.
    """
    value = {name: float(v) for name, v in assignment.items() if isinstance(v, int | float)}
    segmentation = math.log10(value["mutual.weight.segmentation"] / 0.5)
    depth = math.log10(value["mutual.weight.depth"] / 0.2)
    temperature = (value["mutual.temperature"] - 3 - segmentation) / 2
    warmup = (value["mutual.warmup_epochs"] - 4) / 6
    outputs = value.get("scd=outputs/scd.weight")
    scd = 0.5 if outputs is None else math.log10(outputs / 0.3) ** 2
    return 5 - 2 * segmentation**2 - 2 * depth**2 - temperature**2 - 0.5 * warmup**2 - scd


@cache
def gains(config: SamplerConfig, trials: int, seed: int) -> list[float]:
    """Of one search, in the order of its trials."""
    sampler = Sampler(SPACE, config, ("val/delta_m",), seed)
    tried: list[Tried] = []
    for number in range(trials):
        proposal = next(sampler.proposals(number, tried))
        report = EpochReport(1, number, {"val/delta_m": gain(proposal.assignment)})
        record = TrialRecord(
            trial_key=f"t{number}",
            config_id=f"c{number}",
            phase=Phase.SEARCH,
            seed=0,
            number=number,
            status=Status.COMPLETED,
            history=(report,),
        )
        tried.append(Tried(proposal.assignment, (record,), proposal.memory))
    return [one.first.history[0].metrics["val/delta_m"] for one in tried]


def best(config: SamplerConfig, trials: int, seeds: range = SEEDS) -> float:
    """Median over searches of what the best trial reached."""
    return median(max(gains(config, trials, seed)) for seed in seeds)


def test_tpe_reaches_in_60_trials_what_random_search_reaches_in_200() -> None:
    goal = best(RandomSampler(kind="random"), 200)
    needed = [
        next((n for n, value in enumerate(gains(TpeSampler(), 60, seed), 1) if value >= goal), 999)
        for seed in SEEDS
    ]
    assert median(needed) <= 60, needed


@pytest.mark.parametrize(
    ("config", "trials", "seeds"),
    [
        (SobolSampler(kind="sobol"), 64, SEEDS),
        (GpSampler(kind="gp", startup_trials=8), 16, range(2)),
        (CmaEsSampler(kind="cmaes"), 100, range(5)),
        (Nsga2Sampler(kind="nsga2"), 64, range(5)),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_no_sampler_is_worse_than_chance(config: SamplerConfig, trials: int, seeds: range) -> None:
    # What needs no luck is compared over the same trials, against the median of many searches.
    assert best(config, trials, seeds) >= best(RandomSampler(kind="random"), trials, range(30))
