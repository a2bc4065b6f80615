import re
from collections import Counter

import pytest

from healthsim.codes.search import remarks, search
from healthsim.codes.search_books import SOURCES, book_name
from healthsim.codes.search_terms import lay_words, query_terms
from healthsim.codes.search_text import book_text
from healthsim.errors import NotFound


def _codes(query: str, *systems: str, limit: int = 5) -> list[str]:
    return [hit.code for hit in search(query, systems, limit).hits]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("heart attack", "I21.9"),
        ("heart attacks", "I21.9"),
        ("old heart attack", "I25.2"),
        ("high blood pressure", "I10"),
        ("htn", "I10"),
        ("a1c", "4548-4"),
        ("HbA1c", "4548-4"),
        ("COPD", "J44.9"),
        ("flu shot", "140"),
        ("type 2 diabetes", "E11.9"),
        ("diabetic neuropathy type 2", "E11.40"),
        ("kidney failure", "N18.6"),
        ("UTI", "N39.0"),
        ("annual wellness visit", "G0439"),
        ("blood pressure", "8480-6"),
        ("heart doctor", "cardiology"),
        ("er", "23"),
        ("atorvastatin 40", "atorvastatin 40 mg tablet"),
        ("knee replacement", "470"),
    ],
)
def test_lay_words_lead_to_the_code(said: str, code: str) -> None:
    assert code in _codes(said)[:3]


def test_the_order_of_words_and_their_endings_do_not_matter() -> None:
    assert _codes("kidney disease chronic stage 4") == _codes("Stage 4 chronic kidney diseases")


def test_a_code_is_found_with_and_without_its_dot_and_by_its_beginning() -> None:
    assert _codes("E11.9") == ["E11.9"]
    assert _codes("e119")[0] == "E11.9"
    assert all(code.startswith("E11.6") for code in _codes("E11.6"))
    assert _codes("4548-4") == ["4548-4"]


def test_the_code_itself_comes_before_those_that_begin_with_it() -> None:
    assert _codes("10", "cvx")[0] == "10"


@pytest.mark.parametrize("said", ["metformin", "semaglutide", "albuterol inhaler"])
def test_a_drug_is_listed_once_with_its_numbers_in_its_note(said: str) -> None:
    hits = search(said, limit=50).hits
    names = Counter(hit.display for hit in hits)

    assert [name for name, times in names.items() if times > 1] == []
    assert all("NDC" in hit.note for hit in hits if hit.system == "drug")
    assert _codes(said, "ndc")


def test_a_drug_is_found_by_ingredient_class_and_number() -> None:
    number = _codes("861007", "drug")

    assert number == ["metformin 500 mg tablet"]
    assert _codes("metformin 500 mg tablet", "rxnorm")[0] == "861007"
    assert number[0] in _codes("metformin", "drug")
    assert _codes("statin", "drug")


def test_one_book_is_searched_where_one_is_named() -> None:
    assert {hit.system for hit in search("diabetes", ["drg"]).hits} == {"drg"}


def test_words_that_no_text_contains_are_named() -> None:
    found = search("xyzzy asthma")

    assert found.unmatched == ("xyzzy",)
    assert found.hits[0].code == "J45.909"
    assert any("xyzzy" in remark for remark in remarks(found))


def test_what_is_left_out_is_counted() -> None:
    found = search("diabetes", ["icd10cm"], limit=3)

    assert len(found.hits) == 3
    assert found.totals["icd10cm"] > 50
    assert re.search(r"the best 3 of icd10cm \d+", remarks(found)[-1])


@pytest.mark.parametrize("query", ["", "  ", "??", "xyzzyx"])
def test_a_search_that_finds_nothing_says_how_to_mend_it(query: str) -> None:
    with pytest.raises(NotFound, match=r"give words|use other or fewer words"):
        search(query)


def test_an_unknown_book_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'loinc'"):
        book_name("loincs")


@pytest.mark.slow
@pytest.mark.parametrize("system", SOURCES)
def test_every_code_of_every_book_finds_itself(system: str) -> None:
    book = SOURCES[system].book()
    for code in book.codes[:: max(1, len(book) // 20)]:
        assert code in _codes(code, system, limit=400), code


def test_lay_words_lead_to_something() -> None:
    found = {words: query_terms(words.split()) for words in lay_words()}

    assert all(terms[0].meant or len(terms[0].wordings) > 1 for terms in found.values())


def test_every_code_that_lay_words_point_to_is_in_its_book() -> None:
    pointed = {point for lay in lay_words().values() for point in lay.meant}
    absent = [(system, code) for system, code in pointed if not book_text(system).below(code)]

    assert len(pointed) > 100
    assert absent == []


@pytest.mark.parametrize(
    ("brand", "drug"),
    [("ozempic", "semaglutide"), ("Lipitor", "atorvastatin"), ("eliquis", "apixaban"),
     ("lantus", "insulin glargine"), ("toprol", "metoprolol succinate")],
)  # fmt: skip
def test_a_brand_leads_to_our_name_of_the_drug(brand: str, drug: str) -> None:
    hit = search(brand, limit=1).hits[0]

    assert hit.system == "drug"
    assert hit.code.startswith(drug)


@pytest.mark.parametrize(
    ("said", "begun"),
    [("appendectomy", "0DTJ"), ("hysterectomy", "0UT9"), ("thyroidectomy", "0GTK"),
     ("c-section", "10D00Z")],
)  # fmt: skip
def test_an_operation_by_its_name_finds_inpatient_codes_though_no_book_is_named(
    said: str, begun: str
) -> None:
    found = search(said, limit=40)

    assert found.totals["icd10pcs"] > 0
    assert any(h.system == "icd10pcs" and h.code.startswith(begun) for h in found.hits)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("wheelchair", {"hcpcs": "E0950", "icd10cm": "Z99.3"}),
        ("insulin pump", {"hcpcs": "S9145", "icd10cm": "T85.633A"}),
        ("knee replacement", {"drg": "470", "icd10cm": "Z96.659"}),
    ],
)
def test_of_several_books_the_best_codes_of_each_are_seen(query: str, best: dict[str, str]) -> None:
    hits = search(query, limit=8).hits

    assert len(hits) == 8
    for book, code in best.items():
        assert next(hit.code for hit in hits if hit.system == book) == code
