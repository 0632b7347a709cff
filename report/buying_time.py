"""How long people take from their first session to their first purchase."""

from dataclasses import dataclass
from decimal import Decimal

from report.drawing import Chart, Drawing, Shape, chart, line, rect, text
from report.words import number, percent


@dataclass(frozen=True)
class Bin:
    """A row of rpt_time_to_purchase; its ends are in seconds, the last bin has none."""

    bin_order: int
    bin_label: str
    from_seconds: int
    to_seconds: int | None
    people: int


def buyers(bins: tuple[Bin, ...]) -> int:
    """Everyone who bought."""
    return sum(b.people for b in bins)


def buying_sentence(bins: tuple[Bin, ...]) -> str:
    """In which bin the median buyer is, and how many decide within a day."""
    everyone = buyers(bins)
    if not everyone:
        return "Nobody bought in these days, so there is no time to a purchase."
    seen = 0
    for middle in bins:
        seen += middle.people
        if 2 * seen >= everyone:
            break
    within_day = sum(b.people for b in bins if b.to_seconds is not None and b.to_seconds <= 86400)
    return (
        f"{'1 person' if everyone == 1 else f'{number(everyone)} people'} bought. The one in the middle took "
        f"{middle.bin_label} from the first session here to the first purchase; "
        f"{percent(Decimal(within_day) / everyone)} bought within a day."
    )


def buying_chart(bins: tuple[Bin, ...]) -> Chart | None:
    """A histogram; None without a buyer."""
    if not buyers(bins):
        return None
    words = "; ".join(f"{b.bin_label}: {b.people}" for b in bins)
    title = "People by time from first session to first purchase"
    return chart(
        "buying-time", title, f"{words}.", lambda width: _columns(bins, width) if width > 700 else _rows(bins, width)
    )


def _columns(bins: tuple[Bin, ...], width: int) -> Drawing:
    height, floor = 196, 170
    most, band = max(b.people for b in bins), width / len(bins)
    shapes: list[Shape] = []
    for n, b in enumerate(bins):
        tall = (floor - 24) * b.people / most
        x = n * band + 6
        shapes += [
            rect(x, floor - tall, band - 12, tall, "bar"),
            text(x + band / 2 - 6, floor - tall - 6, number(b.people), "value", "middle"),
            text(x + band / 2 - 6, floor + 20, b.bin_label, "axis", "middle"),
        ]
    shapes.append(line(0, floor, width, floor, "base"))
    return Drawing(width, height, tuple(shapes))


def _rows(bins: tuple[Bin, ...], width: int) -> Drawing:
    pitch, left = 24, 92
    most, room = max(b.people for b in bins), width - left - 70
    shapes: list[Shape] = []
    for n, b in enumerate(bins):
        y, length = n * pitch + 4, room * b.people / most
        shapes += [
            text(left - 8, y + 13, b.bin_label, "axis", "end"),
            rect(left, y, length, pitch - 7, "bar"),
            text(left + length + 6, y + 13, number(b.people), "value"),
        ]
    return Drawing(width, len(bins) * pitch + 4, tuple(shapes))
