"""Scores of configurations over seeds as a linear model, with their noise pooled over all of them.

A single configuration with three seeds says little about noise; five of them say much. Two models of
the same table of scores:

- *plain*: ``score = configuration + noise``;
- *seeded*: ``score = configuration + seed + noise``. A seed fixes the order of the data and the initial
  weights: where it suits all configurations alike, comparing within seeds takes that out.

The plain one has more degrees of freedom, and is safe where seeds matter (it takes what they do for
noise) but then blind; the seeded one is right in both cases, and weak for few configurations. So the
seeds are taken out where the data show that they matter (``SEEDS_MATTER``). Whoever computes a p
value must allow for that choice having been made from the same data (see ``equality``).

Shape suffixes: N tables, O observations in a table, C configurations.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

Floats = NDArray[np.float64]

SEEDS_MATTER = 0.02
"""Level of the F test of the seeds from which on they are taken out."""

TINY = 1e-12
"""Percentage points that rounding of floats can make."""


@dataclass(frozen=True, slots=True)
class Model:
    """How observations become effects of configurations and an estimate of noise."""

    estimate_CO: Floats
    """Least squares; effects of the seeded model are known up to a common constant."""
    residual_OO: Floats
    covariance_CC: Floats
    """Of the effects, for noise of variance 1."""
    freedom: int
    """Degrees of freedom of the noise's estimate."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A model fitted to N tables of observations of one layout."""

    model: Model
    effects_NC: Floats
    variance_N: Floats
    """Of the noise."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which configuration was tried with which seed."""

    plain: Model
    seeded: Model | None
    """None where configurations share no seeds, even in a chain, or no freedom is left."""

    @property
    def observations(self) -> int:
        return self.plain.estimate_CO.shape[1]

    def fits(self, tables_NO: Floats) -> tuple[Fit, Fit | None, NDArray[np.bool_]]:
        """Both models fitted to each table, and where the seeded one is to be believed."""
        plain = _fit(self.plain, tables_NO)
        if self.seeded is None:
            return plain, None, np.zeros(len(tables_NO), dtype=bool)
        seeded = _fit(self.seeded, tables_NO)
        left = self.seeded.freedom * seeded.variance_N
        explained = np.maximum(self.plain.freedom * plain.variance_N - left, 0.0)
        seeds = self.plain.freedom - self.seeded.freedom
        ratio_N = (explained / seeds) / np.maximum(seeded.variance_N, TINY**2)
        return plain, seeded, np.asarray(fdtrc(seeds, self.seeded.freedom, ratio_N)) <= SEEDS_MATTER


@lru_cache(maxsize=16)
def layout_of(seeds: tuple[tuple[int, ...], ...]) -> Layout | None:
    """The layout in which each configuration was tried with its ``seeds``.

    Observations stand configuration by configuration, in the order of the seeds given. None where
    no configuration has a second seed: there is no trace of noise.
    """
    every = sorted({seed for of in seeds for seed in of})
    cells = [(configuration, every.index(s)) for configuration, of in enumerate(seeds) for s in of]
    own_OC = np.array([[float(c == column) for column in range(len(seeds))] for c, _ in cells])
    seed_OS = np.array([[float(s == column) for column in range(len(every))] for _, s in cells])
    plain = _model(own_OC, len(seeds))
    if plain is None:
        return None
    both = np.hstack([own_OC, seed_OS])
    connected = int(np.linalg.matrix_rank(both)) == len(seeds) + len(every) - 1
    seeded = _model(both, len(seeds)) if connected and len(seeds) > 1 else None
    return Layout(plain, seeded)


def _model(design: Floats, configurations: int) -> Model | None:
    freedom = len(design) - int(np.linalg.matrix_rank(design))
    if freedom == 0:
        return None
    inverse = np.asarray(np.linalg.pinv(design), dtype=np.float64)
    return Model(
        estimate_CO=inverse[:configurations],
        residual_OO=np.eye(len(design)) - design @ inverse,
        covariance_CC=(inverse @ inverse.T)[:configurations, :configurations],
        freedom=freedom,
    )


def _fit(model: Model, tables_NO: Floats) -> Fit:
    residual_NO = tables_NO @ model.residual_OO
    return Fit(
        model=model,
        effects_NC=tables_NO @ model.estimate_CO.T,
        variance_N=np.asarray((residual_NO**2).sum(axis=1) / model.freedom),
    )
