"""Device, place and source of a session, and the struct columns that show them.

None of them says anything about behaviour: in the sample they were shuffled. The place stays with a visitor, the device
with the visitor's day, the "first" source is drawn for each session.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synth.storefront.arrays import column_type, same, struct, texts
from synth.storefront.draws import Choice, Codes, Keys, children, uniform
from synth.storefront.figures import figures
from synth.storefront.visitors import LONG_ROBOT, Visits

_SYSTEM_VERSIONS = {
    "Web": {"10": 0.37, "Intel 10.15": 0.16, "<Other>": 0.47},
    "Windows": {"Windows 10": 0.9, "Windows 7": 0.07, "<Other>": 0.03},
    "Macintosh": {"Macintosh Intel 10.15": 0.61, "Macintosh Intel 11.1": 0.18, "<Other>": 0.21},
    "iOS": {"iOS 14.3": 0.39, "iOS 14.2": 0.37, "<Other>": 0.24},
    "Android": {"Android 10": 0.5, "Android 9": 0.19, "<Other>": 0.31},
    "<Other>": {"<Other>": 1.0},
}
_BROWSER_VERSIONS = {
    "Chrome": {"87.0": 0.54, "86.0": 0.31, "84.0": 0.0085, "83.0": 0.0083, "82.0": 0.0048, "<Other>": 0.128},
    "Safari": {"14.0": 0.727, "13.1": 0.096, "604": 0.103, "13.0": 0.0176, "<Other>": 0.056},
    "Edge": {"87.0": 0.5, "86.0": 0.3, "<Other>": 0.2},
    "Firefox": {"84.0": 0.05, "83.0": 0.05, "82.0": 0.05, "<Other>": 0.85},
    "Android Webview": {"87.0": 0.4, "86.0": 0.3, "<Other>": 0.3},
    "<Other>": {"<Other>": 1.0},
}
SELF_REFERRAL = "shop.googlemerchandisestore.com / referral / (referral)"


def devices(visits: Visits) -> pa.Array:
    """The device column, one value a session."""
    kind, length = column_type("device"), len(visits)
    choice = Choice.of(figures()["devices"])
    joint = choice.draw(visits.device, "joint")
    category, system, browser = ([name.split(" / ")[n] for name in choice.names] for n in range(3))
    brand = _dependent(
        visits.device, "brand", joint, tuple(f"{c} / {s}" for c, s in zip(category, system, strict=True)), "brands"
    )
    maker, model = ([label.split(" / ")[n] for label in brand] for n in range(2))
    columns = {
        "category": texts(category, joint),
        "mobile_brand_name": pa.array(maker, pa.string()).dictionary_encode(),
        "mobile_model_name": pa.array(model, pa.string()).dictionary_encode(),
        "mobile_marketing_name": same("<Other>", length),
        "operating_system": texts(system, joint),
        "operating_system_version": pa.array(
            _dependent(visits.device, "system", joint, tuple(system), "systems"), pa.string()
        ).dictionary_encode(),
        "language": _languages(visits),
        "is_limited_ad_tracking": same("No", length),
        "web_info": struct(
            kind.field("web_info").type,
            length,
            {
                "browser": texts(browser, joint),
                "browser_version": pa.array(
                    _dependent(visits.device, "browser", joint, tuple(browser), "browsers"), pa.string()
                ).dictionary_encode(),
            },
        ),
    }
    return struct(kind, length, columns)


def browsers(visits: Visits) -> NDArray[np.str_]:
    """The browser of each session."""
    choice = Choice.of(figures()["devices"])
    found: NDArray[np.str_] = np.array([name.split(" / ")[2] for name in choice.names])[
        choice.draw(visits.device, "joint")
    ]
    return found


def _languages(visits: Visits) -> pa.Array:
    """The robots tell none, nor does a third of the browsers."""
    choice = Choice.of(figures()["languages"])
    names = [None if name == "NULL" else name for name in choice.names]
    silent = names.index(None)
    drawn = choice.draw(visits.device, "language")
    # longer sessions tell it less
    quiet = (visits.depth > 0) & (uniform(visits.key, "tells language") < 0.05)
    return texts(names, np.where((visits.depth >= LONG_ROBOT) | quiet, silent, drawn))


def _dependent(keys: Keys, what: str, given: Codes, conditions: tuple[str, ...], table: str) -> list[str]:
    """One name a key, drawn from the table of the condition that holds for it."""
    drawn = np.empty(len(keys), dtype=object)
    by_condition = _tables()[table]
    labels = np.array(conditions, dtype=object)[given]
    for condition in dict.fromkeys(conditions):
        at = np.flatnonzero(labels == condition)
        choice = Choice.of(by_condition.get(condition, {"<Other> / <Other>": 1.0}))
        drawn[at] = np.array(choice.names, dtype=object)[choice.draw(keys[at], what)]
    found: list[str] = drawn.tolist()
    return found


@cache
def _tables() -> dict[str, dict[str, dict[str, float]]]:
    return {"brands": figures()["brands"], "systems": _SYSTEM_VERSIONS, "browsers": _BROWSER_VERSIONS}


def places(visits: Visits) -> pa.Array:
    """The geo column, one value a session."""
    rows = _places()
    drawn = Choice.of({str(n): share for n, (share, _) in enumerate(rows)}).draw(visits.visitor, "place")
    names = ("continent", "sub_continent", "country", "region", "city")
    columns = {name: texts([place[n] for _, place in rows], drawn) for n, name in enumerate(names)}
    return struct(column_type("geo"), len(visits), columns | {"metro": same("(not set)", len(visits))})


@cache
def _places() -> list[tuple[float, list[str]]]:
    """Shares of the places, each with continent, part of it, country, region and city."""
    found: list[list[Any]] = json.loads(Path(__file__).with_name("places.json").read_text(encoding="utf-8"))
    return [(float(share), names) for share, *names in found]


def source_labels() -> list[str]:
    """Every "source / medium / campaign" a session can come from."""
    return list(
        dict.fromkeys((*figures()["sources"]["first_visit"], *figures()["sources"]["returning"], SELF_REFERRAL))
    )


def sources(visits: Visits) -> Codes:
    """A position in `source_labels` for each session: first visits and later ones have mixes of their own."""
    labels = source_labels()
    first, later = Choice.of(figures()["sources"]["first_visit"]), Choice.of(figures()["sources"]["returning"])
    at_first = np.array([labels.index(name) for name in first.names])[first.draw(visits.key, "source")]
    at_later = np.array([labels.index(name) for name in later.names])[later.draw(visits.key, "source")]
    return np.where(visits.is_first, at_first, at_later)


def traffic_sources(drawn: Codes) -> pa.Array:
    """The traffic_source column, one value a session."""
    source, medium, name = zip(*(label.split(" / ") for label in source_labels()), strict=True)
    columns = {"medium": texts(medium, drawn), "name": texts(name, drawn), "source": texts(source, drawn)}
    return struct(column_type("traffic_source"), len(drawn), columns)


def pseudo_ids(visitors: Keys) -> list[str]:
    """`digits.ten digits` for each key: the browser's id."""
    length = np.array([int(n) for n in figures()["pseudo_id_length"]])[
        Choice.of(figures()["pseudo_id_length"]).draw(visitors, "id length")
    ].astype(np.uint64)
    low = np.uint64(10) ** (length - np.uint64(1))
    head = low + children(visitors, "id head") % (np.uint64(9) * low)
    tail = children(visitors, "id tail") % np.uint64(10**10)
    return [f"{a}.{b:010d}" for a, b in zip(head.tolist(), tail.tolist(), strict=True)]
