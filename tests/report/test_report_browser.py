"""The page in a browser, as people open it: under Argo's policy, at both widths, light, dark and on paper."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from journey.bigquery import Warehouse
from journey.settings import Settings
from report.figures import ClosingFigures
from report.page import write_report
from report.words import money, number, percent
from tests.report.browser import ARGO_PANEL, axe_script, chromium, served
from tests.report.made_marts import (
    SMALL_SHOP,
    Shop,
    bins,
    build,
    export_day,
    health,
    mark,
    pair,
    result,
)
from tests.report.tables import NEEDED, SECTIONS, SUM_UP_FUNNEL

WIDTHS = (ARGO_PANEL, 1280)
FIRST = date(2020, 11, 1)
PEOPLE = 1_000_000


@dataclass(frozen=True)
class Made:
    """A shop in the warehouse and its page."""

    settings: Settings
    path: Path
    closing: ClosingFigures

    @property
    def bytes(self) -> int:
        """The size of the page."""
        return self.path.stat().st_size


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def small(small_shop: Settings, tmp_path_factory: pytest.TempPathFactory) -> Made:
    path = tmp_path_factory.mktemp("small") / "report.html"
    _, closing = write_report(small_shop, path)
    return Made(small_shop, path, closing)


@pytest.fixture(scope="module")
def large(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """61 days, a million people, every section as full as the marts let it be."""
    settings = Settings.model_validate(
        services.model_dump()
        | {"dataset_prefix": "report_large_", "start": "2020-11-01", "end": "2020-12-31", "as_of": "2021-01-02"}
    )
    warehouse = Warehouse(settings)
    build(warehouse, _large())
    marts = settings.dataset("marts")
    warehouse.execute(
        f"""
        insert into `{marts}.fct_user_journeys` (
            session_key, user_key, device_category, session_day, view_item_at, add_to_cart_at, begin_checkout_at,
            purchase_at, is_purchase_confirmed
        )
        select
            cast(n as string), cast(n as string), ['desktop', 'mobile', 'tablet'][offset(mod(n, 3))],
            date_add(date '2020-11-01', interval mod(n, 61) day), if(mod(n, 2) = 0, timestamp '2020-11-01', null),
            if(mod(n, 10) = 0, timestamp '2020-11-01', null), if(mod(n, 20) = 0, timestamp '2020-11-01', null),
            if(mod(n, 50) = 0, timestamp '2020-11-01', null), mod(n, 100) = 0
        from unnest(generate_array(1, {PEOPLE})) as n
        """
    )
    warehouse.execute(f"truncate table `{marts}.rpt_funnel`; {SUM_UP_FUNNEL.format(marts=marts)}")
    path = tmp_path_factory.mktemp("large") / "report.html"
    _, closing = write_report(settings, path)
    return Made(settings, path, closing)


def _large() -> Shop:
    """Of chance, but always the same: orders of 61 days, lanes, tests, an event a day and kind."""
    chance = random.Random(42)
    days = [FIRST + timedelta(days=n) for n in range(61)]
    rows = []
    for n in range(1, 1500):
        day, amount = days[n % 61], f"{chance.randrange(5, 90000)}.{chance.randrange(100):02}"
        kind = chance.choices(
            ("matched", "amount_mismatch", "missing_in_backend", "missing_in_ga4", "excluded"), (70, 8, 10, 8, 4)
        )[0]
        match kind:
            case "amount_mismatch":
                rows.append(
                    pair(str(n), day, kind, amount, "10.00", chance.choice(("shipping_basis", "partial_refund")))
                )
            case "missing_in_backend":
                rows.append(pair(str(n), day, kind, amount, None, "dropped"))
            case "missing_in_ga4":
                rows.append(pair(str(n), day, kind, None, amount, "never_in_ga4"))
            case "excluded":
                rows.append(pair(str(n), day, kind, amount, "0.00", "cancelled"))
            case _:
                rows.append(pair(str(n), day, kind, amount, amount))
    lanes = []
    for group in (1, 2, 3, 4):
        for lane in range(1, 7):
            label = f"order 8425121103{group}{lane}7508"
            starts = sorted(int(10 ** chance.uniform(0, 6.7)) for _ in range(10))
            marks = [mark(group, label, "session", s, s + 600) for s in (0, *starts)]
            marks += [mark(group, label, "add_to_cart", s + 20) for s in starts]
            if group != 1:
                marks.append(mark(group, label, "ga4_purchase", starts[-1] + 300, amount="123456.78"))
            if group != 2:
                marks.append(mark(group, label, "paid", starts[-1] + 360, amount="654321.98"))
            lanes += [m | {"lane_order": lane, "lane_sessions": 11} for m in marks]
    statuses = ("ok", "ok", "ok", "outage", "near_zero", "traffic_drop", "too_few")
    events = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")
    return Shop(
        reconciliation=rows,
        export_days=[
            export_day(d, 0 if n % 9 == 8 else 60000, "missing" if n % 9 == 8 else "loaded") for n, d in enumerate(days)
        ],
        orders=SMALL_SHOP.orders,
        sections=SMALL_SHOP.sections
        | {
            "rpt_time_to_purchase": bins(2_000, 8_000, 9_000, 1_000),
            "rpt_journey_timeline": lanes,
            "rpt_tracking_health": [
                health(d, event, 20, 400, chance.choice(statuses)) for d in days for event in events
            ],
            "rpt_test_results": [result(n, f"a_test_of_some_longer_name_{n}", "pass", 0) for n in range(80)],
        },
    )


def opened(browser: Browser, made: Made, width: int, scheme: Any = "light", is_scripted: bool = False) -> Page:
    """The page as a file, without scripts unless the test itself looks around with one."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=is_scripted
    )
    page = context.new_page()
    page.goto(made.path.as_uri())
    return page


def test_argo_s_policy_and_frame_leave_nothing_out(browser: Browser, small: Made) -> None:
    with served(small.path.read_bytes()) as (address, asked):
        page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.goto(address)
        frame = page.frames[1]
        frame.wait_for_selector("h1")
        assert told == []  # a policy that blocks something says so here
        assert asked == ["/", "/report.html"]
        assert frame.locator("svg.narrow").first.is_visible()
        assert not frame.locator("svg.wide").first.is_visible()
        values = frame.locator(".card-value").all_inner_texts()
        assert values[0] == percent(small.closing.match_rate)
        assert values[4] == money(small.closing.backend_revenue)
        body = frame.locator("html").bounding_box()
        assert body
        assert body["width"] <= ARGO_PANEL
        page.context.close()


def test_a_link_leads_to_its_heading_below_the_links_that_stay(browser: Browser, small: Made) -> None:
    with served(small.path.read_bytes()) as (address, asked):
        page = browser.new_context(viewport={"width": 1280, "height": 1000}).new_page()
        page.goto(address)
        frame = page.frames[1]
        for name, heading in (("Reconciliation", "B. Reconciliation"), ("Tracking health", "Tracking health")):
            frame.get_by_role("link", name=name, exact=True).click()
            links = frame.locator("nav").bounding_box()
            found = frame.get_by_role("heading", name=heading, exact=True).bounding_box()
            assert links
            assert found
            assert links["y"] + links["height"] <= found["y"] < links["y"] + 120
        assert asked == ["/", "/report.html"]
        page.context.close()


def test_totals_that_a_reader_sees_are_those_of_sql(browser: Browser, large: Made) -> None:
    marts = large.settings.dataset("marts")
    (told,) = Warehouse(large.settings).rows(
        f"""
        select
            (select count(*) from `{marts}.fct_user_journeys`) as sessions,
            count(order_id) as orders,
            sum(ga4_revenue) as ga4,
            sum(backend_revenue) as backend
        from `{marts}.fct_reconciliation`
        """
    )
    page = opened(browser, large, 1280)
    text = page.locator("main").inner_text()
    drawn = page.locator("svg.wide").first.text_content() or ""
    assert f"{number(told['sessions'])} · 100.0 %" in drawn.replace("\n", " ")
    assert f"{number(told['orders'])} orders" in text
    for amount in (told["ga4"], told["backend"]):
        assert money(amount) in text
    page.context.close()


def test_a_large_shop_makes_a_page_of_bounded_size(large: Made) -> None:
    assert large.bytes < 400_000


def test_no_file_and_no_address_is_asked_for(browser: Browser, large: Made) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(large.path.as_uri())
    assert asked == [large.path.as_uri()]
    context.close()


@pytest.mark.parametrize(("width", "scheme"), [(ARGO_PANEL, "light"), (1280, "dark")])
def test_axe_finds_nothing(browser: Browser, small: Made, width: int, scheme: str) -> None:
    page = opened(browser, small, width, scheme, is_scripted=True)
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document)")
    broken = [
        f"{v['id']}: {n['target']} {n.get('failureSummary', '')}" for v in found["violations"] for n in v["nodes"]
    ]
    assert broken == []
    assert len(found["passes"]) > 20
    page.context.close()


LABELS = """() => [...document.querySelectorAll('svg.chart')].filter(s => s.getBoundingClientRect().width).map(s => ({
    name: s.querySelector('title').textContent,
    frame: (r => [r.left, r.top, r.right, r.bottom])(s.getBoundingClientRect()),
    texts: [...s.querySelectorAll('text')].map(t => {
        const r = t.getBoundingClientRect();
        return [t.textContent, r.left, r.top, r.right, r.bottom, parseFloat(getComputedStyle(t).fontSize)
            * s.getBoundingClientRect().width / s.viewBox.baseVal.width];
    })}))"""


@pytest.mark.parametrize("width", [500, 1280])
@pytest.mark.parametrize("which", ["small", "large"])
def test_labels_are_legible_inside_their_chart_and_over_no_other(
    browser: Browser, width: int, which: str, request: pytest.FixtureRequest
) -> None:
    page = opened(browser, request.getfixturevalue(which), width, is_scripted=True)
    charts = page.evaluate(LABELS)
    assert len(charts) == 8
    for chart in charts:
        left, _, right, _ = chart["frame"]
        for n, (words, x1, y1, x2, y2, size) in enumerate(chart["texts"]):
            assert size >= 11 - 0.01, f"{chart['name']}: {words!r} is {size:.1f} px high"
            assert left - 1 <= x1, f"{chart['name']}: {words!r} begins outside"
            assert x2 <= right + 1, f"{chart['name']}: {words!r} ends outside"
            for other, u1, v1, u2, v2, _ in chart["texts"][n + 1 :]:
                # boxes of a line are higher than its letters: two pixels of them may touch
                apart = x2 <= u1 + 1 or u2 <= x1 + 1 or y2 <= v1 + 2 or v2 <= y1 + 2
                assert apart, f"{chart['name']}: {words!r} over {other!r}"
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_but_wide_tables_reaches_beyond_the_window(browser: Browser, large: Made, width: int) -> None:
    page = opened(browser, large, width, is_scripted=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        """width => [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg')
            && e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert beyond == []
    page.context.close()


def test_on_paper_every_table_is_open_and_the_ground_is_white(browser: Browser, small: Made) -> None:
    page = opened(browser, small, 1280, "dark", is_scripted=True)
    page.emulate_media(media="print", color_scheme="dark")
    heights = page.evaluate(
        "[...document.querySelectorAll('details table')].map(t => t.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) > 10
    ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert json.loads(ink.replace("rgb(", "[").replace(")", "]"))[0] < 60
    page.context.close()


def test_on_paper_nothing_is_wider_than_its_page(browser: Browser, large: Made) -> None:
    page = opened(browser, large, 718, "light", is_scripted=True)  # A4 upright between margins, in CSS pixels
    page.emulate_media(media="print")
    right = page.evaluate(
        """() => {
            const right = e => e.getBoundingClientRect().right;
            const most = all => Math.max(...[...all].map(right));
            const all = selector => document.querySelectorAll(selector);
            return [most(all('main *:not(.daily, .daily *)')), most(all('.daily'))];
        }"""
    )
    assert right[0] <= 718
    assert right[1] <= 980  # on its side: @page daily
    page.context.close()


def test_a_second_build_of_a_large_shop_has_the_same_bytes(large: Made, tmp_path: Path) -> None:
    write_report(large.settings, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == large.path.read_bytes()


def test_every_section_was_there_to_be_looked_at(small_shop: Settings) -> None:
    assert {t.name for t in SECTIONS} == set(SMALL_SHOP.sections)
    assert len({t.name for t in (*NEEDED, *SECTIONS)}) == len(NEEDED) + len(SECTIONS)
