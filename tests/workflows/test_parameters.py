"""Values given by a person or an installation reach the manifests, or are refused at once."""

from typing import Any

import pytest

from journey.errors import BadInput
from workflows.lint import problems
from workflows.parameters import pairs
from workflows.pipeline import SECRETS
from workflows.render import documents

Json = dict[str, Any]


def workflow(made: dict[str, Json]) -> dict[str, str]:
    """The defaults of the template."""
    return {p["name"]: p["value"] for p in made["workflow-template.yaml"]["spec"]["arguments"]["parameters"]}


def schedule(made: dict[str, Json]) -> Json:
    """The schedule's spec."""
    return dict(made["cron-workflow.yaml"]["spec"])


def arguments(made: dict[str, Json]) -> dict[str, str]:
    """What the schedule gives its runs."""
    return {p["name"]: p["value"] for p in schedule(made)["workflowSpec"]["arguments"]["parameters"]}


def test_a_default_of_the_installation_is_the_template_s() -> None:
    made = documents({"image_repository": "registry.example.com:5000/journey", "image_tag": "abc-dirty", "seed": "7"})
    assert workflow(made) == workflow(documents()) | {
        "image_repository": "registry.example.com:5000/journey",
        "image_tag": "abc-dirty",
        "seed": "7",
    }
    assert problems(list(made.values())) == []


def test_days_of_the_template_are_not_those_of_the_schedule() -> None:
    made = documents({"start": "2020-11-01", "end": "2020-11-02"})
    assert (workflow(made)["start"], workflow(made)["end"]) == ("2020-11-01", "2020-11-02")
    assert arguments(made) == {"start": "", "end": ""}


def test_what_is_for_the_schedule_alone_is_the_schedule_s() -> None:
    made = documents({"cron_start": "2020-11-01", "cron_end": "2020-11-02", "cron_seed": "3"})
    assert arguments(made) == {"start": "2020-11-01", "end": "2020-11-02", "seed": "3"}
    assert workflow(made) == workflow(documents())
    assert problems(list(made.values())) == []


def test_the_schedule_keeps_the_shop_s_time() -> None:
    made = documents({"time_zone": "Europe/Berlin", "cron_schedule": "0 6 * * 1-5"})
    assert schedule(made)["timezone"] == "Europe/Berlin"
    assert schedule(made)["schedules"] == ["0 6 * * 1-5"]


def test_rendering_with_defaults_leaves_the_definition_as_it_was() -> None:
    before = documents()
    documents({"seed": "99", "cron_schedule": "0 6 * * *"})
    assert documents() == before


WRONG = {
    "a name that there is not": ({"sed": "1"}, "there is no parameter 'sed'; there are start, end,"),
    "a value outside its choice": ({"backend": "none"}, "parameter backend is 'none', which is not one of"),
    "a share above one": ({"gap_rate": "2"}, "parameter gap_rate is '2', which is not allowed: give a share"),
    "an end before the start": ({"start": "2020-12-02", "end": "2020-12-01"}, "END 2020-12-01 lies before START"),
    "a window with one end": ({"start": ""}, "START and END go together"),
    "the tag latest": ({"image_tag": "latest"}, "parameter image_tag is 'latest', which is not allowed"),
    "no tag": ({"image_tag": ""}, "parameter image_tag is ''"),
    "a repository with a slash at its end": ({"image_repository": "a/b/"}, "parameter image_repository is 'a/b/'"),
    "no Secret": ({"google_key_secret": ""}, "parameter google_key_secret is ''"),
    "a Secret of no possible name": ({"postgresql_secret": "My_Secret"}, "parameter postgresql_secret is 'My_Secret'"),
    "a schedule of four fields": ({"cron_schedule": "0 6 * *"}, "cron_schedule is no cron schedule: '0 6 * *' has 4"),
    "an hour that is none": ({"cron_schedule": "0 24 * * *"}, "cron_schedule is no cron schedule: '24'"),
    "a schedule's value outside its choice": ({"cron_backend": "x"}, "parameter backend is 'x', which is not one of"),
    "a schedule's name that there is not": ({"cron_x": "1"}, "there is no parameter 'x'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_default_that_cannot_be_is_refused(case: str) -> None:
    given, sentence = WRONG[case]
    with pytest.raises(BadInput) as refused:
        documents(given)
    assert sentence in str(refused.value)


def test_pairs_keep_what_is_after_the_first_equals_sign() -> None:
    assert pairs(["a=1", "b=", "c=x=y"]) == {"a": "1", "b": "", "c": "x=y"}


@pytest.mark.parametrize("texts", [["a"], ["=1"], ["a=1", "a=2"]])
def test_pairs_that_say_nothing_or_two_things_are_refused(texts: list[str]) -> None:
    with pytest.raises(BadInput):
        pairs(texts)


def secrets(template: Json) -> set[str]:
    """The Secrets that a template's pod may read, by the parameter that names them."""
    environment = template.get("container", {}).get("env", [])
    names = [v["valueFrom"]["secretKeyRef"]["name"] for v in environment if "valueFrom" in v]
    names += [v["secret"]["secretName"] for v in template.get("volumes", []) if "secret" in v]
    return {name.removeprefix("{{workflow.parameters.").removesuffix("}}") for name in names}


def test_each_stage_gets_the_secrets_it_needs_and_no_other() -> None:
    templates = documents()["workflow-template.yaml"]["spec"]["templates"]
    given = {t["name"]: secrets(t) for t in templates if "container" in t}
    key, password, salt = "google_key_secret", "postgresql_secret", "email_salt_secret"
    assert given == {
        "synth": {key, password},
        "load-ga4": {key},
        "load-backend": {key, password, salt},
        "dbt": {key},
        "report": {key},
    }
    assert {p.name for p in SECRETS} == {key, password, salt}
