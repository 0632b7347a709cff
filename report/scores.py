"""How well the answer key was met: only where the shop is made up, and with it what truly happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from report.words import counted, number, sentence_list, signed


@dataclass(frozen=True)
class Score:
    """A row of eval_scores; precision, recall and f1 are 0 to 1."""

    subject: str
    label: str
    true_positives: int
    false_positives: int
    false_negatives: int | None  # a tier is not missed
    precision: float | None
    recall: float | None
    f1: float | None

    @property
    def is_exact(self) -> bool:
        """Whether every one was found and nothing besides."""
        return not self.false_positives and not self.false_negatives


@dataclass(frozen=True)
class Put:
    """A row of eval_money, amounts in the shop's currency: what was put in, what was found."""

    reason: str
    injected_amount: Decimal
    found_amount: Decimal
    difference: Decimal
    is_decidable: bool


@dataclass(frozen=True)
class Confusion:
    """A row of eval_status_confusion."""

    expected_status: str
    found_status: str
    orders: int


def scores_sentence(scores: Sequence[Score], money: Sequence[Put], confusion: Sequence[Confusion]) -> str:
    """How many labels were met exactly, which were not, and what money was found."""
    told = []
    if confusion:
        orders = sum(c.orders for c in confusion)
        right = sum(c.orders for c in confusion if c.expected_status == c.found_status)
        told.append(
            f"{number(right)} of {counted(orders, 'order')} of the answer key got the status that they must get."
        )
    judged = [s for s in scores if s.true_positives or s.false_negatives or s.false_positives]
    if judged:
        off = sorted((s for s in judged if not s.is_exact), key=lambda s: (s.f1 or 0, s.subject, s.label))
        told.append(f"Without a mistake: {number(len(judged) - len(off))} of {counted(len(judged), 'label')}.")
        if off:
            told.append(f"The hardest: {sentence_list([f'{s.subject} {s.label}'.replace('_', ' ') for s in off[:3]])}.")
    decidable = [m for m in money if m.is_decidable]
    if decidable:
        short = sum((m.difference for m in decidable), Decimal(0))
        told.append(
            f"Of the money that was moved for a reason the data can tell, found less put in is {signed(short)}."
        )
    return " ".join(told) or "The answer key holds nothing to compare with."
