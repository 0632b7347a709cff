"""A made-up GA4 export: the shop's days as BigQuery would hold them.

    visitors -> sessions (a chain over bundles, or a script) -> events -> the export's columns, day by day

It is set by figures measured on the public sample (figures.json) and holds none of its rows. Everything is a function
of the seed, and a day does not depend on which days are asked for with it.
"""

from synth.storefront.table import days, days_and_truth

__all__ = ["days", "days_and_truth"]
