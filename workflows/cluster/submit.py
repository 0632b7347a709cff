"""`journey submit`: one run of the template on the cluster, followed to its end if asked."""

from collections.abc import Mapping

from rich.console import Console

from journey.errors import BadInput
from workflows import NAME
from workflows.closing import figure_lines, task_table
from workflows.cluster.connection import Cluster, Json
from workflows.cluster.follow import follow
from workflows.cluster.refusals import AlreadyThere, no_namespace
from workflows.cluster.screen import Screen
from workflows.cluster.tasks import UNLUCKY, Task, message_of, phase_of, result_of, tasks_of
from workflows.parameters import check, values_of

LOG_LINES = 30
INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C


def submit(cluster: Cluster, parameters: Mapping[str, str], name: str | None) -> Json:
    """Start a run of the template that is applied on the cluster.

    Raises: BadInput, when the template is not applied, a parameter is wrong or the name is taken; nothing has been
    started then.
    """
    judge(cluster, parameters)
    try:
        return cluster.create(document(parameters, {"name": name} if name else {"generateName": f"{NAME}-"}))
    except AlreadyThere:
        raise BadInput(
            f"there is a workflow {name} in namespace {cluster.namespace} already: give another --name"
        ) from None


def judge(cluster: Cluster, parameters: Mapping[str, str]) -> None:
    """Refuse what the template on the cluster, which may be older than this code, would not take."""
    template = cluster.find("WorkflowTemplate", NAME)
    if template is None:
        if not cluster.has_namespace():
            raise no_namespace(cluster.context, cluster.namespace)
        raise BadInput(
            f"there is no WorkflowTemplate {NAME} in namespace {cluster.namespace}: apply it with `journey apply`"
        )
    check(values_of(template["spec"].get("arguments") or {}, parameters))


def document(parameters: Mapping[str, str], metadata: Json) -> Json:
    """A Workflow that runs the template."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": metadata,
        "spec": {
            "workflowTemplateRef": {"name": NAME},
            "arguments": {"parameters": [{"name": name, "value": value} for name, value in parameters.items()]},
        },
    }


def watch(cluster: Cluster, name: str) -> int:
    """Show a workflow until it has ended, then what remains of it; returns 0 if it succeeded, else 1.

    Ctrl-C ends the watching, not the workflow, and returns 130.
    """
    errors = Console(stderr=True)
    workflow: Json = {}
    try:
        with Screen(errors) as screen:
            for workflow in follow(cluster, name, screen.say):
                screen.show(workflow)
    except KeyboardInterrupt:
        errors.print(f"{name} goes on; to end it: argo -n {cluster.namespace} stop {name}", markup=False)
        return INTERRUPTED
    return close(cluster, workflow, errors)


def close(cluster: Cluster, workflow: Json, errors: Console) -> int:
    """Print the last screen of an ended workflow; returns its exit code."""
    result = result_of(workflow)
    console = Console()
    console.print(task_table(result))
    if result.succeeded:
        for line in figure_lines(result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        console.print("\nReport: artifact `report` of the task report, in Argo's UI", highlight=False, markup=False)
        return 0
    for task in tasks_of(workflow):
        if task.state in UNLUCKY:
            _print_failure(cluster, workflow["metadata"]["name"], task, errors)
    if message_of(workflow):
        errors.print(
            f"{phase_of(workflow).lower()}: {message_of(workflow)}", markup=False, highlight=False, soft_wrap=True
        )
    name = workflow["metadata"]["name"]
    errors.print(
        f"to go on where it failed: argo -n {cluster.namespace} retry {name}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 1


def _print_failure(cluster: Cluster, workflow: str, task: Task, console: Console) -> None:
    console.print(f"\n{task.name} failed: {task.message}", style="red", markup=False, highlight=False, soft_wrap=True)
    pod = cluster.pod_of(workflow, task.node)
    if pod is None:
        console.print("  its pod is gone; its log is the artifact main-logs of the task", markup=False)
        return
    for line in cluster.log_of(pod, LOG_LINES).splitlines():
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"  the whole log: kubectl -n {cluster.namespace} logs {pod} -c main", markup=False, soft_wrap=True)
