"""Members of families by role: their own conditions, birth years and due dates."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.births import delivery, pregnancy
from execution.families import family
from execution.running import Columns, listed, run
from healthsim.dates import day_of
from healthsim.errors import Problem, SpecError
from healthsim.execution.prepare import prepare
from healthsim.products.catalogue import NOT_PER_PERSON
from healthsim.tables import take

AS_OF = day_of("2025-01-01")
FATHER = {"role": "self", "conditions": [{"code": "E11.9"}]}
MOTHER = {"role": "spouse", "gender": "F", "age": {"type": "uniform", "low": 30, "high": 40},
          "pregnant": {"due": "2025-08"}}  # fmt: skip
DAUGHTER = {"role": "child", "gender": "F", "born": "2015", "conditions": [{"code": "J45.20"}]}
MEMBERS = (FATHER, MOTHER, DAUGHTER, {"role": "child"})


def four(*members: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Families of a diabetic father, a pregnant mother, a daughter with asthma, and a child."""
    usual: dict[str, Any] = {
        "household": {"members": list(members or MEMBERS)},
        "demographics": {"age": {"type": "uniform", "low": 32, "high": 44}, "gender": {"M": 1}},
        "clinical": {}, "attributes": {},
    }  # fmt: skip
    return family(**{**usual, **changes})


@pytest.fixture(scope="module")
def made() -> dict[str, Columns]:
    return run(four(count=200))


def holders(tables: dict[str, Columns], code: str) -> set[int]:
    """The places in the household of those who have a condition."""
    return {who % 100 for who, held in listed(tables["conditions"], "person_id", "code")
            if held.startswith(code)}  # fmt: skip


def problems_of(profile: dict[str, Any]) -> list[Problem]:
    """What is wrong with a profile."""
    try:
        prepare(profile, [])
    except SpecError as error:
        return list(error.problems)
    return []


def at(tables: dict[str, Columns], place: int) -> Columns:
    return take(tables["patients"], np.asarray(tables["patients"]["person_id"]) % 100 == place)


def test_every_family_has_the_members_that_are_listed(made: dict[str, Columns]) -> None:
    ids = np.asarray(made["patients"]["person_id"])

    assert ids.tolist() == [unit * 100 + place for unit in range(1, 201) for place in (1, 2, 3, 4)]
    assert {gender for (gender,) in listed(at(made, 2), "gender")} == {"F"}
    assert {gender for (gender,) in listed(at(made, 3), "gender")} == {"F"}
    assert {gender for (gender,) in listed(at(made, 4), "gender")} == {"M", "F"}


def test_a_condition_of_a_member_is_that_members_alone(made: dict[str, Columns]) -> None:
    assert holders(made, "E11.9") == {1}
    assert holders(made, "J45.20") == {3}
    assert sum(code == "J45.20" for (code,) in listed(made["conditions"], "code")) == 200


def test_a_birth_year_is_the_year_of_birth(made: dict[str, Columns]) -> None:
    born = np.asarray(at(made, 3)["birth_date"])

    assert born.min() >= day_of("2015-01-01")
    assert born.max() <= day_of("2015-12-31")
    assert len(set(born.tolist())) > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("born", "first", "last"),
    [("2015-03", "2015-03-01", "2015-03-31"), ("2015-03-02", "2015-03-02", "2015-03-02"),
     ({"from": "2014-12", "to": "2015"}, "2014-12-01", "2015-12-31"),
     ("2016-02", "2016-02-01", "2016-02-29"), (2015, "2015-01-01", "2015-12-31")],
)  # fmt: skip
def test_people_are_born_within_what_is_said(born: Any, first: str, last: str) -> None:
    child = run(four(FATHER, {"role": "child", "born": born}, count=50))
    own = {"clinical": {}, "attributes": {}, "household": None, "unit": "person"}
    person = run(family(demographics={"born": born}, **own, count=50))

    for days in (at(child, 3)["birth_date"], person["patients"]["birth_date"]):
        assert np.asarray(days).min() >= day_of(first)
        assert np.asarray(days).max() <= day_of(last)


def test_a_persons_age_follows_from_the_birth_year() -> None:
    adults = {"type": "conditional", "cases": [{"when": "age >= 46", "then": 1}], "otherwise": 0}
    clinical = {"comorbidities": [{"code": "I10", "share": adults}]}
    people = run(family(unit="person", household=None, attributes={}, clinical=clinical,
                        demographics={"born": "1979"}, as_of="2025-06-30", count=300))  # fmt: skip
    had_a_birthday = {who for who, born in listed(people["patients"], "person_id", "birth_date")
                      if born <= day_of("1979-06-30")}  # fmt: skip

    assert {who for (who,) in listed(people["conditions"], "person_id")} == had_a_birthday
    assert 100 < len(had_a_birthday) < 200


def test_a_pregnancy_begins_within_nine_weeks_of_the_last_period(made: dict[str, Columns]) -> None:
    found = [(who, code, onset) for who, code, onset in listed(
        made["conditions"], "person_id", "code", "onset_date") if who % 100 == 2]  # fmt: skip
    born = dict(listed(at(made, 2), "person_id", "birth_date"))

    assert len(found) == 200
    earliest, latest = day_of("2025-08-01") - 280 + 28, day_of("2025-08-31") - 280 + 56
    assert all(earliest <= onset <= min(latest, AS_OF) for _, _, onset in found)
    ages = {code: [day_of("2025-08-15") - born[who] for who, held, _ in found if held == code]
            for code in ("Z34.80", "O09.529")}  # fmt: skip
    assert max(ages["Z34.80"]) < 35.1 * 365.25
    assert min(ages["O09.529"]) > 34.9 * 365.25


def test_a_first_pregnancy_has_the_code_of_a_first() -> None:
    young = {**MOTHER, "age": 28}

    assert holders(run(four(FATHER, young)), "Z34.00") == {2}
    stated = {**young, "conditions": [{"code": "O09.90"}]}
    only = run(four(FATHER, stated))
    assert (holders(only, "O09.90"), holders(only, "Z34")) == ({2}, set())


def test_a_pregnancy_is_over_42_weeks_after_the_last_period() -> None:
    made = run(four(through="2025-12-31"))
    found = listed(made["conditions"], "person_id", "abatement_date", "status")
    ends = [ended for who, ended, status in found if who % 100 == 2 and status == "resolved"]

    assert len(ends) == 60
    assert day_of("2025-08-01") + 13 <= min(ends)
    assert max(ends) <= day_of("2025-08-31") + 13


def test_a_birth_ends_the_pregnancy() -> None:
    journey = pregnancy(delivery(), eligible="gender == 'F' and age >= 18 and has('Z34')")
    made = run(four(FATHER, {**MOTHER, "age": 28}), journey)
    children = listed(made["patients"], "mother_person_id", "birth_date")
    born = {mother: day for mother, day in children if mother > 0}
    ended = {who: day for who, code, day in listed(
        made["conditions"], "person_id", "code", "abatement_date") if code == "Z34.00"}  # fmt: skip

    assert len(born) == 60
    assert ended == {mother: day - 1 for mother, day in born.items()}


def test_weeks_of_pregnancy_are_those_of_the_profiles_day() -> None:
    vital = {
        "do": "event",
        "id": "weeks",
        "type": "vital",
        "at": 3,
        "details": {
            "loinc": "8867-4",
            "result": {"type": "formula", "value": "gestation", "decimals": 0},
        },
    }
    journey = {"kind": "journey", "name": "weeks", "version": 1, "duration_days": 10,
               "eligible": "gestation >= 0",
               "phases": [{"name": "all", "steps": [vital]}]}  # fmt: skip
    made = run(four(FATHER, {**MOTHER, "pregnant": {"weeks": 20}}), journey)
    found = listed(made["vital_signs"], "person_id", "value")

    assert {who % 100 for who, _ in found} == {2}
    assert {value for _, value in found} <= {20 * 7 + 3 + day for day in range(7)}
    assert len({value for _, value in found}) > 3


def test_a_share_of_a_members_condition_is_of_the_families() -> None:
    half = {"role": "child", "born": "2015", "conditions": [{"code": "J45.20", "share": 0.3}]}
    made = run(four(FATHER, half, count=400))
    found = sum(code == "J45.20" for (code,) in listed(made["conditions"], "code"))

    assert abs(found - 120) < 3 * (400 * 0.3 * 0.7) ** 0.5


def test_a_members_own_condition_wins_over_what_excludes_it() -> None:
    made = run(four(FATHER, clinical={"comorbidities": [{"code": "E10.9", "share": 0.9}]}))

    assert {code for who, code in listed(made["conditions"], "person_id", "code")
            if who % 100 == 1} == {"E11.9"}  # fmt: skip


def test_a_spouse_may_have_what_all_anchors_have() -> None:
    both = [{"role": "spouse", "conditions": [{"code": "E11.9"}]}]
    made = run(four(*both, clinical={"primary": {"code": "E11.9", "onset": {"years_before": 2}}}))

    assert holders(made, "E11.9") == {1, 2}


def test_a_condition_of_a_child_began_in_its_life_and_at_an_age_at_which_it_may() -> None:
    members = [{"role": "child", "age": 3, "conditions": [{"code": "J45.20"}, {"code": "F90.9"}]}]
    made = run(four(*members, count=200))
    born = dict(listed(made["patients"], "person_id", "birth_date"))
    after = [onset - born[who] for who, _, onset in listed(
        made["conditions"], "person_id", "code", "onset_date")]  # fmt: skip

    assert min(after) >= 0
    assert sum(days == 0 for days in after) < 10


def test_siblings_of_one_birth_year_are_twins_or_a_pregnancy_apart() -> None:
    twins = [{"role": "child", "born": "2015"}, {"role": "child", "born": "2015"}]
    made = run(four(*twins, count=200))
    apart = np.abs(np.asarray(at(made, 3)["birth_date"]) - np.asarray(at(made, 4)["birth_date"]))

    assert set(apart[apart < 280].tolist()) <= {0}
    assert (apart > 0).any()


def test_the_first_families_with_members_do_not_change_with_the_count() -> None:
    few, many = run(four(count=20)), run(four(count=60))

    for name in set(few) - set(NOT_PER_PERSON):
        mine = take(many[name], np.asarray(many[name]["person_id"]) < 2100)
        assert listed(few[name]) == listed(mine), name


def test_one_member_more_changes_nobody_who_was_there() -> None:
    three, more = run(four(FATHER, DAUGHTER)), run(four(FATHER, DAUGHTER, {"role": "child"}))

    for name in ("patients", "conditions", "enrollments"):
        mine = take(more[name], np.asarray(more[name]["person_id"]) % 100 <= 3)
        assert listed(three[name]) == listed(mine), name


def test_another_condition_of_a_member_changes_no_other_row() -> None:
    plain = {**DAUGHTER, "conditions": []}
    without, with_ = run(four(FATHER, plain)), run(four(FATHER, DAUGHTER))

    assert listed(without["patients"]) == listed(with_["patients"])
    kept = [row for row in listed(with_["conditions"], "person_id", "code", "onset_date")
            if row[1] != "J45.20"]  # fmt: skip
    assert listed(without["conditions"], "person_id", "code", "onset_date") == kept


@pytest.mark.proof
@pytest.mark.parametrize(
    ("size", "threads", "count"),
    [
        pytest.param(1, 3, 7, marks=pytest.mark.proof),
        pytest.param(17, 1, 40, marks=pytest.mark.proof),
        (19, 2, 20),
    ],
)
def test_members_are_the_same_in_any_chunks(size: int, threads: int, count: int) -> None:
    """Each day `promises/test_families.py` says so of mothers, children and newborns."""
    journey = pregnancy(delivery(), eligible="gender == 'F' and age >= 18 and gestation >= 0")
    job = (four(count=count), journey)
    whole, parts = run(*job), run(*job, size=size, threads=threads)

    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


def changed(member: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """The members of a family, with one that is changed last."""
    return [*MEMBERS[:1], {**member, **changes}]


@pytest.mark.parametrize(("members", "where", "found", "mend"), [
    (changed(FATHER), "household", "2 of role 'self'", "at most 1"),
    (changed(DAUGHTER, age=9), "members[1]", "both given", "keep one"),
    ([{"role": "self", "born": "1980"}], "members[0]", "anchor's", "demographics.born"),
    ([{"role": "self", "pregnant": {"due": "2025-08"}}], "members[0].pregnant", "is M",
     "demographics.gender"),
    (changed(MOTHER, gender="M"), "members[1].pregnant", "is M", "another member"),
    (changed(MOTHER, gender=None), "members[1].pregnant", "can be M", 'gender to "F"'),
    (changed(MOTHER, age=70), "members[1].pregnant", "70 years old", "22 to 40"),
    (changed(MOTHER, pregnant={"due": "2024-12"}), "pregnant.due", "born already", "as_of"),
    (changed(MOTHER, pregnant={"due": "2025-01-01"}), "pregnant.due", "born already", "as_of"),
    (changed(MOTHER, pregnant={"due": "2025-09-11"}), "pregnant.due", "nobody knows", "2025-01-02"),
    (changed(MOTHER, pregnant={}), "members[1].pregnant", "one of due and weeks", "add one"),
    (changed(MOTHER, pregnant={"weeks": 40}), "pregnant.weeks", "40", "39"),
    (changed(DAUGHTER, born="2025"), "members[1].born", "ends after as_of", "2025-12-31"),
    (changed(DAUGHTER, born="1998"), "members[1].born", "26", "year"),
    (changed(DAUGHTER, born="15"), "members[1].born", "15", "2015-03-02"),
    (changed(DAUGHTER, born="2015-02-30"), "members[1].born", "calendar", "correct"),
    (changed(DAUGHTER, born={"from": "2015", "to": "2014"}), "members[1].born", "after", "swap"),
    (changed(DAUGHTER, born="2007"), "members[1].born", "18 years old", "at least 34"),
    (changed(DAUGHTER, born=None, age=27), "members[1].age", "27", "26"),
    ([{"role": "spouse", "born": "2010"}], "members[0].born", "spouse is 18", "role"),
    (changed(DAUGHTER, conditions=[{"code": "N40.0"}]), "conditions[0].code", "only for M",
     "another"),
    (changed(DAUGHTER, conditions=[{"code": "E11"}]), "conditions[0].code", "E11", "E11."),
    (changed(DAUGHTER, conditions=[{"code": "F03.90"}]), "conditions[0].code", "only for ages",
     "change the age"),
    (changed(DAUGHTER, conditions=[{"code": "E11.9"}, {"code": "E10.9"}]), "conditions[1].code",
     "excludes", "remove"),
    (changed(DAUGHTER, conditions=[{"code": "I10"}, {"code": "I10"}]), "members[1]", "twice",
     "keep"),
    (changed(DAUGHTER, conditions=[{"code": "Z34.90"}]), "conditions[0].onset", "42 weeks",
     "days_before"),
])  # fmt: skip
def test_members_who_cannot_be_are_refused(
    members: list[dict[str, Any]], where: str, found: str, mend: str
) -> None:
    problems = problems_of(four(*members))

    fitting = [one for one in problems if where in one.where and found in one.found]
    assert any(mend in one.mend for one in fitting), problems


def test_members_and_a_spouse_by_share_are_two_ways_to_say_one_thing() -> None:
    (problem,) = problems_of(four(household={"members": [FATHER], "spouse": {"share": 1}}))

    assert "members and spouse" in str(problem)


@pytest.mark.parametrize(("demographics", "where", "found"), [
    ({"born": "2015"}, "demographics.born", "younger than 18"),
    ({"born": "1980", "age": 44}, "demographics", "both given"),
    ({"born": "1880"}, "demographics.born", "over 125"),
    ({"born": "2026"}, "demographics.born", "ends after as_of"),
])  # fmt: skip
def test_anchors_who_cannot_be_are_refused(
    demographics: dict[str, Any], where: str, found: str
) -> None:
    problems = problems_of(four(FATHER, demographics=demographics))

    assert any(where in one.where and found in one.found for one in problems), problems


@pytest.mark.parametrize(
    ("age", "sex", "child", "ok"),
    [(80, "M", 5, True), (81, "M", 4, False), (56, "F", 5, True), (57, "F", 5, False),
     (21, "F", 5, True), (20, "F", 5, False), (57, "M", 5, True)],
)  # fmt: skip
def test_a_parent_was_of_an_age_to_have_a_child(age: int, sex: str, child: int, ok: bool) -> None:
    alone = {"age": age, "gender": {sex: 1}}
    household = {"members": [{"role": "child", "age": child}]}
    problems = problems_of(four(demographics=alone, household=household))

    assert [one for one in problems if "at its birth" not in one.found] == []
    assert (problems == []) == ok
    if ok:
        born = at(run(four(demographics=alone, household=household)), 3)["birth_date"]
        assert {int((AS_OF - day) // 365.25) for day in np.asarray(born)} <= {child - 1, child}


def expectant(**changes: Any) -> dict[str, Any]:
    """Women who are due in a summer."""
    women = {"age": {"type": "uniform", "low": 22, "high": 42}, "gender": {"F": 1}}
    pregnant = {"pregnant": {"due": {"from": "2025-07", "to": "2025-08"}}}
    return family(**{"unit": "person", "household": None, "attributes": {}, "demographics": women,
                     "clinical": pregnant, "count": 200, **changes})  # fmt: skip


def test_persons_may_all_be_pregnant() -> None:
    made = run(expectant())
    rows = listed(made["conditions"], "person_id", "code", "onset_date")

    assert {who for who, _, _ in rows} == {unit * 100 + 1 for unit in range(1, 201)}
    assert {code for _, code, _ in rows} == {"Z34.90", "O09.90"}
    first, last = day_of("2025-07-01") - 280 + 28, day_of("2025-08-31") - 280 + 56
    assert all(first <= onset <= min(last, AS_OF) for _, _, onset in rows)


def test_codes_of_supervision_begin_when_the_pregnancy_was_found() -> None:
    high = {"code": "O09.90", "share": 0.3}
    rest = {"code": "Z34.90", "share": {"type": "conditional", "otherwise": 1,
                                        "cases": [{"when": "has('O09')", "then": 0}]}}  # fmt: skip
    early = {"code": "Z33.1", "share": 1, "onset": {"days_before": 2}}
    clinical = expectant()["clinical"] | {"comorbidities": [high, rest, early]}
    rows = listed(run(expectant(clinical=clinical))["conditions"], "code", "onset_date")
    days = {code: {AS_OF - onset for held, onset in rows if held == code} for code, _ in rows}

    assert set(days) == {"O09.90", "Z34.90", "Z33.1"}
    assert days["Z33.1"] == {2}
    assert len(days["Z34.90"]) > 20
    assert 40 < sum(code == "O09.90" for code, _ in rows) < 80


def test_balanced_due_dates_are_even() -> None:
    vital = {
        "do": "event",
        "id": "weeks",
        "type": "vital",
        "at": 0,
        "details": {
            "loinc": "8867-4",
            "result": {"type": "formula", "value": "gestation", "decimals": 0},
        },
    }
    journey = {"kind": "journey", "name": "weeks", "version": 1, "duration_days": 10,
               "phases": [{"name": "all", "steps": [vital]}]}  # fmt: skip
    pregnant = {"pregnant": {"due": {"from": "2025-07-01", "to": "2025-07-20"}}}
    found = run(expectant(clinical=pregnant, sampling="balanced"), journey)["vital_signs"]
    days = [value for (value,) in listed(found, "value")]

    assert {days.count(day) for day in set(days)} == {10}
    assert len(set(days)) == 20


@pytest.mark.parametrize(("changes", "where", "found", "mend"), [
    ({"demographics": {"age": 30}}, "clinical.pregnant", "can be M", '{"F": 1}'),
    ({"demographics": {"age": 30, "gender": {"M": 1}}}, "clinical.pregnant", "is M", '{"F": 1}'),
    ({"demographics": {"gender": {"F": 1}}}, "clinical.pregnant", "any number", "22 to 40"),
    ({"demographics": {"gender": {"F": 1}, "age": 66}}, "clinical.pregnant", "66", "22 to 40"),
    ({"unit": "family"}, "profile", "unit is family", "household.members"),
])  # fmt: skip
def test_persons_who_cannot_be_pregnant_are_refused(
    changes: dict[str, Any], where: str, found: str, mend: str
) -> None:
    problems = problems_of(expectant(**changes))
    fitting = [one for one in problems if where in one.where and found in one.found]

    assert any(mend in one.mend for one in fitting), problems


@pytest.mark.parametrize(("onset", "ok"), [
    ({"days_before": {"type": "uniform", "low": 0, "high": 294}}, True),
    ({"days_before": {"type": "uniform", "low": 0, "high": 295}}, False),
    ({"days_before": 294}, True), ({"days_before": 295}, False),
    ({"years_before": 0.8}, True), ({"years_before": 1}, False),
    ({"days_before": {"type": "normal", "mean": 30, "sd": 5, "low": 0}}, False), (None, False),
])  # fmt: skip
@pytest.mark.parametrize("code", ["Z34.90", "O09.90", "O10.019"])
def test_a_code_of_a_pregnancy_begins_within_42_weeks(
    onset: dict[str, Any] | None, ok: bool, code: str
) -> None:
    women = {"age": {"type": "uniform", "low": 20, "high": 40}, "gender": {"F": 1}}
    comorbidity = {"code": code, "share": 0.5} | ({"onset": onset} if onset else {})
    problems = problems_of(family(unit="person", household=None, attributes={}, demographics=women,
                                clinical={"comorbidities": [comorbidity]}))  # fmt: skip

    assert [one for one in problems if "42 weeks" in str(one)] == ([] if ok else problems)
    assert bool(problems) != ok


def test_an_onset_by_formula_is_held_within_the_pregnancy() -> None:
    women = {"age": {"type": "uniform", "low": 20, "high": 40}, "gender": {"F": 1}}
    long_ago = {"days_before": {"type": "formula", "value": "age * 365"}}
    made = run(family(unit="person", household=None, attributes={}, demographics=women, clinical={
        "comorbidities": [{"code": "O10.019", "share": 1, "onset": long_ago}]}))  # fmt: skip

    begun = {
        (code, AS_OF - onset) for code, onset in listed(made["conditions"], "code", "onset_date")
    }
    assert {days for code, days in begun if code == "O10.019"} == {294}
    assert all(days == -1 or days > 294 for code, days in begun if code == "I10")
