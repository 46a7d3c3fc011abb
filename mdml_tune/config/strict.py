"""The shared decorator options of every config section."""

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True)
"""Unknown keys are errors, text and booleans are no numbers; the docstring under a field is its help."""
