"""Arms of the rules of trials: each day, each status and each cell that must agree."""

from __future__ import annotations

from collections.abc import Iterator

from audit.arms import Arm, breaks, each, first, keeps, one
from healthsim.audit import trials

_DAYS = "a subject's days follow each other"
_END = "an end has its day and its reason"
_FAILED = "a failure of screening has its reason"
_REASON = "the first criterion not satisfied is the reason"
_ASKED = "criteria are asked on the day of screening"
_CELLS = "who is randomised has an arm, a stratum and a block"
_ELIGIBLE = "who is randomised was eligible"
_CAME = "randomised are those who came to it"
_ARM, _BALANCED, _DOSE = (
    "an arm is one of the trial's", "arms are balanced within a block",
    "a dose is of the subject's arm")  # fmt: skip
_WINDOW, _PLANNED = (
    "a visit lies in its window or is a deviation", "a window holds its planned day")  # fmt: skip
_ENCOUNTER, _ON_DAY = (
    "a visit that took place is an encounter", "a visit is of its encounter's day")  # fmt: skip
_CHART, _ROUTINE = (
    "every visit of a trial in the chart is in the trial",
    "routine care in a facility is billed")  # fmt: skip
_GRADE, _FATAL = (
    "grades of adverse events say what they mean", "a fatal adverse event is a death")  # fmt: skip


def _in_a_trial(table: str, column: str) -> Iterator[Arm]:
    rule = f"nothing of a trial after its end {table}.{column}"
    day = f"(SELECT s.{{day}} FROM subjects AS s WHERE s.subject_id = {table}.subject_id)"
    for which, change, rows in (("end_date", "", 0), ("end_date", " + 1", 1),
                                ("consent_date", "", 0), ("consent_date", " - 1", 1)):  # fmt: skip
        value = f"{column} = {day.format(day=which)}{change}"
        yield Arm(rule, (one(table, value, f"{column} IS NOT NULL"),), rows)


_DATED = tuple(arm for table, _, column in trials.DATED for arm in _in_a_trial(table, column))


def _subject(rule: str, change: str, rows: int, where: str = "arm IS NOT NULL") -> Arm:
    return Arm(rule, (one("subjects", change, where),), rows)


_REFUSAL = "who refuses to take part has no consent, and the others have"
_REFUSED = "consent_date IS NULL"
_CONSENT = (
    _subject(_REFUSAL, "consent_date = asked_date", 1, _REFUSED),
    _subject(_REFUSAL, "end_date = asked_date - 1", 1, _REFUSED),
    _subject(_REFUSAL, "screen_date = asked_date", 1, _REFUSED),
    _subject(_REFUSAL, "randomized_date = asked_date", 1, _REFUSED),
    _subject(_REFUSAL, "status = 'withdrawn'", 1, _REFUSED),
    _subject(_REFUSAL, "status = 'consent refused'", 1),
    _subject(_REFUSAL, "consent_date = NULL", 1),
    _subject(_REFUSAL, "consent_date = asked_date - 1", 1),
    _subject(_REFUSAL, "consent_date = asked_date + 1", 0),
    *(Arm("nothing of a trial without consent",
          (f"UPDATE {table} SET subject_id = (SELECT min(subject_id) FROM subjects WHERE "
           f"{_REFUSED}) WHERE rowid = (SELECT min(rowid) FROM {table})",), 1)
      for table in ("eligibility_results", "trial_visits", "adverse_events", "exposures")),
    *(Arm("nothing of a trial without consent",
          (f"UPDATE events SET type = '{kind}', event_date = (SELECT min(asked_date) - {early} "
           f"FROM subjects WHERE {_REFUSED} AND person_id = (SELECT min(person_id) FROM subjects "
           f"WHERE {_REFUSED})), person_id = (SELECT min(person_id) FROM subjects WHERE "
           f"{_REFUSED}) WHERE rowid = (SELECT min(rowid) FROM events)",), rows)
      for kind, early, rows in (("trial_visit", 0, 1), ("exposure", 0, 1), ("lab", 0, 0),
                                ("trial_visit", 1, 0))),
)  # fmt: skip
_SAME_DAY = "screen_date = consent_date, randomized_date = consent_date, end_date = consent_date"
_SUBJECTS = (
    _subject(_DAYS, _SAME_DAY, 0),
    _subject(_DAYS, "screen_date = consent_date - 1", 1),
    _subject(_DAYS, "randomized_date = screen_date - 1", 1),
    _subject(_DAYS, "end_date = randomized_date - 1", 1),
    _subject(_DAYS, "randomized_date = NULL, end_date = screen_date", 0),
    _subject(_DAYS, "randomized_date = NULL, end_date = screen_date - 1", 1),
    _subject(_DAYS, "randomized_date = NULL, screen_date = NULL, end_date = consent_date", 0),
    _subject(_DAYS, "randomized_date = NULL, screen_date = NULL, end_date = consent_date - 1", 1),
    *(_subject(_END, f"status = '{status}', end_date = NULL, end_reason = NULL", rows)
      for status, rows in (("consented", 0), ("screened", 0), ("ongoing", 0), ("completed", 1),
                           ("withdrawn", 1))),
    *(_subject(_END, f"status = '{status}'", rows, "status = 'completed'")
      for status, rows in (("consented", 1), ("screened", 1), ("ongoing", 1), ("withdrawn", 0),
                           ("died", 1))),
    _subject(_END, "end_reason = NULL", 1),
    _subject(_END, "status = 'ongoing', end_date = NULL", 1),
    _subject(_END, "end_reason = 'death'", 1, "status = 'completed'"),
    _subject(_END, "end_reason = 'lost'", 1, "status = 'died'"),
    _subject(_END, "status = 'died', end_reason = 'death'", 0, "status = 'completed'"),
    _subject(_END, "status = 'died', end_date = NULL, end_reason = NULL", 1),
    _subject(_FAILED, "screen_fail_reason = NULL", 1, "status = 'screen failure'"),
    _subject(_FAILED, "screen_fail_reason = 'Adult'", 1, "status = 'completed'"),
    _subject(_REASON, "screen_fail_reason = NULL", 1, "status = 'screen failure'"),
    _subject(_REASON, "screen_fail_reason = 'Adult'", 1, "status = 'completed'"),
    *each(_ASKED, "eligibility_results",
          ("asked_date = asked_date + 1", "asked_date = asked_date - 1")),
    *each(_CELLS, "subjects", (
        "stratum = NULL", "block = NULL", "arm = NULL", "randomized_date = NULL",
        "arm = NULL, stratum = NULL, block = NULL",
        "randomized_date = NULL, arm = NULL, stratum = NULL",
        "randomized_date = NULL, arm = NULL, block = NULL"), "arm IS NOT NULL"),
    _subject(_CELLS, "arm = NULL, stratum = NULL, block = NULL, randomized_date = NULL", 0),
    *each(_CELLS, "subjects", ("arm = 'placebo'", "stratum = 'x'", "block = 1",
                               "randomized_date = screen_date"), "arm IS NULL"),
    _subject(_ELIGIBLE, "screen_date = NULL", 1),
    _subject(_ELIGIBLE, "screen_fail_reason = 'Adult'", 1),
    _subject(_ELIGIBLE, "screen_date = NULL, randomized_date = NULL", 0),
    breaks(_CAME, "DELETE FROM events WHERE event_id = "
           + first("event_id", "events", "type = 'randomization'")),
    _subject(_CAME, "randomized_date = NULL", 1),
    _subject(_CAME, "randomized_date = screen_date", 1, "arm IS NULL"),
    _subject(_ARM, "arm = 'sham'", 1),
    _subject(_ARM, "trial = 'SYN-999'", 1),
    keeps(_BALANCED, "UPDATE trial_arms SET ratio = 1 WHERE arm = 'treatment'",
          "DELETE FROM subjects WHERE arm = 'treatment'"),
    breaks(_BALANCED, "UPDATE trial_arms SET ratio = 5 WHERE arm = 'treatment'",
           "DELETE FROM subjects WHERE arm = 'treatment' OR block > 1 OR "
           "stratum <> (SELECT min(stratum) FROM subjects WHERE arm = 'placebo')"),
    breaks(_BALANCED, _another_arm := "INSERT INTO trial_arms SELECT * REPLACE ('SYN-1' AS trial) "
           "FROM trial_arms", "UPDATE subjects SET arm = 'placebo' WHERE rowid = (SELECT min(rowid)"
           " FROM subjects WHERE arm = 'treatment' AND block = 1)"),
    keeps(_BALANCED, _another_arm),
    *each(_DOSE, "exposures", ("arm = NULL", "arm = 'sham'")),
    breaks(_DOSE, one("exposures", "start_date = start_date - 900")),
    keeps(_DOSE, one("exposures", "arm = NULL, start_date = start_date - 900")),
    keeps(_DOSE, one("exposures", "start_date = (SELECT s.randomized_date FROM subjects AS s "
                     "WHERE s.subject_id = exposures.subject_id)")),
)  # fmt: skip


def _visit(rule: str, change: str, rows: int, where: str = "window_low_date IS NOT NULL") -> Arm:
    where = f"{where} AND status = 'completed'" if "status" not in where else where
    return Arm(rule, (one("trial_visits", change, where),), rows)


_VISITS = (
    _visit(_WINDOW, "actual_date = window_low_date, deviation = false", 0),
    _visit(_WINDOW, "actual_date = window_high_date, deviation = false", 0),
    _visit(_WINDOW, "actual_date = window_low_date - 1, deviation = false", 1),
    _visit(_WINDOW, "actual_date = window_high_date + 1, deviation = false", 1),
    _visit(_WINDOW, "actual_date = window_low_date - 1, deviation = true", 0),
    _visit(_WINDOW, "actual_date = window_high_date + 1, deviation = true", 0),
    _visit(_WINDOW, "deviation = true", 1, "status = 'missed'"),
    _visit(_WINDOW, "actual_date = window_low_date, deviation = true", 1),
    _visit(_PLANNED, "planned_date = window_low_date", 0),
    _visit(_PLANNED, "planned_date = window_low_date - 1", 1),
    _visit(_PLANNED, "planned_date = window_high_date", 0),
    _visit(_PLANNED, "planned_date = window_high_date + 1", 1),
    *(_visit(_PLANNED, f"{column} = NULL", 1)
      for column in ("planned_date", "window_low_date", "window_high_date")),
    *(_visit(_PLANNED, f"{column} = DATE '2025-06-01'", 1, "planned_date IS NULL")
      for column in ("planned_date", "window_low_date", "window_high_date")),
    _visit(_PLANNED, "window_low_date = NULL, planned_date = NULL", 1),
    _visit(_PLANNED, "window_high_date = NULL, planned_date = NULL", 1),
    _visit(_ENCOUNTER, "actual_date = NULL", 1),
    _visit(_ENCOUNTER, "encounter_id = NULL", 1),
    _visit(_ENCOUNTER, "actual_date = DATE '2025-06-01'", 1, "status = 'missed'"),
    _visit(_ENCOUNTER, "encounter_id = 1", 1, "status = 'missed'"),
    _visit(_ENCOUNTER, "planned_date = NULL", 1, "status = 'missed'"),
    _visit(_ENCOUNTER, "planned_date = DATE '2025-06-01'", 1, "status = 'unscheduled'"),
    _visit(_ENCOUNTER, "planned_date = NULL", 0),
    _visit(_ON_DAY, "actual_date = actual_date + 1", 1),
    _visit(_ON_DAY, "actual_date = actual_date - 1", 1),
    _visit(_ON_DAY, "event_id = event_id + 1", 1),
    _visit(_ON_DAY, "event_id = event_id - 1", 1),
    keeps(_CHART, "UPDATE events SET type = 'encounter' WHERE event_id = "
          + first("event_id", "trial_visits", "encounter_id IS NOT NULL"),
          "DELETE FROM trial_visits WHERE rowid = "
          "(SELECT min(rowid) FROM trial_visits WHERE encounter_id IS NOT NULL)"),
    breaks(_CHART, one("trial_visits", "encounter_id = NULL", "encounter_id IS NOT NULL")),
)  # fmt: skip

_MINE = first(
    "trial_visit_id", "trial_visits", "routine_care AND person_id IN (SELECT person_id "
    "FROM enrollments GROUP BY person_id HAVING count(*) = 1)")  # fmt: skip
_START = "(SELECT e.start_at::DATE FROM encounters AS e JOIN trial_visits USING (encounter_id))"


def _billed(kind: str, coverage: str, rows: int) -> Arm:
    """Let one visit be routine care of a class, unbilled, and its person be covered so."""
    changes = (
        f"DELETE FROM trial_visits WHERE trial_visit_id <> {_MINE}",
        "UPDATE claims SET encounter_id = NULL "
        "WHERE encounter_id = (SELECT encounter_id FROM trial_visits)",
        f"UPDATE encounters SET encounter_class = '{kind}' "
        "WHERE encounter_id = (SELECT encounter_id FROM trial_visits)",
        f"UPDATE enrollments SET {coverage} WHERE person_id = (SELECT person_id FROM trial_visits)",
    )
    return Arm(_ROUTINE, changes if "person" not in coverage else changes[:3], rows)


_CARE = (
    *(_billed(kind, "payer_order = 1", rows) for kind, rows in (
        ("emergency", 1), ("observation", 1), ("inpatient", 1), ("outpatient_hospital", 1),
        ("asc", 1), ("snf", 1), ("home_health", 1), ("dialysis", 1), ("office", 0))),
    *(_billed("asc", coverage, rows) for coverage, rows in (
        (f"term_date = {_START}", 1), (f"term_date = {_START} - 1", 0),
        (f"effective_date = {_START}", 1), (f"effective_date = {_START} + 1", 0))),
)  # fmt: skip

_UNTIL = "end_date IS NOT NULL AND grade < 4"
_EVENTS = (
    *(Arm(_GRADE, (one("adverse_events", change, "grade = 1"),), rows) for change, rows in (
        ("grade = 0", 1), ("grade = 2", 0), ("grade = 3", 0), ("grade = 4, serious = false", 1),
        ("grade = 4, serious = true", 0), ("grade = 3, serious = false", 0),
        ("grade = 5, serious = true, outcome = 'fatal'", 0),
        ("grade = 5, serious = false, outcome = 'fatal'", 1),
        ("grade = 5, serious = true, outcome = 'unknown'", 1), ("outcome = 'fatal'", 1),
        ("grade = 6, serious = true", 1))),
    *(Arm(_FATAL, (f"UPDATE patients SET death_date = {day} WHERE person_id = "
                   + first("person_id", "adverse_events", "grade = 5"),), rows)
      for day, rows in (("death_date", 0), ("death_date - 1", 1), ("NULL", 1))),
    keeps("an adverse event ends after it begins",
          one("adverse_events", "end_date = start_date", _UNTIL)),
    breaks("an adverse event ends after it begins",
           one("adverse_events", "end_date = start_date - 1", _UNTIL)),
    keeps("dosing ends after it begins", one("exposures", "end_date = start_date")),
    breaks("dosing ends after it begins", one("exposures", "end_date = start_date - 1")),
    *(Arm("the sponsor's visits make no claim", (one(
        "claims", "encounter_id = " + first("encounter_id", "trial_visits", where)),), rows)
      for where, rows in (("NOT routine_care AND encounter_id IS NOT NULL", 1),
                          ("routine_care", 0))),
)  # fmt: skip

OF_TRIALS = (*_DATED, *_CONSENT, *_SUBJECTS, *_VISITS, *_CARE, *_EVENTS)
