"""What the figures have to be. The one table of bars, and how a figure is held against its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Must(StrEnum):
    """Which side of its bar a figure has to be on; the bar itself is good enough."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True)
class Bar:
    """A figure by its name in Figures, what it says, and the bar. `decimals`: how it is printed."""

    name: str
    says: str
    must: Must
    bar: float
    decimals: int = 3

    def is_met(self, value: float) -> bool:
        """Whether a figure is good enough."""
        return value >= self.bar if self.must == Must.AT_LEAST else value <= self.bar

    def worst(self, values: Iterable[float]) -> float:
        """The one that is furthest on the wrong side."""
        return min(values) if self.must == Must.AT_LEAST else max(values)


BARS = (
    Bar("status_f1", "status on rows with an id: F1, the worst status", Must.AT_LEAST, 1.0),
    Bar("match_precision", "matches without an id: precision", Must.AT_LEAST, 0.99),
    Bar("match_recall", "matches without an id: recall of what is decidable", Must.AT_LEAST, 0.90),
    Bar("money_difference", "money by reason, found less injected: the largest, USD", Must.AT_MOST, 0.0, 2),
    Bar("bridge_residual", "revenue bridge, residual: the largest of any day, USD", Must.AT_MOST, 0.0, 2),
    Bar("pair_precision", "identity pairs: precision", Must.AT_LEAST, 1.0),
    Bar("pair_recall", "identity pairs: recall of those that left evidence", Must.AT_LEAST, 0.98),
    Bar("gap_found", "concentrated gap found (1) or not (0)", Must.AT_LEAST, 1.0, 0),
    Bar("false_alarms", "causes named of a uniform gap", Must.AT_MOST, 0.0, 0),
)
COST = Bar("cost", "run time of all models / of the core", Must.AT_MOST, 1.6, 2)

# A figure by its name; None where the data holds nothing to judge it by.
Figures = Mapping[str, float | None]


@dataclass(frozen=True)
class Verdict:
    """The worst of a figure, None where no seed could judge it, and how many seeds could."""

    bar: Bar
    worst: float | None
    judged: int
    seeds: int

    @property
    def is_met(self) -> bool:
        """A bar that nothing was held against is not met."""
        return self.worst is not None and self.bar.is_met(self.worst)


def judge(bars: Iterable[Bar], by_seed: Iterable[Figures]) -> list[Verdict]:
    """The worst of each figure over the seeds."""
    seeds = list(by_seed)
    verdicts = []
    for bar in bars:
        values = [value for figures in seeds if (value := figures[bar.name]) is not None]
        verdicts.append(Verdict(bar, bar.worst(values) if values else None, len(values), len(seeds)))
    return verdicts
