# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of vital signs: what an encounter of a class has, and what fits together in a body."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from healthsim.audit.rules import AnyRule, AuditRule
from healthsim.audit.temporary import make_tables, typed
from healthsim.medicine.measured_codes import BMI, bands
from healthsim.medicine.vitals import ARRIVAL, MEASURES, VISIT, vital_rules

_CLASSES = ("office", "urgent_care", "emergency", "observation", "inpatient",
            "outpatient_hospital", "asc", "snf", "home_health", "dialysis")  # fmt: skip
LEAST_SHARE = 0.95
"""Share of face-to-face encounters that must have what their class always measures."""
_ENOUGH = 200  # encounters of a class and age, from which chance alone does not break the rule
_MONTH = 30.4375
_GROWN = 45 * 365.25  # days of age until which nobody gets shorter
_ROUNDING = 0.051  # kg/m2, half of the last decimal
_NEAR = 0.1  # kg/m2 by which an index may be outside of its code, whose height is not rounded
_SHRUNK = 0.3  # kg/m2 by which it may be where a last height stands in place of the day's: 5 mm
_AT_ONCE = 0.06  # cm that a rounded height may be below the one before


def lay_out_usual(connection: duckdb.DuckDBPyConnection, choice: object) -> None:
    """Make the temporary tables of what classes of encounter always measure, and of BMI codes.

    Args:
        connection: an open file.
        choice: `vital_signs` of the profile; None in a file from before there was a choice.
    """
    rows = [
        (encounter_class, code, rule.from_months * _MONTH, rule.below_months * _MONTH)
        for encounter_class in (_CLASSES if choice not in (None, "none") else ())
        for rule in vital_rules(encounter_class)
        if rule.at in {VISIT, ARRIVAL} and rule.share >= LEAST_SHARE
        for code in MEASURES[rule.measure]
    ]
    judged = bands(BMI) if rows else ()
    make_tables(connection, {
        "usual_signs": typed({"encounter_class": pa.string(), "loinc": pa.string(),
                               "from_days": pa.float64(), "below_days": pa.float64()}, rows),
        "bmi_bands": typed({"code": pa.string(), "low": pa.float64(), "below": pa.float64()},
                            judged),
    })  # fmt: skip


_AGED = (
    "SELECT e.encounter_id, e.encounter_class, date_diff('day', p.birth_date, e.start_at::DATE) "
    "AS age FROM encounters AS e JOIN patients AS p USING (person_id)"
)
RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "encounters have the vital signs of their class", "vital_signs.encounter_id",
        ("vital_signs", "encounters", "patients"),
        "SELECT concat(s.encounter_class, ' without ', s.loinc) FROM temp.usual_signs AS s "
        f"JOIN ({_AGED}) AS e ON e.encounter_class = s.encounter_class "
        f"AND e.age > s.from_days + {_MONTH} AND e.age < s.below_days - {_MONTH} "
        "LEFT JOIN (SELECT DISTINCT encounter_id, loinc FROM vital_signs "
        "WHERE encounter_id IS NOT NULL) AS v "
        "ON v.encounter_id = e.encounter_id AND v.loinc = s.loinc "
        f"GROUP BY s.encounter_class, s.loinc, s.from_days HAVING count(*) >= {_ENOUGH} "
        f"AND count(v.encounter_id) < {LEAST_SHARE} * count(*)",
    ),
    AuditRule(
        "a vital sign is taken once at a time", "vital_signs.measured_at", ("vital_signs",),
        "SELECT concat('vital_sign_id ', max(vital_sign_id)) FROM vital_signs "
        "WHERE event_id IS NULL GROUP BY person_id, encounter_id, loinc, measured_at "
        "HAVING count(*) > 1",
    ),
    AuditRule(
        "diastolic pressure is below systolic", "vital_signs.value", ("vital_signs",),
        "SELECT concat('vital_sign_id ', d.vital_sign_id) FROM vital_signs AS d "
        "JOIN vital_signs AS s ON s.person_id = d.person_id AND s.measured_at = d.measured_at "
        "AND s.loinc = '8480-6' WHERE d.loinc = '8462-4' AND d.value >= s.value "
        "AND d.event_id IS NULL",
    ),
    AuditRule(
        "systolic and diastolic pressure are read together", "vital_signs.measured_at",
        ("vital_signs",),
        "SELECT concat('person_id ', person_id, ' on ', measured_on) FROM (SELECT person_id, "
        "encounter_id, measured_at, measured_at::DATE AS measured_on, "
        "count(*) FILTER (loinc = '8480-6') AS upper, count(*) FILTER (loinc = '8462-4') AS lower "
        "FROM vital_signs WHERE loinc IN ('8480-6', '8462-4') "
        "GROUP BY person_id, encounter_id, measured_at) "
        "GROUP BY person_id, encounter_id, measured_on "
        "HAVING sum(least(upper, lower)) < least(sum(upper), sum(lower))",
    ),
    AuditRule(
        "body mass index is weight by height", "vital_signs.value", ("vital_signs",),
        "SELECT concat('vital_sign_id ', b.vital_sign_id) FROM vital_signs AS b "
        "LEFT JOIN vital_signs AS w ON w.person_id = b.person_id AND w.loinc = '29463-7' "
        "AND w.encounter_id = b.encounter_id AND w.measured_at::DATE = b.measured_at::DATE "
        "LEFT JOIN vital_signs AS h ON h.person_id = b.person_id AND h.loinc = '8302-2' "
        "AND h.measured_at::DATE <= b.measured_at::DATE "
        "WHERE b.loinc = '39156-5' AND b.event_id IS NULL GROUP BY b.vital_sign_id "
        "HAVING NOT coalesce(bool_or(abs(b.value - w.value / (h.value / 100) ** 2) "
        f"<= {_ROUNDING}), false)",
    ),
    AuditRule(
        "a code of body mass index is that of its visit", "encounter_diagnoses.code",
        ("encounter_diagnoses", "encounters", "vital_signs"),
        "SELECT concat('encounter_id ', d.encounter_id, ' code ', d.code) "
        "FROM encounter_diagnoses AS d JOIN temp.bmi_bands AS b USING (code) "
        "JOIN encounters AS e USING (encounter_id) JOIN vital_signs AS v "
        "ON v.encounter_id = d.encounter_id AND v.loinc = '39156-5' "
        "AND v.measured_at::DATE = e.start_at::DATE LEFT JOIN vital_signs AS h "
        "ON h.encounter_id = d.encounter_id AND h.loinc = '8302-2' "
        "GROUP BY d.encounter_id, d.code, b.low, b.below "
        f"HAVING max(v.value) < b.low - if(count(h.value) = 0, {_SHRUNK}, {_NEAR}) "
        f"OR min(v.value) >= b.below + if(count(h.value) = 0, {_SHRUNK}, {_NEAR})",
    ),
    AuditRule(
        "nobody gets shorter before 45", "vital_signs.value", ("vital_signs", "patients"),
        "SELECT concat('vital_sign_id ', vital_sign_id) FROM (SELECT v.vital_sign_id, v.value, "
        "v.event_id, date_diff('day', p.birth_date, v.measured_at::DATE) AS age, "
        "lag(v.value) OVER w AS before, lag(v.event_id) OVER w AS stated "
        "FROM vital_signs AS v JOIN patients AS p USING (person_id) WHERE v.loinc = '8302-2' "
        "WINDOW w AS (PARTITION BY v.person_id ORDER BY v.measured_at, v.vital_sign_id)) "
        f"WHERE age < {_GROWN} AND value < before - {_AT_ONCE} "
        "AND event_id IS NULL AND stated IS NULL",
    ),
    AuditRule(
        "a percentile has its measurement", "vital_signs.value", ("vital_signs",),
        "SELECT concat('vital_sign_id ', s.vital_sign_id) FROM vital_signs AS s "
        "JOIN (VALUES ('59576-9', '39156-5'), ('77606-2', '8302-2'), ('77606-2', '29463-7'), "
        "('8289-1', '9843-4')) AS needs (percentile, measure) ON needs.percentile = s.loinc "
        "LEFT JOIN vital_signs AS m ON m.encounter_id = s.encounter_id "
        "AND m.loinc = needs.measure AND m.measured_at::DATE = s.measured_at::DATE "
        "WHERE s.event_id IS NULL AND (m.vital_sign_id IS NULL OR s.value NOT BETWEEN 0 AND 100)",
    ),
)  # fmt: skip
"""Rules of vital signs; `lay_out_usual` makes ``temp.usual_signs``."""
