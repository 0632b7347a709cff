"""One defect at a time is planted in the manifests; lint must find it and say where. Without one it finds nothing."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.defects import DEFECTS, leaf, task
from workflows.lint import problems
from workflows.render import documents

Json = dict[str, Any]


def manifests() -> tuple[Json, Json]:
    """The WorkflowTemplate and the CronWorkflow."""
    made = copy.deepcopy(documents())
    return made["workflow-template.yaml"], made["cron-workflow.yaml"]


def test_the_manifests_have_no_problems() -> None:
    assert problems(list(manifests())) == []


@pytest.mark.parametrize("what", DEFECTS)
def test_a_planted_defect_is_found(what: str) -> None:
    plant, sentence = DEFECTS[what]
    workflow, schedule = manifests()
    plant(workflow, schedule)
    found = problems([workflow, schedule])
    assert any(sentence in one for one in found), found


@pytest.mark.parametrize("what", DEFECTS)
def test_a_planted_defect_is_not_buried_under_others(what: str) -> None:
    workflow, schedule = manifests()
    DEFECTS[what][0](workflow, schedule)
    # one mistake may show in several tasks of one template, never in everything
    assert len(problems([workflow, schedule])) <= 7


# maps whose keys are the user's own
FREE = {"labels", "annotations", "limits", "requests", "nodeSelector"}


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of all objects whose fields Argo defines."""
    if isinstance(value, list):
        return [p for n, part in enumerate(value) for p in places(part, (*path, n))]
    if not isinstance(value, dict) or (path and path[-1] in FREE):
        return []
    return [path, *(p for key, part in value.items() for p in places(part, (*path, key)))]


@given(st.data())
def test_an_unknown_field_is_found_wherever_it_is(data: st.DataObject) -> None:
    pair = manifests()
    document = data.draw(st.sampled_from(pair))
    path = data.draw(st.sampled_from(places(document)))
    holder: Any = document
    for key in path:
        holder = holder[key]
    holder["unheardOf"] = data.draw(st.sampled_from(["", 0, {}, []]))
    assert any("there is no field 'unheardOf' here" in one for one in problems(list(pair)))


def test_names_in_expressions_that_argo_gives_are_let_through() -> None:
    workflow, schedule = manifests()
    leaf(workflow)["container"]["args"] += [
        "{{=sprig.trim(inputs.parameters.table) + '-x.y' + workflow.parameters['gap_rate']}}",
        "{{=map([1, 2], { # * 2 })}} {{=asInt(workflow.parameters.seed)-1}}",
        "{{pod.name}} {{retries}} {{workflow.creationTimestamp.Y}} {{ workflow.name }}",
    ]
    task(workflow, "report")["when"] = (
        "{{tasks.dbt-test.status}} == Succeeded && {{tasks.synth.outputs.parameters.counts}} != {}"
    )
    assert problems([workflow, schedule]) == []
