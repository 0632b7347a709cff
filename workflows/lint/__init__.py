"""Strict checks of Argo manifests before a cluster sees them: what Hera lets through and Argo would refuse or misread.

Four looks at each document: its fields against Argo's API models (schema), every `{{...}}` (references), who calls and
waits for whom (graph), and what is allowed but never meant (rules). The CRDs' own CEL rules need a cluster.
"""

from typing import Any

from workflows.lint import graph, references, rules, schema
from workflows.lint.document import Documents


def problems(documents: list[dict[str, Any]]) -> list[str]:
    """Everything wrong with the documents, one sentence each, naming document, template and field; empty: nothing.

    The documents are checked together: one may call the templates of another.
    """
    found: list[str] = []
    every = Documents(documents)
    for document in every:
        of_fields = schema.problems(document)
        found += of_fields
        if not of_fields:  # the other looks may rely on every field having its type
            found += graph.problems(document, every) + references.problems(document, every) + rules.problems(document)
    return found
