"""Problem lists that live: visits begin conditions; they end, or others take their place."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.codes.icd10cm import conflicts, icd10cm
from healthsim.dates import NO_DAY
from healthsim.tables import NO_NUMBER, Columns

DAY_0 = 20_089
ACTIVE = None


def conditions(*steps: Document, count: int = 30, **changes: Any) -> dict[str, list[Any]]:
    """Return code -> [(onset, last day, status, whether of a visit)] of the first person."""
    tables = _run(*steps, count=count, **changes)
    found: dict[str, list[Any]] = {}
    names = ("person_id", "code", "onset_date", "abatement_date", "status", "encounter_id")
    for person, code, onset, over, status, encounter in sorted(
        listed(tables["conditions"], *names), key=lambda row: (row[0], row[2])
    ):
        if person == 101:
            since, until = onset - DAY_0, ACTIVE if over == NO_DAY else over - DAY_0
            found.setdefault(code, []).append((since, until, status, encounter != NO_NUMBER))
    return found


def _run(*steps: Document, count: int = 30, **changes: Any) -> dict[str, Columns]:
    profile = diabetic(count=count, products=["patientsim"], vital_signs="none", **changes)
    return run(profile, journey(*steps, duration_days=730))


def ill(id: str, day: int, *codes: str, **details: Any) -> Document:
    return visit(id, day, diagnoses=list(codes), **details)


def stay(id: str, day: int, *codes: str, nights: int = 4) -> Document:
    return ill(id, day, *codes, encounter_class="inpatient", procedures=None, los_days=nights)


def test_what_is_acute_ends_after_its_usual_time_and_what_lasts_stays() -> None:
    found = conditions(ill("cold", 10, "J18.9", "K21.9", "R05.9"))

    ((since, until, status, caused),) = found["J18.9"]
    assert (since, status, caused) == (10, "resolved", True)
    assert 22 <= until - since + 1 <= 38
    assert found["K21.9"] == [(10, ACTIVE, "active", True)]
    assert "R05.9" not in found


def test_who_dies_is_ill_until_then() -> None:
    alive = conditions(ill("cold", 10, "J18.9"))
    dead = conditions(ill("cold", 10, "J18.9"), event("die", "death", 15))

    assert alive["J18.9"][0][2] == "resolved"
    assert dead["J18.9"] == [(10, ACTIVE, "active", True)]


def test_an_infarction_is_old_after_four_weeks_to_the_day() -> None:
    found = conditions(stay("infarct", 10, "I21.4"), ill("late", 90, "I21.4", "I25.2"))

    assert found["I21.4"] == [(10, 37, "resolved", True)]
    assert found["I25.2"] == [(38, ACTIVE, "active", True)]


def test_an_illness_lasts_at_least_as_long_as_its_stay() -> None:
    found = conditions(stay("long", 10, "K52.9", nights=40))

    assert found["K52.9"] == [(10, 50, "resolved", True)]


def test_a_second_illness_is_a_row_of_its_own_and_an_early_follow_up_is_not() -> None:
    found = conditions(
        ill("first", 10, "J18.9"), ill("follow_up", 45, "J18.9"), ill("second", 200, "J18.9")
    )
    first, second = found["J18.9"]

    assert first[:2] == (10, 45)
    assert second[0] == 200


def test_an_illness_of_another_journey_is_joined_only_with_what_begins_while_it_lasts() -> None:
    later = journey(ill("later", 100, "J18.9"), ill("soon", 20, "A09"), name="first")
    sooner = journey(ill("sooner", 10, "J18.9", "A09"), name="second")
    profile = diabetic(count=8, products=["patientsim"], vital_signs="none")
    rows = listed(run(profile, later, sooner)["conditions"], "person_id", "code", "onset_date")
    mine = sorted((code, day - DAY_0) for person, code, day in rows if person == 101)

    assert [one for one in mine if one[0] in {"J18.9", "A09"}] == [
        ("A09", 10), ("J18.9", 10), ("J18.9", 100)
    ]  # fmt: skip


def test_a_relapse_that_needs_a_stay_is_a_new_episode() -> None:
    found = conditions(ill("first", 10, "J18.9"), stay("again", 60, "J18.9"))

    assert [row[0] for row in found["J18.9"]] == [10, 60]


def test_a_flare_stands_beside_what_it_is_a_flare_of_and_is_coded_alone() -> None:
    lungs = {"comorbidities": [{"code": "J45.20", "share": 1}], "primary": {"code": "E11.9"}}
    office = ill("flare", 10, "J45.21", comorbidities=True)
    later = ill("later", 100, "E11.9", comorbidities=True)
    tables = _run(office, later, clinical=lungs)
    codes: dict[int, list[str]] = {}
    for encounter, code in listed(tables["encounter_diagnoses"], "encounter_id", "code"):
        codes.setdefault(encounter, []).append(code)
    found = conditions(office, later, clinical=lungs)

    assert sorted(map(tuple, codes.values())) == (
        30 * [("E11.9", "J45.20")] + 30 * [("J45.21", "E11.9")]
    )
    assert found["J45.20"][0][1:] == (ACTIVE, "active", False)
    assert found["J45.21"][0][2] == "resolved"
    assert len(found["J45.20"]) == 1


def test_a_flare_of_somebody_new_leaves_the_condition_behind() -> None:
    found = conditions(ill("flare", 10, "J44.1"))

    assert found["J44.1"][0][2] == "resolved"
    assert found["J44.9"] == [(found["J44.1"][0][1] + 1, ACTIVE, "active", True)]


def test_a_less_exact_code_begins_nothing_and_a_more_exact_one_replaces() -> None:
    found = conditions(ill("exact", 10, "E11.65"), ill("loose", 50, "E11.9"))

    assert found["E11.9"][0][1] == 9
    assert found["E11.65"] == [(10, ACTIVE, "active", True)]


def test_of_two_acute_illnesses_that_exclude_each_other_the_later_takes_the_place() -> None:
    assert conflicts(["J95.821", "J96.01"])
    found = conditions(stay("operation", 10, "J95.821"), stay("back", 20, "J96.01"))

    assert found["J95.821"] == [(10, 19, "resolved", True)]
    ((since, _, _, _),) = found["J96.01"]
    assert since == 20


def test_an_acute_illness_leaves_one_that_it_does_not_exclude() -> None:
    found = conditions(stay("operation", 10, "J95.821"), stay("back", 20, "J18.9"))

    assert found["J95.821"][0][1] > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("N18.31", "N18.4"),
        ("E66.813", "E66.812"),
        ("G62.9", "G62.0"),
        ("E66.3", "E66.811"),
        ("I25.10", "I25.118"),
        ("M17.11", "M17.0"),
        ("H25.12", "H25.13"),
    ],
)
def test_stages_classes_and_exacter_codes_that_visits_state_replace_each_other(
    one: str, other: str
) -> None:
    found = conditions(ill("first", 10, one), ill("then", 300, other))

    assert found[one] == [(10, 299, "resolved", True)]
    assert found[other] == [(300, ACTIVE, "active", True)]


def test_a_diagnosis_of_the_visit_s_own_decides_and_can_be_stopped() -> None:
    inside = event("harm", "diagnosis", 2, code="N17.9")
    visit_ = stay("stay", 10, "J18.9", "N17.9") | {"with": [inside]}
    stop = {"do": "stop", "id": "over", "of": "harm", "at": 20}
    found = conditions(visit_, stop)

    assert found["N17.9"] == [(12, 19, "resolved", True)]


def test_a_condition_that_a_visit_began_is_stopped_by_the_diagnosis_that_took_it_over() -> None:
    found = conditions(
        ill("seen", 10, "K21.9"), event("known", "diagnosis", 12, code="K21.9"),
        {"do": "stop", "id": "cured", "of": "known", "at": 40},
    )  # fmt: skip

    assert found["K21.9"] == [(10, 39, "resolved", True)]


def test_a_condition_of_the_profile_is_not_stopped_with_a_diagnosis_of_it() -> None:
    named = event("named", "diagnosis", 10, code="E11.9")
    found = conditions(named, {"do": "stop", "id": "over", "at": 50, "of": "named"})

    assert [(until, status) for _, until, status, _ in found["E11.9"]] == [(ACTIVE, "active")]


def test_conditions_see_what_visits_began() -> None:
    asked = event("asked", "lab", 20, loinc="4548-4") | {"when": "has('J18')"}
    late = event("late", "lab", 80, loinc="4548-4") | {"when": "has('J18')"}
    tables = _run(ill("cold", 10, "J18.9"), asked, late)
    steps = [step for (step,) in listed(tables["events"], "step")]

    assert steps.count("asked") == 30
    assert steps.count("late") == 0


def test_none_leaves_the_problem_list_to_diagnoses() -> None:
    found = conditions(
        ill("cold", 10, "J18.9"), event("known", "diagnosis", 12, code="J20.9"),
        problem_list="none",
    )  # fmt: skip

    assert "J18.9" not in found
    assert found["J20.9"] == [(12, ACTIVE, "active", False)]


def test_what_a_profile_states_is_there_on_its_day_and_ends_afterwards() -> None:
    held = {
        "comorbidities": [
            {"code": "I21.4", "share": 1, "onset": {"days_before": 10}},
            {"code": "J18.9", "share": 1, "onset": {"days_before": 300}},
        ]
    }
    found = conditions(ill("seen", 50, "E11.9"), clinical={"primary": {"code": "E11.9"}} | held)

    assert found["I21.4"][0][:2] == (-10, 17)
    assert found["I25.2"] == [(18, ACTIVE, "active", False)]
    assert found["J18.9"][0][:3] == (-300, 0, "resolved")


def test_a_pain_that_a_profile_has_had_for_three_months_goes_on() -> None:
    def pain(days: int) -> dict[str, list[Any]]:
        held = {"comorbidities": [{"code": "M54.50", "share": 1, "onset": {"days_before": days}}]}
        clinical = {"primary": {"code": "E11.9"}} | held
        return conditions(ill("seen", 50, "E11.9"), clinical=clinical)

    assert pain(900)["M54.50"] == [(-900, ACTIVE, "active", False)]
    assert {status for _, _, status, _ in pain(30)["M54.50"]} == {"resolved"}


@pytest.mark.slow
def test_a_run_may_hold_any_number_of_codes() -> None:
    codes = [code for code in sorted(icd10cm().codes) if code.startswith("M")][::60]
    apart = {second for _, second in conflicts(("E11.9", *codes))}
    chosen = [code for code in codes if code not in apart
              and not (icd10cm().row(code).sex or icd10cm().row(code).manifestation)]  # fmt: skip
    visits = [ill(f"visit_{n}", n, *chosen[n * 10 : n * 10 + 10]) for n in range(9)]
    tables = _run(*visits, count=2)
    distinct = {code for (code,) in listed(tables["conditions"], "code")}

    assert len(chosen) > 62
    assert len(distinct) > 62


def test_a_combined_code_begins_with_its_last_part() -> None:
    """Hypertension is old, and is coded with kidney disease from the day on which that begins."""
    clinical = {"primary": {"code": "I10", "onset": {"years_before": 9}}}
    tables = _run(
        event("kidneys", "diagnosis", 40, code="N18.30"),
        event("heart", "diagnosis", 90, code="I50.22"),
        clinical=clinical,
    )
    rows = listed(tables["conditions"], "code", "onset_date", "abatement_date", "event_id")
    event_of = dict(listed(tables["events"], "event_id", "step"))
    spans = {code: (onset, abated, event_of.get(event)) for code, onset, abated, event in rows}

    assert len(rows) == 5 * 30
    assert spans["I10"][0] < DAY_0 - 3000
    assert spans["I10"][1:] == (DAY_0 + 39, None)
    assert spans["I12.9"] == (DAY_0 + 40, DAY_0 + 89, "kidneys")
    assert spans["I13.0"] == (DAY_0 + 90, NO_DAY, "heart")


def test_a_condition_that_is_combined_anew_has_a_row_for_each_time() -> None:
    """Each row has its own id, and every day has one code: later times join the third."""
    clinical = {"primary": {"code": "I10", "onset": {"years_before": 9}}}
    steps = [
        step
        for n in range(4)
        for step in (
            event(f"ill_{n}", "diagnosis", 30 + 60 * n, code="N18.30"),
            {"do": "stop", "id": f"well_{n}", "of": f"ill_{n}", "at": 60 + 60 * n},
        )
    ]
    tables = _run(*steps, count=2, clinical=clinical)
    names = ("condition_id", "code", "onset_date", "abatement_date")
    rows = [row for row in listed(tables["conditions"], *names) if row[1] != "N18.30"]
    days = sorted((onset - DAY_0, code) for _, code, onset, _ in rows if onset > DAY_0)[::2]

    assert len({row[0] for row in rows}) == len(rows)
    assert days == [(30, "I12.9"), (60, "I10"), (90, "I12.9"), (120, "I10"), (150, "I12.9")]
    assert sum(over == NO_DAY for *_, over in rows) == 2


def test_a_prescription_is_for_what_people_had_when_it_was_written() -> None:
    clinical = {"primary": {"code": "I10", "onset": {"years_before": 9}}}
    drug = "lisinopril 10 mg tablet"
    tables = _run(
        event("early", "prescription", 10, drug=drug),
        event("kidneys", "diagnosis", 40, code="N18.30"),
        event("late", "prescription", 90, drug=drug, replaces="lisinopril"),
        clinical=clinical,
    )
    written = listed(tables["prescriptions"], "written_date", "indication")

    assert {(day - DAY_0, code) for day, code in written} == {(10, "I10"), (90, "I12.9")}


def test_a_combined_code_was_not_there_on_admission_if_a_part_was_not() -> None:
    clinical = {"primary": {"code": "I10", "onset": {"years_before": 9}}}
    admitted = stay("stay", 20, "J18.9", "I10") | {
        "with": [event("kidneys", "diagnosis", 2, code="N18.30")]
    }
    tables = _run(admitted, clinical=clinical)
    stated = {(code, {"U": "N", "W": "Y"}.get(poa, poa))  # as payers count what is unclear
              for code, poa in listed(tables["encounter_diagnoses"], "code", "poa")}  # fmt: skip

    assert stated == {("J18.9", "Y"), ("I12.9", "N"), ("N18.30", "N")}


@pytest.mark.slow
@pytest.mark.parametrize(("done", "poa"), [(["021009W"], "N"), ([], "Y")])
def test_what_an_operation_of_the_first_day_brings_about_was_not_there_on_admission(
    done: list[str], poa: str
) -> None:
    bled = [event("loss", "diagnosis", code="D62"), event("kidneys", "diagnosis", code="N17.9")]
    admitted = stay("stay", 20, "I25.10") | {"with": bled}
    admitted["details"]["icd10pcs"] = done
    coded = listed(_run(admitted)["encounter_diagnoses"], "code", "poa")
    stated = {(code, {"U": "N", "W": "Y"}.get(one, one)) for code, one in coded}

    assert {("D62", poa), ("N17.9", "Y")} <= stated


def test_hypertension_of_before_a_pregnancy_goes_on_after_it() -> None:
    tables = _run(event("known", "diagnosis", 10, code="O10.919"), count=40,
                  clinical={"primary": {"code": "E78.5"}},
                  demographics={"gender": {"F": 1}, "age": {"type": "uniform", "low": 25,
                                                            "high": 35}})  # fmt: skip
    spans = listed(tables["conditions"], "code", "onset_date", "abatement_date")
    pregnant = [(first, last) for code, first, last in spans if code == "O10.919"]
    after = [first for code, first, _ in spans if code == "I10" and first > DAY_0]

    assert len(pregnant) == 40
    assert len(after) == 40
    assert {last + 1 for _, last in pregnant} == set(after)


def eye(id: str, day: int, code: str, *sides: str, **details: Any) -> Document:
    lenses = [{"code": "66984", "modifiers": [side]} for side in sides]
    return ill(id, day, code, encounter_class="asc", procedures=lenses, **details)


def test_an_operation_removes_a_condition_of_its_side_for_ever() -> None:
    found = conditions(
        ill("seen", 5, "H25.13"), eye("right", 10, "H25.11", "RT"), ill("after", 20, "H25.11"),
        eye("left", 40, "H25.12", "LT"), ill("late", 60, "H25.12"), ill("later", 70, "H25.13"),
    )  # fmt: skip

    assert found["H25.13"] == [(5, 10, "resolved", True)]
    assert found["H25.12"] == [(11, 40, "resolved", True)]
    assert "H25.11" not in found
    assert found["Z98.41"] == [(20, ACTIVE, "active", True)]
    assert found["Z98.42"] == [(60, ACTIVE, "active", True)]


def test_an_operation_without_a_side_removes_nothing_of_one_side() -> None:
    found = conditions(ill("seen", 5, "H25.11"), eye("right", 10, "H25.11", "LT"))

    assert found["H25.11"] == [(5, ACTIVE, "active", True)]


def test_a_procedure_of_its_own_removes_a_condition_too() -> None:
    gone = event("gone", "procedure", 30, code="47562")
    found = conditions(
        ill("seen", 5, "K80.20"), gone, event("again", "diagnosis", 90, code="K80.20")
    )

    assert found["K80.20"] == [(5, 30, "resolved", True)]


def test_an_operation_of_a_stay_leaves_the_other_side() -> None:
    knee = stay("knee", 30, "M17.0")
    found = conditions(
        ill("seen", 5, "M17.0"), {**knee, "details": knee["details"] | {"icd10pcs": ["0SRD0J9"]}}
    )

    assert found["M17.0"] == [(5, 34, "resolved", True)]
    assert found["M17.11"] == [(35, ACTIVE, "active", True)]


def test_a_visit_states_what_is_left_after_an_operation_and_the_exacter_code() -> None:
    steps = (ill("seen", 5, "I25.118"), eye("right", 10, "H25.11", "RT"),
             ill("after", 20, "H25.11", "I25.10"))  # fmt: skip
    stated = listed(_run(*steps)["encounter_diagnoses"], "person_id", "encounter_id", "code")
    codes = [code for person, _, code in sorted(stated) if person == 101]

    assert codes.count("H25.11") == 1
    assert codes.count("Z98.41") == 1
    assert codes.count("I25.118") == 2
    assert "I25.10" not in codes


def test_a_vaguer_diagnosis_begins_nothing() -> None:
    found = conditions(ill("seen", 5, "M17.0"), event("one", "diagnosis", 9, code="M17.11"))

    assert found["M17.0"] == [(5, ACTIVE, "active", True)]
    assert "M17.11" not in found


def test_the_two_sides_of_a_condition_become_the_code_of_both() -> None:
    found = conditions(ill("one", 10, "M17.11"), ill("other", 40, "M17.12"))

    assert found["M17.11"] == [(10, 39, "resolved", True)]
    assert found["M17.0"] == [(40, ACTIVE, "active", True)]
    assert "M17.12" not in found


def test_a_visit_that_states_both_sides_states_the_code_of_both() -> None:
    tables = _run(ill("knees", 10, "M17.11", "M17.12", "I10"))
    codes = {code for (code,) in listed(tables["encounter_diagnoses"], "code")}

    assert "M17.0" in codes
    assert codes.isdisjoint({"M17.11", "M17.12"})


def test_both_sides_of_a_profile_are_one_condition_from_the_later_on() -> None:
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 5}}, "comorbidities": [
        {"code": "M17.11", "share": 1, "onset": {"years_before": 9}},
        {"code": "M17.12", "share": 1, "onset": {"years_before": 4}}]}  # fmt: skip
    found = conditions(ill("seen", 10, "E11.9"), clinical=clinical)

    assert [one[1:3] for one in found["M17.0"]] == [(ACTIVE, "active")]
    assert "M17.12" not in found
    assert found["M17.11"][0][2] == "resolved"
