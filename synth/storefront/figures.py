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
    """What was measured on hits of ten days: engagement times, and which hits tell where a visitor came from."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("hits.json").read_text(encoding="utf-8"))
    return found
