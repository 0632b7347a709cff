"""How often events carry a parameter: measured shares by event and by period of the shop's tags."""

from functools import cache

import numpy as np

from synth.storefront.calendar import period
from synth.storefront.draws import Codes, Flags, Keys, Shares, uniform
from synth.storefront.figures import CODE, EVENTS, figures


def carried(name: str, event: Codes, at_us: Codes, keys: Keys, times: float = 1.0) -> Flags:
    """Whether events carry a parameter; one draw for all that share a key, `times` as often as measured."""
    found: Flags = uniform(keys, name) < share(name)[event, period(at_us)] * times
    return found


def share(name: str) -> Shares:
    """The share of events that carry a parameter, by event and period."""
    return _shares()[name]


@cache
def _shares() -> dict[str, Shares]:
    found: dict[str, Shares] = {}
    for event, keys in figures()["param_presence"].items():
        for name, shares in keys.items():
            found.setdefault(name, np.zeros((len(EVENTS), len(shares))))[CODE[event]] = shares
    return found
