"""The small evaluator behind retry expressions and `depends`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.depends import depends_of
from workflows.expression import Unknown, evaluate, names, parse

LAST = {"lastRetry.exitCode": "137", "lastRetry.status": "Failed"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("asInt(lastRetry.exitCode) in [75, 137, 143]", True),
        ("asInt(lastRetry.exitCode) not in [75, 137]", False),
        ("lastRetry.status == \"Error\" || lastRetry.exitCode == '137'", True),
        ("lastRetry.status == 'Error' and asInt(lastRetry.exitCode) > 1", False),
        ("!(lastRetry.status == 'Error') && true", True),
        ("not false or false", True),
        ("asFloat('1.5') >= 1", True),
        ("true || false && false", True),
        ("(true || false) && false", False),
        ("asInt(lastRetry.exitCode) >= 100 && asInt(lastRetry.exitCode) < 200", True),
        ("string(137) == lastRetry.exitCode", True),
        ("-1 < 0", True),
    ],
)
def test_an_expression_has_the_value_that_argo_gives_it(text: str, value: bool) -> None:
    assert evaluate(parse(text), LAST) is value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lastRetry.exitCode == 137", "compared with 137, which is of another type"),
        ("lastRetry.exitCode in [137]", "compared with 137, which is of another type"),
        ("asInt(lastRetry.status) == 1", "asInt('Failed') has no value"),
        ("lastRetry.code == '1'", "lastRetry.code is not known here"),
        ("lastRetry.status && true", "'Failed' stands where true or false is wanted"),
        ("sprig.trim(lastRetry.status) == ''", "the function sprig.trim is not known"),
        ("lastRetry.status matches '^E'", "goes on after its end at 'matches'"),
        ("1 + 1 == 2", "'+' in the expression '1 + 1 == 2' is not known"),
        ("(true", "')' is missing at the end"),
        ("true ||", "the expression ends too early"),
        ("asInt('1', '2') == 1", "asInt takes one value, not 2"),
        ("1 in 2", "'in' wants a list"),
        ("", "the expression ends too early"),
    ],
)
def test_what_the_evaluator_does_not_know_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(Unknown, match=re.escape(sentence)):
        evaluate(parse(text), LAST)


@given(st.recursive(st.sampled_from(["true", "false"]), lambda part: st.one_of(
    part.map(lambda a: f"!({a})"),
    st.tuples(part, st.sampled_from(["&&", "||", "=="]), part).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
)))  # fmt: skip
def test_logic_is_the_logic_of_python(text: str) -> None:
    python = text.replace("&&", " and ").replace("||", " or ").replace("!(", " (not ").title()
    for upper, lower in (("And", "and"), ("Or", "or"), ("Not", "not")):
        python = python.replace(upper, lower)
    assert evaluate(parse(text), {}) is eval(python, {}, {})


def test_names_are_those_that_are_read() -> None:
    assert names(parse("asInt(a.b) in [c, 1] || !(d == 'e.f')")) == {"a.b", "c", "d"}


@pytest.mark.parametrize(
    ("depends", "phases", "runs"),
    [
        ("a-1 && b", {"a-1": "Succeeded", "b": "Skipped"}, True),
        ("a-1 && b", {"a-1": "Succeeded", "b": "Omitted"}, False),
        ("a-1 || b", {"a-1": "Failed", "b": "Succeeded"}, True),
        ("a-1.Failed", {"a-1": "Failed"}, True),
        ("a-1.Errored || a-1.Failed", {"a-1": "Error"}, True),
        ("!a-1.Succeeded", {"a-1": "Omitted"}, True),
        ("(a-1 || b) && c.Omitted", {"a-1": "Succeeded", "b": "Failed", "c": "Omitted"}, True),
    ],
)
def test_a_task_runs_when_its_condition_holds(depends: str, phases: dict[str, str], runs: bool) -> None:
    waits = depends_of({"name": "x", "depends": depends})
    assert waits.tasks == phases.keys()
    assert waits.holds(phases) is runs


def test_the_older_list_means_all_of_them() -> None:
    waits = depends_of({"name": "x", "dependencies": ["a", "b"]})
    assert waits.holds({"a": "Succeeded", "b": "Succeeded"})
    assert not waits.holds({"a": "Succeeded", "b": "Failed"})
