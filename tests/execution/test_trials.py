from __future__ import annotations

import copy
from collections import Counter
from math import sqrt
from typing import Any

import numpy as np
import pytest

from execution.running import listed, run, within_three_errors
from healthsim.dates import NO_DAY
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.tables import Columns
from storing import spec

Tables = dict[str, Columns]
OF_TRIALS = ("subjects", "eligibility_results", "trial_visits", "adverse_events", "exposures")


def candidates(**changed: Any) -> dict[str, Any]:
    return spec("trial-candidates", **changed)


def trial(**changed: Any) -> dict[str, Any]:
    return spec("trial", **changed)


def step_of(journey: dict[str, Any], id: str) -> dict[str, Any]:
    """Return a step of a journey, wherever it stands."""

    def found(steps: Any) -> Any:
        for step in steps if isinstance(steps, list) else []:
            if step["id"] == id:
                return step
            inner = found([*step.get("with", []), *step.get("steps", []), *step.get("visits", [])])
            if inner is not None:
                return inner
        return None

    step: dict[str, Any] = next(
        one for phase in journey["phases"] if (one := found(phase["steps"]))
    )
    return step


@pytest.fixture(scope="module")
def tables() -> Tables:
    return run(candidates(count=600), trial())


@pytest.fixture(scope="module")
def few() -> Tables:
    return run(candidates(), trial())


def asked(tables: Tables) -> list[dict[str, Any]]:
    """Return everyone who was asked to take part in the trial."""
    names = list(tables["subjects"])
    return [dict(zip(names, row, strict=True)) for row in listed(tables["subjects"])]


def subjects(tables: Tables) -> list[dict[str, Any]]:
    """Return those who consented."""
    return [one for one in asked(tables) if one["consent_date"] != NO_DAY]


@pytest.mark.slow
def test_who_refuses_consent_has_a_day_and_a_reason_and_nothing_else_of_the_trial(
    tables: Tables,
) -> None:
    refused = [one for one in asked(tables) if one["consent_date"] == NO_DAY]
    people = {one["person_id"] for one in refused}

    assert abs(len(refused) / 600 - 0.05) <= 3 * sqrt(0.05 * 0.95 / 600)
    for one in refused:
        assert one["status"] == one["end_reason"] == "consent refused"
        assert one["end_date"] == one["asked_date"]
        assert one["screen_date"] == one["randomized_date"] == NO_DAY
        assert one["arm"] is one["screen_fail_reason"] is None
    for table in ("events", *OF_TRIALS[1:], "encounters", "procedures", "lab_results"):
        assert not people & {person for (person,) in listed(tables[table], "person_id")}


@pytest.mark.slow
def test_consent_may_depend_on_who_is_asked_and_without_it_everybody_takes_part() -> None:
    by_sex = {"type": "conditional", "cases": [{"when": "gender == 'F'", "then": 0}],
              "otherwise": 1}  # fmt: skip
    chosen, all_of_them = trial(), trial()
    chosen["trial"]["consent"] = by_sex
    del all_of_them["trial"]["consent"]
    tables = run(candidates(count=60), chosen)
    gender = dict(listed(tables["patients"], "person_id", "gender"))

    assert {(gender[one["person_id"]], one["consent_date"] == NO_DAY) for one in asked(tables)} == {
        ("F", True), ("M", False)}  # fmt: skip
    everyone = run(candidates(count=60), all_of_them)
    assert len(subjects(everyone)) == len(asked(everyone)) == 60


def test_who_consents_has_the_same_rows_whoever_else_refuses() -> None:
    half, all_of_them = trial(), trial()
    half["trial"]["consent"] = 0.5
    del half["trial"]["arms"], half["trial"]["block"], half["trial"]["strata"]
    steps = half["phases"][0]["steps"]
    half["phases"] = [{"name": "all", "steps": steps[:1]}]
    all_of_them = copy.deepcopy(half)
    del all_of_them["trial"]["consent"]
    some, everyone = run(candidates(count=80), half), run(candidates(count=80), all_of_them)
    kept = {one["person_id"] for one in subjects(some)}

    assert 20 < len(kept) < 60
    for table in ("events", "lab_results", "eligibility_results", "trial_visits"):
        rows = {row for row in listed(everyone[table]) if row[1] in kept}
        assert rows == set(listed(some[table]))


@pytest.mark.parametrize(("share", "found"), [(1.5, "above 1"), (80, "write 0.8 for 80 %"),
                                              ({"yes": 1}, "consent")])  # fmt: skip
def test_a_share_of_consent_that_cannot_be_is_refused(share: Any, found: str) -> None:
    wrong = trial()
    wrong["trial"]["consent"] = share
    with pytest.raises(SpecError) as refused:
        prepare(candidates(), [wrong])
    assert any("trial.consent" in str(one) and found in str(one) for one in refused.value.problems)


def test_a_subject_is_the_person_of_the_chart(tables: Tables) -> None:
    known = set(listed(tables["patients"], "person_id", "ssn"))

    assert set(listed(tables["subjects"], "person_id", "ssn")) <= known
    for one in subjects(tables):
        number = one["subject_number"].decode()
        assert one["usubjid"].decode() == f"SYN-301-{one['site']}-{number}"
        assert int(number) == one["person_id"]
    assert len(set(listed(tables["subjects"], "usubjid"))) == len(asked(tables))
    assert {one["site"] for one in subjects(tables)} == {"001", "002", "003", "004"}


def test_every_failure_has_the_first_criterion_that_was_not_satisfied(tables: Tables) -> None:
    asked: dict[int, list[tuple[int, str, str, bool]]] = {}
    for person, *answer in listed(
        tables["eligibility_results"], "person_id", "sequence", "criterion", "kind", "met"
    ):
        asked.setdefault(person, []).append((answer[0], answer[1], answer[2], answer[3]))
    failures = 0
    for one in subjects(tables):
        answers = sorted(asked[one["person_id"]])
        assert [answer[0] for answer in answers] == [1, 2, 3, 4]
        broken = [name for _, name, kind, met in answers if met != (kind == "inclusion")]
        assert one["screen_fail_reason"] == (broken[0] if broken else None)
        assert (one["status"] == "screen failure") == bool(broken)
        failures += bool(broken)
    by_reason = Counter(one["screen_fail_reason"] for one in subjects(tables))
    del by_reason[None]
    assert sum(by_reason.values()) == failures > 50
    assert len(by_reason) == 4


def test_criteria_are_asked_as_of_the_day_of_screening(tables: Tables) -> None:
    births = dict(listed(tables["patients"], "person_id", "birth_date"))
    days = {one["person_id"]: one["screen_date"] for one in subjects(tables)}
    for person, met in [
        (person, met)
        for person, name, met in listed(
            tables["eligibility_results"], "person_id", "criterion", "met"
        )
        if name == "Adult"
    ]:
        birth, day = (np.datetime64(int(one), "D") for one in (births[person], days[person]))
        adult = birth.astype("datetime64[M]") + 18 * 12
        turned = adult.astype("datetime64[D]") + (birth - birth.astype("datetime64[M]"))
        assert met == (day >= turned)


def test_who_fails_screening_meets_nothing_of_the_trial_afterwards(tables: Tables) -> None:
    failed = {one["person_id"] for one in subjects(tables) if one["status"] == "screen failure"}
    steps = {step for person, step in listed(tables["events"], "person_id", "step")
             if person in failed}  # fmt: skip

    assert steps == {"screening_visit", "screened", "screening_a1c"}
    for table in ("adverse_events", "exposures"):
        assert not failed & {person for (person,) in listed(tables[table], "person_id")}


def test_randomised_are_those_who_were_eligible_and_came_to_it(tables: Tables) -> None:
    randomized = {one["person_id"] for one in subjects(tables) if one["randomized_date"] != NO_DAY}
    came = {person for person, step in listed(tables["events"], "person_id", "step")
            if step == "randomized"}  # fmt: skip
    eligible = {one["person_id"] for one in subjects(tables) if one["screen_fail_reason"] is None}

    assert randomized == came == came & eligible
    assert all(
        (one["arm"] is None) == (one["person_id"] not in randomized) for one in subjects(tables)
    )


def test_arms_are_balanced_within_each_stratum(tables: Tables) -> None:
    blocks: dict[tuple[str, int], Counter[str]] = {}
    for stratum, block, arm in listed(tables["subjects"], "stratum", "block", "arm"):
        if arm is not None:
            blocks.setdefault((stratum, block), Counter())[arm] += 1
    assert {stratum for stratum, _ in blocks} == {
        f"gender={gender}, prior_insulin={prior}" for gender in "MF" for prior in ("yes", "no")
    }
    for (stratum, block), arms in blocks.items():
        if (stratum, block + 1) in blocks:
            assert arms == {"treatment": 4, "placebo": 2}
        assert arms["treatment"] <= 4
        assert arms["placebo"] <= 2


def test_the_effect_on_the_endpoint_depends_on_the_arm(tables: Tables) -> None:
    arm = dict(listed(tables["subjects"], "person_id", "arm"))
    values: dict[int, list[float]] = {}
    for person, _, loinc, value in sorted(
        listed(tables["lab_results"], "person_id", "collected_at", "loinc", "value")
    ):
        if loinc == "4548-4":
            values.setdefault(person, []).append(value)
    moved: dict[str, list[float]] = {"treatment": [], "placebo": []}
    for person, found in values.items():
        if len(found) == 2:
            moved[arm[person]].append(found[1] - found[0])
    for name, mean in (("treatment", -1.0), ("placebo", -0.2)):
        late = np.array(moved[name])  # those measured before day 84 have not moved
        late = late[late != 0]
        assert abs(late.mean() - mean) <= 3 * late.std() / np.sqrt(len(late))


def test_an_adverse_event_by_arm_occurs_as_often_as_stated(tables: Tables) -> None:
    arm = dict(listed(tables["subjects"], "person_id", "arm"))
    came = Counter(arm[person] for person, term in listed(
        tables["adverse_events"], "person_id", "term") if term == "Nausea")  # fmt: skip
    at_risk = Counter(value for value in arm.values() if value is not None)
    for name, share in (("treatment", 0.5), ("placebo", 0.15)):
        error = 3 * np.sqrt(share * (1 - share) / at_risk[name])
        assert abs(came[name] / at_risk[name] - share) <= error


def test_a_withdrawal_says_why_and_nothing_of_the_trial_is_dated_later(tables: Tables) -> None:
    severe = {person: day for person, term, day in listed(
        tables["adverse_events"], "person_id", "term", "start_date")
        if term == "Hypoglycemia"}  # fmt: skip
    ended = {}
    for one in subjects(tables):
        if one["status"] == "withdrawn":
            had = severe.get(one["person_id"], one["end_date"] + 1) <= one["end_date"]
            assert one["end_reason"] == ("adverse event" if had else "withdrawal by subject")
        if one["end_date"] != NO_DAY:
            ended[one["person_id"]] = one["end_date"]
    assert {"withdrawn", "completed", "died"} <= {one["status"] for one in subjects(tables)}
    for table, column in (
        ("events", "event_date"), ("trial_visits", "actual_date"), ("exposures", "end_date"),
        ("adverse_events", "start_date"), ("adverse_events", "end_date"),
    ):  # fmt: skip
        for person, day in listed(tables[table], "person_id", column):
            assert day == NO_DAY or day <= ended.get(person, day), table


def test_a_fatal_adverse_event_is_the_persons_death(tables: Tables) -> None:
    death = dict(listed(tables["patients"], "person_id", "death_date"))
    fatal = [(person, day, outcome, serious) for person, grade, day, outcome, serious in listed(
        tables["adverse_events"], "person_id", "grade", "end_date", "outcome", "serious")
        if grade == 5]  # fmt: skip

    assert fatal
    for person, day, outcome, serious in fatal:
        assert (death[person], "fatal", True) == (day, outcome, serious)
    status = dict(listed(tables["subjects"], "person_id", "status"))
    assert {status[person] for person, *_ in fatal} == {"died"}


def test_a_visit_of_the_trial_is_an_encounter_that_the_sponsor_pays(tables: Tables) -> None:
    visits = [row[1:] for row in listed(
        tables["trial_visits"], "status", "encounter_id", "routine_care", "event_id")
        if row[0] != "missed"]  # fmt: skip
    events = dict(listed(tables["encounters"], "encounter_id", "event_id"))
    claimed = {encounter for (encounter,) in listed(tables["claims"], "encounter_id")}

    assert all(events[encounter] == event for encounter, _, event in visits)
    stays = {stay for (stay,) in listed(tables["adverse_events"], "stay_encounter_id")}
    assert claimed - stays <= {encounter for encounter, routine, _ in visits if routine}
    assert claimed


def rows_of(tables: Tables, table: str) -> list[dict[str, Any]]:
    names = list(tables[table])
    return [dict(zip(names, row, strict=True)) for row in listed(tables[table])]


def test_planned_visits_keep_their_windows_but_for_deviations(tables: Tables) -> None:
    planned = [row for row in rows_of(tables, "trial_visits") if row["planned_date"] != NO_DAY]
    dosing = [row for row in planned if row["name"].endswith("D1")]
    safety = [row for row in planned if row["name"].endswith("D15")]

    assert {row["name"] for row in planned} == {"C1D1", "C2D1", "C3D1", "C1D15", "C3D15"}
    for row in planned:
        low, high = row["window_low_date"], row["window_high_date"]
        before, after = (1, 2) if row in dosing else (3, 3)
        assert (row["planned_date"] - low, high - row["planned_date"]) == (before, after)
        if row["status"] == "missed":
            assert row["actual_date"] == NO_DAY
            continue
        assert row["deviation"] == (not low <= row["actual_date"] <= high)
        assert row["actual_date"] <= high + 7
    for found, missed, outside in ((dosing, 0.05, 0.1), (safety, 0.1, 0.0)):
        gone = sum(row["status"] == "missed" for row in found)
        late = sum(row["deviation"] for row in found)
        assert within_three_errors(gone, len(found), missed)
        assert within_three_errors(late, len(found) - gone, outside)


def test_visits_are_numbered_as_planned_and_unscheduled_ones_are_not(tables: Tables) -> None:
    found = rows_of(tables, "trial_visits")
    numbers = {row["name"]: row["visit_number"] for row in found}

    assert numbers == {
        "Screening": 1, "Baseline": 2, "C1D1": 3, "C1D15": 4, "C2D1": 5, "C3D1": 6, "C3D15": 7,
        "Week 12": 8, "Unscheduled": NO_DAY,
    }  # fmt: skip
    extra = [row for row in found if row["status"] == "unscheduled"]
    assert {row["name"] for row in extra} == {"Unscheduled"}
    assert all(row["planned_date"] == NO_DAY for row in extra)


def test_a_missed_visit_has_a_row_and_nothing_that_happens_in_it(tables: Tables) -> None:
    missed = {row["event_id"] for row in rows_of(tables, "trial_visits")
              if row["status"] == "missed"}  # fmt: skip
    told = {row["event_id"]: row for row in rows_of(tables, "events")}

    assert len(missed) > 30
    assert {(told[one]["type"], told[one]["option"]) for one in missed} == {("visit", "missed")}
    doses = rows_of(tables, "exposures")
    came = {(row["person_id"], row["name"]) for row in rows_of(tables, "trial_visits")
            if row["status"] == "completed"}  # fmt: skip
    assert all((row["person_id"], row["visit"]) in came for row in doses)


def test_a_hazard_by_arm_is_the_rate_of_the_event_while_people_are_in_the_trial(
    tables: Tables,
) -> None:
    first = {row["person_id"]: row["start_date"] for row in rows_of(tables, "adverse_events")
             if row["term"] == "Headache"}  # fmt: skip
    for arm, rate in (("treatment", 2.0), ("placebo", 0.5)):
        mine = [one for one in subjects(tables) if one["arm"] == arm]
        came = sum(one["person_id"] in first for one in mine)
        at_risk = sum(
            first.get(one["person_id"], one["end_date"]) - one["randomized_date"] for one in mine
        )
        assert abs(came / (at_risk / 365.25) - rate) <= 3 * rate / np.sqrt(came)


@pytest.mark.slow
def test_chunks_threads_and_more_people_change_no_row() -> None:
    whole = run(candidates(count=40), trial())
    parts = run(candidates(count=40), trial(), size=23, threads=3)
    more = run(candidates(count=60), trial())

    for name in whole:
        assert listed(whole[name]) == listed(parts[name]), name
    last = max(person for (person,) in listed(whole["patients"], "person_id"))
    for name in OF_TRIALS:
        of_first = [row for row in listed(more[name]) if row[1] <= last]
        assert of_first == listed(whole[name]), name


@pytest.mark.slow
def test_another_risk_of_an_adverse_event_moves_no_other_row(few: Tables) -> None:
    before, other = few, trial()
    step_of(other, "nausea").update(chance=0.9)
    step_of(other, "headache").update(hazard={"per_year": 9})
    after = run(candidates(), other)

    for name in before:
        if name not in ("adverse_events", "events", "vital_signs", "clinical_notes"):
            assert listed(after[name]) == listed(before[name]), name
    pain = {"72514-3", "38208-5"}  # which a headache raises
    first, second = ([row for row in listed(one["vital_signs"]) if not pain & set(row[2:3])]
                     for one in (before, after))  # fmt: skip
    assert first == second
    severe = [
        [row for row in listed(one["adverse_events"]) if "Hypoglycemia" in row]
        for one in (before, after)
    ]
    assert severe[0] == severe[1]


@pytest.mark.slow
def test_two_trials_may_have_the_same_people(few: Tables) -> None:
    other = copy.deepcopy(trial()) | {"name": "other-trial"}
    other["trial"] |= {"id": "SYN-302", "arms": {"new": 1, "old": 1}, "strata": [], "block": 2}
    other["state"], other["phases"] = {}, [{"name": "all", "steps": [
        {"do": "event", "id": "asked", "type": "screening", "at": 3},
        {"do": "event", "id": "drawn", "type": "randomization", "at": 4},
        {"do": "event", "id": "itch", "type": "adverse_event", "at": 5, "when": "arm == 'new'",
         "details": {"term": "Itch", "grade": "1"}}]}]  # fmt: skip
    for kind in ("inclusion", "exclusion"):
        other["trial"][kind] = []
    found = run(candidates(), trial(), other)

    assert len(set(listed(found["subjects"], "usubjid"))) == len(found["subjects"]["trial"])
    arms = {person: arm for person, trial, arm in listed(
        found["subjects"], "person_id", "trial", "arm") if trial == "SYN-302"}  # fmt: skip
    assert len(arms) > 110
    assert abs(Counter(arms.values())["new"] - Counter(arms.values())["old"]) <= 1
    itch = {person for person, term in listed(found["adverse_events"], "person_id", "term")
            if term == "Itch"}  # fmt: skip
    assert itch == {person for person, arm in arms.items() if arm == "new"}
    alone = [row for row in listed(found["subjects"]) if "SYN-301" in row]
    assert alone == listed(few["subjects"])
