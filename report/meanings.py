"""What each step, status, reason and metric means, in words for whoever reads the page."""

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
    "matched": ("Matched", "In GA4 and in the backend under one transaction id, with amounts no more than 0.01 apart."),
    "amount_mismatch": (
        "Amount differs",
        "In GA4 and in the backend under one transaction id, with different amounts.",
    ),
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


def reason_name(reason: str | None) -> str:
    """'no_transaction_id' -> 'No transaction id'; a reason this page has no words for keeps its own."""
    if reason is None:
        return "Nothing to remark"
    return REASON[reason][0] if reason in REASON else reason.replace("_", " ").capitalize()


def reason_meaning(reason: str) -> str:
    """The reason in one sentence."""
    return REASON[reason][1] if reason in REASON else "A reason that the marts give and this page has no words for."


DEFINITIONS = {
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
