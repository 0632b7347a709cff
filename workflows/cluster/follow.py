"""Follows a workflow to its end, over connections that may be lost."""

import time
from collections.abc import Callable, Iterator

from journey.errors import BadInput, TryAgain
from workflows.cluster.connection import Cluster, Json
from workflows.cluster.tasks import is_over

PATIENCE_SECONDS = 300.0  # without any answer; an API server that restarts is back in one minute
WATCH_SECONDS = 60  # load balancers cut what lasts longer; the workflow is read anew then anyway
PAUSE_SECONDS = 2.0


def follow(cluster: Cluster, name: str, on_loss: Callable[[str], None]) -> Iterator[Json]:
    """The workflow as it is, then each time it changes, until it has ended.

    on_loss: told once, in a sentence, when the cluster stops answering.
    Raises: BadInput, when the workflow is deleted; TryAgain, when the cluster has not answered for five minutes.
    """
    lost_since: float | None = None
    while True:
        try:
            workflow, moment = cluster.look_at(name)
            if workflow is None:
                raise _gone(cluster, name)
            yield workflow
            if is_over(workflow):
                return
            for event, changed in cluster.changes(name, moment, WATCH_SECONDS):
                lost_since = None
                if event == "DELETED":
                    raise _gone(cluster, name)
                yield changed
                if is_over(changed):
                    return
            lost_since = None
        except TryAgain as error:
            if lost_since is None:
                lost_since = time.monotonic()
                on_loss(f"lost sight of {name}, which goes on; asking again ({error})")
            elif time.monotonic() - lost_since > PATIENCE_SECONDS:
                raise
            time.sleep(PAUSE_SECONDS)


def _gone(cluster: Cluster, name: str) -> BadInput:
    return BadInput(f"there is no workflow {name} in namespace {cluster.namespace} any more: somebody deleted it")
