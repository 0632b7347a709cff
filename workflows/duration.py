"""Durations as Argo reads them, in Go's notation: "30s", "1h30m", "250ms". In a back-off digits alone are seconds."""

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def seconds(text: str, bare: bool = False) -> float:
    """Seconds of a duration that is not negative.

    Raises: ValueError, naming the text.
    """
    if bare and text.isdigit():
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 30s, 15m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
