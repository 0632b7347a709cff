"""Mistakes to plant in the manifests, each with the words by which lint must name it."""

import copy
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Defect = Callable[[Json, Json], object]


def parameter(workflow: Json, name: str) -> Json:
    """A parameter of the workflow."""
    return next(p for p in workflow["spec"]["arguments"]["parameters"] if p["name"] == name)


def leaf(workflow: Json, name: str = "load-backend") -> Json:
    return next(t for t in workflow["spec"]["templates"] if t["name"] == name)


def task(workflow: Json, name: str) -> Json:
    return next(t for t in leaf(workflow, "pipeline")["dag"]["tasks"] if t["name"] == name)


# what is wrong: how to plant it in the WorkflowTemplate or the CronWorkflow, and what lint says
DEFECTS: dict[str, tuple[Defect, str]] = {
    # fields
    "an unknown field on top": (lambda w, c: w.update(sepc={}), "there is no field 'sepc' here"),
    "an unknown field of the spec": (
        lambda w, c: w["spec"].update(activeDeadlineSecond=1),
        "WorkflowTemplate customer-journey, spec: there is no field 'activeDeadlineSecond' here",
    ),
    "a field in Python's spelling": (
        lambda w, c: w["spec"].update(active_deadline_seconds=1),
        "spec: there is no field 'active_deadline_seconds' here",
    ),
    "an unknown field deep down": (
        lambda w, c: leaf(w)["container"]["securityContext"]["capabilities"].update(dorp=["ALL"]),
        "template load-backend, container.securityContext.capabilities: there is no field 'dorp' here",
    ),
    "an unknown field of the schedule": (lambda w, c: c["spec"].update(schedule="* * * * *"), "no field 'schedule'"),
    "a wrong type": (
        lambda w, c: w["spec"].update(activeDeadlineSeconds="4h"),
        "spec.activeDeadlineSeconds: input should be a valid integer",
    ),
    "a number where text belongs": (
        lambda w, c: leaf(w)["container"].update(args=[1]),
        "container.args[0]: input should be",
    ),
    "a missing field": (
        lambda w, c: c["spec"].pop("schedules"),
        "CronWorkflow customer-journey, spec: the field 'schedules'",
    ),
    "another kind": (lambda w, c: w.update(kind="WorkflowTemplates"), "the kind 'WorkflowTemplates' is none of Argo's"),
    "another version of the API": (
        lambda w, c: w.update(apiVersion="v1"),
        "apiVersion: 'v1' is not argoproj.io/v1alpha1",
    ),
    "an unknown pod clean-up": (
        lambda w, c: w["spec"]["podGC"].update(strategy="Nonsense"),
        "spec.podGC.strategy: 'Nonsense' is not one of OnPodCompletion",
    ),
    "an unknown concurrency policy": (
        lambda w, c: c["spec"].update(concurrencyPolicy="No"),
        "'No' is not one of Allow",
    ),
    "an unknown retry policy": (
        lambda w, c: leaf(w)["retryStrategy"].update(retryPolicy="Sometimes"),
        "template load-backend, retryStrategy.retryPolicy: 'Sometimes' is not one of Always",
    ),
    "an unknown pull policy": (
        lambda w, c: leaf(w)["container"].update(imagePullPolicy="Missing"),
        "container.imagePullPolicy: 'Missing' is not one of Always, IfNotPresent, Never",
    ),
    # references
    "a dangling parameter of the workflow": (
        lambda w, c: leaf(w)["container"]["args"].append("{{workflow.parameters.strat}}"),
        "template load-backend, container.args[2]: {{workflow.parameters.strat}} cannot be resolved",
    ),
    "a dangling input": (
        lambda w, c: leaf(w)["container"]["args"].append("{{inputs.parameters.tabel}}"),
        "{{inputs.parameters.tabel}} cannot be resolved",
    ),
    "an input of another template": (
        lambda w, c: leaf(w, "dbt")["container"]["args"].append("{{inputs.parameters.table}}"),
        "template dbt, container.args[1]: {{inputs.parameters.table}} cannot be resolved",
    ),
    "a name of the workflow that Argo does not give": (
        lambda w, c: leaf(w)["container"]["args"].append("{{workflow.nmae}}"),
        "{{workflow.nmae}} cannot be resolved",
    ),
    "a result of a task inside a leaf": (
        lambda w, c: leaf(w)["container"]["args"].append("{{tasks.synth.outputs.parameters.counts}}"),
        "{{tasks.synth.outputs.parameters.counts}} cannot be resolved",
    ),
    "a result that the task does not give": (
        lambda w, c: task(w, "load-users")["arguments"]["parameters"][0].update(
            value="{{tasks.synth.outputs.parameters.count}}"
        ),
        "dag.tasks[2].arguments.parameters[0].value: {{tasks.synth.outputs.parameters.count}} cannot be resolved",
    ),
    "a result of a task that may not have ended": (
        lambda w, c: task(w, "load-users")["arguments"]["parameters"][0].update(
            value="{{tasks.load-ga4.outputs.parameters.counts}}"
        ),
        "{{tasks.load-ga4.outputs.parameters.counts}} cannot be resolved",
    ),
    "an item without a loop": (
        lambda w, c: task(w, "load-users")["arguments"]["parameters"][0].update(value="{{item}}"),
        "{{item}} cannot be resolved",
    ),
    "a wrong name in an expression tag": (
        lambda w, c: leaf(w)["container"]["args"].append("{{=asInt(workflow.parameters.sede) + 1}}"),
        "nothing here is called 'workflow.parameters.sede'",
    ),
    "a wrong name in brackets": (
        lambda w, c: leaf(w)["container"]["args"].append("{{=inputs.parameters['my-table'] == 'users'}}"),
        "nothing here is called 'inputs.parameters.my-table'",
    ),
    "braces that are not closed": (
        lambda w, c: leaf(w)["container"]["args"].append("{{workflow.parameters.start}"),
        "braces are opened and not closed",
    ),
    # who calls whom
    "an entrypoint that is not there": (
        lambda w, c: w["spec"].update(entrypoint="pipelin"),
        "spec.entrypoint: there is no template 'pipelin'",
    ),
    "an exit handler that is not there": (
        lambda w, c: w["spec"].update(onExit="bye"),
        "onExit: there is no template 'bye'",
    ),
    "a hook that is not there": (
        lambda w, c: w["spec"].update(hooks={"running": {"template": "hello", "expression": "true"}}),
        "hooks.running: there is no template 'hello'",
    ),
    "a task of no template": (
        lambda w, c: task(w, "report").update(template="reprot"),
        "there is no template 'reprot'",
    ),
    "a task of a template of a document that is not there": (
        lambda w, c: (
            task(w, "report").pop("template"),
            task(w, "report").update(templateRef={"name": "x", "template": "y"}),
        ),
        "there is no template 'y' in 'x' among these documents",
    ),
    "a task that waits for nobody": (
        lambda w, c: task(w, "report").update(depends="dbt-tset"),
        "template pipeline, dag.tasks[6].depends: there is no task 'dbt-tset' in this DAG",
    ),
    "the same in the older form": (
        lambda w, c: (task(w, "report").pop("depends"), task(w, "report").update(dependencies=["dbt-tset"])),
        "there is no task 'dbt-tset' in this DAG",
    ),
    "a result that no task has": (
        lambda w, c: task(w, "report").update(depends="dbt-test.Success"),
        "Success in 'dbt-test.Success' is no result of a task",
    ),
    "a condition that cannot be read": (
        lambda w, c: task(w, "report").update(depends="dbt-test &&"),
        "dag.tasks[6].depends: the expression ends too early",
    ),
    "both forms of waiting": (
        lambda w, c: task(w, "report").update(dependencies=["dbt-test"]),
        "depends and dependencies exclude each other",
    ),
    "a circle": (
        lambda w, c: task(w, "dbt-run").update(depends="report"),
        "template pipeline: task 'dbt-run' waits for itself: dbt-run and dbt-test and report go round",
    ),
    "two templates of one name": (
        lambda w, c: w["spec"]["templates"].append(copy.deepcopy(leaf(w))),
        "2 have the template name 'load-backend'",
    ),
    "two tasks of one name": (
        lambda w, c: task(w, "load-users").update(name="load-orders"),
        "template pipeline: 2 have the task name 'load-orders'",
    ),
    "two parameters of one name": (
        lambda w, c: w["spec"]["arguments"]["parameters"].append({"name": "seed", "value": "1"}),
        "spec.arguments.parameters: 2 have the parameter name 'seed'",
    ),
    "an argument that nobody takes": (
        lambda w, c: task(w, "load-users")["arguments"]["parameters"].append({"name": "tabel", "value": "users"}),
        "template 'load-backend' declares no 'tabel'; it declares table",
    ),
    "an argument that is not passed": (
        lambda w, c: task(w, "load-users").pop("arguments"),
        "template 'load-backend' wants 'table', which is not passed and has no default",
    ),
    "an argument without a value": (
        lambda w, c: task(w, "load-users")["arguments"]["parameters"][0].pop("value"),
        "'table' is passed without a value",
    ),
    "an argument that is none of the choices": (
        lambda w, c: task(w, "load-users")["arguments"]["parameters"][0].update(value="user"),
        "'user' is not one of users, orders",
    ),
    "a default that is none of the choices": (
        lambda w, c: w["spec"]["arguments"]["parameters"][3].update(value="made-up"),
        "spec.arguments.parameters[3].value: 'made-up' is not one of synthetic, existing",
    ),
    "a schedule of another template": (
        lambda w, c: c["spec"]["workflowSpec"]["workflowTemplateRef"].update(name="customer-jurney"),
        "there is no WorkflowTemplate 'customer-jurney' among these documents",
    ),
    "a schedule that passes what the template does not know": (
        lambda w, c: c["spec"]["workflowSpec"]["arguments"]["parameters"].append({"name": "begin", "value": ""}),
        "CronWorkflow customer-journey, spec.workflowSpec.arguments.parameters[2]: WorkflowTemplate 'customer-journey' "
        "declares no 'begin'",
    ),
    "a template of two kinds": (
        lambda w, c: leaf(w).update(suspend={}),
        "template load-backend: a template is exactly one of",
    ),
    # rules
    "no image": (lambda w, c: leaf(w)["container"].update(image=""), "container.image: there is no image"),
    "an image without a tag": (lambda w, c: leaf(w)["container"].update(image="a.b:5000/c"), "'a.b:5000/c' has no tag"),
    "the tag latest": (lambda w, c: leaf(w)["container"].update(image="c:latest"), "'c:latest' has the tag latest"),
    "the tag latest through a parameter": (
        lambda w, c: parameter(w, "image_tag").update(value="latest"),
        "the image 'customer-journey/synth:latest' has the tag latest",
    ),
    "no command": (
        lambda w, c: leaf(w)["container"].pop("command"),
        "template load-backend, container: there is no command",
    ),
    "a time-out on the DAG": (
        lambda w, c: leaf(w, "pipeline").update(timeout="1h"),
        "template pipeline, timeout: a dag template takes no timeout",
    ),
    "a deadline on the DAG": (
        lambda w, c: leaf(w, "pipeline").update(activeDeadlineSeconds=60),
        "template pipeline, activeDeadlineSeconds: a dag template takes no activeDeadlineSeconds",
    ),
    "a time-out that is none": (lambda w, c: leaf(w).update(timeout="30"), "timeout: '30' is not a duration"),
    "a delay that is none": (
        lambda w, c: w["spec"]["podGC"].update(deleteDelayDuration="ten"),
        "spec.podGC.deleteDelayDuration: 'ten' is not a duration",
    ),
    "a back-off that is none": (
        lambda w, c: leaf(w)["retryStrategy"]["backoff"].update(duration="soon"),
        "template load-backend, retryStrategy: 'soon' is not a duration",
    ),
    "retries without end": (
        lambda w, c: leaf(w)["retryStrategy"].pop("limit"),
        "template load-backend, retryStrategy: without a limit Argo retries for ever",
    ),
    "an exit code compared as a number": (
        lambda w, c: leaf(w)["retryStrategy"].update(expression="lastRetry.exitCode in [75]"),
        "'1' is compared with 75, which is of another type",
    ),
    "a retry expression with a wrong name": (
        lambda w, c: leaf(w)["retryStrategy"].update(expression="asInt(lastRetry.exitcode) == 75"),
        "lastRetry.exitcode is not known to a retry expression",
    ),
    "a mutex without a name": (
        lambda w, c: w["spec"]["synchronization"]["mutexes"].append({}),
        "spec.synchronization.mutexes[1].name: the mutex has no name",
    ),
    "a mutex taken twice": (
        lambda w, c: w["spec"]["synchronization"]["mutexes"].append({"name": "customer-journey"}),
        "the mutex 'customer-journey' is taken twice",
    ),
    "a variable set twice": (
        lambda w, c: leaf(w)["container"]["env"].append({"name": "PGPASSWORD", "value": "x"}),
        "template load-backend, container.env: the variable 'PGPASSWORD' is set twice",
    ),
    "a mount of no volume": (
        lambda w, c: leaf(w)["container"]["volumeMounts"][0].update(name="temp"),
        "container.volumeMounts[0]: there is no volume 'temp'",
    ),
    "a schedule of four fields": (
        lambda w, c: c["spec"].update(schedules=["30 16 * *"]),
        "CronWorkflow customer-journey, spec.schedules[0]: '30 16 * *' has 4 fields, not five",
    ),
    "an hour that no day has": (
        lambda w, c: c["spec"].update(schedules=["30 25 * * *"]),
        "'25' in '30 25 * * *' is not",
    ),
    "a time zone that is none": (
        lambda w, c: c["spec"].update(timezone="America/Los_Angels"),
        "spec.timezone: 'America/Los_Angels' is not an IANA time zone",
    ),
    "no time zone": (lambda w, c: c["spec"].pop("timezone"), "there is no timezone"),
    "a name that Kubernetes refuses": (
        lambda w, c: w["metadata"].update(name="Customer_Journey"),
        "metadata.name: 'Customer_Journey' is not a name of at most 63",
    ),
    "a document without a name": (lambda w, c: c["metadata"].pop("name"), "there is neither a name nor a generateName"),
}
