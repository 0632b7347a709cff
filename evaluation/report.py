"""What `make evaluate` prints: the bars, and behind them every label's worst score and every reason's money."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from evaluation.bars import Verdict
from evaluation.figures import Seed

type Row = tuple[str, ...]


def show(title: str, verdicts: Iterable[Verdict], seeds: Sequence[Seed]) -> None:
    """Print the tables of one set of days."""
    print(f"\n{title}: the worst of {len(seeds)} seed{'s' if len(seeds) > 1 else ''}\n")
    _print(("figure", "worst", "bar", ""), [_verdict(verdict) for verdict in verdicts])
    print("scores, each the worst; counts are sums over the seeds\n")
    _print(("subject", "label", "true", "false", "missed", "precision", "recall", "F1"), _scores(seeds))
    print("money by reason, sums over the seeds, USD\n")
    _print(("reason", "injected", "found", "difference", "evidence"), _money(seeds))
    print("causes named of the concentrated gap, and of the uniform one\n")
    _print(("seed", "concentrated", "uniform"), [_causes(seed) for seed in seeds])


def _verdict(verdict: Verdict) -> Row:
    bar = verdict.bar
    worst = "nothing to judge by" if verdict.worst is None else f"{verdict.worst:.{bar.decimals}f}"
    if verdict.worst is not None and verdict.judged < verdict.seeds:
        worst += f" ({verdict.judged} of {verdict.seeds} seeds)"
    return bar.says, worst, f"{bar.must} {bar.bar:.{bar.decimals}f}", "met" if verdict.is_met else "MISSED"


def _scores(seeds: Sequence[Seed]) -> list[Row]:
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for seed in seeds:
        for row in seed.scores:
            rows.setdefault((row["subject"], row["label"]), []).append(row)
    return [
        (
            *key,
            *(str(sum(row[name] or 0 for row in found)) for name in COUNTS),
            *(_worst(row[name] for row in found) for name in RATES),
        )
        for key, found in sorted(rows.items())
    ]


COUNTS = ("true_positives", "false_positives", "false_negatives")
RATES = ("precision", "recall", "f1")


def _worst(values: Iterable[float | None]) -> str:
    return min((f"{value:.3f}" for value in values if value is not None), default="")


def _money(seeds: Sequence[Seed]) -> list[Row]:
    sums: dict[tuple[str, bool], list[Decimal]] = {}
    for seed in seeds:
        for row in seed.money:
            total = sums.setdefault((row["reason"], row["is_decidable"]), [Decimal(0)] * 3)
            # differences of seeds must not make up for one another
            for n, value in enumerate((row["injected_amount"], row["found_amount"], abs(row["difference"]))):
                total[n] += value
    return [
        (reason, *(f"{value:,.2f}" for value in total), "tells" if is_decidable else "hangs on the matches")
        for (reason, is_decidable), total in sorted(sums.items())
    ]


def _causes(seed: Seed) -> Row:
    return str(seed.seed), *(
        ", ".join(sorted(f"{c['gap']} {c['dimension']} {c['slice']}" for c in causes)) or "none"
        for causes in (seed.causes, seed.alarms)
    )


def _print(head: Row, rows: Sequence[Row]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, tuple("-" * width for width in widths), *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(flush=True)
