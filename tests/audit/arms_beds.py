"""Arms of the rules of beds, births, deaths and clocks: the minute before, on and after."""

from __future__ import annotations

from collections.abc import Iterator

from audit.arms import Arm, breaks, each, first, keeps, one
from healthsim.medicine.occupancy import STAYS

_TWO, _VISIT, _FILL = "nobody is in two beds", "no visit falls into a stay", \
    "no fill falls into a stay"  # fmt: skip
_SERIES = "no two visits of a series are on a day"
_ANTENATAL = "a birth ends the visits of its pregnancy"
_DEAD = "the dead have a cause and a place"
_NEWBORN = "who is born in a stay is admitted as a newborn"
_STAY = f"encounter_class = '{{kind}}' AND los_days >= 2 AND encounter_class IN {STAYS}"


def _other(change: str, kind: str, other: str = "office") -> str:
    """Change the first visit of another class of somebody who has a stay."""
    stays = f"(SELECT * FROM encounters WHERE {_STAY.format(kind=kind)})"
    chosen = (
        f"(SELECT min(e.encounter_id) FROM encounters AS e SEMI JOIN {stays} AS s "
        f"ON s.person_id = e.person_id WHERE e.encounter_class = '{other}')"
    )
    stay = f"(SELECT person_id AS whose, min(encounter_id) AS stay FROM {stays} GROUP BY 1)"
    return (
        f"UPDATE encounters SET {change} FROM (SELECT * FROM {stay} AS m JOIN (SELECT "
        "encounter_id AS stay, start_at AS came, end_at AS went FROM encounters) USING (stay)) "
        f"AS s WHERE s.whose = encounters.person_id AND encounter_id = {chosen}"
    )


def _within(kind: str, at: str, rows: int, other: str = "office") -> Arm:
    change = f"start_at = {at}, end_at = {at} + INTERVAL 15 MINUTE"
    return Arm(_VISIT, (_other(change, kind, other),), rows)


def _beds() -> Iterator[Arm]:
    a_stay = "encounter_class = 'inpatient', los_days = 3"
    for begins, rows in (("s.went - INTERVAL 1 MINUTE", 1), ("s.went", 0)):
        change = f"{a_stay}, start_at = {begins}, end_at = {begins} + INTERVAL 1 MINUTE"
        yield Arm(_TWO, (_other(change, "inpatient"),), rows)
    change = "los_days = 0, encounter_class = 'inpatient', start_at = s.came + INTERVAL 1 DAY, " \
             "end_at = s.came + INTERVAL 1 DAY"  # fmt: skip
    yield keeps(_TWO, _other(change, "inpatient"))
    for at, rows in (("s.came", 0), ("s.came + INTERVAL 1 MINUTE", 1),
                     ("s.went - INTERVAL 1 MINUTE", 1), ("s.went", 0)):  # fmt: skip
        yield _within("inpatient", at, rows)
    yield _within("snf", "s.came + INTERVAL 1 DAY", 1)
    yield _within("snf", "s.came + INTERVAL 1 DAY", 0, "dialysis")
    yield _within("inpatient", "s.came + INTERVAL 1 DAY", 1, "dialysis")


def _series(change: str, where: str = "step = 'check' AND occurrence = 2") -> str:
    """Change the day of somebody's second visit of a series, `s.day` being that of the first."""
    both = "SELECT person_id FROM events WHERE step = 'check' AND occurrence = 2"
    return (
        "UPDATE events SET event_date = " + change + " FROM (SELECT person_id, event_date AS day "
        "FROM events WHERE step = 'check' AND occurrence = 1) AS s "
        f"WHERE s.person_id = events.person_id AND {where} AND s.person_id = "
        f"(SELECT min(person_id) FROM ({both}))"
    )


_OF_SERIES = (
    breaks(_SERIES, _series("s.day")),
    keeps(_SERIES, _series("s.day + 1")),
    keeps(_SERIES, _series("s.day", "step = 'chk_lab' AND occurrence = 2")),
    keeps(_SERIES, _series("s.day", "step = 'ortho'")),
)

_NEIGHBOUR = (
    "(SELECT f.fill_id FROM fills AS f SEMI JOIN (SELECT person_id FROM encounters WHERE "
    f"{_STAY.format(kind='inpatient')}) AS s ON s.person_id = f.person_id ORDER BY 1 LIMIT 1)"
)
_OF_STAY = (
    "(SELECT min({column})::DATE FROM encounters AS e WHERE e.person_id = fills.person_id "
    f"AND {_STAY.format(kind='inpatient')})"
)


def _fills() -> Iterator[Arm]:
    for column, days, rows in (("start_at", "+ 0", 0), ("start_at", "+ 1", 1),
                               ("end_at", "- 1", 1), ("end_at", "+ 0", 0)):  # fmt: skip
        day = f"{_OF_STAY.format(column=column)} {days}"
        change = f"UPDATE fills SET fill_date = {day} WHERE fill_id = {_NEIGHBOUR}"
        yield Arm(_FILL, (change,), rows)


def _clocks() -> Iterator[Arm]:
    for table, column in (("encounters", "start_at"), ("encounters", "end_at"),
                          ("lab_results", "collected_at"), ("lab_results", "resulted_at"),
                          ("vital_signs", "measured_at")):  # fmt: skip
        for at, rows in (("2025-03-09 01:59", 0), ("2025-03-09 02:00", 1), ("2025-03-09 02:59", 1),
                         ("2025-03-09 03:00", 0), ("2025-03-16 02:30", 0),
                         ("2025-03-08 02:30", 0), ("2006-03-12 02:30", 0)):  # fmt: skip
            change = f"{column} = TIMESTAMP '{at}'"
            yield Arm(f"a local time exists {table}.{column}", (one(table, change),), rows)


_CARE = "care at home follows a discharge to it"
_FACILITY = "a stay in a nursing facility follows a discharge to one"
_SENT = (
    "(SELECT min(e.encounter_id) FROM encounters AS e ANTI JOIN encounters AS n "
    "ON n.person_id = e.person_id AND n.encounter_id <> e.encounter_id AND n.start_at >= e.end_at "
    "AND n.start_at::DATE <= e.end_at::DATE + 3 ANTI JOIN (FROM patients WHERE death_date "
    "IS NOT NULL) AS p ON p.person_id = e.person_id WHERE e.encounter_class = 'inpatient' "
    "AND e.encounter_id IN (SELECT encounter_id FROM claims WHERE discharge_status = '01') "
    "AND e.end_at::DATE < (SELECT max(event_date) - 30 FROM events))"
)


def _care(
    *also: str, status: str = "06", step: str = "another", rows: int = 1, rule: str = _CARE
) -> Arm:
    """Discharge somebody to care, at home first of all, whom nobody sees within days."""
    return Arm(rule, (
        f"UPDATE encounters SET disposition = '{status}' WHERE encounter_id = {_SENT}",
        f"UPDATE events SET step = '{step}' WHERE event_id = "
        f"(SELECT event_id FROM encounters WHERE encounter_id = {_SENT})", *also,
    ), rows)  # fmt: skip


def _seen(days: int, kind: str) -> str:
    """Let the same person's other visit be of a class, so many days after the discharge."""
    return (
        f"UPDATE encounters SET encounter_class = '{kind}', los_days = 0, start_at = s.went, "
        "end_at = s.went + INTERVAL 30 MINUTE FROM (SELECT person_id AS whose, "
        f"end_at + INTERVAL {days} DAY AS went FROM encounters WHERE encounter_id = {_SENT}) AS s "
        "WHERE s.whose = encounters.person_id AND encounter_id = (SELECT max(o.encounter_id) "
        "FROM encounters AS o WHERE o.person_id = s.whose AND o.encounter_class = 'office')"
    )


_OF_CARE = (
    _care(),
    _care(status="86"),
    _care(status="01", rows=0),
    _care(step="stay", rows=0),  # the journey states visits at home after it
    *(_care(_seen(day, kind), rows=rows) for day, kind, rows in (
        (2, "home_health", 0), (3, "home_health", 1), (2, "snf", 0), (2, "office", 1))),
    _care(status="03", rule=_FACILITY),
    _care(status="01", rule=_FACILITY, rows=0),
    _care(status="03", step="stay", rule=_FACILITY, rows=0),  # the journey states one after it
    *(_care(_seen(day, kind), status="03", rule=_FACILITY, rows=rows) for day, kind, rows in (
        (1, "snf", 0), (2, "snf", 1), (1, "inpatient", 0), (1, "office", 1))),
)  # fmt: skip

OF_BEDS = (
    *_beds(),
    *_OF_SERIES,
    *_OF_CARE,
    *_fills(),
    *_clocks(),
    *each(_DEAD, "patients", ("death_cause = NULL", "death_place = NULL"),
          "death_date IS NOT NULL"),
    *each(_DEAD, "patients", ("death_cause = 'I25'", "death_place = 'home'"),
          "death_date IS NULL"),
)  # fmt: skip
"""Arms for a scenario with stays, fills and deaths."""

_CHILD = first("person_id", "patients", "mother_person_id IS NOT NULL")
_HERS = first("mother_person_id", "patients", "mother_person_id IS NOT NULL")
_BORN = first("birth_date", "patients", "mother_person_id IS NOT NULL")
_A_VISIT = f"(SELECT min(encounter_id) FROM encounters WHERE person_id = {_HERS})"


def _antenatal(code: str, day: str, rows: int) -> Arm:
    return Arm(_ANTENATAL, (
        f"UPDATE encounters SET start_at = {_BORN} {day} WHERE encounter_id = {_A_VISIT}",
        f"UPDATE encounter_diagnoses SET code = '{code}' WHERE sequence = 1 "
        f"AND encounter_id = {_A_VISIT}"), rows)  # fmt: skip


OF_NEWBORNS = (
    *(_antenatal(code, day, rows) for code, day, rows in (
        ("Z34.93", "+ INTERVAL 0 DAY", 0), ("Z34.93", "+ INTERVAL 1 DAY", 1),
        ("O09.93", "+ INTERVAL 41 DAY", 1), ("Z34.93", "+ INTERVAL 42 DAY", 0),
        ("Z39.2", "+ INTERVAL 20 DAY", 0))),
    breaks(_NEWBORN, one("encounters", "admit_type = '3'", f"person_id = {_CHILD} "
                         "AND encounter_class = 'inpatient'")),
    breaks(_NEWBORN, one("encounters", "admit_type = '4'", f"person_id = {_HERS} "
                         "AND encounter_class = 'inpatient'")),
)  # fmt: skip
"""Arms for a scenario with births."""
