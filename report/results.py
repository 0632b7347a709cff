"""What came of dbt's models and tests, as dbt itself kept it."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.words import counted, number, sentence_list

GOOD = ("success", "pass")


@dataclass(frozen=True)
class Result:
    """A row of rpt_model_results or rpt_test_results."""

    name: str
    subject: str | None
    status: str
    failures: int | None
    message: str | None
    invocation_id: str

    @property
    def is_good(self) -> bool:
        """Whether the model was built, the test passed."""
        return self.status in GOOD

    @property
    def words(self) -> str:
        """A test's name as the sentence that it is."""
        if self.name.startswith("grain_") and self.subject:
            return f"{self.subject}: one row per {self.name.removeprefix(f'grain_{self.subject}_').replace('__', ', ')}"
        return self.name.replace("_", " ")


def failed(results: Sequence[Result] | None) -> tuple[Result, ...]:
    """Those that did not go well, the ones that failed before the ones that were skipped for it."""
    return tuple(sorted((r for r in results or () if not r.is_good), key=lambda r: (r.status == "skipped", r.name)))


def failures_sentence(models: Sequence[Result] | None, tests: Sequence[Result] | None) -> str:
    """What the reader must know before reading on; empty when all went well."""
    told = []
    if broken := failed(models):
        were = "was" if len(broken) == 1 else "were"
        told.append(
            f"{counted(len(broken), 'model')} of the latest run {were} not built ({_names(broken)}): figures that rest "
            "on them are of an earlier run."
        )
    if broken := failed(tests):
        told.append(
            f"{counted(len(broken), 'test')} did not pass ({_names(broken)}): read the figures with that in mind."
        )
    return " ".join(told)


def _names(broken: Sequence[Result]) -> str:
    return sentence_list([r.name for r in broken[:6]]) + (" and others" if len(broken) > 6 else "")


def results_sentence(models: Sequence[Result] | None, tests: Sequence[Result] | None) -> str:
    """How many models were built and tests passed."""
    if models is None and tests is None:
        return "dbt has left no word of its models and tests in this warehouse."
    told = []
    if models is not None:
        told.append(f"dbt built {number(sum(r.is_good for r in models))} of {counted(len(models), 'model')}")
    if tests is not None:
        told.append(f"{number(sum(r.is_good for r in tests))} of {counted(len(tests), 'test')} of the data passed")
    return f"{sentence_list(told)}."
