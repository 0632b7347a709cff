"""Puts a file in its place: whoever opens the path finds the old one or the new one, never half of one."""

import errno
import os
from pathlib import Path

from journey.errors import BadInput


def replace_file(path: Path, content: bytes) -> None:
    """Write under another name, then take the old file's place; folders on the way are made.

    Raises: BadInput, when the place cannot be written to or has no space; the old file is then as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.write_bytes(content)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(
            f"the report cannot be written to {path}: {_reason(error)}; free some space or name another --out"
        ) from None


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "no space is left on the disk"
    return (error.strerror or str(error)).lower()
