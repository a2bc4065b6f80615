"""When acute conditions and those of a pregnancy began, where a profile does not state it."""

from __future__ import annotations

import numpy as np

from healthsim.codes.pregnancy import GESTATION_DAYS, is_of_pregnancy
from healthsim.dates import NO_DAY, Days
from healthsim.execution.cohort.drawing import PartialCohort
from healthsim.execution.cohort.members import pregnancy_days
from healthsim.medicine.problems import usual_course

_YEAR = 365
"""What lasts longer than a year began as chronic conditions do."""


def usual_onset(cohort: PartialCohort, code: str, decision: str) -> Days | None:
    """Return the first day of a condition that is there on `as_of`; int32, None for no rule.

    What is acute began on any day of its usual time; what a pregnancy brings, when the pregnancy
    was found.

    Args:
        cohort: whose condition it is.
        code: ICD-10-CM code.
        decision: address of the draw.
    """
    if cohort.profile.problem_list != "usual":
        return None
    if is_of_pregnancy(code) and cohort.profile.clinical.pregnant is not None:
        return pregnancy_days(cohort)[0]
    course = usual_course(code)
    if not course.ends or course.days > _YEAR:
        return None
    able = np.maximum(cohort.as_of - cohort.columns["birth"], 0) + 1
    days = np.minimum(course.days, able)
    onset: Days = cohort.as_of - np.floor(cohort.draws.uniform(decision) * days).astype(np.int32)
    return onset.astype(np.int32)


def within_pregnancy(cohort: PartialCohort, code: str, onset: Days) -> Days:
    """Return onsets of what only a pregnancy brings, not before it began; int32."""
    due = cohort.columns.get("due")
    if due is None or not is_of_pregnancy(code):
        return onset
    begun = np.where(due == NO_DAY, onset, due - np.int32(GESTATION_DAYS))
    return np.maximum(onset, begun).astype(np.int32)
