"""What was measured on the public sample: the shares, quantiles and counts that the simulation is set by."""

import json
from functools import cache
from pathlib import Path
from typing import Any

# Order inside one timestamp: a bundle is read in this order, so events only tie upwards.
EVENTS = (
    "first_visit",
    "session_start",
    "page_view",
    "user_engagement",
    "add_payment_info",
    "add_shipping_info",
    "add_to_cart",
    "begin_checkout",
    "click",
    "purchase",
    "scroll",
    "select_item",
    "select_promotion",
    "view_item",
    "view_item_list",
    "view_promotion",
    "view_search_results",
)
CODE = {name: code for code, name in enumerate(EVENTS)}


@cache
def figures() -> dict[str, Any]:
    """The measured figures; `about` in the file says of what."""
    found: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return found


@cache
def hits() -> dict[str, Any]:
    """What was measured on hits of ten days: engagement times, and which pages have a referrer.

    referrer: of the page a session opens with and of later ones, by what happens on it (referral.CONTENT, 0 or 1), the
    share that has one. engagement: event, in one upload with the page_view, first of its session to be timed, in one
    upload with scroll; then rows of seconds since the last time (up to, 0: any), how many of the levels are seconds by
    themselves, and a value for each of engagement_levels, the others in seconds more than since the last time.
    """
    found: dict[str, Any] = json.loads(Path(__file__).with_name("hits.json").read_text(encoding="utf-8"))
    return found
