"""Arrow rows in PostgreSQL's binary COPY format, a column at a time.

The format (PostgreSQL's reference, COPY, "Binary Format"): a row is its number of fields, then for each field its
length and its value, all in network byte order; a length of -1 is NULL. Numbers, times and amounts are as wide in every
row, so each stretch of them between two texts is one NumPy record, which also holds the length of the text that
follows; Arrow then joins the stretches and the texts row by row.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
POSTGRES_EPOCH = np.datetime64("2000-01-01", "us").astype("int64")  # its timestamps count microseconds from there
NEGATIVE = 0x4000
DIGITS = 15  # and up to three zeros more, to fill the last group: together they fit an int64
Part = tuple[np.dtype, np.ndarray]


def encoded(batch: pa.RecordBatch) -> pa.Buffer:
    """The rows of a batch as COPY takes them, without the format's header and trailer.

    Columns: int32, int64, bool, string, timestamp("us", "UTC") and decimal128 up to 15 digits; only strings may hold
    NULLs.
    Raises: TypeError, for a column of another type or a NULL elsewhere.
    """
    rows = len(batch)
    cells: list[pa.Array] = []
    stretch: list[Part] = [_number(">i2", np.full(rows, batch.num_columns))]
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_string(column.type):
            text = column.cast(pa.binary())
            lengths = pc.fill_null(pc.binary_length(text), -1)
            cells += [_joined([*stretch, _number(">i4", lengths.to_numpy())], rows), pc.fill_null(text, b"")]
            stretch = []
        elif column.null_count:
            raise TypeError(f"column {name} holds NULLs, which only text may")
        else:
            stretch += _fixed(name, column)
    cells.append(_joined(stretch, rows))
    joined = pc.binary_join_element_wise(*cells, b"")
    _, offsets, data = joined.buffers()
    ends = np.frombuffer(offsets, "int32")[joined.offset : joined.offset + rows + 1]
    return data.slice(ends[0], ends[-1] - ends[0])


def _fixed(name: str, column: pa.Array) -> Iterator[Part]:
    """A field that is as wide in every row: its length, then its value."""
    rows, kind = len(column), column.type
    if pa.types.is_decimal128(kind) and kind.precision <= DIGITS:
        yield from _amount(column)
    elif pa.types.is_int64(kind) or pa.types.is_int32(kind):
        width = kind.bit_width // 8
        yield _number(">i4", np.full(rows, width))
        yield _number(f">i{width}", column.to_numpy())
    elif pa.types.is_boolean(kind):
        yield _number(">i4", np.full(rows, 1))
        yield _number("u1", column.to_numpy(zero_copy_only=False))
    elif kind == pa.timestamp("us", tz="UTC"):
        yield _number(">i4", np.full(rows, 8))
        yield _number(">i8", column.cast(pa.int64()).to_numpy() - POSTGRES_EPOCH)
    else:
        raise TypeError(f"column {name} is of type {kind}, which is not among those that can be copied")


def _amount(column: pa.Array) -> Iterator[Part]:
    """A numeric: groups of four decimal digits around the point; PostgreSQL itself strips zeros at the ends."""
    rows, scale = len(column), column.type.scale
    after = -(-scale // 4)
    groups = after + -(-(column.type.precision - scale) // 4)
    words = np.frombuffer(column.buffers()[1], "<i8").reshape(-1, 2)  # 128 bits, of which the lower 64 hold 18 digits
    unscaled = words[column.offset : column.offset + rows, 0]
    left = np.abs(unscaled) * 10 ** (4 * after - scale)
    digits = []
    for _ in range(groups):
        left, digit = np.divmod(left, 10_000)
        digits.append(digit)
    yield _number(">i4", np.full(rows, 8 + 2 * groups))
    yield _number(">i2", np.full(rows, groups))
    yield _number(">i2", np.full(rows, groups - after - 1))  # the first group counts 10000 to this power
    yield _number(">u2", np.where(unscaled < 0, NEGATIVE, 0))
    yield _number(">i2", np.full(rows, scale))
    for digit in reversed(digits):
        yield _number(">i2", digit)


def _number(kind: str, values: np.ndarray) -> Part:
    return np.dtype(kind), values


def _joined(parts: list[Part], rows: int) -> pa.Array:
    """The parts side by side, row by row, as one binary column."""
    record = np.dtype([(str(number), kind) for number, (kind, _) in enumerate(parts)])
    filled = np.empty(rows, record)
    for number, (_, values) in enumerate(parts):
        filled[str(number)] = values
    offsets = np.arange(rows + 1, dtype="int32") * record.itemsize
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(filled)])
