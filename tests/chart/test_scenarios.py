"""What each scenario is for, and who may do what."""

from pathlib import Path

import pytest
import yaml

from tests.chart.rendering import CHART, find, pods, rendered, run, scenario, template, values_of


def test_on_kind_stages_are_told_where_everything_is() -> None:
    assert find(scenario("kind"), "ConfigMap", "customer-journey-settings")["data"] == {
        "PGHOST": "customer-journey-postgresql",
        "PGPORT": "5432",
        "PGUSER": "journey",
        "PGDATABASE": "shop",
        "GOOGLE_CLOUD_PROJECT": "customer-journey",
        "BIGQUERY_EMULATOR_HOST": "http://customer-journey-bigquery-emulator:9050",
        "JOURNEY_STORAGE_HOST": "customer-journey-bigquery-emulator:9060",
    }


def test_services_lead_to_the_pods_that_answer() -> None:
    made = scenario("kind")
    for document in made:
        if document["kind"] == "Service":
            led_to = [
                pod
                for pod in pods(made).values()
                if document["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
            ]
            assert len(led_to) == 1, document["metadata"]["name"]
            offered = {port["name"] for port in led_to[0]["spec"]["containers"][0]["ports"]}
            assert {port["targetPort"] for port in document["spec"]["ports"]} <= offered


def test_on_google_there_is_no_emulator_and_nothing_fills_it() -> None:
    made = scenario("bigquery")
    assert not [o for o in made if "emulator" in o["metadata"]["name"] or o["kind"] == "Job"]
    data = find(made, "ConfigMap", "customer-journey-settings")["data"]
    assert not {"BIGQUERY_EMULATOR_HOST", "JOURNEY_STORAGE_HOST", "GOOGLE_APPLICATION_CREDENTIALS"} & set(data)
    assert data["GOOGLE_CLOUD_PROJECT"] == "my-analytics-project"
    annotations = find(made, "ServiceAccount", "customer-journey")["metadata"]["annotations"]
    assert annotations == {
        "iam.gke.io/gcp-service-account": "customer-journey@my-analytics-project.iam.gserviceaccount.com"
    }


def test_the_example_for_google_is_taken() -> None:
    """Once the words YOUR are filled in, and not before."""
    text = (CHART / "values-bigquery.example.yaml").read_text()
    assert "YOUR-PROJECT" in text

    assert "project" in template("--values", str(CHART / "values-bigquery.example.yaml")).stderr


def test_the_example_for_google_is_taken_once_it_is_filled_in(tmp_path: Path) -> None:
    text = (CHART / "values-bigquery.example.yaml").read_text()
    for placeholder in ("PROJECT", "REVISION", "DATABASE", "BUCKET"):
        text = text.replace(f"YOUR-{placeholder}", f"my-{placeholder.lower()}")
    file = tmp_path / "values.yaml"
    file.write_text(text)
    made = rendered("--values", str(file))
    assert not [o for o in made if o["kind"] in ("StatefulSet", "Secret", "Job")]


def test_with_a_shop_of_ones_own_no_postgresql_runs_here() -> None:
    made = scenario("existing-postgres")
    assert not [o for o in made if o["kind"] == "StatefulSet" and "postgresql" in o["metadata"]["name"]]
    data = find(made, "ConfigMap", "customer-journey-settings")["data"]
    assert (data["PGHOST"], data["PGPORT"], data["PGUSER"]) == ("db.shop.internal", "5433", "reader")
    assert find(made, "ConfigMap", "customer-journey-parameters")["data"]["postgresql_secret"] == "shop-reader"
    source = find(made, "Job", "customer-journey-source-")["spec"]["template"]["spec"]
    assert source["containers"][0]["args"] == ["--days", "/days"]


@pytest.mark.parametrize(
    ("name", "kind", "bucket"),
    [
        ("kind", "s3", "artifacts"),
        ("bigquery", "gcs", "my-analytics-artifacts"),
        ("existing-postgres", "s3", "journey-artifacts"),
    ],
)
def test_argo_is_told_where_artifacts_go(name: str, kind: str, bucket: str) -> None:
    config = find(scenario(name), "ConfigMap", "artifact-repositories")
    default = config["metadata"]["annotations"]["workflows.argoproj.io/default-artifact-repository"]
    repository = yaml.safe_load(config["data"][default])
    assert repository["archiveLogs"] is True
    assert repository[kind]["bucket"] == bucket
    assert "{{workflow.name}}" in repository[kind]["keyFormat"]


def test_the_store_is_the_bucket_that_argo_writes_to() -> None:
    made = scenario("kind")
    repository = yaml.safe_load(find(made, "ConfigMap", "artifact-repositories")["data"]["customer-journey"])["s3"]
    # the Argo server asks from another namespace
    assert repository["endpoint"] == "customer-journey-artifact-store.some-namespace.svc:9000"
    container = find(made, "Deployment", "customer-journey-artifact-store")["spec"]["template"]["spec"]["containers"][0]
    assert "/buckets/artifacts" in [mount["mountPath"] for mount in container["volumeMounts"]]
    secret = find(made, "Secret", repository["accessKeySecret"]["name"])
    assert set(secret["data"]) == {repository["accessKeySecret"]["key"], repository["secretKeySecret"]["key"]}


def test_without_a_repository_nothing_is_said_to_argo() -> None:
    assert not [o for o in rendered() if "artifact" in o["metadata"]["name"]]


def test_the_source_job_is_named_after_what_it_does() -> None:
    def name(*arguments: str) -> str:
        found: str = find(rendered(*arguments), "Job", "customer-journey-source-")["metadata"]["name"]
        return found

    assert name("--set=source.scale=0.1") != name()
    assert name("--set=image.tag=abc") != name()
    assert name("--set=artifacts.repository=store", "--set=postgresql.user=other") == name()


def test_named_secrets_are_not_made() -> None:
    made = rendered(
        "--set=postgresql.existingSecret=a,emailSalt.existingSecret=b",
        "--set=artifacts.repository=store,artifacts.store.existingSecret=c",
    )
    assert not [o for o in made if o["kind"] == "Secret"]
    text = yaml.safe_dump_all(made)
    for name in ("customer-journey-email-salt", "name: customer-journey-postgresql\n          key"):
        assert name not in text


def test_the_executor_may_say_what_came_out_and_nothing_else() -> None:
    made = scenario("kind")
    assert find(made, "Role", "customer-journey")["rules"] == [
        {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]}
    ]
    assert not [o for o in made if o["kind"].startswith("Cluster")]


def test_the_submitter_is_made_on_demand_and_may_delete_nothing() -> None:
    assert not [o for o in rendered() if "submitter" in o["metadata"]["name"]]
    rules = find(scenario("kind"), "Role", "customer-journey-submitter")["rules"]
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    assert verbs == {"create", "get", "list", "watch", "patch"}
    assert "secrets" not in {resource for rule in rules for resource in rule["resources"]}


@pytest.mark.parametrize(
    ("name", "said", "unsaid"),
    [
        ("kind", ["journey apply", "helm test customer-journey", "-l app.kubernetes.io/component=source"], ["Google"]),
        ("bigquery", ["docs/google.md", "customer-journey@my-analytics-project"], ["emulator", "was generated"]),
    ],
)
def test_the_notes_name_the_next_commands(name: str, said: list[str], unsaid: list[str]) -> None:
    done = run("install", "customer-journey", str(CHART), "--dry-run=client", "--values", str(values_of(name)))
    assert done.returncode == 0, done.stderr
    notes = done.stdout.partition("NOTES:")[2]
    assert [words for words in said if words not in notes] == []
    assert [words for words in unsaid if words in notes] == []
