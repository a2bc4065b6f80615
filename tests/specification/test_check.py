"""Promise 5: every fault of a specification is told: where, what was found, how to mend it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from execution.running import attempted, diabetic, event, first_year, journey, lab, visit
from healthsim.errors import SpecError
from healthsim.execution.run import prepare, work

Document = dict[str, Any]
_GONE = object()


def refused(profile: Document, *journeys: Document) -> SpecError:
    with pytest.raises(SpecError) as caught:
        prepare(profile, journeys)
    for problem in caught.value.problems:
        assert problem.where
        assert problem.found
        assert problem.mend
        assert "https://" not in str(problem)
    return caught.value


def put(document: Document, path: str, value: object) -> Document:
    """Return the document with one value changed, added or (`_GONE`) taken out."""
    found: Any = copy.deepcopy(document)
    inner = found
    *outer, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in outer:
        inner = inner[part]
    if value is _GONE:
        del inner[last]
    else:
        inner[last] = value
    whole: Document = found
    return whole


BELL = {"type": "normal", "mean": 70, "sd": 8, "low": 40, "high": 90}
HIT = {"type": "conditional", "cases": [{"when": "x > 1", "then": 1}], "otherwise": 0}

OF_PROFILES: tuple[tuple[str, str, object, str, str, str], ...] = (
    # what, path, value, then: where, found, mend must hold these words
    ("unknown key near age", "demographics/agee", BELL, "demographics.agee", "agee", "'age'"),
    ("unknown key at the top", "sed", 3, "profile.sed", "unknown key", "'seed'"),
    ("weights add up to 0.96", "demographics/gender", {"M": 0.44, "F": 0.52},
     "demographics.gender", "0.96", "0.04"),
    ("weights above 1", "demographics/gender", {"M": 0.6, "F": 0.52}, "gender", "1.12", "0.12"),
    ("sd 0", "demographics/age", {**BELL, "sd": 0}, "demographics.age", "sd is 0", "above 0"),
    ("sd negative", "demographics/age", {**BELL, "sd": -2}, "demographics.age.sd", "-2", "above 0"),
    ("low above high", "demographics/age", {**BELL, "low": 91}, "demographics.age", "low 91",
     "swap"),
    ("low equals high", "demographics/age", {**BELL, "low": 90}, "demographics.age", "both 90",
     "constant"),
    ("unknown distribution", "demographics/age", {"type": "norml", "mean": 1, "sd": 1},
     "demographics.age", "norml", "normal"),
    ("no type", "demographics/age", {"mean": 1, "sd": 1}, "demographics.age", "type", "normal"),
    ("missing sd", "demographics/age", {"type": "normal", "mean": 1}, "age.sd", "missing", "add"),
    ("window without mass", "demographics/age", {**BELL, "mean": 1, "sd": 0.1}, "age",
     "leave nothing", "widen"),
    ("age too old", "demographics/age", 140, "demographics.age", "140", "125"),
    ("age unbounded", "demographics/age", {"type": "normal", "mean": 70, "sd": 8}, "age",
     "any number", "low 0"),
    ("age is text", "demographics/age", {"old": 1}, "demographics.age", "text", "number"),
    ("gender is a number", "demographics/gender", 3, "demographics.gender", "numbers", "weights"),
    ("unknown gender", "demographics/gender", {"Male": 0.5, "F": 0.5}, "gender", "Male", "M"),
    ("unknown state", "demographics/location", {"states": {"TXX": 1}}, "location.states", "TXX",
     "TX"),
    ("unknown county", "demographics/location", {"counties": {"99999": 1}}, "location.counties",
     "99999", "known"),
    ("states and counties", "demographics/location", {"states": {"TX": 1},
     "counties": {"48201": 1}},
     "location", "both", "keep"),
    ("condition names nobody", "attributes/a1c", HIT, "attributes.a1c", "'x'", "known"),
    ("condition near a name", "attributes/a1c", put(HIT, "cases/0/when", "agee > 1"),
     "cases[0].when", "agee", "age"),
    ("value that no label has", "attributes/a1c", put(HIT, "cases/0/when",
     "control == 'controled'"),
     "cases[0].when", "controled", "'controlled'"),
    ("condition not a condition", "attributes/a1c", put(HIT, "cases/0/when", "age +"), "when",
     "age +", "write"),
    ("condition with power", "attributes/a1c", put(HIT, "cases/0/when", "age ** 2 > 1"), "when",
     "**", "use"),
    ("condition calls", "attributes/a1c", put(HIT, "cases/0/when", "__import__('os')"), "when",
     "__import__", "known"),
    ("condition too long", "attributes/a1c", put(HIT, "cases/0/when",
     "age > 1 or " * 60 + "age > 2"), "when", "500", "split"),
    ("history in a profile", "attributes/a1c", put(HIT, "cases/0/when", "last('4548-4') > 1"),
     "when", "history", "journey"),
    ("text compared with a number", "attributes/a1c", put(HIT, "cases/0/when", "control > 1"),
     "when", "control", "compare"),
    ("an attribute needs itself", "attributes/a1c", {"type": "formula", "value": "a1c + 1"}, "a1c",
     "each other", "others"),
    ("shadows the language", "attributes/age", 3, "attributes.age", "language", "own_age"),
    ("bad attribute name", "attributes/A1C", 3, "attributes", "A1C", "pattern"),
    ("bands out of order", "attributes/a1c", {"type": "bands", "bands": [{"low": 9, "high": 3,
     "weight": 1}]},
     "attributes.a1c", "9", "swap"),
    ("empty categories", "attributes/a1c", {}, "attributes.a1c", "", ""),
    ("count 0", "count", 0, "profile.count", "0", "greater than or equal to 1"),
    ("count 1,000,000,000", "count", 10**9, "profile.count", "1000000000", "10000000"),
    ("count is text", "count", "200", "profile.count", "'200'", "integer"),
    ("count is half", "count", 2.5, "profile.count", "2.5", "integer"),
    ("count is true", "count", True, "profile.count", "True", "integer"),
    ("count is null", "count", None, "profile.count", "None", "integer"),
    ("seed negative", "seed", -1, "profile.seed", "-1", "0"),
    ("seed beyond exact floats", "seed", 2**53, "profile.seed", str(2**53), "less"),
    ("no name", "name", _GONE, "profile.name", "missing", "add"),
    ("name with a path", "name", "../up", "profile.name", "../up", "pattern"),
    ("name with a blank", "name", "two words", "profile.name", "two words", "pattern"),
    ("kind of another", "kind", "journey", "profile.kind", "journey", "profile"),
    ("day of no month", "as_of", "2025-02-30", "profile.as_of", "2025-02-30", "date"),
    ("day long ago", "as_of", "1492-10-12", "profile.as_of", "outside 1950", "inside"),
    ("through before as_of", "through", "2024-12-31", "profile", "2024-12-31", "swap"),
    ("unknown sampling", "sampling", "stratified", "profile.sampling", "stratified", "balanced"),
    ("families", "unit", "family", "profile.unit", "not built", "person"),
    ("households", "household", {"spouse": {"share": 0.5}}, "profile.household", "household",
     "not built"),
    ("unknown product", "products", ["patientsims"], "profile.products", "patientsims",
     "patientsim"),
    ("no product", "products", [], "profile.products", "", "least 1"),
    ("claims without coverage", "coverage", None, "profile", "coverage is missing", "add"),
    ("unknown plan", "coverage/plan", {"MA-HMOO": 1}, "coverage.plan", "MA-HMOO", "MA-HMO"),
    ("plan of numbers", "coverage/plan", 7, "coverage.plan", "numbers", "weights"),
    ("plan with an unknown key", "coverage/plans", {"Mine": {"kind": "commercial",
     "deductibel_usd": 1}},
     "coverage.plans.Mine", "deductibel_usd", "deductible_usd"),
    ("plan with a third of a cent", "coverage/plans", {"Mine": {"kind": "commercial",
     "deductible_usd": 1.001}},
     "deductible_usd", "1.001", "multiple"),
    ("coinsurance of 20", "coverage/plans", {"Mine": {"kind": "commercial",
     "coinsurance_share": 20}},
     "coinsurance_share", "20", "1"),
    ("unknown diagnosis", "clinical/primary/code", "E11.99", "clinical.primary.code", "E11.99",
     "E11"),
    ("unbillable diagnosis", "clinical/primary/code", "E11", "clinical.primary.code", "E11",
     "E11."),
    ("code of no shape", "clinical/primary/code", "diabetes", "clinical.primary.code", "diabetes",
     "pattern"),
    ("men's condition for all", "clinical/primary/code", "C61", "clinical.primary.code",
     "only for M", "gender"),
    ("share above 1", "clinical/comorbidities/0/share", 1.2, "comorbidities[0].share", "1.2",
     "high 1"),
    ("share of text", "clinical/comorbidities/0/share", {"a": 1}, "comorbidities[0].share", "text",
     "number"),
    ("share and exactly", "clinical/comorbidities/0/exactly", 5, "comorbidities[0]", "one of",
     "remove"),
    ("neither", "clinical/comorbidities/0/share", _GONE, "comorbidities[0]", "one of", "add"),
    ("more than all", "clinical/comorbidities/1", {"code": "E78.5", "exactly": 61},
     "comorbidities[1].exactly", "61 of 60", "60"),
    ("twice", "clinical/comorbidities/1", {"code": "I10", "share": 0.1}, "clinical.comorbidities",
     "I10 stands twice", "joint"),
    ("both kinds of diabetes", "clinical/comorbidities/1", {"code": "E10.9", "share": 0.1},
     "comorbidities[1].code", "E10.9 excludes E11.9", "remove"),
    ("two stages at once", "clinical/comorbidities",
     [{"code": "N18.30", "share": 0.1}, {"code": "N18.6", "share": 0.1}], "comorbidities[1].code",
         "excludes", "remove"),
    ("onset before and before", "clinical/comorbidities/0/onset", {"years_before": 1,
     "days_before": 1},
     "comorbidities[0].onset", "one of", "remove"),
    ("onset in the future", "clinical/comorbidities/0/onset", {"years_before": -3},
     "onset.years_before", "-3", "low 0"),
    ("unknown drug", "clinical/medications/0/drug", "lisinoprel 10 mg tablet",
     "medications[0].drug", "lisinoprel", "lisinopril"),
    ("drug twice", "clinical/medications", [{"drug": "lisinopril 10 mg tablet", "share": 0.1}] * 2,
     "clinical.medications", "twice", "joint"),
    ("supply of a decade", "clinical/medications/0/days_supply", 3650, "days_supply", "3650",
     "365"),
    ("exact genders that do not add up", "demographics/gender", {"exactly": {"M": 10, "F": 10}},
     "demographics.gender", "count is 60", "set count to 20"),
    ("exact counts of halves", "demographics/gender", {"exactly": {"M": 30.5, "F": 29.5}},
     "gender", "30.5", "integer"),
    ("unknown measure", "demographics/age", {"type": "population", "measure": "agee"},
     "demographics.age", "agee", "age"),
    ("infinite", "demographics/age", {**BELL, "mean": float("inf")}, "age.mean", "inf", "finite"),
    ("not a number", "demographics/age", {**BELL, "mean": float("nan")}, "age.mean", "nan",
     "finite"),
    ("a list for an object", "demographics", [], "profile.demographics", "list", "dictionary"),
    ("mixture of kinds", "attributes/a1c", {"type": "mixture", "parts": [{"weight": 0.5, "of": 1},
     {"weight": 0.5, "of": {"a": 1}}]},
     "attributes.a1c", "text", "alike"),
    ("more decimals than kept", "attributes/a1c", {"type": "constant", "value": 1.25,
     "decimals": 1}, "a1c", "1.25", "decimals"),
    ("onset beyond any age", "clinical/comorbidities/0/onset", {"years_before": 10**9}, "onset",
     "1000000000", ""),
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "where", "found", "mend"),
    [case[1:] for case in OF_PROFILES],
    ids=[case[0] for case in OF_PROFILES],
)
def test_a_fault_of_a_profile_is_told(
    path: str, value: object, where: str, found: str, mend: str
) -> None:
    said = refused(put(diabetic(), path, value))

    assert any(
        where in problem.where and found in problem.found and mend in problem.mend
        for problem in said.problems
    ), str(said)


def option(name: str, **rest: Any) -> Document:
    return {"name": name, "steps": [], **rest}


def forks(*options: Document) -> Document:
    return {"do": "branch", "id": "fork", "options": list(options)}


def rounds(**rest: Any) -> Document:
    return {
        "do": "repeat",
        "id": "round",
        "every": {"days": 30},
        "times": 3,
        "steps": [visit("v")],
        **rest,
    }


OF_STEPS: tuple[tuple[str, Any, str, str, str], ...] = (
    ("no way out", forks(option("a", when="age > 70")), "steps[0]", "no way out", "otherwise"),
    ("weights of ways", forks(option("a", weight=0.5), option("b", weight=0.46)), "steps[0]",
     "0.96", "0.04"),
    ("two ways of one name", forks(option("a", weight=0.5), option("a", weight=0.5)), "steps[0]",
     "one name", "rename"),
    ("a way without reason", forks(option("a"), option("b", otherwise=True)), "options[0]",
     "no when", "add"),
    ("both reasons", forks(option("a", when="age > 1", otherwise=True)), "options[0]", "both",
     "keep"),
    ("half weighted", forks(option("a", weight=0.5), option("b", otherwise=True, weight=0.5)),
     "steps[0]", "0.5", "+0.5"),
    ("no ways", forks(), "options", "", "least 1"),
    ("after the end", visit("v", 400), "step 'v'", "day 400", "duration_days"),
    ("a beat after the end", rounds(times=14, at=0), "step 'v'", "after the journey's end",
     "duration_days"),
    ("before the beginning", visit("v", -3), "step 'v'", "day -3", "later"),
    ("a date after the end", visit("v", {"date": "2031-01-01"}), "'v'", "2031-01-01", ""),
    ("unknown step", visit("v", {"after": "visitt"}), "at.after", "visitt", ""),
    ("after itself", visit("v", {"after": "v"}), "at.after", "circle", "day"),
    ("date and day", visit("v", {"date": "2025-03-01", "day": 3}), "at", "date", "keep"),
    ("a day of text", visit("v", {"day": {"a": 1}}), "at.day", "text", "number"),
    ("variance of a decade", visit("v", {"day": 1, "variance_days": 9999}), "at.variance_days",
     "9999", "3650"),
    ("half a day of variance", visit("v", {"day": 1, "variance_days": 1.5}), "at.variance_days",
     "1.5", "integer"),
    ("unknown kind of step", {"do": "evnt", "id": "x"}, "steps[0]", "no step that is built",
     "event"),
    ("unknown event", event("x", "labb"), "steps[0]", "no step that is built", "lab"),
    ("protocols", {"do": "protocol", "id": "x"}, "steps[0]", "", "repeat"),
    ("hazards", visit("v") | {"hazard": {"per_year": 0.1}}, "hazard", "hazard", "not built"),
    ("unknown key of a step", visit("v") | {"chanse": 0.5}, "chanse", "unknown key", "chance"),
    ("unknown key of details", event("v", "encounter", 0, reson="x"), "details.reson",
     "unknown key", "reason"),
    ("chance above 1", visit("v") | {"chance": 1.5}, "chance", "1.5", "high 1"),
    ("id with a blank", visit("first visit"), "id", "first visit", "pattern"),
    ("unknown name", visit("v") | {"when": "agee > 3"}, "when", "agee", "age"),
    ("unknown step asked", visit("v") | {"when": "happened('vv')"}, "when", "vv", ""),
    ("unknown beat asked", [rounds(), visit("w", 99) | {"when": "happened('nonsense/v#7')"}],
     "when", "nonsense/v#7", ""),
    ("unknown code asked", visit("v") | {"when": "has('Q99X')"}, "when", "Q99X", ""),
    ("unknown ingredient", visit("v") | {"when": "takes('metforminn')"}, "when", "metforminn",
     "metformin"),
    ("unknown result", visit("v") | {"when": "last('4548-5') > 1"}, "when", "4548-5", "4548-4"),
    ("not a truth", visit("v") | {"when": "age + 1"}, "when", "age + 1", "compare"),
    ("unknown state", lab("l", 0, **{"from": "a1cc"}), "result.from", "a1cc", ""),
    ("unknown changed state", {"do": "change", "id": "c", "state": "bmi", "by": 1}, "state", "bmi",
     ""),
    ("by and to", {"do": "change", "id": "c", "state": "a1c", "by": 1, "to": 2}, "steps[0]",
     "one of", "remove"),
    ("neither by nor to", {"do": "change", "id": "c", "state": "a1c"}, "steps[0]", "one of", "add"),
    ("over no days", {"do": "change", "id": "c", "state": "a1c", "by": 1, "over": {"days": 0}},
     "over.days", "0", "1"),
    ("unknown loinc", event("l", "lab", 0, loinc="4548-5"), "details.loinc", "4548-5", "4548-4"),
    ("loinc and panel", event("l", "lab", 0, loinc="4548-4", panel="lipid"), "details", "one of",
     "remove"),
    ("unknown panel", event("l", "lab", 0, panel="lipids"), "details.panel", "lipids", "lipid"),
    ("not of the panel", event("l", "lab", 0, panel="lipid", results={"4548-4": 5}),
     "results.4548-4", "not in panel", ""),
    ("unknown drug", event("p", "prescription", 0, drug="metformin 5 mg"), "details.drug",
     "metformin 5 mg", "metformin"),
    ("unknown replaced drug", event("p", "prescription", 0, drug="glipizide 5 mg tablet",
     replaces="metforminn"),
     "details.replaces", "metforminn", "metformin"),
    ("adherence above 1", event("p", "prescription", 0, drug="glipizide 5 mg tablet",
     adherence=1.2), "adherence", "1.2", "high 1"),
    ("refills without end", event("p", "prescription", 0, drug="glipizide 5 mg tablet",
     refills=100), "refills", "100", "99"),
    ("unknown diagnosis", event("d", "diagnosis", 0, code="E11.99"), "details.code", "E11.99",
     "E11"),
    ("men's diagnosis", event("d", "diagnosis", 0, code="C61"), "details.code", "only for M",
     "gender"),
    ("men's diagnosis for women", event("d", "diagnosis", 0,
     code="C61") | {"when": "gender == 'F'"}, "details.code", "C61", ""),
    ("men's diagnosis on a visit", visit("v", 0, diagnoses=["C61"]), "diagnoses", "C61", ""),
    ("unknown class", visit("v", 0, encounter_class="offise"), "encounter_class", "offise",
     "office"),
    ("unknown specialty", visit("v", 0, specialty="cardiologist"), "specialty", "cardiologist",
     "cardiology"),
    ("nights in an office", visit("v", 0, los_days=3), "los_days", "office", "inpatient"),
    ("drg in an office", visit("v", 0, drg="637"), "drg", "office", "inpatient"),
    ("unknown drg", event("s", "encounter", 0, encounter_class="inpatient", drg="001x"), "drg",
     "001x", "pattern"),
    ("unknown disposition", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"99": 1}), "disposition", "99", "known"),
    ("exact dispositions", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"exactly": {"01": 3}}),
     "disposition",
     "exact", ""),
    ("no procedures", event("v", "encounter"), "procedures", "no claim", "99213"),
    ("procedure of no shape", visit("v", 0, procedures=["9921"]), "procedures[0]", "9921",
     "pattern"),
    ("later inside a visit", visit("v") | {"with": [lab("l", 3)]}, "with[0].at", "later",
     "after the visit"),
    ("unknown plan of a journey", event("e", "enrollment", 0, plan="MA-HMOO"), "plan", "MA-HMOO",
     "MA-HMO"),
    ("no end", rounds(times=None), "steps[0]", "end", "times or until"),
    ("never", rounds(times=0), "times", "0", "1"),
    ("two beats", rounds(every={"days": 3, "weeks": 1}), "every", "one of", "remove"),
    ("nothing repeated", rounds(steps=[]), "steps", "", "least 1"),
    ("one id twice", [visit("v"), visit("v", 3)], "steps[1].id", "'v'", "own"),
    ("waits in a circle", [visit("v", {"after": "w"}), visit("w", {"after": "v"})], "at.after",
     "circle", "day"),
    ("which of three", [rounds(), visit("w", {"after": "v"})], "at.after", "3 occurrences",
     "round#1/v"),
    ("a way that is never taken", forks(option("a", weight=1), option("b", otherwise=True)),
     "options", "", ""),
)  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "where", "found", "mend"),
    [case[1:] for case in OF_STEPS],
    ids=[case[0] for case in OF_STEPS],
)
def test_a_fault_of_a_step_is_told(steps: Any, where: str, found: str, mend: str) -> None:
    listed = steps if isinstance(steps, list) else [steps]
    state = {"a1c": {"start": "attribute", "decimals": 1}}
    said = refused(diabetic(), journey(*listed, state=state))

    assert any(
        where in problem.where and found in problem.found and mend in problem.mend
        for problem in said.problems
    ), str(said)


OF_JOURNEYS: tuple[tuple[str, Document, str, str, str], ...] = (
    ("begins before as_of", {"begins": {"earliest": "2024-12-31", "latest": "2025-06-30"}},
     "begins.earliest", "2024-12-31", "2025-01-01"),
    ("begins upside down", {"begins": {"earliest": "2025-06-30", "latest": "2025-01-01"}},
     "begins", "before earliest", "swap"),
    ("begins after the calendar", {"begins": {"earliest": "9999-12-31", "latest": "9999-12-31"}},
     "begins", "9999", ""),
    ("no phases", {"phases": []}, "phases", "", "least 1"),
    ("no days", {"duration_days": 0}, "duration_days", "0", "1"),
    ("a million days", {"duration_days": 10**6}, "duration_days", "1000000", "40000"),
    ("state of no attribute", {"state": {"bmi": {"start": "attribute"}}}, "state.bmi.start", "bmi",
     "number"),
    ("state of text", {"state": {"control": {"start": "attribute"}}}, "state.control.start",
     "text", "number"),
    ("state low above high", {"state": {"a1c": {"low": 9, "high": 5}}}, "state.a1c", "low 9",
     "swap"),
    ("state shadows", {"state": {"age": {"start": 3}}}, "state.age", "language", "rename"),
    ("states that need each other", {"state": {"x": {"start": {"type": "formula", "value": "y"}},
                                               "y": {"start": {"type": "formula", "value": "x"}}}},
                                                   "state", "", ""),
    ("unknown name of the eligible", {"eligible": "controll == 'controlled'"}, "eligible",
     "controll", "control"),
    ("expectations", {"expectations": ["x"]}, "expectations", "expectations", "not built"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "where", "found", "mend"),
    [case[1:] for case in OF_JOURNEYS],
    ids=[case[0] for case in OF_JOURNEYS],
)
def test_a_fault_of_a_journey_is_told(changes: Document, where: str, found: str, mend: str) -> None:
    said = refused(diabetic(), {**journey(visit("v")), **changes})

    assert any(
        where in problem.where and found in problem.found and mend in problem.mend
        for problem in said.problems
    ), str(said)


def test_two_attributes_that_need_each_other_are_both_named() -> None:
    profile = diabetic()
    profile["attributes"] = {"x": {"type": "formula", "value": "y + 1"},
                             "y": {"type": "formula", "value": "x + 1"}}  # fmt: skip
    said = str(refused(profile))

    assert "attributes.x" in said
    assert "attributes.y" in said


def test_two_journeys_of_one_name_are_refused() -> None:
    said = str(refused(diabetic(), journey(visit("v")), journey(visit("w"))))

    assert "journeys[1].name: 'short' is also journeys[0]; rename one" in said


def test_a_journey_after_the_data_is_refused() -> None:
    late = journey(visit("v"), begins={"earliest": "2026-01-01", "latest": "2026-01-01"})
    said = str(refused(diabetic(through="2025-12-31"), late))

    assert "begins.latest" in said
    assert "set through to 2027-01-01" in said


def test_a_date_no_calendar_holds_is_refused_beside_through() -> None:
    late = journey(visit("v"), begins={"earliest": "9999-12-31", "latest": "9999-12-31"})

    refused(diabetic(through="2025-12-31"), late)


def test_claims_need_membersim() -> None:
    profile = diabetic(products=["patientsim"])
    claim = event("c", "claim", 0, procedures=["99213"])

    assert "membersim" in str(refused(profile, journey(claim)))


def test_a_visit_needs_a_diagnosis() -> None:
    profile = diabetic()
    del profile["clinical"]

    assert "diagnoses" in str(refused(profile, journey(visit("v"))))


def test_every_fault_is_told_at_once() -> None:
    profile = put(diabetic(), "count", 0)
    profile = put(profile, "seed", -1)
    profile = put(profile, "demographics/agee", 3)

    assert len(refused(profile).problems) == 3


@pytest.mark.parametrize(
    "document",
    ["", "{", "[]", "null", "3", '"x"', '{"name": 1, "name": 2}', "{" * 10_000, "[" * 10_000,
     '{"count": NaN}', '{"a": ' * 70 + "1" + "}" * 70, "\ud800", b"\xff\xfe", "9" * 5_000],
)  # fmt: skip
def test_text_that_is_no_specification_is_refused(document: Any) -> None:
    refused(document)


def test_a_whole_number_of_any_length_is_refused() -> None:
    refused(put(diabetic(), "count", 10**5_000))


def test_text_that_cannot_be_stored_is_refused() -> None:
    refused(put(diabetic(), "demographics/race", {"type": "constant", "value": "\ud800"}))


def test_a_population_figure_in_a_journey_works_or_is_refused_before_the_run() -> None:
    document = journey(visit("v") | {"chance": {"type": "population", "measure": "diabetes"}})
    found = attempted(diabetic(count=5), document)

    assert isinstance(found, dict) or "chance" in found


def test_a_day_that_is_drawn_far_away_works_or_is_refused_before_the_run() -> None:
    day = {"type": "normal", "mean": 10, "sd": 1e12}
    found = attempted(diabetic(count=5), journey(visit("v", {"day": day})))

    assert isinstance(found, dict) or "at.day" in found


def test_a_long_chain_of_steps_written_backwards_works_or_is_refused() -> None:
    last = 500
    steps = [lab(f"s{place}", {"after": f"s{place + 1}", "day": 0}) for place in range(last)]
    document = journey(*steps, lab(f"s{last}"))
    found = attempted(diabetic(count=2), document)

    assert isinstance(found, dict) or "at.after" in found


def test_a_beat_may_be_named_by_its_number() -> None:
    for beat in (1, 2, 3):
        prepare(diabetic(), [journey(rounds(), visit("w", {"after": f"round#{beat}"}))])


VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 0.5, -0.5, 1e300, -1e300, 1e15, 10**18, float("nan"),
    float("inf"), "", "x", "age", "age > 1", "a1c", "2025-01-01", "9999-12-31", "0001-01-01",
    "\x00", "é", "a" * 600, "E11.9", "C61", "visit", "quarter#2", "quarter/visit#2", "attribute",
    [], {}, [1], {"a": 1}, {"type": "normal"}, {"type": "normal", "mean": 1e14, "sd": 1e14},
    {"type": "uniform", "low": -5, "high": 5}, {"type": "formula", "value": "age / 0"},
    {"type": "population", "measure": "diabetes"}, {"type": "gamma", "mean": 1e9, "sd": 1e9},
    {"exactly": {"a": 60}}, {"day": -400}, {"after": "quarter"}, {"date": "2025-05-05"},
    {"from": "a1c"}, {"share": 2}, [[]], {"": 1}, {"a": {"a": {"a": 1}}},
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside a document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in inside:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def mutated(draw: st.DrawFn, document: Document) -> Document:
    found = copy.deepcopy(document)
    path = draw(st.sampled_from(list(places(found))))
    inner: Any = found
    for part in path[:-1]:
        inner = inner[part]
    act = draw(st.sampled_from(("change", "change", "take out", "rename", "double", "borrow")))
    if act == "take out":
        del inner[path[-1]]
    elif act == "rename" and isinstance(inner, dict):
        inner[draw(st.sampled_from(("type", "x", "when", "at", "share", "low")))] = inner.pop(
            path[-1]
        )
    elif act == "double" and isinstance(inner, list):
        inner.append(copy.deepcopy(inner[path[-1]]))
    elif act == "borrow":
        other: Any = document
        for part in draw(st.sampled_from(list(places(document)))):
            other = other[part]
        inner[path[-1]] = copy.deepcopy(other)
    else:
        inner[path[-1]] = draw(st.sampled_from(VALUES))
    return found


@st.composite
def broken(draw: st.DrawFn) -> tuple[Document, Document]:
    """A profile and a journey, one or two of whose parts were changed at random."""
    profile, walk = diabetic(count=5), first_year()
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            profile = mutated(draw, profile)
        else:
            walk = mutated(draw, walk)
    return profile, walk


@settings(max_examples=400, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(broken())
def test_a_document_with_random_faults_is_accepted_or_refused_and_nothing_else(
    documents: tuple[Document, Document],
) -> None:
    profile, walk = documents
    try:
        job = prepare(profile, [walk])
    except SpecError as error:
        told = error.problems
    else:
        told = ()
        if job.count <= 100 and sum(len(plan.occurrences) for plan in job.plans) < 1000:
            work(job, 0, job.count)  # what is accepted runs

    assert all(problem.where and problem.found and problem.mend for problem in told)
