# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of trials: who may take part, in which arm, when, and what a visit must agree with."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule

_SUBJECT = "concat('subject_id ', s.subject_id)"
_VISIT = "concat('trial_visit_id ', v.trial_visit_id)"
_PLACES = "a.block * a.ratio // sum(a.ratio) OVER (PARTITION BY a.trial)"
_FACILITIES = (
    "('emergency', 'observation', 'inpatient', 'outpatient_hospital', 'asc', 'snf', "
    "'home_health', 'dialysis')"
)

DATED = (
    ("eligibility_results", "eligibility_result_id", "asked_date"),
    ("trial_visits", "trial_visit_id", "actual_date"),
    ("adverse_events", "adverse_event_id", "start_date"),
    ("adverse_events", "adverse_event_id", "end_date"),
    ("result_grades", "lab_result_id", "collected_date"),
    ("tumor_measurements", "tumor_measurement_id", "assessed_date"),
    ("tumor_responses", "tumor_response_id", "assessed_date"),
    ("exposures", "exposure_id", "start_date"),
    ("exposures", "exposure_id", "end_date"),
)
"""Every column that dates something that happened to a subject; (table, key, column)."""

CAUSED = tuple(column for column in DATED if column[2] != "end_date")
"""Columns that hold the day of their event; (table, key, column)."""


_OF_TRIALS = (
    "'screening', 'randomization', 'trial_visit', 'adverse_event', 'exposure', 'withdrawal'"
)
_TABLES = tuple(dict.fromkeys(table for table, _, _ in DATED))
_OF_REFUSED = " UNION ALL ".join(
    f"SELECT subject_id, '{table}' AS what FROM {table}" for table in _TABLES
)
_EVENTS_OF_REFUSED = (
    "SELECT r.subject_id, e.type AS what FROM events AS e JOIN subjects AS r "
    "ON e.person_id = r.person_id AND e.event_date >= r.asked_date "
    f"WHERE r.consent_date IS NULL AND e.type IN ({_OF_TRIALS}) AND NOT EXISTS (SELECT 1 FROM "
    "subjects AS o WHERE o.person_id = r.person_id AND o.subject_id <> r.subject_id)"
)


def _in_trial(table: str, key: str, column: str) -> AuditRule:
    return AuditRule(
        f"nothing of a trial after its end {table}.{column}", f"{table}.{column}",
        (table, "subjects"),
        f"SELECT concat('{key} ', t.{key}) FROM {table} AS t JOIN subjects AS s "
        f"USING (subject_id) WHERE t.{column} > s.end_date OR t.{column} < s.consent_date",
    )  # fmt: skip


RULES: tuple[AnyRule, ...] = (
    *(_in_trial(*one) for one in DATED),
    AuditRule(
        "nothing of a trial without consent", "subjects.consent_date",
        ("subjects", "events", *_TABLES),
        f"SELECT concat({_SUBJECT}, ': ', t.what) FROM subjects AS s JOIN ({_OF_REFUSED} UNION ALL "
        f"{_EVENTS_OF_REFUSED}) AS t USING (subject_id) WHERE s.consent_date IS NULL",
        columns=("subjects.asked_date",),
    ),
    RowRule(
        "who refuses to take part has no consent, and the others have", "subjects.consent_date",
        "subjects",
        "(status = 'consent refused') <> (consent_date IS NULL) OR consent_date < asked_date "
        "OR (consent_date IS NULL AND (end_date <> asked_date OR screen_date IS NOT NULL "
        "OR randomized_date IS NOT NULL))",
        columns=("subjects.asked_date",),
    ),
    RowRule(
        "a subject's days follow each other", "subjects", "subjects",
        "screen_date < consent_date OR randomized_date < screen_date "
        "OR end_date < coalesce(randomized_date, screen_date, consent_date, asked_date)",
        columns=("subjects.asked_date",),
    ),
    RowRule(
        "an end has its day and its reason", "subjects.status", "subjects",
        "(status IN ('consented', 'screened', 'ongoing')) <> (end_date IS NULL) "
        "OR (end_date IS NULL) <> (end_reason IS NULL) "
        "OR (status = 'died') <> coalesce(end_reason = 'death', false)",
    ),
    RowRule(
        "a failure of screening has its reason", "subjects.screen_fail_reason", "subjects",
        "(status = 'screen failure') <> (screen_fail_reason IS NOT NULL)",
    ),
    AuditRule(
        "the first criterion not satisfied is the reason", "subjects.screen_fail_reason",
        ("subjects", "eligibility_results"),
        f"SELECT {_SUBJECT} FROM subjects AS s LEFT JOIN (SELECT subject_id, "
        "arg_min(criterion, sequence) FILTER (met <> (kind = 'inclusion')) AS first "
        "FROM eligibility_results GROUP BY subject_id) AS r USING (subject_id) "
        "WHERE r.first IS DISTINCT FROM s.screen_fail_reason",
    ),
    AuditRule(
        "criteria are asked on the day of screening", "eligibility_results.asked_date",
        ("subjects", "eligibility_results"),
        "SELECT concat('eligibility_result_id ', r.eligibility_result_id) "
        "FROM eligibility_results AS r JOIN subjects AS s USING (subject_id) "
        "WHERE r.asked_date IS DISTINCT FROM s.screen_date",
    ),
    RowRule(
        "who is randomised has an arm, a stratum and a block", "subjects.arm", "subjects",
        "(randomized_date IS NULL) <> (arm IS NULL) "
        "OR (arm IS NULL) <> (stratum IS NULL) OR (arm IS NULL) <> (block IS NULL)",
    ),
    RowRule(
        "who is randomised was eligible", "subjects.randomized_date", "subjects",
        "randomized_date IS NOT NULL AND (screen_date IS NULL "
        "OR screen_fail_reason IS NOT NULL)",
    ),
    AuditRule(
        "randomised are those who came to it", "subjects.randomized_date",
        ("subjects", "events"),
        "SELECT concat('person_id ', coalesce(s.person_id, v.person_id)) FROM "
        "(SELECT person_id, randomized_date AS day, count(*) AS times FROM subjects "
        "WHERE randomized_date IS NOT NULL GROUP BY ALL) AS s FULL JOIN "
        "(SELECT person_id, event_date AS day, count(*) AS times FROM events "
        "WHERE type = 'randomization' GROUP BY ALL) AS v USING (person_id, day) "
        "WHERE s.times IS DISTINCT FROM v.times",
    ),
    AuditRule(
        "an arm is one of the trial's", "subjects.arm", ("subjects", "trial_arms"),
        f"SELECT {_SUBJECT} FROM subjects AS s ANTI JOIN trial_arms AS a "
        "ON s.trial = a.trial AND s.arm = a.arm WHERE s.arm IS NOT NULL",
    ),
    AuditRule(
        "arms are balanced within a block", "subjects.arm", ("subjects", "trial_arms"),
        "SELECT concat('trial ', s.trial, ', stratum ', s.stratum, ', block ', s.block) "
        "FROM (SELECT trial, stratum, block, arm, count(*) AS people FROM subjects "
        "WHERE arm IS NOT NULL GROUP BY ALL) AS s JOIN "
        f"(SELECT a.trial, a.arm, {_PLACES} AS places FROM trial_arms AS a) AS a "
        "ON s.trial = a.trial AND s.arm = a.arm WHERE s.people > a.places",
    ),
    AuditRule(
        "a dose is of the subject's arm", "exposures.arm", ("exposures", "subjects"),
        "SELECT concat('exposure_id ', e.exposure_id) FROM exposures AS e JOIN subjects AS s "
        "USING (subject_id) WHERE e.arm IS DISTINCT FROM "
        "CASE WHEN s.randomized_date <= e.start_date THEN s.arm END",
    ),
    RowRule(
        "a visit lies in its window or is a deviation", "trial_visits.deviation",
        "trial_visits",
        "deviation IS DISTINCT FROM coalesce(actual_date < window_low_date "
        "OR actual_date > window_high_date, false)",
    ),
    RowRule(
        "a window holds its planned day", "trial_visits.planned_date", "trial_visits",
        "planned_date < window_low_date OR planned_date > window_high_date "
        "OR (planned_date IS NULL) <> (window_low_date IS NULL) "
        "OR (planned_date IS NULL) <> (window_high_date IS NULL)",
    ),
    RowRule(
        "a visit that took place is an encounter", "trial_visits.encounter_id",
        "trial_visits",
        "(status = 'missed') <> (actual_date IS NULL) "
        "OR (status = 'missed') <> (encounter_id IS NULL) "
        "OR (status = 'unscheduled' AND planned_date IS NOT NULL) "
        "OR (status = 'missed' AND planned_date IS NULL)",
    ),
    AuditRule(
        "a visit is of its encounter's day", "trial_visits.actual_date",
        ("trial_visits", "encounters"),
        f"SELECT {_VISIT} FROM trial_visits AS v JOIN encounters AS e USING (encounter_id) "
        "WHERE v.actual_date <> e.start_at::DATE OR v.event_id <> e.event_id",
    ),
    AuditRule(
        "every visit of a trial in the chart is in the trial", "trial_visits.encounter_id",
        ("trial_visits", "encounters", "events"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e JOIN events AS v "
        "ON e.event_id = v.event_id AND v.type = 'trial_visit' "
        "ANTI JOIN trial_visits AS t ON e.encounter_id = t.encounter_id",
    ),
    AuditRule(
        "the sponsor's visits make no claim", "trial_visits.routine_care",
        ("trial_visits", "claims"),
        f"SELECT {_VISIT} FROM trial_visits AS v SEMI JOIN claims AS c "
        "ON v.encounter_id = c.encounter_id WHERE NOT v.routine_care",
    ),
    AuditRule(
        "routine care in a facility is billed", "trial_visits.routine_care",
        ("trial_visits", "encounters", "enrollments", "claims"),
        f"SELECT {_VISIT} FROM trial_visits AS v JOIN encounters AS e USING (encounter_id) "
        "SEMI JOIN enrollments AS n ON e.person_id = n.person_id "
        "AND n.effective_date <= e.start_at::DATE "
        "AND e.start_at::DATE <= coalesce(n.term_date, DATE '9999-12-31') "
        "ANTI JOIN (SELECT encounter_id FROM claims WHERE form = '837I') AS c "
        "ON v.encounter_id = c.encounter_id "
        "SEMI JOIN usual_bills AS u ON u.form = '837I' "
        f"WHERE v.routine_care AND e.encounter_class IN {_FACILITIES}",
    ),
    RowRule(
        "an adverse event ends after it begins", "adverse_events.end_date",
        "adverse_events", "end_date < start_date",
    ),
    RowRule(
        "grades of adverse events say what they mean", "adverse_events.grade",
        "adverse_events",
        "grade NOT BETWEEN 1 AND 5 OR (grade >= 4 AND NOT serious) "
        "OR (grade = 5) <> (outcome = 'fatal')",
    ),
    AuditRule(
        "a fatal adverse event is a death", "adverse_events.grade",
        ("adverse_events", "patients"),
        "SELECT concat('adverse_event_id ', t.adverse_event_id) FROM adverse_events AS t "
        "JOIN patients AS p USING (person_id) WHERE t.grade = 5 "
        "AND p.death_date IS DISTINCT FROM t.start_date",
    ),
    RowRule(
        "dosing ends after it begins", "exposures.end_date", "exposures",
        "end_date < start_date",
    ),
)  # fmt: skip
"""Rules of TrialSim."""
