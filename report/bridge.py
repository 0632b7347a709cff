"""The bridge: from what GA4 reports to what the backend booked, line by line, to the cent."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from report import meanings
from report.drawing import Chart, Drawing, Shape, chart, line, path, rect, text, width_of
from report.words import counted, lowered, money, sentence_list, signed

UNEXPLAINED, RESIDUAL = "unknown", "residual"


@dataclass(frozen=True)
class Line:
    """A line of rpt_revenue_bridge, summed over all its days; a step's amount has the sign with which it is added."""

    line_order: int
    line: str
    kind: str  # total or step
    amount: Decimal
    row_count: int
    broken_days: int  # of the residual: days on which it is not 0.00

    @property
    def name(self) -> str:
        """The line in words."""
        return meanings.line_name(self.line)


def shown(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The totals, the steps that something is in, and always the unexplained one; not the residual, which is 0.00."""
    return tuple(
        each
        for each in lines
        if each.line != RESIDUAL and (each.kind == "total" or each.amount or each.row_count or each.line == UNEXPLAINED)
    )


def walk(lines: tuple[Line, ...]) -> Iterator[tuple[Line, Decimal, Decimal]]:
    """Each line with the sum before it and after it; a total stands where the steps before it lead."""
    reached = Decimal(0)
    for n, each in enumerate(lines):
        if each.line == RESIDUAL:
            continue
        before = reached
        if each.kind == "step" or n == 0:
            reached += each.amount
        yield each, before, reached


def bridge_sentence(lines: tuple[Line, ...], currency: str) -> str:
    """From where to where the bridge leads, and the steps that move most money."""
    if not lines:
        return "There is no amount on either side."
    ends = [each for each in lines if each.kind == "total" and each.line != RESIDUAL]
    steps = sorted((s for s in lines if s.kind == "step" and s.amount), key=lambda s: (-abs(s.amount), s.line_order))
    path_ = " to ".join(f"{money(t.amount)} ({lowered(t.name)})" for t in ends)
    told = f"In {currency}: {path_}."
    if steps:
        most = sentence_list([f"{lowered(s.name)} {signed(s.amount)}" for s in steps[:3]])
        told += f" The steps that move most: {most}."
    unknown = next((s for s in lines if s.line == UNEXPLAINED), None)
    if unknown:
        told += (
            f" Unexplained: {signed(unknown.amount)} in {counted(unknown.row_count, 'order')}."
            if unknown.row_count
            else " Nothing is unexplained."
        )
    return told


def bridge_chart(lines: tuple[Line, ...]) -> Chart | None:
    """A waterfall on its side; None where there is no amount."""
    if not any(each.amount for each in lines):
        return None
    words = "; ".join(f"{s.name} {money(s.amount) if s.kind == 'total' else signed(s.amount)}" for s in shown(lines))
    return chart("bridge", "Revenue from GA4 to the backend", f"{words}.", lambda width: _draw(lines, width))


def axis_start(lines: tuple[Line, ...]) -> Decimal:
    """Where the axis begins: 0, or a round amount below every sum where the steps are small against the totals."""
    sums = [after for _, _, after in walk(lines)]
    low, high = min(sums), max(sums)
    spread = high - low
    if low <= 0 or spread * 3 >= high:
        return min(Decimal(0), low)
    start = low - max(spread * Decimal("0.6"), high / 50)
    if start <= 0:
        return Decimal(0)
    unit = Decimal(10) ** max(start.adjusted() - 1, 0)
    return (start // unit) * unit


def _draw(lines: tuple[Line, ...], width: int) -> Drawing:
    is_wide = width > 700
    left, pitch, tall = (262.0, 29, 17) if is_wide else (204.0, 27, 14)
    amounts = [money(each.amount) if each.kind == "total" else signed(each.amount) for each in shown(lines)]
    right = width - max(width_of(amount, 12.5) for amount in amounts) - 14
    walked = [w for w in walk(lines) if w[0] in shown(lines)]
    start = float(axis_start(lines))
    high = max(float(max(before, after)) for _, before, after in walked)
    scale = (right - left) / ((high - start) or 1)

    def x(amount: Decimal) -> float:
        return left + (float(amount) - start) * scale

    shapes: list[Shape] = []
    for n, (each, before, after) in enumerate(walked):
        y = n * pitch + 6
        base = y + tall - 4
        is_total = each.kind == "total"
        shapes.append(text(left - 10, base, each.name, "axis total" if is_total else "axis", "end"))
        if is_total:
            shapes.append(
                rect(left, y, max(x(each.amount) - left, 0), tall, "good" if n and n == len(walked) - 1 else "bar")
            )
            if start > 0:  # the bar does not begin at 0: it is cut
                shapes.append(
                    path(
                        [(left + 10, y - 2), (left + 6, y + tall + 2), (left + 10, y + tall + 2), (left + 14, y - 2)],
                        "cut",
                        True,
                    )
                )
        else:
            kind = "unknown-step" if each.line == UNEXPLAINED else "more" if each.amount > 0 else "less"
            from_, to = sorted((x(before), x(after)))
            shapes.append(rect(from_, y, max(to - from_, 1.5), tall, kind))
        if n + 1 < len(walked):
            shapes.append(line(x(after), y + tall, x(after), y + pitch, "link"))
        shapes.append(text(width, base, amounts[n], "value", "end"))
    return Drawing(width, len(walked) * pitch + 4, tuple(shapes))
