"""Asks Google's own analyzer whether a SQL text is GoogleSQL that BigQuery would take.

The emulator runs on DuckDB and takes much that BigQuery refuses. ZetaSQL is BigQuery's front end: it resolves every
name, function and type of a statement against given table schemas, offline. It says nothing of limits or results.
"""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import wasmtime
from google.cloud.bigquery import SchemaField
from zetasql.core import wasm_client
from zetasql.core.exceptions import ServerError
from zetasql.types import LanguageFeature
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2 as options
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2 as catalogs
from zetasql.wasi._pb2.zetasql.public import options_pb2 as features
from zetasql.wasi._pb2.zetasql.public import simple_table_pb2 as tables
from zetasql.wasi._pb2.zetasql.public import type_pb2 as types

# ZetaSQL at full strength speaks more than BigQuery does. What BigQuery's reference does not document is switched off:
# a wrong refusal costs a rewrite, a wrong pass a failed run. Matched against the start of the feature's name.
NOT_IN_BIGQUERY = (
    "AGGREGATE_FILTERING",  # count(*) filter (where ...)
    "ARRAY_AGGREGATION_FUNCTIONS",
    "ARRAY_EQUALITY",
    "ARRAY_FIND_FUNCTIONS",
    "ARRAY_GREATEST_LEAST",
    "ARRAY_ORDERING",
    "ARRAY_ZIP",
    "BARE_ARRAY_ACCESS",  # xs[0], without offset or ordinal
    "CHAINED_FUNCTION_CALLS",
    "DML_RETURNING",
    "ENABLE_MEASURES",
    "EXPERIMENTAL_MODULES",
    "FIRST_AND_LAST_N",
    "FOR_UPDATE",
    "GROUP_BY_ARRAY",
    "INLINE_LAMBDA_ARGUMENT",
    "INSERT_ON_CONFLICT_CLAUSE",
    "LATERAL_JOIN",
    "LIMIT_OFFSET_EXPRESSIONS",
    "LITERAL_CONCATENATION",
    "MATCH_RECOGNIZE",
    "MULTILEVEL_AGGREGATION",
    "MULTIWAY_UNNEST",
    "NULLIFZERO_ZEROIFNULL",
    "PIPE_",
    "PI_FUNCTIONS",
    "PROTO_",
    "REPLACE_FIELDS",
    "SQL_GRAPH",
    "STRUCT_POSITIONAL_ACCESSOR",
    "TIMESTAMP_NANOS",
    "TIMESTAMP_PICOS",
    "TYPEOF_FUNCTION",
    "UUID_TYPE",
)
LEGACY_NAMES = {"FLOAT": "DOUBLE", "FLOAT64": "DOUBLE", "INTEGER": "INT64", "BOOLEAN": "BOOL"}
SUBQUERY = "ResolvedSubqueryExprProto"
# Those of BigQuery's own views that are asked, with their documented columns.
INFORMATION_SCHEMA = {
    "TABLES": {
        "table_catalog": "STRING",
        "table_schema": "STRING",
        "table_name": "STRING",
        "table_type": "STRING",
        "creation_time": "TIMESTAMP",
        "ddl": "STRING",
    },
    "COLUMNS": {
        "table_catalog": "STRING",
        "table_schema": "STRING",
        "table_name": "STRING",
        "column_name": "STRING",
        "ordinal_position": "INT64",
        "is_nullable": "STRING",
        "data_type": "STRING",
        "is_partitioning_column": "STRING",
        "clustering_ordinal_position": "INT64",
    },
}
ONLY_COMMENTS = re.compile(r"(\s|;|--[^\n]*(\n|$)|#[^\n]*(\n|$)|/\*.*?\*/)*", re.DOTALL)


class Refused(Exception):
    """The analyzer does not take the text; the message is the analyzer's, with line and column."""


class _Client(wasm_client.WasmClient):
    """The package copies requests byte by byte; whole blocks make an analysis several times faster."""

    def write_bytes(self, ptr: int, data: bytes) -> None:
        ctypes.memmove(ctypes.addressof(self.memory.data_ptr().contents) + ptr, data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        return ctypes.string_at(ctypes.addressof(self.memory.data_ptr().contents) + ptr, size)


def _cached_config() -> wasmtime.Config:
    config = wasmtime.Config()
    config.cache = True  # compiling the module takes about 20 s, so it is done once a machine
    return config


@functools.cache
def _client() -> _Client:
    with mock.patch.object(wasm_client, "Config", _cached_config):
        return _Client(str(get_wasm_path()))


@functools.cache
def _language() -> options.LanguageOptionsProto:
    request = service.LanguageOptionsRequest(maximum_features=True)
    language = _client().call_grpc_func("ZetaSqlLocalService_GetLanguageOptions", request, options.LanguageOptionsProto)
    wanted = [
        number
        for number in language.enabled_language_features
        if not LanguageFeature(number).name.removeprefix("FEATURE_").startswith(NOT_IN_BIGQUERY)
    ]
    del language.enabled_language_features[:]
    language.enabled_language_features.extend([*wanted, features.FEATURE_DISALLOW_GROUP_BY_FLOAT])
    del language.supported_statement_kinds[:]  # none named: all of them
    language.product_mode = features.PRODUCT_EXTERNAL  # Cloud's names of types: FLOAT64, no INT32
    language.reserved_keywords.append("QUALIFY")
    return language


def bigquery_type(kind: str, fields: Iterable[SchemaField] = (), is_repeated: bool = False) -> types.TypeProto:
    """The analyzer's type of a BigQuery type name, e.g. `INTEGER` or `RECORD` with its fields."""
    if kind in ("RECORD", "STRUCT"):
        members = [types.StructFieldProto(field_name=f.name, field_type=_field_type(f)) for f in fields]
        one = types.TypeProto(type_kind=types.TYPE_STRUCT, struct_type=types.StructTypeProto(field=members))
    else:
        one = types.TypeProto(type_kind=types.TypeKind.Value("TYPE_" + LEGACY_NAMES.get(kind, kind)))
    if not is_repeated:
        return one
    return types.TypeProto(type_kind=types.TYPE_ARRAY, array_type=types.ArrayTypeProto(element_type=one))


def _field_type(column: SchemaField) -> types.TypeProto:
    return bigquery_type(column.field_type, column.fields, column.mode == "REPEATED")


@dataclass(frozen=True)
class Statement:
    """One analyzed statement: its kind (`query`, `merge`, `create_table`, ...) and the columns of a query."""

    sql: str
    kind: str
    columns: tuple[tuple[str, types.TypeProto], ...] = field(repr=False, default=())


class Dialect:
    """GoogleSQL against a set of known tables; a statement that creates a table adds to them.

    A table is known by its full path `project.dataset.table`, whichever way a text writes it.
    """

    def __init__(self, project: str) -> None:
        self.project = project
        self._tables: dict[str, list[tables.SimpleColumnProto]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._tables

    def add_table(self, path: str, schema: Iterable[SchemaField]) -> None:
        """Make `project.dataset.table` known with BigQuery's own description of its columns."""
        self._add(path, ((column.name, _field_type(column)) for column in schema))

    def check(self, sql: str, parameters: Mapping[str, types.TypeProto] | None = None) -> list[Statement]:
        """Analyze every statement of a text, in order.

        Raises: Refused, on the first statement that is not GoogleSQL or does not fit the known tables.
        """
        return [self._analyze(statement, names, parameters or {}) for statement, names in self._split(sql)]

    def _split(self, sql: str) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
        """Statements of a script with the names of the tables each one uses, as written."""
        text, start = sql.encode(), 0
        while not ONLY_COMMENTS.fullmatch(text[start:].decode()):
            request = service.ExtractTableNamesFromNextStatementRequest(options=_language())
            request.parse_resume_location.input = sql
            request.parse_resume_location.byte_position = start
            found = self._call("ExtractTableNamesFromNextStatement", request, sql)
            names = [tuple(name.table_name_segment) for name in found.table_name]
            yield text[start : found.resume_byte_position].decode().strip(), names
            start = found.resume_byte_position

    def _analyze(self, sql: str, names: list[tuple[str, ...]], parameters: Mapping[str, types.TypeProto]) -> Statement:
        request = service.AnalyzeRequest(sql_statement=sql, simple_catalog=self._catalog(names))
        request.options.language_options.CopyFrom(_language())
        request.options.default_timezone = "UTC"
        request.options.error_message_mode = features.ERROR_MESSAGE_ONE_LINE
        for name, kind in parameters.items():
            request.options.query_parameters.add(name=name.lower(), type=kind)
        node = self._call("Analyze", request, sql).resolved_statement
        if any(_scans_a_table(subquery) for subquery in _nodes(node, SUBQUERY) if subquery.parameter_list):
            raise Refused(f"Correlated subquery over a table: BigQuery takes few of them, write a join\n{sql[:2000]}")
        kind, node = _innermost(node)
        columns = tuple((c.name, c.column.type) for c in getattr(node, "output_column_list", ()))
        if kind.startswith("create_") and ("table" in kind or "view" in kind):
            self._created(node, columns)
        elif kind == "drop" and node.object_type.upper() in ("TABLE", "VIEW"):
            self._tables.pop(self._path(node.name_path), None)
        return Statement(sql, kind, columns)

    def _created(self, node: Any, columns: tuple[tuple[str, types.TypeProto], ...]) -> None:
        defined: list[tuple[str, types.TypeProto]] = []
        base = node
        while not hasattr(base, "name_path"):  # create table as select > create table > create statement
            defined = defined or [(c.name, c.type) for c in getattr(base, "column_definition_list", ())]
            columns = columns or tuple((c.name, c.column.type) for c in getattr(base, "output_column_list", ()))
            base = base.parent
        self._add(self._path(base.name_path), defined or columns)

    def _add(self, path: str, columns: Iterable[tuple[str, types.TypeProto]]) -> None:
        self._tables[path] = [
            tables.SimpleColumnProto(name=name, type=kind, is_writable_column=True) for name, kind in columns
        ]

    def _path(self, name: Iterable[str]) -> str:
        """`project.dataset.table` of a name as written: in parts or quoted whole, with a project or without."""
        parts = ".".join(name).split(".")
        return ".".join(parts if len(parts) != 2 else [self.project, *parts])

    def _columns(self, name: tuple[str, ...]) -> list[tables.SimpleColumnProto] | None:
        *_, schema, view = ["", *".".join(name).split(".")]
        if schema.upper() != "INFORMATION_SCHEMA":
            return self._tables.get(self._path(name))
        columns = INFORMATION_SCHEMA.get(view.upper(), {}).items()
        return [tables.SimpleColumnProto(name=column, type=bigquery_type(kind)) for column, kind in columns]

    def _catalog(self, names: list[tuple[str, ...]]) -> catalogs.SimpleCatalogProto:
        """A catalog of just the tables that a statement names, each under the name that it writes."""
        root = catalogs.SimpleCatalogProto(name="root")
        root.builtin_function_options.language_options.CopyFrom(_language())
        for name in dict.fromkeys(names):
            columns = self._columns(name)
            if columns is None:
                continue  # the analyzer then says so, with the place in the text
            inner = root
            for part in name[:-1]:
                inner = next((c for c in inner.catalog if c.name == part), None) or inner.catalog.add(name=part)
            inner.table.add(name=name[-1], column=columns)
        return root

    @staticmethod
    def _call(method: str, request: Any, sql: str) -> Any:
        answer = getattr(service, method.removesuffix("Request") + "Response")
        try:
            return _client().call_grpc_func(f"ZetaSqlLocalService_{method}", request, answer)
        except ServerError as error:
            raise Refused(f"{error.message}\n{sql.strip()[:2000]}") from None


def _nodes(node: Any, name: str) -> Iterator[Any]:
    """Every node of a type inside an analyzed statement."""
    if node.DESCRIPTOR.name == name:
        yield node
    for inner, value in node.ListFields():
        if inner.message_type is not None and inner.message_type.name != "TypeProto":
            for one in value if inner.is_repeated else (value,):
                yield from _nodes(one, name)


def _scans_a_table(subquery: Any) -> bool:
    return any(True for scan in ("ResolvedTableScanProto", "ResolvedWithRefScanProto") for _ in _nodes(subquery, scan))


def _innermost(node: Any) -> tuple[str, Any]:
    """The concrete statement inside the analyzer's nested unions, and its kind."""
    name = ""
    while (union := node.WhichOneof("node") if node.DESCRIPTOR.oneofs_by_name.get("node") else None) is not None:
        name, node = union, getattr(node, union)
    return name.removeprefix("resolved_").removesuffix("_node").removesuffix("_stmt"), node
