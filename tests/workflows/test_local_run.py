"""The same spec as processes: order, parallel branches, parameters, variables, outputs."""

from pathlib import Path
from typing import Any

import pytest
from hera.workflows import DAG, Artifact, ConfigMapEnv, Container, Env, Parameter, SecretEnv, Task, WorkflowTemplate
from hera.workflows import models as m

from journey.errors import BadInput
from tests.workflows.made_up import Runner, made_up

MEET = 'touch "$SHARED/{me}"; for i in $(seq 200); do [ -e "$SHARED/{other}" ] && exit 0; sleep 0.05; done; exit 1'
DIAMOND = {"left": "top", "right": "top", "bottom": "left && right"}


def test_a_task_starts_when_all_it_waits_for_have_ended(runner: Runner) -> None:
    ran = runner(made_up(dict.fromkeys(["top", "left", "right", "bottom"], "true"), DIAMOND))
    assert ran.result.succeeded
    order = [(event.kind, event.task) for event in ran.events if event.kind in ("started", "succeeded")]
    assert order[:2] == [("started", "top"), ("succeeded", "top")]
    assert order[-2:] == [("started", "bottom"), ("succeeded", "bottom")]
    assert [task.name for task in ran.result.tasks] == ["top", "left", "right", "bottom"]


def test_branches_run_side_by_side(runner: Runner) -> None:
    meet = {"left": MEET.format(me="l", other="r"), "right": MEET.format(me="r", other="l")}
    assert runner(made_up(meet)).result.succeeded


@pytest.mark.parametrize("where", ["argument", "workflow", "dag"])
def test_a_limit_keeps_branches_apart(runner: Runner, where: str) -> None:
    alone = 'mkdir "$SHARED/lock" || exit 1; sleep 0.2; rmdir "$SHARED/lock"'
    template = made_up(
        {"a": alone, "b": alone, "c": alone},
        dag={"parallelism": 1} if where == "dag" else None,
        parallelism=1 if where == "workflow" else None,
    )
    assert runner(template, at_once=1 if where == "argument" else None).result.succeeded


def test_parameters_reach_commands_and_variables(runner: Runner) -> None:
    template = made_up(
        {"say": "echo {{workflow.parameters.who}} $HOW"},
        leaf={"env": [Env(name="HOW", value="{{workflow.parameters.how}}")]},
        arguments=[Parameter(name="who", value="Ada"), Parameter(name="how", value="loud", enum=["loud", "low"])],
    )
    assert "\nAda loud\n" in runner(template).log("say")
    assert "\nBob low\n" in runner(template, {"who": "Bob", "how": "low"}).log("say")


def test_an_empty_parameter_is_an_empty_variable(runner: Runner) -> None:
    template = made_up(
        {"say": "echo [${START-unset}]"},
        leaf={"env": {"START": "{{workflow.parameters.start}}"}},
        arguments=[Parameter(name="start", value="2020-11-01")],
    )
    assert "\n[]\n" in runner(template, {"start": ""}).log("say")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"woh": "Ada"}, "there is no parameter 'woh'; there are who, how"),
        ({}, "parameter who has no value; give it one"),
        ({"who": "Ada", "how": "shrill"}, "parameter how is 'shrill', which is not one of loud, low"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_starts(
    runner: Runner, parameters: dict[str, str], sentence: str
) -> None:
    arguments = [Parameter(name="who"), Parameter(name="how", value="loud", enum=["loud", "low"])]
    with pytest.raises(BadInput, match=sentence):
        runner(made_up({"say": "true"}, arguments=arguments), parameters)
    assert not (runner.folder / "logs").exists()


def test_what_a_task_writes_is_an_output_that_a_later_task_reads(runner: Runner) -> None:
    counts = Parameter(name="counts", value_from=m.ValueFrom(path="/tmp/outputs/counts.json", default="{}"))
    with WorkflowTemplate(name="made-up", entrypoint="pipeline") as template:
        write = Container(
            name="write",
            image="x:1",
            command=["sh", "-c"],
            args=['echo \'{"rows": 3}\' > "$COUNTS"'],
            env={"COUNTS": "/tmp/outputs/counts.json"},
            outputs=[counts],
        )
        read = Container(
            name="read",
            image="x:1",
            command=["echo"],
            args=["{{inputs.parameters.seen}}", "{{inputs.parameters.word}}"],
            inputs=[Parameter(name="seen"), Parameter(name="word", default="dear")],
        )
        with DAG(name="pipeline"):
            first = Task(name="first", template=write)
            seen = {"seen": "{{tasks.first.outputs.parameters.counts}} {{tasks.first.status}}"}
            first >> Task(name="second", template=read, arguments=seen)
    ran = runner(template)
    assert ran.task("first").counts == {"rows": 3}
    assert '\n{"rows": 3} Succeeded dear\n' in ran.log("second")


def test_an_output_that_is_missing_has_its_default_or_is_an_error(runner: Runner) -> None:
    def output(default: str | None) -> dict[str, object]:
        return {"outputs": [Parameter(name="n", value_from=m.ValueFrom(path="/tmp/outputs/n", default=default))]}

    assert runner(made_up({"a": "true"}, leaf=output("7"))).task("a").outputs == {"n": "7"}
    lost = runner(made_up({"a": "true"}, leaf=output(None)))
    assert (lost.task("a").phase, lost.result.succeeded) == ("Error", False)
    assert lost.task("a").message == "output n: there is no file /tmp/outputs/n"


def test_an_artifact_must_be_there_unless_it_is_optional(runner: Runner) -> None:
    def artifact(optional: bool) -> dict[str, object]:
        return {"outputs": [Artifact(name="page", path="/tmp/outputs/page.html", optional=optional)]}

    assert runner(made_up({"a": "true"}, leaf=artifact(True))).result.succeeded
    assert runner(made_up({"a": "true"}, leaf=artifact(False))).task("a").phase == "Error"
    assert runner(made_up({"a": "echo hello > /tmp/outputs/page.html"}, leaf=artifact(False))).result.succeeded
    assert (runner.folder / "outputs" / "a" / "page.html").read_text() == "hello\n"


def test_each_task_and_each_attempt_has_an_outputs_folder_of_its_own(runner: Runner) -> None:
    write = "[ -e /tmp/outputs/mine ] && exit 1; touch /tmp/outputs/mine"
    template = made_up({"a": write, "b": write})
    assert runner(template).result.succeeded
    assert runner(template).result.succeeded  # a second run starts with empty folders too
    assert {p.relative_to(runner.folder / "outputs") for p in (runner.folder / "outputs").rglob("mine")} == {
        Path("a/mine"),
        Path("b/mine"),
    }


def test_variables_come_from_what_the_run_was_given(runner: Runner) -> None:
    secret = SecretEnv(name="PGPASSWORD", secret_name="db", secret_key="password")
    config = ConfigMapEnv(name="PGHOST", config_map_name="db", config_map_key="host")
    unset = SecretEnv(name="TOKEN", secret_name="db", secret_key="token", optional=True)
    template = made_up({"a": "echo $PGHOST $PGPASSWORD ${TOKEN-none} $EXTRA"}, leaf={"env": [secret, config, unset]})
    ran = runner(template, environment={"PGPASSWORD": "s3cret", "PGHOST": "db.local", "EXTRA": "more"})
    assert "\ndb.local s3cret none more\n" in ran.log("a")


def test_nothing_of_the_runner_s_own_environment_leaks_in(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRAY", "here")
    assert "\n[]\n" in runner(made_up({"a": "echo [$STRAY]"})).log("a")


def test_a_container_s_own_variable_wins(runner: Runner) -> None:
    ran = runner(made_up({"a": "echo $WHO"}, leaf={"env": {"WHO": "spec"}}), environment={"WHO": "given"})
    assert "\nspec\n" in ran.log("a")


def test_a_secret_that_was_not_given_is_asked_for_before_anything_starts(runner: Runner) -> None:
    secret = SecretEnv(name="PGPASSWORD", secret_name="db", secret_key="password")
    with pytest.raises(BadInput, match="PGPASSWORD comes from db on a cluster; here, set PGPASSWORD itself"):
        runner(made_up({"a": "true"}, leaf={"env": [secret]}))
    assert not (runner.folder / "logs").exists()


def test_a_command_that_is_not_there_is_named_before_anything_starts(runner: Runner) -> None:
    with WorkflowTemplate(name="made-up", entrypoint="pipeline") as template:
        lost = Container(name="lost", image="x:1", command=["no-such-command"])
        with DAG(name="pipeline"):
            lost(name="lost")
    with pytest.raises(BadInput, match="task lost runs 'no-such-command', which is not in PATH"):
        runner(template)


@pytest.mark.parametrize(
    ("task", "leaf", "workflow", "sentence"),
    [
        ({"with_items": [1, 2]}, {}, {}, "task a: withItems cannot be carried out without a cluster"),
        ({"when": "1 == 1"}, {}, {}, "task a: when cannot be carried out without a cluster"),
        ({"continue_on": m.ContinueOn(failed=True)}, {}, {}, "task a: continueOn cannot be carried out"),
        ({}, {"working_dir": "/data"}, {}, "template a, container: workingDir cannot be carried out"),
        ({}, {"daemon": True}, {}, "template a: daemon cannot be carried out without a cluster"),
        ({}, {}, {"on_exit": "a"}, "the workflow: onExit cannot be carried out without a cluster"),
        ({}, {"args": ["{{=1 + 1}}"]}, {}, "expression tags are not evaluated here"),
        ({}, {"args": ["{{workflow.uid}}"]}, {}, "{{workflow.uid}} has no value without a cluster"),
        ({}, {"args": ["{{workflow.parameters.typo}}"]}, {}, "{{workflow.parameters.typo}} cannot be resolved"),
        ({}, {"retry_strategy": m.RetryStrategy(limit=m.IntOrString(root=1), expression="x > 1")}, {},
         "x is not known to a retry expression"),
        ({"depends": "b"}, {}, {}, "there is no task 'b' in this DAG"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused_before_anything_starts(
    runner: Runner, task: dict[str, Any], leaf: dict[str, Any], workflow: dict[str, Any], sentence: str
) -> None:
    with WorkflowTemplate(name="made-up", entrypoint="pipeline", **workflow) as template:
        container = Container(name="a", image="x:1", command=["true"], **leaf)
        with DAG(name="pipeline"):
            Task(name="a", template=container, **task)
    with pytest.raises(BadInput) as refused:
        runner(template)
    assert sentence in str(refused.value)
    assert not (runner.folder / "logs").exists()


def test_dbt_s_own_results_are_its_counts(runner: Runner) -> None:
    results = (
        '{"results": [{"unique_id": "model.x.a", "status": "success"}, {"unique_id": "model.x.b", "status": "error"},'
        ' {"unique_id": "model.x.c", "status": "skipped"}, {"unique_id": "test.x.t", "status": "pass"},'
        ' {"unique_id": "test.x.u", "status": "fail"}]}'
    )
    script = f"mkdir /tmp/outputs/target; echo '{results}' > /tmp/outputs/target/run_results.json; exit 1"
    task = runner(made_up({"dbt-test": script})).task("dbt-test")
    assert task.counts == {"models": 2, "tests": 2, "failures": 2, "skipped": 1}


def test_progress_tells_the_last_line_of_a_task_that_takes_its_time(runner: Runner) -> None:
    ran = runner(made_up({"slow": "echo 15 of 61 days; sleep 1.5"}))
    assert [(e.task, e.message) for e in ran.events if e.kind == "progress"] == [("slow", "15 of 61 days")]


def test_a_task_that_does_not_run_this_time_has_left_nothing(runner: Runner) -> None:
    write = "echo old > /tmp/outputs/page.html"
    assert runner(made_up({"a": "true", "b": write}, {"b": "a"})).result.succeeded
    assert not runner(made_up({"a": "false", "b": write}, {"b": "a"})).result.succeeded
    assert not (runner.folder / "outputs" / "b").exists()
    assert not (runner.folder / "logs" / "b.log").exists()


def test_a_folder_that_cannot_be_written_is_named(runner: Runner) -> None:
    (runner.folder / "logs").write_text("a file where the folder has to be")
    with pytest.raises(BadInput, match=r"logs.* cannot be written"):
        runner(made_up({"a": "true"}))
