"""The statuses side by side, as parts of everything."""

from report.drawing import Chart, Drawing, Shape, chart, rect, text, width_of
from report.figures import ratio
from report.words import number, percent, sentence_list


def mix_chart(groups: list[tuple[str, str, int]]) -> Chart | None:
    """Status, its name and its rows; None where nothing is held."""
    rows = sum(count for _, _, count in groups)
    if not rows:
        return None
    words = sentence_list([f"{name} {number(count)} ({percent(ratio(count, rows))})" for _, name, count in groups])
    return chart("mix", "Purchases and orders by status", f"{words}.", lambda width: _draw(groups, rows, width))


def _draw(groups: list[tuple[str, str, int]], rows: int, width: int) -> Drawing:
    shapes: list[Shape] = []
    x = 0.0
    for status, name, count in groups:
        wide = width * count / rows
        if count:
            shapes.append(rect(x, 0, max(wide - 1, 0.5), 26, status, f"{name}: {number(count)}"))
            words = f"{name} {number(count)}"
            if width_of(words, 12) + 12 < wide:  # what has no room stands in the table, and in the tooltip
                shapes.append(text(x + 8, 17, words, "on-colour"))
        x += wide
    return Drawing(width, 26, tuple(shapes))
