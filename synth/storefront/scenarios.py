"""Things that go wrong with tracking, by name: for tests and demonstrations of what the pipeline makes of them.

A scenario sets in on a day and changes nothing before it. What it hides is written down (synth/storefront/truth.py).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from journey.scenarios import ScenarioName
from synth.storefront.attributes import browsers
from synth.storefront.calendar import moment
from synth.storefront.draws import Codes, Flags, children, uniform
from synth.storefront.figures import CODE
from synth.storefront.sessions import Events
from synth.storefront.visitors import BUYER, Visits

DECLINES, REDIRECTED, SECOND_BROWSER, MORE_ROBOTS = 0.35, 0.3, 0.4, 5.0
LATE_DAY_UNTIL = 17  # hour, UTC
LATE_FOLDER = "late"  # beside the days: the late day as it is exported again, whole
_FUNNEL = ("add_to_cart", "begin_checkout", "add_shipping_info", "add_payment_info", "purchase")


@dataclass(frozen=True)
class Scenario:
    """What goes wrong, and the day (UTC) on which it begins."""

    kind: ScenarioName
    since: date

    @property
    def since_us(self) -> int:
        return moment(self.since, 0)


def unrecorded(scenario: Scenario | None, visits: Visits, events: Events) -> Flags:
    """Which events happened but were not told."""
    none = np.zeros(len(events.event), dtype=bool)
    if scenario is None or not len(visits):
        return none
    begun = events.at_us >= scenario.since_us
    if scenario.kind == ScenarioName.tracking_outage:
        begun = (events.at_us >= moment(scenario.since, 6)) & (
            events.at_us < moment(scenario.since + timedelta(days=1), 18)
        )
        silent: Flags = begun & np.isin(events.event, [CODE[name] for name in _FUNNEL])
        return silent
    if scenario.kind == ScenarioName.consent_banner:
        declines: Flags = begun & (uniform(visits.visitor, "declines") < DECLINES)[events.visit]
        return declines
    if scenario.kind == ScenarioName.checkout_redirect:
        away = (visits.depth == BUYER) & (uniform(visits.key, "redirected") < REDIRECTED)
        first = np.full(len(visits), np.iinfo(np.int64).max)
        bought = events.event == CODE["purchase"]
        np.minimum.at(first, events.visit[bought], events.at_us[bought])
        lost: Flags = begun & away[events.visit] & (events.at_us >= first[events.visit])
        return lost
    return none


def ids_lost(scenario: Scenario | None, visits: Visits) -> Flags:
    """In which sessions purchases tell no id."""
    if scenario is None or scenario.kind != ScenarioName.lost_ids or not len(visits):
        return np.zeros(len(visits), dtype=bool)
    found: Flags = (browsers(visits) == "Safari") & (visits.started_us >= scenario.since_us)
    return found


def second_browsers(scenario: Scenario | None, visits: Visits) -> Visits:
    """The same sessions, some of those that return in a browser of their own; `visits` grouped by visitor, in order."""
    if scenario is None or scenario.kind != ScenarioName.cross_device or not len(visits):
        return visits
    other = (visits.turn > 0) & (visits.started_us >= scenario.since_us)
    other &= uniform(visits.person, "has two") < SECOND_BROWSER
    other &= uniform(visits.key, "in the second") < 0.6
    # the second browser counts its sessions, knows its own first visit, and nothing of what the first one spent
    groups = np.cumsum(visits.turn == 0)
    nth = np.cumsum(other) - (np.cumsum(other) - other)[np.unique(groups, return_index=True)[1]][groups - 1]
    first_at = np.full(int(groups[-1]) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_at, groups[other], visits.started_us[other])
    return visits.changed(
        visitor=np.where(other, children(visits.person, "second browser"), visits.visitor),
        number=np.where(other, nth, visits.number),
        is_first=np.where(other, nth == 1, visits.is_first),
        first_touch_us=np.where(other, first_at[groups], visits.first_touch_us),
        device=np.where(other, children(visits.person, "second device"), visits.device),
    )


def robot_factor(scenario: Scenario | None, day: date) -> float:
    """How many times as many scripted visitors come on a day."""
    is_on = scenario is not None and scenario.kind == ScenarioName.bot_traffic and day >= scenario.since
    return MORE_ROBOTS if is_on else 1.0


def as_exported(scenario: Scenario | None, table: pa.Table, place_in_bundle: Codes) -> pa.Table:
    """A day's table, with a live export's columns where the scenario is that."""
    if scenario is None or scenario.kind != ScenarioName.live_export:
        return table
    text = pa.string()
    schema = pa.schema([_live(field) for field in table.schema])
    table = table.cast(schema)
    source = table["traffic_source"].combine_chunks()
    collected = pa.StructArray.from_arrays(
        [
            *(source.field(name).cast(text) for name in ("source", "medium", "name")),
            pa.nulls(len(table), text),
        ],
        names=["manual_source", "manual_medium", "manual_campaign_name", "gclid"],
    )
    table = table.append_column("batch_event_index", pa.array(place_in_bundle, pa.int64()))
    return table.append_column("collected_traffic_source", collected)


def until_late(scenario: Scenario, table: pa.Table) -> pa.Table:
    """The late day as it is exported at first: rows are sorted by time, so it is the first of them."""
    times = table["event_timestamp"].to_numpy()
    return table.slice(0, int(np.searchsorted(times, moment(scenario.since, LATE_DAY_UNTIL))))


# Integers in the sample, where nothing is in them.
_LIVE_TEXTS = (
    "stream_id", "analytics_storage", "ads_storage", "vendor_id", "advertising_id", "mobile_os_hardware_model",
    "key", "string_value",
)  # fmt: skip
_LIVE_DECIMALS = ("float_value", "double_value")


def _live(field: pa.Field) -> pa.Field:
    """A column with the type that live exports give it."""
    kind = field.type
    if pa.types.is_integer(kind):
        kind = pa.string() if field.name in _LIVE_TEXTS else pa.float64() if field.name in _LIVE_DECIMALS else kind
    elif pa.types.is_struct(kind):
        kind = pa.struct([_live(kind.field(n)) for n in range(kind.num_fields)])
    elif pa.types.is_list(kind):
        kind = pa.list_(_live(kind.value_field))
    return pa.field(field.name, kind, nullable=field.nullable)
