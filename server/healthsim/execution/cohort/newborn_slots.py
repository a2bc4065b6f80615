"""Newborns have their rows before anybody walks, and come to life when they are born.

Every child that a journey can bring has a place in its mother's unit, so that its number, its
draws and its row do not depend on who else is born. Until its birth the row is of nobody: it has
no birthday, walks nothing and reaches no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, whole_years
from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.execution.cohort.household import SEXES, replace_rows, take_rows
from healthsim.execution.people.draws import UnitRoster, require_text
from healthsim.execution.people.people import (
    FIRST_BORN,
    OLDEST_MOTHER,
    YOUNGEST_MOTHER,
    ConditionColumn,
    Households,
    MedicationColumn,
)
from healthsim.tables import Coded

S = TypeVar("S", ConditionColumn, MedicationColumn)


def reserve_newborn_rows(
    sketch: PartialCohort, births: Mapping[str, int], children: int, through: int
) -> tuple[PartialCohort, Households]:
    """Lay out a row for every child that somebody can bear.

    Args:
        sketch: everyone who is there.
        births: address of a birth -> number of its first child.
        children: how many children one woman can bear in all.
        through: last day of the data.

    Returns:
        Everyone, with those who are not born, who have what their mother has; and who is whose.
    """
    first = np.arange(sketch.size, dtype=np.int64)
    roll = sketch.draws.roster or UnitRoster(first, np.ones_like(first))
    mothers = _mothers(sketch, through)
    unit = np.concatenate([roll.unit, np.repeat(roll.unit[mothers], children)])
    own = FIRST_BORN + (roll.place[mothers] - 1)[:, None] * children + np.arange(children)
    place = np.concatenate([roll.place, own.reshape(-1)])
    order = np.lexsort((place, unit))
    source = np.concatenate([first, np.repeat(mothers, children)])[order]
    whole = _of_mothers(sketch, UnitRoster(unit[order], place[order]), source)
    unborn = place[order] >= FIRST_BORN
    at = np.full(sketch.size, -1, dtype=np.int64)
    at[source[~unborn]] = np.flatnonzero(~unborn)
    mother = np.where(unborn, at[source], -1)
    born_of = np.full((children, len(order)), -1, dtype=np.int64)
    rows = np.flatnonzero(unborn)
    born_of[(place[order][rows] - FIRST_BORN) % children, mother[rows]] = rows
    anchor = np.searchsorted(unit[order], unit[order])
    family = sketch.profile.unit == "family"
    together = UnitRoster(unit[order], place[order])
    return whole, Households(together, anchor, mother, born_of, births, family)


def _mothers(sketch: PartialCohort, through: int) -> NDArray[np.intp]:
    """Return the women who are of an age to bear on some day of the data."""
    born = sketch.columns["birth"]
    at_end = whole_years(born, np.full(sketch.size, through, dtype=np.int32))
    of_age = (at_end >= YOUNGEST_MOTHER) & (whole_years(born, sketch.as_of) <= OLDEST_MOTHER)
    return np.flatnonzero(require_text(sketch.values["gender"]).equals("F") & of_age)


def _of_mothers(
    sketch: PartialCohort, roll: UnitRoster, source: NDArray[np.int64]
) -> PartialCohort:
    """Give those who are not born what their mother has, but for her conditions and drugs."""
    whole = PartialCohort(sketch.plan, sketch.draws.for_roster(roll))
    unborn = roll.place >= FIRST_BORN
    whole.as_of = sketch.as_of[source]
    whole.values = {name: take_rows(value, source) for name, value in sketch.values.items()}
    whole.columns = {name: value[source] for name, value in sketch.columns.items()}
    whole.columns["birth"][unborn] = NO_DAY
    gender = require_text(whole.values["gender"])
    sex = np.where(gender.equals("F"), np.int32(1), np.int32(0))
    whole.values["gender"] = Coded(np.where(unborn, np.int32(-1), sex), SEXES)
    whole.values["marital_status"] = replace_rows(
        require_text(whole.values["marital_status"]), unborn, "S"
    )
    for code, problem in sketch.problems.items():
        whole.problems[code] = _some(problem, source)
        nobody = ConditionColumn.nobody(code, 1)
        for each in ("onset", "known_from", "source", "abated", "episode"):
            getattr(whole.problems[code], each)[unborn] = getattr(nobody, each)[0]
    for drug, medication in sketch.medications.items():
        whole.medications[drug] = _some(medication, source)
        whole.medications[drug].takes[unborn] = False
    return whole


def _some(one: S, rows: NDArray[np.int64]) -> S:
    arrays = {each.name: getattr(one, each.name)[rows] for each in fields(one)
              if isinstance(getattr(one, each.name), np.ndarray)}  # fmt: skip
    return replace(one, **arrays)
