"""What the command lines share: options that several commands take, how examples are written, how mistakes end."""

import sys
from typing import Annotated

import typer

from journey.errors import JourneyError

Parameters = Annotated[
    list[str] | None, typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A parameter; may be repeated.")
]


def examples(*commands: str) -> str:
    """The last lines of a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)  # \b: the lines stay as they are


def start(app: typer.Typer, name: str) -> None:
    """Run a command line; a mistake of the user's is one sentence and an exit code, never a stack trace."""
    try:
        app(prog_name=name)
    except JourneyError as error:
        from rich.console import Console

        Console(stderr=True).print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
