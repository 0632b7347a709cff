"""What Prometheus is told of a run: gauges that Argo's controller keeps, one value for each stage.

Argo puts `argo_workflows_` before their names and serves them on port 9090 of the controller.
"""

from hera.workflows import Gauge, Label

PREFIX = "customer_journey"
# The controller keeps the first help text of a metric until it restarts, and drops values that come with another.
HELP = {
    "rows": "Rows that the stage wrote, in its last run that went well.",
    "bytes": "Bytes that the stage wrote, in its last run that went well.",
    "match_rate": "Eligible orders that GA4 reported too, as a share from 0 to 1.",
}
# `status` has no value until a stage has ended, which keeps Argo from working an expression out too early. A stage
# whose pod is lost has no outputs: the workflow then gets the condition MetricsError, which changes nothing else.
# No &, < or > in them: Argo 4.0 writes these as \\u0026 into the pod, cannot read that back, and starts no pod.
_COUNTS = "fromJSON(outputs.parameters.counts)"


def gauges(stage: str, dataset: str, *names: str) -> list[Gauge]:
    """The named counts of a stage that succeeded and counted them; nothing is reported of one that did not.

    stage, dataset: labels; tags in them are filled in.
    """
    return [
        Gauge(
            name=f"{PREFIX}_{name}",
            help=HELP[name],
            labels=[Label(key="stage", value=stage), Label(key="dataset", value=dataset)],
            when=f"{{{{=status == 'Succeeded' and {_COUNTS}.{name} != nil}}}}",
            value=f"{{{{=status == 'Succeeded' ? ({_COUNTS}.{name} ?? 0) : 0}}}}",
            realtime=False,
        )
        for name in names
    ]
