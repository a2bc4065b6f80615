"""Arms of the rules of appointments."""

from __future__ import annotations

from audit.arms import Arm, breaks, keeps, one

_KEPT = "a kept appointment is a visit with its clinician on its day"
_HAS = "a planned visit has an appointment"
_BOOKED = "an appointment is booked before it begins, and begins before it ends"
_REASON = "a cancelled appointment has a reason"
_WITHIN = "what is booked lies after the data, and what was missed within"
_LIVING = "an appointment is of the living"
_MISSED = "nobody misses an appointment on a day of a visit"
_SINCE_STAY = "who comes because of a stay or emergency visit has booked since it"
_SINCE_ONSET = "who comes because of a cancer has booked since its onset"
_BORN = "a newborn's visit is booked since the stay of its birth"
_DECIDED = "a visit before an operation is booked since the first visit of its journey"
_FOUND = (
    "what is found at a visit is not why it was booked, when a visit before was for what was known"
)
_IS_KEPT, _IS_MISSED = "status = 'fulfilled'", "status IN ('noshow', 'cancelled')"
_VISIT = "(SELECT e.{} FROM encounters AS e WHERE e.encounter_id = appointments.encounter_id)"
_THROUGH, _AS_OF = "(SELECT through FROM data_days)", "(SELECT as_of FROM data_days)"
_STATED = (
    "UPDATE data_days SET through = "
    "(SELECT max(start_at)::DATE FROM appointments WHERE status <> 'booked')"
)
_A_STAY = "(SELECT e.{} FROM encounters AS e WHERE e.person_id = appointments.person_id LIMIT 1)"
_ENDED = (
    "(SELECT max(e.end_at) FROM encounters AS e WHERE e.person_id = appointments.person_id "
    "AND e.encounter_class IN ('inpatient', 'observation', 'snf', 'emergency') "
    "AND e.end_at < appointments.start_at - INTERVAL 30 MINUTE)"
)
_AHEAD = "booked_at < start_at - INTERVAL 3 DAY"
_OF_CANCER = one("appointments", "reason_code = 'C34.90'", f"{_IS_KEPT} AND {_AHEAD}")
_BOOKING = "(SELECT a.booked_at::DATE FROM appointments AS a WHERE a.reason_code = 'C34.90')"
_WITH_CANCER = "(SELECT a.person_id FROM appointments AS a WHERE a.reason_code = 'C34.90')"
_STAY = (
    "FROM encounters AS e JOIN appointments AS a USING (person_id) WHERE a.status = 'fulfilled' "
    "AND e.encounter_class = 'inpatient' AND e.end_at < a.start_at - INTERVAL 31 MINUTE "
    "ORDER BY e.encounter_id, a.start_at LIMIT 1)"
)
_BORN_THEN = one(
    "patients",
    f"birth_date = (SELECT e.start_at::DATE {_STAY}",
    f"person_id = (SELECT e.person_id {_STAY}",
)
_EARLIER = (
    "(SELECT min(e.end_at) FROM events AS v JOIN events AS w USING (person_id, journey) "
    "JOIN encounters AS e ON e.event_id = w.event_id JOIN encounters AS own "
    "ON own.event_id = v.event_id WHERE own.encounter_id = appointments.encounter_id)"
)

_LATER = one("appointments", "reason_code = 'D70.1'",
             f"{_IS_KEPT} AND {_EARLIER} < start_at - INTERVAL 31 MINUTE AND EXISTS ("
             "FROM encounters AS own JOIN events AS v ON v.event_id = own.event_id "
             "JOIN events AS w ON w.person_id = v.person_id AND w.journey = v.journey "
             "JOIN encounters AS e ON e.event_id = w.event_id WHERE e.reason_code LIKE 'Z%' "
             "AND own.encounter_id = appointments.encounter_id AND e.start_at < own.start_at "
             "AND e.encounter_class = 'office')")  # fmt: skip
_BOOKING_LATER, _WHO_LATER = (
    f"(SELECT a.{what} FROM appointments AS a WHERE a.reason_code = 'D70.1')"
    for what in ("booked_at::DATE", "person_id")
)

OF_APPOINTMENTS = (
    *(breaks(_KEPT, one("appointments", change, _IS_KEPT)) for change in (
        "encounter_id = NULL", "status = 'noshow'", "practitioner_npi = 1", "person_id = -1",
        "start_at = start_at - INTERVAL 1 DAY", "start_at = start_at + INTERVAL 6 MINUTE")),
    keeps(_KEPT, one("appointments", f"start_at = {_VISIT.format('start_at')}", _IS_KEPT)),
    breaks(_KEPT, one("appointments", f"encounter_id = {_A_STAY.format('encounter_id')}",
                      _IS_MISSED)),
    breaks(_HAS, one("appointments", "encounter_id = NULL", _IS_KEPT)),
    breaks(_HAS, one("appointments", f"encounter_id = {_A_STAY.format('encounter_id')}",
                     f"{_IS_MISSED} AND {_A_STAY.format('encounter_class')} = 'office'")),
    breaks(_BOOKED, one("appointments", "booked_at = start_at")),
    keeps(_BOOKED, one("appointments", "booked_at = start_at - INTERVAL 1 MINUTE")),
    breaks(_BOOKED, one("appointments", "end_at = start_at")),
    *(Arm(_SINCE_STAY, (one("appointments", f"reason_code = 'Z09', booked_at = {_ENDED} {shift}",
                            f"{_IS_KEPT} AND {_ENDED} IS NOT NULL"),), rows)
      for shift, rows in (("- INTERVAL 1 MINUTE", 1), ("", 0))),
    *(Arm(_SINCE_ONSET, (_OF_CANCER, one(
        "conditions", f"code = 'C34.90', onset_date = {_BOOKING} + {days}",
        f"person_id = {_WITH_CANCER}")), rows) for days, rows in ((0, 0), (1, 1))),
    *(Arm(_BORN, (_BORN_THEN, one(
        "appointments", f"booked_at = (SELECT e.end_at {_STAY} {shift}",
        f"appointment_id = (SELECT a.appointment_id {_STAY}")), rows)
      for shift, rows in (("- INTERVAL 1 MINUTE", 1), ("", 0))),
    *(Arm(_DECIDED, (one(
        "appointments", f"reason_code = 'Z01.818', booked_at = {_EARLIER} {shift}",
        f"{_IS_KEPT} AND {_EARLIER} < start_at - INTERVAL 31 MINUTE"),), rows)
      for shift, rows in (("- INTERVAL 1 MINUTE", 1), ("", 0))),
    *(Arm(_FOUND, (_LATER, one(
        "conditions", f"code = 'D70.1', onset_date = {_BOOKING_LATER} + {days}",
        f"person_id = {_WHO_LATER}")), rows) for days, rows in ((4, 0), (5, 1))),
    breaks(_REASON, one("appointments", "cancel_reason = 'pat'", _IS_KEPT)),
    breaks(_REASON, one("appointments", "cancel_reason = NULL", "status = 'cancelled'")),
    *(Arm(_WITHIN, (_STATED, one("appointments", f"start_at = {day}", _IS_KEPT)), rows)
      for day, rows in ((_THROUGH, 0), (f"{_THROUGH} + 1", 1), (_AS_OF, 0), (f"{_AS_OF} - 1", 1))),
    breaks(_WITHIN, _STATED, one("appointments", "status = 'booked'", _IS_KEPT)),
    keeps(_WITHIN, one("appointments", f"start_at = {_THROUGH} - 9", _IS_KEPT)),
    breaks(_LIVING, one("appointments", "start_at = (SELECT p.death_date + 1 FROM patients AS p "
           "WHERE p.person_id = appointments.person_id)",
           "person_id IN (SELECT person_id FROM patients WHERE death_date IS NOT NULL)")),
    keeps(_LIVING, one("appointments", "start_at = (SELECT p.death_date FROM patients AS p "
          "WHERE p.person_id = appointments.person_id)",
          "person_id IN (SELECT person_id FROM patients WHERE death_date IS NOT NULL)")),
    breaks(_LIVING, one("appointments", "booked_at = (SELECT p.birth_date - 1 FROM patients AS p "
           "WHERE p.person_id = appointments.person_id)")),
    *(Arm(_MISSED, (one("appointments", f"start_at = {_A_STAY.format(column)}", _IS_MISSED),), 1)
      for column in ("start_at", "end_at")),
    keeps(_MISSED, one("appointments", f"start_at = {_A_STAY.format('start_at')}", _IS_KEPT)),
)  # fmt: skip
