"""Which SQL was really sent to BigQuery, and which SQL the code holds: two lists that have to agree.

The jobs of the emulator are the record of what was sent: whoever sent it (a stage, dbt, a report), whatever built it.
What a run did not reach would be missing there unseen, so the texts in the code are found too, by what they look like,
and each must have been sent.
"""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from google.cloud import bigquery

from journey.postgres import connect
from tests.dialect import Dialect, Refused, bigquery_type

LOOKS_LIKE_SQL = re.compile(
    r"^\W*(select|with|from|merge\s+into|insert\s+into|delete\s+from|update|truncate|create|drop|alter|begin|declare)\s"
    r"(?=.*\b(from|select|into|table|view|schema|set|transaction|unnest|where)\b)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Sent:
    """A query job: its text and the types of its named parameters."""

    job_id: str
    sql: str
    parameters: dict[str, Any]


def replay(client: bigquery.Client, since: datetime, dialect: Dialect) -> tuple[list[Sent], list[str]]:
    """Analyze every query job since a moment that the emulator took, in the order they were sent.

    Tables that jobs make (by statement, load or copy) become known on the way; `dialect` knows those made by API calls.
    Returns: the jobs, and what the analyzer refuses of them.
    """
    sent, refused = [], []
    for job in sorted(client.list_jobs(min_creation_time=since), key=lambda job: (job.created, job.job_id)):
        if job.error_result:
            continue  # BigQuery's own refusal would not differ in kind
        if job.job_type == "load" and job.schema:
            dialect.add_table(_path(job.destination), job.schema)
        elif job.job_type == "copy":
            dialect.add_table(_path(job.destination), client.get_table(job.sources[0]).schema)
        elif job.job_type == "query":
            sent.append(Sent(job.job_id, job.query, {p.name: _parameter_type(p) for p in job.query_parameters}))
            try:
                dialect.check(job.query, sent[-1].parameters)
            except Refused as why:
                refused.append(str(why))
    return sent, refused


@contextmanager
def postgres_log() -> Iterator[list[str]]:
    """What PostgreSQL was sent while the block ran, one log entry each; the list is filled at its end."""
    entries: list[str] = []
    with closing(connect()) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("show data_directory")
        log = Path((cursor.fetchone() or ("",))[0]) / "log"
        cursor.execute("alter system set log_statement = 'all'")
        cursor.execute("select pg_reload_conf()")
        start = log.stat().st_size
        try:
            yield entries
        finally:
            cursor.execute("alter system reset log_statement")
            cursor.execute("select pg_reload_conf()")
            text = log.read_bytes()[start:].decode()
            entries += re.split(r"\n(?=\S)", text)  # the further lines of an entry are indented


def _path(table: bigquery.TableReference) -> str:
    return f"{table.project}.{table.dataset_id}.{table.table_id}"


def _parameter_type(parameter: Any) -> Any:
    if isinstance(parameter, bigquery.ArrayQueryParameter):
        return bigquery_type(parameter.array_type, is_repeated=True)
    return bigquery_type(parameter.type_)


@dataclass(frozen=True)
class Text:
    """A SQL text in the code: where it stands, and a pattern of what it becomes when its holes are filled."""

    place: str
    pattern: re.Pattern[str]

    def was_sent(self, sent: Iterable[str]) -> bool:
        """Whether one of the sent texts holds this one."""
        return any(self.pattern.search(one_line(sql)) for sql in sent)


def texts_in_code(root: Path, folders: Iterable[str]) -> Iterator[Text]:
    """Every .sql file of the folders, and every string in their Python that looks like SQL; docstrings are prose."""
    for path in sorted(path for folder in folders for path in (root / folder).rglob("*.sql")):
        yield Text(str(path.relative_to(root)), _pattern(_template(path.read_text(encoding="utf-8"))))
    for path in sorted(path for folder in folders for path in (root / folder).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        prose = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)} - {
            id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.expr):
                continue
            pieces = _pieces(node)
            if pieces and id(node) not in prose | inside and LOOKS_LIKE_SQL.match("x".join(pieces)):
                yield Text(f"{path.relative_to(root)}:{node.lineno}", _pattern(pieces))


def _pieces(node: ast.expr) -> list[str]:
    """The fixed parts of a string, an f-string or a template for str.format; between them a run fills something in."""
    if isinstance(node, ast.JoinedStr):
        return ["".join(p) for p in _split_at_holes(node.values)]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _template(node.value)
    return []


def _template(text: str) -> list[str]:
    """The fixed parts of a template for str.format; a text that is none is one part."""
    pieces = [""]
    try:
        for literal, hole, _, _ in string.Formatter().parse(text):
            pieces[-1] += literal
            if hole is not None:
                pieces.append("")
    except ValueError:  # braces that are no template
        return [text]
    return pieces


def _pattern(pieces: list[str]) -> re.Pattern[str]:
    """Matches the text with anything in its holes, on one line; `%s` is psycopg2's own hole."""
    pieces = [part for piece in pieces for part in piece.split("%s")]
    return re.compile(r".*?".join(re.escape(one_line(piece)) for piece in pieces).strip("\\ "), re.IGNORECASE)


def _split_at_holes(values: list[ast.expr]) -> Iterator[list[str]]:
    piece: list[str] = []
    for value in values:
        if isinstance(value, ast.Constant):
            piece.append(str(value.value))
        else:
            yield piece
            piece = []
    yield piece


def one_line(sql: str) -> str:
    """Runs of white space as one blank."""
    return re.sub(r"\s+", " ", sql)
