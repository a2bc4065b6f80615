"""What visits state besides what their step lists, in which order, and since when."""

from __future__ import annotations

from typing import Any

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.tables import Columns


def coded(tables: dict[str, Columns]) -> dict[int, list[list[str]]]:
    """Return person -> the codes of each encounter, with N where a code came after admission."""
    found: dict[int, dict[int, list[str]]] = {}
    names = ("person_id", "encounter_id", "sequence", "code", "poa")
    for person, encounter, _, code, poa in sorted(
        listed(tables["encounter_diagnoses"], *names), key=lambda row: row[:3]
    ):
        known = {"U": "N", "W": "Y"}.get(poa, poa)  # as payers count what is unclear
        marked = f"{code}:{known}" if poa else code
        found.setdefault(person, {}).setdefault(encounter, []).append(marked)
    return {person: list(each.values()) for person, each in found.items()}


def by_day(tables: dict[str, Columns]) -> set[tuple[int, str]]:
    """Return (days since the first day, code) of every code that a visit states."""
    visits = listed(tables["encounters"], "encounter_id", "start_at")
    day = {encounter: start // 1440 - 20_089 for encounter, start in visits}
    stated = listed(tables["encounter_diagnoses"], "encounter_id", "code")
    return {(day[encounter], code) for encounter, code in stated}


def lives(*steps: Document, **changes: Any) -> dict[str, Columns]:
    changes = {"count": 40, "products": ["patientsim"], "vital_signs": "none", **changes}
    return run(diabetic(**changes), journey(*steps))


def test_a_stay_states_what_came_up_in_it_and_says_that_it_was_not_there_before() -> None:
    harm = event("harm", "diagnosis", 2, code="N17.9")
    known = event("known", "diagnosis", 0, code="E87.6")
    stay = visit("stay", 10, diagnoses=["J18.9", "Z99.81"], encounter_class="inpatient",
                 procedures=None, los_days=4) | {"with": [known, harm]}  # fmt: skip
    codes = coded(lives(stay))

    assert all(each[0] == ["J18.9:Y", "Z99.81:1", "E87.6:Y", "N17.9:N"] for each in codes.values())
    assert len(codes) == 40


def test_an_office_visit_states_what_is_diagnosed_in_it_without_an_indicator() -> None:
    found = event("found", "diagnosis", 0, code="I10")
    step = visit("check", 10, diagnoses=["Z00.00"]) | {"with": [found]}
    codes = coded(lives(step, clinical={"primary": {"code": "E11.9"}}))

    assert all(each == [["Z00.00", "I10"]] for each in codes.values())


def test_heart_failure_stands_behind_the_hypertension_that_causes_it() -> None:
    held = {"primary": {"code": "E11.9"}, "comorbidities": [{"code": "I10", "share": 1}]}
    codes = coded(lives(visit("heart", 10, diagnoses=["I50.22"]), clinical=held))

    assert all(each == [["I11.0", "I50.22"]] for each in codes.values())


def test_insulin_is_stated_for_those_who_take_it_while_they_do() -> None:
    given = event("insulin", "prescription", 30, drug=_basal(), refills=5, first_fill_share=1)
    given |= {"when": "gender == 'F'"}
    steps = [visit(f"visit_{day}", day, diagnoses=["E11.9"]) for day in (10, 60)]
    stop = {"do": "stop", "id": "over", "of": "insulin", "at": 80}
    cold = visit("cold", 70, diagnoses=["J06.9"])
    late = visit("late", 100, diagnoses=["E11.9"])
    tables = lives(*steps, given, stop, cold, late)
    women = {person for person, sex in listed(tables["patients"], "person_id", "gender")
             if sex == "F"}  # fmt: skip

    for person, each in coded(tables).items():
        during = ["E11.9", "Z79.4"] if person in women else ["E11.9"]
        assert sorted(each) == sorted([["E11.9"], during, ["J06.9"], ["E11.9"]])
    assert 0 < len(women) < 40


def _basal() -> str:
    from healthsim.codes.drugs import drugs

    return next(one.display for one in drugs().rows.values() if one.drug_class == "basal insulin")


def test_none_leaves_visits_as_they_are_stated() -> None:
    given = event("insulin", "prescription", 5, drug=_basal(), refills=5, first_fill_share=1)
    found = event("found", "diagnosis", 0, code="I10")
    step = visit("check", 10, diagnoses=["E11.9"]) | {"with": [found]}
    codes = coded(lives(given, step, problem_list="none"))

    assert all(each == [["E11.9"]] for each in codes.values())


def test_what_follows_an_illness_is_stated_once_it_is_over() -> None:
    """A stroke is one in its stay; after the discharge the visits state its history."""
    stay = visit("stay", 10, diagnoses=["I63.9"], encounter_class="inpatient", procedures=None,
                 los_days=8)  # fmt: skip
    rehab = visit("rehab", {"after": "stay", "edge": "end", "day": 0}, diagnoses=["I63.9"],
                  encounter_class="snf", procedures=None, los_days=12)  # fmt: skip
    later = visit("later", 60, diagnoses=["I63.9"])
    found = by_day(lives(stay, rehab, later))

    assert found == {(10, "I63.9"), (18, "Z86.73"), (60, "Z86.73")}


def test_sequelae_are_stated_instead_of_the_history_that_they_exclude() -> None:
    stay = visit("stay", 10, diagnoses=["I63.9"], encounter_class="inpatient", procedures=None,
                 los_days=8)  # fmt: skip
    weak = event("weak", "diagnosis", 18, code="I69.351")
    tables = lives(stay, weak, visit("later", 60, diagnoses=["I63.9"]))

    assert by_day(tables) == {(10, "I63.9"), (60, "I69.351")}
    assert ("Z86.73",) not in listed(tables["conditions"], "code")


def test_an_injury_is_treated_actively_first_and_heals_in_later_visits() -> None:
    first = visit("first", 10, diagnoses=["S82.841A"], encounter_class="emergency",
                  procedures=["99284"])  # fmt: skip
    seen = visit("seen", 20, diagnoses=["S82.841A"])
    fixed = visit("fixed", 30, diagnoses=["S82.841A"], encounter_class="outpatient_hospital",
                  procedures=None)  # fmt: skip
    found = by_day(lives(first, seen, fixed, visit("new", 300, diagnoses=["S52.501A"])))

    assert found == {(10, "S82.841A"), (20, "S82.841D"), (30, "S82.841A"), (300, "S52.501A")}


def test_where_problem_lists_do_not_live_codes_stay_as_they_are_listed() -> None:
    first = visit("first", 10, diagnoses=["S82.841A"])
    codes = coded(lives(first, visit("seen", 20, diagnoses=["S82.841A"]), problem_list="none"))

    assert all(each == [["S82.841A"], ["S82.841A"]] for each in codes.values())


def test_hypoxemia_is_coded_where_an_illness_takes_much_oxygen() -> None:
    """Unless what is coded says so already, as respiratory failure does."""
    ill = visit("ill", 10, diagnoses=["J18.9"], encounter_class="emergency", procedures=["99285"])
    fails = visit("fails", 100, diagnoses=["J18.9", "J96.01"], encounter_class="emergency",
                  procedures=["99285"])  # fmt: skip
    tables = lives(ill, fails, count=300, vital_signs="usual")
    codes = [one for each in coded(tables).values() for one in each]

    assert 0 < sum("R09.02" in one for one in codes) < 150
    assert not any("R09.02" in one and "J96.01" in one for one in codes)


def test_only_a_visit_that_begins_at_birth_states_that_a_child_is_born() -> None:
    held = {"comorbidities": [{"code": "Z38.00", "share": 1}, {"code": "P07.37", "share": 0.5}]}
    stay = {"encounter_class": "inpatient", "procedures": None, "los_days": 4,
            "comorbidities": True}  # fmt: skip
    steps = [
        visit("ill", 2, diagnoses=["Z38.00"], **stay),
        visit("check", 20, diagnoses=["Z38.00"]),
    ]
    ages = {"age": {"type": "uniform", "low": 0, "high": 0.008, "decimals": 4}}
    codes = coded(lives(*steps, clinical=held, demographics=ages))
    early = [each for each, _ in codes.values() if any("P07.37" in code for code in each)]

    assert not any(
        code.startswith("Z38") for each in codes.values() for one in each for code in one
    )
    assert 5 < len(early) < 35
    assert all(each[0] == "P07.37:Y" for each in early)
    assert all(each in early or each[0].startswith("Z00.110") for each, _ in codes.values())
    assert all(each[0] in ("P07.37", "Z00.111") for _, each in codes.values())
