"""Vaccines that are due and not given, and why (`medicine/data/vaccines_not_given.csv`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthsim.dates import day_of
from healthsim.medicine.datafiles import rows
from healthsim.medicine.vaccines import products

REASONS = {
    "IMMUNE": "immunity",
    "MEDPREC": "medical precaution",
    "OSTOCK": "product out of stock",
    "PATOBJ": "patient objection",
}
"""Code of HL7 v3 ActReason -> its text; of several reasons in a visit, the first that is here."""

_NEVER = 10**6


@dataclass(frozen=True, slots=True)
class NotGiven:
    """Why a vaccine is not given.

    Attributes:
        cvx: the vaccine.
        since, until: days between which it is used; `until` is the first day that it is not.
        reason: a code of `REASONS`.
        codes: regular expression for the beginning of a diagnosis of the visit; empty: at any.
        sex: "F", "M" or empty for both.
        least_months, below_months: completed months of age.
        months: of the year in which it is given, 1 to 12.
        again_days: after so many it is due again; 0: once in a life.
        share: of those for whom it is due, 0 to 1.
    """

    cvx: str
    since: int
    until: int
    reason: str
    codes: str
    sex: str
    least_months: int
    below_months: int
    months: frozenset[int]
    again_days: int
    share: float

    @property
    def series(self) -> str:
        """What it is a dose of."""
        return products()[self.cvx].series[0]

    @property
    def of_series(self) -> frozenset[str]:
        """CVX codes of vaccines that are given for the same purpose."""
        return same_series(self.cvx)


@cache
def not_given() -> tuple[NotGiven, ...]:
    """Return every reason of every vaccine, in the table's order."""
    return tuple(
        NotGiven(
            cvx=row["cvx"],
            since=day_of(row["from"]) if row["from"] else -_NEVER,
            until=day_of(row["until"]) if row["until"] else _NEVER,
            reason=row["reason"], codes=row["codes"], sex=row["sex"],
            least_months=int(row["least_months"] or 0),
            below_months=int(row["below_months"] or _NEVER),
            months=_season(row["season"]), again_days=int(row["again_days"] or 0),
            share=float(row["share"]),
        )
        for row in rows("vaccines_not_given.csv")
    )  # fmt: skip


@cache
def same_series(cvx: str) -> frozenset[str]:
    """Return the CVX codes of products that are a dose of the same series, or count for it.

    >>> "94" in same_series("03"), "111" in same_series("141"), "03" in same_series("141")
    (True, True, False)
    """
    series = products()[cvx].series[0]
    return frozenset(
        code
        for code, one in products().items()
        if any(each.startswith(series) for each in (*one.series, *one.counts))
    )


def _season(text: str) -> frozenset[int]:
    """Return the months of a season.

    >>> sorted(_season("11-2")), len(_season(""))
    ([1, 2, 11, 12], 12)
    """
    if not text:
        return frozenset(range(1, 13))
    first, last = map(int, text.split("-"))
    return frozenset((first - 1 + turn) % 12 + 1 for turn in range((last - first) % 12 + 1))
