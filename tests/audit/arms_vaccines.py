"""Arms of the rules of vaccines: the first day and the last, of age and of interval."""

from __future__ import annotations

from audit.arms import Arm, keeps, one

_AGE = "a dose that counts is not given too young or too old"
_GAP = "a dose that counts keeps its interval"
_BORN = "(SELECT p.birth_date FROM patients AS p WHERE p.person_id = immunizations.person_id)"
_FIRST = "immunization_id = (SELECT min(immunization_id) FROM immunizations)"


def _at(cvx: str, dose: int, age: str, rows: int) -> Arm:
    change = f"cvx = '{cvx}', dose = {dose}, given_date = {_BORN} + {age}"
    return Arm(_AGE, (one("immunizations", change),), rows)


def _after(cvx: str, dose: int, gap: str, rows: int, second: str = "") -> Arm:
    """Give one person a second dose some time after the first."""
    again = (
        "INSERT INTO immunizations BY NAME SELECT * REPLACE (immunization_id + 1 AS "
        f"immunization_id, {dose} AS dose, '{second or cvx}' AS cvx, given_date + {gap} AS "
        f"given_date) FROM immunizations WHERE {_FIRST}"
    )
    return Arm(_GAP, (one("immunizations", f"cvx = '{cvx}', dose = 1", _FIRST), again), rows)


OF_VACCINES = (
    *(_at("03", 1, age, rows) for age, rows in (
        ("INTERVAL 12 MONTH", 0), ("INTERVAL 12 MONTH - INTERVAL 1 DAY", 1))),
    *(_at("03", dose, "INTERVAL 13 MONTH - INTERVAL 1 DAY", rows)
      for dose, rows in ((1, 0), (2, 1), (3, 1))),
    *(_at("116", 1, age, rows) for age, rows in (
        ("INTERVAL 42 DAY", 0), ("INTERVAL 41 DAY", 1), ("INTERVAL 104 DAY", 0),
        ("INTERVAL 105 DAY", 1))),
    keeps(_AGE, one("immunizations", f"cvx = '03', valid = false, given_date = {_BORN}")),
    *(_after("83", 2, gap, rows) for gap, rows in (
        ("INTERVAL 6 MONTH", 0), ("INTERVAL 6 MONTH - INTERVAL 1 DAY", 1))),
    *(_after("20", dose, "INTERVAL 28 DAY", rows) for dose, rows in ((2, 0), (4, 1), (5, 1))),
    _after("03", 2, "INTERVAL 27 DAY", 1, "94"),
    _after("03", 2, "INTERVAL 28 DAY", 0, "94"),
    _after("21", 2, "INTERVAL 83 DAY", 1, "94"),
    _after("08", 2, "INTERVAL 1 DAY", 0, "110"),
    _after("03", 1, "INTERVAL 0 DAY", 1),
    Arm(_GAP, (*_after("03", 2, "INTERVAL 1 DAY", 1).sql,
               "UPDATE immunizations SET valid = false WHERE dose = 2 AND cvx = '03'"), 0),
)  # fmt: skip
