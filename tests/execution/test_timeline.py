"""What befalls people when: jitter round a branch, repeats, changes, ends, coverage."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from execution.person_record import month_end
from execution.running import (
    days,
    diabetic,
    event,
    first_year,
    journey,
    lab,
    listed,
    patients,
    run,
    visit,
    within_three_errors,
)
from healthsim.dates import NO_DAY, day_of, federal_holidays, iso
from healthsim.tables import Columns

A1C = {"a1c": {"start": "attribute", "low": 4.5, "high": 60, "decimals": 1}}
READ = {"from": "a1c"}
BEGUN = day_of("2025-01-01")


def change(id: str, at: Any = 0, **how: Any) -> dict[str, Any]:
    return {"do": "change", "id": id, "state": "a1c", "at": at, **how}


def branch(id: str, at: Any, *options: dict[str, Any]) -> dict[str, Any]:
    return {"do": "branch", "id": id, "at": at, "options": list(options)}


def otherwise(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"name": "otherwise", "otherwise": True, "steps": list(steps)}


def repeat(id: str, at: Any, every: dict[str, int], *steps: Any, **how: Any) -> dict[str, Any]:
    return {"do": "repeat", "id": id, "at": at, "every": every, "steps": list(steps), **how}


def values(tables: dict[str, Columns]) -> dict[tuple[int, str], float]:
    step = dict(listed(tables["events"], "event_id", "step"))
    rows = listed(tables["lab_results"], "person_id", "event_id", "value")
    return {(person, step[one]): value for person, one, value in rows}


def taken(tables: dict[str, Columns], step: str) -> dict[int, str]:
    rows = listed(tables["events"], "person_id", "step", "option")
    return {person: option for person, name, option in rows if name == step}


def test_a_quarter_after_the_branch_feels_the_drug_that_the_branch_started() -> None:
    steps = [
        branch("decide", {"day": 100, "variance_days": 20},
               {"name": "treat", "when": "control == 'uncontrolled'",
                "steps": [event("drug", "prescription", drug="glipizide 5 mg tablet"),
                          change("works", to=17.7)]}, otherwise()),
        lab("quarter", {"day": 100, "variance_days": 20}, **READ)
        | {"when": "takes('glipizide') or a1c < 60"},
    ]  # fmt: skip
    tables = run(patients(count=300), journey(*steps, state=A1C))
    when, value, way = days(tables), values(tables), taken(tables, "decide")

    treated = [person for person, name in way.items() if name == "treat"]
    felt = {person for person in treated if value[person, "quarter"] == 17.7}
    after = {person for person in treated if when[person, "quarter"] >= when[person, "decide"]}
    assert felt == after
    assert 0.3 < len(after) / len(treated) < 0.7


def test_a_visit_that_jitters_past_the_branch_is_not_seen_by_it() -> None:
    steps = [
        lab("early", 10, type="constant", value=5),
        visit("late", {"day": 50, "variance_days": 20})
        | {"with": [lab("found", type="constant", value=9)]},
        branch("decide", 50, {"name": "seen", "when": "last('4548-4') > 8", "steps": []},
               otherwise()),
    ]  # fmt: skip
    tables = run(diabetic(count=300), journey(*steps))
    when, way = days(tables), taken(tables, "decide")

    for person, name in way.items():
        assert (name == "seen") == (when[person, "late"] <= when[person, "decide"])
    assert 0.4 < sum(name == "seen" for name in way.values()) / 300 < 0.65


def test_the_second_quarter_of_the_year_decides() -> None:
    tables = run(patients(count=300), first_year())
    step = {one: (name, beat) for one, name, beat in
            listed(tables["events"], "event_id", "step", "occurrence")}  # fmt: skip
    measured = {person: value for person, one, value in
                listed(tables["lab_results"], "person_id", "event_id", "value")
                if step[one] == ("a1c", 2)}  # fmt: skip

    for person, name in taken(tables, "intensify").items():
        assert (name == "second agent") == (measured[person] > 8.0)


def test_nothing_comes_before_its_cause() -> None:
    steps = [
        visit("cause", {"day": 30, "variance_days": 20, "business_days": True}),
        visit("after", {"after": "cause", "day": 2, "variance_days": 30}),
        visit("back", {"after": "cause", "day": -25}),
        branch("ways", 60, otherwise(visit("inside", {"after": "cause", "day": 1}))),
    ]
    when = days(run(patients(count=200), journey(*steps)))
    people = {person for person, _ in when}

    for person in people:
        assert when[person, "after"] >= when[person, "cause"]
        assert when[person, "inside"] >= when[person, "ways"]
        assert when[person, "back"] >= BEGUN


def test_variance_is_even_on_both_sides() -> None:
    when = days(
        run(
            patients(count=4000),
            journey(visit("v", {"day": 60, "variance_days": 3})),
        )
    )
    counts = np.bincount([day - BEGUN - 57 for day in when.values()])

    assert len(counts) == 7
    assert all(within_three_errors(int(count), 4000, 1 / 7) for count in counts)


def test_business_days_roll_weekends_and_holidays_forward() -> None:
    at = {"day": {"type": "uniform", "low": 0, "high": 360, "decimals": 0}}
    plain = days(run(patients(count=400), journey(visit("v", at))))
    rolled = days(
        run(
            patients(count=400),
            journey(visit("v", {**at, "business_days": True})),
        )
    )
    closed = {day_of(day.isoformat()) for day in federal_holidays(2025)}

    for key, day in rolled.items():
        assert (day + 3) % 7 < 5  # 1970-01-01 was a Thursday
        assert day not in closed
        assert all((d + 3) % 7 >= 5 or d in closed for d in range(plain[key], day))


def test_a_repeat_counts_from_its_first_day_and_not_from_jittered_visits() -> None:
    inner = visit("v", {"day": 0, "variance_days": 9})
    tables = run(patients(count=50), journey(
        repeat("r", 20, {"days": 30}, inner, times=4)))  # fmt: skip
    for beat, day in listed(tables["events"], "occurrence", "event_date"):
        assert 0 <= day - BEGUN - 20 - 30 * (beat - 1) <= 9


def test_months_are_held_at_the_end_of_a_shorter_one() -> None:
    tables = run(patients(count=1), journey(
        repeat("r", 30, {"months": 1}, visit("v"), times=4)))  # fmt: skip
    dates = [iso(day) for (day,) in listed(tables["events"], "event_date")]

    assert sorted(dates) == ["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"]


def test_a_repeat_goes_on_until_its_condition_holds() -> None:
    steps = [repeat("r", 0, {"days": 30}, change("up", by=1), lab("read", **READ),
                    until="a1c >= 12", times=9)]  # fmt: skip
    tables = run(patients(count=100), journey(*steps, state=A1C))
    last: dict[int, float] = {}
    for person, value in listed(tables["lab_results"], "person_id", "value"):
        last[person] = max(value, last.get(person, 0))
    start = {person: value for person, value in last.items() if value >= 12}

    assert start
    assert all(12 <= value < 13 for value in start.values())


def test_a_repeat_without_times_may_begin_on_any_day_of_the_journey() -> None:
    steps = [repeat("r", 90, {"days": 90}, visit("v", 5), until="day > 200")]
    tables = run(patients(count=5), journey(*steps))

    found = sorted({day - BEGUN for (day,) in listed(tables["events"], "event_date")})
    assert found == [95, 185]


def test_a_change_over_days_is_felt_in_part_on_the_way() -> None:
    steps = [change("rise", 10, to=17.7, over={"days": 100}), lab("half", 60, **READ),
             lab("whole", 110, **READ), lab("later", 200, **READ)]  # fmt: skip
    tables = run(patients(count=50), journey(*steps, state=A1C))
    found = values(tables)

    for person in {person for person, _ in found}:
        assert 11 < found[person, "half"] < 15
        assert found[person, "whole"] == found[person, "later"] == 17.7


def test_a_change_that_is_dated_back_counts_from_its_own_day() -> None:
    steps = [visit("v", 30), change("set", 25, to=5),
             change("early", {"after": "v", "day": -10}, by=1), lab("read", 60,
                 **READ)]  # fmt: skip
    found = values(run(patients(count=5), journey(*steps, state=A1C)))

    assert set(found.values()) == {5.0}  # +1 on day 20, then set on day 25


def test_a_later_journey_that_finds_a_condition_earlier_is_believed() -> None:
    found = event("found", "diagnosis", 100, code="J45.909")
    earlier = event("earlier", "diagnosis", 20, code="J45.909")
    asked = visit("asked", 50) | {"when": "has('J45')"}
    second = journey(earlier, asked, name="second")
    tables = run(patients(count=5), journey(found), second)

    assert sum(step == "asked" for (step,) in listed(tables["events"], "step")) == 5


def test_a_later_journey_sees_an_earlier_one_as_of_its_day_and_never_the_reverse() -> None:
    second = journey(visit("asked", {"day": 50}) | {"when": "happened('first')"}, name="second")
    first = journey(visit("first", {"day": 50, "variance_days": 10}))
    when = days(run(patients(count=100), first, second))
    asked = {person for person, step in when if step == "asked"}

    assert asked == {person for (person, step), day in when.items()
                    if step == "first" and day <= BEGUN + 50}  # fmt: skip
    assert 0 < len(asked) < 100


def test_nothing_in_a_life_is_later_than_its_end() -> None:
    one = journey(
        event("death", "death", {"day": 60, "variance_days": 50}) | {"chance": 0.6},
        repeat("r", 0, {"days": 10}, visit("v", {"day": 0, "variance_days": 5}), times=20),
    )
    two = journey(visit("other", {"day": 90, "variance_days": 40}), name="second")
    tables = run(diabetic(count=200), two, one)
    died = {person: day for person, day in listed(tables["patients"], "person_id", "death_date")
            if day != NO_DAY}  # fmt: skip

    assert within_three_errors(len(died), 200, 0.6)
    for table, column in (("events", "event_date"), ("fills", "fill_date"),
                          ("prescriptions", "written_date"), ("claims", "from_date")):  # fmt: skip
        for person, day in listed(tables[table], "person_id", column):
            assert day <= died.get(person, day), table
    for person, end in listed(tables["encounters"], "person_id", "end_at"):
        assert end // 1440 <= died.get(person, 10**6)
    for person, term in listed(tables["enrollments"], "person_id", "term_date"):
        assert term == died.get(person, NO_DAY)


def test_the_end_of_a_journey_ends_that_journey_alone() -> None:
    stop = {"do": "end", "id": "stop", "scope": "journey", "at": 50, "when": "age > 1"}
    one = journey(stop, visit("on", 50), visit("past", 60))
    tables = run(patients(count=20), one, journey(visit("other", 60), name="second"))
    steps = [step for (step,) in listed(tables["events"], "step")]

    assert steps.count("past") == 0
    assert steps.count("on") == steps.count("other") == 20


def test_the_end_of_coverage_ends_claims_and_fills_but_no_visit() -> None:
    stop = {"do": "end", "id": "stop", "scope": "coverage", "at": 100}
    tables = run(diabetic(count=50), journey(
        stop, repeat("r", 0, {"days": 20}, visit("v"), times=12)))  # fmt: skip
    last = month_end(BEGUN + 100)

    assert max(day for (day,) in listed(tables["claims"], "from_date")) == BEGUN + 100
    assert max(day for (day,) in listed(tables["fills"], "fill_date")) <= last
    assert max(day for (day,) in listed(tables["events"], "event_date")) == BEGUN + 220
    assert {day for (day,) in listed(tables["enrollments"], "term_date")} == {last}


@pytest.mark.parametrize("day", [0, 1, 40])
def test_a_new_plan_follows_the_old_one_and_never_overlaps_it(day: int) -> None:
    tables = run(diabetic(count=30), journey(
        event("move", "enrollment", day, plan="Commercial-PPO")))  # fmt: skip
    for found in spans(tables).values():
        assert found[-1] == (BEGUN if day == 0 else month_end(BEGUN + day) + 1, 10**6)
        assert all(one[1] < other[0] for one, other in pairwise(found))
        assert all(first <= last for first, last in found)


def spans(tables: dict[str, Columns]) -> dict[int, list[tuple[int, int]]]:
    """Return each person's spans of coverage in the order of their days."""
    names = ("person_id", "effective_date", "term_date")
    found: dict[int, list[tuple[int, int]]] = {}
    for person, first, last in listed(tables["enrollments"], *names):
        found.setdefault(person, []).append((first, 10**6 if last == NO_DAY else last))
    return {person: sorted(one) for person, one in found.items()}


def test_plans_of_two_journeys_never_overlap() -> None:
    later = journey(event("later", "enrollment", 100, plan="Commercial-PPO"))
    sooner = journey(event("sooner", "enrollment", 50, plan="HDHP"), name="second")

    for found in spans(run(diabetic(count=10), later, sooner)).values():
        assert all(one[1] < other[0] for one, other in pairwise(found))


def test_an_end_of_coverage_in_a_later_journey_ends_it() -> None:
    stay = journey(event("move", "enrollment", 20, plan="Commercial-PPO"))
    stop = journey({"do": "end", "id": "stop", "scope": "coverage", "at": 60}, name="second")

    for found in spans(run(diabetic(count=10), stay, stop)).values():
        assert found[-1] == (month_end(BEGUN + 20) + 1, month_end(BEGUN + 60))


def test_who_comes_back_to_their_own_plan_was_in_it_before() -> None:
    tables = run(diabetic(count=30), journey(
        event("out", "disenrollment", 30), event("back", "enrollment", 60)))  # fmt: skip
    rows = listed(tables["enrollments"], "person_id", "effective_date", "term_date")

    assert len(rows) == 60
    assert {(first, last) for _, first, last in rows} == {
        (BEGUN, month_end(BEGUN + 30)), (month_end(BEGUN + 60) + 1, int(NO_DAY)),
    }  # fmt: skip


def test_no_enrollment_repeats_whatever_a_journey_is_called() -> None:
    move = event("coverage", "enrollment", 30, plan="HDHP")
    tables = run(diabetic(count=5), journey(move, name="profile"))
    found = listed(tables["enrollments"], "enrollment_id")

    assert len(set(found)) == len(found) == 10


def test_a_drug_of_somebody_who_died_was_not_replaced_afterwards() -> None:
    first = event("first", "prescription", 10, drug="metformin 500 mg tablet", refills=5)
    second = event("second", "prescription", 80, drug="glipizide 5 mg tablet", replaces="metformin")
    end = journey(event("death", "death", 50), name="second")
    tables = run(diabetic(count=5), journey(first, second), end)
    rows = listed(tables["prescriptions"], "drug", "status", "end_date")

    assert not [row for row in rows if row[0].startswith("metformin") and row[2] > BEGUN + 50]


def test_a_step_takes_place_for_a_chance_of_people() -> None:
    tables = run(patients(count=3000), journey(visit("v") | {"chance": 0.37}))

    assert within_three_errors(len(tables["events"]["person_id"]), 3000, 0.37)


def test_weights_share_people_out_inside_every_condition() -> None:
    options = [
        {"name": "a", "when": "gender == 'M'", "weight": 0.2, "steps": []},
        {"name": "b", "when": "gender == 'M'", "weight": 0.8, "steps": []},
        {"name": "c", "weight": 0.7, "steps": []},
        {"name": "d", "weight": 0.3, "steps": []},
    ]
    tables = run(patients(count=3000), journey(branch("ways", 5, *options)))
    gender = dict(listed(tables["patients"], "person_id", "gender"))
    found = [(gender[person], way) for person, way in taken(tables, "ways").items()]
    men = sum(one == "M" for one, _ in found)

    assert set(found) == {("M", "a"), ("M", "b"), ("F", "c"), ("F", "d")}
    assert within_three_errors(found.count(("M", "a")), men, 0.2)
    assert within_three_errors(found.count(("F", "c")), 3000 - men, 0.7)


def test_nobody_who_is_not_eligible_walks() -> None:
    tables = run(
        patients(count=100),
        journey(visit("v"), eligible="control == 'controlled'"),
    )
    assert 40 < len(tables["events"]["person_id"]) < 80


def test_a_state_may_decide_who_is_eligible() -> None:
    document = journey(visit("v"), state={"severity": {"start": 3}}, eligible="severity > 2")

    assert len(run(patients(count=10), document)["events"]["person_id"]) == 10


def test_people_begin_evenly_within_the_window() -> None:
    document = journey(visit("v"), begins={"earliest": "2025-02-01", "latest": "2025-02-04"})
    when = days(run(patients(count=2000), document))
    counts = np.bincount([day - day_of("2025-02-01") for day in when.values()])

    assert len(counts) == 4
    assert all(within_three_errors(int(count), 2000, 0.25) for count in counts)


def test_no_service_is_later_than_the_data() -> None:
    document = journey(repeat("r", 0, {"days": 25}, visit("v", {"day": 0, "variance_days": 9}),
                              times=14))  # fmt: skip
    tables = run(diabetic(count=50, through="2025-06-30"), document)
    last = day_of("2025-06-30")

    for table, column in (("events", "event_date"), ("fills", "fill_date"),
                          ("prescriptions", "written_date"), ("claim_lines",
                           "service_date")):  # fmt: skip
        assert max(day for (day,) in listed(tables[table], column)) <= last, table


def test_what_is_done_in_a_stay_is_listed_once_whatever_it_is_billed_with() -> None:
    shot = event("shot", "immunization", cvx="158", procedures=["90686", "90471"])
    stay = visit("stay", 1, encounter_class="inpatient", los_days=2, procedures=[])
    emergency = visit("ed", 0, encounter_class="emergency", procedures=[])
    stays = [{**visit("alone", 90, encounter_class="inpatient", los_days=2, procedures=[]),
              "with": [{**shot, "id": "there"}]},
             {**emergency, "with": [shot]}, {**stay, "at": {"after": "ed", "day": 0}}]  # fmt: skip
    tables = run(diabetic(count=60), journey(*stays))
    step = dict(listed(tables["events"], "event_id", "step"))
    lines = [(one, code) for one, code in listed(tables["claim_lines"], "event_id", "procedure")
             if step[one] in {"shot", "there"}]  # fmt: skip

    assert {step[one] for one, code in lines if code is None} == {"shot", "there"}
    assert len(lines) == len(set(lines))
