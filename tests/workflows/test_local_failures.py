"""Failed, killed and late tasks: what is retried, what follows, what is left out."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hera.workflows import RetryStrategy
from hera.workflows import models as m

from tests.workflows.made_up import RETRY, Runner, is_alive, made_up
from workflows.outcome import Event

# the first attempt says where it is and waits to be killed, the second succeeds
WAIT_FOR_DEATH = """
[ -e "$SHARED/seen" ] && exit 0
echo $$ > "$SHARED/pid"; echo $PPID > "$SHARED/parent"; touch "$SHARED/seen"; sleep 60
"""
FAIL_ONCE = '[ -e "$SHARED/{0}" ] && exit 0; touch "$SHARED/{0}"; exit {1}'


def test_a_task_that_asks_for_it_is_tried_again(runner: Runner) -> None:
    ran = runner(made_up({"a": FAIL_ONCE.format("seen", 75)}, leaf={"retry_strategy": RETRY}))
    assert (ran.task("a").phase, ran.task("a").attempts) == ("Succeeded", 2)
    assert [(e.attempt, e.message) for e in ran.events if e.kind == "retried"] == [(1, "exit code 75; again in 0.1 s")]


def test_a_task_that_fails_for_good_is_not_tried_again(runner: Runner) -> None:
    ran = runner(made_up({"a": "echo GAP_RATE is 2 >&2; exit 2"}, leaf={"retry_strategy": RETRY}))
    task = ran.task("a")
    assert (task.phase, task.attempts, task.message) == ("Failed", 1, "exit code 2: GAP_RATE is 2")
    assert not ran.result.succeeded


def test_retries_end_at_the_limit_and_wait_longer_each_time(runner: Runner) -> None:
    ran = runner(made_up({"a": 'date +%s.%N >> "$SHARED/times"; exit 75'}, leaf={"retry_strategy": RETRY}))
    assert (ran.task("a").phase, ran.task("a").attempts) == ("Failed", 3)
    first, second, third = (float(line) for line in (runner.folder / "times").read_text().split())
    assert second - first >= 0.1
    assert third - second >= 0.2


def test_a_task_may_know_which_attempt_it_is(runner: Runner) -> None:
    say = "echo retries={{retries}} code={{lastRetry.exitCode}} status={{lastRetry.status}}; exit 75"
    log = runner(made_up({"a": say}, leaf={"retry_strategy": RETRY})).log("a")
    said = [line for line in log.splitlines() if line.startswith("retries")]
    assert said == [
        "retries=0 code=0 status=",
        "retries=1 code=75 status=Failed",
        "retries=2 code=75 status=Failed",
    ]


def test_the_log_holds_every_attempt_under_its_own_heading(runner: Runner) -> None:
    ran = runner(made_up({"a": f"echo working; {FAIL_ONCE.format('seen', 75)}"}, leaf={"retry_strategy": RETRY}))
    headings = [line.split("Z ", 1)[1] for line in ran.log("a").splitlines() if line.startswith("=== ")]
    assert headings[0].startswith("attempt 1 of at most 3: ")
    assert headings[1].startswith("attempt 1: Failed after ")
    assert headings[1].endswith("exit code 75")
    assert ran.log("a").count("\nworking\n") == 2


@pytest.mark.parametrize("whom", ["pid", "parent"])
def test_a_task_killed_by_force_is_tried_again_and_nothing_of_the_first_try_goes_on(
    runner: Runner, until: Callable[[Callable[[], bool]], None], whom: str
) -> None:
    def kill(event: Event) -> None:
        if event.kind == "started" and event.attempt == 1:
            threading.Thread(target=strike).start()

    def strike() -> None:
        until((runner.folder / "seen").exists)
        os.kill(int((runner.folder / whom).read_text()), signal.SIGKILL)

    runner.on_event = kill
    ran = runner(made_up({"a": WAIT_FOR_DEATH}, leaf={"retry_strategy": RETRY}))
    assert (ran.task("a").phase, ran.task("a").attempts) == ("Succeeded", 2)
    assert [e.message for e in ran.events if e.kind == "retried"] == ["exit code 137; again in 0.1 s"]
    until(lambda: not is_alive(int((runner.folder / "pid").read_text())))


def test_a_task_that_takes_too_long_is_ended_and_counts_as_terminated(runner: Runner) -> None:
    script = 'echo $$ > "$SHARED/pid"; sleep 60 & echo $! > "$SHARED/child"; wait'
    started = time.monotonic()
    task = runner(made_up({"a": script}, leaf={"timeout": "1s"})).task("a")
    assert time.monotonic() - started < 9
    assert (task.phase, task.exit_code, task.message) == ("Failed", 143, "Step exceeded its deadline after 1 s")
    assert not any(is_alive(int((runner.folder / name).read_text())) for name in ("pid", "child"))


def test_the_timeout_is_that_of_one_attempt(runner: Runner) -> None:
    ran = runner(made_up({"a": "sleep 60"}, leaf={"timeout": "300ms", "retry_strategy": RETRY}))
    assert (ran.task("a").phase, ran.task("a").attempts) == ("Failed", 3)  # 143 is tried again


def test_max_duration_bounds_all_attempts_together(runner: Runner) -> None:
    retry = RetryStrategy(limit=100, backoff=m.Backoff(duration="200ms", max_duration="1s"))
    task = runner(made_up({"a": "sleep 0.1; exit 1"}, leaf={"retry_strategy": retry})).task("a")
    assert task.phase == "Failed"
    assert 2 <= task.attempts <= 4
    assert task.seconds < 2


def test_what_waits_for_a_failed_task_is_omitted(runner: Runner) -> None:
    ran = runner(made_up({"a": "exit 1", "b": "true", "c": "true"}, {"b": "a", "c": "b"}))
    assert [(t.phase, t.message) for t in ran.result.tasks] == [
        ("Failed", "exit code 1"),
        ("Omitted", "omitted: a failed"),
        ("Omitted", "omitted: b was omitted"),
    ]
    assert not ran.result.succeeded
    assert ran.told("started") == ["a"]


def test_one_failure_lets_running_tasks_end_and_starts_no_new_ones(runner: Runner) -> None:
    other = {"other": 'sleep 1; touch "$SHARED/done"', "next": "true"}
    ran = runner(made_up({"bad": "exit 1", **other}, {"next": "other"}))
    assert (ran.task("other").phase, ran.task("next").phase) == ("Succeeded", "Omitted")
    assert ran.task("next").message == "not started: bad failed"
    assert (runner.folder / "done").exists()


def test_without_fail_fast_other_branches_go_on(runner: Runner) -> None:
    scripts = {"bad": "exit 1", "other": "sleep 0.5", "next": "true"}
    ran = runner(made_up(scripts, {"next": "other"}, dag={"fail_fast": False}))
    assert ran.task("next").phase == "Succeeded"
    assert not ran.result.succeeded


def test_a_task_that_waits_for_a_failure_runs_after_it(runner: Runner) -> None:
    ran = runner(made_up({"a": "exit 1", "mend": "true"}, {"mend": "a.Failed"}))
    assert ran.task("mend").phase == "Succeeded"
    assert ran.result.succeeded  # as in Argo, the tasks that nobody waits for decide


def test_the_workflow_s_own_deadline_ends_it(runner: Runner) -> None:
    ran = runner(made_up({"a": "sleep 60", "b": "true"}, {"b": "a"}, active_deadline_seconds=1))
    assert ran.result.ended_by == "activeDeadlineSeconds"
    assert [t.phase for t in ran.result.tasks] == ["Failed", "Omitted"]
    assert ran.result.seconds < 9


def test_a_folder_that_cannot_be_made_is_the_task_s_error_and_not_the_runner_s(runner: Runner) -> None:
    (runner.folder / "outputs").mkdir()
    (runner.folder / "outputs" / "a").write_text("a file where the task's folder has to be")
    ran = runner(made_up({"a": "true", "b": "true"}, {"b": "a"}))
    assert [t.phase for t in ran.result.tasks] == ["Error", "Omitted"]
    assert "FileExistsError" in ran.task("a").message


def test_an_error_in_the_caller_s_own_code_leaves_no_process(runner: Runner, until: Callable[..., None]) -> None:
    pid = runner.folder / "pid"

    def fail(event: Event) -> None:
        if event.kind == "started":
            until(lambda: pid.exists() and bool(pid.read_text()))
            raise RuntimeError("the display broke")

    runner.on_event = fail
    with pytest.raises(RuntimeError, match="the display broke"):
        runner(made_up({"a": 'echo $$ > "$SHARED/pid"; sleep 60'}))
    assert not is_alive(int(Path(pid).read_text()))
