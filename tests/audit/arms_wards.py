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
