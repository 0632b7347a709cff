"""What can go wrong with tracking in made-up days. The command line offers it, synth/storefront makes it happen."""

from enum import StrEnum


class ScenarioName(StrEnum):
    """The names, as the command line takes them."""

    tracking_outage = "tracking-outage"
    consent_banner = "consent-banner"
    checkout_redirect = "checkout-redirect"
    lost_ids = "lost-ids"
    bot_traffic = "bot-traffic"
    cross_device = "cross-device"
    live_export = "live-export"
    late_day = "late-day"


DESCRIPTIONS = {
    ScenarioName.tracking_outage: "carts, checkouts and purchases are not told for 36 hours",
    ScenarioName.consent_banner: "35% of the visitors decline a new banner and are not seen from then on",
    ScenarioName.checkout_redirect: "30% of the buyers pay elsewhere and never come back to the confirmation page",
    ScenarioName.lost_ids: "purchases in Safari tell no transaction id",
    ScenarioName.bot_traffic: "scripted visitors five times as many",
    ScenarioName.cross_device: "40% of the people who return do so in a second browser",
    ScenarioName.live_export: "a live export's columns: text ids, batch_event_index, collected_traffic_source",
    ScenarioName.late_day: "one day is exported until 17:00 UTC only; the whole day lies in the folder late/",
}
