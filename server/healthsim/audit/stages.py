# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""A rule of stages of an illness: a test shows them on the day on which they are recorded."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.medicine.stages import stage_tests

_STAGES = ", ".join(
    f"('{one.code}', '{one.loinc}', '{one.low}'::DOUBLE, '{one.below}'::DOUBLE, {one.within_days})"
    for one in stage_tests().values()
)
_TESTED = (
    "SELECT 1 FROM lab_results AS r WHERE r.person_id = s.person_id AND r.loinc = t.loinc "
    "AND r.value IS NOT NULL AND r.collected_at::DATE"
)

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "problem list: a stage begins when a test shows it", "conditions.onset_date",
        ("conditions", "events", "lab_results"),
        "SELECT concat('condition_id ', s.condition_id, ' code ', s.code) FROM conditions AS s "
        f"JOIN (VALUES {_STAGES}) AS t(code, loinc, low, below, days) USING (code) "
        "JOIN events AS v USING (event_id) "
        "WHERE v.type = 'diagnosis' AND s.encounter_id IS NULL AND EXISTS (SELECT 1 "
        "FROM conditions AS o WHERE o.person_id = s.person_id AND o.code <> s.code "
        f"AND o.code IN (SELECT code FROM (VALUES {_STAGES}) AS k(code, loinc, low, below, days) "
        "WHERE k.loinc = t.loinc) AND o.abatement_date = s.onset_date - 1) "
        f"AND EXISTS ({_TESTED} BETWEEN s.onset_date - t.days AND s.onset_date + t.days - 1) "
        f"AND NOT EXISTS ({_TESTED} = s.onset_date AND r.value >= t.low AND r.value < t.below)",
        mend="let the journey measure what shows the stage on the day of its diagnosis",
    ),
)  # fmt: skip
"""The rule of `medicine/data/stage_tests.csv`: a later stage that no visit states itself."""
