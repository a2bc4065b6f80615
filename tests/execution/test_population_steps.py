"""Steps of journeys that see everybody: options with an exact count, and randomisation."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from execution.running import (
    Document,
    diabetic,
    event,
    journey,
    lab,
    listed,
    patients,
    run,
    visit,
    within_three_errors,
)
from healthsim.errors import SpecError
from healthsim.execution.passes import counting
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.population_pass import PopulationPass
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.execution.timeline.randomization import assign_arms
from healthsim.persistence.digest import Digest
from healthsim.tables import Coded, Columns

TRIAL = {"id": "T-1", "arms": {"new": 2, "old": 1}, "block": 6, "strata": ["gender"]}
REST = ({"name": "b", "weight": 0.25}, {"name": "c", "weight": 0.75})


def subjects(**changes: Any) -> Document:
    """People who may be subjects of a trial."""
    return diabetic(products=["patientsim", "membersim", "rxmembersim", "trialsim"], **changes)


def trial(*steps: Document, at: Any = 10, **keys: Any) -> Document:
    """A trial whose people are screened and randomised before the steps."""
    first = (event("screened", "screening", 0), event("r", "randomization", at))
    return journey(*first, *steps, name="trial", trial={**TRIAL, **keys})


def fork(*options: Document, id: str = "fork", at: Any = 30, **keys: Any) -> Document:
    return {"do": "branch", "id": id, "at": at, "options": list(options), **keys}


def counted(count: int, **keys: Any) -> Document:
    return {"name": "a", "exactly": count, **keys}


def taken(tables: dict[str, Columns], id: str = "fork") -> Counter[str]:
    rows = listed(tables["events"], "step", "option")
    return Counter(option for step, option in rows if step == id)


def digest(profile: Document, *journeys: Document, size: int, threads: int) -> str:
    job = prepare({"detail": "core"} | profile, journeys)
    found, tables = Digest(job.tables), {table.name: table for table in job.tables}
    for chunk in chunks(job, size=size, threads=threads):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)
    return found.total()


def test_exactly_so_many_of_those_at_a_branch_take_the_option() -> None:
    women = {"when": "gender == 'F'"}
    tables = run(
        patients(count=200),
        journey(fork(counted(44, steps=[lab("l")]), *REST, **women)),
    )
    gender = Counter(sex for (sex,) in listed(tables["patients"], "gender"))

    assert taken(tables)["a"] == len(tables["lab_results"]["value"]) == 44
    assert taken(tables).total() == gender["F"]


def test_the_rest_is_shared_by_weight() -> None:
    found = taken(run(patients(count=4000), journey(fork(counted(1000), *REST))))

    assert found["a"] == 1000
    assert within_three_errors(found["b"], 3000, 0.25)


def test_each_group_of_options_has_its_own_counts() -> None:
    group = {"when": "gender == 'F'"}
    branch = fork(
        counted(7, **group),
        {"name": "d", "exactly": 5, **group},
        {"name": "e", "weight": 1, **group},
        {"name": "f", "exactly": 9},
        {"name": "g", "weight": 1},
    )
    tables = run(patients(count=100), journey(branch), size=60)
    gender = Counter(sex for (sex,) in listed(tables["patients"], "gender"))

    assert taken(tables) == {
        "a": 7, "d": 5, "e": gender["F"] - 12, "f": 9, "g": gender["M"] - 9
    }  # fmt: skip


@pytest.mark.proof
@pytest.mark.parametrize(
    ("size", "threads", "count"),
    [
        pytest.param(1, 1, 6, marks=pytest.mark.proof),
        pytest.param(11, 3, 60, marks=pytest.mark.proof),
        (23, 2, 40),
    ],
)
def test_chunks_and_threads_do_not_change_the_digest(size: int, threads: int, count: int) -> None:
    """Each day the test of counts inside stages, cycles and parts says so of events."""
    steps = (
        visit("v", {"day": 20, "variance_days": 15}),
        fork(counted(count // 2, steps=[visit("w", {"day": 5, "variance_days": 5})]), *REST,
             at={"day": 30, "variance_days": 10}),
        fork(counted(count // 6), *REST, id="second", at={"day": 33, "variance_days": 10},
             when="happened('w') or gender == 'F'"),
    )  # fmt: skip
    jobs = (subjects(count=count), journey(*steps),
            trial(visit("x", 60) | {"when": "arm == 'new'"}, at=50))  # fmt: skip

    assert digest(*jobs, size=size, threads=threads) == digest(*jobs, size=16_384, threads=1)


def test_a_count_may_depend_on_who_took_another_whatever_is_written_first() -> None:
    late = fork(counted(10), *REST, id="late", at=60, when="happened('go')")
    early = fork({"name": "a", "exactly": 25, "steps": [visit("go")]}, *REST, id="early", at=30)
    tables = run(patients(count=100), journey(late, early), size=60)

    assert taken(tables, "early")["a"] == 25
    assert taken(tables, "late")["a"] == 10
    assert taken(tables, "late").total() == 25


def test_two_counts_that_people_meet_in_either_order_are_both_met() -> None:
    jitter = {"day": 40, "variance_days": 20}
    one, two = fork(counted(40), *REST, id="one", at=jitter), fork(counted(60), *REST, at=jitter)
    tables = run(patients(count=200), journey(one, two), size=120)

    assert (taken(tables, "one")["a"], taken(tables)["a"]) == (40, 60)


def test_counts_that_depend_on_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_MOST_COUNTS", 3)
    jitter = {"day": 40, "variance_days": 20}
    steps = (
        fork({"name": "a", "exactly": 40, "steps": [visit("x")]}, *REST, id="one", at=jitter,
             when="not happened('y')"),
        fork({"name": "a", "exactly": 40, "steps": [visit("y")]}, *REST, id="two", at=jitter,
             when="not happened('x')"),
    )  # fmt: skip
    with pytest.raises(SpecError, match="depends on another step that counts people"):
        run(patients(count=300), journey(*steps))


def test_too_few_people_at_a_step_are_reported_before_the_first_row() -> None:
    job = prepare(diabetic(count=60), [journey(fork(counted(50), *REST, when="gender == 'F'"))])

    with pytest.raises(
        SpecError, match=r"options\[0\].exactly: asks for 50 of those who come"
    ) as e:
        next(chunks(job))
    assert "lower it to " in str(e.value)


def test_a_branch_that_nobody_reaches_is_reported() -> None:
    job = prepare(diabetic(count=20), [journey(fork(counted(5), *REST, when="age > 120"))])

    with pytest.raises(SpecError, match="asks for 5 of those who come, and 0 do"):
        next(chunks(job))


def test_what_is_dated_after_the_data_does_not_count() -> None:
    early = {"day": 5, "variance_days": 4}
    profile = patients(count=100, through="2025-01-06")
    tables = run(profile, journey(fork(counted(20), *REST, at=early)))

    assert taken(tables)["a"] == 20
    assert taken(tables).total() < 100


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (journey(fork(counted(300), *REST)), "asks for 300 of 60 people; lower it"),
        (journey(event("r", "randomization", 10)), "the journey names no arms"),
        (journey(event("r", "randomization", 10), trial={**TRIAL, "strata": ["age"]}),
         "'age' is a number, and strata are texts"),
        (journey(event("r", "randomization", 10), trial={**TRIAL, "strata": ["gendr"]}),
         "did you mean 'gender'"),
        (journey(event("r", "randomization", 10), trial={**TRIAL, "block": 4}),
         "block 4 is not a multiple of 3, the sum of the arms' ratio; use 3"),
        (journey(event("r", "randomization", 10), visit("v", 20) | {"when": "arm == 'nwe'"},
                 trial=TRIAL), "'nwe' is not a value of arm; known: new, old"),
        (journey(visit("v", 20) | {"when": "arm == 'new'"}), "'arm' is not a known name"),
    ],
)  # fmt: skip
def test_what_cannot_be_counted_is_refused(document: Document, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        prepare(diabetic(count=60), [document])
    assert words in str(caught.value)


@pytest.mark.slow
def test_arms_are_balanced_within_a_block_in_every_stratum() -> None:
    tables = run(
        subjects(count=5000),
        trial(
            visit("new_arm", 40) | {"when": "arm == 'new'"},
            visit("old_arm", 40) | {"when": "arm == 'old'"},
            visit("too_early", 4) | {"when": "arm == 'new' or arm == 'old'"},
            at={"day": 10, "variance_days": 5},
            strata=["gender", "us_state"],
        ),
    )
    where = {person: (sex, state) for person, sex, state
             in listed(tables["patients"], "person_id", "gender", "state")}  # fmt: skip
    found: dict[tuple[str, str], Counter[str]] = {}
    for person, step in listed(tables["events"], "person_id", "step"):
        if step not in ("r", "screened"):
            found.setdefault(where[person], Counter())[step] += 1

    assert sum(arms.total() for arms in found.values()) == 5000
    assert all(arms["too_early"] == 0 for arms in found.values())
    for stratum, arms in found.items():
        blocks, left = divmod(arms.total(), 6)
        assert 4 * blocks <= arms["new_arm"] <= 4 * blocks + min(left, 4), stratum


def test_the_first_people_keep_their_arm_when_more_are_asked_for() -> None:
    walk = trial(visit("v", 20) | {"when": "arm == 'new'"})
    few, many = run(subjects(count=50), walk), run(subjects(count=90), walk)
    seen = {person for person, step in listed(few["events"], "person_id", "step") if step == "v"}

    assert seen == {
        person for person, step in listed(many["events"], "person_id", "step")
        if step == "v" and person <= 5001
    }  # fmt: skip


def test_blocks_hold_the_ratio_and_are_not_alike() -> None:
    draws, size = Draws(3, 0, 600, 600), 600
    strata = Coded(np.zeros(size, dtype=np.int32), ("all",))
    found = assign_arms(draws, "r", strata, np.arange(size), ({"new": 2, "old": 1}, 6))
    blocks = found.arm.codes.reshape(-1, 6)

    assert (blocks.sum(axis=1) == 2).all()
    assert len(np.unique(blocks, axis=0)) > 10
    assert found.block.tolist() == np.repeat(np.arange(1, 101), 6).tolist()
    assert abs(blocks.mean(axis=0) - 1 / 3).max() < 3 * (2 / 9 / 100) ** 0.5


def test_blocks_are_the_same_whoever_is_asked_about() -> None:
    draws, rank = Draws(3, 0, 600, 600), np.arange(600)
    strata = Coded((rank % 2).astype(np.int32), ("a", "b"))
    ratio = ({"new": 1, "old": 1}, 4)
    whole = assign_arms(draws, "r", strata, rank // 2, ratio)
    some = np.array([5, 17, 301, 302])
    alone = assign_arms(draws, "r", strata.take(some), rank[some] // 2, ratio)

    assert alone.arm.texts() == [whole.arm.texts()[place] for place in some]


def again(*steps: Document) -> Document:
    every = {"days": 30}
    return {
        "do": "repeat",
        "id": "round",
        "at": 5,
        "every": every,
        "times": 3,
        "steps": list(steps),
    }


def ways(tables: dict[str, Columns], id: str = "fork") -> dict[int, Counter[str]]:
    """What was taken at each occurrence of a branch."""
    found: dict[int, Counter[str]] = {}
    rows = listed(tables["events"], "step", "occurrence", "option")
    for step, occurrence, option in rows:
        if step == id:
            found.setdefault(occurrence, Counter())[option] += 1
    return found


def test_each_beat_of_a_repeat_is_counted_by_itself() -> None:
    found = ways(
        run(
            patients(count=100),
            journey(again(fork(counted(12), *REST, at=3))),
            size=60,
        )
    )

    assert {beat: taken["a"] for beat, taken in found.items()} == {1: 12, 2: 12, 3: 12}


def test_a_beat_that_too_few_reach_is_named() -> None:
    leave = {"do": "end", "id": "leave", "at": 50, "chance": 0.9}
    steps = journey(again(fork(counted(40), *REST, at=3)), leave)

    with pytest.raises(SpecError, match=r"step 'round#3/fork': options\[0\].exactly: asks for 40"):
        run(patients(count=100), steps)


@pytest.mark.slow
def test_counts_hold_inside_stages_and_cycles_and_parts_whatever_the_chunks() -> None:
    stages = {
        "do": "stages",
        "id": "life",
        "start": {"one": 0.5, "two": 0.5},
        "stages": [
            {
                "name": "one",
                "steps": [fork(counted(9), *REST, id="early", at=3)],
                "stays": {"days": {"type": "uniform", "low": 20, "high": 40}},
                "moves": [{"to": "two", "weight": 1}],
            },
            {"name": "two", "steps": [fork(counted(21), *REST, id="late", at=3)], "final": True},
        ],
    }
    cycles = {
        "do": "protocol",
        "id": "cure",
        "at": 60,
        "cycles": 2,
        "cycle_days": 21,
        "visits": [
            {
                "id": "dose",
                "day": 1,
                "window": {"before": 0, "after": 2},
                "missed": 0.3,
                "steps": [fork(counted(15), *REST, id="dosed", at=0)],
            }
        ],
    }
    part = {"do": "include", "id": "shot", "at": 200, "part": "choice"}
    parts = {"choice": {"steps": [fork(counted(33), *REST, id="inside", at=1)]}}
    walk = journey(stages, cycles, part, parts=parts)
    whole = run(patients(count=100), walk)

    assert taken(whole, "early")["a"] == 9
    assert taken(whole, "late")["a"] == 21
    assert [found["a"] for found in ways(whole, "dosed").values()] == [15, 15]
    assert taken(whole, "inside")["a"] == 33
    parts = run(patients(count=100), walk, size=60)
    assert listed(parts["events"]) == listed(whole["events"])


@pytest.mark.slow
def test_those_whom_another_journey_lets_die_before_do_not_count() -> None:
    dies = {"do": "end", "id": "dies", "at": {"day": 8, "variance_days": 7}, "scope": "person",
            "chance": 0.3}  # fmt: skip
    walk = journey(fork(counted(30), *REST, at=20), name="forked")
    killer = journey(dies, name="killer")

    for walks in ((walk, killer), (killer, walk)):
        tables = run(patients(count=100), *walks, size=60)
        assert taken(tables)["a"] == 30
        assert 30 < taken(tables).total() < 85


@pytest.mark.slow
def test_arms_stay_balanced_where_another_journey_lets_people_die() -> None:
    dies = {"do": "end", "id": "dies", "at": {"day": 8, "variance_days": 7}, "scope": "person",
            "chance": 0.3}  # fmt: skip
    walk = trial(visit("new_arm", 40) | {"when": "arm == 'new'"}, at=20, strata=[])
    tables = run(subjects(count=300), walk, journey(dies, name="killer"), size=160)
    steps = Counter(step for (step,) in listed(tables["events"], "step"))
    blocks, left = divmod(steps["r"], 6)

    assert steps["r"] < 250
    assert 4 * blocks <= steps["new_arm"] <= 4 * blocks + min(left, 4)


def test_who_came_to_a_step_that_is_not_settled_is_unsettled_whatever_their_stratum() -> None:
    came = (np.array([101, 201, 301]), Coded(np.array([0, 1, -1], dtype=np.int32), ("a", "b")))
    counted = PopulationPass(counting=True)
    counted.arrivals = {"step": [came]}

    assert counted.unsettled_persons().tolist() == [101, 201]
