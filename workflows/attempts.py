"""One task from its first attempt to its last."""

import itertools
import shutil
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from journey.errors import BadInput
from workflows.children import Children, Ended
from workflows.outcome import Event, TaskResult, counts_of
from workflows.plan import Step, command_of, in_folder
from workflows.retry import Attempt, variables, verdict

MARK = "=== "
BEFORE_THE_FIRST = variables(Attempt("Succeeded", 0, 0.0), 1) | {"lastRetry.status": "", "lastRetry.duration": "0"}


def carry_out(
    step: Step,
    values: Mapping[str, str],
    environment: Mapping[str, str],
    outputs: Path,
    logs: Path,
    children: Children,
    post: Callable[[Event], None],
) -> TaskResult:
    """Run a task's container, and again as its retryStrategy says, until it has succeeded or failed for good.

    Each attempt starts with an empty outputs/<task> folder, as a new container does. All write to logs/<task>.log.
    """
    started = time.monotonic()
    folder, log_file = outputs / step.name, logs / f"{step.name}.log"
    last: Attempt | None = None
    number = 0
    while True:
        number += 1
        post(Event("started", step.name, number))
        given = {**values, **_of_attempt(step, number, last, folder)}
        with log_file.open("ab", buffering=0) as log:
            last, found = _attempt(step, given, environment, folder, log, children, number, started)
        in_all = time.monotonic() - started
        result = TaskResult(
            name=step.name,
            phase=last.status,
            attempts=number,
            seconds=in_all,
            counts=counts_of(found, folder / "target" / "run_results.json"),
            message=last.message,
            exit_code=last.exit_code,
            outputs=found,
        )
        if last.status == "Succeeded" or children.is_over():
            return result
        says = verdict(step.retry, number, last, in_all)
        if not says.again:
            return result
        post(Event("retried", step.name, number, f"{last.message}; again in {says.wait:g} s"))
        children.wait(says.wait)
        if children.is_over():
            return result


def last_line(log_file: Path) -> str:
    """The last line that the latest attempt wrote to its log; empty if there is none yet."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log_file.stat().st_size - 4096))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    of_attempt = itertools.takewhile(lambda line: not line.startswith(MARK), reversed(lines))
    return next((line.strip() for line in of_attempt if line.strip()), "")


def _attempt(
    step: Step,
    values: Mapping[str, str],
    environment: Mapping[str, str],
    folder: Path,
    log: IO[bytes],
    children: Children,
    number: int,
    started: float,
) -> tuple[Attempt, dict[str, str]]:
    """One attempt, and the output parameters it left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = command_of(step, values, environment, folder)
    words = " ".join(" ".join(command.words).split())  # a heading is one line, whatever a script holds
    _mark(log, f"attempt {number} of at most {step.retry.limit + 1}: {words}")
    ended = children.run(command.words, command.environment, log, _time_left(step, number, started))
    attempt = _judge(ended, Path(log.name))
    found: dict[str, str] = {}
    try:
        found = _outputs(step, folder)
    except BadInput as error:
        if (
            attempt.status == "Succeeded"
        ):  # Argo's own container could not save what it was told to: an error, not a failure
            attempt = Attempt("Error", ended.exit_code, ended.seconds, str(error))
    _mark(log, f"attempt {number}: {attempt.status} after {attempt.seconds:.1f} s, exit code {ended.exit_code}")
    return attempt, found


def _judge(ended: Ended, log_file: Path) -> Attempt:
    if ended.has_timed_out:
        message = f"Step exceeded its deadline after {ended.seconds:.0f} s"
        return Attempt("Failed", ended.exit_code, ended.seconds, message)
    if ended.exit_code == 0:
        return Attempt("Succeeded", 0, ended.seconds)
    said = last_line(log_file)
    return Attempt(
        "Failed", ended.exit_code, ended.seconds, f"exit code {ended.exit_code}{': ' + said if said else ''}"
    )


def _time_left(step: Step, number: int, started: float) -> float | None:
    """Seconds that the attempt may take: the template's timeout, after the first attempt not beyond maxDuration."""
    longest = step.retry.longest_in_all
    left = max(0.0, longest - (time.monotonic() - started)) if longest is not None and number > 1 else None
    return min((limit for limit in (step.timeout, left) if limit is not None), default=None)


def _of_attempt(step: Step, number: int, last: Attempt | None, folder: Path) -> dict[str, str]:
    """The values of tags that change from attempt to attempt."""
    declared = step.template.get("outputs") or {}
    paths = {f"outputs.parameters.{p['name']}.path": p["valueFrom"]["path"] for p in declared.get("parameters") or []}
    paths |= {f"outputs.artifacts.{a['name']}.path": a["path"] for a in declared.get("artifacts") or []}
    before = variables(last, number) if last else BEFORE_THE_FIRST
    node = {"pod.name": f"{step.name}-{number}", "node.name": step.name, "tasks.name": step.name}
    return {**in_folder(paths, folder), **before, **node}


def _outputs(step: Step, folder: Path) -> dict[str, str]:
    """Output parameters; artifacts stay where they are, they only have to be there.

    Raises: BadInput, for one that is missing and neither optional nor given a default.
    """
    declared = step.template.get("outputs") or {}
    found: dict[str, str] = {}
    for parameter in declared.get("parameters") or []:
        source = parameter["valueFrom"]
        path = Path(in_folder(source["path"], folder))
        if path.is_file():
            found[parameter["name"]] = path.read_text().removesuffix("\n")  # as Argo does
        elif source.get("default") is not None:
            found[parameter["name"]] = str(source["default"])
        else:
            raise BadInput(f"output {parameter['name']}: there is no file {source['path']}")
    for artifact in declared.get("artifacts") or []:
        if not artifact.get("optional") and not Path(in_folder(artifact["path"], folder)).exists():
            raise BadInput(f"artifact {artifact['name']}: there is no file {artifact['path']}")
    return found


def _mark(log: IO[bytes], text: str) -> None:
    log.write(f"{MARK}{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z {text}\n".encode())
