"""The chart and the workflow speak of the same objects, settings and parameters."""

import re
from pathlib import Path

import yaml

from tests.chart.rendering import SCENARIOS, Json, find, rendered, scenario, values_of
from tests.chart.rendering import template as helm_template
from workflows.lint import problems
from workflows.pipeline import SETTINGS, template
from workflows.render import documents


def text_of_the_workflow() -> str:
    return yaml.safe_dump(template.to_dict())


def test_the_workflow_finds_its_settings_and_its_account() -> None:
    made = scenario("kind")
    spec: Json = template.to_dict()["spec"]
    find(made, "ServiceAccount", spec["serviceAccountName"])
    named = set(re.findall(r"configMapRef:\s+name: (\S+)", text_of_the_workflow()))
    assert named == {"customer-journey-settings"}
    find(made, "ConfigMap", "customer-journey-settings")


def test_the_secrets_that_the_workflow_names_are_made() -> None:
    made = scenario("kind")
    parameters = {p["name"]: p.get("value") for p in template.to_dict()["spec"]["arguments"]["parameters"]}
    installed = find(made, "ConfigMap", "customer-journey-parameters")["data"]
    for parameter, key in [("postgresql_secret", "password"), ("email_salt_secret", "salt")]:
        assert installed[parameter] == parameters[parameter]
        assert set(find(made, "Secret", parameters[parameter])["data"]) == {key}
    assert installed["google_key_secret"] == parameters["google_key_secret"]


def test_journey_apply_takes_what_the_installation_sets() -> None:
    for name in SCENARIOS:
        data = find(scenario(name), "ConfigMap", "customer-journey-parameters")["data"]
        assert problems(list(documents(data).values())) == []


def test_the_workflow_has_the_defaults_of_the_installation() -> None:
    made = rendered("--set=image.tag=abc,parameters.location=EU,parameters.cron_schedule=0 6 * * *")
    data = find(made, "ConfigMap", "customer-journey-parameters")["data"]
    workflow, schedule = documents(data).values()
    defaults = {p["name"]: p.get("value") for p in workflow["spec"]["arguments"]["parameters"]}
    assert (defaults["image_tag"], defaults["location"]) == ("abc", "EU")
    assert schedule["spec"]["schedules"] == ["0 6 * * *"]


def test_every_setting_of_the_workflow_can_be_given_as_a_value() -> None:
    values = {
        "seed": "4294967295",
        "gap_rate": "0.05",
        "full_reload": "true",
        "backend": "existing",
        "as_of": "2020-12-01",
    }
    values |= {"start": "2020-11-01", "end": "2020-11-02", "time_zone": "Europe/Berlin", "dataset_prefix": "x_"}
    values |= {"backend_schema": "s", "ga4_source": "abcdef.d", "location": "EU"}
    assert set(values) == {str(p.name) for p in SETTINGS}
    for before in ("", "cron_"):
        given = [f"--set=parameters.{before}{name}={value}" for name, value in values.items()]
        data = find(rendered(*given), "ConfigMap", "customer-journey-parameters")["data"]
        assert {name: data[before + name] for name in values} == values


def test_a_number_in_a_values_file_stays_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(
        "parameters: {seed: 4294967295, gap_rate: 0.05, full_reload: true, start: 2020-11-01, end: 2020-11-02}"
    )
    data = find(rendered("--values", str(file)), "ConfigMap", "customer-journey-parameters")["data"]
    given = {name: data[name] for name in ("seed", "gap_rate", "full_reload", "start", "end")}
    assert given == {
        "seed": "4294967295",
        "gap_rate": "0.05",
        "full_reload": "true",
        "start": "2020-11-01",
        "end": "2020-11-02",
    }


def test_a_google_key_reaches_the_stages_as_the_workflow_mounts_it() -> None:
    made = rendered("--set=emulator.enabled=false,project=my-project-1,google.existingSecret=my-key")
    path = find(made, "ConfigMap", "customer-journey-settings")["data"]["GOOGLE_APPLICATION_CREDENTIALS"]
    folder, _, key = path.rpartition("/")
    assert folder in re.findall(r"mountPath: (\S+)", text_of_the_workflow())
    assert key == "key.json"
    assert find(made, "ConfigMap", "customer-journey-parameters")["data"]["google_key_secret"] == "my-key"


def test_names_do_not_follow_the_release() -> None:

    named = helm_template("--values", str(values_of("kind")), name="another")
    objects = [o for o in yaml.safe_load_all(named.stdout) if o]
    # a Job's name ends in a hash of its pod, which is labelled with the release
    names = [re.sub("source-.*", "source", o["metadata"]["name"]) for o in objects]
    assert names == [re.sub("source-.*", "source", o["metadata"]["name"]) for o in scenario("kind")]
