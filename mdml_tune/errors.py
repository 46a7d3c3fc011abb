"""Every error a user can fix. Each message says what was found, what is allowed, and what to do.

Errors cross process borders under Ray, so they must pickle: never add arguments to ``__init__``.
"""

from typing import ClassVar


class MdmlTuneError(Exception):
    """Base class: the CLI prints these without a traceback and exits with ``exit_code``."""

    exit_code: ClassVar[int] = 2


class ConfigError(MdmlTuneError, ValueError):
    """A setting is missing, misspelt or out of range."""


class DataError(MdmlTuneError, ValueError):
    """A data set is there but cannot be learnt from: corrupt, misshapen, out of range."""


class ReportError(MdmlTuneError, LookupError):
    """The stored results cannot be turned into what was asked for."""


class UnavailableError(MdmlTuneError, RuntimeError):
    """Something that the study needs is not there: a GPU, a folder, a data set, a server."""

    exit_code: ClassVar[int] = 3
