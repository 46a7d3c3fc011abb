"""Which rule turns the losses of the tasks into one number."""

from typing import Literal

from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class EqualWeighting:
    """The sum of the tasks' losses (linear scalarisation)."""

    kind: Literal["equal"] = "equal"


WeightingConfig = EqualWeighting
