"""Arms of the rules of households: each sentence of one, and each age at its limit."""

from __future__ import annotations

from audit.arms import Arm, breaks, each, first, keeps, one

_ADDRESS = "a household lives at one address"
_MOTHER = "a newborn has a mother of its household"
_LIFE = "a newborn is born in its mother's life"
_PARENTS = "parents are older than their children"
_SUBSCRIBER = "a subscriber is of the household and holds code 01"
_POLICY = "a child holds no employer's policy"
_COVERED = "a newborn of a covered mother is covered from birth"

_CHILD = first("person_id", "patients", "mother_person_id IS NOT NULL")
_HERS = first("mother_person_id", "patients", "mother_person_id IS NOT NULL")
_BORN = first("birth_date", "patients", "mother_person_id IS NOT NULL")


def _hers(change: str) -> str:
    return f"UPDATE patients SET {change} WHERE person_id = {_HERS}"


_NEWBORNS = (
    *each(_ADDRESS, "patients", (
        "street = '1 Other Road'", "city = 'Elsewhere'", "county_fips = '00000'", "state = 'ZZ'",
        "zip = '00000'"), "person_id % 100 = 2"),
    breaks("names differ within a household",
           "UPDATE patients SET given_name = (SELECT given_name FROM patients AS a WHERE "
           "a.person_id = patients.household_id * 100 + 1) WHERE person_id % 100 = 3 AND "
           "household_id = (SELECT household_id FROM patients WHERE person_id % 100 = 3 LIMIT 1)"),
    keeps("names differ within a household",
          one("patients", "given_name = 'Nobody Else'", "person_id % 100 = 3")),
    *each("a person is of the household of their number", "patients",
          ("household_id = household_id - 1", "household_id = household_id + 1")),
    *each(_MOTHER, "patients", (
        "mother_person_id = NULL", "household_id = household_id - 1",
        "household_id = household_id + 1"), "mother_person_id IS NOT NULL"),
    breaks(_MOTHER, one("patients", "mother_person_id = (SELECT min(person_id) FROM patients AS m "
                        "WHERE m.gender = 'F' AND m.household_id = patients.household_id)",
                        "person_id % 100 = 3 AND household_id IN (SELECT household_id FROM "
                        "patients WHERE gender = 'F' AND person_id % 100 <= 2)")),
    *(breaks(_MOTHER, f"UPDATE patients SET gender = '{sex}' WHERE person_id = (SELECT "
             "mother_person_id FROM patients WHERE mother_person_id IS NOT NULL GROUP BY ALL "
             "HAVING count(*) = 1 ORDER BY 1 LIMIT 1)") for sex in ("A", "M")),
    keeps(_MOTHER, one("patients", "person_id = household_id * 100 + 49", "person_id % 100 = 3")),
    breaks(_MOTHER, one("patients", "person_id = household_id * 100 + 50", "person_id % 100 = 3 "
                        "AND household_id NOT IN (SELECT household_id FROM patients WHERE "
                        "mother_person_id IS NOT NULL)")),
    keeps(_LIFE, _hers(f"death_date = {_BORN}")),
    breaks(_LIFE, _hers(f"death_date = {_BORN} - 1")),
    *(Arm(_LIFE, (_hers(f"birth_date = {_BORN} - INTERVAL {years} YEAR {day}"),), rows)
      for years, day, rows in (
          (9, "", 0), (9, "+ INTERVAL 1 DAY", 1), (65, "+ INTERVAL 1 DAY", 0), (65, "", 1))),
)  # fmt: skip

_ONE_CHILD = (
    "DELETE FROM patients WHERE household_id <> (SELECT min(household_id) FROM patients "
    "WHERE person_id % 100 = 2 AND household_id IN (SELECT household_id FROM patients "
    "WHERE person_id % 100 = 3)) OR person_id % 100 > 3"
)


def _older(parent: int, child: int, by: str, rows: int) -> Arm:
    """Let a household be two parents and a child; one of them is so much older than the child."""
    return Arm(_PARENTS, (
        _ONE_CHILD,
        "UPDATE patients SET birth_date = DATE '1970-01-01'",
        f"UPDATE patients SET birth_date = DATE '2000-02-28' + {by}, "
        f"person_id = household_id * 100 + {child} WHERE person_id % 100 = 3",
        "UPDATE patients SET birth_date = DATE '1985-02-28', "
        f"person_id = household_id * 100 + {parent} WHERE person_id % 100 = 2"), rows)  # fmt: skip


_AGES = (
    _older(2, 3, "INTERVAL 0 DAY", 0), _older(2, 3, "INTERVAL (-1) DAY", 1),
    _older(2, 3, "INTERVAL (-11) YEAR", 1), _older(2, 49, "INTERVAL (-1) DAY", 1),
    _older(2, 50, "INTERVAL (-1) DAY", 0), _older(4, 3, "INTERVAL (-1) DAY", 0),
)  # fmt: skip


def _spouse(change: str) -> str:
    return one("members", change, "person_id % 100 = 2")


_TWO = (
    "person_id % 100 = 1 AND household_id IN (SELECT household_id FROM members GROUP BY "
    "household_id HAVING count(*) = 2 AND max(person_id % 100) = 3)"
)
_SUBSCRIBERS = (
    breaks(_SUBSCRIBER, _spouse("household_id = household_id + 1")),
    breaks(_SUBSCRIBER, _spouse("subscriber_id = 1")),
    breaks(_SUBSCRIBER, one("members", "subscriber_id = household_id * 100 + 2",
                            "person_id % 100 = 3 AND household_id IN (SELECT household_id "
                            "FROM members WHERE person_id % 100 = 2)")),
    breaks(_SUBSCRIBER, one("members", "subscriber_id = household_id * 100 + 3", _TWO), rows=2),
    breaks(_SUBSCRIBER, _spouse("person_code = '01'")),
    breaks(_SUBSCRIBER, one("members", "person_code = '02'", "person_id % 100 = 1")),
    breaks(_SUBSCRIBER, _spouse("relationship_code = '18'")),
    breaks(_SUBSCRIBER, one("members", "relationship_code = '01'", "person_id % 100 = 1")),
    breaks(_SUBSCRIBER, _spouse("subscriber_id = NULL")),
    keeps(_SUBSCRIBER, one("members", "subscriber_id = NULL", "person_id % 100 = 3")),
    breaks(_SUBSCRIBER, one("members", "subscriber_id = NULL, person_code = '01'",
                            "person_id % 100 = 3")),
    *each("a subscriber has one number and name", "members", (
        "subscriber_number = 'SYN1'", "subscriber_given_name = 'X'", "subscriber_family_name = 'X'",
        "subscriber_birth_date = DATE '1990-01-01'", "subscriber_gender = 'A'"),
        "person_id % 100 = 3"),
    keeps("a subscriber has one number and name", one("members", "subscriber_id = NULL, "
          "subscriber_number = 'SYN1'", "person_id % 100 = 3")),
    keeps(_POLICY, one("members", "subscriber_birth_date = DATE '2007-01-01'")),
    breaks(_POLICY, one("members", "subscriber_birth_date = DATE '2007-01-02'")),
)  # fmt: skip

_CHILDS = f"UPDATE enrollments SET effective_date = {_BORN} {{day}} WHERE person_id = {_CHILD}"
_MOTHERS = f"UPDATE enrollments SET {{change}} WHERE person_id = {_HERS}"
_COVERAGE = (
    breaks(_COVERED, _CHILDS.format(day="+ 1")),
    breaks(_COVERED, _CHILDS.format(day="- 1")),
    breaks(_COVERED, f"DELETE FROM enrollments WHERE person_id = {_CHILD}"),
    *(Arm(_COVERED, (f"DELETE FROM enrollments WHERE person_id = {_CHILD}",
                     _MOTHERS.format(change=change)), rows)
      for change, rows in (
          (f"term_date = {_BORN}", 1), (f"term_date = {_BORN} - 1", 0),
          (f"effective_date = {_BORN}", 1), (f"effective_date = {_BORN} + 1", 0))),
)  # fmt: skip

_LASTS, _ENDS = "a pregnancy ends within 42 weeks", "a pregnancy ends with the birth"
_CONDITION = f"condition_id = {first('condition_id', 'conditions')}"
_LAST_DAY = "least((SELECT through FROM temp.data_days), (SELECT max(event_date) FROM events))"


def _pregnant(days: str, code: str = "Z34.90") -> str:
    return f"UPDATE conditions SET code = '{code}', {days} WHERE {_CONDITION}"


def _mothers(days: str) -> str:
    """Let a condition be a mother's."""
    return _pregnant(f"person_id = {_HERS}, {days}")


_DIES = (f"UPDATE patients SET death_date = {_LAST_DAY} - 1 WHERE person_id = "
         f"(SELECT person_id FROM conditions WHERE {_CONDITION})")  # fmt: skip
_BOTH_DAYS = "onset_date = DATE '2025-01-01', abatement_date = DATE '2025-01-01' + {days}"
_PREGNANCIES = (
    keeps(_LASTS, _pregnant(_BOTH_DAYS.format(days=294))),
    *(breaks(_LASTS, _pregnant(_BOTH_DAYS.format(days=295), code))
      for code in ("Z34.90", "O09.90", "Z33.1", "Z3A.20")),
    keeps(_LASTS, _pregnant(_BOTH_DAYS.format(days=295), "O24.410")),
    keeps(_LASTS, _pregnant(f"abatement_date = NULL, onset_date = {_LAST_DAY} - 294")),
    breaks(_LASTS, _pregnant(f"abatement_date = NULL, onset_date = {_LAST_DAY} - 295")),
    keeps(_LASTS, _pregnant(f"abatement_date = NULL, onset_date = {_LAST_DAY} - 295"), _DIES),
    keeps(_ENDS, _mothers(f"onset_date = {_BORN} - 9, abatement_date = {_BORN} - 1")),
    breaks(_ENDS, _mothers(f"onset_date = {_BORN} - 9, abatement_date = {_BORN}")),
    breaks(_ENDS, _mothers(f"onset_date = {_BORN} - 9, abatement_date = NULL")),
    keeps(_ENDS, _mothers(f"onset_date = {_BORN}, abatement_date = NULL")),
)  # fmt: skip

OF_FAMILIES = (*_PREGNANCIES, *_NEWBORNS, *_AGES, *_SUBSCRIBERS, *_COVERAGE)
