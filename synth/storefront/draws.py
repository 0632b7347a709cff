"""Random numbers that depend on what they are for, not on when they are asked.

A draw hashes the key of its subject (a visitor, a session, an event) together with the name of what is drawn. So a day
comes out the same in whatever window, order or batch it is made, and a thing added later moves no other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Shares = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ODD = np.uint64(0x9E3779B97F4A7C15)


def _mixed(x: Keys) -> Keys:
    """The finaliser of splitmix64: every bit of the input moves every bit of the output."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _label(what: str) -> np.uint64:
    return np.uint64(int.from_bytes(blake2b(what.encode(), digest_size=8).digest(), "little"))


def root(seed: int) -> Keys:
    """The key that everything made with a seed descends from, as an array of one."""
    return _mixed(np.array([seed], dtype=np.uint64) + _ODD)


def children(parents: Keys, what: str, numbers: Codes | int = 0) -> Keys:
    """One key for each parent (or for each number, where there is one parent); `what` keeps kinds apart."""
    at = np.asarray(numbers, dtype=np.int64).astype(np.uint64)
    return _mixed(_mixed(parents ^ _label(what)) + at * _ODD)


def uniform(keys: Keys, what: str, numbers: Codes | int = 0) -> Shares:
    """One number in [0, 1) for each key."""
    drawn: Shares = (children(keys, what, numbers) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return drawn


def bits(keys: Keys, number: int) -> Keys:
    """64 random bits for each key, the `number`th such lot: cheaper than a named draw, for long runs of draws."""
    return _mixed(keys + np.uint64((number + 1) * int(_ODD) & 0xFFFFFFFFFFFFFFFF))


def low_share(drawn: Keys) -> Shares:
    """The lower half of 64 bits as a number in [0, 1)."""
    found: Shares = (drawn & np.uint64(0xFFFFFFFF)).astype(np.float64) * 2.0**-32
    return found


def high_share(drawn: Keys) -> Shares:
    """The upper half of 64 bits as a number in [0, 1)."""
    found: Shares = (drawn >> np.uint64(32)).astype(np.float64) * 2.0**-32
    return found


def integers(keys: Keys, what: str, below: int) -> Codes:
    """One whole number in [0, below) for each key."""
    return (children(keys, what) % np.uint64(below)).astype(np.int64)


@dataclass(frozen=True)
class Choice:
    """Names with shares, drawn by position."""

    names: tuple[str, ...]
    cumulative: Shares

    @classmethod
    def of(cls, shares: Mapping[str, float]) -> "Choice":
        """Shares need not sum to one; they are taken in their order."""
        total = np.cumsum(np.array(list(shares.values()), dtype=np.float64))
        return cls(tuple(shares), total / total[-1])

    def draw(self, keys: Keys, what: str) -> Codes:
        """The position in `names` for each key."""
        return at_share(self.cumulative, uniform(keys, what))


def at_share(cumulative: Shares, u: Shares) -> Codes:
    """Where each number falls among cumulative shares that end at 1."""
    return np.minimum(np.searchsorted(cumulative, u, side="right"), len(cumulative) - 1).astype(np.int64)


@dataclass(frozen=True)
class Quantiles:
    """A distribution known by some of its quantiles, straight lines between them, flat beyond the outermost."""

    levels: Shares
    values: Shares

    @classmethod
    def of(cls, quantiles: Mapping[str, float]) -> "Quantiles":
        return cls(
            np.array([float(level) for level in quantiles]), np.array(list(quantiles.values()), dtype=np.float64)
        )

    def draw(self, keys: Keys, what: str) -> Shares:
        """One value for each key, in the unit of the table."""
        return np.interp(uniform(keys, what), self.levels, self.values)

    def draw_log(self, keys: Keys, what: str) -> Shares:
        """The same with straight lines between the logarithms: for long tails. All values are above zero."""
        found: Shares = np.exp(np.interp(uniform(keys, what), self.levels, np.log(self.values)))
        return found
