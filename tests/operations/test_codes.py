from __future__ import annotations

import pytest

from healthsim.errors import HealthSimError
from healthsim.operations import codes
from healthsim.operations.codes import (
    CodeQuery,
    QueryDefaults,
    judge,
    judge_all,
    look,
    read_codes,
    related_codes,
)


@pytest.mark.parametrize(
    ("code", "system", "status"),
    [
        ("E11.9", "icd10cm", "valid"),
        ("E119", "icd10cm", "valid"),
        ("E11", "icd10cm", "header"),
        ("4548-4", "loinc", "valid"),
        ("4548-5", "loinc", "unknown"),
        ("G0439", "hcpcs", "valid"),
        ("207RC0000X", "taxonomy", "valid"),
        ("861007", "rxnorm", "valid"),
        ("99213", "cpt", "valid"),
        ("Z99.ZZ", "icd10cm", "unknown"),
        ("E11.90", "icd10cm", "unknown"),
        ("J18.85", "icd10cm", "unknown"),
        ("A04.25", "icd10cm", "unknown"),
        ("G04.38", "icd10cm", "unknown"),
        ("0.02", "icd10cm", "unknown"),
        ("1.11", "icd10cm", "unknown"),
        ("E1190", "hcpcs", "valid"),
        ("E1165", "icd10cm", "valid"),
        ("J1884", "hcpcs", "unknown"),
        ("99999-8888-77", "ndc", "unknown"),
        ("\ud800", "icd10cm", "unknown"),
    ],
)
def test_a_code_of_no_named_system_is_asked_of_the_one_it_seems_to_be_of(
    code: str, system: str, status: str
) -> None:
    verdict = judge(code)

    assert (verdict.system, verdict.status) == (system, status)


def test_a_file_says_system_sex_age_and_day_where_it_does_and_the_command_elsewhere() -> None:
    text = "code,sex,age,on\nC61,F,,\nE11.9,,,2020-01-01\n"

    asked = read_codes("codes.csv", text, QueryDefaults(system="icd10cm", sex="M", age=60))

    assert [(one.sex, one.age) for one in asked] == [("F", 60), ("M", 60)]
    assert [verdict.status for verdict in judge_all(asked)] == ["wrong_sex", "valid"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: has no column code but nothing"),
        ("codes\nE11\n", "line 1: has no column code but codes"),
        ("code,gender\nE11,F\n", "line 1: has a column 'gender', which is not known"),
        ("code,sex\nE11\n", "line 2: has 1 fields, the header 2"),
        ("code,sex\nE11,X\n", "line 2: sex is 'X'; write M or F"),
        ("code,age\nE11,old\n", "line 2: age is 'old'"),
        ("code,on\nE11,1/2/26\n", "line 2: day is '1/2/26'; write it as 2026-01-31"),
        ("code,system\nE11,icd11\n", "line 2: there is no code system 'icd11'"),
        ("code,sex\n\n,F\n", "line 3: has no code"),
        ("code,sytem\nE11,icd10cm\n", "line 1: has a column 'sytem'.*; call it 'system'"),
        ('code\n"E11\n', "is no CSV"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(HealthSimError, match=said):
        read_codes("codes.csv", text, QueryDefaults())


def test_thousands_of_codes_are_judged_in_their_order_each_once() -> None:
    asked = [CodeQuery("E11.9"), CodeQuery("E11"), CodeQuery("I1O")] * 2_000

    found = [verdict.status for verdict in judge_all(asked)]

    assert found == ["valid", "header", "unknown"] * 2_000


@pytest.mark.slow
def test_a_code_that_no_book_holds_is_answered_with_those_likely_meant() -> None:
    found = look("I1O")

    assert [row[1] for row in found.rows] == ["I10"]
    assert "did you mean 'I10'?" in found.note


def test_an_invented_diagnosis_is_answered_with_diagnoses_and_nothing_of_other_books() -> None:
    found = look("E11.90", limit=5)

    assert found.rows[0][:2] == ["icd10cm", "E11.9"]
    assert {row[0] for row in found.rows} == {"icd10cm"}
    assert found.note.startswith("ICD-10-CM has no code 'E11.90' here; did you mean 'E11.9'")


def test_a_question_that_is_none_for_its_length_is_refused() -> None:
    with pytest.raises(HealthSimError, match="has 1,000,000 characters"):
        look("a " * 500_000)


def test_a_cpt_number_is_answered_by_its_form_alone() -> None:
    found = look("99213")

    assert found.rows == [["cpt", "99213", "", "by its form; no CPT list is imported"]]


def test_a_header_is_answered_with_what_is_below_it_and_that_it_is_one() -> None:
    found = look("E11", "icd10cm")

    assert found.note.startswith("E11 (Type 2 diabetes mellitus) is not billable")
    assert all(row[1].startswith("E11.") for row in found.rows)


@pytest.mark.parametrize("query", ["goes with E11", "What goes with e119?", "go with diabetes"])
def test_labs_and_drugs_of_a_condition_are_answered(query: str) -> None:
    found = look(query, limit=50)
    codes_of = {kind: [row[2] for row in found.rows if row[0] == kind] for kind in ("lab", "drug")}

    assert "4548-4" in codes_of["lab"]
    assert any(drug.startswith("metformin") for drug in codes_of["drug"])
    assert all(row[3] for row in found.rows)


def test_few_rows_of_what_goes_with_a_condition_hold_some_of_every_kind() -> None:
    found = look("goes with E11", limit=8)

    assert len({row[0] for row in found.rows}) == len({row[0] for row in related_codes("E11").rows})
    assert "raise limit for more" in found.note


@pytest.mark.parametrize("query", ["goes with Q99.9", "goes with E1I.9", "goes with xyzzyx"])
def test_a_condition_with_which_no_code_is_linked_is_refused(query: str) -> None:
    with pytest.raises(HealthSimError, match=r"no code is linked|did you mean|use other or fewer"):
        codes.look(query)


def test_columns_of_ones_own_and_blank_rows_are_passed_over() -> None:
    text = "claim,code,note,sex\nA1,C61,old,F\n,,,\n \nA2,E11.9,,\n"

    assert read_codes("codes.csv", text, QueryDefaults()) == [
        CodeQuery("C61", sex="F"), CodeQuery("E11.9")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "kind", "number"),
    [
        ("emergency department visit", "emergency", "99284"),
        ("office visit", "office", "99213"),
        ("hospital admission", "inpatient", "99223"),
        ("telehealth visit", "telehealth", "99212"),
    ],
)
def test_a_kind_of_visit_is_answered_with_the_numbers_that_templates_bill(
    query: str, kind: str, number: str
) -> None:
    said = codes.look(query).note

    assert said.startswith(f"a visit of class {kind} is billed with a CPT number")
    assert number in said


@pytest.mark.parametrize("query", ["a1c", "heart attack", "metformin"])
def test_a_search_that_is_not_for_a_visit_names_no_visit_numbers(query: str) -> None:
    assert "CPT" not in codes.look(query).note
