"""Network policies: who reaches whom, worked out from the rendered rules and the labels of the pods."""

import pytest

from tests.chart.rendering import Json, find, pods, rendered, scenario
from workflows.pipeline import template

STAGES = {"synth", "load-ga4", "load-backend", "dbt", "report"}


def selects(selector: Json, labels: dict[str, str]) -> bool:
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    rules = selector.get("matchExpressions", [])
    assert all(rule["operator"] == "In" for rule in rules)
    return all(labels.get(rule["key"]) in rule["values"] for rule in rules)


def stage_labels(component: str) -> dict[str, str]:
    """What the workflow puts on the pod of a stage."""
    found = next(t for t in template.to_dict()["spec"]["templates"] if t["name"] == component)
    labels: dict[str, str] = template.to_dict()["spec"]["podMetadata"]["labels"] | found["metadata"]["labels"]
    return labels


def all_labels(made: tuple[Json, ...]) -> dict[str, dict[str, str]]:
    ours = {
        pod["metadata"]["labels"]["app.kubernetes.io/component"]: pod["metadata"]["labels"]
        for pod in pods(made).values()
    }
    return ours | {component: stage_labels(component) for component in STAGES}


def may_send(made: tuple[Json, ...], sender: dict[str, str], receiver: dict[str, str], port: int) -> bool:
    """Whether the policies let one pod of the namespace reach a port of another, at both ends."""

    def open_at(pod: dict[str, str], direction: str, peers: str, other: dict[str, str]) -> bool:
        policies = [
            o["spec"]
            for o in made
            if o["kind"] == "NetworkPolicy"
            and direction in o["spec"]["policyTypes"]
            and selects(o["spec"]["podSelector"], pod)
        ]
        return not policies or any(
            port in [p["port"] for p in rule["ports"]]
            and any(
                "podSelector" in peer and "namespaceSelector" not in peer and selects(peer["podSelector"], other)
                for peer in rule[peers]
            )
            for policy in policies
            for rule in policy.get(direction.lower(), [])
        )

    return open_at(sender, "Egress", "to", receiver) and open_at(receiver, "Ingress", "from", sender)


def test_each_reaches_what_it_needs_and_nothing_more() -> None:
    made = scenario("kind")
    labels = all_labels(made)
    ports = {"postgresql": [5432], "bigquery-emulator": [9050, 9060], "artifact-store": [9000]}
    reached = {
        (sender, receiver)
        for sender in labels
        for receiver in labels
        for port in (5432, 9050, 9060, 9000, 80)
        if may_send(made, labels[sender], labels[receiver], port)
    }
    needed = {(stage, "bigquery-emulator") for stage in STAGES | {"source", "test"}}
    needed |= {(stage, "artifact-store") for stage in STAGES | {"test"}}
    needed |= {(stage, "postgresql") for stage in ("synth", "load-backend", "test")}
    assert reached == needed
    for sender, receiver in needed:
        assert all(may_send(made, labels[sender], labels[receiver], port) for port in ports[receiver])


def test_every_pod_of_ours_is_denied_what_no_policy_opens() -> None:
    made = scenario("kind")
    deny = find(made, "NetworkPolicy", "customer-journey-default-deny")["spec"]
    assert set(deny) == {"podSelector", "policyTypes"}
    for component, labels in all_labels(made).items():
        assert selects(deny["podSelector"], labels), component
    assert not selects(deny["podSelector"], {"app": "somebody-else"})


@pytest.mark.parametrize(("name", "reaches_google"), [("kind", False), ("bigquery", True)])
def test_google_is_reached_only_where_it_is_used(name: str, reaches_google: bool) -> None:
    stages = [
        rule
        for o in scenario(name)
        if o["kind"] == "NetworkPolicy" and selects(o["spec"]["podSelector"], stage_labels("dbt"))
        for rule in o["spec"].get("egress", [])
    ]
    anywhere = [
        r for r in stages if {"ipBlock": {"cidr": "0.0.0.0/0"}} in r["to"] and 443 in [p["port"] for p in r["ports"]]
    ]
    assert bool(anywhere) == reaches_google


def test_policies_and_budgets_are_off_unless_asked_for() -> None:
    assert not [o for o in rendered() if o["kind"] in ("NetworkPolicy", "PodDisruptionBudget")]
    budgets = [o["metadata"]["name"] for o in scenario("bigquery") if o["kind"] == "PodDisruptionBudget"]
    assert budgets == ["customer-journey-postgresql"]
