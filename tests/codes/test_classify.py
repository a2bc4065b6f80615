import csv
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from healthsim.codes.classify import SYSTEMS, CodeVerdict, classify, suggest, system_of
from healthsim.errors import NotFound, Refused

JUDGED = Path(__file__).parents[1] / "data" / "codes_judged.csv"


@cache
def _judged() -> tuple[tuple[dict[str, str], CodeVerdict], ...]:
    """Return the rows of the table, each with the verdict about its code."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        return tuple(
            (row, classify(row["system"], row["code"], sex=row["sex"] or None))
            for row in csv.DictReader(file)
        )


@pytest.mark.slow
def test_codes_judged_by_rule_from_the_sources_are_classified_right() -> None:
    rows = _judged()
    wrong = [row for row, verdict in rows if verdict.status != row["expected"]]

    assert len(rows) >= 300
    assert {row["expected"] for row, _ in rows} == {
        "valid", "header", "retired", "unknown", "wrong_sex", "wrong_system",
    }  # fmt: skip
    assert len(wrong) <= 0.01 * len(rows), wrong


@pytest.mark.slow
def test_a_code_with_one_sign_replaced_finds_the_one_that_was_meant_among_five() -> None:
    found = [row["meant"] in verdict.suggestions for row, verdict in _judged()
             if row["expected"] == "unknown" and row["meant"]]  # fmt: skip

    assert len(found) >= 150
    assert sum(found) >= 0.9 * len(found)


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
        ("icd10cm", "I10.0", "I10"),
        ("icd10cm", "I100", "I10"),
        ("icd10cm", "C61.0", "C61"),
        ("icd10cm", "E11.90", "E11.9"),
        ("icd10cm", "E11.9XX", "E11.9"),
        ("cvx", "8", "08"),
        ("drg", "14", "014"),
        ("drg", "23", "023"),
        ("pos", "2", "02"),
        ("revenue", "450", "0450"),
    ],
)
def test_small_typing_errors_are_corrected_first(system: str, code: str, first: str) -> None:
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


def test_a_code_of_another_system_is_named_with_that_system() -> None:
    verdict = classify("icd10cm", "4548-4")

    assert (verdict.status, verdict.found_in) == ("wrong_system", "loinc")
    assert "LOINC" in str(verdict.problem("here"))
    assert classify("icd10cm", "99213").found_in == "cpt"
    assert classify("icd10cm", "0SRD0J9").found_in == "icd10pcs"
    assert classify("loinc", "E11.9").found_in == "icd10cm"


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(NotFound, match="did you mean 'icd10cm'"):
        system_of("icd10c")


@pytest.mark.parametrize(("said", "status"), [("f", "wrong_sex"), ("Female", "wrong_sex"),
                                              ("male", "valid"), ("", "valid")])  # fmt: skip
def test_a_sex_is_understood_in_words(said: str, status: str) -> None:
    assert classify("icd10cm", "C61", sex=said).status == status


@pytest.mark.parametrize(
    "whose", [{"sex": "X"}, {"sex": "fem"}, {"age": -1}, {"age": float("nan")}]
)
def test_an_invalid_sex_or_age_is_refused_and_never_ignored(whose: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="write"):
        classify("icd10cm", "C61", **whose)


@pytest.mark.parametrize("system", sorted(SYSTEMS))
@pytest.mark.parametrize("code", ["\ud800", "E11.\udcff", "E1" * 500_000, "\x00" * 9, "9" * 201])
def test_a_text_that_cannot_be_a_code_is_unknown_and_shown_shortened(
    system: str, code: str
) -> None:
    verdict = classify(system, code)

    assert verdict.status == "unknown"
    assert len(str(verdict.problem("here"))) < 400


@pytest.mark.parametrize(
    ("asked", "code", "other"),
    [
        ("icd10cm", "99999888877", "ndc"),
        ("icd10cm", "99999-8888-77", "ndc"),
        ("loinc", "9999-8888-77", "ndc"),
        ("icd10cm", "12345-5", "loinc"),
        ("hcpcs", "399ZZ9999X", "taxonomy"),
        ("hcpcs", "E11.90", "icd10cm"),
    ],
)
def test_a_code_that_no_book_holds_is_of_another_system_where_only_that_has_its_form(
    asked: str, code: str, other: str
) -> None:
    verdict = classify(asked, code)

    assert (verdict.status, verdict.found_in, verdict.code) == ("wrong_system", other, "")
    assert "has the form of one of" in verdict.found


def test_a_wrong_check_digit_and_eleven_letters_have_the_form_of_nothing() -> None:
    assert classify("icd10cm", "12345-1").status == "unknown"
    assert classify("icd10cm", "ABCDEFGHIJK").status == "unknown"


@pytest.mark.parametrize(
    ("system", "code"),
    [("hcpcs", "J18.85"), ("cvx", "1.11"), ("drg", "0-02"), ("revenue", "04.50"), ("cvx", "1 11")],
)
def test_no_system_accepts_a_dot_or_dash_that_its_codes_never_have(system: str, code: str) -> None:
    assert classify(system, code).status != "valid"


@pytest.mark.parametrize(
    ("system", "code", "written"),
    [
        ("icd10cm", "e119", "E11.9"),
        ("ndc", "00002-4815-54", "00002481554"),
        ("ndc", "0002-4815-54", "00002481554"),
        ("taxonomy", " 207rc0000x", "207RC0000X"),
        ("icd10pcs", "OSRDOJ9", "0SRD0J9"),
        ("drug", "Metformin 500 MG tablet", "metformin 500 mg tablet"),
    ],
)
def test_each_system_corrects_errors_of_its_own_form(system: str, code: str, written: str) -> None:
    verdict = classify(system, code)

    assert (verdict.status, verdict.code) == ("valid", written)


@pytest.mark.parametrize(("system", "code"), [("revenue", "45Z"), ("pos", "2"), ("discharge", "Q")])
def test_a_list_of_codes_is_named_as_a_list(system: str, code: str) -> None:
    said = str(classify(system, code).problem("here"))

    assert f"the list of {SYSTEMS[system].title.removeprefix('the list of ')}" in said
    assert "codes code" not in said
    assert "codes of the" not in said


@pytest.mark.parametrize("code", ["250.00", "401", "401.9", "V45.81", "E880.1"])
def test_a_code_of_the_older_revision_is_recognized_and_gets_no_suggestion(code: str) -> None:
    verdict = classify("icd10cm", code)
    assert (verdict.status, verdict.suggestions) == ("unknown", ())
    assert "looks like ICD-9-CM" in verdict.found
    assert "equivalence mappings" in verdict.mend


def test_a_code_that_both_revisions_have_is_that_of_the_one_in_use() -> None:
    assert classify("icd10cm", "V45.9").status == "header"
    assert classify("icd10cm", "E88.01").status == "valid"


def test_for_a_code_of_another_time_only_its_own_kind_of_that_time_is_named() -> None:
    before = classify("icd10cm", "E66.813", on=date(2023, 1, 1))
    assert before.status == "not_yet"
    assert before.suggestions[0] == "E66.8"
    assert all(code.startswith("E66.") for code in before.suggestions)
    assert classify("icd10cm", "U07.1", on=date(2020, 1, 1)).suggestions == ()
