"""`journey synth` over small days: a shop in PostgreSQL that fits them, an answer key in BigQuery that fits both."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from journey.bigquery import Warehouse
from journey.errors import BadInput
from journey.settings import Settings
from synth.answer_key import TRUE_IDENTITIES, TRUE_ORDERS
from synth.backend import Made, synth
from synth.tables import write_tables
from tests.synth.ga4_days import MUG, TEE, a_shop, at, basket_event, load_days, purchase, visit
from tests.synth.shops import execute, held, scalar

NOV_1, NOV_2 = date(2020, 11, 1), date(2020, 11, 2)
FILES = ("users", "orders", "order_items", "true_orders", "true_identities")


@pytest.fixture
def busy(warehouse: Warehouse, tmp_path: Path) -> Settings:
    """Settings over three days of 20 purchases each."""
    a_shop(warehouse, tmp_path)
    return warehouse.settings


def orders_of(settings: Settings, where: str = "true") -> list[dict[str, Any]]:
    """Rows of the answer key."""
    table = TRUE_ORDERS.id(settings)
    return Warehouse(settings).rows(f"select * from `{table}` where {where} order by created_at, order_id")


def rows_of(folder: Path) -> dict[str, set[str]]:
    """The rows of every Parquet file, as text."""
    return {name: set(map(str, parquet.read_table(folder / f"{name}.parquet").to_pylist())) for name in FILES}


def test_every_purchase_becomes_an_order_or_is_known_to_be_dropped(busy: Settings) -> None:
    made = synth(busy)
    assert (made.days, made.purchases) == (3, 63)  # 60 with an id, reloads left out, and three without
    assert made.dropped in (10, 11, 12)
    assert made.dropped_share == round(made.dropped / 63, 4)
    rows = held(busy.backend_schema)
    assert (len(rows["users"]), len(rows["orders"]), len(rows["order_items"])) == (
        made.users,
        made.orders,
        made.order_items,
    )
    assert made.rows == made.users + made.orders + made.order_items
    truth = orders_of(busy)
    in_shop = {row[0] for row in rows["orders"]}
    assert in_shop == {row["order_id"] for row in truth if not row["is_dropped"]}
    assert Counter(row["gap"] for row in truth)["dropped"] == made.dropped
    assert sum(row["has_ga4_id"] for row in truth) == 60
    assert made.orders == len(truth) - made.dropped


def test_a_run_over_fewer_days_keeps_the_orders_of_days_that_are_loaded(busy: Settings) -> None:
    warehouse = Warehouse(busy)
    warehouse.ensure_dataset("raw_ga4")
    warehouse.execute(
        f"create table `{busy.dataset('raw_ga4')}.export_days` as "
        "select date '2020-11-01' as day, 20 as events union all select date '2020-11-02', 0"
    )
    made = synth(busy.model_copy(update={"start": date(2020, 11, 3), "end": date(2020, 11, 3)}))
    assert (made.days, made.purchases) == (2, 42)


def test_an_order_carries_the_full_id_whether_ga4_wrote_it_as_text_or_as_a_number(busy: Settings) -> None:
    synth(busy)
    ids = {row["transaction_id"] for row in orders_of(busy, "has_ga4_id")}
    assert {"1000001000", "200000019"} <= ids
    assert all(row["transaction_id"].startswith("S") for row in orders_of(busy, "not has_ga4_id"))


def test_the_first_event_of_a_reloaded_page_is_the_purchase(warehouse: Warehouse, tmp_path: Path) -> None:
    first, again = at("2020-11-01 12:00:00"), at("2020-11-01 12:00:40")
    day = [purchase("1.1", again, "777", value=99.0), purchase("1.1", first, "777", value=29.16)]
    load_days(warehouse, {NOV_1: day}, tmp_path)
    synth(settings := warehouse.settings.model_copy(update={"gap_rate": 0.0}))
    (row,) = orders_of(settings, "has_ga4_id")
    assert row["true_total"] == Decimal("29.16")
    assert first < row["created_at"]


def test_lines_are_the_items_of_the_purchase_and_sum_to_the_subtotal(warehouse: Warehouse, tmp_path: Path) -> None:
    items = [TEE, MUG, {"item_id": "(not set)", "item_name": "(not set)"}]
    day = [purchase(f"{n}.1", at(f"2020-11-01 12:{n:02d}:00"), f"{n}", items=items) for n in range(40)]
    load_days(warehouse, {NOV_1: day}, tmp_path)
    synth(settings := warehouse.settings.model_copy(update={"gap_rate": 0.0}))
    plain = {row["order_id"] for row in orders_of(settings, "gap = 'none'")}
    lines = [row for row in held(settings.backend_schema)["order_items"] if row[0] in plain]
    assert {row[2:6] for row in lines} == {("1", "Tee", "Apparel", 2), ("2", "Mug", None, 1)}
    assert {row[7] for row in lines} == {Decimal("20.00"), Decimal("7.00")}
    in_shop = f"from {settings.backend_schema}"
    sums = f"(select order_id, sum(line_total) as lines {in_shop}.order_items group by order_id) as sums"
    different = (
        f"select count(*) {in_shop}.orders left join {sums} using (order_id) where subtotal is distinct from lines"
    )
    assert scalar(different) == 0


def test_a_purchase_whose_param_lost_the_id_takes_that_of_the_ecommerce_field(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    lost = {"transaction_id": "A-77", "purchase_revenue": 31.0}
    event = purchase("1.1", at("2020-11-01 12:00:00"), None, value=None, ecommerce=lost)
    load_days(warehouse, {NOV_1: [event]}, tmp_path)
    synth(settings := warehouse.settings.model_copy(update={"gap_rate": 0.0}))
    (row,) = orders_of(settings, "has_ga4_id")
    assert (row["transaction_id"], row["true_total"]) == ("A-77", Decimal(31))


def test_an_order_without_an_id_holds_what_the_session_took_to_the_checkout_or_else_its_cart(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    def lost(browser: str, session: int) -> Any:
        return purchase(browser, at("2020-11-01 12:30:00"), None, None, None, [], session=session)

    shown = {**MUG, "quantity": None}  # the sample lists what stood around the item that was added
    day = [
        basket_event("add_to_cart", "1.1", at("2020-11-01 12:00:00"), 7, [shown, TEE]),
        basket_event("add_to_cart", "1.1", at("2020-11-01 12:01:00"), 7, [TEE]),
        lost("1.1", 7),
        basket_event("add_to_cart", "2.2", at("2020-11-01 12:00:00"), 7, [TEE]),
        basket_event("begin_checkout", "2.2", at("2020-11-01 12:01:00"), 7, [MUG]),
        basket_event("begin_checkout", "2.2", at("2020-11-01 12:40:00"), 7, [TEE]),  # too late
        lost("2.2", 7),
        basket_event("add_to_cart", "3.3", at("2020-11-01 12:00:00"), 8, [TEE]),  # another session
        lost("3.3", 7),
        purchase("4.4", at("2020-11-01 12:30:00"), None, 99.5, 7.5, [TEE]),
    ]
    load_days(warehouse, {NOV_1: day}, tmp_path)
    synth(settings := warehouse.settings.model_copy(update={"gap_rate": 0.0}))
    orders = {row["user_pseudo_id"]: row for row in orders_of(settings, "has_ga4_purchase")}
    found = {browser: (row["gap_detail"], row["true_total"]) for browser, row in orders.items()}
    assert found.pop("3.3")[0] == "nothing left"
    assert found == {
        "1.1": ("cart left", Decimal("43.20")),  # four tees at 10, and the tax
        "2.2": ("cart left", Decimal("7.56")),
        "4.4": ("value left", Decimal("99.50")),
    }
    names = {row[0]: row[2] for row in held(settings.backend_schema)["order_items"]}
    assert [names[orders[browser]["order_id"]] for browser in ("1.1", "2.2", "4.4")] == ["1", "2", "1"]


def test_a_purchase_of_a_browser_without_an_id_has_a_user_of_its_own(warehouse: Warehouse, tmp_path: Path) -> None:
    day = [purchase(None, at(f"2020-11-01 12:00:0{n}"), f"{n}") for n in range(5)] + [
        visit(None, at("2020-11-01 01:00:00"))
    ]
    load_days(warehouse, {NOV_1: day}, tmp_path)
    synth(settings := warehouse.settings)
    users = [row["user_id"] for row in orders_of(settings, "has_ga4_id") if row["user_pseudo_id"] is None]
    assert len(users) == len(set(users)) == 5


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(busy: Settings, tmp_path: Path) -> None:
    first, second, other = (
        synth(busy.model_copy(update={"seed": s}), tmp_path / str(n)) for n, s in enumerate((42, 42, 43))
    )
    for name in FILES:
        assert (tmp_path / "0" / f"{name}.parquet").read_bytes() == (tmp_path / "1" / f"{name}.parquet").read_bytes()
    assert first == second
    assert first.digest != other.digest


def test_a_longer_window_adds_rows_and_changes_none(busy: Settings, tmp_path: Path) -> None:
    for name, end in (("short", date(2020, 11, 2)), ("long", date(2020, 11, 3))):
        synth(busy.model_copy(update={"start": NOV_1, "end": end}), tmp_path / name)
    short, long = rows_of(tmp_path / "short"), rows_of(tmp_path / "long")
    for name in FILES[:4]:
        assert short[name] < long[name], name


def test_without_a_window_every_day_of_the_source_is_read(busy: Settings) -> None:
    assert synth(busy.model_copy(update={"start": None, "end": None})).days == 3
    assert synth(busy.model_copy(update={"start": NOV_2, "end": NOV_2})).days == 1


def test_as_of_a_moment_nothing_later_exists(busy: Settings, tmp_path: Path) -> None:
    noon = datetime(2020, 11, 2, 12, tzinfo=UTC)
    synth(busy.model_copy(update={"as_of": noon}), tmp_path / "then")
    synth(busy, tmp_path / "later")
    for name in ("users", "orders", "order_items"):
        times = parquet.read_table(tmp_path / "then" / f"{name}.parquet")["updated_at"].to_pylist()
        assert times
        assert max(times) < noon
    then, later = (parquet.read_table(tmp_path / n / "orders.parquet").to_pylist() for n in ("then", "later"))
    known = {row["order_id"]: row for row in later}
    assert {row["order_id"] for row in then} == {i for i, row in known.items() if row["created_at"] < noon}
    assert {row["status"] for row in then} <= {"pending", "paid", "cancelled", "shipped"}
    assert all(row["total"] == known[row["order_id"]]["total"] for row in then)


def test_identities_are_told_with_their_evidence(busy: Settings) -> None:
    synth(busy)
    edges = Warehouse(busy).rows(f"select * from `{TRUE_IDENTITIES.id(busy)}`")
    shown = {
        (o["user_pseudo_id"], o["user_id"])
        for o in orders_of(busy, "has_ga4_id and not is_dropped and gap != 'test_order'")
    }
    for edge in edges:
        if (edge["user_pseudo_id"], edge["user_id"]) in shown:
            assert edge["has_evidence"]
    assert {edge["kind"] for edge in edges} <= {"own", "second_device", "shared_device"}
    assert any(not edge["has_evidence"] for edge in edges)


def test_a_users_own_backend_is_left_alone(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    made = synth(settings.model_copy(update={"backend": "existing"}))
    assert made == Made(is_made_up=False)
    assert "JOURNEY_BACKEND is existing" in capsys.readouterr().err
    assert scalar(f"select to_regnamespace('{settings.backend_schema}')") is None


def test_a_real_shop_in_the_schema_is_found_before_any_work(settings: Settings) -> None:
    execute(
        f"create schema {settings.backend_schema}; create table {settings.backend_schema}.users as select 1 as user_id"
    )
    with pytest.raises(BadInput, match="did not make, so nothing was changed"):
        synth(settings)  # its source does not even exist
    assert scalar(f"select user_id from {settings.backend_schema}.users") == 1


def test_an_unknown_source_is_named(settings: Settings) -> None:
    with pytest.raises(BadInput, match=rf"there is no dataset {settings.ga4_source}"):
        synth(settings)


def test_a_source_without_a_day_of_the_window_is_named(busy: Settings) -> None:
    with pytest.raises(BadInput, match=r"holds no events_YYYYMMDD table from 2021-05-01\.\.2021-05-02"):
        synth(busy.model_copy(update={"start": date(2021, 5, 1), "end": date(2021, 5, 2)}))


def test_a_source_without_a_purchase_changes_nothing(warehouse: Warehouse, busy: Settings, tmp_path: Path) -> None:
    synth(busy)
    before = held(busy.backend_schema)
    load_days(warehouse, {date(2020, 11, 9): [visit("1.1", at("2020-11-09 12:00:00"))]}, tmp_path)
    with pytest.raises(BadInput, match="holds no purchase event from 2020-11-09"):
        synth(busy.model_copy(update={"start": date(2020, 11, 9), "end": date(2020, 11, 9)}))
    with pytest.raises(BadInput, match=r"holds no purchase event .* up to 2020-11-01 00:10 UTC"):
        synth(busy.model_copy(update={"as_of": at("2020-11-01 00:10:00")}))
    assert held(busy.backend_schema) == before


@pytest.mark.parametrize("column", ["geo", "items", "ecommerce"])
def test_an_export_that_lost_a_column_on_one_day_still_makes_a_shop(
    column: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    whole = purchase("1.1", at("2020-11-01 12:00:00"), "1")
    load_days(warehouse, {NOV_1: [whole]}, tmp_path)
    load_days(warehouse, {NOV_2: [purchase("2.2", at("2020-11-02 12:00:00"), "2")]}, tmp_path, without=column)
    synth(settings := warehouse.settings.model_copy(update={"gap_rate": 0.0}))
    assert [row["transaction_id"] for row in orders_of(settings, "has_ga4_id")] == ["1", "2"]


def test_an_export_that_is_none_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    load_days(warehouse, {NOV_1: [visit("1.1", at("2020-11-01 12:00:00"))]}, tmp_path, without="event_params")
    with pytest.raises(BadInput, match="event_params"):
        synth(warehouse.settings)


@pytest.mark.parametrize("rate", ["1", "-0.1", "many", "17.5 %"])
def test_a_gap_rate_that_cannot_be_is_refused(rate: str) -> None:
    with pytest.raises(BadInput, match=r"JOURNEY_GAP_RATE is .* give a share from 0 up to"):
        Settings.from_environment(gap_rate=rate)


def test_no_gap_rate_drops_nothing_and_half_drops_half(busy: Settings) -> None:
    assert synth(busy.model_copy(update={"gap_rate": 0.0})).dropped == 0
    assert synth(busy.model_copy(update={"gap_rate": 0.5})).dropped == 31


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from journey.errors import TryAgain
from journey.settings import Settings
from synth.backend import synth
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file that may not grow fails as one on a full disk does
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
try:
    synth(Settings.model_validate_json(sys.argv[1]), Path(sys.argv[2]))
except TryAgain as error:
    sys.exit(f"TryAgain: {error}")
"""


def test_a_disk_without_space_for_the_parquet_files_leaves_everything_as_it_was(busy: Settings, tmp_path: Path) -> None:
    synth(busy, tmp_path / "files")
    before, files = held(busy.backend_schema), {p.name: p.read_bytes() for p in (tmp_path / "files").iterdir()}
    other = busy.model_copy(update={"seed": 43}).model_dump_json()
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, other, tmp_path / "files"], capture_output=True, text=True, check=False
    )
    assert "TryAgain: there is no space for the Parquet files in" in done.stderr
    assert held(busy.backend_schema) == before
    assert {p.name: p.read_bytes() for p in (tmp_path / "files").iterdir()} == files


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match=r"cannot be written to .*file/parquet \(Not a directory\)"):
        write_tables({}, tmp_path / "file" / "parquet")


def test_the_temporary_files_are_gone_afterwards(
    busy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    synth(busy)
    assert set(tmp_path.iterdir()) == before


def test_the_ten_real_days_have_their_418_orders(
    real_days: Path, settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    from synth.source import Making, fill_source

    fill_source(settings, real_days, Making(1, 42), None)
    made = synth(settings, tmp_path / "first")
    truth = orders_of(settings, "has_ga4_id")
    if made.days == 10:  # the folder that the figures are about
        assert (made.purchases, len(truth)) == (436, 418)
        assert sum(row["true_total"] for row in truth) == Decimal("29411.08")
    assert 0.15 <= made.dropped_share <= 0.20
    assert synth(settings, tmp_path / "second") == made
    for row in truth:
        if not row["is_dropped"] and row["gap"] in ("none", "late", "day_boundary"):
            assert row["booked_revenue"] == row["true_total"]
        assert row["created_at"] - timedelta(hours=60) < datetime(2021, 2, 1, tzinfo=UTC)
