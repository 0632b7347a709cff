"""Where the gap is: slices in which more is missing than elsewhere, beyond chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from report import meanings
from report.words import counted, lowered, number, precise_of, sentence_list

MOST = 10
NEXT = 3  # of either gap, what comes closest to a cause


@dataclass(frozen=True)
class Cause:
    """A row of rpt_gap_causes. Rates are 0 to 1, the lift is the rate over the rate elsewhere."""

    gap: str  # missing_in_ga4 or missing_in_backend
    dimension: str
    slice: str
    rows_at_risk: int
    missing: int
    missing_rate: float | None
    elsewhere_rate: float | None
    lift: float | None
    p_value: float | None
    q_value: float | None
    is_cause: bool


def foremost(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """The causes of either gap, at most MOST, then what comes closest to one."""
    ordered = sorted(
        causes,
        key=lambda c: (
            c.gap,
            not c.is_cause,
            2.0 if c.q_value is None else c.q_value,
            2.0 if c.p_value is None else c.p_value,
            -c.missing,
            c.dimension,
            c.slice,
        ),
    )
    kept: list[Cause] = []
    for cause in ordered:
        beside = sum((k.gap, k.is_cause) == (cause.gap, cause.is_cause) for k in kept)
        if cause.missing and beside < (MOST if cause.is_cause else NEXT):
            kept.append(cause)
    return tuple(kept)


def causes_sentence(causes: Sequence[Cause]) -> str:
    """Which slices hold a gap, or that none does."""
    if not causes:
        return "There was no slice to look at."
    found = [c for c in foremost(causes) if c.is_cause]
    looked = f"{counted(len(causes), 'slice')} looked at"
    if not found:
        return f"No slice holds the gap: of {looked}, none lacks more than the rest beyond chance."
    told = [
        f"{c.dimension.replace('_', ' ')} {c.slice} ({lowered(meanings.STATUS[c.gap][0])}: {number(c.missing)} of "
        f"{number(c.rows_at_risk)}, {precise_of(c.missing_rate)} against {precise_of(c.elsewhere_rate)} elsewhere)"
        for c in found[:4]
    ]
    more = f"; {number(len(found) - 4)} more stand in the table" if len(found) > 4 else ""
    lack = "lacks" if len(found) == 1 else "lack"
    return (
        f"Of {looked}, {counted(len(found), 'slice')} {lack} more than the rest beyond chance: "
        f"{sentence_list(told)}{more}."
    )
