"""Runs the WorkflowTemplate that Hera built as processes of this machine, without a cluster.

The same spec (`template.to_dict()`), not a second definition: the DAG's order and parallel branches (`depends` with all
its results, `dependencies`, `parallelism`), parameters with their enum, `{{...}}`, output parameters, `env`, retries
(limit, policy, expression, back-off, maxDuration), timeouts, activeDeadlineSeconds, failFast. A task is Failed, Error
or Omitted where Argo would say so.

What differs from a cluster:
- Left out, because it says where and with what a pod runs, not what it does: images, resources, security contexts,
  volumes, labels, service account, mutex, TTL and pod clean-up, metrics. Every command runs in the project's folder, as
  the user who runs this, and may write wherever that user may.
- /tmp/outputs is a folder of its own for each task; artifacts stay there.
- ConfigMaps and Secrets are the variables that `run` is given: `envFrom` is all of them, a key is the variable's name.
- `$(NAME)` in `args` is not expanded. A task that will not be retried fails at once; Argo waits out the back-off first.
- A process gets 10 seconds between SIGTERM and SIGKILL, a pod 30. One that runs out of time has failed even if it then
  exits with 0.
- failFast is as documented: after a failure only tasks that wait for just that result still start.
- Anything else (loops, `when`, hooks, steps, scripts, sidecars, input artifacts, ...) is refused before a task starts.
"""

import queue
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from hera.workflows import WorkflowTemplate

from journey.errors import BadInput
from workflows.attempts import carry_out, last_line
from workflows.children import Children
from workflows.outcome import Event, Kind, RunResult, TaskResult
from workflows.plan import Plan, Step, plan_of

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROGRESS_SECONDS = 1.0


@dataclass(frozen=True)
class Halt:
    """The run is to end now."""

    reason: str


Inbox = queue.SimpleQueue[Event | TaskResult | Halt]  # its put is safe in a signal handler


def run(
    template: WorkflowTemplate,
    parameters: Mapping[str, str],
    environment: Mapping[str, str],
    outputs: Path,
    logs: Path,
    on_event: Callable[[Event], None] = lambda _: None,
    at_once: int | None = None,
) -> RunResult:
    """Run a WorkflowTemplate to its end; `on_event` is called in this thread only.

    parameters: override the template's. environment: all that the commands get beside their own `env`, PATH included.
    outputs, logs: folders; what an earlier run of these tasks left in outputs/<task> and logs/<task>.log goes.
    at_once: at most so many tasks together, if fewer than the spec allows.
    Ctrl-C, SIGTERM and SIGHUP end every process of the run and return a result that says so.
    Raises: BadInput, when the template, a parameter, a variable or a folder does not do; nothing has been started then.
    """
    plan = plan_of(template.to_dict(), parameters, environment)
    outputs, logs = outputs.absolute(), logs.absolute()
    _clear(plan, outputs, logs)
    limits = [limit for limit in (plan.at_once, at_once) if limit]
    scheduler = _Scheduler(plan, dict(environment), outputs, logs, on_event, min(limits, default=len(plan.steps)))
    return scheduler.run()


def _clear(plan: Plan, outputs: Path, logs: Path) -> None:
    """A task that does not run this time must not seem to have left something."""
    try:
        for name in plan.steps:
            shutil.rmtree(outputs / name, ignore_errors=True)
            (logs / f"{name}.log").unlink(missing_ok=True)
        for folder in (outputs, logs):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be written: {error.strerror}") from None


class _Scheduler:
    """The state of one run. Tasks work in threads and speak through the inbox; all decisions are made by one thread."""

    def __init__(
        self,
        plan: Plan,
        environment: dict[str, str],
        outputs: Path,
        logs: Path,
        on_event: Callable[[Event], None],
        at_once: int,
    ) -> None:
        self.plan, self.environment, self.outputs, self.logs = plan, environment, outputs, logs
        self.on_event, self.at_once = on_event, at_once
        self.inbox: Inbox = queue.SimpleQueue()
        self.children = Children()
        self.results: dict[str, TaskResult] = {}
        self.running: dict[str, threading.Thread] = {}
        self.lines: dict[str, str] = {}
        self.ended_by = ""

    def run(self) -> RunResult:
        started = time.monotonic()
        with _signals(self.inbox), _deadline(self.plan.deadline, self.inbox):
            try:
                while True:
                    while self._start_ready():  # a task omitted may be what another waits for
                        pass
                    if not self.running:
                        break
                    self._listen()
            finally:  # also when on_event raises: nothing outlives this call
                self.children.end()
                for thread in self.running.values():
                    thread.join()
        for step in self.plan.steps.values():
            if step.name not in self.results:
                self._omit(step, f"not started: {self.ended_by or self._first_failure() + ' failed'}")
        tasks = [self.results[name] for name in self.plan.steps]
        succeeded = not self.ended_by and all(_branch(name, self.plan, self.results) for name in _leaves(self.plan))
        return RunResult(succeeded, tasks, time.monotonic() - started, self.ended_by)

    def _start_ready(self) -> bool:
        """Start or omit every task that need not wait any longer; whether there was any."""
        moved = False
        for step in self.plan.steps.values():
            is_waiting = step.name not in self.results and step.name not in self.running
            if self.ended_by or not is_waiting or not step.waits.tasks <= self.results.keys():
                continue
            if not step.waits.holds({name: result.phase for name, result in self.results.items()}):
                self._omit(step, f"omitted: {', '.join(_unlucky(step, self.results))}")
                moved = True
            elif len(self.running) < self.at_once and not self._is_held_back(step):
                self._start(step)
                moved = True
        return moved

    def _is_held_back(self, step: Step) -> bool:
        """failFast: something failed, and this task is not what should follow a failure."""
        failed = {name for name, result in self.results.items() if result.phase in ("Failed", "Error")}
        return self.plan.is_fail_fast and bool(failed) and not failed & step.waits.tasks

    def _start(self, step: Step) -> None:
        values = {**self.plan.values, "workflow.name": self.plan.name, **_of_tasks(self.results)}

        def work() -> None:
            try:
                result = carry_out(
                    step, values, self.environment, self.outputs, self.logs, self.children, self.inbox.put
                )
            except Exception as error:  # a full disk, say: the task's error, and the run goes on as after any other
                result = TaskResult(step.name, "Error", message=f"{type(error).__name__}: {error}")
            self.inbox.put(result)

        self.running[step.name] = threading.Thread(target=work, name=step.name)
        self.running[step.name].start()

    def _listen(self) -> None:
        """Take in one message, or, when there is none for a while, tell what the tasks write."""
        try:
            message = self.inbox.get(timeout=PROGRESS_SECONDS)
        except queue.Empty:
            self._tell_progress()
            return
        match message:
            case Event():
                self.on_event(message)
            case TaskResult():
                self.running.pop(message.name).join()
                self._finish(message)
            case Halt() if not self.ended_by:
                self.ended_by = message.reason
                self.children.end()
                self.on_event(Event("ending", "", message=message.reason))

    def _finish(self, result: TaskResult) -> None:
        kind: Kind = (
            "succeeded" if result.phase == "Succeeded" else "omitted" if result.phase == "Omitted" else "failed"
        )
        self.results[result.name] = result
        self.on_event(Event(kind, result.name, result.attempts, result.message))

    def _omit(self, step: Step, why: str) -> None:
        self._finish(TaskResult(step.name, "Omitted", message=why))

    def _first_failure(self) -> str:
        return next((r.name for r in self.results.values() if r.phase in ("Failed", "Error")), "a task")

    def _tell_progress(self) -> None:
        for name in self.running:
            line = last_line(self.logs / f"{name}.log")
            if line and line != self.lines.get(name):
                self.lines[name] = line
                self.on_event(Event("progress", name, message=line))


def _leaves(plan: Plan) -> list[str]:
    """The tasks that no other waits for: they decide how the DAG ended."""
    waited_for = set().union(*(step.waits.tasks for step in plan.steps.values()))
    return [name for name in plan.steps if name not in waited_for]


def _branch(name: str, plan: Plan, results: Mapping[str, TaskResult]) -> bool:
    """Whether a task's branch went well: an omitted task is as good as the worst that it waited for."""
    if results[name].phase == "Omitted":
        return bool(plan.steps[name].waits.tasks) and all(
            _branch(n, plan, results) for n in plan.steps[name].waits.tasks
        )
    return results[name].phase == "Succeeded"


def _unlucky(step: Step, results: Mapping[str, TaskResult]) -> list[str]:
    words = {"Failed": "failed", "Error": "failed", "Omitted": "was omitted", "Succeeded": "succeeded"}
    waited = [results[name] for name in sorted(step.waits.tasks)]
    bad = [result for result in waited if result.phase != "Succeeded"] or waited
    return [f"{result.name} {words[result.phase]}" for result in bad]


def _of_tasks(results: Mapping[str, TaskResult]) -> dict[str, str]:
    """What later tasks may read of earlier ones."""
    values: dict[str, str] = {}
    for name, result in results.items():
        values[f"tasks.{name}.status"] = result.phase
        if result.exit_code is not None:
            values[f"tasks.{name}.exitCode"] = str(result.exit_code)
        values |= {f"tasks.{name}.outputs.parameters.{key}": value for key, value in result.outputs.items()}
    return values


@contextmanager
def _signals(inbox: Inbox) -> Iterator[None]:
    """Turn signals into messages, so that they are dealt with in order and never in the middle of something."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may take signals, and there they are its caller's business
        return

    def halt(number: int, _frame: FrameType | None) -> None:
        inbox.put(Halt(signal.Signals(number).name))

    before = {number: signal.signal(number, halt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _deadline(seconds: float | None, inbox: Inbox) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, inbox.put, [Halt("activeDeadlineSeconds")])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
