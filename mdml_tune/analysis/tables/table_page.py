"""Tables as one HTML page that loads nothing."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from mdml_tune.analysis.tables.delta_table import DeltaTable
from mdml_tune.analysis.tables.paper import SHOWN, delta_m_text
from mdml_tune.analysis.tables.text_table import stacked
from mdml_tune.delta_m import Convention


def to_html(tables: Sequence[DeltaTable], conventions: Sequence[Convention] = SHOWN) -> str:
    """A page with the tables below each other: light and dark, for the screen and for paper."""
    environment = Environment(
        loader=PackageLoader("mdml_tune.analysis.tables"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    names = dict.fromkeys(name for table in tables for name in table.studies)
    return environment.get_template("table.html.j2").render(
        title=", ".join(names),
        stacked=stacked,
        tables=[delta_m_text(table, conventions) for table in tables],
    )
