"""Changes of one person's state variables, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtri

_YEAR = 365.25


@dataclass
class Shift:
    """By an amount, or to a value, at once or over days."""

    day: int
    amount: float
    sets: bool
    over_days: int

    def change(self, value: float, today: int) -> float:
        amount = self.amount - value if self.sets else self.amount
        return amount * min((today - self.day) / self.over_days, 1.0) if self.over_days else amount


@dataclass
class LinearTrend:
    """A change per year; `ends` gives the last day of it."""

    day: int
    per_year: float
    ends: Callable[[], int]

    def change(self, value: float, today: int) -> float:
        return self.per_year * ((min(today, self.ends()) - self.day) / _YEAR)


@dataclass
class AR1Noise:
    """Autoregressive noise: each period keeps a share of the deviation and adds to it."""

    day: int
    noise: Any
    uniform: Callable[[int], float]
    ends: Callable[[], int]

    def change(self, value: float, today: int) -> float:
        deviation = 0.0
        if today <= self.ends():
            for period in range(1, (today - self.day) // self.noise.every_days + 1):
                score = round(float(ndtri(self.uniform(period))), 6)
                deviation = round(self.noise.keeps * deviation + self.noise.sd * score, 6)
        return deviation


@dataclass
class DrugResponse:
    """The response to a drug: it lasts while the drug is taken, and fades afterwards.

    Two choices are the engine's: the ramp is counted from the change, also where the drug comes
    later, and what is taken again after it had faded is there at once.
    """

    day: int
    amount: float
    over_days: int
    ingredient: str
    washout: int
    courses: list[list[Any]]

    def change(self, value: float, today: int) -> float:
        taken = [min(today, stop - 1) for name, first, stop, _ in self.courses
                 if name == self.ingredient and first <= today and first < stop]  # fmt: skip
        if not taken or max(taken) < self.day:
            return 0.0
        last = max(taken)
        ramp = min((last - self.day) / self.over_days, 1.0) if self.over_days else 1.0
        return self.amount * (ramp * max(1 - (today - last) / self.washout, 0.0))
