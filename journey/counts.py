"""What a stage counted, for the summary: a small JSON file that the workflow reads as an output parameter."""

import json
import os
from pathlib import Path
from typing import Any


def write_counts(stage: str, rows: int, bytes: int | None = None, **more: Any) -> None:
    """Write the counts of a stage to the file that JOURNEY_COUNTS names; nothing when it is not set.

    rows: rows the stage wrote. bytes: size of what it wrote, where the stage knows it.
    """
    path = os.environ.get("JOURNEY_COUNTS")
    if not path:
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"stage": stage, "rows": rows, "bytes": bytes, **more}, default=str, sort_keys=True)
    # Argo reads the file once the container has ended, also when it was killed half-way: whole or absent.
    draft = target.with_suffix(".part")
    draft.write_text(text)
    draft.replace(target)
