"""What goes wrong with tracking, by name: each scenario does what it says from its day on, and its truth says what."""

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from journey.cli import app
from journey.scenarios import DESCRIPTIONS, ScenarioName
from journey.settings import Settings
from synth import storefront
from synth.source import Making, fill_source
from synth.storefront.scenarios import Scenario
from synth.storefront.table import plain
from tests.synth.storefront_rules import connection

DAYS = [date(2020, 12, 5) + timedelta(days=n) for n in range(3)]
SINCE = DAYS[1]
SCALE = 0.12
Made = tuple[pa.Table, pa.Table, pa.Table]  # events, people, what was not told


def made(kind: ScenarioName | None) -> Made:
    parts = list(storefront.days_and_truth(DAYS, SCALE, 42, Scenario(kind, SINCE) if kind else None))
    people, hidden = (pa.concat_tables(dict(truth)[name] for *_, truth in parts) for name in TRUTH)
    return pa.concat_tables(plain(table) for _, table, _ in parts if kind != ScenarioName.live_export), people, hidden


TRUTH = ("storefront_people", "storefront_unrecorded")


@pytest.fixture(scope="module")
def usual() -> Made:
    return made(None)


def count(table: pa.Table, day: date, *names: str) -> int:
    days, events = table["event_date"].to_pylist(), table["event_name"].to_pylist()
    return sum(d == f"{day:%Y%m%d}" and (not names or n in names) for d, n in zip(days, events, strict=True))


@pytest.mark.parametrize(
    "kind", [ScenarioName.tracking_outage, ScenarioName.consent_banner, ScenarioName.checkout_redirect]
)
def test_what_is_hidden_is_written_down_event_for_event(usual: Made, kind: ScenarioName) -> None:
    events, _, hidden = made(kind)
    assert count(events, DAYS[0]) == count(usual[0], DAYS[0])
    lost = hidden.filter(pc.equal(hidden["reason"], kind))
    assert usual[0].num_rows - events.num_rows == pc.sum(lost["events"]).as_py() > 0


def test_an_outage_silences_carts_and_checkouts_and_nothing_else(usual: Made) -> None:
    events, _, _ = made(ScenarioName.tracking_outage)
    funnel = ("add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info", "purchase")
    assert count(events, SINCE, *funnel) < count(usual[0], SINCE, *funnel)
    assert count(events, SINCE, "page_view") == count(usual[0], SINCE, "page_view")


def test_purchases_without_their_id_keep_their_value_in_safari_only(usual: Made) -> None:
    events, _, hidden = made(ScenarioName.lost_ids)
    without = """select count(*), count(*) filter (event.device.web_info.browser = 'Safari'), count(paid) from event
      where event_name = 'purchase' and full_id is null and event_date >= '20201206' and revenue > 0"""
    found, safari, valued = connection(events).execute(without).fetchone()
    assert found == safari == valued > 0
    assert events.num_rows == usual[0].num_rows
    assert set(hidden["reason"].to_pylist()) == {"no_id"}


def test_more_robots_come_and_the_truth_knows_them(usual: Made) -> None:
    _, people, _ = made(ScenarioName.bot_traffic)
    assert pc.sum(people["is_robot"]).as_py() > 2 * pc.sum(usual[1]["is_robot"]).as_py()


def test_a_person_with_two_browsers_is_one_person(usual: Made) -> None:
    _, people, _ = made(ScenarioName.cross_device)
    browsers, persons = (len(set(people[name].to_pylist())) for name in ("user_pseudo_id", "person_id"))
    assert browsers > persons == len(set(usual[1]["person_id"].to_pylist()))
    assert len(set(usual[1]["user_pseudo_id"].to_pylist())) == persons


def test_a_live_export_has_text_ids_and_its_own_columns() -> None:
    _, table = next(iter(storefront.days(DAYS, 0.01, 42, Scenario(ScenarioName.live_export, SINCE))))
    assert table.schema.field("stream_id").type == pa.string()
    kind = table.schema.field("user_properties").type.value_type
    assert (kind.field("key").type, kind.field("value").type.field("double_value").type) == (pa.string(), pa.float64())
    assert {"batch_event_index", "collected_traffic_source"} <= set(table.schema.names)


def test_a_late_day_is_cut_first_and_whole_later(tmp_path: Path) -> None:
    settings = Settings.model_validate({"start": DAYS[0], "end": DAYS[-1]})
    fill_source(settings, None, Making(0.02, 42, "late-day"), tmp_path)
    name = f"events_{SINCE:%Y%m%d}.parquet"
    cut, whole = (pq.read_table(folder / name) for folder in (tmp_path, tmp_path / "late"))
    assert cut.num_rows < whole.num_rows
    assert cut.equals(whole.slice(0, cut.num_rows))


def test_days_and_truth_have_the_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    settings = Settings.model_validate({"start": DAYS[0], "end": DAYS[-1]})
    found = []
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        fill_source(settings, None, Making(0.02, 42, "consent-banner", workers), folder / "days")
        found.append({str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*.parquet"))})
    assert found[0] == found[1]
    assert len(found[0]) == len(DAYS) + len(TRUTH)


def test_the_command_line_knows_every_scenario() -> None:
    assert {kind.value for kind in ScenarioName} == {kind.value for kind in DESCRIPTIONS}
    shown = " ".join(CliRunner().invoke(app, ["source", "--help"]).output.split())
    for kind, description in DESCRIPTIONS.items():
        assert f"{kind.value}: {description}" in shown
