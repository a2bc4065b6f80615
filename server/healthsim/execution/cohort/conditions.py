"""How the conditions and drugs that people have on the profile's day are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import contradicts_sex, icd10cm, mutually_exclusive
from healthsim.codes.pregnancy import LONGEST_PREGNANCY, supervises_pregnancy
from healthsim.dates import NO_DAY, Days
from healthsim.execution.cohort.drawing import PartDraw, PartialCohort
from healthsim.execution.cohort.members import (
    add_members,
    pregnancy_days,
    pregnancy_draw,
    reserved_for_members,
)
from healthsim.execution.cohort.onsets import onset_days
from healthsim.execution.cohort.usual_onsets import usual_onset, within_pregnancy
from healthsim.execution.people.conditions import ALWAYS
from healthsim.execution.people.draws import require_text
from healthsim.execution.people.people import ConditionColumn, MedicationColumn
from healthsim.medicine.inborn import is_inborn
from healthsim.specification.distributions.kinds import parse_distribution
from healthsim.specification.profiles.clinical import Comorbidity, Primary
from healthsim.specification.profiles.clinical import Medication as MedicationSpec
from healthsim.specification.profiles.onset import Onset
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

_EDGE_DECIMALS = 12  # shares are added up, and sums of decimals are not exact
_ADHERENCE = parse_distribution(
    {"type": "quantiles", "points": {
        "0": 0.2, "0.05": 0.58, "0.25": 0.73, "0.5": 0.82, "0.75": 0.89, "0.95": 0.96, "1": 1.0}}
)  # fmt: skip
# assumption: a left-skewed spread with mean 0.8; published means of days covered vary by measure


def _primary_draw(primary: Primary) -> PartDraw:
    def draw(cohort: PartialCohort) -> None:
        if isinstance(primary.onset, Onset):
            onset = _onset(cohort, primary.code, "clinical.primary.onset", primary.onset)
            known = onset
        else:
            onset = cohort.as_of.copy()  # the first journey moves it to the day it begins
            known = np.full(cohort.size, ALWAYS, dtype=np.int32)
        column = replace(
            ConditionColumn.nobody(primary.code, cohort.size), onset=onset, known_from=known
        )
        if supervises_pregnancy(primary.code) and isinstance(primary.onset, Onset):
            column.abated[:] = onset + np.int32(LONGEST_PREGNANCY)
        cohort.conditions[primary.code] = column

    return PartDraw(f"has {primary.code}", draw)


def condition_draws(profile: ProfileSpec) -> Iterator[PartDraw]:
    """Yield how each condition is drawn: by its own quota, as one of several, or as implied.

    Members of a family who are stated to have one have it besides.
    """
    clinical = profile.clinical
    if profile.pregnancies:
        yield pregnancy_draw()
    if clinical.primary is not None:
        yield _primary_draw(clinical.primary)
    implied = clinical.implied_by
    for comorbidity in clinical.comorbidities:
        code, in_quota = comorbidity.code, partial(_by_quota, comorbidity)
        yield _condition_draw(code, comorbidity.onset, in_quota, implied.get(code, ()))
    for number, group in enumerate(clinical.alternatives):
        address = f"clinical.one_of[{number}]"
        edges = np.round(np.cumsum([0.0, *(option.share for option in group)]), _EDGE_DECIMALS)
        for option, low, high in zip(group, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            in_part = partial(_by_edges, address, (low, high), option.loading)
            yield _condition_draw(option.code, option.onset, in_part)
    stated = {comorbidity.code for comorbidity in clinical.comorbidities}
    for code in (code for code in implied if code not in stated):
        yield _condition_draw(code, None, _nobody, implied[code])
    for code in (code for code in profile.held if code not in clinical.codes):
        yield _condition_draw(code, None, _nobody)


def _nobody(_: PartialCohort, can: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.zeros_like(can)


def _by_quota(
    comorbidity: Comorbidity, cohort: PartialCohort, can: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    return cohort.in_quota(f"clinical.{comorbidity.code}", comorbidity, can, comorbidity.loading)


def _by_edges(
    address: str,
    edges: tuple[float, float],
    loading: float,
    cohort: PartialCohort,
    can: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return for whom the one uniform of all alternatives falls between two edges."""
    u = cohort.chance(address, even=True, loading=loading)
    return can & (edges[0] <= u) & (u < edges[1])


def _condition_draw(
    code: str,
    stated_onset: Onset | None,
    draw_own: Callable[[PartialCohort, NDArray[np.bool_]], NDArray[np.bool_]],
    causes: Sequence[str] = (),
) -> PartDraw:
    """Return how a condition is drawn.

    Args:
        code: the condition.
        stated_onset: its onset, if the profile states it.
        draw_own: given the cohort and who can have it, returns who has it without another cause.
        causes: conditions that imply it.
    """

    def draw(cohort: PartialCohort) -> None:
        can = eligible_for_condition(code, cohort)
        has = draw_own(cohort, can)
        for cause in causes:
            has |= can & (cohort.conditions[cause].onset != NO_DAY)
        onset = _onset(cohort, code, f"clinical.{code}.onset", stated_onset)
        over = onset + np.int32(LONGEST_PREGNANCY)
        if cohort.profile.pregnancy_begins(code):
            onset, over = pregnancy_days(cohort)
        onset = np.where(has, onset, NO_DAY).astype(np.int32)
        nobody = ConditionColumn.nobody(code, cohort.size)
        column = replace(nobody, onset=onset, known_from=onset.copy())
        if supervises_pregnancy(code):
            column.abated[has] = over[has]
        add_members(column, cohort.profile.held.get(code, ()), cohort, can)
        cohort.conditions[code] = column

    return PartDraw(f"has {code}", draw)


def eligible_for_condition(code: str, cohort: PartialCohort) -> NDArray[np.bool_]:
    """Return who can have a condition, by sex, age and exclusions: bool, shape (n,)."""
    row, age = icd10cm().row(code), cohort.values["age"]
    gender = require_text(cohort.values["gender"])
    can = np.ones(cohort.size, dtype=np.bool_)
    for sex in gender.vocabulary:
        if contradicts_sex(code, sex):
            can &= ~gender.equals(sex)
    if not isinstance(age, Coded):
        can &= (age >= row.age_low) & (age <= row.age_high)
    for other, condition in cohort.conditions.items():
        if mutually_exclusive(code, other):
            can &= condition.onset == NO_DAY
    return can & ~reserved_for_members(code, cohort) if cohort.profile.held else can


def _onset(cohort: PartialCohort, code: str, decision: str, onset: Onset | None) -> Days:
    """Return the first day of a condition: by the problem list's rules, or drawn."""
    usual = None if onset is not None or is_inborn(code) else usual_onset(cohort, code, decision)
    if usual is not None:
        return usual
    return within_pregnancy(cohort, code, onset_days(cohort, code, decision, onset))


def medication_draw(medication: MedicationSpec) -> PartDraw:
    """Return how it is drawn who takes a drug, and with which adherence."""
    drug = medication.drug
    address = f"clinical.medications.{drug}"
    adherence = medication.adherence or _ADHERENCE

    def draw(cohort: PartialCohort) -> None:
        kept_to = cohort.numbers(f"{address}.adherence", cohort.measures.resolved(adherence))
        unknown = np.isnan(kept_to)
        if unknown.any():
            usual = cohort.numbers(f"{address}.adherence", _ADHERENCE)
            kept_to = np.where(unknown, usual, kept_to)
        cohort.medications[drug] = MedicationColumn(
            drug=drug,
            ingredient=drugs().find(drug, "clinical.medications").ingredient,
            days_supply=medication.days_supply,
            takes=cohort.in_quota(address, medication),
            adherence=kept_to,
        )

    return PartDraw(f"takes {drug}", draw)
