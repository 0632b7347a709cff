"""How the columns of a day in the GA4 export differ from raw_ga4.events, and the SELECT that makes them agree.

Google adds columns to the export, properties differ, and ids that the public sample types INT64 are STRING in live
exports. Outcomes: a new column is named and not loaded; a column that is gone is NULL; another type is cast where no
value can be lost, and refused otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from google.cloud.bigquery import SchemaField

from journey.errors import BadInput

_SPELLING = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "RECORD": "STRUCT"}
# A cast that keeps every value, or, from STRING, fails on the first value that is not one.
_CASTS = {
    ("INT64", "STRING"),
    ("INT64", "FLOAT64"),
    ("INT64", "NUMERIC"),
    ("FLOAT64", "STRING"),
    ("NUMERIC", "STRING"),
    ("BOOL", "STRING"),
    ("DATE", "STRING"),
    ("TIMESTAMP", "STRING"),
    ("STRING", "INT64"),
    ("STRING", "FLOAT64"),
    ("STRING", "BOOL"),
}


@dataclass
class Drift:
    """Differences of one day's columns, as dotted paths; `retyped` reads `stream_id INT64->STRING`."""

    new: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    retyped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Selection:
    """What to select from a day: the columns that it can fill, an expression for each, and the differences."""

    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    drift: Drift


def select_as(found: Sequence[SchemaField], wanted: Sequence[SchemaField], table: str) -> Selection:
    """Expressions that turn columns `found` into columns `wanted`; a column that is not found is left out.

    Raises: BadInput, when a column has a type that cannot become the wanted one.
    """
    drift = Drift()
    have = {column.name: column for column in found}
    drift.new += [name for name in have if name not in {column.name for column in wanted}]
    drift.missing += [column.name for column in wanted if column.name not in have]
    columns = [column for column in wanted if column.name in have]
    values = [_express(have[c.name], c, f"e.{c.name}", c.name, 0, drift, table) for c in columns]
    expressions = [f"{value} as {column.name}" for value, column in zip(values, columns, strict=True)]
    return Selection(tuple(column.name for column in columns), tuple(expressions), drift)


def _express(
    found: SchemaField, wanted: SchemaField, value: str, path: str, depth: int, drift: Drift, table: str
) -> str:
    """The expression of one column; `value` itself where nothing has to change."""
    if (found.mode == "REPEATED") != (wanted.mode == "REPEATED"):
        raise _refused(found, wanted, path, table)
    before = len(drift.missing) + len(drift.new) + len(drift.retyped)
    element = f"x{depth}" if wanted.mode == "REPEATED" else value
    inner = _element(found, wanted, element, path, depth + 1, drift, table)
    if len(drift.missing) + len(drift.new) + len(drift.retyped) == before:
        return value
    if wanted.mode != "REPEATED":
        return f"if({value} is null, null, {inner})" if type_of(wanted) == "STRUCT" else inner
    # struct(...) selected as a value keeps the element a struct; a bare list of columns would need SELECT AS STRUCT
    return f"array(select {inner} from unnest({value}) as {element} with offset as at{depth} order by at{depth})"


def _element(
    found: SchemaField, wanted: SchemaField, value: str, path: str, depth: int, drift: Drift, table: str
) -> str:
    """The expression of a value, or of an element of a repeated one."""
    if type_of(found) != type_of(wanted):
        if (type_of(found), type_of(wanted)) not in _CASTS:
            raise _refused(found, wanted, path, table)
        drift.retyped.append(f"{path} {type_of(found)}->{type_of(wanted)}")
        return f"cast({value} as {type_of(wanted).lower()})"
    if type_of(wanted) != "STRUCT":
        return value
    have = {part.name: part for part in found.fields}
    names = {part.name for part in wanted.fields}
    drift.new += [f"{path}.{name}" for name in have if name not in names]
    parts = []
    for part in wanted.fields:
        below = f"{path}.{part.name}"
        if part.name in have:
            expression = _express(have[part.name], part, f"{value}.{part.name}", below, depth, drift, table)
        else:
            drift.missing.append(below)
            expression = f"cast(null as {ddl_type(part)})"
        parts.append(f"{expression} as {part.name}")
    return f"struct({', '.join(parts)})"


def type_of(column: SchemaField) -> str:
    """The type in GoogleSQL's spelling; STRUCT for records."""
    return _SPELLING.get(column.field_type, column.field_type)


def ddl_type(column: SchemaField) -> str:
    """The type as it is written in a cast, nested types included."""
    parts = ", ".join(f"{part.name} {ddl_type(part)}" for part in column.fields)
    one = f"struct<{parts}>" if type_of(column) == "STRUCT" else type_of(column).lower()
    return f"array<{one}>" if column.mode == "REPEATED" else one


def _refused(found: SchemaField, wanted: SchemaField, path: str, table: str) -> BadInput:
    return BadInput(
        f"{table}.{path} is {ddl_type(found)} and raw_ga4.events holds {ddl_type(wanted)}: "
        "no cast keeps every value; leave the day out with START and END, or mend the export"
    )
