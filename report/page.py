"""Writes report.html: the marts, judged and laid out, in one file that needs no JavaScript and asks for nothing.

The same marts and the same JOURNEY_AS_OF give the same bytes.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from journey.bigquery import Warehouse
from journey.settings import Settings
from report import meanings, words
from report.figures import ClosingFigures, Figures, close, read
from report.file import replace_file
from report.parts import Parts, read_parts
from report.view import view

FILTERS = (
    "number",
    "money",
    "signed",
    "percent",
    "precise",
    "precise_of",
    "moment",
    "listed",
    "counted",
    "duration",
    "unbroken",
)
MEANINGS = (
    "STEP",
    "METHOD",
    "POPULATION",
    "LANE_GROUP",
    "MARK",
    "HEALTH",
    "STATUS",
    "reason_name",
    "reason_meaning",
    "reason_check",
)


@dataclass(frozen=True)
class Written:
    """What was written: bytes of the page, rows of the journey and reconciliation marts that it sums up, days shown."""

    bytes: int
    rows: int
    days: int


def write_report(settings: Settings, path: Path) -> tuple[Written, ClosingFigures]:
    """Read the marts and write the page, whole or not at all; returns what was written and the figures a run ends with.

    Raises: NotFound, when the marts are not built; BadInput, when they disagree or the file cannot be written;
    TryAgain, when the warehouse does not answer.
    """
    warehouse = Warehouse(settings)
    _ = warehouse.client  # made here, or several threads would each make one
    with ThreadPoolExecutor(1) as beside:
        reading = beside.submit(read_parts, warehouse)
        figures = read(warehouse)
        parts = reading.result()
    text = render(settings, figures, parts).encode()
    replace_file(path, text)
    rows = sum(steps["sessions"] for steps in figures.sessions_by_day.values()) + sum(o.rows for o in figures.outcomes)
    written = Written(bytes=len(text), rows=rows, days=len(figures.export_days))
    return written, close(figures.funnel, figures.outcomes)


def render(settings: Settings, figures: Figures, parts: Parts) -> str:
    """The page as text.

    Raises: BadInput, when the marts disagree.
    """
    page = view(settings, figures, parts)
    text: str = _template().render({field.name: getattr(page, field.name) for field in fields(page)})
    return text


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {name: getattr(words, name) for name in FILTERS}
    environment.globals |= {name: getattr(meanings, name) for name in MEANINGS}
    environment.globals["definitions"] = meanings.DEFINITIONS.items()
    # our own stylesheet: the one text that is put into the page as it is
    environment.globals["style"] = Markup(Path(__file__).with_name("templates").joinpath("style.css").read_text())
    return environment.get_template("page.html.j2")
