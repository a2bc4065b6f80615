"""How long drafts, runs, tasks and exports are kept: the one place that says it.

Scenarios never expire. Each other kind is swept when something of its kind is made, and by
`healthsim storage --sweep`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

_DAY = 86_400.0
FRESH = 3_600.0
"""Seconds after its last use in which nothing is deleted, however much there is."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What is older expires, and beyond so many bytes together, the oldest."""

    days: int
    megabytes: int

    def __str__(self) -> str:
        return f"{self.days} days or {self.megabytes:,} MB"


LIMITS: Mapping[str, Limit] = MappingProxyType({
    "draft": Limit(days=90, megabytes=500),
    "run": Limit(days=7, megabytes=10_000),
    "task": Limit(days=7, megabytes=200),
    "export": Limit(days=30, megabytes=10_000),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One draft, run, task or export.

    Attributes:
        used_at: seconds since 1970 of its last change.
        in_use: somebody works on it now.
    """

    kind: str
    name: str
    size: int
    used_at: float
    in_use: bool = False


def expired(items: Iterable[Item], now: float) -> dict[Item, str]:
    """Return what has expired, and why.

    Args:
        items: all of what is kept; the sizes of one kind are added, the newest first.
        now: seconds since 1970.

    >>> old, new = Item("run", "a", 5, 0.0), Item("run", "b", 5, 8 * 86_400.0)
    >>> list(expired([old, new], now=9 * 86_400.0).values())
    ['9 days old; runs are kept for 7']
    """
    reasons, sizes = {}, dict.fromkeys(LIMITS, 0)
    for item in sorted(items, key=lambda item: (-item.used_at, item.name)):
        limit, age = LIMITS[item.kind], now - item.used_at
        sizes[item.kind] += item.size
        if item.in_use or age < FRESH:
            continue
        if age > limit.days * _DAY:
            reasons[item] = f"{age // _DAY:.0f} days old; {item.kind}s are kept for {limit.days}"
        elif sizes[item.kind] > limit.megabytes * 1_000_000:
            reasons[item] = (
                f"{item.kind}s take more than {limit.megabytes:,} MB, and the oldest go first"
            )
    return reasons
