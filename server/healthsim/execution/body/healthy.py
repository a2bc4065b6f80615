"""Where everyone's analytes are while nothing acts on them, and where a given value puts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.body.collection import Collection
from healthsim.execution.body.exposures import drawn_behind
from healthsim.execution.body.persons import PersonalDraws
from healthsim.execution.body.size import Size
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.people import People
from healthsim.medicine.analytes import analytes
from healthsim.medicine.child_build import CHILD_MONTHS, child_bmi
from healthsim.medicine.courses import target
from healthsim.medicine.derivation import derive, derived, needs, plan, solve
from healthsim.medicine.effects import Effect
from healthsim.medicine.setpoints import Subjects, set_point, spread, to_scale, to_value

Floats = NDArray[np.float64]
_MIDDLE_AGE = 600  # months: at any age an analyte moves the same way with what is behind it
_HEAD = "9843-4"
_STEADY = frozenset({"height", _HEAD})  # of one person, they do not differ from day to day


class Healthy:
    """The chunk's people as they would be without illness, drugs or pregnancy.

    Attributes:
        size: their height, build and head.
    """

    def __init__(self, people: People, own: PersonalDraws) -> None:
        """Draw nothing yet: numbers are drawn when they are asked for."""
        size = Size(people, own.rank)
        self._own, self.size = own, size
        self._sizes: Mapping[str, Callable[[Rows, Days], Floats]] = {
            "height": size.height, "body_mass": size.bmi, _HEAD: size.head,
        }  # fmt: skip

    def place(self, key: str, on: Collection) -> tuple[Floats, Floats]:
        """Return the middle of people of that sex and age, and everyone's distance from it.

        Both are float64, shape (n,), on the analyte's scale.
        """
        healthy = spread(analytes()[key], on.subjects)
        size = self._sizes.get(key)
        if size is None:
            return healthy.middle, set_point(analytes()[key], healthy, self._own.rank(key)[on.rows])
        location = to_scale(analytes()[key], size(on.rows, on.days))
        return healthy.middle, location - healthy.middle

    def noise(self, key: str, on: Collection) -> Floats:
        """Return how far each measurement is from the person's set point, on the scale."""
        if key in _STEADY:
            return np.zeros(len(on))
        within = spread(analytes()[key], on.subjects).within
        return within * self._own.noise(analytes()[key], on)

    def target(self, key: str, effect: Effect, on: Collection) -> Floats:
        """Return where an effect puts the set point of a drawn analyte, on its scale.

        Everyone keeps their rank. The effect may be on a derived analyte.
        """
        named, first = effect.analyte, drawn_behind(effect.analyte)[0]
        rank = self._own.rank(first)[on.rows] * direction(named, first)
        value = target(effect, rank)
        if named == "body_mass":
            self._as_child(effect, rank, value, on)
        return to_scale(analytes()[key], self.behind(named, value, on)[key])

    def _as_child(self, effect: Effect, rank: Floats, value: Floats, on: Collection) -> None:
        """Put children's BMI where the code says among children, in place of adults' figures."""
        first, after = CHILD_MONTHS
        at = np.flatnonzero((on.subjects.months >= first) & (on.subjects.months < after))
        months = self.size.chart_months(on.rows[at], on.days[at])
        found = child_bmi(effect.causes[0], rank[at], on.subjects.female[at], months)
        if found is not None:
            value[at] = found

    def behind(
        self,
        named: str,
        value: Floats,
        on: Collection,
        beside: Mapping[str, Floats] | None = None,
    ) -> Mapping[str, Floats]:
        """Return the drawn analytes, in their units, of people in whom an analyte has a value.

        Args:
            named: the analyte, drawn or derived.
            value: float64, shape (n,).
            on: the measurements; the people are otherwise healthy.
            beside: drawn analytes of theirs that are known, in their units, by key.
        """
        if named not in derived():
            return {named: value}
        wanted = plan(tuple(needs(named)))
        others: dict[str, Floats] = {
            key: to_value(analytes()[key], np.add(*self.place(key, on))) for key in wanted.drawn
        }
        others |= beside or {}
        others |= derive(wanted.derived, others, on.subjects)
        return solve(named, value, others, on.subjects)


@cache
def direction(named: str, key: str) -> float:
    """Return 1 where an analyte rises with the drawn one behind it, -1 where it falls."""
    if named not in derived():
        return 1.0
    subjects = Subjects(np.ones(2), np.full(2, _MIDDLE_AGE, dtype=np.int64))
    wanted = plan((named,))
    values = {
        drawn: to_value(analytes()[drawn], spread(analytes()[drawn], subjects).middle)
        for drawn in wanted.drawn
    }
    values[key] = values[key] * np.array([1.0, 1.5])
    first, second = derive(wanted.derived, values, subjects)[named].tolist()
    return -1.0 if second < first else 1.0


@cache
def is_alone(key: str) -> bool:
    """Tell whether what is behind a derived analyte is seen in nothing else, and not reported."""
    if key not in derived():
        return False
    behind = set(drawn_behind(key))
    others = (row for name, row in derived().items() if name != key)
    return not any(analytes()[drawn].loinc for drawn in behind) and not any(
        behind.intersection(row.inputs) for row in others
    )


def is_possible(key: str, values: Floats) -> NDArray[np.bool_]:
    """Tell which values an analyte can have; bool."""
    row = derived().get(key) or analytes()[key]
    possible: NDArray[np.bool_] = (values >= row.low) & (values <= row.high)
    return possible
