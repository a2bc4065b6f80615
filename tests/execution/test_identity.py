"""Promise 6: identifiers that can belong to nobody, and that agree with each other."""

from __future__ import annotations

import re

import pytest

from execution.families import family
from execution.running import diabetic, first_year, listed, run
from healthsim.products.populationsim.reference import geography
from healthsim.tables import Coded, Columns

SHAPES = (
    ("patients", "ssn", r"9\d\d-(0[1-9]|[1-4]\d)-\d{4}"),
    ("patients", "mrn", r"MRN\d{10}"),
    ("patients", "phone", r"\d{3}-555-01\d\d"),
    ("patients", "email", r"[a-z0-9.]+@example\.com"),
    ("patients", "zip", r"\d{5}"),
    ("patients", "county_fips", r"\d{5}"),
    ("patients", "middle_name", r"[A-Z]"),
    ("members", "member_number", r"\dS[0-9A-Z]\d[A-Z][0-9A-Z]\d[A-Z]{2}\d\d"),
    ("rx_members", "bin", "999999"),
    ("fills", "ndc", r"\d{11}"),
)
LUHN_OF_THE_PREFIX = 24  # 80840 before an NPI adds 24: CMS, check digit of the NPI


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return run(diabetic(count=1500), first_year())


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "shape"), SHAPES)
def test_identifiers_have_their_shape(
    table: str, column: str, shape: str, tables: dict[str, Columns]
) -> None:
    found = [_text(value) for (value,) in listed(tables[table], column) if value is not None]

    assert found
    assert all(re.fullmatch(shape, value) for value in found), found[:3]


@pytest.mark.parametrize(("table", "column"), [("patients", "ssn"), ("patients", "mrn"),
                                               ("patients", "email"),
                                               ("members", "member_number")])  # fmt: skip
def test_no_identifier_repeats(table: str, column: str, tables: dict[str, Columns]) -> None:
    found = listed(tables[table], column)

    assert len(set(found)) == len(found)


def test_no_serial_of_a_social_security_number_is_all_zeros(tables: dict[str, Columns]) -> None:
    for (ssn,) in listed(tables["patients"], "ssn"):
        assert not _text(ssn).endswith("-0000")


def test_one_person_has_one_number_in_every_product(tables: dict[str, Columns]) -> None:
    people = [
        listed(tables[name], "person_id", "ssn") for name in ("patients", "members", "rx_members")
    ]

    assert people[0] == people[1] == people[2]


def test_people_are_numbered_by_unit_and_place(tables: dict[str, Columns]) -> None:
    assert listed(tables["patients"], "person_id") == [(unit * 100 + 1,) for unit in range(1, 1501)]


@pytest.mark.parametrize(("table", "column"), [("providers", "npi"), ("pharmacies", "npi")])
def test_provider_numbers_are_valid_and_never_issued(
    table: str, column: str, tables: dict[str, Columns]
) -> None:
    for (npi,) in listed(tables[table], column):
        digits = [int(digit) for digit in str(npi)]
        doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
        assert len(digits) == 10
        assert digits[0] == 2
        assert (sum(doubled) + sum(digits[-1::-2]) + LUHN_OF_THE_PREFIX) % 10 == 0


def test_addresses_agree_with_themselves(tables: dict[str, Columns]) -> None:
    here = geography()
    for county, state, phone in listed(tables["patients"], "county_fips", "state", "phone"):
        assert here.states[here.county_state[here.county_index(county)]] == state
        assert _text(phone)[:3].isdigit()
    assert {state for (state,) in listed(tables["patients"], "state")} == {"TX", "OK"}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.fixture(scope="module")
def mixed() -> Columns:
    document = diabetic(count=4_000) | {
        "demographics": {"ethnicity": {"hispanic": 0.5, "non_hispanic": 0.5}}, "clinical": {},
        "attributes": {}, "coverage": None, "products": ["patientsim"],
    }  # fmt: skip
    return run(document)["patients"]


@pytest.mark.slow
def test_nobody_of_a_household_has_the_name_of_another() -> None:
    document = family(count=1_500)
    document["household"] = {"spouse": {"share": 0.7}, "children": {
        "number": {"type": "uniform", "low": 2, "high": 9, "decimals": 0}}}  # fmt: skip
    document["demographics"] |= {"age": {"type": "uniform", "low": 35, "high": 48}}
    rows = listed(run(document)["patients"], "person_id", "given_name")
    named = [(who // 100, name) for who, name in rows]

    assert len(named) > 8_000
    assert len(set(named)) == len(named)


def test_names_have_marks_hyphens_and_two_parts_as_groups_have_them(mixed: Columns) -> None:
    rows = listed(mixed, "given_name", "family_name", "ethnicity", "email")
    latin = [row for row in rows if row[2] == "hispanic"]
    others = [row for row in rows if row[2] != "hispanic"]

    def part(of: list[tuple[str, ...]], column: int, pattern: str) -> float:
        return sum(bool(re.search(pattern, row[column])) for row in of) / len(of)

    assert 0.15 < part(latin, 1, r"[áéíóúñÁ]") < 0.35  # of whom four in ten write marks
    assert part(others, 1, r"[áéíóúñÁ]") < 0.02
    assert 0.12 < part(latin, 1, r"^[^ -]+ [^ -]+$") < 0.22
    assert 0.005 < part(others, 1, "-") < 0.05
    assert 0.03 < part(latin, 0, " ") < 0.15
    assert part(rows, 1, r"^(De|Del|Van|St\.|O')") > 0.01
    assert all(re.fullmatch(r"[a-z0-9.]+@example\.com", row[3].decode()) for row in rows)


def test_a_spouse_may_carry_both_names_and_children_have_their_parents() -> None:
    rows = listed(run(family(count=1_500))["patients"], "person_id", "family_name")
    of = dict(rows)
    anchors = {who: of[who // 100 * 100 + 1] for who, _ in rows}
    both = [who for who, name in rows if who % 100 == 2 and name.endswith(f"-{anchors[who]}")]
    children = [of[who] == anchors[who] for who, _ in rows if who % 100 > 2]

    assert 0.01 < len(both) / sum(who % 100 == 2 for who, _ in rows) < 0.09
    assert sum(children) / len(children) > 0.9


def test_every_name_stands_once_in_its_vocabulary(mixed: Columns) -> None:
    for name in ("given_name", "family_name", "middle_name"):
        column = mixed[name]
        assert isinstance(column, Coded)
        assert len(set(column.vocabulary)) == len(column.vocabulary)
