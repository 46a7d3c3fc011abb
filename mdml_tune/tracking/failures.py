"""The two ways in which MLflow does not do what it was asked to."""

from mdml_tune.tracking.addresses import redact


class TrackingError(Exception):
    """MLflow did not do what it was asked to."""


class AwayError(TrackingError):
    """It may do it later: not reachable, overloaded, locked, or we are not let in."""


class LockedOutError(AwayError):
    """The server asks for a user and a password, and does not know ours."""


class RefusedError(TrackingError):
    """It never will: a name it does not allow, a run that is no more."""


_REFUSALS = {
    "BAD_REQUEST",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
}


def failure(error: Exception, code: str | None) -> TrackingError:
    """Ours for what MLflow raised under an error code: one line, without credentials."""
    if code == "UNAUTHENTICATED":
        return LockedOutError(
            "it answers 401, the credentials are missing or wrong. Set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD to a user that it knows"
        )
    lines = redact(str(error)).strip().splitlines() or [type(error).__name__]
    kind = RefusedError if code in _REFUSALS else AwayError
    return kind(lines[0][:300])
