"""Published figures against got, as rows of an audit, and what they say in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

_HALF = 0.5  # of a figure: a tolerance as wide lets half of it pass
_UNJUDGED = {
    "too few": "of too few people",
    "unverified": "not verified in a source",
    "not measured": "not measured",
}


class Scored(NamedTuple):
    """One published figure, what was got, and how far it may be off.

    Attributes:
        n: people that it rests on; `needed` are those by whom it can be judged.
        allowed: how far it may be off, in its unit: a share, or what `unit` counts.
        status: met, off, unverified, too few, not measured.
    """

    id: str
    figure: str
    published: float
    observed: float | None
    difference: float | None
    n: int
    allowed: float
    status: str
    source: str
    year: int
    confidence: str
    needed: int = 0
    unit: str = ""

    @classmethod
    def of(cls, row: Sequence[Any]) -> Scored:
        """Return a row of an audit with its names."""
        return cls(*row)

    def amount(self, value: float | None) -> str:
        """Return a value of the figure in its unit."""
        if value is None:
            return "–"
        return f"{100 * value:.3g} %" if self.unit == "share" else f"{value:,.4g} {self._unit}"

    @property
    def tolerance(self) -> str:
        """How far it may be off, in its unit."""
        if self.unit == "share":
            return f"±{100 * self.allowed:.2g} points"
        return f"±{self.allowed:,.3g} {self._unit}"

    @property
    def _unit(self) -> str:
        return "%" if self.unit == "percent" else self.unit

    @property
    def wide(self) -> bool:
        """Whether half of the figure would be met too: then to be met says little."""
        return self.allowed >= _HALF * self.published

    @property
    def verdict(self) -> str:
        """What became of it, with how far it may be off, or what is missing."""
        if self.status == "met":
            much = "even twice or none" if self.allowed >= self.published else "even half"
            return f"met within {self.tolerance}" + (f": {much} of it would be" * self.wide)
        if self.status == "too few":
            return f"too few: {self.n:,} of at least {self.needed:,} needed"
        return "not verified in a source" if self.status == "unverified" else self.status


def sentence(rows: Sequence[Sequence[Any]]) -> str:
    """Say how many published figures are met, which are not, and why others are not judged."""
    found = [Scored.of(row) for row in rows]
    status = [one.status for one in found]
    counted = status.count("met") + status.count("off")
    said = [f"{status.count('met')} of {counted} published figures are met" if counted else
            "no published figure can be judged"]  # fmt: skip
    wide = [one for one in found if one.status == "met" and one.wide]
    if wide:
        said.append(f"{len(wide)} of these by a tolerance that half of the figure would pass too: "
                    f"{_named(wide)}")  # fmt: skip
    off = [one for one in found if one.status == "off"]
    said += [f"off: {_named(off)}"] * bool(off)
    said += [f"{status.count(one)} {words}" for one, words in _UNJUDGED.items() if one in status]
    return "; ".join(said)


def _named(found: Sequence[Scored]) -> str:
    return ", ".join(f"“{one.figure}”" for one in found)
