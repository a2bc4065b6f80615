"""Defaults that surprise are asked, and are asked no more once somebody has decided."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from healthsim.building import dates_said, draft, left_behind, refining, surprises, templates
from healthsim.building.draft import Draft
from healthsim.building.question import Question

VISIT = {"do": "event", "id": "stay", "type": "encounter", "at": 0,
         "details": {"encounter_class": "inpatient", "diagnoses": ["A41.9"]}}  # fmt: skip


def people(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "profile", "name": "people", "count": 300, "as_of": "2025-01-01",
        "clinical": {"primary": {"code": "A41.9"}}, "products": ["patientsim"],
        "demographics": {"age": {"type": "normal", "mean": 70, "sd": 9, "low": 40, "high": 90}},
        **changes,
    }  # fmt: skip


def stays(*steps: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"kind": "journey", "name": "stays", "duration_days": 365,
            "phases": [{"name": "all", "steps": list(steps or (VISIT,))}], **changes}  # fmt: skip


def asked(one: Draft) -> list[Question]:
    return list(surprises.questions(one))


def both(*steps: dict[str, Any], **changes: Any) -> Draft:
    return Draft(profile=people(), journeys=(stays(*steps, **changes),))


def test_it_is_asked_whether_everybody_begins_on_one_day() -> None:
    (question,) = asked(both())

    assert question.path == "journeys[0].begins"
    assert "Everybody begins stays on 2025-01-01, so all have 'stay' on that day" in question.ask
    assert question.suggestions[0]["value"] == {"earliest": "2025-01-01", "latest": "2025-12-31"}
    assert question.assumed


@pytest.mark.parametrize("place", [0, 1])
def test_each_answer_that_is_suggested_settles_the_question(place: int) -> None:
    first = both()
    new, _ = refining.refine(first, [asked(first)[0].suggestions[place]])

    assert asked(new) == []
    assert draft.problems(new) == []


@pytest.mark.parametrize(
    "at",
    [3, {"day": 3}, {"day": 0, "variance_days": 30}, {"day": {"type": "uniform", "low": 0,
     "high": 90}}, {"after": "other"}, {"date": "2025-04-01"}, {"age": {"years": 50}},
     {"month": 10}],
)  # fmt: skip
def test_nothing_is_asked_where_the_first_step_is_not_on_the_first_day(at: Any) -> None:
    assert asked(both({**VISIT, "at": at})) == []


@pytest.mark.parametrize("at", [None, 0, {"day": 0}, {"day": {"type": "constant", "value": 0}}])
def test_every_way_to_write_the_first_day_is_known(at: Any) -> None:
    assert len(asked(both({**VISIT, "at": at}))) == 1


@pytest.mark.parametrize(
    "change", [{"hazard": {"per_year": 1}}, {"when": "age > 50"}, {"chance": 0.5}, {"do": "change"}]
)
def test_nothing_is_asked_where_not_everybody_has_the_step(change: dict[str, Any]) -> None:
    assert asked(both({**VISIT, **change})) == []


REPEAT = {"do": "repeat", "id": "quarter", "every": {"days": 90}, "times": 4, "steps": [VISIT]}
PROTOCOL = {"do": "protocol", "id": "cycle", "cycles": 2, "cycle_days": 21,
            "visits": [{"id": "dose", "day": 8}, {"id": "first", "day": 1}]}  # fmt: skip


def test_a_repeat_and_a_protocol_are_asked_about_where_they_begin_with_something() -> None:
    assert "all have 'quarter' on that day" in asked(both(REPEAT))[0].ask
    assert "all have 'cycle' on that day" in asked(both(PROTOCOL))[0].ask


@pytest.mark.parametrize(
    "step",
    [
        {**REPEAT, "every": {"hazard": {"per_year": 1}}},
        {**REPEAT, "steps": [{**VISIT, "at": 5}]},
        {**REPEAT, "at": 90},
        {**PROTOCOL, "visits": [{"id": "dose", "day": 8}]},
        {"do": "branch", "id": "either", "options": []},
    ],
)
def test_nothing_is_asked_where_what_begins_does_nothing_yet(step: dict[str, Any]) -> None:
    assert asked(both(step)) == []


def test_nothing_is_asked_of_one_person_or_of_people_without_a_journey() -> None:
    assert asked(replace(both(), profile=people(count=1))) == []
    assert asked(Draft(profile=people())) == []
    assert asked(Draft(journeys=(stays(),))) == []


def test_it_is_asked_how_old_people_are_where_nobody_said_so() -> None:
    journey = stays(begins={"earliest": "2025-01-01", "latest": "2025-12-31"},
                    eligible="has('A41') and age >= 18 and age < 80")  # fmt: skip
    (question,) = asked(Draft(profile=people(demographics={}), journeys=(journey,)))

    assert question.path == "demographics.age"
    assert "children too" in question.ask
    assert question.suggestions[0]["value"] == {
        "type": "uniform", "low": 18, "high": 79, "decimals": 0
    }  # fmt: skip


@pytest.mark.parametrize(
    ("eligible", "ages"),
    [
        ("age > 40", (41, 100)),
        ("age <= 12", (0, 12)),
        ("age >= 18 or has('I10')", (18, 90)),
        (None, (18, 90)),
        ("age > 90 and age < 20", (18, 90)),
    ],
)
def test_ages_that_a_journey_is_for_are_suggested(eligible: str, ages: tuple[int, int]) -> None:
    one = Draft(profile=people(demographics={}), journeys=(stays(eligible=eligible),))
    value = asked(one)[0].suggestions[0]["value"]

    assert (value["low"], value["high"]) == ages


def test_ages_are_not_asked_of_a_population_of_which_nothing_else_was_said() -> None:
    whole = people(demographics={}, clinical={})

    assert asked(Draft(profile=whole)) == []
    assert asked(Draft(profile=people(demographics={}), settled=("demographics.age",))) == []
    assert asked(Draft(profile=people(demographics={"born": 1990}))) == []
    members = {"members": [{"role": "mother", "age": 40}]}
    assert asked(Draft(profile=people(demographics={}, unit="family", household=members))) == []


def test_records_of_less_than_a_year_are_said_with_the_day_that_makes_a_year() -> None:
    short = Draft(profile=people(), journeys=(stays(duration_days=30),))
    (said,) = surprises.warnings(short)

    assert said.startswith("through: records are from 2025-01-01 to 2025-02-17, 48 days")
    assert said.endswith("set through to 2025-12-31")


@pytest.mark.parametrize(
    "one",
    [
        Draft(profile=people()),
        both(),
        Draft(profile=people(through="2025-02-01"), journeys=(stays(duration_days=30),)),
        Draft(journeys=(stays(duration_days=30),)),
    ],
)
def test_a_year_of_records_or_a_last_day_that_was_said_is_no_surprise(one: Draft) -> None:
    assert list(surprises.warnings(one)) == []


def test_ages_that_end_on_a_birthday_are_said_to_leave_the_oldest_out() -> None:
    age = {"type": "uniform", "low": 0, "high": 17}
    (said,) = surprises.warnings(Draft(profile=people(demographics={"age": age})))

    assert said.startswith("demographics.age: nobody is 17: ")
    assert "set decimals to 0" in said


@pytest.mark.parametrize(
    "age",
    [
        {"type": "uniform", "low": 0, "high": 17, "decimals": 0},
        {"type": "uniform", "low": 0, "high": 17.999, "decimals": 3},
        {"type": "normal", "mean": 9, "sd": 4, "low": 0, "high": 17},
        {"type": "uniform", "low": 0},
        17,
    ],
)
def test_other_ages_are_no_surprise(age: Any) -> None:
    assert list(surprises.warnings(Draft(profile=people(demographics={"age": age})))) == []


def test_children_of_families_are_looked_at_too() -> None:
    home = {"children": {"number": 1, "age": {"type": "uniform", "low": 2, "high": 10}}}
    (said,) = surprises.warnings(Draft(profile=people(unit="family", household=home)))

    assert said.startswith("household.children.age: nobody is 10")


def test_the_records_end_as_those_of_the_run_do() -> None:
    from healthsim.dates import iso
    from healthsim.execution.prepare import last_day
    from healthsim.specification.document import read
    from healthsim.specification.journeys.journey import JourneySpec
    from healthsim.specification.profiles.profile import ProfileSpec

    births = stays(name="born", begins="birth", duration_days=400)
    spread = stays(begins={"earliest": "2025-02-01", "latest": "2025-06-01"})
    for journeys in ([], [stays()], [spread], [spread, births]):
        run = last_day(read(ProfileSpec, people()), [read(JourneySpec, one) for one in journeys])
        assert str(dates_said.records(people(), journeys)[1]) == iso(run)


# What still names a drug after its prescription was changed

FIRST_YEAR = templates.load("diabetic-first-year").fresh()


def _prescriptions(journey: dict[str, Any]) -> list[str]:
    from healthsim.building import paths

    return [str(step["id"]) for _, step in paths.steps(journey, [])
            if step.get("type") == "prescription"]  # fmt: skip


def prescribing(drug: str, *others: dict[str, Any]) -> dict[str, Any]:
    fill = {"do": "event", "id": "rx", "type": "prescription", "details": {"drug": drug}}
    return stays(fill, *others, begins={"earliest": "2025-01-01", "latest": "2025-01-02"})


HELPS = {"do": "change", "id": "helps", "state": "a1c", "by": -0.7, "while_taking": "glipizide"}
WAITS = {"do": "event", "id": "check", "type": "encounter", "when": "takes('glipizide')"}
OLD, NEW = "glipizide 5 mg tablet", "semaglutide 1 mg pen injector"


def test_an_effect_of_the_drug_before_is_asked_about_with_the_new_drugs_name() -> None:
    found = list(
        left_behind.since(prescribing(OLD, HELPS, WAITS), prescribing(NEW, HELPS, WAITS), 0)
    )

    assert [item.path for item in found] == [
        "journeys[0].phases[0].steps[1].while_taking",
        "journeys[0].phases[0].steps[2].when",
    ]
    assert [item.suggestions[0]["value"] for item in found] == [
        "semaglutide", "takes('semaglutide')"
    ]  # fmt: skip
    assert "'rx' now prescribes 'semaglutide 1 mg pen injector'" in found[0].ask


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (prescribing(OLD, HELPS), prescribing(OLD, HELPS)),
        (prescribing(OLD, HELPS), prescribing("glipizide 10 mg tablet", HELPS)),
        (prescribing(OLD), prescribing(NEW)),
        (prescribing(OLD, HELPS), stays(HELPS)),
        (prescribing("metformin 500 mg tablet", HELPS), prescribing(NEW, HELPS)),
    ],
)
def test_nothing_is_asked_where_nothing_was_left_behind(
    before: dict[str, Any], now: dict[str, Any]
) -> None:
    assert list(left_behind.since(before, now, 0)) == []


def test_another_step_that_still_prescribes_the_drug_keeps_its_effect() -> None:
    other = {"do": "event", "id": "rx2", "type": "prescription", "details": {"drug": OLD}}

    assert list(
        left_behind.since(prescribing(OLD, HELPS, other), prescribing(NEW, HELPS, other), 0)
    ) == []  # fmt: skip


def test_a_draft_is_compared_with_its_template_until_the_effect_is_decided() -> None:
    changed = copy.deepcopy(FIRST_YEAR)
    one = Draft(profile=people(), journeys=(changed,), templates=("diabetic-first-year",))
    assert [item for item in asked(one) if "still names" in item.ask] == []

    path = "journeys[0].steps[second_glipizide].details.drug"
    new, _ = refining.refine(
        Draft(profile=templates.load("medicare-diabetic").fresh(), journeys=(FIRST_YEAR,),
              templates=("medicare-diabetic", "diabetic-first-year")),
        [{"op": "set", "path": path, "value": NEW}],
    )  # fmt: skip
    left = [item for item in asked(new) if "still names 'glipizide'" in item.ask]
    assert left

    decided, _ = refining.refine(new, [item.suggestions[1] for item in left])
    assert [item for item in asked(decided) if "still names" in item.ask] == []
