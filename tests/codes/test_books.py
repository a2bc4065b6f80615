import csv
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

from healthsim.codes import books
from healthsim.codes.books import CodeBook, CodeEntry
from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import icd10cm
from healthsim.codes.loinc import loinc, panel, panels
from healthsim.codes.procedures import procedure_system
from healthsim.errors import NotFound

DATA = Path(books.__file__).parent / "data"
LOADERS = (
    books.hcpcs,
    books.cvx,
    books.drg,
    books.taxonomy,
    books.nucc,
    books.bill_type,
    books.carc,
    books.pos,
    books.revenue,
    books.discharge,
    icd10cm,
    loinc,
    drugs,
)


@pytest.mark.slow
@pytest.mark.parametrize("load", LOADERS)
def test_every_book_has_rows_with_words(load) -> None:
    book: CodeBook[CodeEntry] = load()

    assert len(book) > 20
    assert all(row.display.strip() for row in book.rows.values())


@pytest.mark.slow
@pytest.mark.parametrize("load", LOADERS)
def test_an_unknown_code_is_refused_with_the_nearest_ones(load) -> None:
    book: CodeBook[CodeEntry] = load()
    known = book.codes[len(book) // 2]

    with pytest.raises(NotFound) as refusal:
        book.find(known + "q", "somewhere")

    assert str(refusal.value).startswith("somewhere: ")
    assert re.search("did you mean|known:|state a billable", str(refusal.value))


KEYS = {
    "intervals": lambda line: (line[0], line[1], int(line[2])),
    "exact_codes": lambda line: (line[0], line[1]),
    "sides": lambda line: min(filter(None, line)),
}


@pytest.mark.parametrize("path", sorted(DATA.glob("*.csv")), ids=lambda path: path.stem)
def test_files_are_sorted_unique_and_plain(path: Path) -> None:
    text = path.read_bytes()
    lines = list(csv.reader(text.decode("utf-8").splitlines()))
    codes = list(map(KEYS.get(path.stem, lambda line: line[0]), lines[1:]))

    assert b"\r" not in text
    assert all(first < second for first, second in pairwise(codes))
    assert {len(line) for line in lines} == {len(lines[0])}


@pytest.mark.slow
def test_no_book_holds_a_cpt_code() -> None:
    for load in LOADERS:
        if load is books.hcpcs:
            assert all(procedure_system(code) == "HCPCS" for code in load().codes)
        assert all(procedure_system(code) != "CPT" for code in load().codes)


def test_loinc_codes_end_in_their_check_digit() -> None:
    for code in loinc().codes:
        body, check = code.split("-")
        odd, even = body[::-1][0::2], body[::-1][1::2]
        total = sum(map(int, str(int(odd) * 2) + even))
        assert (10 - total % 10) % 10 == int(check), code


def test_results_are_within_plausible_limits() -> None:
    for row in loinc().rows.values():
        if not row.unit:  # a test that finds words, such as a culture
            assert all(math.isnan(one) for one in row[4:10]), row.code
            continue
        assert row.low <= row.mean <= row.high
        assert row.sd > 0
        assert math.isnan(row.ref_low) or row.low <= row.ref_low
        assert math.isnan(row.ref_high) or row.ref_high <= row.high
        assert not row.ref_low > row.ref_high


def test_a_panel_names_its_tests_and_an_unknown_one_is_refused() -> None:
    assert {"2093-3", "2085-9", "2571-8"} <= set(panel("lipid"))
    assert set(panel("bmp")) < set(panel("cmp"))
    assert {"lipid", "bmp", "cmp", "cbc", "renal", "urine_albumin", "liver", "thyroid"} <= set(
        panels()
    )
    with pytest.raises(NotFound, match="did you mean 'lipid'"):
        panel("lipids")


def test_product_codes_have_eleven_digits_and_invented_ones_an_unused_labeler() -> None:
    rows = drugs().rows.values()

    assert all(re.fullmatch(r"\d{11}", row.ndc) for row in rows)
    assert len({row.ndc for row in rows}) == len(rows)
    assert any(row.synthetic for row in rows)
    assert {row.synthetic for row in rows if row.ndc.startswith("00000")} == {True}


def test_medicines_are_priced_dosed_and_tiered() -> None:
    for row in drugs().rows.values():
        assert row.unit_cost_usd > 0
        assert row.units_per_day > 0
        assert row.package_size > 0
        assert 1 <= row.tier <= 5
        assert row.billing_unit in {"EA", "ML", "GM"}
        assert (row.rxnorm == "") == (row.confidence == "")
        assert re.fullmatch(r"([1-9]\d{2,6})?", row.rxnorm)
        assert row.confidence in {"V", "M", ""}
        assert row.dea_schedule in {"", "2", "3", "4", "5"}
        assert row.days_supply > 0
        assert row.quantity >= row.package_size
        assert row.generic or row.tier > 1


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("denosumab 60 mg prefilled syringe", 1),
        ("insulin glargine 100 units per mL pen injector", 9),
        ("amoxicillin 400 mg per 5 mL suspension", 200),
        ("albuterol 90 mcg inhaler", 8.5),
        ("norethindrone 0.35 mg 28-day pack", 28),
    ],
)
def test_a_usual_fill_is_whole_packages(name: str, quantity: float) -> None:
    assert drugs().find(name, "drug").quantity == quantity


def test_the_drug_book_spans_what_a_payer_sees() -> None:
    rows = drugs().rows.values()
    forms = {row.form for row in rows}

    assert len(rows) > 400
    assert {"pen", "inhaler", "mL", "patch", "implant", "syringe", "drops", "cream"} <= forms
    assert {"rapid insulin", "contraceptive", "kinase inhibitor", "antiretroviral"} <= {
        row.drug_class for row in rows
    }
    assert sum(row.confidence == "V" for row in rows) > 200
    assert len({row.rxnorm for row in rows if row.rxnorm}) == sum(row.rxnorm != "" for row in rows)


def test_a_misspelt_medicine_is_refused_with_the_right_one() -> None:
    with pytest.raises(NotFound, match="'metformin 500 mg tablet'"):
        drugs().find("metformine 500 mg tablet", "details.drug")
    assert "metformin" in drugs().ingredients


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("12345", "CPT"),
        ("1234F", "CPT"),
        ("1234T", "CPT"),
        ("G0438", "HCPCS"),
        ("J1885", "HCPCS"),
        ("0SRD0J9", "ICD-10-PCS"),
        ("1234", None),
        ("W1234", None),
        ("0SRD0JI", None),
        ("12345 ", None),
        ("١٢٣٤٥", None),
        ("", None),
    ],
)
def test_procedure_codes_are_told_apart_by_shape(code: str, system: str | None) -> None:
    assert procedure_system(code) == system


def test_a_specialty_has_a_taxonomy_code_of_ten_characters() -> None:
    rows = books.taxonomy().rows.values()

    assert all(re.fullmatch(r"[0-9A-Z]{9}X", row.taxonomy) for row in rows)
    assert {row.kind for row in rows} == {"person", "organisation"}


def test_every_specialty_word_is_found_from_its_taxonomy_code() -> None:
    codes = books.nucc()

    assert all(re.fullmatch(r"[0-9A-Z]{9}X", code) for code in codes.codes)
    for word, row in books.taxonomy().rows.items():
        assert codes.find(row.taxonomy, word).specialty == word
        assert codes.find(row.taxonomy, word).kind == row.kind


def test_a_bill_type_says_where_and_which_of_several_bills() -> None:
    assert books.bill_type().display("117") == "Hospital, inpatient: replaces an earlier bill"
    assert {code[:2] for code in books.bill_type().codes if code.endswith("9")} == {"32"}
    assert all(re.fullmatch(r"[1-8][1-8][0-9]", code) for code in books.bill_type().codes)


def test_stays_have_a_weight_and_a_length() -> None:
    assert all(row.weight > 0 and row.gmlos_days > 0 for row in books.drg().rows.values())
