"""Arms of the rules of drugs in stays: by whose order, when, and what forbids them."""

from __future__ import annotations

from audit.arms import Arm, breaks, keeps, one

_L = "encounter_locations"
_INSIDE, _WHILE = "a dose lies within its encounter", \
    "a dose of a prescription is given while it lasts"  # fmt: skip
_WHY, _ALLERGIC = "a dose that is not given has a reason and no amount", \
    "nobody is given what the list of allergies forbids"  # fmt: skip
_MISSES = "nobody misses oxygen, or sleeps through a dose by needle"
_M = "medication_administrations"
_ENC = "(SELECT e.{} FROM encounters AS e WHERE e.encounter_id = medication_administrations." \
    "encounter_id)"  # fmt: skip
_DONE, _HOME = "status = 'completed'", "prescription_id IS NOT NULL"
_OWN_RX = f"prescription_id = (SELECT min(prescription_id) FROM {_M})"
_OTHERS = f"DELETE FROM {_M} WHERE administration_id <> (SELECT min(administration_id) FROM {_M} " \
    f"WHERE {_HOME})"  # fmt: skip
_HEPARIN = "drug LIKE 'heparin%'"

_BY_CODE, _BY_RESULT = "no dose of what a diagnosis of the stay holds", \
    "no dose against a result that holds it"  # fmt: skip
_HELD_DOSE = (
    f"(SELECT min(m.administration_id) FROM {_M} AS m JOIN lab_results AS r USING (person_id) "
    "WHERE m.ingredient = 'lisinopril' AND r.loinc = '98979-8' AND r.collected_at < m.given_at "
    "AND r.collected_at > m.given_at - INTERVAL 80 DAY AND NOT EXISTS (SELECT 1 FROM conditions "
    "AS c WHERE c.person_id = m.person_id AND c.code IN ('N18.4', 'N18.5', 'N18.6')))"
)
_ONLY_IT = f"DELETE FROM {_M} WHERE administration_id <> {_HELD_DOSE}"
_OF_IT = f"(SELECT {{}} FROM {_M} WHERE administration_id = {_HELD_DOSE})"


def _diagnosed(code: str, rows: int) -> Arm:
    where = f"sequence = 2 AND encounter_id = {_OF_IT.format('encounter_id')}"
    return Arm(_BY_CODE, (_ONLY_IT, one("encounter_diagnoses", f"code = '{code}'", where)), rows)


def _resulted(value: float, rows: int, *after: str) -> Arm:
    change = (f"UPDATE lab_results SET value = {value} WHERE loinc = '98979-8' "
              f"AND person_id = {_OF_IT.format('person_id')}")  # fmt: skip
    return Arm(_BY_RESULT, (_ONLY_IT, change, *after), rows)


def _timed(minute: int, change: str, rows: int, stays_on: int = 5) -> Arm:
    """Return an arm of a dose at a minute of its day, in a stay that lasts some days more."""
    day = f"(SELECT min(given_at)::DATE FROM {_M})"
    end = f"(SELECT min(given_at) FROM {_M}) + INTERVAL {stays_on} DAY"
    visit = f"encounter_id = (SELECT min(encounter_id) FROM {_M})"
    return Arm(_WHILE, (
        _OTHERS, f"UPDATE {_M} SET given_at = given_at::DATE + INTERVAL {minute} MINUTE",
        f"UPDATE encounters SET end_at = {end} WHERE {visit}",
        f"UPDATE prescriptions SET {change.format(day=day)} WHERE {_OWN_RX}"), rows)  # fmt: skip


_ROUND, _FASTING = "who misses a round takes nothing in it", \
    "nothing is swallowed while an operation forbids it"  # fmt: skip


_ONE_OF_TWO = (
    f"administration_id IN (SELECT min(administration_id) FROM {_M} WHERE procedure_id IS NULL "
    "AND status = 'completed' GROUP BY encounter_id, given_at HAVING count(*) > 1)"
)


def _together(change: str, rows: int, first: str = "b", route: str = "oral") -> Arm:
    """Return an arm of two doses at one minute, of which the first is missed."""
    one_of = f"(SELECT {{}}(administration_id) FROM {_M})"
    only = f"administration_id = {one_of.format('min')}"
    return Arm(_ROUND, (
        f"DELETE FROM {_M} WHERE NOT {_HOME}",
        f"DELETE FROM {_M} WHERE administration_id NOT IN "
        f"({one_of.format('min')}, {one_of.format('max')})",
        f"UPDATE {_M} SET status = 'completed', status_reason_code = NULL, route = '{route}', "
        f"encounter_id = (SELECT min(encounter_id) FROM {_M}), "
        f"given_at = (SELECT min(given_at) FROM {_M})",
        f"UPDATE {_M} SET status = 'not-done', status_reason_code = '{first}', route = 'oral' "
        f"WHERE {only}", f"UPDATE {_M} SET {change} WHERE NOT ({only})"), rows)  # fmt: skip


def _operated(unit: str, minute: str, rows: int, route: str = "oral") -> Arm:
    """Return an arm of one dose at a minute of a stay whose first place is the operating room."""
    return Arm(_FASTING, (
        f"DELETE FROM {_M} WHERE administration_id <> (SELECT min(m.administration_id) FROM {_M} "
        f"AS m JOIN {_L} AS l USING (encounter_id) WHERE l.sequence = 2)",
        f"DELETE FROM {_L} WHERE encounter_id <> (SELECT min(encounter_id) FROM {_M})",
        f"UPDATE {_L} SET unit = CASE sequence WHEN 1 THEN 'operating room' ELSE '{unit}' END",
        f"UPDATE {_M} SET route = '{route}', "
        f"given_at = (SELECT {minute} FROM {_L} WHERE sequence = 1)"), rows)  # fmt: skip


_WAITS, _APART = "what thins blood waits after an operation", \
    "two doses of a stay's drug are half of their usual time apart"  # fmt: skip


def _thinned(drug: str, minute: int, rows: int, *more: str, since: str = "end_at") -> Arm:
    """Return an arm of one dose some minutes after an operation, of no stated procedure."""
    return Arm(_WAITS, (
        *_operated("recovery", "start_at", 1).sql[:-1],
        f"DELETE FROM procedures WHERE encounter_id = (SELECT encounter_id FROM {_M}) "
        "OR procedure_id = (SELECT min(procedure_id) FROM procedures)",
        f"UPDATE {_M} SET ingredient = '{drug}', status = 'completed', procedure_id = NULL, "
        f"given_at = (SELECT {since} FROM {_L} WHERE sequence = 1) + INTERVAL ({minute}) MINUTE",
        *more), rows)  # fmt: skip


_OF_HEART = one("procedures", f"code = '02100Z9', encounter_id = (SELECT encounter_id FROM {_M})")


def _second(minutes: int, rows: int, drug: str = "ceftriaxone 1 g") -> Arm:
    """Return an arm of two doses of a stay's drug, some minutes apart."""
    last, first = (f"(SELECT {which}(administration_id) FROM {_M})" for which in ("max", "min"))
    stay = f"(SELECT encounter_id FROM {_M} WHERE administration_id = {first})"
    at = f"(SELECT given_at FROM {_M} WHERE administration_id = {first})"
    return Arm(_APART, (
        f"DELETE FROM {_M} WHERE administration_id NOT IN ({first}, {last})",
        f"UPDATE {_M} SET drug = '{drug}', prescription_id = NULL, procedure_id = NULL, "
        f"encounter_id = {stay}, given_at = {at} + CASE administration_id WHEN {first} "
        f"THEN INTERVAL 0 MINUTE ELSE INTERVAL {minutes} MINUTE END"), rows)  # fmt: skip


_TAKEN = "what people take is given in their stays"
_LONG = (
    f"(SELECT {{}} FROM {_M} AS m JOIN prescriptions AS p USING (prescription_id) "
    "JOIN encounters AS e ON e.encounter_id = m.encounter_id WHERE e.los_days >= 2 "
    "AND e.encounter_class = 'inpatient' AND p.written_date < e.start_at::DATE "
    "AND p.end_date IS NULL AND p.ingredient = 'lisinopril' ORDER BY m.administration_id LIMIT 1)"
)
_OF_STAY = "(SELECT min({}) FROM encounters)::DATE"


def _taken(table: str, change: str, rows: int) -> Arm:
    """Return an arm of one stay and one prescription that is not given in it."""
    return Arm(_TAKEN, (
        f"DELETE FROM encounters WHERE encounter_id <> {_LONG.format('m.encounter_id')}",
        f"DELETE FROM prescriptions WHERE prescription_id <> {_LONG.format('p.prescription_id')}",
        f"DELETE FROM {_M}", "UPDATE prescriptions SET ingredient = 'amlodipine'",
        f"UPDATE {table} SET {change}"), rows)  # fmt: skip


def _taken_last(minutes: int, rows: int) -> Arm:
    """Return an arm of one stay whose doses are all given some minutes before it ends."""
    return Arm(_TAKEN, (
        f"DELETE FROM encounters WHERE encounter_id <> {_LONG.format('m.encounter_id')}",
        f"DELETE FROM prescriptions WHERE prescription_id <> {_LONG.format('p.prescription_id')}",
        f"UPDATE {_M} SET given_at = (SELECT min(end_at) FROM encounters) - "
        f"INTERVAL {minutes} MINUTE, ingredient = 'amlodipine'",
        "UPDATE prescriptions SET ingredient = 'amlodipine'"), rows)  # fmt: skip


_LONG_RUN = "a dose runs no longer than its drug does"
_ENDS = "what runs by vein ends in its encounter, unless a pump goes home"
_CHANGED = "TIMESTAMP '2025-03-09 01:50:00'"


def _ran(rule: str, drug: str, change: str, rows: int, route: str = "intravenous") -> Arm:
    """Return an arm of one dose that becomes one of a drug that runs."""
    return Arm(rule, (one(_M, f"ingredient = '{drug}', route = '{route}', {change}", _DONE),), rows)


def _for(minutes: int) -> str:
    return f"ended_at = given_at + INTERVAL {minutes} MINUTE"


_OF_INFUSIONS = (
    *(_ran(_LONG_RUN, drug, _for(minutes), rows) for drug, minutes, rows in (
        ("cefepime", 1, 0), ("cefepime", 30, 0), ("cefepime", 31, 1), ("cefepime", 0, 1),
        ("lisinopril", 30, 1), ("fluorouracil", 2760, 0), ("fluorouracil", 2761, 1))),
    _ran(_LONG_RUN, "cefepime", _for(30), 1, "oral"),
    _ran(_LONG_RUN, "cefepime", f"{_for(30)}, status = 'not-done'", 1),
    *(_ran(_LONG_RUN, "cefepime", f"given_at = {_CHANGED}, ended_at = TIMESTAMP "
           f"'2025-03-09 {until}:00'", rows) for until, rows in (("03:00", 0), ("03:01", 1))),
    *(_ran(_ENDS, drug, f"ended_at = {_ENC.format('end_at')} + INTERVAL {minutes} MINUTE", rows)
      for drug, minutes, rows in (("cefepime", 0, 0), ("cefepime", 1, 1), ("fluorouracil", 1, 0))),
    _ran(_ENDS, "cefepime", f"ended_at = NULL, given_at = {_ENC.format('end_at')}", 0),
    *(_ran(_ENDS, "cefepime", f"ended_at = NULL, given_at = {_ENC.format('start_at')}"
           f", status = '{status}'", rows) for status, rows in (("completed", 1), ("not-done", 0))),
)  # fmt: skip

_HOUR_BEFORE = "an antibiotic before an operation is given within the hour before it"


def _prophylaxis(minutes: int, rows: int, drug: str = "cefazolin 2 g") -> Arm:
    """Return an arm of one dose some minutes before the operating room of a stay."""
    noon = "(SELECT min(start_at)::DATE + INTERVAL 12 HOUR FROM encounter_locations)"
    return Arm(_HOUR_BEFORE, (
        f"DELETE FROM {_M} WHERE administration_id <> (SELECT min(m.administration_id) FROM {_M} "
        f"AS m JOIN {_L} AS l USING (encounter_id))",
        f"DELETE FROM {_L} WHERE encounter_id <> (SELECT min(encounter_id) FROM {_M})",
        f"UPDATE {_L} SET unit = 'operating room', start_at = {noon}",
        f"UPDATE {_M} SET drug = '{drug}', given_at = (SELECT min(start_at) FROM {_L}) "
        f"- INTERVAL {minutes} MINUTE"), rows)  # fmt: skip


OF_DOSES = (
    *_OF_INFUSIONS,
    _prophylaxis(60, 0), _prophylaxis(61, 1), _prophylaxis(61, 0, "heparin"),
    _diagnosed("N17.9", 1),
    _diagnosed("E87.5", 1),
    _diagnosed("K92.2", 0),
    _diagnosed("E87.6", 0),
    _resulted(29, 1),
    _resulted(30, 0),
    _resulted(29, 0, f"UPDATE {_M} SET ingredient = 'amlodipine'"),
    _resulted(29, 0, f"UPDATE {_M} SET given_at = given_at + INTERVAL 91 DAY"),
    _resulted(29, 0, "UPDATE conditions SET code = 'N18.4' WHERE code = 'I10'",
              "UPDATE conditions SET code = 'N18.4' WHERE code = 'E78.5'",
              "UPDATE conditions SET code = 'N18.4' WHERE code = 'M17.11'"),
    *(Arm(_INSIDE, (one(_M, f"given_at = {_ENC.format(column)} {minute}"),), rows)
      for column, minute, rows in (
          ("start_at", "", 0), ("start_at", "- INTERVAL 1 MINUTE", 1),
          ("end_at", "", 0), ("end_at", "+ INTERVAL 1 MINUTE", 1))),
    Arm(_WHILE, (_OTHERS, f"UPDATE prescriptions SET ingredient = 'water' WHERE {_OWN_RX}"), 1),
    _timed(719, "written_date = {day} - 30", 0),
    _timed(719, "written_date = {day}", 1), _timed(720, "written_date = {day}", 0),
    _timed(719, "end_date = {day}", 0), _timed(720, "end_date = {day}", 1),
    _timed(720, "end_date = {day}", 0, stays_on=0),
    _timed(719, "end_date = {day} - 1", 1, stays_on=0),
    breaks(_ROUND, one(_M, "status = 'not-done', status_reason_code = 'b', status_reason = 'away', "
                       "dose = NULL, dose_unit = NULL", _ONE_OF_TWO)),
    *(_together("route = 'oral'", 1, why) for why in "bcd"),
    _together("status = 'not-done', status_reason_code = 'b'", 0),
    _together("status = 'not-done', status_reason_code = 'c'", 1),
    *(_together("route = 'intravenous'", rows, why) for why, rows in (("b", 1), ("c", 0))),
    *(_together("route = 'inhaled'", rows, why) for why, rows in (("c", 1), ("d", 0))),
    _together("given_at = given_at + INTERVAL 1 MINUTE", 0),
    _together("encounter_id = encounter_id + 1", 0),
    _together("procedure_id = 1", 0),
    *(_operated("surgical", minute, rows) for minute, rows in (
        ("start_at", 1), ("start_at - INTERVAL 1 MINUTE", 0),
        ("end_at - INTERVAL 1 MINUTE", 1), ("end_at", 0))),
    _operated("recovery", "end_at + INTERVAL 119 MINUTE", 1),
    _operated("recovery", "end_at + INTERVAL 120 MINUTE", 0),
    _operated("intensive care", "end_at + INTERVAL 359 MINUTE", 1),
    _operated("recovery", "end_at", 0, "inhaled"),
    _operated("recovery", "start_at", 1, "inhaled"),
    _operated("recovery", "start_at", 0, "intravenous"),
    _thinned("apixaban", 1439, 1), _thinned("apixaban", 1440, 0), _thinned("aspirin", 1439, 0),
    _thinned("warfarin", 719, 1), _thinned("warfarin", 720, 0),
    _thinned("apixaban", 2879, 1, _OF_HEART), _thinned("apixaban", 2880, 0, _OF_HEART),
    _thinned("apixaban", -1, 0, since="start_at"), _thinned("apixaban", 0, 1, since="start_at"),
    _second(719, 1), _second(720, 0), _second(359, 1, "furosemide 40 mg"),
    _second(360, 0, "furosemide 40 mg"), _second(1, 0, "lisinopril 10 mg tablet"),
    breaks(_TAKEN, "UPDATE prescriptions SET ingredient = 'amlodipine' "
           f"WHERE prescription_id = {_LONG.format('p.prescription_id')}"),
    _taken_last(2880, 0), _taken_last(2881, 1),
    _taken("encounters", "los_days = 30", 1), _taken("encounters", "los_days = 31", 0),
    _taken("encounters", "los_days = 2", 1), _taken("encounters", "los_days = 1", 0),
    _taken("encounters", "encounter_class = 'observation'", 0),
    *(_taken("prescriptions", change, rows) for change, rows in (
        ("as_needed = true", 0), ("route = 'nasal'", 0), ("frequency = 'QW'", 0),
        ("ingredient = 'metformin'", 0), ("end_date = NULL", 1),
        (f"end_date = {_OF_STAY.format('end_at')}", 1),
        (f"end_date = {_OF_STAY.format('end_at')} - 1", 0),
        (f"written_date = {_OF_STAY.format('start_at')}", 0),
        (f"written_date = {_OF_STAY.format('start_at')} - 30, days_supply = 10, refills = 2", 1),
        (f"written_date = {_OF_STAY.format('start_at')} - 31, days_supply = 10, refills = 2", 0))),
    *(breaks(_WHY, one(_M, change, _DONE)) for change in (
        "status = 'not-done'", "status_reason_code = 'b'", "status_reason = 'away'",
        "dose = NULL", "dose_unit = NULL")),
    keeps(_WHY, one(_M, "status = 'not-done', status_reason_code = 'b', status_reason = 'away', "
                    "dose = NULL, dose_unit = NULL", _DONE)),
    *(breaks(_MISSES, one(_M, f"status = 'not-done', {change}", _DONE)) for change in (
        "ingredient = 'oxygen'", "status_reason_code = 'c', route = 'subcutaneous'")),
    *(keeps(_MISSES, one(_M, f"status = 'not-done', {change}", _DONE)) for change in (
        "status_reason_code = 'c', route = 'inhaled'",
        "status_reason_code = 'b', route = 'subcutaneous'")),
    breaks(_ALLERGIC, one(_M, "drug = 'ceftriaxone 2 g'", "person_id = (SELECT min(a.person_id) "
           "FROM allergies AS a SEMI JOIN medication_administrations AS m "
           "ON m.person_id = a.person_id WHERE substance = 'penicillin')")),
    keeps(_ALLERGIC, one(_M, "drug = 'aztreonam 1 g'", "person_id = (SELECT min(a.person_id) "
          "FROM allergies AS a SEMI JOIN medication_administrations AS m "
          "ON m.person_id = a.person_id WHERE substance = 'penicillin')")),
)  # fmt: skip
