# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of drugs that are given in stays: when, by whose order, and what forbids it."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.medicine.datafiles import rows
from healthsim.medicine.held_drugs import held_drugs
from healthsim.medicine.infusions import BY_VEIN
from healthsim.medicine.ward_drugs import (
    HOME_ROUTES,
    HOURS,
    ORDERS_CHANGE,
    PROPHYLAXIS,
    after_operations,
    least_minutes,
    nothing_by_mouth,
    ward_drugs,
)

_DOSES = "medication_administrations"


def _forbidden() -> str:
    """Return rows of a drug of stays, and of a substance that forbids it."""
    return ", ".join(
        f"('{one.drug}', '{substance}')" for one in ward_drugs() for substance in one.not_allergic
    )


def _held_for_diagnoses() -> str:
    """Return rows of an ingredient, the codes that hold it, and whether as the first of a stay."""
    return ", ".join(
        f"('{one}', '^({rule.diagnoses})', {rule.principal})"
        for rule in held_drugs()
        for one in sorted(rule.ingredients)
        if rule.diagnoses
    )


def _held_for_results() -> str:
    """Return rows of an ingredient, a rule, its bound, its days, and conditions that allow it."""
    return ", ".join(
        f"('{one}', '{rule.name}', {rule.below}, {rule.days}, '^({rule.unless or 'none'})')"
        for rule in held_drugs()
        for one in sorted(rule.ingredients)
        if rule.labs
    )


_TESTS = ", ".join(f"('{rule.name}', '{loinc}')" for rule in held_drugs() for loinc in rule.labs)


_CHANGE = f"INTERVAL {ORDERS_CHANGE} MINUTE"
_DAILY = tuple(frequency for frequency, hours in HOURS.items() if hours)


def _ever_held() -> str:
    """Return the ingredients that some stays hold."""
    return ", ".join(sorted({repr(one) for rule in held_drugs() for one in rule.ingredients}))


def _fasting() -> str:
    """Return rows of units after the operating room, and minutes without drugs by mouth there."""
    return ", ".join(f"('{unit}', {minutes})" for unit, minutes in nothing_by_mouth().items())


def _running() -> str:
    """Return rows of a drug that runs by vein, its most minutes, and whether it may leave."""
    most: dict[str, tuple[int, bool]] = {}
    for row in rows("infusions.csv"):
        minutes, leaves = most.get(row["ingredient"], (0, False))
        most[row["ingredient"]] = (max(minutes, int(row["minutes"])), leaves or bool(row["until"]))
    return ", ".join(f"('{drug}', {minutes}, {leaves})" for drug, (minutes, leaves) in most.items())


def _waiting() -> str:
    """Return rows of a drug that waits after operations, codes of those, minutes, and its rank."""
    return ", ".join(
        f"('{drug}', '^({one.operations})', {one.minutes}, {rank})"
        for rank, one in enumerate(after_operations())
        for drug in one.ingredients
    )


def _apart() -> str:
    """Return rows of a drug of stays, and the minutes between two doses of it, at least.

    Of a drug with several frequencies, the most frequent counts.
    """
    found: dict[str, int] = {}
    for one in ward_drugs():
        least = least_minutes(one.frequency)
        found[one.drug] = min(least, found.get(one.drug, least))
    return ", ".join(f"('{drug}', {minutes})" for drug, minutes in found.items())


_RUNS = (
    f"FROM {_DOSES} AS m JOIN encounters AS e USING (encounter_id) LEFT JOIN "
    f"(VALUES {_running()}) AS r (ingredient, minutes, leaves) ON r.ingredient = m.ingredient "
    f"AND m.route = '{BY_VEIN}'"
)
_ENDED = (f"{_DOSES}.ended_at",)


def _prophylaxis() -> str:
    """Return the drugs that are given once before an operation."""
    return ", ".join(sorted({repr(one.drug) for one in ward_drugs() if one.group == PROPHYLAXIS}))


_INCISION = "INTERVAL 60 MINUTE"  # ASHP, IDSA, SIS, SHEA 2013: within an hour before the incision

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a dose runs no longer than its drug does", *_ENDED, (_DOSES, "encounters"),
        f"SELECT concat('administration_id ', m.administration_id) {_RUNS} "
        "WHERE m.ended_at IS NOT NULL AND (r.minutes IS NULL OR m.status <> 'completed' "
        "OR m.ended_at <= m.given_at OR date_diff('minute', m.given_at, m.ended_at) > "
        "r.minutes + CASE WHEN m.ended_at::TIME = TIME '03:00:00' THEN 60 ELSE 0 END)",
        columns=_ENDED,
    ),
    AuditRule(
        "what runs by vein ends in its encounter, unless a pump goes home", *_ENDED,
        (_DOSES, "encounters"),
        f"SELECT concat('administration_id ', m.administration_id) {_RUNS} WHERE NOT r.leaves AND "
        "(m.ended_at > e.end_at OR (m.ended_at IS NULL AND m.status = 'completed' "
        "AND m.given_at < e.end_at))",
        columns=_ENDED,
    ),
    AuditRule(
        "an antibiotic before an operation is given within the hour before it",
        f"{_DOSES}.given_at", (_DOSES, "encounter_locations"),
        f"SELECT concat('administration_id ', m.administration_id) FROM {_DOSES} AS m JOIN "
        "(SELECT encounter_id, min(start_at) AS room FROM encounter_locations "
        "WHERE unit = 'operating room' GROUP BY encounter_id) USING (encounter_id) "
        f"WHERE m.drug IN ({_prophylaxis()}) AND m.given_at < room - {_INCISION} "
        "AND m.given_at::DATE = room::DATE",
    ),
    AuditRule(
        "a dose lies within its encounter", f"{_DOSES}.given_at", (_DOSES, "encounters"),
        f"SELECT concat('administration_id ', m.administration_id) FROM {_DOSES} AS m "
        "JOIN encounters AS e USING (encounter_id) "
        "WHERE m.given_at < e.start_at OR m.given_at > e.end_at",
    ),
    AuditRule(
        "a dose of a prescription is given while it lasts", f"{_DOSES}.prescription_id",
        (_DOSES, "prescriptions", "encounters"),
        f"SELECT concat('administration_id ', m.administration_id) FROM {_DOSES} AS m "
        "JOIN prescriptions AS p USING (prescription_id) JOIN encounters AS e "
        "ON e.encounter_id = m.encounter_id WHERE (p.written_date >= e.start_at::DATE "
        f"AND m.given_at < p.written_date + {_CHANGE}) OR (p.end_date < e.end_at::DATE "
        f"AND m.given_at >= p.end_date + {_CHANGE}) OR p.ingredient <> m.ingredient",
    ),
    AuditRule(
        "what people take is given in their stays", "prescriptions.ingredient",
        ("prescriptions", "encounters", _DOSES),
        "SELECT concat('encounter_id ', e.encounter_id, ' prescription_id ', p.prescription_id) "
        "FROM encounters AS e JOIN prescriptions AS p USING (person_id) "
        "WHERE e.encounter_class = 'inpatient' AND e.los_days BETWEEN 2 AND 30 AND NOT p.as_needed "
        f"AND p.route IN {HOME_ROUTES} AND p.frequency IN {_DAILY} "
        f"AND p.ingredient NOT IN ({_ever_held()}) AND p.written_date < e.start_at::DATE "
        "AND coalesce(p.end_date >= e.end_at::DATE, true) "
        "AND e.start_at::DATE <= p.written_date + p.days_supply * (1 + p.refills) "
        f"AND NOT EXISTS (SELECT 1 FROM {_DOSES} AS m WHERE m.encounter_id = e.encounter_id "
        "AND m.ingredient = p.ingredient AND m.given_at >= e.end_at - INTERVAL 2 DAY)",
        columns=("prescriptions.as_needed", "prescriptions.route", "prescriptions.frequency"),
    ),
    AuditRule(
        "no dose of what a diagnosis of the stay holds", f"{_DOSES}.ingredient",
        (_DOSES, "encounters", "encounter_diagnoses"),
        f"SELECT DISTINCT concat('administration_id ', m.administration_id) FROM {_DOSES} AS m "
        f"JOIN (VALUES {_held_for_diagnoses()}) AS h (ingredient, codes, first) "
        f"USING (ingredient) JOIN encounters AS e ON e.encounter_id = m.encounter_id "
        "JOIN encounter_diagnoses AS d ON d.encounter_id = m.encounter_id "
        "AND regexp_matches(d.code, h.codes) "
        "AND (NOT h.first OR d.sequence = 1) WHERE m.procedure_id IS NULL",
    ),
    AuditRule(
        "no dose against a result that holds it", f"{_DOSES}.ingredient",
        (_DOSES, "lab_results", "conditions"),
        f"SELECT concat('administration_id ', m.administration_id) FROM (SELECT m.*, h.* EXCLUDE "
        f"(ingredient) FROM {_DOSES} AS m JOIN (VALUES {_held_for_results()}) "
        "AS h (ingredient, rule, below, days, unless) USING (ingredient) "
        "WHERE m.procedure_id IS NULL) AS m ASOF JOIN (SELECT person_id, rule, collected_at, "
        f"min(value) AS value FROM lab_results JOIN (VALUES {_TESTS}) AS t (rule, loinc) "
        "USING (loinc) WHERE value IS NOT NULL GROUP BY ALL) AS r "
        "ON r.person_id = m.person_id AND r.rule = m.rule AND r.collected_at <= m.given_at "
        "WHERE r.value < m.below AND r.collected_at >= m.given_at - to_days(m.days) "
        "AND NOT EXISTS (SELECT 1 FROM conditions AS c WHERE c.person_id = m.person_id "
        "AND regexp_matches(c.code, m.unless))",
    ),
    AuditRule(
        "who misses a round takes nothing in it", f"{_DOSES}.status_reason_code", (_DOSES,),
        "SELECT concat('encounter_id ', encounter_id, ' at ', given_at) FROM (SELECT encounter_id, "
        "given_at, max(status_reason_code) AS reason, "
        "count(DISTINCT status_reason_code) AS reasons, "
        "bool_or(status = 'completed' AND route <> 'intravenous' AND ingredient <> 'oxygen') "
        "AS awake, "
        "bool_or(status = 'completed' AND route = 'oral') AS swallowed, "
        f"bool_or(status = 'completed') AS there FROM {_DOSES} WHERE procedure_id IS NULL "
        "GROUP BY ALL) WHERE reasons > 1 OR CASE reason WHEN 'b' THEN there WHEN 'c' THEN awake "
        "WHEN 'd' THEN swallowed ELSE false END",
    ),
    AuditRule(
        "nobody misses oxygen, or sleeps through a dose by needle", f"{_DOSES}.status_reason_code",
        (_DOSES,), f"SELECT concat('administration_id ', administration_id) FROM {_DOSES} "
        "WHERE status = 'not-done' AND (ingredient = 'oxygen' "
        "OR (status_reason_code = 'c' AND route NOT IN ('oral', 'inhaled')))",
    ),
    AuditRule(
        "nothing is swallowed while an operation forbids it", f"{_DOSES}.given_at",
        (_DOSES, "encounter_locations"),
        f"SELECT concat('administration_id ', m.administration_id) FROM {_DOSES} AS m JOIN "
        "(SELECT *, lead(unit) OVER (PARTITION BY encounter_id ORDER BY sequence) AS after "
        "FROM encounter_locations) AS l USING (encounter_id) "
        f"LEFT JOIN (VALUES {_fasting()}) AS f (after, minutes) USING (after) "
        "WHERE l.unit = 'operating room' AND m.procedure_id IS NULL "
        "AND m.route <> 'intravenous' AND m.given_at >= l.start_at AND m.given_at < l.end_at + "
        "CASE WHEN m.route = 'oral' THEN to_minutes(coalesce(f.minutes, 0)) "
        "ELSE INTERVAL 0 MINUTE END",
    ),
    AuditRule(
        "what thins blood waits after an operation", f"{_DOSES}.given_at",
        (_DOSES, "encounter_locations", "procedures"),
        "SELECT DISTINCT concat('administration_id ', id) FROM (SELECT m.administration_id AS id, "
        "min_by(o.room + to_minutes(w.minutes), w.rank) AS until, any_value(o.begins) AS begins, "
        f"any_value(m.given_at) AS given FROM {_DOSES} AS m JOIN (SELECT encounter_id, "
        "min(start_at) AS begins, min_by(end_at, start_at) AS room FROM encounter_locations "
        "WHERE unit = 'operating room' GROUP BY encounter_id) AS o USING (encounter_id) "
        f"JOIN (VALUES {_waiting()}) AS w (ingredient, codes, minutes, rank) USING (ingredient) "
        "WHERE m.procedure_id IS NULL AND m.status = 'completed' AND (w.codes = '^()' OR EXISTS ("
        "SELECT 1 FROM procedures AS p WHERE p.encounter_id = m.encounter_id "
        "AND regexp_matches(p.code, w.codes))) GROUP BY id) WHERE given >= begins "
        "AND given < until",
    ),
    AuditRule(
        "two doses of a stay's drug are half of their usual time apart", f"{_DOSES}.given_at",
        (_DOSES,),
        "SELECT concat('administration_id ', administration_id) FROM (SELECT m.administration_id, "
        "t.minutes, date_diff('minute', lag(m.given_at) OVER (PARTITION BY m.encounter_id, m.drug "
        f"ORDER BY m.given_at), m.given_at) AS passed FROM {_DOSES} AS m "
        f"JOIN (VALUES {_apart()}) AS t (drug, minutes) USING (drug) "
        "WHERE m.prescription_id IS NULL AND m.procedure_id IS NULL) WHERE passed < minutes",
    ),
    RowRule(
        "a dose that is not given has a reason and no amount", f"{_DOSES}.status", _DOSES,
        "(status = 'not-done') <> (status_reason_code IS NOT NULL) "
        "OR (status_reason IS NULL) <> (status_reason_code IS NULL) "
        "OR (status = 'not-done') <> (dose IS NULL) OR (dose IS NULL) <> (dose_unit IS NULL)",
    ),
    AuditRule(
        "nobody is given what the list of allergies forbids", f"{_DOSES}.drug",
        (_DOSES, "allergies"),
        f"SELECT concat('administration_id ', m.administration_id) FROM {_DOSES} AS m "
        f"JOIN (VALUES {_forbidden()}) AS f (drug, substance) USING (drug) "
        "SEMI JOIN allergies AS a ON a.person_id = m.person_id AND a.substance = f.substance",
    ),
)  # fmt: skip
