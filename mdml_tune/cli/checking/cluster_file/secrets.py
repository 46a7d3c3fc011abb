"""Secrets that stand in a file, which goes into repositories, caches and logs. None is repeated."""

import re
from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem
from mdml_tune.cli.checking.cluster_file.lookup import PLACEHOLDER, text, walk

_NAME = re.compile(
    r"(?:password|passwd|passphrase|secret(?:[_-]key)?|token|api[_-]?key|private[_-]?key"
    r"|access[_-]?key(?:[_-]?id)?|credentials)$",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?<![\w${])\w*(?:PASSWORD|PASSWD|PASSPHRASE|SECRET(?:[_-]KEY)?|API[_-]KEY|ACCESS[_-]KEY(?:_ID)?"
    r"|TOKEN(?!\s*[=:]\s*[\"']?\d+\b))\s*[=:]\s*[\"']?([^\s\"';&|)]+)",
    re.IGNORECASE,
)
"""A number is how many tokens, or which: no secret."""

_OPTION = re.compile(
    r"\s--(?:password|passwd|token|secret|api-key)[=\s]+[\"']?(?!-)([^\s\"';&|)]+)"
    r"|\bdocker login\b[^\n;&|]*?\s-p[=\s]*[\"']?([^\s\"';&|)]+)"
)
_SHAPES = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "a key of AWS"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\bgh[pousr]_[0-9A-Za-z]{30,}"), "a token of GitHub"),
    (re.compile(r"\bdckr_[op]at_[\w-]{20,}"), "a token of Docker"),
    (re.compile(r"\bhf_[0-9A-Za-z]{30,}"), "a token of Hugging Face"),
    (re.compile(r"\w://[^\s/:@]+:(?![$<{])[^\s/@]+@"), "a password in an address"),
)
REMEDY = (
    "take it out and make a new one: it has been seen. Secrets come from files of mode 0600, "
    "from the environment, or from a Kubernetes Secret made apart"
)


def secrets(where: str, document: object) -> Iterator[Check]:
    """Values that are secrets by their name, or by their looks."""
    for path, value in walk(document, where):
        if isinstance(value, dict):
            yield from _of_environment(path, value)
        elif isinstance(value, str) and PLACEHOLDER not in value:
            found = _kind(path.rpartition(".")[2], value)
            if found is not None:
                yield problem(path, f"{found} stands in the file", REMEDY)


def _of_environment(where: str, value: object) -> Iterator[Check]:
    """`{name: X_PASSWORD, value: ...}`, as Kubernetes has it."""
    name, given = text(value, "name"), text(value, "value")
    if _NAME.search(name) and _is_literal(given):
        yield problem(f"{where}.value", f"{name} stands in the file", f"{REMEDY} (secretKeyRef)")


def _kind(key: str, value: str) -> str | None:
    for shape, kind in _SHAPES:
        if shape.search(value):
            return kind
    if _NAME.search(key) and "/" not in key and _is_literal(value) and not key.startswith("~"):
        return "a secret"
    given = [*_ASSIGNED.finditer(value), *_OPTION.finditer(value)]
    return "a secret" if any(_is_literal(one[one.lastindex or 0]) for one in given) else None


def _is_literal(value: str) -> bool:
    """No variable, no place where it is kept, no word that only names a kind of login."""
    return not (
        not value
        or PLACEHOLDER in value
        or value.startswith(("$", "<", "~", "/", "./", "{"))
        or value.lower() in ("token", "true", "false", "required", "optional")
    )
