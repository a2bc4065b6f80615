"""One change for each rule of hours."""

from __future__ import annotations

from audit.tampering import Tampering, _one, _row

_FIRST_OF_TWO = (
    "encounter_id = (SELECT min(a.encounter_id) FROM encounters AS a JOIN encounters AS b "
    "ON a.person_id = b.person_id AND a.start_at::DATE = b.start_at::DATE "
    "AND a.start_at < b.start_at AND a.encounter_class = 'office')"
)
_A_DAY_LATER = "start_at = start_at + INTERVAL 1 DAY, end_at = end_at + INTERVAL 1 DAY"

OF_HOURS: tuple[Tampering, ...] = (
    _row("a planned stay is admitted in the day",
         _one("encounters", "start_at = date_trunc('day', start_at) + INTERVAL 3 HOUR",
              "encounter_class = 'inpatient'")),
    _row("a visit begins after the one before it has ended",
         _one("encounters", "end_at = end_at + INTERVAL 3 HOUR", _FIRST_OF_TWO)),
    _row("a drug against cancer waits for the blood count of its visit",
         _one("lab_results", "resulted_at = resulted_at + INTERVAL 1 DAY",
              "loinc = '6690-2' AND event_id IS NOT NULL")),
    _row("a pump is taken off on a weekday",
         _one("encounters", _A_DAY_LATER,
              "encounter_id = (SELECT min(encounter_id) FROM procedures WHERE code = '96523')")),
    _row("a timed test waits from arrival",
         _one("lab_results", "collected_at = collected_at - INTERVAL 30 MINUTE",
              "loinc = '1504-0'")),
    _row("an appointment is made in the day",
         _one("appointments", "booked_at = date_trunc('day', booked_at) + INTERVAL 3 HOUR",
              "hour(start_at) >= 8")),
)  # fmt: skip
