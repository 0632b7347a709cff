"""Arrow arrays of the export's own types, built from columns."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import pyarrow as pa
from google.cloud.bigquery import SchemaField

from journey.ga4_export import EXPORT
from synth.storefront.draws import Codes, Flags, Shares

_SCALARS = {"STRING": pa.string(), "INTEGER": pa.int64(), "FLOAT": pa.float64()}


@cache
def export_schema() -> pa.Schema:
    """The export as Arrow has it: lists are never NULL, everything else may be."""
    return pa.schema([_field(field) for field in EXPORT])


def column_type(name: str) -> pa.DataType:
    """The type of one of the export's columns."""
    return export_schema().field(name).type


def _field(field: SchemaField) -> pa.Field:
    kind = pa.struct([_field(child) for child in field.fields]) if field.fields else _SCALARS[field.field_type]
    if field.mode == "REPEATED":
        return pa.field(field.name, pa.list_(pa.field("element", kind, nullable=False)), nullable=False)
    return pa.field(field.name, kind)


def texts(names: Sequence[str | None], codes: Codes) -> pa.Array:
    """One of the names for each code."""
    return pa.array(names, pa.string()).take(pa.array(codes))


def same(text: str, length: int) -> pa.Array:
    """The same text all over."""
    return pa.repeat(pa.scalar(text, pa.string()), length)


def whole(values: Codes, where: Flags | None = None) -> pa.Array:
    """Whole numbers, NULL outside `where`."""
    return pa.array(values, pa.int64(), mask=None if where is None else ~where)


def decimals(values: Shares | Codes, where: Flags) -> pa.Array:
    """Floating point numbers, NULL outside `where`."""
    return pa.array(np.asarray(values, dtype=np.float64), pa.float64(), mask=~where)


def struct(kind: pa.DataType, length: int, columns: Mapping[str, pa.Array]) -> pa.Array:
    """A struct whose fields not in `columns` are NULL."""
    fields = [kind.field(n) for n in range(kind.num_fields)]
    unknown = set(columns) - {field.name for field in fields}
    if unknown:
        raise KeyError(f"the export has no {', '.join(sorted(unknown))}")
    arrays = [columns[f.name] if f.name in columns else pa.nulls(length, f.type) for f in fields]
    return pa.StructArray.from_arrays(arrays, fields=fields)


def lists(kind: pa.DataType, owners: Codes, length: int, values: pa.Array) -> pa.Array:
    """A list for each of `length` rows, from values sorted by the row that owns them."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=length))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=kind)


def filled(length: int, parts: Iterable[tuple[Codes, pa.Array]], kind: pa.DataType) -> pa.Array:
    """An array put together from parts, each with the positions it fills; NULL elsewhere."""
    at = np.full(length, -1, dtype=np.int64)
    arrays, start = [], 0
    for positions, values in parts:
        at[positions] = np.arange(start, start + len(values))
        arrays.append(values)
        start += len(values)
    if not arrays:
        return pa.nulls(length, kind)
    return pa.concat_arrays(arrays).take(pa.array(at, mask=at < 0))
