"""Reading what is printed, with its digits and its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass as checked

from mdml_tune.delta_m import Convention, delta_m
from mdml_tune.errors import ConfigError
from mdml_tune.tasks import Task, metrics_of

FOLDER = Path(__file__).parent

SINGLE_TASK = "single-task"

NEAR = 0.011
"""How far a printed Δm may be from that of the printed scores: these have four digits, and Δm two
behind the point."""


@checked(frozen=True)
class Source:
    authors: str
    arxiv: str
    place: str
    """Which table of the paper."""

    def __str__(self) -> str:
        return f"{self.authors}, arXiv:{self.arxiv}, {self.place}"


@checked(frozen=True)
class _Column:
    """A printed Δm, and the sign that makes it one of ours."""

    convention: Convention
    sign: int


@checked(frozen=True)
class _File:
    dataset: str
    tasks: tuple[Task, ...]
    recipe: str
    seeds: int | None
    """How many each row is the mean of; none where the paper does not say."""
    source: Source
    percent: frozenset[str]
    """Metric paths that are printed in percent; ours are fractions."""
    printed: tuple[_Column, ...]
    remarks: tuple[str, ...]
    rows: Mapping[str, str]
    """Method -> its scores in the order of our metrics, then the printed Δm."""
    classes: int | None = None


@dataclass(frozen=True, slots=True)
class PublishedRow:
    method: str
    text: Mapping[str, str]
    """Metric path -> score with the digits that are printed, in our unit."""
    scores: Mapping[str, float]
    printed: Mapping[Convention, float]
    """Δm as printed, of the conventions that are."""
    recomputed: Mapping[Convention, float]
    """Δm of the printed scores, of every convention."""

    def delta_m(self, convention: Convention) -> float:
        """As printed, or else recomputed."""
        return self.printed.get(convention, self.recomputed[convention])

    def disagrees(self, convention: Convention) -> bool:
        """Whether the printed Δm does not follow from the printed scores."""
        ours = self.recomputed[convention]
        return abs(self.printed.get(convention, ours) - ours) > NEAR


@dataclass(frozen=True, slots=True)
class PublishedTable:
    name: str
    dataset: str
    classes: int | None
    """Of segmentation, where the data set comes with several numbers of them."""
    tasks: tuple[Task, ...]
    recipe: str
    seeds: int | None
    source: Source
    remarks: tuple[str, ...]
    single: PublishedRow
    """What every Δm of this table is against."""
    rows: tuple[PublishedRow, ...]


def names() -> list[str]:
    """The tables that can be quoted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def published(name: str) -> PublishedTable:
    """One table of the literature.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in names():
        raise ConfigError(
            f"--with-published {name}: there is no such table. Name one of {', '.join(names())}."
        )
    content: object = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    file = TypeAdapter(_File).validate_python(content)
    texts = {method: _texts(file, row.split()) for method, row in file.rows.items()}
    single = _scores(texts[SINGLE_TASK])
    rows = [
        _row(file, method, texts[method], single, row.split()[len(texts[method]) :])
        for method, row in file.rows.items()
    ]
    return PublishedTable(
        name=name,
        dataset=file.dataset,
        classes=file.classes,
        tasks=file.tasks,
        recipe=file.recipe,
        seeds=file.seeds,
        source=file.source,
        remarks=file.remarks,
        single=rows[0],
        rows=tuple(rows[1:]),
    )


def _texts(file: _File, words: Sequence[str]) -> dict[str, str]:
    paths = [metric.path for metric in metrics_of(file.tasks)]
    return {
        # Decimals keep their digits: 38.30 % is 0.3830.
        path: str(Decimal(word).scaleb(-2) if path in file.percent else Decimal(word))
        for path, word in zip(paths, words[: len(paths)], strict=True)
    }


def _scores(texts: Mapping[str, str]) -> dict[str, float]:
    return {path: float(text) for path, text in texts.items()}


def _row(
    file: _File,
    method: str,
    texts: Mapping[str, str],
    single: Mapping[str, float],
    printed: Sequence[str],
) -> PublishedRow:
    scores = _scores(texts)
    return PublishedRow(
        method=method,
        text=texts,
        scores=scores,
        printed={
            column.convention: column.sign * float(word)
            for column, word in zip(file.printed, printed, strict=True)
        },
        recomputed={
            convention: delta_m(scores, single, file.tasks, convention=convention)
            for convention in Convention
        },
    )
