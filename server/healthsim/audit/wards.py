# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of what goes with care: devices and their UDI, goals, vaccines not given, beds."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.medicine.devices import DEMONSTRATION, device_causes, devices
from healthsim.medicine.goals import care_goals
from healthsim.medicine.vaccines import Length, doses, products
from healthsim.medicine.vaccines_not_given import REASONS, not_given, same_series
from healthsim.medicine.wards import ADULT, CLASSES, units

_CHECK = " + ".join(
    f"{(3, 1)[place % 2]} * substr(udi_di, {place + 1}, 1)::INTEGER" for place in range(13)
)
_SAYS = (
    "concat('(01)', udi_di, '(11)', strftime(manufacture_date, '%y%m%d'), "
    "'(17)' || strftime(expiration_date, '%y%m%d'), '(10)' || lot, '(21)' || serial)"
)
"""What a UDI says: parts that are null are left out."""


def _told() -> str:
    """Return rows of the codes that say that a device is there, and what it is."""
    types = {one.name: one.type_code for one in devices()}
    return ", ".join(
        f"('^({cause.codes})', '{types[cause.device]}')"
        for cause in device_causes()
        if cause.by == "had"
    )


_DEVICES: tuple[AnyRule, ...] = (
    RowRule(
        "a UDI is of no company and has its check digit", "devices.udi_di", "devices",
        f"CASE WHEN regexp_matches(udi_di, '^0{DEMONSTRATION}[0-9]{{10}}$') THEN "
        f"(10 - ({_CHECK}) % 10) % 10 <> substr(udi_di, 14, 1)::INTEGER "
        "ELSE udi_di IS NOT NULL END",
    ),
    RowRule(
        "a UDI says what the device's columns say", "devices.udi_hrf", "devices",
        f"udi_hrf IS DISTINCT FROM CASE WHEN udi_di IS NOT NULL THEN {_SAYS} END",
    ),
    RowRule(
        "a device is made, used within its shelf life, and then removed", "devices.start_date",
        "devices",
        "manufacture_date > start_date OR expiration_date < start_date "
        "OR removed_date < start_date OR implanted_date <> start_date",
    ),
    AuditRule(
        "a device of a procedure is put in on its day", "devices.procedure_id",
        ("devices", "procedures"),
        "SELECT concat('device_id ', d.device_id) FROM devices AS d JOIN procedures AS p "
        "USING (procedure_id) WHERE p.performed_date <> d.start_date",
    ),
    AuditRule(
        "a device is inactive when it is gone or the person dead", "devices.status",
        ("devices", "patients"),
        "SELECT concat('device_id ', d.device_id) FROM devices AS d JOIN patients AS p "
        "USING (person_id) WHERE (d.status = 'inactive') "
        "<> (d.removed_date IS NOT NULL OR p.death_date IS NOT NULL)",
    ),
    AuditRule(
        "what a code says is there is a device", "devices.type_code", ("devices", "conditions"),
        "SELECT concat('condition_id ', c.condition_id) FROM conditions AS c JOIN "
        f"(VALUES {_told()}) AS t (codes, type_code) ON regexp_matches(c.code, t.codes) "
        "ANTI JOIN devices AS d ON d.person_id = c.person_id AND d.type_code = t.type_code",
    ),
)  # fmt: skip

_MEASURED = ", ".join(
    sorted({f"('{goal.loinc[0]}', '{code}')" for goal in care_goals() for code in goal.loinc})
)
"""The code of a goal, and each code of a result that shows it."""

_RESULTS = ("(SELECT person_id, loinc, collected_at AS taken, value FROM lab_results UNION ALL "
            "SELECT person_id, loinc, measured_at, value FROM vital_signs)")  # fmt: skip
_BEFORE = (
    f"SELECT 1 FROM (VALUES {_MEASURED}) AS m (loinc, shown_by) JOIN {_RESULTS} AS b "
    "ON b.loinc = m.shown_by WHERE m.loinc = g.loinc AND b.person_id = g.person_id "
    "AND b.taken::DATE <= g.start_date AND b.value IS NOT NULL"
)
"""A result of a goal `g` until the day on which it is set."""
_LATEST = (
    "SELECT g.goal_id, arg_max(r.value, r.taken) AS value FROM goals AS g "
    f"JOIN (VALUES {_MEASURED}) AS m (loinc, shown_by) ON m.loinc = g.loinc JOIN {_RESULTS} AS r "
    "ON r.person_id = g.person_id AND r.loinc = m.shown_by AND r.taken::DATE > g.start_date "
    "AND r.taken::DATE <= g.due_date WHERE r.value IS NOT NULL GROUP BY g.goal_id"
)

_GOALS: tuple[AnyRule, ...] = (
    AuditRule(
        "a goal is reached where the latest result shows it", "goals.achievement",
        ("goals", "lab_results", "vital_signs"),
        f"SELECT concat('goal_id ', g.goal_id) FROM goals AS g LEFT JOIN ({_LATEST}) AS r "
        "USING (goal_id) WHERE coalesce(g.achievement IN ('achieved', 'sustaining'), false) <> "
        "coalesce(r.value >= coalesce(g.target_low, r.value) "
        "AND (g.target_high IS NULL OR r.value < g.target_high), false)",
    ),
    AuditRule(
        "a goal is open until its day or a death", "goals.status", ("goals", "patients", "events"),
        "SELECT concat('goal_id ', g.goal_id) FROM goals AS g JOIN patients AS p "
        "USING (person_id) WHERE g.due_date <= g.start_date "
        "OR (g.status = 'cancelled') <> coalesce(p.death_date <= g.due_date, false) "
        "OR (g.status = 'active' AND g.due_date <= (SELECT max(event_date) FROM events)) "
        "OR (g.status = 'completed' AND g.due_date > (SELECT through FROM temp.data_days))",
    ),
    AuditRule(
        "a goal is set at a visit for a condition of then", "goals.start_date",
        ("goals", "encounters", "conditions"),
        "SELECT concat('goal_id ', g.goal_id) FROM goals AS g JOIN encounters AS e "
        "USING (encounter_id) JOIN conditions AS c USING (condition_id) "
        "WHERE e.start_at::DATE <> g.start_date OR c.onset_date > g.start_date "
        "OR c.abatement_date <= g.start_date",
    ),
    AuditRule(
        "a goal with a measure is measured", "goals.loinc",
        ("goals", "lab_results", "vital_signs"),
        "SELECT concat('goal_id ', g.goal_id) FROM goals AS g "
        f"LEFT JOIN ({_LATEST}) AS r USING (goal_id) WHERE g.loinc IS NOT NULL "
        f"AND r.goal_id IS NULL AND (g.status = 'completed' OR NOT EXISTS ({_BEFORE}))",
    ),
    RowRule(
        "a target has a unit and a measure", "goals.target_unit", "goals",
        "(loinc IS NULL) <> (target_unit IS NULL) OR "
        "(loinc IS NULL) <> (target_low IS NULL AND target_high IS NULL) "
        "OR target_low >= target_high",
    ),
)  # fmt: skip

_NOT_GIVEN = "immunizations_not_given"


def _same_series() -> str:
    """Return rows of a vaccine that was not given, and of one that serves the same purpose."""
    return ", ".join(
        f"('{cvx}', '{same}')"
        for cvx in sorted({one.cvx for one in not_given()})
        for same in sorted(same_series(cvx))
    )


def _suited() -> str:
    """Return rows of a vaccine, and months and days of the ages between which it is given."""
    parts = []
    for cvx in sorted({one.cvx for one in not_given()}):
        rules = doses()[products()[cvx].series[0]]
        least, most = rules[0].least_age, rules[0].most_age or Length(0, 12 * 200)
        parts.append(f"('{cvx}', {least.months}, {least.days}, {most.months}, {most.days})")
    return ", ".join(parts)


_VACCINES: tuple[AnyRule, ...] = (
    AuditRule(
        "no vaccine is refused on the day of its dose", f"{_NOT_GIVEN}.occurrence_date",
        (_NOT_GIVEN, "immunizations"),
        f"SELECT concat('not_given_id ', n.not_given_id) FROM {_NOT_GIVEN} AS n "
        f"JOIN (VALUES {_same_series()}) AS s (cvx, same) ON s.cvx = n.cvx "
        "SEMI JOIN immunizations AS i ON i.person_id = n.person_id AND i.cvx = s.same "
        "AND i.given_date = n.occurrence_date",
    ),
    AuditRule(
        "a vaccine that is not given suits the age", f"{_NOT_GIVEN}.cvx",
        (_NOT_GIVEN, "patients"),
        f"SELECT concat('not_given_id ', n.not_given_id) FROM {_NOT_GIVEN} AS n "
        "JOIN patients AS p USING (person_id) LEFT JOIN "
        f"(VALUES {_suited()}) AS r (cvx, months, days, most_months, most_days) ON r.cvx = n.cvx "
        "WHERE r.cvx IS NULL OR "
        "n.occurrence_date < p.birth_date + to_months(r.months) + to_days(r.days) OR "
        "n.occurrence_date >= p.birth_date + to_months(r.most_months) + to_days(r.most_days)",
    ),
    AuditRule(
        "a vaccine is not given at a visit of its day", f"{_NOT_GIVEN}.encounter_id",
        (_NOT_GIVEN, "encounters"),
        f"SELECT concat('not_given_id ', n.not_given_id) FROM {_NOT_GIVEN} AS n "
        "JOIN encounters AS e USING (encounter_id) WHERE e.start_at::DATE <> n.occurrence_date "
        "OR e.attending_npi <> n.performer_npi",
    ),
    RowRule(
        "a vaccine is not given for a reason of HL7", f"{_NOT_GIVEN}.reason_code", _NOT_GIVEN,
        f"reason_code NOT IN ({', '.join(map(repr, REASONS))})",
    ),
)  # fmt: skip

_PLACES = "encounter_locations"
_AGE = "date_sub('year', p.birth_date, l.start_at::DATE)"


def _ages() -> str:
    """Return rows of units for people of some ages, and these ages."""
    return ", ".join(f"('{one.name}', '{one.ages}')" for one in units().values() if one.ages)


_LOCATIONS: tuple[AnyRule, ...] = (
    AuditRule(
        "places cover a stay or emergency visit", f"{_PLACES}.start_at", (_PLACES, "encounters"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e LEFT JOIN "
        f"(SELECT encounter_id, min(start_at) AS came, max(end_at) AS went FROM {_PLACES} "
        "GROUP BY encounter_id) AS l USING (encounter_id) WHERE CASE WHEN l.came IS NOT NULL THEN "
        f"e.encounter_class NOT IN {CLASSES} OR l.came <> e.start_at OR l.went <> e.end_at "
        f"ELSE e.encounter_class IN {CLASSES} END",
    ),
    AuditRule(
        "a place begins where the one before ends", f"{_PLACES}.start_at", (_PLACES,),
        "SELECT concat('encounter_id ', encounter_id, ' sequence ', sequence) FROM (SELECT *, "
        "lag(end_at) OVER (PARTITION BY encounter_id ORDER BY sequence) AS before "
        f"FROM {_PLACES}) WHERE before <> start_at OR end_at < start_at",
    ),
    AuditRule(
        "a place is in the facility of its encounter", f"{_PLACES}.facility_id",
        (_PLACES, "encounters"),
        f"SELECT concat('encounter_id ', l.encounter_id) FROM {_PLACES} AS l JOIN encounters AS e "
        "USING (encounter_id) WHERE l.facility_id IS DISTINCT FROM e.facility_id",
    ),
    AuditRule(
        "a unit suits age and sex", f"{_PLACES}.unit", (_PLACES, "patients"),
        f"SELECT concat('encounter_id ', l.encounter_id) FROM {_PLACES} AS l JOIN patients AS p "
        f"USING (person_id) JOIN (VALUES {_ages()}) AS u (unit, ages) USING (unit) "
        f"WHERE CASE u.ages WHEN 'adult' THEN {_AGE} < {ADULT} WHEN 'child' THEN {_AGE} >= {ADULT} "
        f"WHEN 'infant' THEN {_AGE} >= 1 ELSE p.gender = 'M' OR {_AGE} < 9 END",
    ),
)  # fmt: skip

RULES: tuple[AnyRule, ...] = (*_DEVICES, *_GOALS, *_VACCINES, *_LOCATIONS)
