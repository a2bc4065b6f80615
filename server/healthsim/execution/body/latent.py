"""Where one analyte of some people is before it is measured, and what has moved it there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.body.exposures import Acting
from healthsim.execution.body.pregnancy import PregnancyEffect
from healthsim.medicine.analytes import Analyte
from healthsim.medicine.courses import bounded, responded
from healthsim.medicine.courses import shift as shift_of

Floats = NDArray[np.float64]
_LEAST_LEFT = 0.05  # of an excess, that drugs leave: assumption; keeps the inverse finite


@dataclass(frozen=True, eq=False)
class Latent:
    """An analyte of some people on its scale; arrays are float64, shape (n,).

    What is measured is ``middle + lessened(excess + deviation) + added + noise``.

    Attributes:
        middle: of healthy people of that sex and age.
        excess: over the middle, before the drugs that lessen an excess.
        left: share of a positive excess that drugs leave.
        added: what drugs add to it.
        noise: of the person at that time.
    """

    middle: Floats
    excess: Floats
    left: Floats
    added: Floats
    noise: Floats

    def location(self, deviation: Floats | float = 0.0) -> Floats:
        """Return what is measured where the excess is greater by a deviation, float64, (n,)."""
        excess = self.excess + deviation
        lessened = np.where(excess > 0, excess * self.left, excess)
        return self.middle + lessened + self.added + self.noise

    def deviation(self, location: Floats) -> Floats:
        """Return the deviation with which a location is measured, float64, (n,)."""
        rest = location - self.middle - self.added - self.noise
        found: Floats = np.where(rest > 0, rest / self.left, rest) - self.excess
        return found

    def quiet(self) -> Latent:
        """Return it without the noise of the day: the person's set point."""
        return replace(self, noise=np.zeros_like(self.noise))

    def moved(self, deviation: Floats) -> Latent:
        """Return it with a greater excess."""
        return replace(self, excess=self.excess + deviation)

    def where(self, chosen: NDArray[np.bool_], other: Latent) -> Latent:
        """Return it for the chosen people, and another for the rest."""
        return Latent(
            middle=np.where(chosen, self.middle, other.middle),
            excess=np.where(chosen, self.excess, other.excess),
            left=np.where(chosen, self.left, other.left),
            added=np.where(chosen, self.added, other.added),
            noise=np.where(chosen, self.noise, other.noise),
        )

    def replaced(self, location: Floats) -> Latent:
        """Return it with set points of its own, NaN where it stays; nothing else moves those."""
        own = ~np.isnan(location)
        return Latent(
            middle=np.where(own, location, self.middle),
            excess=np.where(own, 0.0, self.excess),
            left=np.where(own, 1.0, self.left),
            added=np.where(own, 0.0, self.added),
            noise=self.noise,
        )


def replaced_share(acting: Iterable[Acting], size: int) -> Floats:
    """Return how much of everyone's set point effects replace, float64, 0 to 1, shape (size,)."""
    share = np.zeros(size)
    for one in acting:
        if one.effect.op == "=":
            share[one.at] = np.maximum(share[one.at], one.weight)
    return share


@dataclass(eq=False)
class Shifts:
    """Adds up what acts on one analyte; arrays are float64, shape (n,).

    Attributes:
        analyte: what is moved.
        middle: of healthy people.
        own: over the middle: everyone's set point.
        target: returns where an effect that replaces the set point puts it, on the scale.
        response: returns how strongly each of its people responds to an effect.
    """

    analyte: Analyte
    middle: Floats
    own: Floats
    target: Callable[[Acting], Floats]
    response: Callable[[Acting], Floats]
    _excess: Floats = field(init=False)
    _added: Floats = field(init=False)
    _left: Floats = field(init=False)
    _of_group: dict[tuple[str, bool], Floats] = field(default_factory=dict)
    _replaced: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._excess, self._added = self.own.copy(), np.zeros(len(self.own))
        self._left = np.ones(len(self.own))

    def latent(
        self, acting: Iterable[Acting], pregnancy: Iterable[PregnancyEffect], noise: Floats
    ) -> Latent:
        """Return the analyte after everything that acts on it."""
        for one in acting:
            self._add(one)
        for (group, is_drug), shift in self._of_group.items():
            if is_drug:
                self._added += shift
            else:
                self._excess += self._beyond(group, shift)
        for week in pregnancy:
            size = shift_of(week.op, week.sizes, self.analyte, self.middle[week.at])
            self._excess[week.at] += week.weight * size
        return Latent(self.middle, self._excess, self._left, self._added, noise)

    def _add(self, one: Acting) -> None:
        effect, is_drug = one.effect, one.effect.kind == "drug"
        if effect.op == "e":
            share = np.minimum(self.response(one) * one.weight, 1.0)
            self._left[one.at] *= np.maximum(1 - (1 - effect.size) * share, _LEAST_LEFT)
        elif effect.op == "=":
            away = self.target(one) - self.middle[one.at] - self.own[one.at]
            self._replace(one, away)
        else:
            size = shift_of(effect.op, effect.size, self.analyte, self.middle[one.at])
            moved = responded(size, self.response(one), self.analyte)
            shift = bounded(moved, effect, self.analyte) * one.weight
            if effect.group:
                self._strongest((effect.group, is_drug), one.at, shift)
            else:
                (self._added if is_drug else self._excess)[one.at] += shift

    def _replace(self, one: Acting, away: Floats) -> None:
        """Move set points, in place of where an earlier effect of the tables moved them."""
        kept = self._of_group.setdefault(("=", False), np.zeros(len(self.own)))
        kept[one.at] += one.weight * (away - kept[one.at])
        if one.effect.group:
            none = np.zeros(len(self.own))
            self._replaced.setdefault(one.effect.group, none)[one.at] = one.weight * away

    def _beyond(self, group: str, shift: Floats) -> Floats:
        """Return what a group's largest shift adds to a set point that the group replaces."""
        by = self._replaced.get(group)
        return shift if by is None else np.where(np.abs(shift) > np.abs(by), shift - by, 0.0)

    def _strongest(self, group: tuple[str, bool], at: NDArray[np.intp], shift: Floats) -> None:
        """Keep, of the shifts of one group, everyone's largest."""
        kept = self._of_group.setdefault(group, np.zeros(len(self.own)))
        kept[at] = np.where(np.abs(shift) > np.abs(kept[at]), shift, kept[at])
