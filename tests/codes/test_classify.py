import csv
from datetime import date
from pathlib import Path

import pytest

from healthsim.codes.classify import SYSTEMS, classify, suggest, system_of
from healthsim.errors import NotFound

JUDGED = Path(__file__).parents[1] / "data" / "codes_judged.csv"


def _judged() -> list[dict[str, str]]:
    with JUDGED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_codes_judged_by_rule_from_the_sources_are_classified_right() -> None:
    rows = _judged()
    wrong = [
        row for row in rows
        if classify(row["system"], row["code"], sex=row["sex"] or None).status != row["expected"]
    ]  # fmt: skip

    assert len(rows) >= 300
    assert {row["expected"] for row in rows} == {
        "valid", "header", "retired", "unknown", "wrong_sex", "wrong_system",
    }  # fmt: skip
    assert len(wrong) <= 0.01 * len(rows), wrong


def test_a_code_with_one_sign_replaced_finds_the_one_that_was_meant_among_five() -> None:
    rows = [row for row in _judged() if row["expected"] == "unknown" and row["meant"]]
    found = [row["meant"] in suggest(row["system"], row["code"]) for row in rows]

    assert len(rows) >= 150
    assert sum(found) >= 0.9 * len(rows)


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_every_book_answers_for_its_own_codes_and_for_others(system: str) -> None:
    assert classify(system, "no such code").status == "unknown"
    assert len(suggest(system, "E11.9")) <= 5
    assert classify(system, "").status == "unknown"


@pytest.mark.parametrize(
    ("system", "code", "first"),
    [
        ("icd10cm", "I1O", "I10"),
        ("icd10cm", "e11.9", "E11.9"),
        ("icd10cm", "E119", "E11.9"),
        ("icd10cm", "E11", "E11.9"),
        ("icd10cm", "K2l.9", "K21.9"),
        ("icd10cm", "J4S.909", "J45.909"),
        ("icd10cm", "W44.A9X", "W44.A9XA"),
        ("loinc", "4548-5", "4548-4"),
        ("hcpcs", "GO439", "G0439"),
        ("taxonomy", "207RC000OX", "207RC0000X"),
    ],
)
def test_slips_of_the_pen_are_mended_first(system: str, code: str, first: str) -> None:
    assert suggest(system, code)[0] == first


@pytest.mark.parametrize(
    ("code", "day", "status", "among"),
    [
        ("B88.0", date(2025, 9, 30), "valid", ""),
        ("B88.0", date(2025, 10, 1), "header", "B88.01"),
        ("B88.01", date(2025, 9, 30), "not_yet", "B88.0"),
        ("T40.7X1A", date(2021, 9, 30), "valid", ""),
        ("T40.7X1A", date(2021, 10, 1), "retired", "T40.711A"),
        ("T40.7X1", date(2025, 1, 1), "retired", ""),
    ],
)
def test_a_code_is_judged_by_its_day(code: str, day: date, status: str, among: str) -> None:
    verdict = classify("icd10cm", code, on=day)

    assert verdict.status == status
    assert among in (*verdict.suggestions, "")
    if status == "header":
        assert "billable until 2025-09-30" in verdict.found


def test_sex_and_age_are_judged_where_they_are_known() -> None:
    assert classify("icd10cm", "O80").status == "valid"
    assert classify("icd10cm", "O80", sex="M").status == "wrong_sex"
    assert classify("icd10cm", "O80", sex="F", age=70).status == "wrong_age"
    assert classify("icd10cm", "O80", sex="F", age=30).status == "valid"


def test_a_code_of_another_system_says_of_which() -> None:
    verdict = classify("icd10cm", "4548-4")

    assert (verdict.status, verdict.found_in) == ("wrong_system", "loinc")
    assert "LOINC" in str(verdict.problem("here"))
    assert classify("icd10cm", "99213").found_in == "cpt"
    assert classify("icd10cm", "0SRD0J9").found_in == "icd10pcs"
    assert classify("loinc", "E11.9").found_in == "icd10cm"


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(NotFound, match="did you mean 'icd10cm'"):
        system_of("icd10c")
