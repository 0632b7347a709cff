"""The chart's README, which helm-docs makes, is what values.yaml says. No helm-docs is needed to tell."""

import json
import re
from typing import Any

import yaml

from journey.settings import Settings
from tests.chart.rendering import CHART
from workflows.pipeline import VERSION


def table() -> dict[str, tuple[str, str, str]]:
    """Key: type, default, description."""
    text = (CHART / "README.md").read_text().partition("## Values")[2]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {key: (kind, default, text) for key, kind, default, text in rows[1:]}


def described() -> dict[str, tuple[Any, str]]:
    """Key: default, description, from the comments `# -- text` of values.yaml."""
    found: dict[str, tuple[Any, str]] = {}
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in (CHART / "values.yaml").read_text().splitlines():
        if (text := re.match(r"\s*# (-- )?(.*)", line)) and (text[1] or comment):
            comment = [text[2]] if text[1] else [*comment, text[2]]
        elif key := re.match(r"( *)(\w+):", line):
            depth = len(key[1])
            path = [*(step for step in path if step[0] < depth), (depth, key[2])]
            if comment:
                names = [name for _, name in path]
                value = yaml.safe_load((CHART / "values.yaml").read_text())
                for name in names:
                    value = value[name]
                found[".".join(names)] = (value, " ".join(comment))
                comment = []
    return found


def test_the_table_is_that_of_the_values() -> None:
    made, rows = described(), table()
    assert set(rows) == set(made)
    for key, (value, text) in made.items():
        kind, default, description = rows[key]
        assert description == text, key
        assert default == f"`{json.dumps(value, separators=(',', ':'), sort_keys=True)}`", key
        assert (
            kind == {str: "string", bool: "bool", int: "int", float: "float", list: "list", dict: "object"}[type(value)]
        )


def test_every_value_is_described() -> None:
    def leaves(values: Any, path: str = "") -> set[str]:
        if isinstance(values, dict) and values and path not in described():
            return {leaf for key, value in values.items() for leaf in leaves(value, f"{path}.{key}".strip("."))}
        return {path}

    assert leaves(yaml.safe_load((CHART / "values.yaml").read_text())) == set(described())


def test_the_rest_of_the_readme_is_its_template() -> None:
    made = (CHART / "README.md").read_text()
    for paragraph in (CHART / "README.md.gotmpl").read_text().split("\n\n"):
        if "{{" not in paragraph:
            assert paragraph.strip() in made


def test_files_that_the_readme_links_are_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (CHART / "README.md").read_text()):
        assert (CHART / target).exists(), target


def test_the_chart_is_of_the_version_of_the_project() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == VERSION


def test_the_defaults_are_those_of_a_local_run() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert values["project"] == Settings.model_validate({}).project
    assert values["source"]["seed"] == Settings.model_validate({}).seed
