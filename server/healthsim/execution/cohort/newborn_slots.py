"""Rows for newborns, laid out before the timeline is walked and filled at birth.

Every child that a journey can bring has a place in its mother's unit, so its number, its draws
and its row do not depend on who else is born. Until its birth the row is empty: it has no
birthday, walks no journey and reaches no table.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, whole_years
from healthsim.execution.cohort.dependants import genders_of, replace_rows
from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.execution.people.draws import UnitRoster, require_text
from healthsim.execution.people.people import (
    FIRST_BORN,
    OLDEST_MOTHER,
    YOUNGEST_MOTHER,
    ConditionColumn,
    Households,
)
from healthsim.specification.profiles.genders import GENDERS
from healthsim.tables import Coded


def reserve_newborn_rows(
    cohort: PartialCohort, births: Mapping[str, int], children: int, through: int
) -> tuple[PartialCohort, Households]:
    """Lay out a row for every child that anybody can give birth to.

    Args:
        cohort: everyone who is there from the start.
        births: address of a birth -> number of its first child.
        children: how many children one woman can have in the run.
        through: last day of the data.

    Returns:
        Everyone, with rows for the unborn, who have their mother's values; and the households.
    """
    everyone = np.arange(cohort.size, dtype=np.int64)
    roster = cohort.draws.roster or UnitRoster(everyone, np.ones_like(everyone))
    mothers = _possible_mothers(cohort, through)
    unit = np.concatenate([roster.unit, np.repeat(roster.unit[mothers], children)])
    slots = FIRST_BORN + (roster.place[mothers] - 1)[:, None] * children + np.arange(children)
    place = np.concatenate([roster.place, slots.reshape(-1)])
    order = np.lexsort((place, unit))
    unit, place = unit[order], place[order]
    source = np.concatenate([everyone, np.repeat(mothers, children)])[order]
    unborn = place >= FIRST_BORN
    new_row = np.flatnonzero(~unborn)  # of everyone who is there, in the same order
    mother = np.where(unborn, new_row[source], -1)
    born_of = np.full((children, len(order)), -1, dtype=np.int64)
    rows = np.flatnonzero(unborn)
    born_of[(place[rows] - FIRST_BORN) % children, mother[rows]] = rows
    anchor = np.searchsorted(unit, unit)
    family, roster = cohort.profile.unit == "family", UnitRoster(unit, place)
    together = PartialCohort.assemble([cohort], source, roster)
    _clear(together, unborn)
    return together, Households(roster, anchor, mother, born_of, births, family)


def _possible_mothers(cohort: PartialCohort, through: int) -> NDArray[np.intp]:
    """Return the rows of the women who are of childbearing age on some day of the data."""
    birth = cohort.columns["birth"]
    at_end = whole_years(birth, np.full(cohort.size, through, dtype=np.int32))
    of_age = (at_end >= YOUNGEST_MOTHER) & (whole_years(birth, cohort.as_of) <= OLDEST_MOTHER)
    return np.flatnonzero(require_text(cohort.values["gender"]).equals("F") & of_age)


def _clear(cohort: PartialCohort, unborn: NDArray[np.bool_]) -> None:
    """Take from the unborn the mother's values that are not theirs."""
    for name in ("birth", "due"):
        if name in cohort.columns:
            cohort.columns[name][unborn] = NO_DAY
    gender = genders_of(cohort.values["gender"])
    cohort.values["gender"] = Coded(np.where(unborn, np.int32(-1), gender), GENDERS)
    marital = require_text(cohort.values["marital_status"])
    cohort.values["marital_status"] = replace_rows(marital, unborn, "S")
    for code, condition in cohort.conditions.items():
        nobody = ConditionColumn.nobody(code, 1)
        for name in ("onset", "known_from", "abated"):
            getattr(condition, name)[unborn] = getattr(nobody, name)[0]
    for medication in cohort.medications.values():
        medication.takes[unborn] = False
