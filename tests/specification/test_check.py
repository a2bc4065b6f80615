"""Promise 5: every fault of a specification is told: where, what was found, how to mend it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from execution.running import attempted, diabetic, event, first_year, journey, lab, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from specification.breaking import mutated
from specification.faults import (
    OF_JOURNEYS,
    OF_LANGUAGE,
    OF_PROFILES,
    OF_STEPS,
    OF_TRIALS,
    Document,
    put,
    rounds,
)


def refused(profile: Document, *journeys: Document) -> SpecError:
    with pytest.raises(SpecError) as caught:
        prepare(profile, journeys)
    for problem in caught.value.problems:
        assert problem.where
        assert problem.found
        assert problem.mend
        assert "https://" not in str(problem)
    return caught.value


@pytest.mark.parametrize(
    ("path", "value", "where", "found", "mend"),
    [case[1:] for case in OF_PROFILES],
    ids=[case[0] for case in OF_PROFILES],
)
def test_a_fault_of_a_profile_is_told(
    path: str, value: object, where: str, found: str, mend: str
) -> None:
    said = refused(put(diabetic(), path, value))

    assert any(
        where in problem.where and found in problem.found and mend in problem.mend
        for problem in said.problems
    ), str(said)


@pytest.mark.parametrize(
    ("steps", "where", "found", "mend"),
    [case[1:] for case in (*OF_STEPS, *OF_LANGUAGE)],
    ids=[case[0] for case in (*OF_STEPS, *OF_LANGUAGE)],
)
def test_a_fault_of_a_step_is_told(steps: Any, where: str, found: str, mend: str) -> None:
    listed = steps if isinstance(steps, list) else [steps]
    state = {"a1c": {"start": "attribute", "decimals": 1}}
    said = refused(diabetic(), journey(*listed, state=state))

    assert any(
        where in problem.where and found in problem.found and mend in problem.mend
        for problem in said.problems
    ), str(said)


@pytest.mark.parametrize(
    ("changes", "where", "found", "mend"),
    [case[1:] for case in (*OF_JOURNEYS, *OF_TRIALS)],
    ids=[case[0] for case in (*OF_JOURNEYS, *OF_TRIALS)],
)
def test_a_fault_of_a_journey_is_told(changes: Document, where: str, found: str, mend: str) -> None:
    said = refused(diabetic(), {**journey(visit("v")), **changes})

    assert any(
        where in problem.where and found in problem.found and mend in problem.mend
        for problem in said.problems
    ), str(said)


def test_two_attributes_that_need_each_other_are_both_named() -> None:
    profile = diabetic()
    profile["attributes"] = {"x": {"type": "formula", "value": "y + 1"},
                             "y": {"type": "formula", "value": "x + 1"}}  # fmt: skip
    said = str(refused(profile))

    assert "attributes.x" in said
    assert "attributes.y" in said


def test_two_journeys_of_one_name_are_refused() -> None:
    said = str(refused(diabetic(), journey(visit("v")), journey(visit("w"))))

    assert "journeys[1].name: 'short' is also journeys[0]; rename one" in said


def test_a_journey_after_the_data_is_refused() -> None:
    late = journey(visit("v"), begins={"earliest": "2026-01-01", "latest": "2026-01-01"})
    said = str(refused(diabetic(through="2025-12-31"), late))

    assert "begins.latest" in said
    assert "set through to 2027-01-01" in said


def test_a_date_no_calendar_holds_is_refused_beside_through() -> None:
    late = journey(visit("v"), begins={"earliest": "9999-12-31", "latest": "9999-12-31"})

    refused(diabetic(through="2025-12-31"), late)


def test_claims_need_membersim() -> None:
    profile = diabetic(products=["patientsim"])
    claim = event("c", "claim", 0, procedures=["99213"])

    assert "membersim" in str(refused(profile, journey(claim)))


def test_a_visit_needs_a_diagnosis() -> None:
    profile = diabetic()
    del profile["clinical"]

    assert "diagnoses" in str(refused(profile, journey(visit("v"))))


def test_every_fault_is_told_at_once() -> None:
    profile = put(diabetic(), "count", 0)
    profile = put(profile, "seed", -1)
    profile = put(profile, "demographics/agee", 3)

    assert len(refused(profile).problems) == 3


@pytest.mark.parametrize(
    "document",
    ["", "{", "[]", "null", "3", '"x"', '{"name": 1, "name": 2}', "{" * 10_000, "[" * 10_000,
     '{"count": NaN}', '{"a": ' * 70 + "1" + "}" * 70, "\ud800", b"\xff\xfe", "9" * 5_000],
)  # fmt: skip
def test_text_that_is_no_specification_is_refused(document: Any) -> None:
    refused(document)


def test_a_whole_number_of_any_length_is_refused() -> None:
    refused(put(diabetic(), "count", 10**5_000))


def test_text_that_cannot_be_stored_is_refused() -> None:
    refused(put(diabetic(), "demographics/race", {"type": "constant", "value": "\ud800"}))


def test_a_population_figure_in_a_journey_works_or_is_refused_before_the_run() -> None:
    document = journey(visit("v") | {"chance": {"type": "population", "measure": "diabetes"}})
    found = attempted(diabetic(count=5), document)

    assert isinstance(found, dict) or "chance" in found


def test_a_day_that_is_drawn_far_away_works_or_is_refused_before_the_run() -> None:
    day = {"type": "normal", "mean": 10, "sd": 1e12}
    found = attempted(diabetic(count=5), journey(visit("v", {"day": day})))

    assert isinstance(found, dict) or "at.day" in found


@pytest.mark.slow
def test_a_long_chain_of_steps_written_backwards_works_or_is_refused() -> None:
    last = 500
    steps = [lab(f"s{place}", {"after": f"s{place + 1}", "day": 0}) for place in range(last)]
    document = journey(*steps, lab(f"s{last}"))
    found = attempted(diabetic(count=2, detail="core"), document)

    assert isinstance(found, dict) or "at.after" in found


def test_a_beat_may_be_named_by_its_number() -> None:
    for beat in (1, 2, 3):
        prepare(diabetic(), [journey(rounds(), visit("w", {"after": f"round#{beat}"}))])


@st.composite
def broken(draw: st.DrawFn) -> tuple[Document, Document]:
    """A profile and a journey, one or two of whose parts were changed at random."""
    profile, walk = diabetic(count=5), first_year()
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            profile = mutated(draw, profile)
        else:
            walk = mutated(draw, walk)
    return profile, walk


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(broken())
def test_a_document_with_random_faults_is_accepted_or_refused_and_nothing_else(
    documents: tuple[Document, Document],
) -> None:
    profile, walk = documents
    try:
        job = prepare(profile, [walk])
    except SpecError as error:
        told = error.problems
    else:
        told = ()
        if job.count <= 100 and sum(len(plan.occurrences) for plan in job.layouts) < 1000:
            run_chunk(job, 0, job.count)  # what is accepted runs

    assert all(problem.where and problem.found and problem.mend for problem in told)


def test_two_journeys_that_write_one_state_say_which_precedes() -> None:
    state = {"a1c": {"start": "attribute", "decimals": 1}}
    lower = {"do": "change", "id": "lower", "at": 3, "state": "a1c", "by": -1}
    one = journey(lower, name="one", state=state)
    other = journey(lower, name="other", state=state)
    said = refused(diabetic(), one, other)

    assert "journeys[1].state.a1c" in str(said)
    assert "precedence" in str(said)
    assert prepare(diabetic(), [one | {"precedence": 1}, other | {"precedence": 2}]).count == 60


def test_a_part_that_includes_itself_is_told_with_its_circle() -> None:
    again = {"do": "include", "id": "again", "part": "loop"}
    said = refused(diabetic(), journey(again, parts={"loop": {"steps": [again]}}))

    assert "'loop' includes itself (loop → loop)" in str(said)
    assert "repeat" in str(said)


def test_steps_that_only_some_reach_may_stand_behind_an_end() -> None:
    some = {"do": "end", "id": "over", "at": 30, "chance": 0.5}
    way = {"do": "branch", "id": "fork", "at": 5, "options": [
        {"name": "out", "weight": 0.5, "steps": [{"do": "end", "id": "out", "at": 1}]},
        {"name": "on", "weight": 0.5, "steps": []}]}  # fmt: skip

    assert prepare(diabetic(), [journey(some, way, visit("v", 60))]).count == 60


def test_a_code_for_ages_that_nobody_has_is_refused_wherever_it_stands() -> None:
    old = diabetic()
    old["demographics"] = {"age": {"type": "uniform", "low": 60, "high": 70}}
    checked = event("check", "encounter", 5, encounter_class="office", diagnoses=["Z00.129"])
    told = refused(old, journey(checked)).args[0]
    assert "details.diagnoses[0]: Z00.129 is only for ages 0 to 17, and ages here are 60 to" in told
    held = copy.deepcopy(old)
    held["clinical"]["comorbidities"] = [{"code": "Z00.129", "share": 0.9}]
    told = refused(held).args[0]
    assert "clinical.comorbidities[0].code: Z00.129 is only for ages 0 to 17" in told


def test_a_step_that_comes_at_an_age_is_of_that_age() -> None:
    young = diabetic(count=20)
    young["demographics"] = {"age": {"type": "uniform", "low": 1, "high": 3}}
    inside = event("found", "diagnosis", code="Z00.00")
    grown = visit("grown", {"age": {"years": 18}}, diagnoses=["Z00.00"]) | {"with": [inside]}
    later = visit("again", {"after": "grown", "day": 5}, diagnoses=["Z00.00"])

    assert prepare(young, [journey(grown, later)]).count == 20
    told = refused(young, journey(grown, visit("now", 5, diagnoses=["Z00.00"]))).args[0]
    assert "steps[1].details.diagnoses[0]: Z00.00 is only for ages 15 to 124" in told


def test_a_faulty_code_is_told_once() -> None:
    profile = diabetic()
    profile["clinical"]["comorbidities"] = [{"code": "I1O", "share": 0.5}]
    told = [str(problem) for problem in refused(profile, first_year()).problems]
    assert len([one for one in told if "I1O" in one]) == 1
