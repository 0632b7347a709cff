"""`{{name}}` in the texts of a spec: finding them, and putting values in their place."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from journey.errors import BadInput

Path = tuple[str | int, ...]

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text of nested dicts and lists, with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from texts(part, (*path, index))


def tags(text: str) -> list[str]:
    """What stands between double braces, in order; an expression tag keeps its `=`."""
    return [tag.strip() for tag in _TAG.findall(text)]


def has_open_tag(text: str) -> bool:
    """Whether braces open a tag that nothing closes."""
    return "{{" in _TAG.sub("", text)


def substitute(value: Any, values: Mapping[str, str]) -> Any:
    """A copy of nested dicts and lists with every tag replaced.

    Raises: BadInput, for a tag without a value.
    """
    if isinstance(value, str):
        return _TAG.sub(lambda found: _value(found[1].strip(), values), value)
    if isinstance(value, Mapping):
        return {key: substitute(part, values) for key, part in value.items()}
    if isinstance(value, list):
        return [substitute(part, values) for part in value]
    return value


def _value(tag: str, values: Mapping[str, str]) -> str:
    if tag not in values:
        raise BadInput(f"{{{{{tag}}}}} has no value here")
    return values[tag]
