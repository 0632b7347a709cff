"""Shops with something missing: the page says what is known, and shows a dash for what is not."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from journey.bigquery import NotFound, Warehouse
from report.page import write_report
from tests.report.made_marts import DAY_1, DAY_2, DAY_3, DAY_4, Shop, build, export_day, pair, result, session
from tests.report.strict_html import Element, parse
from tests.report.test_report_page import cards_of, facts_of, rows_of


def page_of(warehouse: Warehouse, shop: Shop, folder: Path) -> Element:
    """The page of a shop."""
    build(warehouse, shop)
    write_report(warehouse.settings, folder / "report.html")
    return parse((folder / "report.html").read_text())


def verdict_of(page: Element) -> str:
    """The verdict without its glyph."""
    return page.one("p", class_="verdict").text[2:]


def daily_of(page: Element) -> dict[str, list[str]]:
    """The daily table."""
    return rows_of(page.one("table", class_="daily"))


def test_an_empty_warehouse_makes_a_page_without_a_single_rate(warehouse: Warehouse, tmp_path: Path) -> None:
    page = page_of(warehouse, Shop(), tmp_path)
    assert verdict_of(page) == "There is nothing to compare: the warehouse holds no session and no order."
    assert list(cards_of(page).values()) == ["–"] * 6
    assert facts_of(page)["Days shown"] == "none"
    assert facts_of(page)["GA4 complete through"] == "nothing was loaded"
    assert facts_of(page)["Backend loaded through"] == "nothing was loaded"
    assert "No day of the GA4 export was loaded." in page.text
    assert " %" not in page.one("table", class_="funnel").text
    assert not page.all("svg", class_="chart")


def test_without_orders_there_is_no_match_rate(warehouse: Warehouse, tmp_path: Path) -> None:
    shop = Shop(
        journeys=[session("a", DAY_1, "view_item", "purchase"), session("b", DAY_1)],
        reconciliation=[pair("1", DAY_1, "missing_in_backend", "12.00", None, "unknown")],
        export_days=[export_day(DAY_1, 9)],
    )
    page = page_of(warehouse, shop, tmp_path)
    assert verdict_of(page) == (
        "There is nothing to compare with: GA4 holds 2 sessions and 1 purchase, the backend no order."
    )
    assert cards_of(page) == {
        "Match rate": "–",
        "Revenue difference": "–",
        "Unexplained difference": "–",
        "Purchases only in GA4": "1",
        "Backend revenue": "–",
        "Session-to-purchase rate": "50.0 %",
    }
    assert "0.0 %" not in page.one("ul", class_="cards").text.replace("100.0 %", "").replace("50.0 %", "")
    assert daily_of(page)["2020-11-01"][5:7] == ["–", "–"]


def test_without_sessions_no_step_has_a_share(warehouse: Warehouse, tmp_path: Path) -> None:
    shop = Shop(
        reconciliation=[pair("1", DAY_1, "missing_in_ga4", None, "12.00", "unknown")],
        export_days=[export_day(DAY_1, 0, "missing"), export_day(DAY_2, 0, "missing")],
    )
    page = page_of(warehouse, shop, tmp_path)
    assert verdict_of(page) == (
        "There is nothing to compare with: the backend holds 1 order, GA4 no session; "
        "the GA4 export has 2 of 2 days missing."
    )
    assert {tuple(cells[:2]) for cells in rows_of(page.one("table", class_="funnel").one("tbody")).values()} == {
        ("0", "–")
    }
    assert "No session was recorded, so no step has a share." in page.text
    assert facts_of(page)["GA4 complete through"] == "nothing was loaded"
    assert daily_of(page)["2020-11-01"][:9] == ["missing", "–", "–", "1", "1", "–", "–", "–", "12.00"]


def test_one_day_is_one_day(warehouse: Warehouse, tmp_path: Path) -> None:
    shop = Shop(
        journeys=[session("a", DAY_1, "purchase", is_confirmed=True)],
        reconciliation=[pair("1", DAY_1, "matched", "5.00", "5.00")],
        export_days=[export_day(DAY_1, 3)],
    )
    page = page_of(warehouse, shop, tmp_path)
    assert facts_of(page)["Days shown"].startswith("2020-11-01, 1 day")
    assert "No day is missing: GA4 delivered the one day asked for." in page.text
    assert verdict_of(page) == (
        "On target: GA4 knows 100.0 % of 1 eligible order, both report the same revenue, 5.00 shop currency."
    )


def test_days_that_a_run_did_not_ask_for_keep_what_they_hold(warehouse: Warehouse, tmp_path: Path) -> None:
    later = [DAY_4 + timedelta(days=n) for n in range(1, 20)]
    shop = Shop(
        journeys=[session("a", DAY_1), session("b", DAY_2), session("c", later[3])],
        reconciliation=[
            pair("1", date(2020, 10, 30), "missing_in_ga4", None, "1.00", "unknown"),
            pair("2", DAY_1, "matched", "2.00", "2.00"),
            pair("3", later[-1], "missing_in_ga4", None, "4.00", "unknown"),
        ],
        export_days=[export_day(DAY_1, 5), export_day(DAY_2, 7, "missing"), export_day(later[3], 1)],
    )
    page = page_of(warehouse, shop, tmp_path)
    days = daily_of(page)
    assert list(days) == [
        *("Day", "before 2020-11-01 (1 day)", "2020-11-01", "2020-11-02", "2020-11-03 to 2020-11-07 (5 days)"),
        *("2020-11-08", "after 2020-11-08 (1 day)", "All"),
    ]
    assert days["before 2020-11-01 (1 day)"][:4] == ["not asked for", "–", "–", "1"]
    assert days["2020-11-02"][:2] == ["kept, 7 events", "1"]
    assert days["2020-11-03 to 2020-11-07 (5 days)"][:4] == ["not asked for", "–", "–", "0"]
    assert "The export no longer holds 2020-11-02: shown as an earlier load brought it." in page.text
    assert facts_of(page)["GA4 complete through"] == "2020-11-02; last day held 2020-11-08 (UTC)"
    assert days["All"][8] == "7.00"


def test_a_year_of_missing_days_is_named_in_bounded_length(warehouse: Warehouse, tmp_path: Path) -> None:
    every = [DAY_1 + timedelta(days=n) for n in range(365)]
    shop = Shop(export_days=[export_day(d, n % 3, "loaded" if n % 3 else "missing") for n, d in enumerate(every)])
    page = page_of(warehouse, shop, tmp_path)
    assert "lacks 122 of 365 days: 2020-11-01, 2020-11-04, " in page.text
    assert "and 110 more days (see the daily table)" in page.text
    assert len(daily_of(page)) == 365 + 2


def test_marts_that_were_never_built_are_asked_for_by_name(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="run those first"):
        write_report(warehouse.settings, tmp_path / "report.html")
    assert not list(tmp_path.iterdir())


def test_sections_whose_mart_is_not_there_say_so_and_the_rest_is_whole(warehouse: Warehouse, tmp_path: Path) -> None:
    shop = Shop(
        journeys=[session("a", DAY_1, "purchase", is_confirmed=True)],
        reconciliation=[pair("1", DAY_1, "matched", "5.00", "5.00")],
        export_days=[export_day(DAY_1, 3)],
        sections={
            "rpt_model_results": [
                result(1, "rpt_funnel", "success"),
                result(2, "rpt_revenue_bridge", "error", message="no such column"),
                result(3, "rpt_tracking_health", "skipped"),
            ],
            "rpt_test_results": [result(1, "orders_are_conserved", "fail", 3)],
        },
    )
    page = page_of(warehouse, shop, tmp_path)
    assert page.one("p", class_="failures").text == (
        "✕ 2 models of the latest run were not built (rpt_revenue_bridge and rpt_tracking_health): figures that rest "
        "on them are of an earlier run. 1 test did not pass (orders_are_conserved): read the figures with that in mind."
    )
    absent = {p.all("code")[0].text for p in page.all("p", class_="absent")}
    assert absent == {"rpt_revenue_bridge", "rpt_gap_causes", "rpt_tracking_health", "rpt_journey_timeline"}
    assert rows_of(page.one("table", class_="tests"))["orders are conserved"] == ["✕ fail", "3"]
    assert cards_of(page)["Match rate"] == "100.0 %"


def test_an_empty_day_is_told_from_a_missing_one(warehouse: Warehouse, tmp_path: Path) -> None:
    shop = Shop(
        journeys=[session("a", DAY_1)],
        export_days=[export_day(DAY_1, 4), export_day(DAY_2, 0, "empty"), export_day(DAY_3, 0, "missing")],
    )
    page = page_of(warehouse, shop, tmp_path)
    days = daily_of(page)
    assert days["2020-11-02"][:3] == ["empty", "0", "0"]
    assert days["2020-11-03"][:3] == ["missing", "–", "–"]
    assert verdict_of(page).endswith("; the GA4 export has 1 of 3 days missing and 1 day empty.")
    assert facts_of(page)["GA4 complete through"] == "2020-11-02 (UTC)"


def test_casts_that_every_day_needs_are_named_once_and_mark_no_day(warehouse: Warehouse, tmp_path: Path) -> None:
    cast = ["stream_id INT64->STRING"]
    shop = Shop(
        export_days=[
            export_day(DAY_1, 4, retyped=cast),
            export_day(DAY_2, 0, "missing"),
            export_day(DAY_3, 5, retyped=cast, missing=["user_ltv"]),
            export_day(DAY_4, 6, retyped=cast),
        ]
    )
    page = page_of(warehouse, shop, tmp_path)
    assert "Every day delivered 1 column in another type than the warehouse keeps; they were cast" in page.text
    assert "On 2020-11-03 the export had other columns than expected" in page.text
    days = daily_of(page)
    assert [days[f"2020-11-0{n}"][0] for n in (1, 3, 4)] == [
        "loaded, 4 events",
        "loaded, 5 events, columns differ",
        "loaded, 6 events",
    ]
    drift = rows_of(next(t for t in page.all("table") if "Of another type" in t.text))
    assert drift["2020-11-01 and 2020-11-04"] == ["–", "–", cast[0]]
    assert drift["2020-11-03"] == ["–", "user_ltv", cast[0]]
