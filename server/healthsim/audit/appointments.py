# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules of appointments: a kept one is a visit, and nobody misses one while treated elsewhere."""

from __future__ import annotations

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.medicine.appointments import AFTER_STAYS, PLANNED, PREPARES, figures
from healthsim.medicine.occupancy import STAYS

_APPOINTMENT = "concat('appointment_id ', a.appointment_id)"
_CLASSES = ", ".join(f"'{one}'" for one in PLANNED)
_AFTER = " OR ".join(f"a.reason_code LIKE '{one}%'" for one in AFTER_STAYS)
_ACUTE = "'inpatient', 'observation', 'snf', 'emergency'"
_STAYS = ", ".join(f"'{one}'" for one in STAYS)
_CLOSED = 3  # days on which practices are closed together: a weekend and a holiday
_KNOWN = f"a.booked_at::DATE + {figures()['soon_days'] + _CLOSED:.0f}"
"""The last day on which an illness may begin for which people book at once."""
_WAY = "INTERVAL 30 MINUTE"  # who is treated until then has not booked before

RULES: tuple[AnyRule, ...] = (
    AuditRule(
        "a kept appointment is a visit with its clinician on its day", "appointments.encounter_id",
        ("appointments", "encounters"),
        f"SELECT {_APPOINTMENT} FROM appointments AS a LEFT JOIN encounters AS e "
        "USING (encounter_id) WHERE (a.status = 'fulfilled') <> (e.encounter_id IS NOT NULL) "
        "OR e.attending_npi <> a.practitioner_npi OR e.start_at < a.start_at "
        "OR e.start_at::DATE <> a.start_at::DATE OR e.person_id <> a.person_id",
    ),
    AuditRule(
        "a planned visit has an appointment", "appointments.encounter_id",
        ("appointments", "encounters"),
        "SELECT concat('encounter_id ', e.encounter_id) FROM encounters AS e LEFT JOIN "
        f"appointments AS a USING (encounter_id) WHERE e.encounter_class IN ({_CLASSES}) "
        "GROUP BY e.encounter_id HAVING count(a.appointment_id) <> 1",
    ),
    RowRule(
        "an appointment is booked before it begins, and begins before it ends",
        "appointments.booked_at", "appointments",
        "booked_at >= start_at OR start_at >= end_at",
    ),
    AuditRule(
        "who comes because of a stay or emergency visit has booked since it",
        "appointments.booked_at", ("appointments", "encounters"),
        f"SELECT DISTINCT {_APPOINTMENT} FROM appointments AS a JOIN encounters AS e "
        f"USING (person_id) WHERE ({_AFTER}) AND a.status <> 'booked' "
        f"AND e.encounter_class IN ({_ACUTE}) AND a.booked_at < e.end_at "
        f"AND e.end_at < a.start_at - {_WAY}",
    ),
    AuditRule(
        "who comes because of a cancer has booked since its onset", "appointments.booked_at",
        ("appointments", "conditions"),
        f"SELECT {_APPOINTMENT} FROM appointments AS a JOIN conditions AS c USING (person_id) "
        "WHERE a.reason_code LIKE 'C%' AND c.code LIKE 'C%' AND a.status <> 'booked' "
        f"AND c.onset_date < a.start_at::DATE GROUP BY a.appointment_id, a.booked_at "
        "HAVING min(c.onset_date) > a.booked_at::DATE",
    ),
    AuditRule(
        "a newborn's visit is booked since the stay of its birth", "appointments.booked_at",
        ("appointments", "encounters", "patients"),
        f"SELECT {_APPOINTMENT} FROM appointments AS a JOIN patients AS p USING (person_id) "
        "JOIN encounters AS e USING (person_id) WHERE a.status <> 'booked' "
        f"AND e.encounter_class IN ({_STAYS}) AND e.start_at::DATE = p.birth_date "
        f"AND a.booked_at < e.end_at AND e.end_at < a.start_at - {_WAY}",
    ),
    AuditRule(
        "a visit before an operation is booked since the first visit of its journey",
        "appointments.booked_at", ("appointments", "encounters", "events"),
        f"SELECT {_APPOINTMENT} FROM appointments AS a JOIN encounters AS own "
        "USING (encounter_id) JOIN events AS v ON v.event_id = own.event_id "
        "JOIN events AS w ON w.person_id = v.person_id AND w.journey = v.journey "
        "JOIN encounters AS e ON e.event_id = w.event_id "
        f"WHERE a.reason_code LIKE '{PREPARES}%' "
        "GROUP BY a.appointment_id, a.booked_at, a.start_at "
        f"HAVING a.booked_at < min(e.end_at) AND min(e.end_at) < a.start_at - {_WAY}",
    ),
    AuditRule(
        "what is found at a visit is not why it was booked, when a visit before was for what was "
        "known", "appointments.reason_code", ("appointments", "encounters", "events", "conditions"),
        "WITH first AS (SELECT person_id, code, min(onset_date) AS onset FROM conditions "
        "GROUP BY ALL), seen AS (SELECT e.person_id, e.start_at, e.encounter_id, v.journey, "
        "f.onset FROM encounters AS e JOIN events AS v USING (event_id) LEFT JOIN first AS f "
        "ON f.person_id = e.person_id AND f.code = e.reason_code "
        f"WHERE e.encounter_class IN ({_CLASSES})) "
        f"SELECT DISTINCT {_APPOINTMENT} FROM appointments AS a JOIN first AS f "
        "ON f.person_id = a.person_id AND f.code = a.reason_code JOIN seen AS own "
        "ON own.encounter_id = a.encounter_id JOIN seen AS b ON b.person_id = own.person_id "
        f"AND b.journey = own.journey AND b.start_at < own.start_at WHERE f.onset > {_KNOWN} "
        "AND (b.onset IS NULL OR b.onset <= a.booked_at::DATE)",
    ),
    RowRule(
        "a cancelled appointment has a reason", "appointments.cancel_reason", "appointments",
        "(status = 'cancelled') <> (cancel_reason IS NOT NULL)",
    ),
    AuditRule(
        "what is booked lies after the data, and what was missed within", "appointments.start_at",
        ("appointments",),
        f"SELECT {_APPOINTMENT} FROM appointments AS a, temp.data_days AS d "
        "WHERE a.start_at::DATE < d.as_of OR ((a.status = 'booked') <> "
        "(a.start_at::DATE > d.through) AND d.through < DATE '9999-12-31')",
    ),
    AuditRule(
        "an appointment is of the living", "appointments.start_at", ("appointments", "patients"),
        f"SELECT {_APPOINTMENT} FROM appointments AS a JOIN patients AS p USING (person_id) "
        "WHERE a.start_at::DATE > p.death_date OR a.booked_at::DATE < p.birth_date",
    ),
    AuditRule(
        "nobody misses an appointment on a day of a visit", "appointments.status",
        ("appointments", "encounters"),
        f"SELECT DISTINCT {_APPOINTMENT} FROM appointments AS a JOIN encounters AS e "
        "USING (person_id) WHERE a.status IN ('noshow', 'cancelled') "
        "AND a.start_at::DATE BETWEEN e.start_at::DATE AND e.end_at::DATE",
    ),
)  # fmt: skip
