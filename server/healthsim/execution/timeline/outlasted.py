"""Drugs that are taken for long end with what they are for, where that is over for good."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import COMBINATIONS
from healthsim.dates import Days
from healthsim.execution.people.courses import Course
from healthsim.execution.people.episodes import Episode
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.timeline.record import Record
from healthsim.medicine.dosing import goes_on, indications
from healthsim.medicine.problems import usual_course

_FINISHED = 30  # days; a course up to this length is finished as it was written: assumption


def end_with_reasons(record: Record, as_of: int) -> None:
    """Stop courses on the last day of the conditions that they are for.

    A course goes on where the person has another condition that the drug is for, or that may be
    combined to one; where the condition leaves a history or is in remission; and where the drug is
    for none of the person's conditions as it begins.

    Args:
        record: of the chunk, whose conditions are settled.
        as_of: first day of the data: nothing ends before the day after it.
    """
    episodes = list(record.conditions.all_in_order())
    for course in record.courses:
        drug = drugs().rows.get(course.drug)
        if drug is None:  # a care plan
            continue
        uses = indications(drug.ingredient, drug.drug_class)
        theirs = [one for one in episodes if _may_be(one.code, uses)]
        if not theirs:
            continue
        over = _over(course, uses, theirs, as_of).astype(np.int64)
        stop = over - 1 + goes_on(drug.ingredient)
        stop = np.maximum(stop, np.maximum(course.days, as_of) + 1)
        ends = (over < FOREVER) & (stop < course.stop)
        ends &= course.stop.astype(np.int64) - course.days > _FINISHED
        if ends.any():
            course.stop[ends] = stop[ends].astype(np.int32)
            course.cut[ends] = True
            course.note_change()


def _may_be(code: str, uses: tuple[str, ...]) -> bool:
    """Tell whether a code is one of some uses, or may be combined to one."""
    codes = [code, *(rule.becomes for rule in COMBINATIONS if code.startswith(rule.code))]
    return any(one.startswith(uses) for one in codes)


def _over(course: Course, uses: tuple[str, ...], episodes: list[Episode], as_of: int) -> Days:
    """Return the first day without anything that a course is for; `FOREVER` where there is none.

    What a profile's drug is for is asked on the first day of the data. A drug that begins on the
    last day of a condition is for what comes after it: the pain of the operation that ended it.
    """
    asked = np.where(np.asarray(course.source) < 0, np.maximum(course.days, as_of), course.days)
    asked = asked.astype(np.int32)
    day, begun = asked.copy(), np.zeros(len(course.rows), dtype=np.bool_)
    for episode in episodes:
        if episode.code.startswith(uses):
            begun |= _until(episode, course, asked).astype(np.int64) > asked.astype(np.int64) + 1
    for _ in range(len(episodes)):
        later = day.copy()
        for episode in episodes:
            later = np.maximum(later, _until(episode, course, later))
        if (later == day).all():
            break
        day = later
    return np.where(begun, day, FOREVER).astype(np.int32)


def _until(episode: Episode, course: Course, day: Days) -> NDArray[np.int32]:
    """Return until when a course's people have a condition that they have on a day; else the day.

    It is `FOREVER` where the condition leaves a history or another one, or is in remission.
    """
    usual = usual_course(episode.code)
    lasting = bool(usual.becomes) or usual.status == "remission"
    size = int(max(course.rows.max(initial=-1), episode.rows.max(initial=-1))) + 1
    begin, end = np.full(size, FOREVER, dtype=np.int32), np.zeros(size, dtype=np.int32)
    rows = episode.rows[episode.holds]
    begin[rows], end[rows] = episode.begins[episode.holds], episode.until[episode.holds]
    has = (begin[course.rows] <= day) & (day < end[course.rows])
    until: NDArray[np.int32] = np.where(has, FOREVER if lasting else end[course.rows], day)
    return until.astype(np.int32)
