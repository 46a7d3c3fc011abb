"""Folders that shell commands mount from another machine."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

MOUNTER, MOUNTED = "cluster/scripts/mount_shared.sh", "/mnt/mdml"
"""Mounts what it is given, and where."""

UNKNOWN = ""
"""In the place of a folder that cannot be read from a command."""

TYPES = frozenset({"nfs", "nfs4", "efs", "ceph", "lustre", "glusterfs"})
"""File systems that many machines share, and that have hard links: no bucket has them."""

_ENDS = re.compile(r"[;&|\n]+")
_HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=[/:;&|\s\"']|$)")
_COMMENT = re.compile(r"(?<!\S)#.*")
_CHOSEN = re.compile(r"\bMDML_SHARED=(\S+)")
_ELSEWHERE = re.compile(r"fs-[0-9a-f]+|[\w.${}@\[\]:-]+:/\S*")
_REDIRECTED = re.compile(r"\d?[<>]")


def in_home(said: str, home: str) -> str:
    """With the home folder written out."""
    return _HOME.sub(home, said)


def mounted(command: str, home: str) -> Iterator[str]:
    """Where it mounts folders of other machines: absolute, or UNKNOWN.

    Args:
        command: May be a script of several lines.
        home: Where it starts.
    """
    said = in_home(_COMMENT.sub("", command.replace("\\\n", " ")), home)
    if MOUNTER in said:
        chosen = _CHOSEN.search(said)
        yield _absolute(home, chosen[1] if chosen else MOUNTED)
    here = home
    for statement in _ENDS.split(said):
        words = [word for raw in statement.split() if (word := raw.strip("\"'[](),"))]
        if words[:1] == ["cd"]:
            here = _absolute(here, words[1] if len(words) > 1 else home)
        for target in (*_of_mount(words), *_of_table(words)):
            yield _absolute(here, target)


def _absolute(here: str, target: str) -> str:
    path = PurePosixPath(here, target)
    known = target and path.is_absolute() and not set("$`") & set(str(path))
    return str(path) if known else UNKNOWN


def _of_mount(words: Sequence[str]) -> Iterator[str]:
    """`mount [-t TYPE] [-o OPTIONS] SOURCE TARGET`, or `mount.TYPE`."""
    for index, word in enumerate(words):
        name, _, kind = PurePosixPath(word).name.partition(".")
        if name == "mount":
            chosen, places = _arguments(words[index + 1 :])
            kinds = set((chosen or kind).split(",")) - {""}
            if kinds & TYPES or (not kinds and places and _ELSEWHERE.fullmatch(places[0])):
                yield places[-1] if len(places) > 1 else UNKNOWN


def _arguments(words: Sequence[str]) -> tuple[str, list[str]]:
    """The type that is asked for, and what is no option."""
    kind, places = "", list[str]()
    before = ""
    for word in words:
        if _REDIRECTED.match(word):
            break
        if before in ("-t", "--types"):
            kind = word
        elif before not in ("-o", "--options") and not word.startswith("-"):
            places.append(word)
        before = word
    return kind, places


def _of_table(words: Sequence[str]) -> Iterator[str]:
    """`SOURCE TARGET TYPE`, as /etc/fstab and cloud-init have it."""
    for source, target, kind in zip(words, words[1:], words[2:], strict=False):
        if kind in TYPES and _ELSEWHERE.fullmatch(source):
            yield target
