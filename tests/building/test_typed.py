"""Typed arguments: the model says what it understood, and the words keep their account."""

from __future__ import annotations

import time
from typing import Any

import pytest

from healthsim.building import draft, ledger, starting
from healthsim.building.draft import Draft
from healthsim.building.typed import Typed
from healthsim.errors import HealthSimError, Refused


def _start(request: str, **given: Any) -> Draft:
    return starting.start_profile(request, "", Typed(**given)).draft


def _open(spec: Draft) -> list[str]:
    return [wish.words for wish in ledger.unsettled(spec.wishes)]


def test_every_argument_is_written_to_its_place() -> None:
    new = _start(
        "", count=20, ages=[30, 40], sexes={"F": 0.6, "M": 0.4}, places={"Harris County, TX": 1},
        payer="commercial", plans={"HDHP": 1}, conditions={"asthma": 0.1, "E11.9": 1},
        drugs={"metformin 500 mg tablet": 0.2}, as_of="2024-01-01", through="2024-12-31",
    )  # fmt: skip

    assert new.profile is not None
    assert draft.problems(new) == []
    assert (new.profile["count"], new.profile["as_of"]) == (20, "2024-01-01")
    assert new.profile["through"] == "2024-12-31"
    assert new.profile["demographics"]["age"]["high"] == 40.999
    assert new.profile["demographics"]["gender"] == {"F": 0.6, "M": 0.4}
    assert new.profile["demographics"]["location"] == {"counties": {"Harris County, TX": 1}}
    assert new.profile["coverage"]["plan"] == {"HDHP": 1}
    assert {"code": "J45.20", "share": 0.1} in new.profile["clinical"]["comorbidities"]
    assert new.profile["clinical"]["primary"]["code"] == "E11.9"
    drug = {"drug": "metformin 500 mg tablet", "share": 0.2}
    assert drug in new.profile["clinical"]["medications"]


@pytest.mark.parametrize(
    ("places", "location"),
    [
        ({"Texas": 0.8, "ok": 0.2}, {"states": {"TX": 0.8, "OK": 0.2}}),
        ({"48201": 1}, {"counties": {"48201": 1}}),
        (
            {"Houston-The Woodlands-Sugar Land, TX": 1},
            {"metros": {"Houston-The Woodlands-Sugar Land, TX": 1}},
        ),
    ],
)
def test_places_are_states_counties_codes_or_metropolitan_areas(
    places: dict[str, float], location: dict[str, Any]
) -> None:
    new = _start("20 people", places=places)

    assert new.profile is not None
    assert new.profile["demographics"]["location"] == location
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    ("request_", "given", "open_words"),
    [
        (
            "300 children on Medicaid or a commercial plan in Texas",
            {"plans": {"Medicaid-MCO": 0.5, "Commercial-PPO": 0.5}},
            [],
        ),
        ("500 women, gestational diabetes 8 %", {"conditions": {"O24.419": 0.08}}, []),
        ("500 people, sickle cell disease", {"conditions": {"D57.1": 1}}, []),
        ("20 people on metformin", {"drugs": {"metformin 500 mg tablet": 1}}, []),
        ("20 people, asthma in a tenth", {"conditions": {"asthma": 0.1}}, ["tenth"]),
        ("20 people, veterans", {"ages": [30, 60]}, ["veterans"]),
    ],
)
def test_the_words_that_an_argument_says_are_bound_to_it(
    request_: str, given: dict[str, Any], open_words: list[str]
) -> None:
    new = _start(request_, **given)

    assert _open(new) == open_words
    assert ledger.lost(new.requests, new.wishes) == []
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    ("request_", "given", "path", "said"),
    [
        ("300 children", {"count": 200}, "count", "'300'"),
        ("300 children", {"ages": [65, 80]}, "demographics.age", "'children'"),
        ("20 people in Ohio", {"places": {"TX": 1}}, "demographics.location.states", "'Ohio'"),
        ("20 Medicaid members", {"payer": "commercial"}, "coverage.plan", "'Medicaid'"),
    ],
)
def test_an_argument_that_contradicts_the_words_is_taken_and_asked_about(
    request_: str, given: dict[str, Any], path: str, said: str
) -> None:
    new = _start(request_, **given)
    questions = [item for item in draft.questions(new) if item.path == path]

    assert any(f"The request says {said}" in item.ask for item in questions)
    assert ledger.lost(new.requests, new.wishes) == []
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"payer": "medicar"}, "did you mean 'medicare'"),
        ({"ages": [1, 2, 3]}, "give one or two whole years"),
        ({"ages": [-1]}, "from 0 to 120"),
        ({"sexes": {"X": 1}}, "known: F, M"),
        ({"conditions": {"asthma": 8}}, "8 % is 0.08"),
        ({"plans": {"HDHP": 1.5}}, "from 0 to 1"),
        ({"conditions": {"heart attack": 1}}, "write its code: 'I21.9'"),
        ({"places": {"Texs": 1}}, "did you mean 'Texas'"),
        ({"places": {"TX": 0.5, "48201": 0.5}}, "name places of one kind"),
    ],
)
def test_an_impossible_argument_is_refused_with_the_mend(given: dict[str, Any], error: str) -> None:
    with pytest.raises(HealthSimError) as refused:
        _start("20 people", **given)
    assert error in str(refused.value)


@pytest.mark.parametrize("request_", ["", "   ", "42 7 19", "200 Patienten mit Diabetes", "?!"])
def test_an_empty_or_foreign_request_gives_a_draft_that_asks(request_: str) -> None:
    new = _start(request_)

    assert draft.questions(new)
    assert ledger.lost(new.requests, new.wishes) == []


def test_of_an_oversized_request_only_the_beginning_is_read_and_the_answer_says_so() -> None:
    started = starting.start_profile("20 people " + "x" * 5000)

    assert any("2,000 characters" in hint for hint in started.hints)
    assert started.draft.profile is not None
    assert started.draft.profile["count"] == 20


@pytest.mark.parametrize("name", ["plans", "conditions", "drugs", "places", "sexes"])
def test_an_argument_of_thousands_of_keys_is_refused_before_any_is_looked_up(name: str) -> None:
    many = {f"key {number}": 0.1 for number in range(3_000)}

    with pytest.raises(Refused, match=f"{name}: has 3,000 keys; give the 100"):
        starting.start_profile("200 people", given=Typed(**{name: many}))


def test_a_request_of_megabytes_is_read_as_far_as_any_request() -> None:
    begun = time.process_time()

    started = starting.start_profile("wife and 2 kids " * 60_000)

    assert time.process_time() - begun < 10.0
    assert any("Only the first 2,000 characters" in hint for hint in started.hints)
