"""Chance that hangs on names, not on order.

Every draw is a hash of the seed and of what the draw is about ("gap", a transaction id). So the same seed gives the
same shop, and rows that come later (a longer window, a later `as_of`) change nothing about the rows that were there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True)
class Dice:
    """Draws under one seed. `names` say what is drawn and for whom; the same names give the same draw."""

    seed: int

    def number(self, *names: object) -> int:
        """A whole number below 2**64."""
        text = "\x1f".join(map(str, names)).encode()
        return int.from_bytes(blake2b(text, digest_size=8, key=self.seed.to_bytes(8)).digest())

    def share(self, *names: object) -> float:
        """A number from 0 up to, not including, 1."""
        return (self.number(*names) >> 11) / 2**53

    def whole(self, low: int, high: int, *names: object) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.share(*names) * (high - low + 1))

    def pick[T](self, options: Sequence[T], *names: object) -> T:
        """One of the options, each as likely."""
        return options[int(self.share(*names) * len(options))]

    def weighted[T](self, weights: Mapping[T, float], *names: object) -> T:
        """One of the keys, as likely as its weight says; weights need not sum to 1."""
        left = self.share(*names) * sum(weights.values())
        for option, weight in weights.items():
            left -= weight
            if left < 0:
                return option
        return option  # rounding left a crumb
