"""What the command line's files share: options that several commands take, and how examples are written."""

from typing import Annotated

import typer

Parameters = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; may be repeated.")
]


def examples(*commands: str) -> str:
    """The last lines of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)  # \b: the lines stay as they are
