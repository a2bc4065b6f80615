# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of adverse events and results: grades are what the CTCAE makes of the values."""

from __future__ import annotations

import math

import numpy as np

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.medicine.ctcae import MOST, Criterion, criteria

_GRADED = "concat('lab_result_id ', r.lab_result_id)"


def _grade_sql(one: Criterion) -> str:
    """Return SQL of the grade of a result `l` by a criterion; 0 for none."""
    arms = []
    for grade in range(MOST, 0, -1):
        limit = one.limits[grade - 1]
        if math.isnan(limit) and grade > 1:
            continue
        end = "l.ref_low" if one.low else "l.ref_high"
        bound = f"{limit:g}"
        if math.isnan(limit):
            bound = end
        elif one.of_normal:
            bound = f"round({limit:g} * l.ref_high, 6)"
        arms.append(f"WHEN l.value {'<' if one.low else '>'} {bound} THEN {grade}")
    return f"CASE {' '.join(arms)} ELSE 0 END"


def _by_term() -> str:
    """Return SQL of the grade of a result `l` by its criterion's term `c.term`."""
    arms = " ".join(f"WHEN '{one.term}' THEN {_grade_sql(one)}" for one in criteria())
    return f"CASE c.term {arms} END"


def _shown(one: Criterion) -> list[int]:
    """Return the grade that values show for grade 1 to 5."""
    return [int(grade) for grade in one.seen(np.minimum(np.arange(1, 6, dtype=np.int32), MOST))]


_TERMS = ", ".join(f"('{one.term}', '{one.loinc}')" for one in criteria())
_NAMES = ", ".join(
    f"('{name.casefold()}', '{one.term}', '{one.loinc}', {_shown(one)})"
    for one in criteria()
    for name in (one.term, *one.reported)
)
_CRITERIA = f"(VALUES {_TERMS}) AS c(term, loinc)"
_LASTING = (
    "SELECT a.adverse_event_id, a.person_id, a.term, a.start_date, c.term AS of_term, c.loinc, "
    "c.shown[a.grade] AS shown, e.journey, a.start_date + CAST((date_diff('day', a.start_date, "
    "a.end_date) + 2) // 2 - 1 AS INTEGER) AS whole FROM adverse_events AS a "
    "JOIN events AS e USING (event_id) "
    f"JOIN (VALUES {_NAMES}) AS c(name, term, loinc, shown) ON lower(a.term) = c.name "
    "WHERE a.end_date IS NOT NULL AND a.grade < 5"
)

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a result has the grade of the CTCAE", "result_grades.grade",
        ("result_grades", "lab_results"),
        f"SELECT {_GRADED} FROM result_grades AS r JOIN lab_results AS l USING (lab_result_id) "
        f"LEFT JOIN {_CRITERIA} ON c.term = r.term AND c.loinc = l.loinc "
        f"WHERE r.grade IS DISTINCT FROM {_by_term()}",
    ),
    AuditRule(
        "every result of a trial that the CTCAE grades has its grade", "result_grades.grade",
        ("result_grades", "lab_results", "events", "trial_visits"),
        "SELECT concat('lab_result_id ', l.lab_result_id) FROM lab_results AS l "
        "JOIN events AS e USING (event_id) SEMI JOIN (SELECT DISTINCT e.journey, e.person_id "
        "FROM trial_visits AS v JOIN events AS e USING (event_id)) AS t "
        "ON e.journey = t.journey AND e.person_id = t.person_id "
        f"JOIN {_CRITERIA} ON c.loinc = l.loinc "
        "ANTI JOIN result_grades AS r ON r.lab_result_id = l.lab_result_id "
        f"WHERE {_by_term()} > 0",
    ),
    AuditRule(
        "results of an adverse event have its grade", "adverse_events.grade",
        ("adverse_events", "lab_results", "events"),
        f"WITH a AS ({_LASTING}) SELECT concat('lab_result_id ', l.lab_result_id) "
        "FROM lab_results AS l JOIN events AS v USING (event_id) "
        "JOIN a AS c ON c.person_id = l.person_id AND c.loinc = l.loinc AND c.journey = v.journey "
        "AND l.collected_at::DATE > c.start_date AND l.collected_at::DATE <= c.whole "
        "ANTI JOIN a AS o ON o.person_id = c.person_id AND o.loinc = c.loinc "
        "AND o.adverse_event_id <> c.adverse_event_id AND o.start_date <= l.collected_at::DATE "
        f"WHERE {_by_term().replace('c.term', 'c.of_term')} "
        "<> c.shown",
        "leave the results of an adverse event to it, or state results that have its grade",
    ),
    RowRule(
        "a serious adverse event says why", "adverse_events.serious_reason", "adverse_events",
        "serious <> (serious_reason IS NOT NULL) OR (grade = 5) <> coalesce(serious_reason = "
        "'death', false) OR (grade = 4) <> coalesce(serious_reason = 'life-threatening', false) "
        "OR (grade < 4 AND serious AND (serious_reason = 'hospitalization') "
        "<> (stay_encounter_id IS NOT NULL)) OR (stay_encounter_id IS NOT NULL AND NOT serious)",
        columns=("adverse_events.serious_reason", "adverse_events.stay_encounter_id"),
    ),
    AuditRule(
        "a stay for an adverse event begins with it", "adverse_events.stay_encounter_id",
        ("adverse_events", "encounters"),
        "SELECT concat('adverse_event_id ', a.adverse_event_id) FROM adverse_events AS a "
        "JOIN encounters AS e ON a.stay_encounter_id = e.encounter_id "
        "WHERE e.encounter_class NOT IN ('inpatient', 'observation') "
        "OR e.start_at::DATE < a.start_date OR e.person_id <> a.person_id",
        columns=("adverse_events.stay_encounter_id",),
    ),
)  # fmt: skip
"""Rules of results and adverse events of trials."""
