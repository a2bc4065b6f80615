"""What no body, plan or trial can be is refused or warned of, with its place and a mend."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, lab, listed, run, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.products.reference_names import built_in_names
from healthsim.specification.checks.check import job_warnings

_WOMEN = {"age": {"type": "uniform", "low": 66, "high": 80}, "gender": {"F": 1}}
_BELL = {"type": "normal", "mean": 7, "sd": 1}


def effects(*listed: Document) -> Document:
    return diabetic(physiology={"effects": list(listed)})


def effect(**said: Any) -> Document:
    return {"condition": "E11", "analyte": "platelets", **said}


def plan(**design: Any) -> Document:
    plans = {"Ours": {"kind": "commercial", **design}}
    return diabetic(coverage={"plan": {"Ours": 1}, "plans": plans})


def inside(*steps: Document) -> Document:
    return journey(visit("seen", 3) | {"with": list(steps)})


def in_trial(*steps: Document) -> tuple[Document, Document]:
    people = diabetic(products=["patientsim", "trialsim"])
    trial = {"id": "T-1", "arms": {"a": 1, "b": 1}}
    first = (event("screened", "screening", 0), event("assigned", "randomization", 1))
    return people, journey(*first, *steps, trial=trial)


def fallen(**said: Any) -> tuple[Document, Document]:
    return in_trial(event("fell", "adverse_event", 9, **{"term": "Nausea", "grade": "2", **said}))


def stay(**said: Any) -> Document:
    return {"encounter_class": "inpatient", "diagnoses": ["J18.9"], **said}


REFUSED: tuple[tuple[str, tuple[Document, ...], str], ...] = (
    ("twice the cause", (effects(effect(times=0.5), effect(times=2.0)),),
     "profile.physiology.effects[1]: 'E11' on platelets is effects[0] too"),
    ("twice, once by its code", (effects(effect(times=0.5), effect(analyte="777-3", times=2.0)),),
     "profile.physiology.effects[1]: 'E11' on 777-3 is effects[0] too"),
    ("a factor of a million", (effects(effect(times=1e6)),), "effects[0].times: multiplies by"),
    ("a factor of nothing", (effects(effect(times=1e-6)),), "effects[0].times: multiplies by"),
    ("more than there is", (effects(effect(add=1499.0)),), "effects[0].add: adds 1499"),
    ("less than there is", (effects(effect(add=-1499.0)),), "effects[0].add: adds -1499"),
    ("a set point beyond", (effects(effect(set={"mean": 1501, "sd": 5})),),
     "effects[0].set.mean: platelets of 1501 10*3/uL is not possible; use 2 to 1500"),
    ("a spread beyond", (effects(effect(set={"mean": 200, "sd": 1499})),),
     "effects[0].set.sd: is 1499"),
    ("an attribute in another unit", (diabetic(attributes={"eosinophils": 164}),),
     "profile.attributes.eosinophils: eosinophils of 164 10*3/uL is not possible"),
    ("a state in another unit",
     (diabetic(), journey(visit("v"), state={"creatinine": {"start": 88}})),
     "state.creatinine.start: creatinine of 88 mg/dL is not possible"),
    ("a wide result", (diabetic(), inside(lab("l", **{**_BELL, "sd": 9}))),
     "with[0].details.result: 4548-4 (Hemoglobin A1c/Hemoglobin.total in Blood) is outside"),
    ("one part of a mixture", (diabetic(), inside(lab("l", type="mixture", parts=[
        {"weight": 0.9, "of": 7}, {"weight": 0.1, "of": 70}]))), "result.parts[1].of: 4548-4"),
    ("one case", (diabetic(), inside(lab("l", type="conditional", otherwise=7, cases=[
        {"when": "age > 70", "then": 70}]))), "result.cases[0].then: 4548-4"),
    ("words for a number", (diabetic(), inside(lab("l", high=0.5, low=0.5))),
     "is a number of %, and this gives text; give a number from 3.5 to 18"),
    ("a test as a vital sign", (diabetic(), inside(event("v", "vital", loinc="4548-4"))),
     'is no vital sign; write "type": "lab" for it'),
    ("a vital sign as a test", (diabetic(), inside(event("v", "lab", loinc="8480-6"))),
     'is a vital sign, no laboratory test; write "type": "vital" for it'),
    ("a deductible above the maximum", (plan(deductible_usd=500, oop_max_usd=499),),
     "deductible_usd 500 is above oop_max_usd 499, so that it is never met"),
    ("a family's too", (plan(family_deductible_usd=500, family_oop_max_usd=499),),
     "family_deductible_usd 500 is above family_oop_max_usd 499"),
    ("drugs' too", (plan(drug_deductible_usd=500, drug_oop_max_usd=499),),
     "drug_deductible_usd 500 is above drug_oop_max_usd 499"),
    ("outside too", (plan(out_of_network={"deductible_usd": 500, "oop_max_usd": 499}),),
     "Ours.out_of_network: deductible_usd 500 is above oop_max_usd 499"),
    ("a family below a person outside",
     (plan(out_of_network={"deductible_usd": 500, "family_deductible_usd": 499}),),
     "Ours.out_of_network: family_deductible_usd 499 is below deductible_usd 500"),
    ("an HDHP above the law's maximum", (plan(hdhp=True, deductible_usd=8301),),
     "deductible_usd: 8301 is above 8300, the most that members of an HDHP pay in 2025"),
    ("a share of nothing", (plan(network={"in_share": 1e-9}),), "in_share: 1e-09 is below"),
    ("a rule twice", (diabetic(safety={"without": ["nsaid-heart-failure"] * 2}),),
     "profile.safety.without: 'nsaid-heart-failure' is listed twice"),
    ("no such rule", (diabetic(safety={"without": ["x"]}),), "profile.safety.without[0]: no rule"),
    ("a pharmacy's rule twice", (diabetic(pharmacy={"without": ["reversals"] * 2}),),
     "profile.pharmacy.without: 'reversals' is listed twice"),
    ("a modifier twice", (diabetic(), inside(
        event("p", "procedure", code="20610", modifiers=["RT", "RT"]))), "'RT' is listed twice"),
    ("a dose and units", (diabetic(), inside(
        event("p", "procedure", code="J9271", units=5, dose={"mg_per_kg": 2}))),
     "dose and units are both given"),
    ("a dose of a horse", (diabetic(), inside(
        event("p", "procedure", code="J9271", dose={"mg_per_kg": 5001}))), "use at most 5000"),
    ("a tablet's thousandth", (diabetic(), journey(event(
        "rx", "prescription", 3, drug="lisinopril 10 mg tablet", quantity=0.001))),
     "quantity: is 0.001; use a multiple of 0.01"),
    ("an operation in an office", (diabetic(), journey(visit("v", icd10pcs=["0SRD0J9"]))),
     "details.icd10pcs: does not fit an encounter_class of 'office'"),
    ("an operation twice", (diabetic(), journey(event(
        "s", "encounter", 3, **stay(icd10pcs=["0SRD0J9"] * 2)))), "'0SRD0J9' is listed twice"),
    ("a stay's group", fallen(serious="Y", stay=stay(drg="999")),
     "details.stay.drg: MS-DRG has no code '999'"),
    ("a stay's nights", fallen(serious="Y", stay=stay(los_days=-2)), "details.stay.los_days: can"),
    ("a stay's specialty", fallen(serious="Y", stay=stay(specialty="magic")),
     "details.stay.specialty: unknown specialty 'magic'"),
    ("a stay's end", fallen(serious="Y", stay={"disposition": {"99": 1}}),
     "details.stay.disposition: unknown value '99'"),
    ("a stay's service", fallen(serious="Y", stay=stay(procedures=["J0000"])),
     "details.stay.procedures[0]: HCPCS Level II has no code 'J0000'"),
    ("fatal and moderate", fallen(outcome="fatal"), "details.outcome: can be fatal"),
    ("a lesion of a mile", in_trial(event("t", "tumor_assessment", 9, baseline_mm=1001)),
     "details.baseline_mm: can be 1001, above 1000"),
    ("a dose of a ton", in_trial(event("x", "exposure", 9, treatment="A", dose=1e10)),
     "details.dose: can be 1e+10, above 1e+09"),
    ("with and without", in_trial(event("u", "usual_adverse_events", 9, terms=["Nausea"],
                                        without=["Nausea"])), "'Nausea' is in terms too"),
)  # fmt: skip


@pytest.mark.parametrize(("documents", "said"), [one[1:] for one in REFUSED],
                         ids=[one[0] for one in REFUSED])  # fmt: skip
def test_what_cannot_be_is_refused(documents: tuple[Document, ...], said: str) -> None:
    profile, *journeys = documents
    with pytest.raises(SpecError) as refused:
        prepare(profile, journeys)

    assert said in str(refused.value)
    assert all(one.where and one.mend for one in refused.value.problems)


ACCEPTED: tuple[tuple[str, tuple[Document, ...]], ...] = (
    ("the largest effects", (effects(effect(times=1000.0), effect(analyte="sodium", add=-40)),)),
    ("shares that are not the same", (effects(effect(times=2.0, share=0.5), effect(times=3.0)),)),
    ("a deductible that is the maximum", (plan(deductible_usd=500, oop_max_usd=500),)),
    ("a share with noise", (plan(coinsurance_share=0.1 + 0.2),)),
    ("an HDHP at the law's maximum", (plan(hdhp=True, deductible_usd=8300),)),
    ("fatal and of grade 5", fallen(grade="5", outcome="fatal")),
    ("a dose for one unit", (diabetic(), inside(
        event("p", "procedure", code="J9271", units=1, dose={"mg_per_kg": 2})))),
    ("a stay without a class", fallen(serious="Y", stay={"los_days": 3})),
    ("a usual spread", (diabetic(), inside(lab("l", **_BELL)))),
)  # fmt: skip


@pytest.mark.parametrize("documents", [one[1] for one in ACCEPTED],
                         ids=[one[0] for one in ACCEPTED])  # fmt: skip
def test_what_is_just_possible_is_accepted(documents: tuple[Document, ...]) -> None:
    profile, *journeys = documents

    assert prepare(profile, journeys).count == 60


def test_all_contradictions_of_a_plan_are_told_at_once() -> None:
    with pytest.raises(SpecError) as refused:
        prepare(plan(low_income_subsidy="full", family_limits="aggregate", deductible_usd="law",
                     copays_usd={"office": 5}, coinsurance_shares={"office": 0.1}))  # fmt: skip

    assert len(refused.value.problems) == 4


@pytest.mark.parametrize(("changes", "said"), [
    ({"physiology": {"effects": [{"condition": "E11", "analyte": "sodium", "add": 1,
                                  "set": None}, 5]}},
     "effects[1]: is 5; give an object with condition"),
    ({"allow_violations": 0.5}, "it belongs at profile.safety.allow_violations"),
    ({"mortality": None}, "profile.mortality: is null; use 'usual' or 'none', or give an object "
     "with ratio"),
    ({"coverage": {"plan": {"A": 1}, "plans": {"A": {"kind": "commercial",
                                                     "deductible_usd": "5"}}}},
     "deductible_usd: is '5'; give a number, or use 'law'"),
])  # fmt: skip
def test_the_mend_of_a_choice_names_each_way_once(changes: Document, said: str) -> None:
    with pytest.raises(SpecError) as refused:
        prepare(diabetic(**changes))

    (told,) = refused.value.problems
    assert said in str(told)
    assert str(told).count("with ratio") <= 1


WARNED: tuple[tuple[str, tuple[Document, ...], str], ...] = (
    ("another sex", (diabetic(), journey(visit("v", procedures=["58150"]))),
     "details.procedures[0]: 58150 (operation on female organs) is for F"),
    ("another sex in a stay",
     (diabetic(), journey(event("s", "encounter", 3, **stay(icd10pcs=["0VT00ZZ"])))),
     "details.icd10pcs[0]: 0VT00ZZ (operation on male organs in a stay) is for M"),
    ("refills of a schedule", (diabetic(), journey(event(
        "rx", "prescription", 3, drug="oxycodone 5 mg tablet", refills=1))),
     "details.refills: is 1, and schedule 2 allows 0"),
    ("a part above its whole", (diabetic(), inside(
        event("d", "lab", loinc="1968-7", result=5), event("t", "lab", loinc="1975-2", result=2))),
     "with[0].details.result: Bilirubin.direct"),
    ("a formula and its input", (diabetic(), inside(
        event("e", "lab", loinc="98979-8", result=15),
        event("c", "lab", loinc="2160-0", result=0.6))),
     "with[0].details.result: is computed from creatinine (2160-0)"),
    ("a plan of nobody", (diabetic(coverage={"plan": {"MA-HMO": 1}, "plans": {
        "Ours": {"kind": "commercial"}}}),), "coverage.plans.Ours: nobody has it"),
    ("an HDHP without a maximum", (plan(hdhp=True, deductible_usd=3300),),
     "oop_max_usd: is missing, and the law gives every HDHP a maximum"),
    ("above the law's maximum", (plan(deductible_usd=9201, oop_max_usd="law"),),
     "deductible_usd: 9201 is above 9200, the law's maximum of 2025"),
    ("nothing to overlook", (diabetic(clinical={"primary": {"code": "E11.9"}},
                                      safety={"allow_violations": 0.5}),),
     "profile.safety.allow_violations: no drug here has a rule"),
    ("an effect of no procedure", (effects({"procedure": "27447", "analyte": "sodium", "add": 2}),),
     "effects[0].procedure: no step states a procedure that begins with '27447'"),
    ("an effect of no adverse event",
     (effects({"adverse_event": "Nausea", "analyte": "sodium", "add": 2}),),
     "effects[0].adverse_event: no step has an adverse event 'Nausea'"),
)  # fmt: skip


def warned(profile: Document, *journeys: Document) -> str:
    job = prepare(profile, journeys)
    return "\n".join(map(str, job_warnings(job.profile, job.journeys, built_in_names())))


@pytest.mark.parametrize(("documents", "said"), [one[1:] for one in WARNED],
                         ids=[one[0] for one in WARNED])  # fmt: skip
def test_what_a_payer_or_a_clinician_would_question_is_a_warning(
    documents: tuple[Document, ...], said: str
) -> None:
    assert said in warned(*documents)


@pytest.mark.parametrize("documents", [
    (diabetic(), journey(visit("v", procedures=["58150"]) | {"when": "gender == 'F'"})),
    (diabetic(), journey(visit("v", procedures=["58150"]), eligible="gender == 'F'")),
    (diabetic(demographics=_WOMEN), journey(visit("v", procedures=["58150"]))),
    (diabetic(), journey(visit("v", 3) | {"when": "gender == 'F'"},
                         visit("w", {"after": "v", "day": 5}, procedures=["58150"]))),
    (diabetic(), journey({"do": "branch", "id": "way", "at": 3, "options": [
        {"name": "she", "when": "gender == 'F'", "steps": [visit("v", procedures=["58150"])]},
        {"name": "other", "otherwise": True, "steps": []}]})),
    (diabetic(), journey(event("rx", "prescription", 3, drug="lorazepam 1 mg tablet", refills=5))),
    (diabetic(pharmacy="none"),
     journey(event("rx", "prescription", 3, drug="oxycodone 5 mg tablet", refills=1))),
    (diabetic(), inside(event("d", "lab", loinc="1968-7", result=2),
                        event("t", "lab", loinc="1975-2", result=5))),
    (diabetic(), inside(event("c", "lab", loinc="2160-0", result=0.6), event(
        "e", "lab", loinc="98979-8", result={"type": "formula", "value": "60 / last('2160-0')"}))),
    (plan(hdhp=True, deductible_usd=3300, oop_max_usd="law"),),
    (diabetic(coverage={"plan": {"MA-HMO": 1}, "plans": {"Ours": {"kind": "commercial"}}}),
     journey(event("e", "enrollment", 3, plan="Ours"))),
    (diabetic(safety={"allow_violations": 0.5}), journey(
        event("rx", "prescription", 3, drug="metformin 1000 mg tablet"))),
    (effects({"procedure": "9921", "analyte": "sodium", "add": 2}), journey(visit("v"))),
])  # fmt: skip
def test_what_is_in_order_is_not_questioned(documents: tuple[Document, ...]) -> None:
    other = ("attributes: nothing uses", "can never be true")  # of other rules
    said = warned(*documents).split("\n")

    assert [line for line in said if line and not any(one in line for one in other)] == []


def test_details_without_keys_are_an_empty_object() -> None:
    people, walk = in_trial()
    walk["phases"][0]["steps"][0]["details"] = None
    with pytest.raises(SpecError, match="details: is null; give an empty object"):
        prepare(people, [walk])


def test_the_tails_of_a_stated_result_are_cut_to_what_is_possible() -> None:
    told = inside(lab("l", type="normal", mean=16, sd=1.5))
    tables = run(diabetic(count=400), told)
    values = np.array([value for code, value in listed(tables["lab_results"], "loinc", "value")
                       if code == "4548-4"])  # fmt: skip

    assert values.max() == 18
    assert (values == 18).mean() == pytest.approx(0.091, abs=0.045)  # P(Z > 4/3), three errors
