"""Exact counts by group: met to the person over any chunks, or refused before the first row."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from execution.families import family
from execution.running import diabetic, event, journey, listed, patients, run
from execution.test_cohort import coded, of
from healthsim.errors import Cancelled, SpecError
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks, run_chunk
from healthsim.operations import generate, scenarios
from healthsim.operations.estimate import preview
from healthsim.operations.home import Home
from healthsim.operations.verify import verify
from healthsim.tables import Columns
from processes import PATIENCE

KIDNEY, DRUG = "N18.30", "lisinopril 10 mg tablet"
WOMEN = {"when": "gender == 'F'", "count": 10}


def fifty(*groups: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """25 men and 25 women, of whom groups have kidney disease."""
    profile = of(diabetic(count=50, **changes), gender={"exactly": {"M": 25, "F": 25}})
    profile["clinical"] = {
        "primary": {"code": "E11.9"},
        "comorbidities": [{"code": KIDNEY, "exactly": list(groups)}],
    }
    return profile


def ill(tables: dict[str, Columns]) -> Counter[str]:
    """How many of each sex have kidney disease."""
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    return Counter(gender[person] for person, codes in coded(tables).items() if KIDNEY in codes)


def refused(profile: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as caught:
        prepare(profile)
    return str(caught.value)


def test_exactly_ten_of_the_25_women_and_no_man_have_it() -> None:
    assert ill(run(fifty(WOMEN))) == {"F": 10}


@pytest.mark.slow
def test_chunks_and_threads_do_not_change_who_is_chosen() -> None:
    profile = fifty(WOMEN, {"when": "age >= 70", "count": 3})
    whole = run(profile)

    parts = run(profile, size=19, threads=3)
    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.proof
def test_one_person_at_a_time_gives_the_same_rows() -> None:
    """Each day the test of chunks and threads says so of larger chunks."""
    profile = of(diabetic(count=9), gender={"exactly": {"M": 4, "F": 5}})
    profile["clinical"] = {"comorbidities": [
        {"code": KIDNEY, "exactly": [{"when": "gender == 'F'", "count": 2}]}]}  # fmt: skip
    whole, parts = run(profile), run(profile, size=1)

    assert ill(whole) == {"F": 2}
    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name


@pytest.mark.slow
def test_a_chunk_alone_is_the_chunk_of_the_whole() -> None:
    job = prepare(fifty(WOMEN))
    alone, _ = run_chunk(job, 20, 7)
    beside = next(chunk for chunk in chunks(job, size=20) if chunk.start == 20)

    assert set(listed(alone.tables["conditions"])) <= set(listed(beside.tables["conditions"]))


def test_people_are_in_the_first_group_that_fits() -> None:
    profile = fifty(WOMEN, {"when": "gender == 'F' or age > 0", "count": 4})

    assert ill(run(profile)) == {"F": 10, "M": 4}


def test_who_is_chosen_does_not_follow_the_order_of_people() -> None:
    tables = run(fifty({"when": "age > 0", "count": 10}))
    numbers = [person for person, codes in coded(tables).items() if KIDNEY in codes]

    assert len(numbers) == 10
    assert max(numbers) > 3000


def test_a_group_keeps_its_people_when_another_group_changes() -> None:
    men = {"when": "gender == 'M'", "count": 5}
    one, other = run(fifty(WOMEN, men)), run(fifty(WOMEN, {**men, "count": 12}))
    women = {key for key, sex in listed(one["patients"], "person_id", "gender") if sex == "F"}

    assert ill(other) == {"F": 10, "M": 12}
    assert {key for key in women if KIDNEY in coded(one)[key]} == {
        key for key in women if KIDNEY in coded(other)[key]
    }


def test_a_quota_may_depend_on_another_quota() -> None:
    profile = fifty(WOMEN)
    profile["clinical"]["medications"] = [
        {"drug": DRUG, "exactly": [{"when": f"has('{KIDNEY}')", "count": 6}]}
    ]
    profile["clinical"]["comorbidities"].insert(
        0, {"code": "I10", "exactly": [{"when": "takes('lisinopril')", "count": 2},
                                       {"when": "gender == 'M'", "count": 9}]}
    )  # fmt: skip
    tables = run(profile, size=19)
    takers = {person for (person,) in listed(tables["prescriptions"], "person_id")}
    codes = coded(tables)

    assert len(takers) == 6
    assert all(KIDNEY in codes[person] for person in takers)
    assert sum(bool({"I10", "I12.9"} & codes[person]) for person in takers) == 2


def test_those_who_cannot_have_a_condition_are_not_counted() -> None:
    profile = of(
        patients(count=300),
        age={"type": "uniform", "low": 0, "high": 90, "decimals": 0},
    )
    profile["clinical"] = {
        "comorbidities": [{"code": "Z00.129", "exactly": [{"when": "age < 40", "count": 20}]}]
    }
    assert sum("Z00.129" in codes for codes in coded(run(profile, size=50)).values()) == 20


def test_a_group_that_people_do_not_fill_is_refused_before_any_row() -> None:
    profile = fifty({"when": "age > 89", "count": 30})

    with pytest.raises(SpecError) as caught:
        next(chunks(prepare(profile)))
    assert "comorbidities[N18.30].exactly[0]: asks for 30 of the people with age > 89" in str(
        caught.value
    )
    assert "lower it to" in str(caught.value)


def test_more_than_an_exact_count_of_women_is_refused_by_both_figures() -> None:
    found = refused(fifty({**WOMEN, "count": 30}))

    assert "asks for 30 of the people with gender == 'F'" in found
    assert "demographics.gender gives exactly 25; lower it to 25 or raise F in" in found


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([WOMEN, WOMEN], "is listed twice"),
        ([{**WOMEN, "count": 26}, {"when": "gender == 'M'", "count": 26}], "52 of 50 people"),
        ([{**WOMEN, "when": "gender == 'F' and age > 60", "count": 26}], "gives exactly 25"),
        ([{**WOMEN, "when": "gender == 'F' and age > 60", "count": 20}, WOMEN],
         "ask for 30 of the 25 people"),
        ([WOMEN, {"when": "gender == 'F' and age > 60", "count": 1}], "gives nobody"),
        ([{**WOMEN, "when": "gendr == 'F'"}], "exactly[0].when"),
        ([{**WOMEN, "count": -1}], "exactly[0].count"),
        ([{**WOMEN, "share": 0.2}], "unknown key 'share'"),
        ([], "exactly"),
        ([{**WOMEN, "when": "last('4548-4') > 1"}], "history"),
        ([{**WOMEN, "when": "has('N18.30')"}], "need each other"),
    ],
)  # fmt: skip
def test_groups_that_cannot_be_met_are_refused(groups: list[dict[str, Any]], words: str) -> None:
    assert words in refused(fifty(*groups))


def test_a_condition_that_may_hold_is_not_refused() -> None:
    may = {"when": "has('E11') and not has('I10') and gender != 'M' or age > 200", "count": 5}

    assert ill(run(fifty(may))) == {"F": 5}


def test_counting_stops_when_it_is_asked_to() -> None:
    stop = threading.Event()
    stop.set()

    with pytest.raises(Cancelled):
        next(chunks(prepare(fifty(WOMEN)), size=5, stop=stop))


def test_a_job_without_population_steps_is_not_counted() -> None:
    job = prepare(diabetic(count=10), [journey(event("d", "death", 10))])

    assert job.quotas == ()
    assert not job.counts_journeys


@pytest.mark.slow
def test_groups_are_of_all_people_of_families() -> None:
    profile = family(count=40)
    profile["clinical"] = {"comorbidities": [
        {"code": "J45.909", "exactly": [{"when": "role == 'child'", "count": 9},
                                        {"when": "gender == 'F'", "count": 5}]}]}  # fmt: skip
    tables = run(profile)
    place = {person: person % 100 for (person,) in listed(tables["patients"], "person_id")}
    held = [person for person, codes in coded(tables).items() if "J45.909" in codes]

    assert sum(place[person] >= 3 for person in held) == 9
    assert len(held) == 14
    assert listed(run(profile, size=19)["conditions"]) == listed(tables["conditions"])


def test_a_run_that_cannot_meet_a_count_fails_and_stores_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    run_id = generate.start(home, fifty({"when": "age > 89", "count": 30}), []).run_id
    record = generate.join(home, run_id, PATIENCE)

    assert record.status == "failed"
    assert "asks for 30 of the people with age > 89" in record.error
    assert not list(home.runs.glob("*.duckdb"))


@pytest.mark.slow
def test_a_scenario_with_exact_groups_is_verified(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = generate.join(home, generate.start(home, fifty(WOMEN), []).run_id, PATIENCE)
    scenarios.save_run(home, record.run_id, "ten-women")

    assert verify(home, "ten-women").same


@pytest.mark.slow
def test_a_preview_shows_the_first_people_of_the_whole() -> None:
    shown = preview(fifty(WOMEN), [], sample=50)
    ill_ones = [person for person in shown.people if KIDNEY in str(person[-1])]

    assert len(ill_ones) == 10
