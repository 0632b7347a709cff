"""The parameters of events: which keys an event carries, and in which of the value's fields.

The traps of the real export are here: session_engaged is text on most events and a number on first_visit and
session_start; value and tax are whole numbers where they have no cents; the order id is a number until 11 November and
text from then on.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from synth.storefront.arrays import column_type, struct, texts
from synth.storefront.attributes import SELF_REFERRAL, source_labels
from synth.storefront.baskets import Baskets
from synth.storefront.calendar import ID_IS_NUMBER_UNTIL, SHIPPING_TIER_FROM
from synth.storefront.catalogue import pages
from synth.storefront.draws import Choice, Codes, Flags, Keys, Shares, uniform
from synth.storefront.figures import CODE, EVENTS, figures
from synth.storefront.presence import carried
from synth.storefront.sessions import OPENING, Events
from synth.storefront.visitors import Visits

_MASKED = "<obfuscated>"
ENGAGED_AFTER_MSEC = 10_000
ENGAGED_AT_ONCE = (0.003, 0.02)  # first visits, others
ENGAGED_BY_AGE = 0.17
SEARCH_ENGINE = "https://www.google.com/"


class _Collector:
    """Gathers entries key by key; `where` says on which events a key stands."""

    def __init__(self, events: Events) -> None:
        self.length = len(events.event)
        self.names: list[str] = []
        self.owners: list[Codes] = []
        self.values: list[tuple[str, Codes | Shares | None]] = []  # a field of the value, and what it holds
        self.vocabulary: list[str] = []  # of text values, which are positions in it

    def add(self, name: str, where: Flags) -> None:
        """An entry without a value for each event of `where`."""
        self._entry(name, np.flatnonzero(where), "", None)

    def text(self, name: str, where: Flags, vocabulary: Sequence[str], codes: Codes | None = None) -> None:
        at = np.flatnonzero(where)
        values = np.full(len(at), len(self.vocabulary)) if codes is None else codes[at] + len(self.vocabulary)
        self.vocabulary.extend(vocabulary)
        self._entry(name, at, "string_value", values)

    def whole(self, name: str, where: Flags, values: Codes | int) -> None:
        at = np.flatnonzero(where)
        self._entry(name, at, "int_value", np.broadcast_to(values, self.length)[at])

    def broken(self, name: str, where: Flags, values: Shares) -> None:
        at = np.flatnonzero(where)
        self._entry(name, at, "double_value", values[at])

    def _entry(self, name: str, at: Codes, field: str, values: Codes | Shares | None) -> None:
        self.names.append(name)
        self.owners.append(at)
        self.values.append((field, values))

    def lists(self) -> pa.Array:
        """The column; the entries of an event stand in the order in which they were gathered."""
        counts = np.zeros(self.length, dtype=np.int32)
        for at in self.owners:
            counts[at] += 1
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        free, total = offsets[:-1].copy(), int(offsets[-1])
        key = np.zeros(total, dtype=np.int8)
        held = {field: np.zeros(total, dtype=kind) for field, kind in _FIELDS.items()}
        empty = {field: np.ones(total, dtype=bool) for field in _FIELDS}
        for code, (at, (field, values)) in enumerate(zip(self.owners, self.values, strict=True)):
            places = free[at]
            free[at] += 1
            key[places] = code
            if values is not None:
                held[field][places] = values
                empty[field][places] = False
        kind = column_type("event_params")
        entry = kind.value_type
        columns = {
            "string_value": texts(self.vocabulary, held["string_value"], ~empty["string_value"]),
            "int_value": pa.array(held["int_value"], mask=empty["int_value"]),
            "double_value": pa.array(held["double_value"], mask=empty["double_value"]),
        }
        value = struct(entry.field("value").type, total, columns)
        entries = struct(entry, total, {"key": texts(self.names, key), "value": value})
        return pa.ListArray.from_arrays(pa.array(offsets), entries, type=kind)


_FIELDS = {"string_value": np.int32, "int_value": np.int64, "double_value": np.float64}


def event_params(events: Events, visits: Visits, source: Codes, orders: Baskets, order: Codes) -> pa.Array:
    """The event_params column.

    `source` is each session's position in `source_labels`; `order` each event's position in `orders`, -1 without one.
    """
    collect = _Collector(events)
    everywhere = np.ones(collect.length, dtype=bool)
    is_opening = np.isin(events.event, OPENING)
    collect.whole("ga_session_id", everywhere, session_ids(visits)[events.visit])
    collect.whole("ga_session_number", everywhere, visits.number[events.visit])
    collect.text("page_location", everywhere, pages().locations, events.page)
    collect.text("page_title", _has("page_title", events, events.key), pages().titles, events.page)
    collect.whole("debug_mode", _has("debug_mode", events, events.key), 1)
    clean = _has("clean_event", events, events.key)
    collect.text("clean_event", clean, ["gtm.js"])
    collect.add("all_data", clean)
    _engagement(collect, events, visits, is_opening)
    _sources(collect, events, visits, source)
    _pages(collect, events)
    _single_events(collect, events)
    _purchases(collect, events, orders, order)
    return collect.lists()


def _engagement(collect: _Collector, events: Events, visits: Visits, is_opening: Flags) -> None:
    is_first = visits.is_first[events.visit]
    engaged = _engaged(events, visits)
    # a returning session that lasts says so from its start
    lasts = np.bincount(events.visit[_lasted(events, visits)], minlength=len(visits)) > 0
    on_start = (events.event == CODE["session_start"]) & ~is_first & lasts[events.visit]
    on_hits = (uniform(visits.key, "says engaged")[events.visit] < 0.965) & ~is_opening
    collect.whole("engaged_session_event", (is_opening & (is_first | lasts[events.visit])) | on_hits, 1)
    collect.whole("session_engaged", (events.event == CODE["first_visit"]) | on_start, 1)
    collect.text("session_engaged", ~is_opening, ["0", "1"], engaged.astype(np.int64))
    first_view = (events.event == CODE["page_view"]) & (events.view_number == 0)
    collect.whole("entrances", first_view & (uniform(events.key, "entrances") < 0.997), 1)
    collect.whole("engagement_time_msec", events.engaged_msec > 0, events.engaged_msec)


def _engaged(events: Events, visits: Visits) -> Flags:
    """A session counts as engaged from its second page or ten seconds of looking on, and never ceases to be.

    Source: "Engagement rate and bounce rate" in Google's Analytics help. On ten days of the sample every session that
    has come so far is engaged; a few are that have not, mostly those that are older than ten seconds.
    """
    looked = (events.looked_msec >= ENGAGED_AFTER_MSEC) | (events.view_number >= 1)
    soon = uniform(visits.key, "engaged at once") < np.where(visits.is_first, *ENGAGED_AT_ONCE)
    by_age = uniform(visits.key, "engaged by age") < ENGAGED_BY_AGE
    engaged: Flags = looked | soon[events.visit] | (by_age[events.visit] & _lasted(events, visits))
    return engaged


def _lasted(events: Events, visits: Visits) -> Flags:
    """Whether the session is ten seconds old."""
    old: Flags = events.at_us - visits.started_us[events.visit] >= ENGAGED_AFTER_MSEC * 1000
    return old


def _sources(collect: _Collector, events: Events, visits: Visits, source: Codes) -> None:
    """Source, medium and campaign on a third of the events; past the first page mostly the shop itself."""
    labels = list(dict.fromkeys((*source_labels(), *_OTHER_SOURCES)))
    self_referral = (events.view_number > 0) & (uniform(events.view, "self referral") < 0.62)
    told = _told_sources(visits, labels, source)
    label = np.where(self_referral, labels.index(SELF_REFERRAL), told[events.visit])
    parts = list(zip(*(name.split(" / ") for name in labels), strict=True))
    for name, vocabulary in zip(("source", "medium", "campaign"), parts, strict=True):
        has_text = np.array([text != "NULL" for text in vocabulary])
        collect.text(name, events.tells_source & has_text[label], list(vocabulary), label)
    # paid clicks and search terms are known on the page that a session opens with
    landing = events.view_number == 0
    collect.text("term", landing & _has("term", events, events.view, times=2.8), [_MASKED])
    clicked = landing & _has("gclid", events, events.view, times=2.8)
    collect.add("gclid", clicked)
    collect.add("gclsrc", clicked & (uniform(events.view, "gclsrc") < 0.99))
    collect.add("dclid", landing & _has("dclid", events, events.view, times=2.8))


# How often the event's source is the session's first source; elsewise it is one of the others.
_TOLD_AS_IS = {
    "(direct) / (none) / (direct)": 0.72,
    "(data deleted) / (data deleted) / (data deleted)": 0.42,
    "<Other> / <Other> / <Other>": 0.85,
    "google / cpc / <Other>": 0.78,
}
_OTHER_SOURCES = {
    "google / organic / (organic)": 0.4,
    "googlemerchandisestore.com / referral / (referral)": 0.24,
    "<Other> / referral / (referral)": 0.04,
    "NULL / organic / (organic)": 0.085,
    "analytics.google.com / referral / (referral)": 0.07,
    "Partners / affiliate / Data Share Promo": 0.018,
    "support.google.com / referral / (referral)": 0.008,
    "sites.google.com / referral / (referral)": 0.005,
    "creatoracademy.youtube.com / referral / (referral)": 0.003,
    "bing / organic / (organic)": 0.0025,
    "mail.google.com / referral / (referral)": 0.002,
}


def _told_sources(visits: Visits, labels: list[str], source: Codes) -> Codes:
    """For each session the source that its events tell, a position in `labels`."""
    known = source_labels()
    as_is = np.array([_TOLD_AS_IS.get(label, 0.93) for label in known])
    others = Choice.of(_OTHER_SOURCES)
    at = np.array([labels.index(label) for label in others.names])
    kept = uniform(visits.key, "source told") < as_is[source]
    return np.where(kept, source, at[others.draw(visits.key, "other source")])


def _pages(collect: _Collector, events: Events) -> None:
    """The referrer is the page before with a bare '?' appended, and has no text on most hits that carry the key."""
    text_share = np.array([figures()["referrer_text"].get(name, 0.0) for name in EVENTS])
    # on the page a session opens with the referrer is hardly ever told
    share = np.where(events.view_number > 0, np.minimum(1.0, text_share[events.event] * 1.3), 0.05)
    told = uniform(events.view, "referrer told") < share
    addresses = [f"{location}?" for location in pages().locations] + [SEARCH_ENGINE]
    code = np.where(events.page_before >= 0, events.page_before, len(addresses) - 1)
    collect.text("page_referrer", events.has_referrer & told, addresses, code)
    collect.add("page_referrer", events.has_referrer & ~told)


def _single_events(collect: _Collector, events: Events) -> None:
    """Keys that belong to one kind of event."""
    is_a = {name: events.event == code for name, code in CODE.items()}
    collect.whole("percent_scrolled", is_a["scroll"], 90)
    collect.text("search_term", is_a["view_search_results"], [_MASKED])
    collect.whole("unique_search_term", _has("unique_search_term", events, events.key), 1)
    link = Choice.of({"fedex.com": 0.7, "wwwapps.ups.com": 0.06, "store.google.com": 0.05, "google.com": 0.03})
    domain = link.draw(events.key, "link")
    collect.text("link_domain", is_a["click"], list(link.names), domain)
    collect.text("link_url", is_a["click"], [f"https://{name}/" for name in link.names], domain)
    collect.text("outbound", is_a["click"], ["true"])
    collect.text("currency", is_a["add_payment_info"] | is_a["add_shipping_info"] | is_a["purchase"], ["USD"])


def _purchases(collect: _Collector, events: Events, orders: Baskets, order: Codes) -> None:
    is_purchase = events.event == CODE["purchase"]
    if not is_purchase.any():
        return
    at = np.where(is_purchase, order, 0)
    known = is_purchase & orders.has_id[at]
    told = is_purchase & orders.id_told[at]
    as_number = told & (events.at_us < ID_IS_NUMBER_UNTIL)
    collect.whole("transaction_id", as_number, orders.id_number[at])
    as_text = told & ~as_number
    ids = [str(number) for number in orders.id_number.tolist()]
    collect.text("transaction_id", as_text, ids, at)
    for name, cents in (("value", orders.value_cents[at]), ("tax", orders.tax_cents[at])):
        is_whole = cents % 100 == 0
        collect.whole(name, known & is_whole, cents // 100)
        collect.broken(name, known & ~is_whole, cents / 100)
    collect.text("payment_type", known, ["Pay with credit card"])
    basket = orders.key[at]
    tiers = Choice.of(figures()["shipping_tiers"])
    collect.text(
        "shipping_tier", known & (events.at_us >= SHIPPING_TIER_FROM), list(tiers.names), tiers.draw(basket, "tier")
    )
    collect.text("coupon", is_purchase & _has("coupon", events, basket), [_MASKED])
    collect.text("promotion_name", is_purchase & _has("promotion_name", events, basket), ["Winter Sale"])


def order_of(events: Events, orders: Baskets) -> Codes:
    """The basket each event is about, -1 where its session has none."""
    wanted = events.visit * 2 + events.attempt
    have = orders.visit * 2 + orders.attempt
    if not len(have):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(have, wanted), len(have) - 1)
    return np.where(have[at] == wanted, at, -1)


def session_ids(visits: Visits) -> Codes:
    """ga_session_id of each session: ten digits that are no moment."""
    return (uniform(visits.key, "ga_session_id") * 10_000_000_000).astype(np.int64)


def _has(name: str, events: Events, keys: Keys, times: float = 1.0) -> Flags:
    return carried(name, events.event, events.at_us, keys, times)
