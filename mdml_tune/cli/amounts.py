"""Bytes and times as a person reads them."""

_STEP = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB")


def size_text(nbytes: float) -> str:
    """``3.4 MB``: decimal units, as disks are sold."""
    unit = 0
    while nbytes >= _STEP and unit < len(_UNITS) - 1:
        nbytes /= _STEP
        unit += 1
    return f"{nbytes:.0f} B" if unit == 0 else f"{nbytes:.1f} {_UNITS[unit]}"


def age_text(seconds: float) -> str:
    """``5 min``, ``3 h`` or ``12 d``."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "now"
