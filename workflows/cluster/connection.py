"""The cluster of the kube config, asked with the user's own rights.

The kubernetes client takes half a second to import: it is imported inside functions only.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey.errors import BadInput
from workflows import NAME
from workflows.cluster.refusals import NotThere, answers

Json = dict[str, Any]

PLURALS = {"WorkflowTemplate": "workflowtemplates", "CronWorkflow": "cronworkflows", "Workflow": "workflows"}
FIELD_MANAGER = NAME
TO_CONNECT, TO_ANSWER = 5.0, 60.0  # seconds
_OF_A_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True)
class Cluster:
    """One namespace of one cluster; `context` is what the kube config calls it."""

    client: Any
    context: str
    namespace: str

    def find(self, kind: str, name: str) -> Json | None:
        """An object of Argo's; None where there is none of that name."""
        try:
            found: Json = self._argo(f"get {kind} {name}", "get_namespaced_custom_object", kind, name)
        except NotThere:
            return None
        return found

    def list(self, kind: str, labels: str) -> list[Json]:
        """Every object of a kind that has the labels."""
        found = self._argo(f"list {PLURALS[kind]}", "list_namespaced_custom_object", kind, label_selector=labels)
        return list(found["items"])

    def create(self, document: Json) -> Json:
        """Make an object.

        Raises: AlreadyThere.
        """
        kind = document["kind"]
        options = {"field_manager": FIELD_MANAGER, "field_validation": "Strict"}
        made: Json = self._argo(f"create a {kind}", "create_namespaced_custom_object", kind, document, **options)
        return made

    def apply(self, document: Json, is_dry: bool) -> Json:
        """Server-side apply: fields that were set before and are not set now go, those of others stay."""
        kind, name = document["kind"], document["metadata"]["name"]
        options = {
            "field_manager": FIELD_MANAGER,
            "field_validation": "Strict",
            "force": True,  # Python is the only source of these objects: what was edited by hand is set back
            "dry_run": "All" if is_dry else None,
            "_content_type": "application/apply-patch+yaml",
        }
        ask = f"apply {kind} {name}"
        applied: Json = self._argo(ask, "patch_namespaced_custom_object", kind, name, document, **options)
        return applied

    def config_map(self, name: str) -> dict[str, str]:
        """The data of a ConfigMap; empty where there is none of that name."""
        try:
            found = self._core(f"get ConfigMap {name}", "read_namespaced_config_map", name, self.namespace)
        except NotThere:
            return {}
        return dict(found.data or {})

    def pod_of(self, workflow: str, node: str) -> str | None:
        """The name of the pod of a workflow's node; None once it is gone."""
        labels = f"workflows.argoproj.io/workflow={workflow}"
        pods = self._core("list pods", "list_namespaced_pod", self.namespace, label_selector=labels)
        of_node = "workflows.argoproj.io/node-id"
        return next((p.metadata.name for p in pods.items if (p.metadata.annotations or {}).get(of_node) == node), None)

    def log_of(self, pod: str, lines: int) -> str:
        """The last lines that a stage wrote."""
        options = {"container": "main", "tail_lines": lines}
        return str(self._core(f"read the log of pod {pod}", "read_namespaced_pod_log", pod, self.namespace, **options))

    def look_at(self, workflow: str) -> tuple[Json | None, str]:
        """A workflow, None once it is gone, and the moment of this look, from which `changes` can go on."""
        options = {"field_selector": f"metadata.name={workflow}"}
        found = self._argo(f"get Workflow {workflow}", "list_namespaced_custom_object", "Workflow", **options)
        # the list's version, not the object's own: an API server that was started anew knows nothing of that one
        return next(iter(found["items"]), None), str(found["metadata"]["resourceVersion"])

    def changes(self, workflow: str, since: str, seconds: int) -> Iterator[tuple[str, Json]]:
        """What happens to a workflow from that moment on: ADDED, MODIFIED or DELETED, and how it is then."""
        from kubernetes import client, watch

        with answers(self.context, self.namespace, f"watch Workflow {workflow}"):
            for event in watch.Watch().stream(
                client.CustomObjectsApi(self.client).list_namespaced_custom_object,
                *self._at("Workflow"),
                field_selector=f"metadata.name={workflow}",
                resource_version=since,
                timeout_seconds=seconds,
                _request_timeout=(TO_CONNECT, seconds + 10.0),
            ):
                yield event["type"], event["object"]

    def has_namespace(self) -> bool:
        """Whether the namespace is there; yes where the user may not know."""
        from kubernetes import client
        from kubernetes.client.exceptions import ForbiddenException, NotFoundException

        with answers(self.context, self.namespace, f"get namespace {self.namespace}"):
            try:
                client.CoreV1Api(self.client).read_namespace(self.namespace, _request_timeout=(TO_CONNECT, TO_ANSWER))
            except NotFoundException:
                return False
            except ForbiddenException:
                return True
        return True

    def _at(self, kind: str) -> tuple[str, str, str, str]:
        return "argoproj.io", "v1alpha1", self.namespace, PLURALS[kind]

    def _argo(self, what: str, method: str, kind: str, *rest: Any, **options: Any) -> Any:
        from kubernetes import client

        return self._ask(what, getattr(client.CustomObjectsApi(self.client), method), *self._at(kind), *rest, **options)

    def _core(self, what: str, method: str, *rest: Any, **options: Any) -> Any:
        from kubernetes import client

        return self._ask(what, getattr(client.CoreV1Api(self.client), method), *rest, **options)

    def _ask(self, what: str, method: Any, *rest: Any, **options: Any) -> Any:
        with answers(self.context, self.namespace, what):
            return method(*rest, **options, _request_timeout=(TO_CONNECT, TO_ANSWER))


def connect(context: str | None = None, namespace: str | None = None) -> Cluster:
    """The cluster of a context, by default the current one; inside a pod without a kube config the pod's own.

    namespace: by default the context's, else `customer-journey`.
    Raises: BadInput, when there is no kube config, or no such context in it.
    """
    import urllib3
    from kubernetes import client, config

    urllib3.disable_warnings()  # about TLS that a kube config says not to verify: kubectl is silent there too
    settings = client.Configuration()
    settings.retries = 0  # the client's own retries write to the terminal; those who can wait try again themselves
    if _OF_A_POD.is_file() and "KUBECONFIG" not in os.environ and context is None:
        config.load_incluster_config(client_configuration=settings)
        return Cluster(client.ApiClient(settings), "this pod's cluster", namespace or _OF_A_POD.read_text().strip())
    found = _context(context)
    try:
        config.load_kube_config(context=found["name"], client_configuration=settings)
    except config.ConfigException as error:
        raise BadInput(f"the kube config's context {found['name']!r} cannot be used: {error}") from None
    own = (found.get("context") or {}).get("namespace")
    return Cluster(client.ApiClient(settings), found["name"], namespace or own or NAME)


def _context(name: str | None) -> Json:
    """A context of the kube config."""
    import yaml
    from kubernetes import config

    file = os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    try:
        every, current = config.list_kube_config_contexts()
    except (config.ConfigException, yaml.YAMLError, OSError, AttributeError, TypeError) as error:
        said = " ".join(str(error).split())
        if not any(Path(one).exists() for one in file.split(os.pathsep)):
            raise BadInput(
                f"there is no kube config {file}: make a cluster (`make kind`), or let KUBECONFIG name your file"
            ) from None
        raise BadInput(f"the kube config {file} cannot be used: {said}; mend it (`kubectl config view`)") from None
    if name is None:
        return dict(current)
    found = next((one for one in every if one["name"] == name), None)
    if found is None:
        raise BadInput(f"the kube config {file} has no context {name!r}; it has {', '.join(c['name'] for c in every)}")
    return dict(found)
