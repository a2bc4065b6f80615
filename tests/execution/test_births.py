"""Births: newborns are people of their own, linked to their mothers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.births import WOMEN, delivery, pregnancy, well_child, women
from execution.families import family
from execution.running import Columns, attempted, event, journey, listed, run, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.operations.making import add_tallies
from healthsim.products.catalogue import NOT_PER_PERSON
from healthsim.tables import NO_NUMBER, take
from template_runs import BIRTHS, charts

AT_HOME = f"{WOMEN} and role != 'child'"


@pytest.fixture(scope="module")
def made() -> dict[str, Columns]:
    return run(women(count=300), pregnancy(), well_child())


@pytest.fixture(scope="module")
def families() -> dict[str, Columns]:
    return run(family(count=300), pregnancy(eligible=AT_HOME), well_child())


def born(columns: Columns) -> Columns:
    """Rows of those born in the run."""
    return take(columns, np.asarray(columns["person_id"]) % 100 >= 50)


def those_there(columns: Columns) -> Columns:
    return take(columns, np.asarray(columns["person_id"]) % 100 < 50)


def test_every_birth_adds_one_patient_on_its_day_whose_mother_is_named(
    made: dict[str, Columns],
) -> None:
    days = {who: day for who, kind, option, day in listed(
        made["events"], "person_id", "type", "option", "event_date")
        if kind == "birth" and option is None}  # fmt: skip
    children = listed(born(made["patients"]), "mother_person_id", "birth_date", "person_id")

    assert {mother: day for mother, day, _ in children} == days
    assert all(child == mother + 49 for mother, _, child in children)
    assert all(mother == NO_NUMBER for (mother,) in listed(
        those_there(made["patients"]), "mother_person_id"))  # fmt: skip


def test_children_are_born_after_their_mothers_came_and_at_no_minute_more_often_than_at_others(
    made: dict[str, Columns],
) -> None:
    names = ("person_id", "encounter_class", "start_at")
    stays = {who: at for who, kind, at in listed(made["encounters"], *names)
             if kind == "inpatient"}  # fmt: skip
    minutes = [stays[who] for who in stays if who % 100 >= 50]

    assert all(stays[who] > stays[who - 49] for who in stays if who % 100 >= 50)
    assert len(minutes) > 250
    assert sum(at % 1440 == 1439 for at in minutes) < 5


def test_the_birth_is_the_first_event_of_the_newborn(made: dict[str, Columns]) -> None:
    birthday = dict(listed(made["patients"], "person_id", "birth_date"))
    births = listed(born(made["events"]), "person_id", "type", "option", "event_date")

    assert min(day - birthday[who] for who, _, _, day in births) == 0
    assert {(who, birthday[who]) for who, kind, option, day in births
            if (kind, option, day) == ("birth", "born", birthday[who])
            } == {(who, day) for who, day in birthday.items() if who % 100 >= 50}  # fmt: skip


def test_boys_are_born_a_little_more_often_than_girls(made: dict[str, Columns]) -> None:
    boys = born(made["patients"])["gender"].equals("M")  # type: ignore[union-attr]

    assert abs(boys.mean() - 0.512) < 3 * (0.25 / 300) ** 0.5


def test_a_newborn_is_covered_from_its_first_day_where_its_mother_is(
    made: dict[str, Columns],
) -> None:
    birthday = dict(listed(made["patients"], "person_id", "birth_date"))
    names = ("plan_id", "effective_date", "reason", "event_id")
    spans = {who: rest for who, *rest in listed(made["enrollments"], "person_id", *names)}
    first = {who: number for who, number, kind in listed(
        made["events"], "person_id", "event_id", "type") if kind == "birth"}  # fmt: skip

    assert 20 < sum(who not in spans for who in birthday if who % 100 >= 50) < 150
    for who, day in birthday.items():
        if who % 100 >= 50:
            assert (who in spans) == (who - 49 in spans)
            if who in spans:
                plan, since, reason, event = spans[who]
                assert (plan, since, event) == (spans[who - 49][0], day, first[who])
                assert reason in ("birth", "newborn not enrolled")


def test_a_newborn_has_its_own_chart_claims_and_fills(made: dict[str, Columns]) -> None:
    covered = {who for (who,) in listed(born(made["enrollments"]), "person_id")}

    steps = {who: set() for (who,) in listed(born(made["patients"]), "person_id")}
    for who, step in listed(born(made["events"]), "person_id", "step"):
        steps[who].add(step)
    assert all(found >= {"birth", "nursery", "first_visit", "drops", "seen"}
               for found in steps.values())  # fmt: skip
    claimed = {who for (who,) in listed(born(made["claims"]), "person_id")}
    assert claimed == covered
    assert {who for (who,) in listed(born(made["fills"]), "person_id")} <= covered
    assert len(born(made["fills"])["person_id"]) > 50


def test_a_newborn_lives_where_its_mother_does_and_sees_a_paediatrician(
    made: dict[str, Columns],
) -> None:
    names = ("street", "city", "zip", "phone", "family_name", "race", "language")
    whole = {who: rest for who, *rest in listed(made["patients"], "person_id", *names)}
    specialty = dict(listed(made["providers"], "npi", "specialty"))

    assert all(rest == whole[who - 49] for who, rest in whole.items() if who % 100 >= 50)
    assert {specialty[npi] for (npi,) in listed(born(made["patients"]), "pcp_npi")} == {
        "pediatrics"
    }


def test_only_those_born_walk_what_begins_at_birth_and_they_walk_nothing_else(
    made: dict[str, Columns],
) -> None:
    walked: dict[bool, set[str]] = {True: set(), False: set()}
    for who, name, step in listed(made["events"], "person_id", "journey", "step"):
        walked[who % 100 >= 50].add(f"{name}/{step}")

    assert walked[False] == {"pregnancy/labour", "pregnancy/birth"}
    assert "pregnancy/labour" not in walked[True]
    assert "well-child/seen" in walked[True]


def test_nobody_who_is_not_born_reaches_a_table() -> None:
    found = run(women(), pregnancy(delivery(chance=0.5)), well_child())
    children = {who for (who,) in listed(born(found["patients"]), "person_id")}

    assert 15 < len(children) < 45
    for name, columns in found.items():
        if "person_id" in columns:
            there = {who for (who,) in listed(columns, "person_id") if who % 100 >= 50}
            assert there <= children, name
    assert {who for (who,) in listed(born(found["members"]), "person_id")} == children
    assert {who for (who,) in listed(born(found["rx_members"]), "person_id")} == children


def test_a_newborn_has_its_mothers_attributes_and_the_states_of_her_journey() -> None:
    seen = visit("seen", 3, diagnoses=["Z00.110"], procedures=["99391"])
    newborn = [
        {**seen, "id": "smoky", "when": "smokes == 'yes'"},
        {**seen, "id": "heavy", "when": "weeks >= 40"},
        {**seen, "id": "young", "when": "age < 1 and role == 'newborn'"},
    ]
    steps = [{"do": "change", "id": "grows", "at": 100, "state": "weeks", "by": 3},
             {"do": "change", "id": "later", "at": 250, "state": "weeks", "by": 30},
             delivery(newborn=newborn)]  # fmt: skip
    wide = {"start": {"type": "uniform", "low": 35, "high": 39, "decimals": 1}}
    marks = [{**visit("hers_smoky", 1), "when": "smokes == 'yes'"},
             {**visit("hers_heavy", 150), "when": "weeks >= 40"}]  # fmt: skip
    found = run(women(count=200), pregnancy(*steps, *marks, state={"weeks": wide}))
    took: dict[str, set[int]] = {}
    for who, step in listed(found["events"], "person_id", "step"):
        took.setdefault(step, set()).add(who // 100)

    assert took["smoky"] == took["hers_smoky"]
    assert took["heavy"] == took["hers_heavy"]
    assert 20 < len(took["heavy"]) < 180
    assert took["young"] == took["birth"]


def test_a_newborn_s_steps_may_ask_about_each_other() -> None:
    look = visit("seen", 2, diagnoses=["Z00.110"], procedures=["99391"]) | {"chance": 0.5}
    newborn = [look, {**look, "id": "again", "at": 9, "chance": 1, "when": "happened('seen')"}]
    tables = run(women(count=200), pregnancy(delivery(newborn=newborn)))
    rows = listed(tables["events"], "person_id", "step")
    seen, again = ({who for who, step in rows if step == name} for name in ("seen", "again"))

    assert seen == again
    assert 10 < len(seen) < 190


@pytest.mark.slow
def test_expectations_of_a_journey_are_of_those_who_walk_it() -> None:
    seen = ["share(happened('seen')) == 1", "share(role == 'newborn') == 1"]
    hers = ["share(happened('labour')) == 1", "share(role == 'self') == 1"]
    job = prepare(
        women(expectations=["share(role == 'newborn') between 0.2 and 0.45"]),
        [well_child(expectations=seen),
         pregnancy(delivery(chance=0.6), expectations=hers)],
    )  # fmt: skip
    totals: list[tuple[int, int]] = []
    for chunk in chunks(job):
        totals = add_tallies(totals, chunk.tallies)

    judged = job.judge(totals)
    assert [one for one in judged if not one["met"]] == []
    assert len(judged) == 5


def test_twins_are_two_people_of_one_day() -> None:
    pair = delivery(details={"number": {"1": 0.7, "2": 0.3}})
    found = run(women(count=200), pregnancy(pair))
    children: dict[int, list[int]] = {}
    for mother, day in listed(born(found["patients"]), "mother_person_id", "birth_date"):
        children.setdefault(mother, []).append(day)

    twins = [days for days in children.values() if len(days) == 2]
    assert len(children) == 200
    assert abs(len(twins) - 60) < 3 * (200 * 0.21) ** 0.5
    assert all(first == second for first, second in twins)
    numbers = [ssn for (ssn,) in listed(found["patients"], "ssn")]
    assert len(set(numbers)) == len(numbers) == 200 + 200 + len(twins)


def test_a_second_birth_is_another_child() -> None:
    twice = {"do": "repeat", "id": "again", "at": 10, "every": {"days": 330}, "times": 2,
             "steps": [delivery()]}  # fmt: skip
    found = run(women(), pregnancy(twice, duration_days=900))
    places = np.asarray(born(found["patients"])["person_id"]) % 100

    assert (places == 50).sum() == (places == 51).sum() == 60


@pytest.mark.slow
def test_in_a_family_mother_is_anchor_or_spouse_and_the_anchor_holds_the_coverage(
    families: dict[str, Columns],
) -> None:
    names = ("subscriber_id", "person_code", "relationship_code")
    members = {who: rest for who, *rest in listed(families["members"], "person_id", *names)}
    street = dict(listed(families["patients"], "person_id", "street"))
    mothers = dict(listed(born(families["patients"]), "person_id", "mother_person_id"))

    assert {mother % 100 for mother in mothers.values()} == {1, 2}
    for child, mother in mothers.items():
        assert members[child][0] == child // 100 * 100 + 1
        assert members[child][2] == "19"
        assert street[child] == street[mother]
    codes = [(who // 100, rest[1]) for who, rest in members.items()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", ["ssn", "mrn", "email"])
def test_newborns_of_families_share_no_number(families: dict[str, Columns], name: str) -> None:
    found = [value for (value,) in listed(families["patients"], name)]

    assert len(set(found)) == len(found)


@pytest.mark.proof
@pytest.mark.parametrize(
    ("size", "threads", "count"),
    [
        pytest.param(1, 3, 7, marks=pytest.mark.proof),
        pytest.param(17, 1, 40, marks=pytest.mark.proof),
        (19, 2, 20),
    ],
)
def test_births_are_the_same_in_any_chunks(size: int, threads: int, count: int) -> None:
    """Each day `promises/test_families.py` says so of mothers, children and newborns."""
    job = (family(count=count), pregnancy(delivery(chance=0.6), eligible=AT_HOME), well_child())
    whole, parts = run(*job), run(*job, size=size, threads=threads)

    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.slow
def test_the_first_newborns_do_not_change_with_the_count() -> None:
    few, many = (run(family(count=count), pregnancy(eligible=AT_HOME)) for count in (20, 60))

    for name in set(few) - set(NOT_PER_PERSON):
        mine = take(many[name], np.asarray(many[name]["person_id"]) < 2100)
        assert listed(few[name]) == listed(mine), name


@pytest.mark.slow
def test_a_birth_changes_nobody_who_was_there() -> None:
    with_birth = delivery()
    alone = {**with_birth, "with": []}
    people = family(through="2025-12-31")
    without = run(people, pregnancy(alone, eligible=AT_HOME))
    found = run(people, pregnancy(with_birth, eligible=AT_HOME), well_child())

    for name in ("patients", "members", "rx_members", "enrollments", "conditions", "encounters",
                 "prescriptions", "claims", "claim_lines"):  # fmt: skip
        kept = [one for one in without[name] if not one.endswith("_usd")]
        assert listed(without[name], *kept) == listed(those_there(found[name]), *kept), name


@pytest.mark.slow
def test_a_later_birth_changes_nothing_of_an_earlier_newborn() -> None:
    second = event("more", "encounter", 299, diagnoses=["Z39.2"], procedures=["99213"])
    second["with"] = [{"do": "event", "id": "again", "type": "birth", "newborn": []}]
    one = run(women(), pregnancy())
    two = run(women(), pregnancy(delivery(), second))

    first = take(two["patients"], np.asarray(two["patients"]["person_id"]) % 100 <= 50)
    assert listed(one["patients"]) == listed(first)


@pytest.mark.parametrize(("profile", "step", "where", "mend"), [
    (family(), {}, "can happen to men", "gender == 'F'"),
    (women(), {"details": {"number": 9}}, "details.number", "5"),
    (women(), {"details": {"gender": {"X": 1}}}, "details.gender", "M"),
    (women(), {"newborn": [{"do": "event", "id": "two", "type": "birth"}]}, "newborn", "woman"),
    (women(), {"newborn": [{**visit("seen"), "when": "happened('labour')"}]}, "newborn", "mother"),
    (women(), {"newborn": [{"do": "wait", "id": "w", "until": "happened('labour')",
                            "limit": {"days": 9}}]}, "until", "mother"),
    (women(), {"newborn": [visit("seen", diagnoses=["O80"])]}, "O80", "gender == 'F'"),
    (family(household={"children": {"number": 12}}), {"details": {"number": 5}}, "journeys",
     "most children"),
])  # fmt: skip
def test_what_no_birth_can_be_is_refused(
    profile: dict[str, Any], step: dict[str, Any], where: str, mend: str
) -> None:
    asked = "age < 46" if where == "can happen to men" else WOMEN
    refusal = attempted(profile, pregnancy(delivery(**step), eligible=asked))

    assert isinstance(refusal, str)
    assert where in refusal
    assert mend in refusal


def test_a_birth_that_comes_to_a_great_grandmother_is_refused_as_it_runs() -> None:
    old = women(
        demographics={"gender": {"F": 1}, "age": {"type": "uniform", "low": 70, "high": 90}}
    )

    with pytest.raises(SpecError, match="9 to 64"):
        run(old, pregnancy(eligible="gender == 'F'"))


def test_a_journey_from_birth_without_a_birth_is_refused() -> None:
    told = attempted(women(), journey(visit("seen"), name="well", begins="birth"))

    assert isinstance(told, str)
    assert "no journey has a birth" in told


@pytest.mark.slow
def test_children_are_born_while_their_mothers_are_in_hospital() -> None:
    tables = charts(*BIRTHS)
    patients, encounters = tables["patients"], tables["encounters"]
    mother = dict(listed(patients, "person_id", "mother_person_id"))
    birthday = dict(listed(patients, "person_id", "birth_date"))
    stays: dict[int, list[tuple[int, int]]] = {}
    columns = ("person_id", "encounter_class", "admit_type", "start_at", "end_at")
    rows = listed(encounters, *columns)
    for person, kind, _, start, end in rows:
        if kind == "inpatient":
            stays.setdefault(person, []).append((start, end))
    births = [(person, start) for person, _, admitted, start, _ in rows if admitted == "4"]

    assert len(births) >= 60
    for child, born in births:
        assert born // 1440 == birthday[child]
        assert any(start < born <= end for start, end in stays[mother[child]])
