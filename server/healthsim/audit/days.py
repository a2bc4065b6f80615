# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of time: life, coverage, cause before effect, and the days that the data hold."""

from __future__ import annotations

from healthsim.audit import trials
from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.billing.professional.visit_codes import stay_days
from healthsim.codes.books import DEATHS

SERVED = (
    ("events", "event_id", "event_date"),
    ("conditions", "condition_id", "onset_date"),
    ("encounters", "encounter_id", "start_at"),
    ("encounters", "encounter_id", "end_at"),
    ("procedures", "procedure_id", "performed_date"),
    ("immunizations", "immunization_id", "given_date"),
    ("vital_signs", "vital_sign_id", "measured_at"),
    ("lab_results", "lab_result_id", "collected_at"),
    ("prescriptions", "prescription_id", "written_date"),
    ("referrals", "referral_id", "referred_date"),
    ("care_plans", "care_plan_id", "start_date"),
    ("enrollments", "enrollment_id", "effective_date"),
    ("enrollments", "enrollment_id", "term_date"),
    ("allergies", "allergy_id", "onset_date"),
    ("allergies", "allergy_id", "recorded_date"),
    ("observations", "observation_id", "effective_date"),
    ("screenings", "screening_id", "taken_at"),
    ("claims", "claim_id", "from_date"),
    ("claims", "claim_id", "through_date"),
    ("claim_lines", "claim_id", "service_date"),
    ("claim_codes", "claim_id", "from_date"),
    ("claim_codes", "claim_id", "through_date"),
    ("fills", "fill_id", "fill_date"),
    ("planted_violations", "violation_id", "since_date"),
    ("devices", "device_id", "start_date"),
    ("goals", "goal_id", "start_date"),
    ("service_requests", "request_id", "ordered_at"),
    ("service_requests", "request_id", "occurrence_date"),
    ("specimens", "specimen_id", "collected_at"),
    ("diagnostic_reports", "report_id", "effective_at"),
    ("immunizations_not_given", "not_given_id", "occurrence_date"),
    ("medication_administrations", "administration_id", "given_at"),
    ("medication_administrations", "administration_id", "ended_at"),
    ("encounter_locations", "encounter_id", "start_at"),
    ("encounter_locations", "encounter_id", "end_at"),
    ("related_persons", "related_person_id", "start_date"),
    ("family_history", "family_history_id", "recorded_date"),
    ("clinical_notes", "note_id", "authored_at"),
    *trials.DATED,
)
"""Every column that dates something done to a person; (table, key, column)."""

_BEFORE_DATA = {
    "allergies", "conditions", "devices", "enrollments", "family_history", "observations",
    "planted_violations", "prescriptions",
}  # fmt: skip
"""Tables whose rows may date from before the profile's day."""

CAUSED = (
    ("procedures", "procedure_id", "performed_date"),
    ("immunizations", "immunization_id", "given_date"),
    ("vital_signs", "vital_sign_id", "measured_at"),
    ("lab_results", "lab_result_id", "collected_at"),
    ("prescriptions", "prescription_id", "written_date"),
    ("referrals", "referral_id", "referred_date"),
    *trials.CAUSED,
    ("claim_lines", "claim_id", "service_date"),
)
"""Columns that hold the day of their event; (table, key, column)."""

INSTANTS = (
    ("vital_signs", "vital_sign_id", "measured_at"),
    ("lab_results", "lab_result_id", "collected_at"),
)
"""Those of `CAUSED` that are instants: minutes after midnight in a stay that began at 23:59."""

DURING = tuple(
    column
    for column in CAUSED
    if column[0] not in ("eligibility_results", "result_grades", "claim_lines")
)
"""Columns that lie within the encounter that their row names; (table, key, column)."""

_COVERED = (
    "SELECT concat('{key} ', s.{key}) FROM {table} AS s ANTI JOIN enrollments AS n "
    "ON s.person_id = n.person_id AND s.plan_id = n.plan_id AND n.effective_date <= s.{day} "
    "AND s.{day} <= coalesce(n.term_date, DATE '9999-12-31')"
)


def _after_death(table: str, key: str, column: str) -> AuditRule:
    return AuditRule(
        f"nothing after death {table}.{column}", f"{table}.{column}", (table, "patients"),
        f"SELECT concat('{key} ', s.{key}) FROM {table} AS s JOIN patients AS p "
        f"USING (person_id) WHERE s.{column}::DATE > p.death_date",
    )  # fmt: skip


def _before_birth(table: str, key: str, column: str, people: str) -> AuditRule:
    return AuditRule(
        f"nothing before birth {table}.{column}", f"{table}.{column}", (table, people),
        f"SELECT concat('{key} ', s.{key}) FROM {table} AS s JOIN {people} AS p "
        f"USING (person_id) WHERE s.{column}::DATE < p.birth_date",
    )  # fmt: skip


def _in_data(table: str, key: str, column: str) -> RowRule:
    day = f"{column}::DATE"
    early = "" if table in _BEFORE_DATA else f"{day} < (SELECT as_of FROM temp.data_days) OR "
    return RowRule(
        f"within the data {table}.{column}", f"{table}.{column}", table,
        f"{early}{day} > (SELECT through FROM temp.data_days)",
    )  # fmt: skip


_LATER_DAYS = ", ".join(f"'{code}'" for one in stay_days().values()
                        for code in (one.later, one.last))  # fmt: skip
_OF_A_STAY = (
    f" AND NOT (v.type IN ('encounter', 'claim') AND s.procedure IN ({_LATER_DAYS}) "
    "AND s.service_date > v.event_date)"
)
"""The attending clinician's later days of a stay are of the stay's event."""


def _on_its_day(table: str, key: str, column: str) -> AuditRule:
    also = _OF_A_STAY if table == "claim_lines" else ""
    return AuditRule(
        f"on the day of its event {table}.{column}", f"{table}.{column}", (table, "events"),
        f"SELECT concat('{key} ', s.{key}) FROM {table} AS s JOIN events AS v "
        f"USING (event_id) WHERE s.{column}::DATE <> v.event_date{also}",
    )  # fmt: skip


def _within_a_day(table: str, key: str, column: str) -> AuditRule:
    """An instant is on the day of its event, or after midnight in an encounter that began then."""
    return AuditRule(
        f"on the day of its event {table}.{column}", f"{table}.{column}",
        (table, "events", "encounters"),
        f"SELECT concat('{key} ', s.{key}) FROM {table} AS s JOIN events AS v USING (event_id) "
        "LEFT JOIN encounters AS e ON e.encounter_id = s.encounter_id "
        f"WHERE s.{column}::DATE <> v.event_date AND (e.encounter_id IS NULL OR "
        f"e.start_at::DATE <> v.event_date OR s.{column} < e.start_at OR "
        f"s.{column} > e.start_at + INTERVAL 1 DAY)",
    )  # fmt: skip


def _during(table: str, key: str, column: str) -> AuditRule:
    return AuditRule(
        f"during its encounter {table}.{column}", f"{table}.{column}", (table, "encounters"),
        f"SELECT concat('{key} ', s.{key}) FROM {table} AS s JOIN encounters AS e "
        f"USING (encounter_id) WHERE s.{column}::DATE < e.start_at::DATE "
        f"OR s.{column}::DATE > e.end_at::DATE",
    )  # fmt: skip


_OUTSIDE = "c.{}_date NOT BETWEEN e.start_at::DATE AND e.end_at::DATE"
"""A clinician's claim has the days of its lines, which lie in the encounter."""

RULES: tuple[AnyRule, ...] = (
    *(_after_death(*one) for one in SERVED),
    *(_before_birth(*one, "patients") for one in SERVED),
    *(_in_data(*one) for one in SERVED if one[2] != "term_date"),
    *(_on_its_day(*one) for one in CAUSED if one not in INSTANTS),
    *(_within_a_day(*one) for one in INSTANTS),
    *(_during(*one) for one in DURING),
    AuditRule(
        "the dead are not covered", "enrollments.term_date", ("enrollments", "patients"),
        "SELECT concat('enrollment_id ', n.enrollment_id) FROM enrollments AS n "
        "JOIN patients AS p USING (person_id) "
        "WHERE p.death_date IS NOT NULL AND n.term_date IS NULL",
    ),
    AuditRule(
        "death is the day of its event", "patients.death_date", ("patients", "events"),
        "SELECT concat('person_id ', p.person_id) FROM patients AS p LEFT JOIN "
        "(SELECT person_id, min(event_date) AS died FROM events WHERE type = 'death' "
        "GROUP BY person_id) AS v USING (person_id) WHERE v.died <> p.death_date "
        "OR (v.died IS NOT NULL AND p.death_date IS NULL)",
    ),
    AuditRule(
        "a discharge status of death is that of the dead", "encounters.disposition",
        ("encounters", "patients"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e JOIN patients AS p "
        f"USING (person_id) WHERE (coalesce(e.disposition, '') IN {DEATHS}) "
        "<> (coalesce(p.death_date, DATE '9999-12-31') <= e.end_at::DATE "
        "AND e.parent_encounter_id IS NULL)",
    ),
    AuditRule(
        "claims only while covered", "claims.from_date", ("claims", "enrollments"),
        "SELECT concat('claim_id ', s.claim_id) FROM claims AS s ANTI JOIN enrollments AS n "
        "ON s.person_id = n.person_id AND s.plan_id = n.plan_id "
        "AND n.effective_date <= coalesce(s.admit_date, s.from_date) "
        "AND coalesce(s.admit_date, s.from_date) <= coalesce(n.term_date, DATE '9999-12-31')",
    ),
    AuditRule(
        "fills only while covered", "fills.fill_date", ("fills", "enrollments"),
        _COVERED.format(key="fill_id", table="fills", day="fill_date"),
    ),
    RowRule(
        "spans of coverage end after they begin", "enrollments.term_date", "enrollments",
        "term_date < effective_date",
    ),
    AuditRule(
        "spans of coverage do not overlap", "enrollments.effective_date", ("enrollments",),
        "SELECT concat('enrollment_id ', enrollment_id) FROM (SELECT enrollment_id, "
        "effective_date, lag(coalesce(term_date, DATE '9999-12-31')) OVER (PARTITION BY "
        "person_id, payer_order ORDER BY effective_date, enrollment_id) AS before "
        "FROM enrollments) WHERE before >= effective_date",
    ),
    AuditRule(
        "a claim begins with its encounter", "claims.from_date", ("claims", "encounters"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN encounters AS e "
        "USING (encounter_id) LEFT JOIN (SELECT parent_encounter_id, min(start_at) AS came "
        "FROM encounters WHERE parent_encounter_id IS NOT NULL GROUP BY parent_encounter_id) "
        "AS v ON v.parent_encounter_id = e.encounter_id WHERE CASE c.form WHEN '837I' "
        f"THEN c.from_date <> least(e.start_at, v.came)::DATE ELSE {_OUTSIDE.format('from')} END",
    ),
    AuditRule(
        "a claim ends with its encounter", "claims.through_date", ("claims", "encounters"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN encounters AS e "
        "USING (encounter_id) WHERE CASE c.form WHEN '837I' THEN c.through_date <> e.end_at::DATE "
        f"AND c.bill_type NOT IN ('329', '721') ELSE {_OUTSIDE.format('through')} END",
    ),
    AuditRule(
        "a stay is admitted when it begins", "claims.admit_date", ("claims", "encounters"),
        "SELECT concat('claim_id ', c.claim_id) FROM claims AS c JOIN encounters AS e "
        "USING (encounter_id) WHERE c.admit_date IS DISTINCT FROM CASE WHEN c.form = '837I' "
        "AND e.encounter_class IN ('inpatient', 'snf', 'home_health') THEN e.start_at::DATE END",
    ),
    AuditRule(
        "lines lie within their claim", "claim_lines.service_date", ("claim_lines", "claims"),
        "SELECT concat('claim_id ', l.claim_id, ' line ', l.line) FROM claim_lines AS l "
        "JOIN claims AS c USING (claim_id) "
        "WHERE l.service_date < c.from_date OR l.service_date > c.through_date",
    ),
    RowRule(
        "served, then received, then decided", "claims.received_date", "claims",
        "through_date < from_date OR received_date < through_date "
        "OR decided_date < received_date OR paid_date < decided_date",
        columns=("claims.decided_date",),
    ),
    RowRule(
        "an encounter ends after it begins", "encounters.end_at", "encounters",
        "end_at < start_at OR los_days <> end_at::DATE - start_at::DATE",
    ),
    RowRule(
        "a result follows its specimen", "lab_results.resulted_at", "lab_results",
        "resulted_at < collected_at",
    ),
    AuditRule(
        "a fill follows its prescription", "fills.fill_date", ("fills", "prescriptions"),
        "SELECT concat('fill_id ', f.fill_id) FROM fills AS f JOIN prescriptions AS p "
        "USING (prescription_id) WHERE f.fill_date < p.written_date",
    ),
    AuditRule(
        "no fill after a prescription has ended", "fills.fill_date",
             ("fills", "prescriptions"),
        "SELECT concat('fill_id ', f.fill_id) FROM fills AS f JOIN prescriptions AS p "
        "USING (prescription_id) WHERE f.fill_date >= p.end_date "
        "OR f.fill_date > p.written_date + 365",
    ),
    AuditRule(
        "a fill is put back after it was made", "fills.reversed_date", ("fills",),
        "SELECT concat('fill_id ', fill_id) FROM fills WHERE reversed_date < fill_date "
        "OR (status = 'reversed') <> (reversed_date IS NOT NULL)",
    ),
    RowRule(
        "a condition ends after it begins", "conditions.abatement_date", "conditions",
        "abatement_date < onset_date OR recorded_date < onset_date",
    ),
)  # fmt: skip
"""Rules of days; ``temp.data_days`` holds the first and last day of the data."""
