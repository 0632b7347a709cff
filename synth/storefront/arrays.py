"""Arrow arrays of the export's own types, built from columns."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from google.cloud.bigquery import SchemaField
from numpy.typing import NDArray

from journey.ga4_export import EXPORT
from synth.storefront.draws import Codes, Flags, Shares

_TEXT = pa.dictionary(pa.int32(), pa.string())
_SCALARS = {"STRING": pa.string(), "INTEGER": pa.int64(), "FLOAT": pa.float64()}


@cache
def export_schema() -> pa.Schema:
    """The export as Arrow has it: lists are never NULL, everything else may be."""
    return pa.schema([_field(field) for field in EXPORT])


@cache
def encoded_schema() -> pa.Schema:
    """The same with texts as positions in a vocabulary, which is how a day is built and written: a third the time."""
    return pa.schema([_encoded(field) for field in export_schema()])


def _encoded(field: pa.Field) -> pa.Field:
    kind = field.type
    if kind == pa.string():
        kind = _TEXT
    elif pa.types.is_struct(kind):
        kind = pa.struct([_encoded(kind.field(n)) for n in range(kind.num_fields)])
    elif pa.types.is_list(kind):
        kind = pa.list_(_encoded(kind.value_field))
    return pa.field(field.name, kind, nullable=field.nullable)


def column_type(name: str) -> pa.DataType:
    """The type of one of the columns as a day is built."""
    return encoded_schema().field(name).type


def _field(field: SchemaField) -> pa.Field:
    kind = pa.struct([_field(child) for child in field.fields]) if field.fields else _SCALARS[field.field_type]
    if field.mode == "REPEATED":
        return pa.field(field.name, pa.list_(pa.field("element", kind, nullable=False)), nullable=False)
    return pa.field(field.name, kind)


def texts(names: Sequence[str | None], codes: NDArray[np.signedinteger[Any]], where: Flags | None = None) -> pa.Array:
    """One of the names for each code, as positions in their vocabulary; NULL outside `where`, and where the name is."""
    vocabulary = dict.fromkeys(name for name in names if name is not None)
    if len(vocabulary) < len(names):  # a name twice, or NULL: a vocabulary holds each once
        place = {name: at for at, name in enumerate(vocabulary)}
        to = np.array([-1 if name is None else place[name] for name in names])
        codes = to[codes]
        if (codes < 0).any():
            where = (codes >= 0) if where is None else where & (codes >= 0)
    positions = pa.array(np.asarray(codes, dtype=np.int32), mask=None if where is None else ~where)
    return pa.DictionaryArray.from_arrays(positions, pa.array(list(vocabulary), pa.string()))


_ZEROS = [np.zeros(1 << 16, dtype=np.int32)]


def same(text: str, length: int) -> pa.Array:
    """The same text all over."""
    if len(_ZEROS[0]) < length:
        _ZEROS[0] = np.zeros(length, dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(_ZEROS[0][:length]), pa.array([text], pa.string()))


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
