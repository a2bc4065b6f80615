"""What illnesses, drugs, states and stated results do to what is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import Document, event, journey, listed, run
from healthsim.dates import whole_months
from healthsim.errors import SpecError
from healthsim.execution.passes.rehearsal import settle_population_steps, walk_chunk
from healthsim.execution.prepare import prepare
from healthsim.medicine.analytes import key_of
from healthsim.medicine.derivation import dependents, derive
from healthsim.medicine.effects import drug_effects, moved_by
from healthsim.medicine.growth import percentile_of
from healthsim.medicine.setpoints import Subjects
from healthsim.operations.estimate import built_in_names
from healthsim.specification.checks.check import job_warnings
from healthsim.tables import Columns

HEMOGLOBIN, HEMATOCRIT, CREATININE, EGFR = "718-7", "4544-3", "2160-0", "98979-8"
LDL, TOTAL, A1C, GLUCOSE, PLATELETS = "18262-6", "2093-3", "4548-4", "2345-7", "777-3"
PANELS = ("cbc_diff", "cmp", "lipid", "coagulation", "thyroid")


def adults(count: int = 200, **changes: Any) -> Document:
    return {
        "kind": "profile", "name": "adults", "seed": 11, "count": count, "as_of": "2025-01-01",
        "through": "2026-12-31", "products": ["patientsim"], "mortality": "none",
        "demographics": {"age": {"type": "uniform", "low": 40, "high": 70},
                         "gender": {"F": 0.5, "M": 0.5}},
        **changes,
    }  # fmt: skip


def ill_with(*codes: str) -> Document:
    found = [
        {"code": code, "share": 1, "onset": {"years_before": {"type": "constant", "value": 3}}}
        for code in codes
    ]
    return {"clinical": {"comorbidities": found}}


def labs(*at: int, panels: tuple[str, ...] = PANELS, prefix: str = "l") -> list[Document]:
    return [event(f"{prefix}{day}_{name}", "lab", day, panel=name) for day in at for name in panels]


def test_of(day: int, code: str, **result: Any) -> Document:
    stated = {"result": result} if result else {}
    return event(f"t{day}_{code.replace('-', '_')}", "lab", day, loinc=code, **stated)


test_of.__test__ = False  # type: ignore[attr-defined]


def long_journey(*steps: Document, **changes: Any) -> Document:
    return journey(*steps, **{"duration_days": 700, **changes})


def values(tables: dict[str, Columns], code: str) -> dict[tuple[int, int], float]:
    """Return (person, day since the first of January 2025) -> result of a code."""
    found = listed(tables["lab_results"], "person_id", "loinc", "collected_at", "value")
    first = 20089
    return {(person, minute // 1440 - first): value
            for person, loinc, minute, value in found if loinc == code}  # fmt: skip


def mean(tables: dict[str, Columns], code: str, day: int) -> float:
    return float(np.mean([value for (_, on), value in values(tables, code).items() if on == day]))


@pytest.fixture(scope="module")
def healthy() -> dict[str, Columns]:
    return run(adults(), long_journey(*labs(0, 10, 200)))


def test_two_panels_of_a_day_have_one_value_for_each_analyte() -> None:
    steps = labs(5, panels=("cbc", "cbc_diff", "anemia_extended"))
    found = listed(
        run(adults(50), long_journey(*steps))["lab_results"], "person_id", "loinc", "value"
    )
    by_test: dict[tuple[int, str], set[float]] = {}
    for person, code, value in found:
        by_test.setdefault((person, code), set()).add(value)

    assert len(found) > len(by_test)
    assert all(len(found) == 1 for found in by_test.values())


@pytest.mark.parametrize(
    ("stated", "value", "follows", "low", "high"),
    [(CREATININE, 3.2, EGFR, 12, 27), (EGFR, 22, CREATININE, 2.0, 3.6),
     (A1C, 10.5, GLUCOSE, 160, 330),
     (HEMATOCRIT, 27, HEMOGLOBIN, 8.6, 9.6), (LDL, 190, TOTAL, 230, 330)],
)  # fmt: skip
def test_what_depends_on_a_stated_result_follows_it(
    stated: str, value: float, follows: str, low: float, high: float
) -> None:
    one = {"type": "constant", "value": value}
    tables = run(adults(60), long_journey(test_of(3, stated, **one), test_of(3, follows)))
    found = list(values(tables, follows).values())

    assert set(values(tables, stated).values()) == {value}
    assert low <= min(found)
    assert np.mean(found) <= high


def test_a_stated_result_fades_over_half_a_year(healthy: dict[str, Columns]) -> None:
    days = (1, 60, 120, 190, 400)
    later = [test_of(day, CREATININE) for day in days]
    usual = run(adults(), long_journey(*later))
    stated = test_of(0, CREATININE, type="constant", value=2.4)
    moved = run(adults(), long_journey(stated, *later))
    apart = [mean(moved, CREATININE, day) - mean(usual, CREATININE, day) for day in days]

    assert apart[0] > 1.3
    assert apart == sorted(apart, reverse=True)
    assert 0.2 < apart[2] < apart[0] / 2
    assert apart[3] == apart[4] == 0


def test_a_state_is_what_is_measured_and_what_is_computed_from_it() -> None:
    failing = {"egfr": {"start": {"type": "constant", "value": 80}, "decimals": 0}}
    falls = {"do": "change", "id": "falls", "at": 100, "state": "egfr",
             "to": {"type": "constant", "value": 15}}  # fmt: skip
    steps = [test_of(day, code) for day in (50, 150) for code in (EGFR, CREATININE, "2823-3")]
    tables = run(adults(), long_journey(*steps, falls, state=failing))

    assert 74 < mean(tables, EGFR, 50) < 86
    assert 14 < mean(tables, EGFR, 150) < 16.5
    assert mean(tables, CREATININE, 150) > 3
    assert abs(mean(tables, "2823-3", 150) - mean(tables, "2823-3", 50)) < 0.1


def test_a_result_stated_after_a_measured_state_of_the_day_is_the_one_that_others_follow() -> None:
    well = {"egfr": {"start": {"type": "constant", "value": 95}, "decimals": 0}}
    kidneys = test_of(50, EGFR, **{"from": "egfr"})
    low = {EGFR: {"type": "constant", "value": 40}}
    panel = event("later", "lab", 50, panel="bmp", results=low)
    tables = run(adults(), long_journey(kidneys, panel, state=well))

    assert mean(tables, CREATININE, 50) > 1.5


def test_filtration_is_that_of_the_age_to_which_a_stay_puts_it_off() -> None:
    blood = event("seen", "encounter", 6, diagnoses=["Z00.00"])
    blood["with"] = [event("blood", "lab", panel="bmp")]
    stay = event("stay", "encounter", 5, encounter_class="inpatient", los_days=60,
                 diagnoses=["J18.9"])  # fmt: skip
    tables = run(adults(), long_journey(blood), long_journey(stay, name="other"))
    birth = dict(listed(tables["patients"], "person_id", "birth_date"))
    sex = dict(listed(tables["patients"], "person_id", "gender"))
    rows = listed(tables["lab_results"], "person_id", "loinc", "collected_at", "value")
    creatinine = {(row[0], row[2]): row[3] for row in rows if row[1] == CREATININE}
    last = {row[0]: row[2] for row in sorted(rows, key=lambda row: row[2])}
    mine = [row for row in rows if row[1] == EGFR and row[2] == last[row[0]]]
    days = np.array([row[2] // 1440 for row in mine], dtype=np.int32)
    born = np.array([birth[row[0]] for row in mine], dtype=np.int32)
    months = whole_months(born, days).astype(np.int64)
    subjects = Subjects(np.array([float(sex[row[0]] == "F") for row in mine]), months)
    inputs = {
        "creatinine": np.array([creatinine[row[0], row[2]] for row in mine]),
        "height": born * np.nan,
    }
    put_off = days.min() - np.int32(65)

    assert (whole_months(born, put_off + 0 * days) // 12 != months // 12).sum() > 15
    assert derive(("egfr",), inputs, subjects)["egfr"].tolist() == [row[3] for row in mine]


def test_a_state_is_moved_by_the_tables_where_it_says_so() -> None:
    def a1c(**state: Any) -> float:
        start = {"type": "constant", "value": 9.0}
        takes = event("drug", "prescription", 0, drug="metformin 500 mg tablet", days_supply=90,
                      refills=3, first_fill_share=1, adherence=1)  # fmt: skip
        steps = long_journey(takes, test_of(200, A1C), state={"a1c": {"start": start, **state}})
        return mean(run(adults(), steps), A1C, 200)

    assert abs(a1c() - 9) < 0.1
    assert a1c(effects="usual") < 8.2


def test_an_attribute_in_words_that_is_called_like_an_analyte_sets_no_value() -> None:
    words = {"hemoglobin": {"type": "categorical", "weights": {"low": 0.5, "usual": 0.5}}}
    looked = event("blood", "lab", 0, loinc="718-7")
    with_it, without = (run(adults(12, attributes=attributes), journey(looked))
                        for attributes in (words, {}))  # fmt: skip

    assert listed(with_it["lab_results"]) == listed(without["lab_results"])


def test_an_attribute_is_the_set_point_on_the_first_day() -> None:
    attributes = {"hemoglobin": {"type": "uniform", "low": 9, "high": 11}, "a1c": {
        "type": "constant", "value": 8.4}}  # fmt: skip
    profile = adults(attributes=attributes, **ill_with("E11.9", "D63.1"))
    takes = event("drug", "prescription", 20, drug="metformin 500 mg tablet", days_supply=90,
                  refills=3, first_fill_share=1, adherence=1)  # fmt: skip
    tables = run(profile, long_journey(
        *(test_of(day, code) for day in (0, 300) for code in (HEMOGLOBIN, A1C)), takes
    ))  # fmt: skip

    assert 9.7 < mean(tables, HEMOGLOBIN, 0) < 10.3
    assert 8.2 < mean(tables, A1C, 0) < 8.6
    assert mean(tables, A1C, 300) < 7.8


@pytest.mark.slow
@pytest.mark.parametrize(
    "drug", ["atorvastatin 20 mg tablet", "lisinopril 10 mg tablet", "metformin 500 mg tablet",
             *(pytest.param(drug, marks=pytest.mark.proof) for drug in
               ("hydrochlorothiazide 25 mg tablet", "prednisone 20 mg tablet"))],
)  # fmt: skip
def test_a_new_drug_moves_what_its_effects_name_and_nothing_else(
    drug: str, healthy: dict[str, Columns]
) -> None:
    takes = event("drug", "prescription", 100, drug=drug, days_supply=90, refills=3)
    after = run(adults(), long_journey(*labs(0, 10, 200), takes))
    was, now = (
        {(person, code, minute): value for person, code, minute, value in
         listed(tables["lab_results"], "person_id", "loinc", "collected_at", "value")}
        for tables in (healthy, after)
    )  # fmt: skip
    may_move = dependents(key for effect in drug_effects(drug) for key in moved_by(effect))
    moved = {key_of(code) for person, code, minute in was
             if now[person, code, minute] != was[person, code, minute]}  # fmt: skip

    assert was.keys() == now.keys()
    assert moved
    assert moved <= may_move


@pytest.mark.slow
def test_a_drug_that_is_never_filled_does_nothing(healthy: dict[str, Columns]) -> None:
    takes = event("drug", "prescription", 20, drug="atorvastatin 80 mg tablet", days_supply=90,
                  refills=3, first_fill_share=0)  # fmt: skip
    after = run(adults(), long_journey(*labs(0, 10, 200), takes))

    assert values(after, LDL) == values(healthy, LDL)
    assert values(after, TOTAL) == values(healthy, TOTAL)


def test_a_drug_works_while_it_is_taken_and_fades_when_it_is_stopped() -> None:
    days = (0, 60, 100, 300)
    takes = event("drug", "prescription", 1, drug="atorvastatin 80 mg tablet", days_supply=30,
                  refills=11, first_fill_share=1, adherence=1)  # fmt: skip
    stops = {"do": "stop", "id": "stops", "at": 110, "of": "drug"}
    tables = run(adults(), long_journey(*(test_of(day, LDL) for day in days), takes, stops))
    found = [mean(tables, LDL, day) for day in days]

    assert 0.42 < found[2] / found[0] < 0.6
    assert abs(found[1] - found[2]) < 0.06 * found[0]
    assert abs(found[3] - found[0]) < 0.06 * found[0]


def test_kidney_disease_of_stage_4_shows_in_every_creatinine() -> None:
    tables = run(adults(**ill_with("N18.4")), long_journey(*labs(0, 200, panels=("cmp",))))
    rates = list(values(tables, EGFR).values())

    assert len(rates) == 400
    assert max(rates) < 45
    assert np.mean([15 <= rate < 30 for rate in rates]) > 0.9


def test_a_stage_takes_its_effects_with_it() -> None:
    better = [event("worse", "diagnosis", 50, code="N18.4"),
              event("better", "diagnosis", 100, code="N18.30")]  # fmt: skip
    days = (0, 60, 150)
    tables = run(adults(), long_journey(*better, *(test_of(day, EGFR) for day in days)))
    found = [mean(tables, EGFR, day) for day in days]

    assert found[0] > 80
    assert 20 < found[1] < 26
    assert 40 < found[2] < 50


@pytest.mark.parametrize(
    ("code", "low", "high"), [("E66.9", 94.5, 99.9), ("E66.3", 84, 95.5), ("Z68.51", 0, 6.5)]
)
def test_a_code_of_build_is_a_percentile_in_children(code: str, low: float, high: float) -> None:
    ages = {"age": {"type": "uniform", "low": 4, "high": 16}, "gender": {"F": 0.5, "M": 0.5}}
    children = adults(60, demographics=ages, **ill_with(code))
    job = prepare(children, [long_journey(*labs(0))])
    record = walk_chunk(job, settle_population_steps(job), 0, 60).record
    rows, days = np.arange(60), np.full(60, 20100, dtype=np.int32)
    bmi = record.body.values(["bmi"], rows, days)["bmi"]
    size = record.body.size
    found = percentile_of("bmi", size.female(rows), size.chart_months(rows, days), bmi)

    assert np.mean((low <= found) & (found <= high)) > 0.93
    assert len(set(bmi.tolist())) > 20


def test_pregnancy_dilutes_the_blood_and_birth_ends_it() -> None:
    women = adults(demographics={"age": {"type": "uniform", "low": 20, "high": 35},
                                 "gender": {"F": 1.0}},
                   clinical={"pregnant": {"weeks": 20}})  # fmt: skip
    tables = run(women, long_journey(*(test_of(day, HEMOGLOBIN) for day in (28, 600))))

    assert 1.2 < mean(tables, HEMOGLOBIN, 600) - mean(tables, HEMOGLOBIN, 28) < 2.4


def test_nothing_acts_on_bodies_where_a_profile_says_none() -> None:
    steps = long_journey(*labs(0, 200))
    sick = {**ill_with("N18.4", "E11.9"), "physiology": "none"}
    was, now = run(adults(100), steps), run(adults(100, **sick), steps)

    assert listed(now["lab_results"], "value") == listed(was["lab_results"], "value")


def test_an_effect_of_ones_own_replaces_the_tables_of_that_cause_and_analyte() -> None:
    def found(**effect: Any) -> float:
        own = {"physiology": {"effects": [effect]}} if effect else {}
        takes = event("drug", "prescription", 0, drug="atorvastatin 80 mg tablet", days_supply=90,
                      refills=3, first_fill_share=1, adherence=1,
                      discontinuation="none")  # fmt: skip
        return mean(run(adults(**own), long_journey(takes, test_of(150, LDL))), LDL, 150)

    usual = found()
    assert found(drug="atorvastatin", analyte="ldl", times=2.0) > 3 * usual
    assert abs(found(drug="lisinopril", analyte="ldl", times=2.0) - usual) < 0.01


def test_a_dose_of_a_trial_acts_on_those_who_get_it() -> None:
    own = {"effects": [{"treatment": "HS-101", "analyte": "platelets", "times": 0.5,
                        "onset_days": 5, "fades_days": 10}]}  # fmt: skip
    profile = adults(products=["patientsim", "trialsim"], physiology=own)
    dose = event("dose", "exposure", 10, treatment="HS-101", days=14,
                 dose={"type": "constant", "value": 5})  # fmt: skip
    trial = {"id": "T1", "title": "A trial", "phase": "1",
             }  # fmt: skip
    days = (5, 20, 120)
    screened = event("screened", "screening", 0)
    tables = run(
        profile,
        long_journey(screened, dose, *(test_of(day, PLATELETS) for day in days), trial=trial),
    )
    found = [mean(tables, PLATELETS, day) for day in days]

    assert 0.42 < found[1] / found[0] < 0.6
    assert abs(found[2] / found[0] - 1) < 0.05


@pytest.mark.proof
def test_two_journeys_and_any_chunks_give_the_same_bodies() -> None:
    """Each day `promises/test_same_rows.py` says so of a year of results."""
    first = long_journey(
        *labs(0, 90), test_of(30, HEMOGLOBIN, type="constant", value=9), name="first"
    )
    takes = event("drug", "prescription", 5, drug="atorvastatin 20 mg tablet", days_supply=90)
    ill = event("ill", "diagnosis", 30, code="N18.4")
    second = long_journey(takes, ill, *labs(30, 60, prefix="m"), name="second")
    profile = adults(6, **ill_with("E11.9"), attributes={
        "sbp": {"type": "normal", "mean": 140, "sd": 10}})  # fmt: skip
    whole = run(profile, first, second)["lab_results"]

    parts = run(profile, first, second, size=4, threads=2)["lab_results"]
    assert listed(parts, "lab_result_id", "value") == listed(whole, "lab_result_id", "value")


def test_a_body_answers_for_any_time_and_several_times_for_one_person() -> None:
    job = prepare(adults(20), [long_journey(*labs(0, 90))])
    body = walk_chunk(job, settle_population_steps(job), 0, 20).record.body
    rows, days = np.array([3, 3, 3, 9]), np.array([20100, 20100, 20100, 20100], dtype=np.int32)
    quarters = np.array([0, 0, 40, 0])
    found = body.values(["8480-6", "8462-4"], rows, days, quarters)
    again = body.values(["8480-6"], rows[3:], days[3:], quarters[3:])

    assert found["8480-6"][0] == found["8480-6"][1]
    assert found["8480-6"][0] != found["8480-6"][2]
    assert (found["8462-4"] < found["8480-6"]).all()
    assert again["8480-6"][0] == found["8480-6"][3]
    assert body.values(["8480-6"], rows[:0], days[:0])["8480-6"].shape == (0,)


@pytest.mark.parametrize(
    ("effect", "where", "mend"),
    [({"drug": "metformin", "analyte": "plateletts", "add": 2.0}, "analyte", "platelets"),
     ({"drug": "metformin", "analyte": HEMATOCRIT, "add": 1.0}, "effects[0].analyte", "hemoglobin"),
     ({"drug": "metforminn", "analyte": "ldl", "add": 1.0}, "effects[0].drug", "metformin"),
     ({"condition": "QQ1", "analyte": "ldl", "add": 1.0}, "effects[0].condition", "ICD-10-CM"),
     ({"drug": "metformin", "analyte": "ldl", "times": -1.0}, "effects[0].times", "above 0"),
     ({"drug": "metformin", "analyte": "ldl", "add": 1.0, "times": 2.0}, "effects[0]", "remove"),
     ({"analyte": "ldl", "add": 1.0}, "effects[0]", "add one"),
     ({"condition": "E11", "analyte": "ldl", "set": {"mean": 90.0, "sd": 5.0, "low": 100.0}},
      "effects[0].set.low", "around"),
     ],
)  # fmt: skip
def test_an_effect_that_cannot_be_is_refused_with_its_place_and_its_mend(
    effect: Document, where: str, mend: str
) -> None:
    with pytest.raises(SpecError) as error:
        prepare(adults(physiology={"effects": [effect]}), [long_journey(*labs(0))])

    (problem,) = error.value.problems
    assert where in problem.where
    assert mend in f"{problem.found} {problem.mend}"


@pytest.mark.parametrize(
    ("code", "value"), [(A1C, 140), (CREATININE, 500), ("8310-5", 98.6), ("2823-3", -1)]
)
def test_a_stated_result_that_no_body_has_is_refused(code: str, value: float) -> None:
    kind = "vital" if code == "8310-5" else "lab"
    step = event("it", kind, 0, loinc=code, result={"type": "constant", "value": value})
    with pytest.raises(SpecError) as error:
        prepare(adults(), [long_journey(step)])

    (problem,) = error.value.problems
    assert problem.where.endswith("result")
    assert "not possible" in problem.found


def test_a_response_to_a_drug_that_nobody_takes_warns() -> None:
    responds = {"do": "change", "id": "responds", "at": 1, "state": "a1c",
                "while_taking": "metformin", "by": {"type": "constant", "value": -1}}  # fmt: skip
    takes = event("drug", "prescription", 0, drug="glipizide 5 mg tablet", days_supply=30)
    own = {"effects": [{"drug": "basal insulin", "analyte": "a1c", "add": -1.0},
                       {"treatment": "HS-101", "analyte": "a1c", "add": -1.0}]}  # fmt: skip
    steps = long_journey(takes, responds, test_of(9, A1C),
                         state={"a1c": {"start": {"type": "constant", "value": 9}}})  # fmt: skip
    job = prepare(adults(physiology=own), [steps])
    found = {problem.where: problem for problem in
             job_warnings(job.profile, job.journeys, built_in_names())}  # fmt: skip
    (left,) = [where for where in found if where.endswith("while_taking")]

    assert "glipizide" in found[left].mend
    assert "profile.physiology.effects[0].drug" in found
    assert "profile.physiology.effects[1].treatment" in found


def test_every_state_or_attribute_that_names_an_analyte_counts_as_used() -> None:
    job = prepare(adults(attributes={"hemoglobin": {"type": "constant", "value": 12}}),
                  [long_journey(*labs(0))])  # fmt: skip
    found = job_warnings(job.profile, job.journeys, built_in_names())

    assert not any("hemoglobin" in problem.found for problem in found)
