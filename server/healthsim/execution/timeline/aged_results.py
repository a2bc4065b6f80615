"""Results of a visit that was put off over a birthday: what is computed from age follows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, whole_months
from healthsim.execution.body.collection import female_share
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.people import People
from healthsim.execution.timeline.facts import ResultFacts, StepFacts
from healthsim.medicine.analytes import has_usual, key_of
from healthsim.medicine.derivation import derive, derived
from healthsim.medicine.setpoints import ADULT_MONTHS, Subjects
from healthsim.tables import Coded

Floats = NDArray[np.float64]


def aged(facts: StepFacts, people: People, rows: Rows, was: Days, now: Days) -> StepFacts:
    """Return the facts of a step on a later day: results that age enters are computed anew.

    Only adults' results that stand beside all that they are computed from change.

    Args:
        facts: of the step; arrays have one entry for each of `rows`.
        people: of the chunk.
        rows: positions in the chunk.
        was: int32, the day on which each was measured.
        now: int32, the day on which it counts.
    """
    if not isinstance(facts, ResultFacts):
        return facts
    born = people.birth[rows]
    months = whole_months(born, now).astype(np.int64)
    at = np.flatnonzero((whole_months(born, was) // 12 != months // 12) & (months >= ADULT_MONTHS))
    if not len(at):
        return facts
    known: dict[str, Floats] = {
        key_of(code): values[at]
        for code, values in facts.by_loinc.items()
        if has_usual(code) and not isinstance(values, Coded)
    }
    subjects = Subjects(female_share(people)[rows[at]], months[at])
    found = dict(facts.by_loinc)
    for code, values in facts.by_loinc.items():
        key = key_of(code) if has_usual(code) else ""
        if isinstance(values, Coded) or not _follows_age(key, known):
            continue
        inputs = {"height": np.full(len(at), np.nan), **known}
        del inputs[key]
        result = values.copy()
        result[at] = np.where(
            np.isnan(known[key]), known[key], derive((key,), inputs, subjects)[key]
        )
        found[code] = result
    return ResultFacts(found)


def _follows_age(key: str, known: dict[str, Floats]) -> bool:
    """Tell whether an analyte is computed from age and from what is known; height is children's."""
    row = derived().get(key)
    return (
        row is not None
        and "age" in row.formula.names
        and known.keys() >= {*row.inputs} - {"height"}
    )
