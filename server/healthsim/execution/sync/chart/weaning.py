"""Oxygen ends before people leave for a home that has none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.places import (
    Mask,
    Numbers,
    codes_like,
    codes_where,
    numbers,
    texts,
)
from healthsim.execution.sync.chart.rounds import Doses
from healthsim.execution.sync.chart.ward_orders import Stays
from healthsim.medicine.growth import figure
from healthsim.medicine.ward_drugs import AT_HOME, LEAVING_HOME, OXYGEN
from healthsim.tables import Columns

_HOUR = 60


def weaned(stays: Stays, given: Doses, tables: Mapping[str, Columns]) -> Doses:
    """Return doses without the oxygen of the last hours of stays that end at home.

    The first oxygen of a stay remains, however short the stay is, and so does that of people who
    have oxygen at home.

    Args:
        stays: the encounters.
        given: what is given in them.
        tables: `encounters` and `conditions`.
    """
    encounters, conditions = tables["encounters"], tables["conditions"]
    home = codes_where(texts(encounters, "disposition"), LEAVING_HOME.__contains__)
    leaves = np.isin(stays.encounter, numbers(encounters, "encounter_id")[home])
    has_some = numbers(conditions, "person_id")[codes_like(texts(conditions, "code"), AT_HOME)]
    leaves &= ~np.isin(stays.person, has_some)
    orders, end = given.orders, stays.end[given.orders.stay]
    late = given.at > end - round(figure("room_air_least") * _HOUR)
    oxygen = np.flatnonzero(orders.ingredient.equals(OXYGEN))
    late[oxygen] &= leaves[orders.stay[oxygen]] & ~_first_of_stay(orders.stay, given.at, oxygen)
    late &= orders.ingredient.equals(OXYGEN)
    kept = np.flatnonzero(~late)
    return Doses(orders.take(kept), given.at[kept], given.first[kept])


def _first_of_stay(stay: Numbers, at: Numbers, among: NDArray[np.intp]) -> Mask:
    """Return which of some doses are the first of them in their stay, bool."""
    order = among[np.lexsort((at[among], stay[among]))]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = stay[order][1:] != stay[order][:-1]
    return np.isin(among, order[new])
