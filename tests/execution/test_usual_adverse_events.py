"""Usual adverse events of classes of treatment: by arm, as often and as bad as the table says."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from execution.running import Document, event, journey, listed, run, within_three_errors
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.medicine.adverse_events import usual_events
from healthsim.tables import Columns

CHEMO = "cytotoxic chemotherapy"
TRIAL = {"id": "T-1", "phase": "3", "arms": {"drug": 1, "control": 1}}


def people(count: int) -> Document:
    return {"kind": "profile", "name": "candidates", "count": count, "seed": 8,
            "as_of": "2025-01-01", "products": ["patientsim", "trialsim"],
            "demographics": {"age": {"type": "uniform", "low": 30, "high": 70}},
            "clinical": {"primary": {"code": "C18.7"}}}  # fmt: skip


def trial(**details: Any) -> Document:
    screened, drawn = event("screened", "screening"), event("drawn", "randomization", 1)
    usual = event("safety", "usual_adverse_events", {"after": "drawn"}, **details)
    return journey(screened, drawn, usual, trial=TRIAL, duration_days=200)


TERMS = ["Nausea", "Stomatitis", "Alopecia", "Headache", "Nasopharyngitis", "Diarrhea",
         "Neutrophil count decreased", "Febrile neutropenia"]  # fmt: skip
BY_ARM = {"classes": {"drug": CHEMO}, "within_days": 168, "terms": TERMS}


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return run(people(200), trial(**BY_ARM))


def counted(tables: dict[str, Columns]) -> dict[tuple[str, str], int]:
    """Return how many subjects had a term, by arm and term."""
    arm = dict(listed(tables["subjects"], "person_id", "arm"))
    found: dict[tuple[str, str], int] = {}
    for who, term in set(listed(tables["adverse_events"], "person_id", "term")):
        found[arm[who], term] = found.get((arm[who], term), 0) + 1
    return found


@pytest.mark.slow
def test_terms_come_as_often_in_each_arm_as_their_class_says(tables: dict[str, Columns]) -> None:
    found, usual = counted(tables), usual_events(CHEMO)
    of = Counter(arm for (arm,) in listed(tables["subjects"], "arm"))
    placebo = usual_events("placebo")

    assert {term for _, term in found} == set(TERMS)
    for term in TERMS[:6]:
        expected = {"drug": usual[term].share,
                    "control": placebo[term].share if term in placebo else 0}  # fmt: skip
        for arm, share in expected.items():
            assert within_three_errors(found.get((arm, term), 0), of[arm], share), (arm, term)


@pytest.mark.slow
def test_grades_are_those_of_the_class_and_counts_follow_them(tables: dict[str, Columns]) -> None:
    rows = listed(tables["adverse_events"], "term", "grade", "serious", "stay_encounter_id")
    nausea = [grade for term, grade, *_ in rows if term == "Nausea"]
    graded = {(term, grade) for term, grade in
              listed(tables["result_grades"], "term", "grade")}  # fmt: skip

    assert within_three_errors(nausea.count(1), len(nausea), 0.61)
    assert {("Neutrophil count decreased", grade) for grade in (1, 2, 3, 4)} <= graded
    stays = {key for (key,) in listed(tables["encounters"], "encounter_id")}
    assert all((stay in stays) == serious for *_, serious, stay in rows)
    fever = [serious for term, _, serious, _ in rows if term == "Febrile neutropenia"]
    assert all(fever)


def test_one_class_for_all_keeps_to_the_terms_and_the_sex_that_are_stated() -> None:
    terms = ["Vulvovaginal candidiasis", "Balanitis"]
    usual = trial(classes="sglt2 inhibitor", within_days=2000, terms=terms)
    usual["duration_days"] = 2100
    tables = run(people(150), usual)
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    found = {(term, gender[who]) for who, term in
             listed(tables["adverse_events"], "person_id", "term")}  # fmt: skip

    assert found == {("Vulvovaginal candidiasis", "F"), ("Balanitis", "M")}


@pytest.mark.slow
def test_a_class_brings_most_of_its_terms_where_none_are_named() -> None:
    found = run(people(100), trial(classes={"drug": CHEMO}, within_days=168))["adverse_events"]

    assert len({term for (term,) in listed(found, "term")}) >= 30


@pytest.mark.slow
def test_a_term_that_is_left_out_does_not_happen_and_others_do() -> None:
    all_of, some = (
        {term for (term,) in listed(run(people(50), made)["adverse_events"], "term")}
        for made in (trial(classes="placebo"), trial(classes="placebo", without=["Headache"]))
    )

    assert len(all_of) > 6
    assert all_of - some == {"Headache"}
    assert some < all_of


@pytest.mark.slow
def test_another_class_in_one_arm_leaves_the_other_arm_as_it_is(tables: dict[str, Columns]) -> None:
    two = run(people(16), trial(classes={"drug": "statin"}, within_days=168))
    control = {who for who, arm in listed(two["subjects"], "person_id", "arm") if arm == "control"}
    columns = ("person_id", "term", "start_date", "grade")
    first, second = ([row for row in listed(found["adverse_events"], *columns) if row[0] in control]
                     for found in (tables, two))  # fmt: skip

    second = [row for row in second if row[1] in TERMS]
    assert first == second != []


@pytest.mark.slow
@pytest.mark.parametrize(("details", "where", "told"), [
    ({"classes": "cytotoxic"}, "details.classes", "cytotoxic chemotherapy"),
    ({"classes": {"drugs": "statin"}}, "details.classes.drugs", "did you mean 'drug'"),
    ({"classes": {"drug": "statins"}}, "details.classes.drug", "statin"),
    ({"terms": ["Headaches"]}, "details.terms[0]", "Headache"),
    ({"without": ["Alopecia"]}, "details.without[0]", "Alopecia"),
])  # fmt: skip
def test_unknown_classes_arms_and_terms_are_refused(
    details: Document, where: str, told: str
) -> None:
    with pytest.raises(SpecError) as refused:
        prepare(people(4), [trial(**details)])
    assert any(where in str(one) and told in str(one) for one in refused.value.problems)
