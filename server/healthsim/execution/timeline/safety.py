"""Safe drugs during a journey: what is not begun, what is stopped, what is held for a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.pregnancy import SUPERVISION
from healthsim.dates import NO_DAY, Days, whole_months
from healthsim.execution.people.courses import Course
from healthsim.execution.people.draws import Decision, Rows, below, each_address
from healthsim.execution.people.logs import FOREVER, Moment
from healthsim.execution.people.safety import Overlooked, SafetyLog
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.allergies import substances
from healthsim.medicine.safety import SafetyRule
from healthsim.specification.journeys.events import Prescription, Procedure

_WEIGHT = "29463-7"
_SEEN_LATER = ("lab", "condition", "allergy")  # kinds of what a later journey may find out
Found: TypeAlias = tuple[NDArray[np.bool_], NDArray[np.float64]]
"""Whether a rule holds, bool, and the value found, float64 with NaN; each of shape (n,)."""


def holds(record: Record, rule: SafetyRule, moment: Moment) -> Found:
    """Return for whom of a moment a rule holds, and the result, age or weight that it found."""
    nothing = np.full(len(moment.rows), np.nan)
    if rule.kind == "lab":
        value = _latest(record, rule, moment)
        return rule.beyond(value), value
    if rule.kind == "age":
        years = whole_months(record.people.birth[moment.rows], moment.days) / 12.0
        return np.less(years, rule.below) | np.greater(np.floor(years), rule.above), years
    if rule.kind == "weight":
        value = weight(record, moment)
        return rule.beyond(value), value
    if rule.kind == "allergy":
        return _is_allergic(record, rule, moment), nothing
    if rule.kind == "condition":
        found = [record.conditions.has(key, moment) for key in rule.keys]
    elif rule.kind == "pregnancy":
        found = [record.conditions.has(key, moment) for key in SUPERVISION]
        gestation = AsOfScope(record, moment, moment.days).name("gestation")
        found.append(~np.isnan(np.asarray(gestation, dtype=np.float64)))
    else:
        found = [_takes(record, rule.others, moment)]
    return np.logical_or.reduce(found), nothing


def _latest(record: Record, rule: SafetyRule, moment: Moment) -> NDArray[np.float64]:
    """Return everyone's latest result of a rule's analytes that still counts; NaN for none."""
    day, value = np.full(len(moment.rows), NO_DAY), np.full(len(moment.rows), np.nan)
    for key in rule.keys:
        if key in record.results:
            measured, result = record.results[key].latest(moment)
            newer = ~np.isnan(result) & (measured > day)
            day, value = np.where(newer, measured, day), np.where(newer, result, value)
    counts = day.astype(np.int64) >= moment.days.astype(np.int64) - rule.days
    return np.where(counts, value, np.nan)


def _is_allergic(record: Record, rule: SafetyRule, moment: Moment) -> NDArray[np.bool_]:
    """Return who has an allergy that the profile states or a code says, bool, shape (n,).

    What is usual follows from what people are given instead (`sync/chart/allergies.py`).
    """
    found = np.zeros(len(moment.rows), dtype=np.bool_)
    for substance in (substances()[key] for key in rule.keys):
        for code in substance.implied:
            found |= record.conditions.has(code, moment)
        known = record.safety.allergies
        if known is not None and substance.name in known.stated:
            found |= known.having(substance)[moment.rows]
    return found


def _takes(record: Record, names: frozenset[str], moment: Moment) -> NDArray[np.bool_]:
    takes = np.zeros(len(moment.rows), dtype=np.bool_)
    for drug in sorted(names):
        for course in record.courses.of_drug_going_on(drug, moment):
            takes[course.taking(moment)] = True
    return takes


def weight(record: Record, moment: Moment) -> NDArray[np.float64]:
    """Return what everyone would weigh on their day, kg, float64."""
    return record.body.values([_WEIGHT], moment.rows, moment.days)[_WEIGHT]


def allowed(
    record: Record, drug: str, address: Decision, rows: Rows, days: Days
) -> NDArray[np.bool_]:
    """Return for whom a medicine may be begun, bool, shape (n,).

    Args:
        record: of the chunk; where a rule is overlooked, it is noted there.
        drug: its name in the book.
        address: of the prescription, or everybody's own.
        rows: ascending positions in the chunk.
        days: int32.
    """
    rules = [one for one in record.safety.book.of_drug(drug) if one.action in ("stop", "refuse")]
    return _permitted(record, rules, drug, address, rows, days)


def given(
    record: Record, code: str, address: Decision, rows: Rows, days: Days
) -> NDArray[np.bool_]:
    """Return who is given a treatment on the day, by its HCPCS code; bool, shape (n,)."""
    return _permitted(record, record.safety.book.of_procedure(code), code, address, rows, days)


def _permitted(
    record: Record,
    rules: Iterable[SafetyRule],
    what: str,
    address: Decision,
    rows: Rows,
    days: Days,
) -> NDArray[np.bool_]:
    permitted = np.ones(len(rows), dtype=np.bool_)
    moment = record.moment(rows, days)
    for rule in rules:
        broken, value = holds(record, rule, moment)
        at = np.flatnonzero(broken)
        if len(at):
            kept = _not_overlooked(record, rule, what, address, rows[at], days[at], value[at])
            permitted[at[kept]] = False
    return permitted


def _not_overlooked(
    record: Record, rule: SafetyRule, what: str, address: Decision, rows: Rows, days: Days,
    value: NDArray[np.float64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Return for whom a broken rule is noticed; note those for whom it is not. One draw decides."""
    log = record.safety
    if not log.share:
        return np.ones(len(rows), dtype=np.bool_)
    noticed: NDArray[np.bool_] = record.draws.uniform(below(address, "safety"), rows) >= log.share
    missed = np.flatnonzero(~noticed)
    for one, at in each_address(address, rows[missed]):
        of = missed[at]
        log.overlooked.append(Overlooked(one, what, rule, rows[of], days[of], value[of]))
    return noticed


def stop_for_results(
    record: Record, loinc: str, rows: Rows, days: Days, values: NDArray[np.float64]
) -> None:
    """Stop, on people's day, what a result of theirs forbids."""
    for rule in record.safety.book.at_result(loinc):
        at = np.flatnonzero(rule.beyond(values))
        if len(at):
            _stop(record, rule, rows[at], days[at], values[at])


def stop_beside(record: Record, drug: str, rows: Rows, days: Days) -> None:
    """Stop, on people's day, what must not be taken beside a medicine that they begin."""
    for rule in record.safety.book.stopping:
        if drug in rule.others:
            _stop(record, rule, rows, days, np.full(len(rows), np.nan))


def stop_for_condition(record: Record, code: str, rows: Rows, days: Days) -> None:
    """Stop, on people's day, what a condition forbids that begins then."""
    for rule in record.safety.book.stopping:
        keys = SUPERVISION if rule.kind == "pregnancy" else rule.keys
        if rule.kind in ("condition", "pregnancy") and code.startswith(keys):
            _stop(record, rule, rows, days, np.full(len(rows), np.nan))


def stop_later(record: Record, code: str, rows: Rows, days: Days, later: Days) -> None:
    """Move to a later day what the beginning of a condition has stopped.

    Args:
        record: of the chunk.
        code: of the condition.
        rows: whose it is.
        days: int32, the day on which it began when drugs were stopped.
        later: int32, the day on which it is known.
    """
    began = np.full(len(record.people), NO_DAY, dtype=np.int32)
    known = began.copy()
    began[rows], known[rows] = days, later
    for rule in record.safety.book.stopping:
        if rule.kind == "condition" and code.startswith(rule.keys):
            for drug in sorted(rule.drugs):
                for course in record.courses.of_drug(drug):
                    course.end_later(began[course.rows], known[course.rows])
            for missed in record.safety.overlooked:
                if missed.rule is rule:
                    same = missed.days == began[missed.rows]
                    missed.days[same] = known[missed.rows[same]]


def _stop(
    record: Record, rule: SafetyRule, rows: Rows, days: Days, value: NDArray[np.float64]
) -> None:
    moment = record.moment(rows, days)
    for drug in sorted(rule.drugs):
        for course in record.courses.of_drug_going_on(drug, moment):
            at = np.sort(course.taking(moment))
            if len(at):
                _end(record, rule, course, rows[at], days[at], value[at])


def _end(
    record: Record, rule: SafetyRule, course: Course, rows: Rows, days: Days,
    value: NDArray[np.float64],
) -> None:  # fmt: skip
    kept = _not_overlooked(record, rule, course.drug, course.address, rows, days, value)
    if kept.any():
        course.end(record.moment(rows[kept], days[kept]))


def begin_safety(record: Record, log: SafetyLog, as_of: np.int32) -> None:
    """Keep rules from now on, and stop what the people of a profile should not take on its day."""
    record.safety = log
    others = record.conditions.begun

    def begun(code: str, rows: Rows, days: Days) -> None:
        if others is not None:
            others(code, rows, days)
        stop_for_condition(record, code, rows, days)

    if log.book.rules:
        record.conditions.begun = begun
    for course in list(record.courses):
        rows = course.rows
        moment = record.moment(rows, np.full(len(rows), as_of, dtype=np.int32))
        for rule in log.book.of_drug(course.drug):
            if rule.action == "stop" and len(rows):
                broken, value = holds(record, rule, moment)
                at = np.flatnonzero(broken)
                _end(record, rule, course, rows[at], moment.days[at], value[at])


def review_all(record: Record, as_of: np.int32) -> None:
    """Stop what a result or condition forbids that an earlier journey could not see."""
    for rule in record.safety.book.stopping:
        if not any(course.drug in rule.drugs for course in record.courses):
            continue
        for key in rule.keys if rule.kind == "lab" else ():
            for entry in record.results[key].entries if key in record.results else ():
                at = np.flatnonzero(rule.beyond(entry.values))
                if len(at):
                    _stop(record, rule, entry.rows[at], entry.days[at], entry.values[at])
        if rule.kind == "condition":
            _review_conditions(record, rule, as_of)


def _review_conditions(record: Record, rule: SafetyRule, as_of: np.int32) -> None:
    for episode in record.conditions.episodes():
        if not episode.code.startswith(rule.keys):
            continue
        since = np.full(len(record.people), FOREVER, dtype=np.int32)
        until, held = since.copy(), episode.holds
        rows = episode.rows[held]
        since[rows], until[rows] = episode.since[held], episode.until[held]
        for course in record.courses:
            if course.drug in rule.drugs:
                day = np.maximum(np.maximum(since[course.rows], course.days), as_of)
                at = np.flatnonzero((day < course.stop) & (day < until[course.rows]))
                nothing = np.full(len(at), np.nan)
                if len(at):
                    days = day[at].astype(np.int32)
                    _end(record, rule, course, course.rows[at], days, nothing)


def review_begun(record: Record, pieces: Iterable[OccurrenceRows]) -> Iterator[OccurrenceRows]:
    """Yield what happened without the drugs and treatments that should not have been begun.

    A drug may stand before the result of its visit, and a journey does not see those that are
    walked after it: what all of them found out is asked here, of results and conditions.
    """
    firsts = np.cumsum([0, *(len(one.occurrences) for one in record.layouts_walked)])
    for piece in pieces:
        step, address = piece.occurrence.step, piece.occurrence.address
        if isinstance(step, Prescription):
            what, rules = step.details.drug, record.safety.book.of_drug(step.details.drug)
        elif isinstance(step, Procedure):
            what, rules = step.details.code, record.safety.book.of_procedure(step.details.code)
        else:
            yield piece
            continue
        rules = tuple(one for one in rules if one.action != "reduce" and one.kind in _SEEN_LATER)
        kept = _permitted(record, rules, what, address, piece.rows, piece.days)
        source = firsts[piece.journey] + np.array([piece.occurrence.number], dtype=np.int32)
        for course in record.courses if not kept.all() else ():
            own = course.begun_by(source)
            if own.any():
                never = own & np.isin(course.rows, piece.rows[~kept])
                course.stop[never], course.cut[never] = course.days[never], True
        yield piece if kept.all() else piece.take(kept)
