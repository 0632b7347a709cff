"""The figures of one seed, read from the evaluation models and the marts they judge."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evaluation.bars import Figures
from evaluation.pipeline import Pipeline
from synth.gaps import CONCENTRATED, UNIFORM
from synth.orders import REDIRECT_METHODS

SCORES = "select * from `{evaluation}.eval_scores`"
MONEY = "select * from `{evaluation}.eval_money`"
RESIDUAL = "select max(abs(amount)) as residual from `{marts}.rpt_revenue_bridge` where line = 'residual'"
CAUSES = "select gap, dimension, slice from `{marts}.rpt_gap_causes` where is_cause"
JUDGED = ("eval_scores", "eval_money", "rpt_revenue_bridge", "rpt_gap_causes")


@dataclass(frozen=True)
class Seed:
    """What one seed gave: the figures that have a bar, and the rows behind them."""

    seed: int
    figures: Figures
    scores: list[dict[str, Any]]
    money: list[dict[str, Any]]
    causes: list[dict[str, Any]]
    alarms: list[dict[str, Any]]


def run_seed(pipeline: Pipeline, seed: int) -> Seed:
    """Build the seed's two shops, one whose gap has a cause and one whose gap has none, and read what was found."""
    pipeline.build(seed, CONCENTRATED, JUDGED)
    scores, money, causes = (pipeline.rows(sql) for sql in (SCORES, MONEY, CAUSES))
    [bridge] = pipeline.rows(RESIDUAL)
    pipeline.build(seed, UNIFORM, ["rpt_gap_causes"])
    alarms = pipeline.rows(CAUSES)
    by_label = {(row["subject"], row["label"]): row for row in scores}

    def score(subject: str, label: str, what: str) -> float | None:
        row = by_label.get((subject, label))
        return None if row is None else row[what]

    pairs = ("edges", "joined")
    figures: Figures = {
        # of a label that is only ever expected, or only ever found, there is no F1: nothing of it is right
        "status_f1": _least(row["f1"] or 0.0 for row in scores if row["subject"] == "status"),
        "match_precision": score("match", "without_id", "precision"),
        "match_recall": score("match", "without_id_decidable", "recall"),
        "money_difference": max((float(abs(row["difference"])) for row in money if row["is_decidable"]), default=None),
        "bridge_residual": None if bridge["residual"] is None else float(bridge["residual"]),
        "pair_precision": _least(score("identity_pairs", label, "precision") for label in pairs),
        "pair_recall": _least(score("identity_pairs", label, "recall") for label in pairs),
        "gap_found": float(any(_is_redirect(cause) for cause in causes)),
        "false_alarms": float(len(alarms)),
    }
    return Seed(seed, figures, scores, money, causes, alarms)


def _is_redirect(cause: dict[str, Any]) -> bool:
    return (cause["gap"], cause["dimension"]) == ("missing_in_ga4", "payment_method") and (
        cause["slice"] in REDIRECT_METHODS
    )


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)
