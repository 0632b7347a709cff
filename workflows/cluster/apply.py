"""`journey apply`: template and schedule as the code has them and the installation wants them."""

from dataclasses import dataclass

from journey.errors import BadInput
from workflows import NAME
from workflows.cluster.connection import Cluster, Json
from workflows.cluster.refusals import no_namespace
from workflows.lint import problems
from workflows.render import documents

PARAMETERS = f"{NAME}-parameters"  # the ConfigMap in which an installation keeps its defaults


@dataclass(frozen=True)
class Applied:
    """What became of an object: created, configured or unchanged."""

    kind: str
    name: str
    change: str


def apply(cluster: Cluster, given: dict[str, str], is_suspended: bool | None, is_dry: bool) -> list[Applied]:
    """Apply both manifests; a dry run asks the cluster for all of its judgement and changes nothing.

    given: defaults that win over the installation's. is_suspended: whether the schedule is to rest; None: as it is.
    Raises: BadInput, TryAgain.
    """
    if not cluster.has_namespace():
        raise no_namespace(cluster.context, cluster.namespace)
    made = list(_documents(cluster, given).values())
    if found := problems(made):
        raise BadInput(f"{found[0]} ({len(found)} in all; see `journey lint`)")
    return [_apply(cluster, document, is_suspended, is_dry) for document in made]


def _documents(cluster: Cluster, given: dict[str, str]) -> dict[str, Json]:
    installed = cluster.config_map(PARAMETERS)
    try:
        return documents({**installed, **given})
    except BadInput as error:
        if not installed:
            raise
        raise BadInput(f"{error} (ConfigMap {PARAMETERS} sets {', '.join(sorted(installed))})") from None


def _apply(cluster: Cluster, document: Json, is_suspended: bool | None, is_dry: bool) -> Applied:
    kind, name = document["kind"], document["metadata"]["name"]
    before = cluster.find(kind, name)
    if kind == "CronWorkflow":
        # a schedule that someone made rest must not start because the code was applied
        rests = ((before or {}).get("spec") or {}).get("suspend") if is_suspended is None else is_suspended
        document["spec"] |= {} if rests is None else {"suspend": rests}
    after = cluster.apply(document, is_dry)
    if before is None:
        return Applied(kind, name, "created")
    return Applied(kind, name, "unchanged" if _content(before) == _content(after) else "configured")


def _content(document: Json) -> Json:
    """What an object says, without what the cluster keeps about it."""
    metadata = document["metadata"]
    return {"spec": document["spec"], **{key: metadata.get(key) for key in ("labels", "annotations")}}
