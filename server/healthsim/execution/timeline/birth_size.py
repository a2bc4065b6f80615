"""Conditions that babies have by their size at birth: early, small, heavy, late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.mentions import Cause
from healthsim.execution.timeline.record import Record
from healthsim.medicine.measured_codes import LOW, OF_BIRTH, SMALL, bands, code_of
from healthsim.specification.journeys.details import CodedDiagnosis
from healthsim.specification.journeys.events import Diagnosis, Encounter
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.profiles.profile import ProfileSpec

FROM_PROFILE = "~birth"
"""The address of what babies of a profile have by their size."""
_NEWBORN = 28  # days of age until which the size at birth is coded: perinatal period
_KNOWN_BY = ("gestation_weeks", "birth_weight_g")
_TENTH = -1.2816  # z-score of the 10th percentile
_GRAMS = 1000
_PREFIX = 5  # characters of a code that say what it is about


def measures_to_code(profile: ProfileSpec, layouts: Iterable[JourneyLayout]) -> tuple[str, ...]:
    """Return which measures of birth are coded: those of which no specification states a code."""
    if profile.problem_list == "none":
        return ()
    stated = {code[:_PREFIX] for code in (*profile.codes, *_stated(layouts))}
    return tuple(measure for measure in OF_BIRTH
                 if stated.isdisjoint(band.code[:_PREFIX] for band in bands(measure)))  # fmt: skip


def codes_of_birth(measures: Iterable[str]) -> tuple[str, ...]:
    """Return every code that a baby may have by some measures."""
    return tuple(band.code for measure in measures for band in bands(measure))


def tells_birth(profile: ProfileSpec) -> bool:
    """Tell whether a profile says how its babies were born."""
    return any(name in profile.attributes for name in _KNOWN_BY)


def code_size_of_profile(record: Record, measures: Sequence[str], as_of: int) -> None:
    """Give babies of the profile the conditions of their size at birth, if it is known."""
    birth = record.people.birth
    baby = np.flatnonzero((birth != NO_DAY) & (birth <= as_of) & (birth > as_of - _NEWBORN))
    size = record.body.size
    known = ~np.isnan(size.gestation_weeks(baby)) | ~np.isnan(size.birth_weight(baby))
    rows = baby[known]
    code_size(record, measures, (rows, birth[rows]), (-1, FROM_PROFILE))


def code_size(
    record: Record, measures: Sequence[str], born: tuple[Rows, Days], cause: tuple[int, str]
) -> None:
    """Begin the conditions that follow from size at birth.

    Args:
        record: of the chunk's people.
        measures: from `measures_to_code`.
        born: rows and birthdays of the babies.
        cause: position of the event among the run's occurrences, -1 for none, and its address.
    """
    rows, days = born
    if not len(rows):
        return
    size, order = record.body.size, np.argsort(rows, kind="stable")
    rows, days = rows[order], days[order].astype(np.int32)
    weeks = size.gestation_weeks(rows)
    grams = _GRAMS * size.bmi(rows, days) * (size.height(rows, days) / 100) ** 2
    small = np.where(size.birth_rank(rows) < _TENTH, grams, np.nan)
    values = {measure: weeks if measure.endswith("weeks") else grams for measure in measures}
    if SMALL in values:  # Excludes1 below P07.0 and P07.1: a weight that slow growth explains
        values |= {SMALL: small, LOW: np.where(np.isnan(small), values.get(LOW, grams), np.nan)}
    for measure, value in ((one, values[one]) for one in measures):
        place, known = code_of(measure, np.round(value, 3))
        for number in np.unique(place[place >= 0]).tolist():
            at: NDArray[np.intp] = np.flatnonzero(place == number)
            record.conditions.begin(known[number], rows[at], days[at], Cause.one(*cause, len(at)))


def _stated(layouts: Iterable[JourneyLayout]) -> Iterable[str]:
    for layout in layouts:
        for step in {id(one.step): one.step for one in layout.occurrences}.values():
            if isinstance(step, Diagnosis):
                yield step.details.code
            elif isinstance(step, Encounter):
                yield from (one.code if isinstance(one, CodedDiagnosis) else one
                            for one in step.details.diagnoses)  # fmt: skip
