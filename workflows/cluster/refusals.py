"""What a cluster can answer other than yes, in one sentence each."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from journey.errors import BadInput, JourneyError, TryAgain


class NotThere(JourneyError):
    """There is no object of that name."""


class AlreadyThere(JourneyError):
    """There is an object of that name."""


@contextmanager
def answers(context: str, namespace: str, what: str) -> Iterator[None]:
    """Turn what the kubernetes client raises into the project's own errors; `what` is what was asked, as a verb.

    Raises: BadInput, TryAgain, NotThere, AlreadyThere.
    """
    from kubernetes.client.exceptions import ApiException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ApiException as error:
        raise _refusal(error, context, namespace, what) from None
    except HTTPError as error:
        reason = _short(getattr(error, "reason", None) or error)
        raise TryAgain(
            f"the cluster of context {context} does not answer ({reason}): start it, or choose another --context"
        ) from None


def _refusal(error: Any, context: str, namespace: str, what: str) -> JourneyError:
    status = _status(error.body)
    message = str(status.get("message") or error.reason)
    match error.status:
        case 0:
            return BadInput(f"the cluster of context {context} cannot be trusted: {_short(error.reason)}")
        case 401:
            return BadInput(
                f"the cluster of context {context} does not know you: log in again, or mend the kube config"
            )
        case 403:
            return BadInput(f"the cluster does not let you {what} in namespace {namespace}: {message}")
        case 404 if not status:
            return BadInput(
                f"there is no Argo Workflows on the cluster of context {context}: install it first (docs/kubernetes.md)"
            )
        case 404 if (status.get("details") or {}).get("kind") == "namespaces":
            return no_namespace(context, namespace)
        case 404:
            return NotThere(f"the cluster cannot {what} in namespace {namespace}: {message}")
        case 409 if status.get("reason") == "AlreadyExists":
            return AlreadyThere(f"the cluster cannot {what} in namespace {namespace}: {message}")
        # a field that the cluster's definitions do not have, or of another type, is a 500 in a server-side apply
        case code if code in (400, 422) or "failed to create typed patch object" in message:
            return BadInput(f"the cluster refuses to {what}: {message}")
    return TryAgain(f"the cluster of context {context} could not {what} (HTTP {error.status}): {message}")


def no_namespace(context: str, namespace: str) -> BadInput:
    """The sentence for a namespace that is missing."""
    return BadInput(
        f"there is no namespace {namespace} on the cluster of context {context}: "
        "install the chart first, or name another with --namespace"
    )


def _status(body: Any) -> dict[str, Any]:
    """The API's own words; empty where something else answered, such as the plain page for an unknown API."""
    try:
        found = json.loads(body or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "Status" else {}


def _short(reason: object) -> str:
    """An error of urllib3's without the objects it names."""
    return " ".join(str(reason).split()).rpartition(">: ")[2].rpartition("): ")[2]
