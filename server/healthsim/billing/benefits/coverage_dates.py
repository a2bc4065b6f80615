"""When coverage begins and ends by the calendar of its payer, and when the payer enters it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows
from healthsim.dates import Days

_DAY, _SAME, _NEXT = range(3)
_BEGINS = {"day": _DAY, "same": _SAME, "next": _NEXT}


@dataclass(frozen=True, eq=False)
class CoverageDates:
    """By plan number, and last for none: how coverage begins and ends; shape (plans + 1,).

    Attributes:
        begins: int32; 0 on the day that is stated, 1 on the first of its month, 2 on the first of
            the next month, of days that are not the first themselves.
        by_month: bool; coverage ends with the last day of a month.
        grace: int32, months for which the payer waits for a premium that is not paid.
        of_households: bool; who holds it has spouse, children and newborns on it.
    """

    begins: NDArray[np.int32]
    by_month: NDArray[np.bool_]
    grace: NDArray[np.int32]
    of_households: NDArray[np.bool_]

    @classmethod
    def of(
        cls, kinds: Sequence[str], by_day: Sequence[bool], grace: Sequence[int]
    ) -> CoverageDates:
        """Return the rules of plans.

        Args:
            kinds: of the plans, as in `data/coverage_months.csv`.
            by_day: which of them keep to stated days.
            grace: months of grace.
        """
        begins = [_DAY if day else _BEGINS[_months()[kind]["begins"]]
                  for kind, day in zip(kinds, by_day, strict=True)]  # fmt: skip
        months = [not day and _months()[kind]["ends"] == "month"
                  for kind, day in zip(kinds, by_day, strict=True)]  # fmt: skip
        return cls(
            np.array([*begins, _DAY], dtype=np.int32),
            np.array([*months, False], dtype=np.bool_),
            np.array([*grace, 0], dtype=np.int32),
            np.array([*(kind == "commercial" for kind in kinds), False], dtype=np.bool_),
        )

    @classmethod
    def by_days(cls, plans: int) -> CoverageDates:
        """Return rules by which every stated day holds."""
        return cls.of(["commercial"] * plans, [True] * plans, [0] * plans)

    def first_days(
        self, plan: NDArray[np.int32], days: Days, free_since: Days, covered: NDArray[np.bool_]
    ) -> Days:
        """Return the first covered day of people who enroll on a day, int32, shape (n,).

        Args:
            plan: int32, plan number.
            days: int32, day of the enrollment.
            free_since: int32, first day after any earlier coverage.
            covered: bool, another plan covers them on the day.
        """
        begins = self.begins[plan]
        first, after = month_first(days), next_month(days)
        same = np.where(covered, after, np.maximum(first, free_since))
        found = np.where(begins == _SAME, same, after)
        return np.where((begins == _DAY) | (days == first), days, found).astype(np.int32)

    def last_days(self, plan: NDArray[np.int32], days: Days) -> Days:
        """Return the last covered day where coverage is ended on a day, int32, shape (n,)."""
        return np.where(self.by_month[plan], next_month(days) - 1, days).astype(np.int32)

    def entered_unpaid(self, plan: NDArray[np.int32], days: Days) -> Days:
        """Return when a payer ends coverage for a premium not paid since a day, int32, (n,)."""
        grace = self.grace[plan]
        month = days.astype("datetime64[D]").astype("datetime64[M]") + grace
        ends = month.astype("datetime64[D]").astype(np.int32)
        return np.where(grace > 0, ends, days).astype(np.int32)


def month_first(days: Days) -> Days:
    """Return the first day of the month of each day, int32, shape (n,)."""
    month = days.astype("datetime64[D]").astype("datetime64[M]")
    return month.astype("datetime64[D]").astype(np.int32)


def next_month(days: Days) -> Days:
    """Return the first day of the month after that of each day, int32, shape (n,)."""
    month = days.astype("datetime64[D]").astype("datetime64[M]") + 1
    return month.astype("datetime64[D]").astype(np.int32)


def entry_lag(u: NDArray[np.float64], kind: str, change: str) -> NDArray[np.int32]:
    """Return the days from a change of coverage to the day on which the payer enters it.

    Args:
        u: float64 in (0, 1), shape (n,).
        kind: of the plan.
        change: "added" or "ended".

    Returns:
        int32, shape (n,), 0 or more: within days, or late for a stated share.
    """
    figures = _lags()[kind]
    soon, late = figures[f"{change}_soon"], figures[f"{change}_late_share"]
    punctual = np.floor(u / (1 - late) * (soon + 1))
    most = figures[f"{change}_late_most"]
    after = soon + 1 + np.floor((u - 1 + late) / late * (most - soon))
    return np.where(u < 1 - late, punctual, after).astype(np.int32)


def newborn_days() -> int:
    """Return for how many days a child is covered with its mother.

    >>> newborn_days()
    31
    """
    return int(_lags()["newborn"]["days"])


def coverage_figure(subject: str, parameter: str) -> float:
    """Return a figure of `data/enrollment_lags.csv`.

    >>> coverage_figure("newborn", "days")
    31.0
    """
    return _lags()[subject][parameter]


@cache
def _months() -> Mapping[str, Mapping[str, str]]:
    return {row["kind"]: row for row in rows("coverage_months.csv")}


@cache
def _lags() -> Mapping[str, Mapping[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    for row in rows("enrollment_lags.csv"):
        figures.setdefault(row["subject"], {})[row["parameter"]] = float(row["value"])
    return figures
