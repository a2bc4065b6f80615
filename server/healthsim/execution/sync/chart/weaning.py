"""Oxygen ends before people leave for a home that has none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from healthsim.execution.sync.chart.places import codes_like, codes_where, numbers, texts
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
    late &= orders.ingredient.equals(OXYGEN) & leaves[orders.stay] & ~given.first
    kept = np.flatnonzero(~late)
    return Doses(orders.take(kept), given.at[kept], given.first[kept])
