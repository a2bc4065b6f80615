"""Arms of the rules of devices: the day before, on and after, and each part of a UDI."""

from __future__ import annotations

from audit.arms import Arm, breaks, keeps, one

_UDI, _SAYS = "a UDI is of no company and has its check digit", \
    "a UDI says what the device's columns say"  # fmt: skip
_DAYS = "a device is made, used within its shelf life, and then removed"
_PUT_IN, _STATUS = "a device of a procedure is put in on its day", \
    "a device is inactive when it is gone or the person dead"  # fmt: skip
_TOLD = "what a code says is there is a device"
_IMPLANT = "implanted_date IS NOT NULL AND removed_date IS NULL"
_DEAD = "person_id IN (SELECT person_id FROM patients WHERE death_date IS NOT NULL)"
_ALIVE = f"removed_date IS NULL AND NOT ({_DEAD})"
_A_CODE = "person_id IN (SELECT person_id FROM devices WHERE type_code = 'JWH')"


def _told(code: str, rows: int) -> Arm:
    return Arm(_TOLD, (one("conditions", f"code = '{code}'", _A_CODE),), rows)


OF_DEVICES = (
    breaks(_UDI, one("devices", "udi_di = '09527769511377'")),
    breaks(_UDI, one("devices", "udi_di = '00727769511379'")),
    breaks(_UDI, one("devices", "udi_di = '0952776951137'")),
    keeps(_UDI, one("devices", "udi_di = '09527769511376'")),
    keeps(_UDI, one("devices", "udi_di = NULL")),
    *(breaks(_SAYS, one("devices", change, f"udi_di IS NOT NULL AND {where}"))
      for change, where in (
          ("udi_di = '09520000000004'", "true"), ("udi_hrf = NULL", "true"),
          ("lot = 'AA00000'", "lot IS NOT NULL"), ("serial = '1'", "serial IS NOT NULL"),
          ("manufacture_date = manufacture_date - 1", "true"),
          ("expiration_date = expiration_date + 1", "expiration_date IS NOT NULL"),
          ("udi_di = NULL", "true"))),
    *(Arm(_DAYS, (one("devices", f"{column} = start_date {day}", _IMPLANT),), rows)
      for column, day, rows in (
          ("manufacture_date", "+ 0", 0), ("manufacture_date", "+ 1", 1),
          ("expiration_date", "- 0", 0), ("expiration_date", "- 1", 1),
          ("removed_date", "+ 0", 0), ("removed_date", "- 1", 1),
          ("implanted_date", "+ 1", 1), ("implanted_date", "- 1", 1))),
    breaks(_PUT_IN, one("devices", "start_date = start_date + 1", "procedure_id IS NOT NULL")),
    breaks(_STATUS, one("devices", "status = 'inactive'", _ALIVE)),
    breaks(_STATUS, one("devices", "status = 'active'", _DEAD)),
    breaks(_STATUS, one("devices", "removed_date = start_date", _ALIVE)),
    _told("Z96.651", 0), _told("Z95.0", 1),
)  # fmt: skip

_REACHED = "a goal is reached where the latest result shows it"
_OPEN, _SET, _TARGET = "a goal is open until its day or a death", \
    "a goal is set at a visit for a condition of then", \
    "a target has a unit and a measure"  # fmt: skip
_THROUGH = "(SELECT max(event_date) FROM events)"
_HELD = "achievement IN ('achieved', 'sustaining')"
_LATEST = (
    "(SELECT arg_max(r.value, r.measured_at) FROM vital_signs AS r WHERE r.loinc = '8480-6' AND "
    "r.person_id = goals.person_id AND r.measured_at::DATE > goals.start_date "
    "AND r.measured_at::DATE <= goals.due_date)"
)
_PRESSURE = f"loinc = '8480-6' AND {_HELD}"
_MEASURED = "a goal with a measure is measured"
_KNOWN = (
    "loinc = '8480-6' AND status = 'completed' AND EXISTS (SELECT 1 FROM vital_signs AS r "
    "WHERE r.loinc = '8480-6' AND r.person_id = goals.person_id "
    "AND r.measured_at::DATE <= goals.start_date)"
)

OF_GOALS = (
    breaks(_MEASURED, one("goals", "loinc = '20152-5'", "loinc = '8480-6'")),
    breaks(_MEASURED, one("goals", "due_date = start_date", _KNOWN)),
    keeps(_MEASURED, one("goals", "status = 'active', due_date = start_date", _KNOWN)),
    breaks(_REACHED, one("goals", "achievement = 'achieved'", "achievement = 'not-achieved'")),
    breaks(_REACHED, one("goals", "achievement = 'achieved'", "achievement IS NULL")),
    breaks(_REACHED, one("goals", "achievement = 'not-achieved'", _HELD)),
    breaks(_REACHED, one("goals", "achievement = NULL", _HELD)),
    breaks(_REACHED, one("goals", f"target_high = {_LATEST}", _PRESSURE)),
    keeps(_REACHED, one("goals", f"target_high = {_LATEST} + 0.1", _PRESSURE)),
    keeps(_REACHED, one("goals", f"target_low = {_LATEST}", _PRESSURE)),
    breaks(_REACHED, one("goals", f"target_low = {_LATEST} + 0.1", _PRESSURE)),
    keeps(_REACHED, one("goals", "achievement = 'sustaining'", "achievement = 'achieved'")),
    breaks(_OPEN, one("goals", "due_date = start_date", "status = 'completed'")),
    breaks(_OPEN, one("goals", "status = 'cancelled'", "status = 'completed'")),
    breaks(_OPEN, one("goals", "status = 'completed'", "status = 'cancelled'")),
    breaks(_OPEN, one("goals", f"status = 'active', due_date = {_THROUGH}",
                      "status = 'completed'")),
    keeps(_OPEN, one("goals", f"status = 'active', due_date = {_THROUGH} + 1",
                     "status = 'completed'")),
    *(Arm(_OPEN, ("DELETE FROM goals WHERE goal_id <> (SELECT min(goal_id) FROM goals "
                  "WHERE status = 'completed')",
                  "UPDATE data_days SET through = "
                  f"(SELECT max(due_date) - {days} FROM goals)"), rows)
      for days, rows in ((0, 0), (1, 1))),
    breaks(_SET, one("goals", "start_date = start_date + 1")),
    breaks(_SET, "UPDATE conditions SET onset_date = onset_date + 9999 WHERE condition_id = "
           "(SELECT min(condition_id) FROM goals)"),
    breaks(_SET, "UPDATE conditions SET abatement_date = (SELECT start_date FROM goals AS g WHERE "
           "g.condition_id = conditions.condition_id) WHERE condition_id = "
           "(SELECT min(condition_id) FROM goals)"),
    *(breaks(_TARGET, one("goals", change, "target_high IS NOT NULL")) for change in (
        "target_unit = NULL", "loinc = NULL", "target_high = NULL", "target_low = target_high")),
)  # fmt: skip

_REFUSED, _SUITED = "no vaccine is refused on the day of its dose", \
    "a vaccine that is not given suits the age"  # fmt: skip
_VISIT, _REASON = "a vaccine is not given at a visit of its day", \
    "a vaccine is not given for a reason of HL7"  # fmt: skip
_NOT_GIVEN = "immunizations_not_given"
_DOSE = "(SELECT min(given_date) FROM immunizations AS i WHERE i.person_id = " \
    "immunizations_not_given.person_id AND i.cvx = '158')"  # fmt: skip
_WITH_DOSE = "person_id IN (SELECT person_id FROM immunizations WHERE cvx = '158')"
_BIRTH = "(SELECT birth_date FROM patients AS p WHERE p.person_id = " \
    "immunizations_not_given.person_id)"  # fmt: skip


def _aged(cvx: str, age: str, rows: int) -> Arm:
    change = f"cvx = '{cvx}', occurrence_date = {_BIRTH} + {age}"
    return Arm(_SUITED, (one(_NOT_GIVEN, change),), rows)


OF_VACCINES_NOT_GIVEN = (
    *(Arm(_REFUSED, (one(_NOT_GIVEN, f"cvx = '{cvx}', occurrence_date = {_DOSE} {day}",
                         _WITH_DOSE),), rows)
      for cvx, day, rows in (("158", "", 1), ("141", "", 1), ("216", "", 0), ("158", "+ 1", 0))),
    _aged("03", "INTERVAL 12 MONTH", 0), _aged("03", "INTERVAL 12 MONTH - INTERVAL 1 DAY", 1),
    _aged("305", "INTERVAL 18 YEAR", 0), _aged("305", "INTERVAL 18 YEAR - INTERVAL 1 DAY", 1),
    _aged("116", "INTERVAL 42 DAY", 1),
    breaks(_VISIT, one(_NOT_GIVEN, "occurrence_date = occurrence_date + 1")),
    breaks(_VISIT, one(_NOT_GIVEN, "performer_npi = (SELECT max(npi) FROM providers)")),
    breaks(_REASON, one(_NOT_GIVEN, "reason_code = 'PATREF'")),
)  # fmt: skip

_COVER, _NEXT = "places cover a stay or emergency visit", \
    "a place begins where the one before ends"  # fmt: skip
_THERE, _UNIT = "a place is in the facility of its encounter", "a unit suits age and sex"
_L = "encounter_locations"
_MOVED = "encounter_id IN (SELECT encounter_id FROM encounter_locations WHERE sequence = 2)"
_GROWN = "person_id IN (SELECT person_id FROM patients WHERE birth_date < DATE '1980-01-01' " \
    "AND gender = '{}')"  # fmt: skip


def _unit(unit: str, sex: str, rows: int) -> Arm:
    return Arm(_UNIT, (one(_L, f"unit = '{unit}'", _GROWN.format(sex)),), rows)


def _aged_unit(unit: str, age: str, rows: int) -> Arm:
    born = f"(SELECT p.birth_date FROM patients AS p WHERE p.person_id = {_L}.person_id)"
    woman = _GROWN.format("F")
    return Arm(_UNIT, (one(_L, f"unit = '{unit}', start_at = {born} + {age}", woman),), rows)


OF_PLACES = (
    breaks(_COVER, f"DELETE FROM {_L} WHERE encounter_id = (SELECT min(encounter_id) FROM {_L})"),
    breaks(_COVER, one(_L, "start_at = start_at + INTERVAL 1 MINUTE", "sequence = 1")),
    breaks(_COVER, one(_L, "end_at = end_at - INTERVAL 1 MINUTE", f"NOT ({_MOVED})")),
    breaks(_COVER, one("encounters", "encounter_class = 'office'", "encounter_class = 'snf'")),
    breaks(_COVER, one("encounters", "encounter_class = 'snf'", "encounter_class = 'office'")),
    breaks(_NEXT, one(_L, "start_at = start_at + INTERVAL 1 MINUTE", "sequence = 2")),
    breaks(_NEXT, one(_L, "end_at = end_at - INTERVAL 1 MINUTE", f"sequence = 1 AND {_MOVED}")),
    breaks(_NEXT, one(_L, "end_at = start_at - INTERVAL 1 MINUTE", f"NOT ({_MOVED})")),
    breaks(_THERE, one(_L, "facility_id = (SELECT max(facility_id) + 1 FROM facilities)")),
    breaks(_THERE, one(_L, "facility_id = NULL", "facility_id IS NOT NULL")),
    _unit("labor and delivery", "M", 1), _unit("labor and delivery", "F", 0),
    _unit("pediatric", "F", 1), _unit("nursery", "F", 1), _unit("psychiatric", "F", 0),
    _aged_unit("medical", "INTERVAL 18 YEAR", 0),
    _aged_unit("medical", "INTERVAL 18 YEAR - INTERVAL 1 DAY", 1),
    _aged_unit("pediatric", "INTERVAL 18 YEAR - INTERVAL 1 DAY", 0),
    _aged_unit("pediatric", "INTERVAL 18 YEAR", 1),
    _aged_unit("nursery", "INTERVAL 1 YEAR - INTERVAL 1 DAY", 0),
    _aged_unit("nursery", "INTERVAL 1 YEAR", 1),
    _aged_unit("maternity", "INTERVAL 9 YEAR", 0),
    _aged_unit("maternity", "INTERVAL 9 YEAR - INTERVAL 1 DAY", 1),
)  # fmt: skip
