"""Reading every file of a data set, to list everything that is wrong with it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mdml_tune.data.census import Census
from mdml_tune.data.find import FileData, find_source
from mdml_tune.data.pack import Pack, Progress, open_pack, require_intact, silent
from mdml_tune.data.packs import open_packs, pack_files
from mdml_tune.data.reading import read_all, require_multiples, size_of, wrong_size
from mdml_tune.data.source import OfficialSplit, Source
from mdml_tune.errors import DataError, MdmlTuneError
from mdml_tune.tasks import Task


@dataclass(slots=True)
class Findings:
    """What there is, and what is wrong with it."""

    counts: dict[OfficialSplit, int] = field(default_factory=dict[OfficialSplit, int])

    labelled: dict[OfficialSplit, Mapping[Task, float]] = field(
        default_factory=dict[OfficialSplit, Mapping[Task, float]]
    )
    """Share of the pixels that have a label, from 0 to 1."""

    problems: list[str] = field(default_factory=list[str])

    warnings: list[str] = field(default_factory=list[str])

    packed: list[Path] = field(default_factory=list[Path])
    """Packed files that match their checksums."""


def verify(config: FileData, root: Path | None, on_progress: Progress = silent) -> Findings:
    """Read every file of the data set below ``root``, and every packed one.

    Raises:
        ConfigError: The data set's description cannot be used.
        UnavailableError: There is nothing below the root.
    """
    findings = Findings()
    try:
        found = find_source(config, root)
    except DataError as error:
        findings.problems += str(error).splitlines()
        return findings
    if found is not None:
        findings.problems += found.problems
        _read_source(found.source, findings, on_progress)
    for path in pack_files(config, root, found):
        _read_pack(path, findings, on_progress)
    if found is None and not findings.problems:
        findings.problems += _complaints(lambda: open_packs(config, root))
    return findings


def _read_source(source: Source, findings: Findings, on_progress: Progress) -> None:
    size: tuple[int, int] | None = None
    with suppress(MdmlTuneError):  # of the first file, which is read again below
        size = size_of(source)
    if size is not None:
        findings.problems += _complaints(lambda: require_multiples(source, size))
    for split in OfficialSplit:
        count = source.count(split)
        census = Census.of(source, split)
        for index, outcome in enumerate(read_all(source, split)):
            on_progress(f"reading {split}", index + 1, count)
            if isinstance(outcome, MdmlTuneError):
                findings.problems += str(outcome).splitlines()
                continue
            census.count(index, outcome)
            problem = size and wrong_size(source, split, index, outcome, size)
            findings.problems += [problem] if problem else []
        if count:
            findings.counts[split] = count
            findings.labelled[split] = census.shares()
        findings.problems += census.problems()
        findings.warnings += census.warnings()


def _read_pack(path: Path, findings: Findings, on_progress: Progress) -> None:
    def read() -> None:
        pack = open_pack(path)
        require_intact(pack, on_progress)
        findings.packed.append(path)
        _add_counts(pack, findings)

    findings.problems += _complaints(read)


def _complaints(act: Callable[[], object]) -> list[str]:
    try:
        act()
    except DataError as error:
        return str(error).splitlines()
    return []


def _add_counts(pack: Pack, findings: Findings) -> None:
    """Of a packed file whose source is not there."""
    if pack.header.split not in findings.counts:
        findings.counts[pack.header.split] = pack.header.count
        findings.labelled[pack.header.split] = pack.header.labelled
