"""`journey backfill`: days that are long past, window by window, each a run of its own.

One after the other: a window that fails stops the rest, and what queues on the cluster stays short.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from rich.console import Console

from journey.errors import BadInput
from journey.settings import Window
from workflows import NAME
from workflows.cluster.connection import Cluster, Json
from workflows.cluster.refusals import AlreadyThere
from workflows.cluster.submit import document, judge, watch
from workflows.cluster.tasks import is_over, phase_of

LABEL = f"{NAME}/window"


@dataclass(frozen=True)
class Planned:
    """A window with the run that brings it in; `state`: new, running or done already."""

    window: Window
    state: str
    name: str


def windows(start: date, end: date, days: int) -> list[Window]:
    """The days from start to end in windows of so many days, oldest first; the last may be shorter."""
    starts = [start + timedelta(days=n) for n in range(0, (end - start).days + 1, days)]
    return [Window(first, min(end, first + timedelta(days=days - 1))) for first in starts]


def plan(cluster: Cluster, window: Window, parameters: Mapping[str, str], is_again: bool) -> Planned:
    """What a window needs: a run that goes on is waited for, one that succeeded is not repeated unless asked."""
    label = f"{window.start}_{window.end}"
    earlier = cluster.list("Workflow", f"{LABEL}={label}")
    wanted = _given(document(_arguments(window, parameters), {}))
    alike = {w["metadata"]["name"]: w for w in earlier if _given(w) == wanted}
    running = next((name for name, w in alike.items() if not is_over(w)), None)
    if running:
        return Planned(window, "running", running)
    done = next((name for name, w in alike.items() if phase_of(w) == "Succeeded"), None)
    if done and not is_again:
        return Planned(window, "done already", done)
    # counted up and not drawn by lot: of two backfills that start the same window at once, the API lets one through
    ends = [w["metadata"]["name"].rpartition("-")[2] for w in earlier]
    number = max((int(end) for end in ends if end.isdigit()), default=0) + 1
    return Planned(window, "new", f"{NAME}-{window.start:%Y%m%d}-{window.end:%Y%m%d}-{number}")


def backfill(cluster: Cluster, every: list[Window], parameters: Mapping[str, str], is_again: bool, is_dry: bool) -> int:
    """Bring the windows in, one after the other; returns 0, or the exit code of the first that did not succeed.

    Raises: BadInput, before anything is started.
    """
    console = Console()
    for name in ("start", "end"):
        if name in parameters:
            raise BadInput(f"{name} is what the windows set: give --{name}, not -p {name}={parameters[name]}")
    judge(cluster, _arguments(Window(every[0].start, every[-1].end), parameters))
    for number, window in enumerate(every, 1):
        planned = plan(cluster, window, parameters, is_again)
        _say(console, f"{number} of {len(every)}: {window}  {planned.state}  {planned.name}")
        if is_dry or planned.state == "done already":
            continue
        if planned.state == "new":
            _start(cluster, planned, parameters)
        if code := watch(cluster, planned.name):
            left = len(every) - number
            _say(console, f"stopped at {window}, {left} windows are left; what succeeded is not repeated: run it again")
            return code
    return 0


def _start(cluster: Cluster, planned: Planned, parameters: Mapping[str, str]) -> None:
    labels = {LABEL: f"{planned.window.start}_{planned.window.end}"}
    made = document(_arguments(planned.window, parameters), {"name": planned.name, "labels": labels})
    with suppress(AlreadyThere):  # another backfill was faster: this one waits for that run
        cluster.create(made)


def _arguments(window: Window, parameters: Mapping[str, str]) -> dict[str, str]:
    return {**parameters, "start": str(window.start), "end": str(window.end)}


def _given(workflow: Json) -> dict[str, str]:
    arguments = (workflow["spec"].get("arguments") or {}).get("parameters") or []
    return {p["name"]: str(p.get("value")) for p in arguments}


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
