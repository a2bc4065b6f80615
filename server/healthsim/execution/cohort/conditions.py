"""Conditions and drugs that people have on the profile's day, and how each is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import contradicts_sex, icd10cm, mutually_exclusive
from healthsim.dates import NO_DAY, Days
from healthsim.execution.cohort.drawing import PartDraw, PartialCohort
from healthsim.execution.people.draws import require_text
from healthsim.execution.people.people import ConditionColumn, MedicationColumn
from healthsim.specification.distributions.kinds import parse_distribution
from healthsim.specification.profiles.profile import (
    Clinical,
    Comorbidity,
    Onset,
    Primary,
)
from healthsim.specification.profiles.profile import Medication as MedicationSpec
from healthsim.tables import Coded

_EDGE_DECIMALS = 12  # shares are added up, and sums of decimals are not exact
_LONGEST_LIFE = 130 * 366  # days; onsets are held at birth anyway
ALWAYS = np.int32(NO_DAY + 1)
_YEARS_BEFORE = parse_distribution({"type": "gamma", "mean": 6, "sd": 4})
# assumption: chronic conditions of adults were found a few years ago, most within a decade
_ADHERENCE = parse_distribution(
    {
        "type": "quantiles",
        "points": {
            "0": 0.2,
            "0.05": 0.58,
            "0.25": 0.73,
            "0.5": 0.82,
            "0.75": 0.89,
            "0.95": 0.96,
            "1": 1.0,
        },
    }
)
# assumption: a left-skewed spread with mean 0.8; published means of days covered vary by measure


def _primary(primary: Primary) -> PartDraw:
    def draw(sketch: PartialCohort) -> None:
        if isinstance(primary.onset, Onset):
            onset = _onset(sketch, "clinical.primary.onset", primary.onset)
            known = onset
        else:
            onset = sketch.as_of.copy()  # the first journey moves it to the day it begins
            known = np.full(sketch.size, ALWAYS, dtype=np.int32)
        nobody = ConditionColumn.nobody(primary.code, sketch.size)
        sketch.problems[primary.code] = replace(nobody, onset=onset, known_from=known)

    return PartDraw(f"has {primary.code}", draw)


def conditions(clinical: Clinical) -> Iterator[PartDraw]:
    """Yield how each condition is drawn: by its own quota, as one of several, or as implied."""
    if clinical.primary is not None:
        yield _primary(clinical.primary)
    implied = clinical.implied_by
    for one in clinical.comorbidities:
        yield _condition(one.code, one.onset, partial(_by_quota, one), implied.get(one.code, ()))
    for number, group in enumerate(clinical.alternatives):
        edges = np.round(np.cumsum([0.0, *(one.share for one in group)]), _EDGE_DECIMALS)
        for place, other in enumerate(group):
            between = (float(edges[place]), float(edges[place + 1]))
            address = f"clinical.one_of[{number}]"
            chosen_by = partial(_by_edges, address, between, other.loading)
            yield _condition(other.code, other.onset, chosen_by)
    stated = {one.code for one in clinical.comorbidities}
    for code in (code for code in implied if code not in stated):
        yield _condition(code, None, lambda _sketch, can: np.zeros_like(can), implied[code])


def _by_quota(one: Comorbidity, sketch: PartialCohort, can: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return sketch.in_quota(f"clinical.{one.code}", one, can, one.loading)


def _by_edges(
    address: str,
    edges: tuple[float, float],
    loading: float,
    sketch: PartialCohort,
    can: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return whose one chance for all alternatives falls between two edges."""
    u = sketch.chance(address, even=True, loading=loading)
    return can & (edges[0] <= u) & (u < edges[1])


def _condition(
    code: str,
    began: Onset | None,
    draw_it: Callable[[PartialCohort, NDArray[np.bool_]], NDArray[np.bool_]],
    causes: Sequence[str] = (),
) -> PartDraw:
    """Return how a condition is drawn.

    Args:
        code: the condition.
        began: its onset, if the profile says it.
        draw_it: given the sketch and who can have it, returns who has it of their own.
        causes: conditions that imply it.
    """

    def draw(sketch: PartialCohort) -> None:
        can = eligible_for_condition(code, sketch)
        has = draw_it(sketch, can)
        for cause in causes:
            has |= can & (sketch.problems[cause].onset != NO_DAY)
        onset = _onset(sketch, f"clinical.{code}.onset", began)
        onset = np.where(has, onset, NO_DAY).astype(np.int32)
        nobody = ConditionColumn.nobody(code, sketch.size)
        sketch.problems[code] = replace(nobody, onset=onset, known_from=onset.copy())

    return PartDraw(f"has {code}", draw)


def eligible_for_condition(code: str, sketch: PartialCohort) -> NDArray[np.bool_]:
    """Return who can have a condition: by sex, by age, and by what excludes it."""
    row, gender, age = (
        icd10cm().row(code),
        sketch.values["gender"],
        sketch.values["age"],
    )
    found = np.ones(sketch.size, dtype=np.bool_)
    for sex in require_text(gender).vocabulary:
        if contradicts_sex(code, sex):
            found &= ~require_text(gender).equals(sex)
    if not isinstance(age, Coded):
        found &= (age >= row.age_low) & (age <= row.age_high)
    for other, problem in sketch.problems.items():
        if mutually_exclusive(code, other):
            found &= problem.onset == NO_DAY
    return found


def _onset(sketch: PartialCohort, decision: str, onset: Onset | None) -> Days:
    """Return the first day of a condition: before `as_of`, not before birth."""
    if onset is not None and onset.days_before is not None:
        days = sketch.numbers(decision, sketch.measures.resolved(onset.days_before))
    else:
        spread = _YEARS_BEFORE if onset is None else onset.years_before or _YEARS_BEFORE
        days = sketch.numbers(decision, sketch.measures.resolved(spread)) * 365.25
    before = np.rint(np.clip(np.nan_to_num(days), 0, _LONGEST_LIFE)).astype(np.int32)
    onset_day: Days = np.maximum(sketch.as_of - before, sketch.columns["birth"])
    return onset_day.astype(np.int32)


def medication(one: MedicationSpec) -> PartDraw:
    """Return how it is drawn who takes a drug, and how faithfully."""
    address = f"clinical.medications.{one.drug}"
    adherence = one.adherence or _ADHERENCE

    def draw(sketch: PartialCohort) -> None:
        row = drugs().find(one.drug, "clinical.medications")
        sketch.medications[one.drug] = MedicationColumn(
            drug=one.drug,
            ingredient=row.ingredient,
            days_supply=one.days_supply,
            takes=sketch.in_quota(address, one),
            adherence=sketch.numbers(f"{address}.adherence", sketch.measures.resolved(adherence)),
        )

    return PartDraw(f"takes {one.drug}", draw)
