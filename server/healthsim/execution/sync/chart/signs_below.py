"""When a vital sign first calls for something in a stay."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from healthsim.execution.sync.chart.places import Numbers, numbers, texts
from healthsim.medicine.ward_drugs import WardDrug
from healthsim.tables import NO_NUMBER, Columns

_NEVER = 2**40  # later than any minute of the data


def first_below(
    encounter: Numbers, start: Numbers, one: WardDrug, tables: Mapping[str, Columns]
) -> Numbers:
    """Return when a sign is first beyond the limit of a drug in encounters, minutes since 1970.

    A stay whose emergency visit found it already begins with it.

    Args:
        encounter: ids, shape (n,).
        start: when they begin, minutes.
        one: the drug, which names a sign.
        tables: with `vital_signs` and `encounters`.
    """
    signs = tables.get("vital_signs")
    found = np.full(len(encounter), _NEVER)
    if signs is None or not len(numbers(signs, "encounter_id")):
        return found
    values = np.asarray(signs["value"], dtype=np.float64)
    beyond = (values < one.below) | (values >= one.least)
    low = np.flatnonzero(texts(signs, "loinc").equals(one.sign) & beyond)
    inside, at = (numbers(signs, name)[low] for name in ("encounter_id", "measured_at"))
    emergency, stay = (numbers(tables["encounters"], name)
                       for name in ("encounter_id", "parent_encounter_id"))  # fmt: skip
    came = texts(tables["encounters"], "encounter_class").equals("emergency")
    led = np.flatnonzero(came & (stay != NO_NUMBER) & np.isin(emergency, inside))
    for owner, since in ((inside, at), (stay[led], np.zeros(len(led), dtype=np.int64))):
        mine = np.flatnonzero(np.isin(owner, encounter))
        order = np.argsort(encounter, kind="stable")
        place = order[np.searchsorted(encounter[order], owner[mine])]
        np.minimum.at(found, place, np.maximum(since[mine], start[place]))
    return found
