"""What coders add to a visit's codes, their order, and what needs no indicator of admission."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.errors import SpecError
from healthsim.medicine import coding
from healthsim.medicine.coding import (
    in_coding_order,
    is_exempt_from_poa,
    long_term_drugs,
    order_rules,
    with_partners,
)
from healthsim.medicine.datafiles import rows
from healthsim.medicine.obstetrics import Stage, coded_in_pregnancy, form_of, in_trimester


@pytest.mark.parametrize(
    ("stated", "held", "coded"),
    [
        ("I50.23", "I11.0 I50.23 E78.5", "I11.0 I50.23"),
        ("I50.22", "I13.0 I50.22 N18.4 E11.22", "I13.0 I50.22 E11.22 N18.4"),
        ("N18.4", "I12.9 N18.4 E78.5", "I12.9 N18.4"),
        ("D63.1", "D63.1 N18.5", "N18.5 D63.1"),
        ("F02.80 G30.9", "F02.80 G30.9", "G30.9 F02.80"),
        ("R65.20 A41.9", "", "A41.9 R65.20"),
        ("J18.9", "I11.0 I50.22", "J18.9"),
        ("C18.7 Z51.11", "C18.7", "Z51.11 C18.7"),
    ],
)
def test_causes_stand_before_what_they_cause(stated: str, held: str, coded: str) -> None:
    partners = with_partners(tuple(stated.split()), tuple(held.split()))
    assert in_coding_order(partners) == tuple(coded.split())


def test_rules_of_order_do_not_contradict_each_other() -> None:
    rules = order_rules()
    both = {(one.first, one.then) for one in rules}
    assert not [pair for pair in both if pair[::-1] in both]
    for one, other in pairwise(rules):
        codes = (one.then, other.then, one.first, other.first)
        assert in_coding_order(in_coding_order(codes)) == in_coding_order(codes)


def test_every_code_of_a_long_term_drug_exists_and_knows_its_drugs() -> None:
    insulin = next(rule for rule in long_term_drugs() if rule.code == "Z79.4")

    basal = next(drug for drug in drugs().rows.values() if drug.drug_class == "basal insulin")

    assert insulin.is_of(basal.ingredient, basal.display)
    assert not insulin.is_of("metformin", "metformin 500 mg tablet")
    assert all(rule.code in icd10cm() for rule in long_term_drugs())


@pytest.mark.parametrize(
    ("file", "row", "found"),
    [
        ("_ORDER", {"first": "A", "then": "B", "add": "always"}, "is 'always'"),
        ("_DRUGS", {"code": "Z79.4", "drugs": "insulin pump", "with": "E11"}, "'insulin pump'"),
        ("_DRUGS", {"code": "Z79.444", "drugs": "metformin", "with": "E11"}, "'Z79.444'"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(
    file: str, row: dict[str, str], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coding, "rows", lambda _: (row,))
    read = {"_ORDER": order_rules, "_DRUGS": long_term_drugs}[file]
    with pytest.raises(SpecError, match="line 2") as refused:
        read.__wrapped__()
    assert found in str(refused.value)


@pytest.mark.parametrize(
    ("code", "exempt"),
    [
        ("Z37.0", True), ("O80", True), ("O82", False), ("I25.2", True), ("I21.4", False),
        ("E11.9", False), ("S72.001A", False), ("S72.001D", True), ("S52.501R", True),
        ("S52.501B", False), ("M80.00XS", True), ("Q21.0", True), ("Z79.4", True),
    ],
)  # fmt: skip
def test_some_codes_need_no_indicator_of_admission(code: str, exempt: bool) -> None:
    assert is_exempt_from_poa(code) is exempt


@pytest.mark.slow
def test_every_row_of_the_exempt_names_codes_that_exist() -> None:
    for row in rows("poa_exempt.csv"):
        assert icd10cm().begins(row["prefix"]), row


def test_every_form_of_a_complication_is_a_code_of_the_same_condition() -> None:
    book = icd10cm()
    for row in rows("childbirth_codes.csv"):
        birth, after = book.row(row["birth"]).display, book.row(row["after"]).display
        assert "childbirth" in birth, row
        assert "puerperium" in after, row


@pytest.mark.parametrize(
    ("stated", "held", "stage", "days", "coded"),
    [
        ("O80 Z37.0 Z3A.39", "", Stage.BIRTH, 287, "O80 Z37.0 Z3A.41"),
        ("O80 Z37.0", "O10.019", Stage.BIRTH, 275, "O10.02 Z37.0 Z3A.39"),
        ("O82 Z37.0", "", Stage.BIRTH, -1, "O82 Z37.0"),
        ("O82 O34.211 Z37.0", "Z34.93", Stage.BIRTH, 275, "O34.211 Z37.0 Z3A.39"),
        ("Z34.91", "O24.410", Stage.BEFORE, 200, "O24.410 Z3A.28"),
        ("O09.91 Z36.3", "", Stage.BEFORE, 140, "O09.92 Z3A.20 Z36.3"),
        ("Z34.90", "", Stage.BEFORE, 210, "Z34.93"),
        ("Z39.2", "O24.410", Stage.AFTER, -1, "Z39.2"),
        ("O13.3 Z39.2", "", Stage.AFTER, -1, "O13.5 Z39.2"),
        ("E11.9 O24.111", "", Stage.BEFORE, 250, "O24.113 Z3A.35 E11.9"),
        ("J06.9", "O24.410", Stage.BEFORE, 200, "J06.9"),
    ],
)
def test_pregnancies_are_coded_by_stage_and_week(
    stated: str, held: str, stage: Stage, days: int, coded: str
) -> None:
    found = coded_in_pregnancy(tuple(stated.split()), tuple(held.split()), stage, days)
    assert found == tuple(coded.split())


def test_supervision_is_over_with_the_birth_and_trimesters_turn_on_their_days() -> None:
    assert form_of("Z34.93", Stage.BIRTH) == ""
    assert form_of("O90.6", Stage.AFTER) == "O90.6"
    assert [in_trimester("O09.90", day) for day in (97, 98, 195, 196)] == [
        "O09.91", "O09.92", "O09.92", "O09.93",
    ]  # fmt: skip
    assert [in_trimester(code, 230) for code in ("N18.30", "O60.14X0")] == ["N18.30", "O60.14X0"]


def test_the_folder_says_what_each_table_holds() -> None:
    folder = Path(coding.__file__).parent / "data"
    words = (folder / "README.md").read_text()
    mine = ("problem_list", "code_order", "long_term_drugs", "poa_exempt", "childbirth_codes")
    assert [name for name in mine if f"{name}.csv" not in words] == []
