"""Families: who lives together, who is covered by whom, and what stays as it was."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from execution.families import family, person
from execution.running import Columns, attempted, journey, listed, run, visit
from healthsim.products.catalogue import NOT_PER_PERSON
from healthsim.tables import take


def care() -> dict[str, Any]:
    """Visits dear enough to meet a deductible."""
    return journey(
        {"do": "repeat", "id": "often", "at": 10, "every": {"days": 40}, "times": 8, "steps": [
            visit("seen", diagnoses=["Z00.00"], specialty="cardiology",
                  procedures=["99215", "93306"])]}
    )  # fmt: skip


@pytest.fixture(scope="module")
def made() -> dict[str, Columns]:
    return run(family(count=400), care())


def place(columns: Columns) -> np.ndarray:
    return np.asarray(columns["person_id"]) % 100


def of_anchor(columns: Columns, name: str) -> list[Any]:
    """What the anchor of each row's unit has."""
    whole = dict(listed(columns, "person_id", name))
    return [whole[each // 100 * 100 + 1] for each in np.asarray(columns["person_id"]).tolist()]


@pytest.mark.slow
def test_a_family_has_one_anchor_and_those_who_live_with_it(made: dict[str, Columns]) -> None:
    places = place(made["patients"])

    assert (places == 1).sum() == 400
    spouses = (places == 2).sum()
    assert abs(spouses - 240) < 3 * (400 * 0.6 * 0.4) ** 0.5
    children = (places >= 3).sum()
    assert abs(children - 500) < 3 * (400 * 1.09) ** 0.5
    assert np.array_equal(np.asarray(made["patients"]["person_id"]),
                          np.sort(np.asarray(made["patients"]["person_id"])))  # fmt: skip


@pytest.mark.parametrize("name", ["street", "city", "county_fips", "state", "zip", "language"])
def test_a_household_has_one_address_and_one_language(made: dict[str, Columns], name: str) -> None:
    found = [value for (value,) in listed(made["patients"], name)]

    assert found == of_anchor(made["patients"], name)


def test_most_of_a_household_has_one_surname(made: dict[str, Columns]) -> None:
    mine = [value for (value,) in listed(made["patients"], "family_name")]
    anchors = of_anchor(made["patients"], "family_name")
    same = np.array([one == other for one, other in zip(mine, anchors, strict=True)])
    places = place(made["patients"])

    assert 0.65 < same[places == 2].mean() < 0.95
    assert 0.88 < same[places >= 3].mean() < 1


def test_a_parent_is_15_to_51_years_older_than_a_child(made: dict[str, Columns]) -> None:
    people = made["patients"]
    born = dict(zip(np.asarray(people["person_id"]).tolist(),
                    np.asarray(people["birth_date"]).tolist(), strict=True))  # fmt: skip
    youngest = {unit: max(born.get(unit * 100 + 1), born.get(unit * 100 + 2, -(10**9)))
                for unit in {one // 100 for one in born}}  # fmt: skip
    gaps = [(born[one] - youngest[one // 100]) / 365.25 for one in born if one % 100 >= 3]

    assert min(gaps) >= 15
    assert max(gaps) <= 51
    ages = [(20_089 - born[one]) / 365.25 for one in born if one % 100 >= 3]
    assert min(ages) >= 0
    assert max(ages) < 26.01


def test_siblings_are_twins_or_a_pregnancy_apart(made: dict[str, Columns]) -> None:
    people = made["patients"]
    children = place(people) >= 3
    unit = np.asarray(people["person_id"])[children] // 100
    birth = np.asarray(people["birth_date"])[children]
    order = np.lexsort((birth, unit))
    apart = np.diff(birth[order])[np.diff(unit[order]) == 0]

    assert len(apart) > 100
    assert set(apart[apart < 280].tolist()) <= {0}


def test_spouses_are_adults_near_the_anchors_age_and_nearly_all_of_the_other_sex(
    made: dict[str, Columns],
) -> None:
    people = made["patients"]
    spouse = place(people) == 2
    gap = (np.asarray(people["birth_date"]) - np.array(of_anchor(people, "birth_date")))[spouse]
    sexes = zip(listed(people, "gender"), of_anchor(people, "gender"), spouse, strict=True)
    other = [mine != anchor for (mine,), anchor, is_spouse in sexes if is_spouse]

    assert np.asarray(people["birth_date"])[spouse].max() <= 20_089 - 18 * 365
    assert 3 < gap.std() / 365.25 < 7
    assert np.mean(other) > 0.93
    assert {status for (status,), is_spouse in zip(
        listed(people, "marital_status"), spouse, strict=True) if is_spouse} == {"M"}  # fmt: skip


def test_the_primary_condition_is_the_anchors_and_others_may_be_anybodys(
    made: dict[str, Columns],
) -> None:
    found: dict[str, set[int]] = {}
    for who, code in listed(made["conditions"], "person_id", "code"):
        found.setdefault(code, set()).add(min(who % 100, 3))

    assert found == {"E11.9": {1}, "I10": {1, 2, 3}} or found["I10"] == {1, 2}


def test_the_anchor_of_an_employers_plan_is_the_subscriber_of_all(
    made: dict[str, Columns],
) -> None:
    codes = {"18": {"01"}, "01": {"02"}, "19": {"03", "04", "05"}}
    for who, held_by, code, kind in listed(
        made["members"], "person_id", "subscriber_id", "person_code", "relationship_code"
    ):
        assert held_by == who // 100 * 100 + 1
        assert code in codes[kind]
        assert int(code) == who % 100
    number = dict(listed(made["members"], "person_id", "member_number"))
    for who, card in listed(made["rx_members"], "person_id", "cardholder_id"):
        assert card == number[who // 100 * 100 + 1]


def test_medicaid_covers_everyone_alone() -> None:
    found = run(family(coverage={"plan": {"Medicaid-MCO": 1}}))

    assert {(who == held_by, code, kind) for who, held_by, code, kind in listed(
        found["members"], "person_id", "subscriber_id", "person_code", "relationship_code")
    } == {(True, "01", "18")}  # fmt: skip


@pytest.mark.parametrize(("table", "name"), [
    ("patients", "ssn"), ("patients", "mrn"), ("patients", "email"), ("members", "member_number"),
])  # fmt: skip
def test_nobody_shares_a_number(made: dict[str, Columns], table: str, name: str) -> None:
    found = [value for (value,) in listed(made[table], name)]

    assert len(set(found)) == len(found)


def test_the_familys_deductible_is_met_together(made: dict[str, Columns]) -> None:
    plan = dict(listed(made["claims"], "claim_id", "plan_id"))
    family_limit = {"Commercial-PPO": 300_000, "HDHP": 500_000}
    own_limit = {"Commercial-PPO": 150_000, "HDHP": 500_000}
    single_limit = {"Commercial-PPO": 150_000, "HDHP": 250_000}
    size = Counter(who // 100 for (who,) in listed(made["members"], "person_id"))
    spent: dict[tuple[int, str], int] = {}
    alone: dict[tuple[int, str], int] = {}
    for claim, who, cents, day in listed(
        made["claim_lines"], "claim_id", "person_id", "deductible_usd", "service_date"
    ):
        assert 20_089 <= day < 20_454
        key = plan[claim]
        spent[who // 100, key] = spent.get((who // 100, key), 0) + cents
        alone[who, key] = alone.get((who, key), 0) + cents

    assert all(cents <= family_limit[key] for (_, key), cents in spent.items())
    assert all(cents <= own_limit[key] for (_, key), cents in alone.items())
    assert {
        (
            key,
            max(cents for (who, of), cents in alone.items() if of == key and size[who // 100] == 1),
        )
        for key in single_limit
    } == set(single_limit.items())
    met = [key for key, cents in spent.items() if cents == family_limit[key[1]]]
    held_short = [key for key, cents in alone.items()
                  if cents < own_limit[key[1]] and (key[0] // 100, key[1]) in met]  # fmt: skip
    assert len(met) > 20
    assert len(held_short) > 20


@pytest.mark.proof
@pytest.mark.parametrize(
    ("size", "threads", "count"),
    [
        pytest.param(1, 3, 7, marks=pytest.mark.proof),
        pytest.param(17, 1, 40, marks=pytest.mark.proof),
        (19, 2, 20),
    ],
)
def test_families_are_the_same_in_any_chunks(size: int, threads: int, count: int) -> None:
    """Each day `promises/test_families.py` says so of mothers, children and newborns."""
    job = (family(count=count), care())
    whole, parts = run(*job), run(*job, size=size, threads=threads)

    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.slow
def test_the_first_families_do_not_change_with_the_count() -> None:
    few, many = run(family(count=20), care()), run(family(count=60), care())

    for name in set(few) - set(NOT_PER_PERSON):
        mine = take(many[name], np.asarray(many[name]["person_id"]) < 2100)
        assert listed(few[name]) == listed(mine), name


@pytest.mark.slow
def test_a_household_changes_nothing_of_its_anchor_but_that_spouses_make_it_married() -> None:
    alone, together = run(person(), care()), run(family(), care())

    for name in ("patients", "conditions", "encounters", "prescriptions", "events", "rx_members"):
        mine = take(together[name], place(together[name]) == 1)
        kept = [one for one in mine if one != "marital_status"]
        assert listed(alone[name], *kept) == listed(mine, *kept), name


def test_more_children_change_nobody_who_was_there() -> None:
    few = run(family(household={"spouse": {"share": 0.6}}))
    more = run(family())

    mine = take(more["patients"], place(more["patients"]) <= 2)
    assert listed(few["patients"]) == listed(mine)


def test_children_of_parents_too_young_for_the_ages_asked_are_younger() -> None:
    found = run(family(
        demographics={"age": {"type": "uniform", "low": 20, "high": 24}},
        household={"children": {"number": 2, "age": {"type": "uniform", "low": 8, "high": 12}}},
    ))["patients"]  # fmt: skip
    children = place(found) >= 3

    assert children.sum() == 120
    assert (20_089 - np.asarray(found["birth_date"])[children]).max() < 9 * 366


@pytest.mark.parametrize(("changes", "where", "mend"), [
    ({"demographics": {"age": {"type": "uniform", "low": 10, "high": 60}}},
     "profile.demographics.age", "18 and above"),
    ({"demographics": {}}, "profile.demographics.age", "18 and above"),
    ({"clinical": {"comorbidities": [{"code": "I10", "exactly": 5}]}},
     "profile.clinical.comorbidities[0].exactly", "share"),
    ({"household": {"children": {"number": {"type": "poisson", "mean": 2}}}},
     "profile.household.children.number", "12"),
    ({"household": {"children": {"number": {"two": 1}}}},
     "profile.household.children.number", '"0" to "12"'),
    ({"household": {"children": {"number": 1, "age": {"type": "uniform", "low": 0, "high": 40}}}},
     "profile.household.children.age", "26"),
    ({"household": {"children": {"number": 1, "age": {"type": "uniform", "low": 20, "high": 26}}},
      "demographics": {"age": {"type": "uniform", "low": 24, "high": 30}}},
     "profile.household.children.age", "lower the children"),
    ({"household": {"children": {"number": 1}},
      "demographics": {"age": {"type": "uniform", "low": 90, "high": 95}}},
     "profile.household.children.age", "lower the children"),
    ({"household": {"spouse": {"share": 1, "age_gap": 1e6}}}, "profile.household.spouse.age_gap",
     "younger than the anchor"),
    ({"household": {"spouse": {"share": 1.5}}}, "profile.household.spouse.share", "1"),
    ({"household": {"spouse": {"share": {"type": "conditional", "cases": [
        {"when": "agee > 30", "then": 0.5}], "otherwise": 0}}}},
     "profile.household.spouse.share", "age"),
    ({"count": 10_000_001}, "profile", "10,000,000"),
    ({"coverage": {"plan": {"own": 1}, "plans": {"own": {
        "kind": "commercial", "deductible_usd": 500, "family_deductible_usd": 400}}}},
     "profile.coverage.plans.own", "500"),
])  # fmt: skip
def test_what_no_family_can_be_is_refused(changes: dict[str, Any], where: str, mend: str) -> None:
    told = attempted(family(**changes))

    assert isinstance(told, str)
    assert where in told
    assert mend in told
