"""What each step, status, reason and metric means, in words for whoever reads the page."""

from report.words import lowered

# step of rpt_funnel -> name on the page
STEP = {
    "sessions": "Sessions",
    "view_item": "Viewed an item",
    "add_to_cart": "Added to cart",
    "begin_checkout": "Began checkout",
    "purchase": "Purchased, says GA4",
    "confirmed": "Confirmed by backend",
}

# status of fct_reconciliation -> name on the page, meaning
STATUS = {
    "matched": (
        "Matched",
        "In GA4 and in the backend, with amounts no more than 0.01 apart: under one transaction id or, where GA4 has "
        "none, of one person at one time.",
    ),
    "amount_mismatch": ("Amount differs", "In GA4 and in the backend likewise, with different amounts."),
    "missing_in_backend": ("Missing in backend", "GA4 saw a purchase; the backend holds no order with its id."),
    "missing_in_ga4": ("Missing in GA4", "The backend holds an order; GA4 saw no purchase with its id."),
    "excluded": ("Excluded", "Cannot or need not match: left out of the match rate, listed so that nothing is lost."),
    "awaiting": ("Awaiting", "One side alone, so far: too recent to judge, left out of the match rate."),
}

# reason of fct_reconciliation -> name on the page, meaning
REASON = {
    "late": ("Late", "The order was placed three hours or more after the purchase was reported."),
    "day_boundary": ("Day boundary", "Purchase and order lie on two sides of midnight UTC; the purchase's day counts."),
    "partial_refund": ("Partial refund", "The backend gave a part back; GA4 knows the full amount."),
    "currency": ("Currency", "GA4 took an amount in another currency for the shop's; the backend converted it."),
    "shipping_basis": ("Shipping", "The backend's total holds shipping, GA4's value does not."),
    "tax_basis": ("Tax", "The backend's total holds tax, GA4's value does not."),
    "late_discount": ("Late discount", "The backend took a discount off after the page had reported the amount."),
    "rounding": ("Rounding", "GA4 holds the amount in whole units only."),
    "zero_value": ("No value sent", "GA4 has the purchase without an amount."),
    "unknown": ("Unknown", "Nothing in the data leads from one amount to the other."),
    "dropped": ("Dropped", "The order behind a purchase GA4 saw is not, or no longer, in the backend."),
    "never_in_ga4": (
        "Never in GA4",
        "GA4 has the day but not the order: an ad blocker, no consent, a payment elsewhere.",
    ),
    "cancelled": ("Cancelled", "The backend cancelled the order: it counts 0 there."),
    "refunded": ("Refunded", "The backend gave all of it back: it counts 0 there."),
    "test_order": ("Test order", "Placed to try the shop: it counts 0 in the backend."),
    "no_transaction_id": ("No transaction id", "GA4 saw a purchase without an id: no order can be told to be its own."),
    "ga4_day_missing": ("GA4 day missing", "An order of a day that the GA4 export lacks."),
    "ga4_day_not_loaded": ("GA4 day not loaded", "An order later than the last day loaded from GA4."),
    "ga4_day_not_final": ("GA4 day not final", "Google may still change the day: it does so for three days."),
    "backend_not_loaded": ("Backend not loaded", "A purchase later than the last load of the backend."),
}

# reason of fct_reconciliation -> what to check, for whoever can change it
CHECK = {
    "late": "How long a payment may take before the order is written; whether a job writes orders in batches.",
    "day_boundary": "Nothing: rates of several days hold both.",
    "partial_refund": "Send GA4 a refund event with the amount given back.",
    "currency": "Send the currency with every purchase event, and the amount in that currency.",
    "shipping_basis": "Decide whether value holds shipping, on the page and here, and send shipping apart.",
    "tax_basis": "Decide whether value holds tax, on the page and here, and send tax apart.",
    "late_discount": "Send the purchase event once the discount is in the total.",
    "rounding": "Send the amount with its cents.",
    "zero_value": "The tag of the confirmation page: value is empty or 0 when it fires.",
    "unknown": "The ten largest differences below, one by one: the order and the event side by side.",
    "dropped": "The shop's log around the purchase: failed payments, orders deleted, an import that stopped.",
    "never_in_ga4": "Consent banner and ad blockers; payments that do not come back to the confirmation page.",
    "cancelled": "Nothing: GA4 learns of a cancellation only by a refund event.",
    "refunded": "Send GA4 a refund event.",
    "test_order": "Keep test orders out of GA4 by an internal-traffic filter.",
    "no_transaction_id": "The tag of the confirmation page: transaction_id is empty when it fires.",
    "ga4_day_missing": "GA4's BigQuery link and its daily quota on these days.",
    "ga4_day_not_loaded": "Load the later days, or wait for them.",
    "ga4_day_not_final": "Wait: the day is final three days after it ended.",
    "backend_not_loaded": "Load the backend again.",
}

# method of rpt_funnel -> name on the page, meaning
METHOD = {
    "any": ("Any order", "every step that the session reached, in whatever order"),
    "tolerant": ("Tolerant", "a step also counts where only a later one was recorded, which proves it"),
    "closed": ("Closed", "a step counts with every step before it, in whatever order"),
    "ordered": ("In order", "closed, and no step first came before the one before it"),
}
POPULATION = {"everyone": "Everyone", "people": "Without robots"}

# lane_group of rpt_journey_timeline -> name on the page, class of its lanes
LANE_GROUP = {
    "paid_not_in_ga4": ("Paid, never seen in GA4", "missing_in_ga4"),
    "in_ga4_not_paid": ("In GA4, no order in the backend", "missing_in_backend"),
    "amount_differs": ("Amounts differ", "amount_mismatch"),
    "matched": ("Matched", "matched"),
}
MARK = {
    "session": "Session",
    "add_to_cart": "Add to cart",
    "ga4_purchase": "Purchase in GA4",
    "paid": "Paid in the backend",
}

# status of rpt_tracking_health -> name on the page, meaning
HEALTH = {
    "ok": ("As expected", "the rate to its neighbour is within what other days lead to expect"),
    "outage": ("Outage", "the event was not recorded though its neighbours were: tracking broke, people came"),
    "near_zero": ("Near zero", "as an outage, for longer or since before the first day on which the event worked"),
    "traffic_drop": ("Fewer people", "all events fell together: people stayed away, tracking worked"),
    "no_data": ("No session", "no session that day"),
    "too_few": ("Too few", "too few sessions were to be expected, so none says nothing"),
}
EVENT_ORDER = ("page_view", "view_item", "add_to_cart", "begin_checkout", "purchase")

# line of rpt_revenue_bridge -> name on the page; lines named after a reason have the reason's name
LINE = {
    "ga4_reported": "GA4, as reported",
    "duplicates": "Confirmation page reloaded",
    "without_id": "Purchases without an id",
    "zero_value": "No value sent",
    "ga4_only": "Only in GA4",
    "ga4_awaiting": "In GA4, order may still come",
    "ga4_excluded": "In GA4, order does not count",
    "unknown": "Unexplained",
    "backend_only": "Only in the backend",
    "eligible_backend": "Backend, eligible orders",
    "excluded_test": "Excluded: test orders",
    "backend_as_booked": "Backend, as booked",
    "residual": "Residual",
}


def line_name(line: str) -> str:
    """'excluded_cancelled' -> 'Excluded: cancelled'; a line named after a reason has the reason's name."""
    if line in LINE:
        return LINE[line]
    if line.startswith("excluded_"):
        return f"Excluded: {lowered(reason_name(line.removeprefix('excluded_')))}"
    return reason_name(line)


def reason_check(reason: str) -> str:
    """What to check, in one sentence; a dash for a reason this page has no words for."""
    return CHECK.get(reason, "–")


def reason_name(reason: str | None) -> str:
    """'no_transaction_id' -> 'No transaction id'; a reason this page has no words for keeps its own."""
    if reason is None or reason == "none":
        return "Nothing to remark"
    return REASON[reason][0] if reason in REASON else reason.replace("_", " ").capitalize()


def reason_meaning(reason: str) -> str:
    """The reason in one sentence."""
    return REASON[reason][1] if reason in REASON else "A reason that the marts give and this page has no words for."


DEFINITIONS = {
    "Targets": (
        "Match rate: at least 95 % is on target, below 90 % off. Revenue difference as a share of backend revenue: at "
        "most 2 %, above 5 % off. Unexplained difference likewise: at most 0.5 %, above 1 % off. A single day is below "
        "target only when its whole 95 % interval (Wilson) is: of seven orders two may be missing by chance, and of "
        "many days a few lie below by chance."
    ),
    "Change": (
        "The latest half of the days shown, 28 at most, against as many days before them. Days that the export lacks "
        "are left out on either side. Better: more of the orders matched, a difference nearer to 0, fewer purchases "
        "only in GA4."
    ),
    "Session-to-purchase rate": "Sessions with a purchase event over all sessions. Robots are among them.",
    "Bridge": (
        "Every step is a sum over rows of the reconciliation, each row in one step between two totals, so that the way "
        "from GA4 to the backend closes to the cent on every day. A step has the sign with which it is added."
    ),
    "Time to purchase": (
        "From the start of a person's first session in the loaded days to their first purchase event. A person is a "
        "user with their browsers, or a browser of nobody known."
    ),
    "Session": (
        "One browser id (user_pseudo_id) with one ga_session_id; the session id alone is shared by different "
        "browsers. A session that crosses midnight belongs to the day on which it began."
    ),
    "Funnel step": (
        "Sessions with at least one such event, in any order. A step may hold more sessions than the one before it "
        "where the earlier event was not recorded. Confirmed by backend: the session's purchase has its order."
    ),
    "Purchase": (
        "The purchase events of one transaction id, once however often the confirmation page was loaded; its amount "
        "is the value that the first of them reported. A purchase event without an id stands for itself."
    ),
    "Order": (
        "A row of the backend's orders table that is still there. Its revenue is the total less what was refunded, "
        "and 0 when it was cancelled, refunded in full or a test."
    ),
    "Match rate": (
        "Orders found in GA4 (matched or with a different amount) over eligible orders. Eligible: neither excluded "
        "nor awaiting. Rates of several days are sums over sums, never averages of rates; without an eligible order "
        "there is no rate. A purchase whose order is missing in the backend is no order, so it is not in this rate."
    ),
    "Revenue difference": "GA4 revenue minus backend revenue, over every row of the reconciliation.",
    "Unexplained difference": "The part of the revenue difference in rows whose reason is unknown.",
    "Missing and empty days": (
        "Missing: the export holds no table for the day, so GA4's figures of that day are unknown (–). Empty: the "
        "table is there and holds no event, so they are zero. Kept: missing now, shown as an earlier load brought "
        "it."
    ),
    "GA4 complete through": (
        "The last day before the first gap in the export. Google may still change a day for three days after it."
    ),
    "Backend loaded through": "Changes of orders until then are in these figures.",
}
