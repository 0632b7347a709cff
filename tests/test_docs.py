"""docs/ says what the code does: settings with their defaults, every sentence of failure, every table."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from journey.settings import Settings, variable_of

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def cells(file: str, column: int) -> list[str]:
    """A column of every table of a file, without the header rows."""
    rows = [line for line in (DOCS / file).read_text().splitlines() if line.startswith("| `")]
    return [row.strip("| ").split(" | ")[column] for row in rows]


def test_every_setting_is_described_with_its_default() -> None:
    described = {
        name.strip("`"): default for name, default in zip(cells("settings.md", 0), cells("settings.md", 1), strict=True)
    }
    defaults = Settings.model_validate({}).environment()
    for field in Settings.model_fields:
        name = variable_of(field)
        assert described.get(name) == (defaults.get(name, "unset") or "empty"), name


def sentences() -> Iterator[tuple[str, str]]:
    """Where the code says that something failed, and what it says, with … for what differs."""
    for folder in ("journey", "load", "report", "synth", "workflows"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Name(id="BadInput" | "TryAgain"), args=[ast.JoinedStr() | ast.Constant() as text, *_]
                    ):
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", spoken(text)


def spoken(text: ast.JoinedStr | ast.Constant) -> str:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


def test_every_sentence_of_failure_has_its_remedy_in_troubleshooting() -> None:
    known = [re.escape(cell.strip("`")).replace("…", ".*") for cell in cells("troubleshooting.md", 0)]
    pattern = re.compile("|".join(known), re.DOTALL)
    missing = [f"{place}: {sentence}" for place, sentence in sentences() if not pattern.match(sentence)]
    assert missing == [], "\n".join(missing)


def test_troubleshooting_quotes_no_sentence_that_nobody_says() -> None:
    said = "\n".join([*(sentence for _, sentence in sentences()), *texts_of_set_up_and_settings()])
    stale = [
        cell
        for cell in cells("troubleshooting.md", 0)
        if not re.search("^" + re.escape(cell.strip("`")).replace("…", ".*"), said, re.MULTILINE)
    ]
    assert stale == []


def texts_of_set_up_and_settings() -> Iterator[str]:
    """Sentences that are not the argument of a failure: install.sh's, and those that Settings puts together."""
    shell = (ROOT / "requirements" / "install.sh").read_text()
    for text in re.findall(r"(?:say|fail \d+) \"([^\"]+)\"|^missing='([^']+)'", shell, re.MULTILINE):
        yield re.sub(r"\$\w+", ".venv", "".join(text), count=1) if text[0].startswith("$venv") else "".join(text)
    settings = ast.parse((ROOT / "journey" / "settings.py").read_text())
    for node in ast.walk(settings):
        if isinstance(node, ast.JoinedStr | ast.Constant):
            yield spoken(node)


@pytest.mark.parametrize("folder", ["staging", "intermediate", "marts", "evaluation"])
def test_every_model_is_described(folder: str) -> None:
    text = (DOCS / "data.md").read_text()
    models = [file.stem for file in (ROOT / "dbt" / "models" / folder).rglob("*.sql")]
    assert [model for model in models if f"`{model}`" not in text] == []


def test_links_between_documents_lead_somewhere() -> None:
    for file in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", file.read_text()):
            assert (file.parent / target).exists(), f"{file.name} links to {target}"
