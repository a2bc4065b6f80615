"""How long people take a drug: courses that end, and people who stop of their own accord."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.pharmacy.dispensing import short_course
from healthsim.billing.pharmacy.persistence import days_taken
from healthsim.codes.drugs import Drug, drugs
from healthsim.dates import Days
from healthsim.execution.people.courses import Course
from healthsim.execution.people.draws import below
from healthsim.execution.people.logs import FOREVER, Moment
from healthsim.execution.timeline.record import Record
from healthsim.products.rxmembersim.fills import LAST_LAG_DAYS
from healthsim.specification.profiles.profile import ProfileSpec

_QUITS = "discontinuation"


def begin_medications(record: Record, profile: ProfileSpec, as_of: int) -> None:
    """Say until when the drugs of a profile are taken.

    What is usually taken in courses is one course that goes on on the profile's day. Of the rest,
    people stop some of their own accord.
    """
    record.pharmacy_rules = profile.pharmacy_rules
    stated = {medication.drug: medication for medication in profile.clinical.medications}
    for course in record.courses:
        medication = stated[course.drug]
        drug = drugs().find(medication.drug, "clinical.medications")
        days = short_course(drug, medication.days_supply, keeps=profile.pharmacy_rules)
        if days is not None:
            u = record.draws.uniform(f"~profile/{medication.drug}/written", course.rows)
            course.days = (as_of - np.floor(u * days)).astype(np.int32)
            course.stop = (course.days + np.int32(days)).astype(np.int32)
            course.note_change()
        elif _QUITS in profile.pharmacy_rules and medication.discontinuation == "usual":
            begin = np.full(len(course.rows), as_of, dtype=np.int32)
            everyone = np.ones(len(course.rows), dtype=np.bool_)
            set_quit(record, course, drug, begin, everyone)


def set_quit(
    record: Record, course: Course, drug: Drug, begin: Days, established: NDArray[np.bool_]
) -> None:
    """Draw the days on which people stop a course of their own accord, after its first fill.

    Args:
        record: of the chunk.
        course: of the drug.
        drug: what is taken.
        begin: int32, shape (n,): from when its days are counted.
        established: bool, shape (n,): who has taken it for long.
    """
    u = record.draws.uniform(below(course.address, "discontinuation"), course.rows)
    after = np.maximum(days_taken(drug, established, u), np.int32(LAST_LAG_DAYS + 1))
    course.quit = np.minimum(begin.astype(np.int64) + after, FOREVER).astype(np.int32)
    course.note_change()


def has_taken(record: Record, ingredient: str, moment: Moment) -> NDArray[np.bool_]:
    """Return who takes an ingredient already, and has not stopped it, bool, shape (n,)."""
    taken = np.zeros(len(moment.rows), dtype=np.bool_)
    for course in record.courses.going_on(ingredient, moment):
        position = moment.positions[course.rows]
        day = moment.days_of(course.rows)
        still = (position >= 0) & (course.days <= day) & (day < course.taken_until)
        taken[position[still]] = True
    return taken
