from __future__ import annotations

from typing import Any

import pytest

from execution.running import event, journey, listed, run
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.check import check_journey
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from specification.faults import GONE, put
from storing import spec

Document = dict[str, Any]
SCREENED = event("asked", "screening")
DRAWN = event("drawn", "randomization", 14)
ARMS = {"id": "T-1", "arms": {"new": 1, "old": 1}}
RASH = {"term": "Rash", "grade": "1"}


def told(profile: Document, *journeys: Document) -> str:
    with pytest.raises(SpecError) as caught:
        prepare(profile, journeys)
    return str(caught.value)


def of_trial(*steps: Document, **changed: Any) -> Document:
    return journey(*steps, trial=ARMS | changed)


@pytest.mark.parametrize(
    ("steps", "found", "mend"),
    [
        ([DRAWN], "nobody is screened", "screening"),
        ([event("rash", "adverse_event", **RASH)], "nobody is screened", "screening"),
        ([SCREENED, event("again", "screening", 30)], "a second screening", "keep one"),
        ([SCREENED, DRAWN, event("again", "randomization", 30)], "a second randomization", "keep"),
        ([event("late", "screening", 20), DRAWN], "before step 'late'", "after 'late'"),
        ([{**DRAWN, "at": 0}, SCREENED], "before step 'asked'", "after 'asked'"),
        ([{"do": "repeat", "id": "each", "every": {"days": 9}, "times": 3, "steps": [SCREENED]}],
         "happens 3 times", "move it out"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"grade": {"6": 1}})], "'6'", "5"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"grade": 3})], "numbers", "texts"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"related": "perhaps"})], "perhaps",
         "possible"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"serious": "maybe"})], "maybe", "Y"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"serious": 1.5})], "1.5", "high 1"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"code": "R99.999"})], "R99.999", "R99"),
        ([SCREENED, event("ill", "adverse_event", **RASH | {"lasts_days": -2})], "-2", "low 0"),
        ([SCREENED, event("dose", "exposure", treatment="x", dose={"from": "mg"})], "'mg'", ""),
        ([SCREENED, event("dose", "exposure", treatment="x", dose=-5)], "-5", "low 0"),
        ([SCREENED, event("goes", "withdrawal", reasons=[
            {"reason": "bad day", "when": "happened('nothing')"}, {"reason": "other"}])],
         "no step 'nothing'", ""),
        ([SCREENED, event("goes", "withdrawal", reasons=[
            {"reason": "bad day", "when": "age > 70"}])], "no reason applies", "without a when"),
        ([SCREENED, {**event("rash", "adverse_event", **RASH), "when": "arm == 'other'"}],
         "'other' is not a value of arm", "new"),
    ],
)  # fmt: skip
def test_a_fault_of_a_trial_is_told(steps: list[Document], found: str, mend: str) -> None:
    said = told(spec("trial-candidates", count=5), of_trial(*steps))

    assert found in said
    assert mend in said


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        ("trial/block", 5, "not a multiple"),
        ("trial/strata", ["a1c"], "is a number"),
        ("trial/strata", ["age"], "is a number"),
        ("trial/strata", ["shoe_size"], "not a known name"),
        ("trial/inclusion/0/when", "agee > 18", "'agee'"),
        ("trial/exclusion/0/when", "age", "not true or false"),
        ("trial/exclusion/1/name", "Age above 80", "the same name"),
        ("trial/id", "syn 301", "trial.id"),
        ("trial", GONE, "is of a trial, and the journey has none"),
        ("phases/1/steps/1/visits/0/window", {"before": 9, "after": 12}, "overlap"),
    ],
)
def test_a_fault_of_the_example_is_told(path: str, value: object, found: str) -> None:
    assert found in told(spec("trial-candidates", count=5), put(spec("trial"), path, value))


def test_a_trial_needs_its_product_and_candidates_need_no_trial() -> None:
    without = spec("trial-candidates", count=5, products=["patientsim"])
    assert 'add "trialsim" to products' in told(without, spec("trial"))

    usual = journey(event("visit", "encounter", procedures=["99213"]))
    tables = run(spec("trial-candidates", count=5), usual)
    assert len(listed(tables["patients"])) == 5
    assert listed(tables["subjects"]) == []

    alone = spec("trial-candidates", count=5, products=["trialsim"])
    assert 'add "patientsim"' in told(alone, spec("trial"))


def test_an_arm_can_be_asked_only_where_there_is_one() -> None:
    asked = {**event("visit", "encounter", procedures=["99213"]), "when": "arm == 'new'"}
    problems = check_journey(read(JourneySpec, journey(asked)), built_in_names())
    assert any("'arm' is not a known name" in one.found for one in problems)

    first = of_trial(SCREENED, DRAWN)
    profile = spec("trial-candidates", count=5)
    assert prepare(profile, [first, journey(asked, name="usual-care")])

    other = of_trial({**SCREENED, "id": "s"}, {**DRAWN, "id": "r"}, id="T-2") | {"name": "second"}
    assert "'arm'" in told(profile, first, other, journey(asked, name="usual-care"))


def test_two_journeys_of_one_trial_say_the_same_of_it() -> None:
    first = of_trial(SCREENED, DRAWN)
    rash = event("rash", "adverse_event", 40, **RASH)
    profile = spec("trial-candidates", count=5)

    assert prepare(profile, [first, of_trial(rash) | {"name": "events"}])
    other = of_trial(rash, sites=3) | {"name": "events"}
    assert "T-1 is also the id of another journey's trial" in told(profile, first, other)
