"""Makes the README's two pictures of a report: python -m tests.report.screenshots .journey/report.html

Light, 1280 pixels wide: the head with the figures, and the reconciliation to the end of the bridge.
"""

import sys
from pathlib import Path

from playwright.sync_api import FloatRect

from tests.report.browser import chromium

DOCS = Path(__file__).parents[2] / "docs"


def take(report: Path) -> None:
    """Write docs/report.png and docs/report-reconciliation.png."""
    with chromium() as browser:
        context = browser.new_context(
            viewport={"width": 1280, "height": 1330}, color_scheme="light", java_script_enabled=False
        )
        page = context.new_page()
        page.goto(report.absolute().as_uri())
        page.screenshot(path=DOCS / "report.png")
        top, end = (page.locator(heading).bounding_box() for heading in ("#reconciliation", "#statuses"))
        assert top
        assert end
        clip = FloatRect(x=0, y=top["y"] - 30, width=1280, height=end["y"] - top["y"] + 20)
        page.screenshot(path=DOCS / "report-reconciliation.png", full_page=True, clip=clip)


if __name__ == "__main__":
    take(Path(sys.argv[1]))
