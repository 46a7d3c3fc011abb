"""The packed files of a data set: found, or made on first use, once for all who need them."""

import errno
import hashlib
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mdml_tune.config.data import CityscapesData
from mdml_tune.data.find import FileData, Found, candidates, class_count, find_source, nothing_there
from mdml_tune.data.pack import Pack, Progress, open_pack, silent
from mdml_tune.data.pack_header import OtherFormatError
from mdml_tune.data.pack_write import DRAFT, Packing, write_pack
from mdml_tune.data.source import OfficialSplit
from mdml_tune.data.verified import mark_verified
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.storage.lock import held

logger = logging.getLogger(__name__)

CACHE_VARIABLE = "MDML_CACHE"

_SUFFIX = ".pack"
_LOCK = ".packing"
_DIGITS = 16
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTSUP}

Packs = Mapping[OfficialSplit, Pack]


def open_packs(config: FileData, root: Path | None, on_progress: Progress = silent) -> Packs:
    """The packed files of the data set in ``root``, made from its files where there are none.

    They lie in `packed` below the root or, where that cannot be written, in the user's cache. Files
    that have changed since are packed again.

    Raises:
        ConfigError: The data set's description cannot be used.
        UnavailableError: There is nothing below the root, or no room.
        DataError: A file cannot be learnt from, or a packed one is damaged.
    """
    found = find_source(config, root)
    if found is None:
        return _packs_alone(config, root)
    _require_no_problems(found)
    fingerprint = found.fingerprint()
    home, cache = _home(config, found), _cache(fingerprint)
    packs = _fresh(home, found, fingerprint) or _fresh(cache, found, fingerprint)
    if packs is not None:
        return packs
    return pack_into(home if _is_writable(home) else cache, config, found, on_progress)


def pack_into(
    folder: Path, config: FileData, found: Found, on_progress: Progress = silent
) -> Packs:
    """The packed files of ``found`` in ``folder``; those that are up to date are left as they are.

    Raises:
        UnavailableError: A file is missing, or there is no room.
        DataError: A file cannot be learnt from.
    """
    _require_no_problems(found)
    packing = Packing(found.source, config.dataset, found.fingerprint(), on_progress)
    try:
        return _packed(folder, found, packing)
    finally:
        with suppress(OSError):  # only an empty folder can be removed: nothing was packed
            folder.rmdir()


def _packed(folder: Path, found: Found, packing: Packing) -> Packs:
    with held(folder / _LOCK, f"The packed data in {folder}", patience=None):
        for draft in folder.glob(f".*{_SUFFIX}.*{DRAFT}"):  # left by one that was killed
            draft.unlink(missing_ok=True)
        packs: dict[OfficialSplit, Pack] = {}
        for split in OfficialSplit:
            path = folder / f"{split}{_SUFFIX}"
            if not found.source.count(split):
                path.unlink(missing_ok=True)
                continue
            pack = _fresh_pack(path, packing.fingerprint)
            if pack is None:
                for line in write_pack(path, packing, split):
                    logger.warning("%s", line)
                pack = open_pack(path)
                mark_verified(pack)
            packs[split] = pack
        return packs


def pack_files(config: FileData, root: Path | None, found: Found | None) -> list[Path]:
    """The packed files that ``open_packs`` would look at.

    Raises:
        UnavailableError: There are none, and no source either.
    """
    if found is None:
        return list(_paths(_folder_alone(config, root)).values())
    folders = [_home(config, found)]
    with suppress(UnavailableError):  # a file is missing: nothing can have been packed
        folders.append(_cache(found.fingerprint()))
    return [path for folder in folders for path in _paths(folder).values()]


def _packs_alone(config: FileData, root: Path | None) -> Packs:
    """Packed files whose source is not there."""
    folder = _folder_alone(config, root)
    packs = {split: open_pack(path) for split, path in _paths(folder).items()}
    _require_whole(config, folder, packs)
    return packs


def _folder_alone(config: FileData, root: Path | None) -> Path:
    places = candidates(config, root)
    for folder in [p for place in places for p in (place, place / _folder(config))]:
        if _paths(folder):
            return folder
    raise nothing_there(config, places[0])


def _paths(folder: Path) -> dict[OfficialSplit, Path]:
    """The packed files that there are."""
    paths = {split: folder / f"{split}{_SUFFIX}" for split in OfficialSplit}
    return {split: path for split, path in paths.items() if path.exists()}


def _require_whole(config: FileData, folder: Path, packs: Packs) -> None:
    for split in (OfficialSplit.TRAIN, OfficialSplit.TEST):
        if split not in packs:
            raise DataError(f"{folder} holds no {split}{_SUFFIX}. Copy it there, or pack it anew.")
    headers = [pack.header for pack in packs.values()]
    classes = class_count(config)
    for header in headers:
        if classes and header.class_names and len(header.class_names) != classes:
            raise DataError(
                f"{folder} was packed with {len(header.class_names)} classes of segmentation, and "
                f"data.classes is {classes}. Change it, or pack the data anew."
            )
    other = next((h.dataset for h in headers if h.dataset != config.dataset), None)
    if other is not None:
        raise DataError(
            f"{folder} holds the packed data set '{other}', and data.dataset is "
            f"'{config.dataset}'. Change one of them."
        )
    if len({header.source for header in headers}) > 1:
        raise DataError(
            f"The files in {folder} were packed from different sources. Pack them anew."
        )


def _fresh(folder: Path, found: Found, fingerprint: str) -> Packs | None:
    packs: dict[OfficialSplit, Pack] = {}
    for split in OfficialSplit:
        if found.source.count(split):
            pack = _fresh_pack(folder / f"{split}{_SUFFIX}", fingerprint)
            if pack is None:
                return None
            packs[split] = pack
    return packs


def _fresh_pack(path: Path, fingerprint: str) -> Pack | None:
    if not path.exists():
        return None
    try:
        pack = open_pack(path)
    except OtherFormatError:
        return None
    return pack if pack.header.source == fingerprint else None


def _require_no_problems(found: Found) -> None:
    if found.problems:
        raise DataError("\n".join(found.problems))


def _folder(config: FileData) -> str:
    """Below the data set: its segmentations are packed apart."""
    return f"packed/{config.classes}" if isinstance(config, CityscapesData) else "packed"


def _home(config: FileData, found: Found) -> Path:
    return found.home / _folder(config)


def _cache(fingerprint: str) -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = os.environ.get(CACHE_VARIABLE) or Path(base) / "mdml_tune"
    return Path(folder) / "packed" / hashlib.sha256(fingerprint.encode()).hexdigest()[:_DIGITS]


def _is_writable(folder: Path) -> bool:
    """Whether files can be made there, and locks, which are links."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            link = Path(f"{probe.name}.link")
            os.link(probe.name, link)
            link.unlink()
    except OSError as error:
        if error.errno in _READ_ONLY:
            return False
        raise
    return True
