"""Families: who lives with an anchor, drawn place by place and merged with the anchors.

An anchor is drawn with the same numbers as a person of a profile without families. The spouse and
the children are drawn afterwards: age, sex and home depend on the anchor, everything else is
drawn for each of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.cohort.cohort import draw_parts
from healthsim.execution.cohort.dependants import HouseholdMember, draw_members
from healthsim.execution.cohort.drawing import CohortPlan, PartialCohort, take_rows
from healthsim.execution.cohort.members import add_members
from healthsim.execution.people.draws import (
    Draws,
    UnitRoster,
)
from healthsim.execution.people.people import ConditionColumn
from healthsim.specification.profiles.genders import GENDERS
from healthsim.tables import Coded, join

_OTHER_GROUP = 0.11  # of the married: spouse of another race or ethnicity, Pew 2017
_SHARED = ("ethnicity", "race")


def draw_families(plan: CohortPlan, draws: Draws) -> PartialCohort:
    """Draw everyone of a chunk of units, by unit, then place.

    Args:
        plan: how people are drawn.
        draws: numbers for the anchors of the chunk.
    """
    anchors = draw_parts(plan, draws)
    members = draw_members(anchors)
    if not members:
        return anchors
    unit = np.concatenate([np.flatnonzero(member.present) for member in members])
    sizes = [int(member.present.sum()) for member in members]
    place = np.repeat([member.place for member in members], sizes)
    order = np.lexsort((place, unit))
    roster = UnitRoster(unit[order].astype(np.int64), place[order].astype(np.int64))
    dependants = PartialCohort(plan, draws.for_roster(roster))
    derived = _derive_from_anchors(dependants, roster, anchors, members, order)
    for part in plan.parts:
        if part.name not in derived:
            part.draw(dependants)
        if part.name in _SHARED:
            _share_group(dependants, roster, anchors, part.name)
    return _merged(anchors, dependants, roster)


def _derive_from_anchors(
    dependants: PartialCohort,
    roster: UnitRoster,
    anchors: PartialCohort,
    members: list[HouseholdMember],
    order: NDArray[np.intp],
) -> set[str]:
    """Give dependants what depends on their anchor alone; return the names of these parts."""

    def in_order(arrays: list[NDArray[np.generic]]) -> NDArray[np.generic]:
        pairs = zip(arrays, members, strict=True)
        return np.concatenate([array[member.present] for array, member in pairs])[order]

    dependants.as_of = anchors.as_of[roster.unit]
    for name in ("month", "day", "us_state", "language", "plan"):
        if name in anchors.values:
            dependants.values[name] = take_rows(anchors.values[name], roster.unit)
    for name in ("state", "county", "place", "plan"):
        if name in anchors.columns:
            dependants.columns[name] = anchors.columns[name][roster.unit]
    gender = in_order([member.gender for member in members]).astype(np.int32)
    married = np.where(roster.place == 2, np.int32(1), np.int32(0))
    dependants.values |= {
        "age": in_order([member.age for member in members]).astype(np.float64),
        "gender": Coded(gender, GENDERS),
        "marital_status": Coded(married, ("S", "M")),
    }
    birth = in_order([member.birth for member in members])
    dependants.columns["birth"] = birth.astype(np.int32)
    derived = {"age", "gender", "us_state", "language", "plan", "marital_status"}
    primary = dependants.profile.clinical.primary
    if primary is not None:
        column = ConditionColumn.nobody(primary.code, dependants.size)
        held, everybody = dependants.profile.held, np.ones(dependants.size, dtype=np.bool_)
        add_members(column, held.get(primary.code, ()), dependants, everybody)
        dependants.conditions[primary.code] = column
        derived.add(f"has {primary.code}")
    return derived


def _share_group(
    dependants: PartialCohort, roster: UnitRoster, anchors: PartialCohort, name: str
) -> None:
    """Give children and most spouses the anchor's race or ethnicity: assumption."""
    of_anchor = take_rows(anchors.values[name], roster.unit)
    other = dependants.draws.uniform("household.group") < _OTHER_GROUP
    rows = np.arange(dependants.size)
    chosen = np.where(other & (roster.place == 2), rows + dependants.size, rows)
    dependants.values[name] = take_rows(join([of_anchor, dependants.values[name]]), chosen)


def _merged(anchors: PartialCohort, dependants: PartialCohort, roster: UnitRoster) -> PartialCohort:
    """Return anchors and dependants together, by unit, then place."""
    rows = np.arange(anchors.size, dtype=np.int64)
    unit = np.concatenate([rows, roster.unit])
    place = np.concatenate([np.ones_like(rows), roster.place])
    order = np.lexsort((place, unit))
    everyone = UnitRoster(unit[order], place[order])
    return PartialCohort.assemble([anchors, dependants], order, everyone)
