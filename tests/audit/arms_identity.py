"""Arms of the rules of identity and of codes: each part of a number, of an address, of a pair."""

from __future__ import annotations

from collections.abc import Iterator

from audit.arms import Arm, breaks, each, first, keeps, one

_NPI = "an NPI that is never issued "
_ADDRESS = "an address that exists"
_SHAPED = "Medicare numbers are Medicare-shaped"
_TOGETHER = "codes that may stand together conditions.code"
_AGE = "a code of the person's age conditions.code"
_SEX = "a code of the person's sex conditions.code"
_DAY = "a code of its day "


def _texts(rule: str, good: str, bad: str) -> Iterator[Arm]:
    """Yield texts that a column may hold, and texts that it may not."""
    table, column = rule.rsplit(" ", 1)[1].split(".")
    yield from (keeps(rule, one(table, f"{column} = '{text}'")) for text in good.split())
    yield from (breaks(rule, one(table, f"{column} = '{text}'")) for text in bad.split())


_MBI = "1S00A00AA00 9SY9YY9YY99 1SA0A00AA00 1S00AA0AA00"
_NO_MBI = (
    "0S00A00AA00 1A00A00AA00 1SB0A00AA00 1S0AA00AA00 1S00000AA00 1S00B00AA00 1S00AS0AA00 "
    "1S00A0AAA00 1S00A00A000 1S00A000A00 1S00A00OI00 1S00A00AAA0 1S00A00AA0A 1S00A00AA000 "
    "11S00A00AA00"
)
_NUMBERS = (
    *(arm for table in ("patients", "members", "rx_members") for arm in _texts(
        f"a number never issued {table}.ssn",
        "900-01-0000 999-49-9999 950-10-1234 950-09-1234",
        "899-01-0000 800-01-0000 900-00-0000 900-50-0000 900-90-0000 9000-01-000 900-1-0000 "
        "900-01-00000 1900-01-0000")),
    *_texts("a telephone of fiction patients.phone", "212-555-0100 212-555-0199",
            "212-555-0200 212-556-0100 21-555-0100 1212-555-0100 212-555-01000 212-555-1100"),
    *_texts("a mailbox of nobody patients.email", "a.b.7@example.com z@example.com",
            "a@example.org a@examplexcom A@example.com @example.com a@example.com.uk "
            "a@b@example.com"),
    *(arm for name in ("members.member_number", "rx_members.cardholder_id") for arm in _texts(
        f"a payer number of nobody {name}", f"{_MBI} SYN000000000 SYN999999999",
        f"{_NO_MBI} SYN00000000 SYN0000000000 SYX000000000 XSYN000000000")),
    *_texts("a routing number of nobody rx_members.bin", "999999", "999998 99999 9999999"),
    *(arm for table in ("providers", "facilities") for arm in _texts(
        f"a tax number of nobody {table}.tin", "00-0000000 00-9999999",
        "01-0000000 10-0000000 00-000000 00-00000000 100-0000000")),
    *(keeps(_SHAPED, one("members", f"member_number = '{number}'", "person_id IN "
            "(SELECT person_id FROM enrollments WHERE plan_id = 'Original')"))
      for number in _MBI.split()),
    *(breaks(_SHAPED, one("members", f"member_number = '{number}'", "person_id IN "
             f"(SELECT person_id FROM enrollments WHERE plan_id = '{plan}')"))
      for number, plan in (("SYN000000000", "Original"), ("SYN000000000", "MA-PPO"),
                           ("SYN000000000", "MA-HMO"), (_NO_MBI.split()[0], "Original"))),
    keeps(_SHAPED, one("members", "member_number = 'SYN000000000'", "person_id IN "
                       "(SELECT person_id FROM enrollments WHERE plan_id = 'HDHP')")),
)  # fmt: skip


def _with_check(body: int) -> int:
    """Return an NPI: nine digits and the check digit of its Luhn sum with the prefix 80840."""
    digits = [int(digit) for digit in str(body)]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[::2])
    return body * 10 + -(24 + doubled + sum(digits[1::2])) % 10


_BODIES = (200000000, 299999999, 212345678, 287654321, 290909090, 209090909, 255555555, 266666666)
_GOOD = [_with_check(body) for body in _BODIES]
_NPIS = (
    *(keeps(_NPI + "patients.pcp_npi", one("patients", f"pcp_npi = {npi}", "pcp_npi IS NOT NULL"))
      for npi in _GOOD),
    *(breaks(_NPI + "patients.pcp_npi", one("patients", f"pcp_npi = {npi}"))
      for npi in (_GOOD[0] + 1, _GOOD[2] + 9 if _GOOD[2] % 10 == 0 else _GOOD[2] - 1,
                  _with_check(199999999), _with_check(300000000), _with_check(123456789),
                  _GOOD[0] * 10, _GOOD[0] // 10)),
    keeps(_NPI + "patients.pcp_npi", one("providers", "npi = 1234567893, source = 'nppes'"),
          one("patients", "pcp_npi = 1234567893")),
    breaks(_NPI + "patients.pcp_npi", one("providers", "npi = 1234567893"),
           one("patients", "pcp_npi = 1234567893")),
)  # fmt: skip

_SECOND = "rowid = (SELECT max(rowid) FROM {table})"
_SHARED = (
    *(breaks(f"nobody shares {table}.{', '.join(columns)}",
             f"UPDATE {table} SET " + ", ".join(
                 f"{name} = {first(name, table)}" for name in columns)
             + f" WHERE {_SECOND.format(table=table)}")
      for table, *columns in (
          ("patients", "ssn"), ("patients", "mrn"), ("members", "member_number"),
          ("rx_members", "cardholder_id", "person_code"))),
    keeps("nobody shares rx_members.cardholder_id, person_code",
          "UPDATE rx_members SET person_code = '02', cardholder_id = "
          f"{first('cardholder_id', 'rx_members')} WHERE {_SECOND.format(table='rx_members')}"),
    *(breaks(f"one number for one person {table}.ssn", one(table, f"ssn = '{ssn}'"))
      for table in ("members", "rx_members") for ssn in ("900-01-0000", "999-49-9999")),
    *each(_ADDRESS, "patients", (
        "zip = '10001'", "city = 'Austin'", "county_fips = '48001'", "state = 'OK'"),
        "state = 'TX' AND city <> 'Austin'"),
    *each("an area code of the state", "patients",
          ("phone = '405-555-0100'", "state = 'OK'"), "state = 'TX'"),
    *(Arm("sex is one that codes know", (one("patients", f"gender = '{sex}'"),), rows)
      for sex, rows in (("F", 0), ("M", 0), ("U", 1))),
)  # fmt: skip


def _day(text: str | None) -> str:
    return f"DATE '{text}'" if text else "NULL"


def _held(*codes: tuple[str, str, str | None], rows: int) -> Arm:
    """Let the only two conditions have these codes, first days and last days."""
    two = "SELECT rowid FROM conditions WHERE person_id = 101 ORDER BY rowid LIMIT 2"
    return Arm(_TOGETHER, (f"DELETE FROM conditions WHERE rowid NOT IN ({two})", *(
        f"UPDATE conditions SET code = '{code}', onset_date = DATE '{since}', abatement_date = "
        f"{_day(until)} WHERE rowid = (SELECT {which}(rowid) "
        "FROM conditions)"
        for which, (code, since, until) in zip(("min", "max"), codes, strict=True))),
        rows)  # fmt: skip


def _both_ways(one_code: tuple[str, str, str | None], other: tuple[str, str, str | None],
               rows: int) -> Iterator[Arm]:  # fmt: skip
    yield _held(one_code, other, rows=rows)
    yield _held(other, one_code, rows=rows)


_PAIRS = (
    *_both_ways(("E10.9", "2020-01-01", None), ("E11.9", "2021-01-01", None), 1),
    *_both_ways(("E10.9", "2020-01-01", "2021-01-01"), ("E11.9", "2021-01-01", None), 1),
    *_both_ways(("E10.9", "2020-01-01", "2020-12-31"), ("E11.9", "2021-01-01", None), 0),
    *_both_ways(("E11.9", "2020-01-01", "2021-01-01"), ("E10.9", "2021-01-01", None), 1),
    *_both_ways(("E11.9", "2020-01-01", "2020-12-31"), ("E10.9", "2021-01-01", None), 0),
    *_both_ways(("E11.22", "2020-01-01", None), ("E10.9", "2020-01-01", "2021-01-01"), 0),
    *_both_ways(("E11.22", "2020-01-01", None), ("E10.9", "2020-01-01", None), 1),
    *_both_ways(("E11.22", "2020-01-01", "2021-01-01"), ("E10.9", "2020-01-01", "2021-01-01"), 1),
    *_both_ways(("E11.22", "2020-01-01", "2021-01-01"), ("E10.9", "2020-01-01", None), 1),
    *_both_ways(("N18.4", "2020-01-01", None), ("N18.31", "2020-01-01", "2021-01-01"), 0),
    *_both_ways(("N18.31", "2020-01-01", None), ("N18.4", "2020-01-01", "2021-01-01"), 0),
    *_both_ways(("N18.4", "2020-01-01", None), ("N18.31", "2020-01-01", None), 1),
    *_both_ways(("N18.4", "2020-01-01", "2021-01-01"), ("N18.31", "2020-01-01", "2021-01-01"), 1),
    *_both_ways(("I10", "2020-01-01", None), ("J45.20", "2020-01-01", None), 0),
    Arm(_TOGETHER, (*_held(("N18.4", "2020-01-01", None), ("N18.31", "2020-01-01", None),
                           rows=0).sql,
                    "UPDATE patients SET death_date = DATE '2025-06-01' WHERE person_id = 101"), 0),
)  # fmt: skip

_ONE = first("condition_id", "conditions")
_ALONE = f"DELETE FROM conditions WHERE condition_id <> {_ONE}"


def _aged(code: str, years: int, extra: str, rows: int) -> Arm:
    """Let the only condition begin at an age."""
    return Arm(_AGE, (_ALONE, f"UPDATE conditions SET code = '{code}', onset_date = (SELECT "
        f"p.birth_date + INTERVAL {years} YEAR {extra} FROM patients AS p "
        "WHERE p.person_id = conditions.person_id)"), rows)  # fmt: skip


def _valid(table: str, code: str, last: str, rows: int) -> Arm:
    parent, day = {"encounter_diagnoses": ("encounters", "end_at"),
                   "claim_diagnoses": ("claims", "through_date")}[table]  # fmt: skip
    key = parent.removesuffix("s") + "_id"
    mine = first(key, parent)
    return Arm(f"{_DAY}{table}.code", (
        f"DELETE FROM {table} WHERE {key} <> {mine} OR sequence > 1",
        f"UPDATE {table} SET code = '{code}'",
        f"UPDATE {parent} SET {day} = DATE '{last}' WHERE {key} = {mine}"), rows)  # fmt: skip


_OF_CODES = (
    _aged("A18.14", 15, "", 0), _aged("A18.14", 15, "- INTERVAL 1 DAY", 1),
    _aged("A48.51", 18, "- INTERVAL 1 DAY", 0), _aged("A48.51", 18, "", 1),
    *(Arm(_SEX, (_ALONE, f"UPDATE conditions SET code = '{code}'",
                 f"UPDATE patients SET gender = '{sex}'"), rows)
      for code, sex, rows in (("N40.0", "M", 0), ("N40.0", "F", 1), ("O80", "F", 0),
                              ("O80", "M", 1), ("I10", "M", 0), ("I10", "F", 0))),
    *(_valid(table, "A04.71", last, rows)
      for table in ("encounter_diagnoses", "claim_diagnoses")
      for last, rows in (("2017-10-01", 0), ("2017-09-30", 1))),
    breaks("no code twice for one person", one(
        "conditions", "code = 'M17.11', abatement_date = NULL",
        "code <> 'M17.11' AND person_id = 101")),
    keeps("no code twice for one person", one(
        "conditions", "code = 'M17.11', abatement_date = DATE '2025-06-01'",
        "code <> 'M17.11' AND person_id = 101")),
    breaks("no code twice in one encounter", "INSERT INTO encounter_diagnoses SELECT * REPLACE "
           "(99 AS sequence) FROM encounter_diagnoses WHERE rowid = 0"),
    breaks("a known code lab_results.loinc", one("lab_results", "loinc = '0-0'")),
    keeps("a known code lab_results.loinc", one("lab_results", "loinc = '0-0'"),
          "INSERT INTO temp.unlisted VALUES ('0-0')"),
    breaks("a known code conditions.code", one("conditions", "code = 'X99.Z'")),
    keeps("a known code conditions.code", one("conditions", "code = 'X99.Z'"),
          "INSERT INTO temp.unlisted VALUES ('X99.Z')"),
    keeps("a known code encounters.drg", one("encounters", "drg = NULL", "drg IS NOT NULL")),
)  # fmt: skip

OF_IDENTITY = (*_NUMBERS, *_NPIS, *_SHARED, *_PAIRS, *_OF_CODES)
