"""Faults of specifications: where each stands, and what must be said of it."""

from __future__ import annotations

import copy
from typing import Any

from execution.running import event, lab, visit

Document = dict[str, Any]
GONE = object()


def put(document: Document, path: str, value: object) -> Document:
    """Return the document with one value changed, added or (`GONE`) taken out."""
    found: Any = copy.deepcopy(document)
    inner = found
    *outer, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in outer:
        inner = inner[part]
    if value is GONE:
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
    ("weights in per cent", "demographics/gender", {"M": 35, "F": 65}, "gender", "100, not 1",
     "write 0.35 for 35 %"),
    ("share in per cent", "clinical/comorbidities/0/share", 35, "comorbidities", "35",
     "write 0.35 for 35 %"),
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
    ("count 0", "count", 0, "profile.count", "0", "use at least 1"),
    ("count 1,000,000,000", "count", 10**9, "profile.count", "1000000000", "10000000"),
    ("count is text", "count", "200", "profile.count", "'200'", "whole number"),
    ("count is half", "count", 2.5, "profile.count", "2.5", "whole number"),
    ("count is true", "count", True, "profile.count", "true", "whole number"),
    ("count is null", "count", None, "profile.count", "null", "whole number"),
    ("seed negative", "seed", -1, "profile.seed", "-1", "0"),
    ("seed beyond exact floats", "seed", 2**53, "profile.seed", str(2**53), "less than"),
    ("no name", "name", GONE, "profile.name", "missing", "add"),
    ("name with a path", "name", "../up", "profile.name", "../up", "pattern"),
    ("name with a blank", "name", "two words", "profile.name", "two words", "pattern"),
    ("kind of another", "kind", "journey", "profile.kind", "journey", "profile"),
    ("day of no month", "as_of", "2025-02-30", "profile.as_of", "2025-02-30", "date"),
    ("day as a number", "as_of", 0, "profile.as_of", "0", "date"),
    ("day long ago", "as_of", "1492-10-12", "profile.as_of", "outside 1950", "inside"),
    ("through before as_of", "through", "2024-12-31", "profile", "2024-12-31", "swap"),
    ("unknown sampling", "sampling", "stratified", "profile.sampling", "stratified", "balanced"),
    ("unknown unit", "unit", "couple", "profile.unit", "couple", "family"),
    ("households of persons", "household", {"spouse": {"share": 0.5}}, "profile", "person",
     "family"),
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
     "coinsurance_share", "20", "write 0.2 for 20 %"),
    ("unknown diagnosis", "clinical/primary/code", "E11.99", "clinical.primary.code", "E11.99",
     "E11"),
    ("unbillable diagnosis", "clinical/primary/code", "E11", "clinical.primary.code", "E11",
     "E11."),
    ("code of no shape", "clinical/primary/code", "diabetes", "clinical.primary.code", "diabetes",
     "look it up"),
    ("men's condition for all", "clinical/primary/code", "C61", "clinical.primary.code",
     "only for M", "gender"),
    ("share above 1", "clinical/comorbidities/0/share", 1.2, "comorbidities[0].share", "1.2",
     "high 1"),
    ("share of text", "clinical/comorbidities/0/share", {"a": 1}, "comorbidities[0].share", "text",
     "number"),
    ("share and exactly", "clinical/comorbidities/0/exactly", 5, "comorbidities[0]", "one of",
     "remove"),
    ("neither", "clinical/comorbidities/0/share", GONE, "comorbidities[0]", "one of", "add"),
    ("more than all", "clinical/comorbidities/1", {"code": "E78.5", "exactly": 61},
     "comorbidities[1].exactly", "61 of 60", "60"),
    ("twice", "clinical/comorbidities/1", {"code": "I10", "share": 0.1}, "clinical.comorbidities",
     "I10 is listed twice", "joint"),
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
     "gender", "30.5", "whole number"),
    ("unknown measure", "demographics/age", {"type": "population", "measure": "agee"},
     "demographics.age", "agee", "age"),
    ("infinite", "demographics/age", {**BELL, "mean": float("inf")}, "age.mean", "inf", "finite"),
    ("not a number", "demographics/age", {**BELL, "mean": float("nan")}, "age.mean", "nan",
     "finite"),
    ("a list for an object", "demographics", [], "profile.demographics", "list", "object with age"),
    ("mixture of kinds", "attributes/a1c", {"type": "mixture", "parts": [{"weight": 0.5, "of": 1},
     {"weight": 0.5, "of": {"a": 1}}]},
     "attributes.a1c", "text", "one kind"),
    ("more decimals than kept", "attributes/a1c", {"type": "constant", "value": 1.25,
     "decimals": 1}, "a1c", "1.25", "decimals"),
    ("onset beyond any age", "clinical/comorbidities/0/onset", {"years_before": 10**9}, "onset",
     "1000000000", ""),
)  # fmt: skip


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
    ("no way out", forks(option("a", when="age > 70")), "steps[0]",
     "no option applies", "otherwise"),
    ("weights of ways", forks(option("a", weight=0.5), option("b", weight=0.46)), "steps[0]",
     "0.96", "0.04"),
    ("two ways of one name", forks(option("a", weight=0.5), option("a", weight=0.5)), "steps[0]",
     "the same name", "rename"),
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
    ("after itself", visit("v", {"after": "v"}), "at.after", "waits for itself", "day"),
    ("date and day", visit("v", {"date": "2025-03-01", "day": 3}), "at", "date", "keep"),
    ("a day of text", visit("v", {"day": {"a": 1}}), "at.day", "text", "number"),
    ("variance of a decade", visit("v", {"day": 1, "variance_days": 9999}), "at.variance_days",
     "9999", "3650"),
    ("half a day of variance", visit("v", {"day": 1, "variance_days": 1.5}), "at.variance_days",
     "1.5", "whole number"),
    ("unknown kind of step", {"do": "evnt", "id": "x"}, "steps[0]", "not a known step",
     "event"),
    ("unknown event", event("x", "labb"), "steps[0]", "not a known step", "lab"),
    ("an empty protocol", {"do": "protocol", "id": "x"}, "steps[0].visits", "missing", "add"),
    ("a hazard of two kinds", visit("v") | {"hazard": {"per_year": 0.1, "share": 0.2}}, "hazard",
     "one of share", "remove"),
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
     "001x", "did you mean '001'"),
    ("unknown disposition", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"99": 1}), "disposition", "99", "known: 01 home, 06 "),
    ("disposition in words", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"home": 1}), "disposition", "'home'", "did you mean 01 (home)"),
    ("disposition of a death", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"01": 0.9, "20": 0.1}), "disposition", "20 (died) is stated, and nobody dies",
     '"type": "death"'),
    ("disposition of a death in a hospice", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"type": "conditional", "cases": [{"when": "age > 80", "then": {"42": 1}}],
                  "otherwise": {"01": 1}}), "disposition", "42 (died, place", '"edge": "end"'),
    ("disposition that is called death", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"01": 0.9, "Expired": 0.1}), "disposition", "Expired", "death step"),
    ("chance in per cent", visit("v") | {"chance": 18}, "chance", "18, above 1",
     "write 0.18 for 18 %"),
    ("exact dispositions", event("s", "encounter", 0, encounter_class="inpatient",
     disposition={"exactly": {"01": 3}}),
     "disposition",
     "exact", ""),
    ("no procedures", event("v", "encounter"), "procedures", "no claim", "99213"),
    ("procedure of no shape", visit("v", 0, procedures=["9921"]), "procedures[0]", "9921",
     "pattern"),
    ("later inside a lab inside a visit", visit("v") | {"with": [lab("l") | {"with": [lab("m",
     9)]}]},
     "with[0].with[0].at", "later", "after the visit"),
    ("beats inside a visit", visit("v") | {"with": [rounds(steps=[lab("m")])]}, "with[0]", "", ""),
    ("variance that is true", visit("v", {"day": 9, "variance_days": True}), "at.variance_days",
     "true", "whole number"),
    ("both kinds of diabetes on a visit", visit("v", 0, diagnoses=["E11.9", "E10.9"]),
     "diagnoses", "E10.9", ""),
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
     "waits for itself", "day"),
    ("which of three", [rounds(), visit("w", {"after": "v"})], "at.after", "3 occurrences",
     "round#1/v"),
    ("a way that is never taken", forks(option("a", weight=1), option("b", otherwise=True)),
     "options", "", ""),
)  # fmt: skip


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
    ("state of no analyte", {"state": {"mood": {"start": "body"}}}, "state.mood.start", "mood",
     "analyte"),
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
    ("an expectation of nothing", {"expectations": ["x"]}, "expectations[0]", "not a figure",
     "share"),
    ("an unknown table expected", {"expectations": ["count(claim) > 1"]}, "expectations[0]",
     "claim", "claims"),
    ("an unknown step expected", {"expectations": ["share(happened('w')) > 0.5"]},
     "expectations[0]", "no step 'w'", "v"),
    ("an expectation that is a number", {"expectations": [3]}, "expectations[0]", "3", "share"),
)  # fmt: skip


def stages(*listed: Document, **rest: Any) -> Document:
    """A lifecycle that begins in its first stage."""
    start = listed[0]["name"]
    return {"do": "stages", "id": "course", "start": start, "stages": list(listed), **rest}


def protocol(*visits: Document, **rest: Any) -> Document:
    """Two cycles of planned visits."""
    return {"do": "protocol", "id": "plan", "cycles": 2, "cycle_days": 14, "visits": list(visits),
            **rest}  # fmt: skip


def planned(id: str, day: int, **rest: Any) -> Document:
    """A visit of a protocol."""
    return {"id": id, "day": day, "steps": [visit(f"{id}_v")], **rest}


def risk(**hazard: Any) -> Document:
    """A visit that comes by a hazard."""
    return visit("v") | {"hazard": hazard}


LEFT = {"name": "gone", "final": True}
OVER = {"do": "end", "id": "over", "at": 30}
SPREAD = {"type": "normal", "mean": 30, "sd": 5}
OF_LANGUAGE: tuple[tuple[str, Any, str, str, str], ...] = (
    # what, steps, then: where, found, mend must hold these words
    ("a hazard below 0", risk(per_year=-0.2), "steps[0].hazard.per_year", "below 0", "low 0"),
    ("a share of a hazard above 1", risk(share=1.5, within_days=30), "hazard.share", "1.5", "1"),
    ("a hazard whose rate can fall below 0", risk(per_year={"type": "normal", "mean": 1, "sd": 2}),
     "hazard.per_year", "below 0", "low 0"),
    ("an option's hazard below 0", forks(option("a", hazard={"per_year": -1}),
                                         option("b", hazard={"per_year": 1})),
     "options[0].hazard.per_year", "below 0", "low 0"),
    ("a beat's hazard below 0", rounds(every={"hazard": {"per_year": -1}}),
     "every.hazard.per_year", "below 0", "low 0"),
    ("stages with no way to end", stages(
        {"name": "a", "moves": [{"to": "b", "hazard": {"per_year": 1}}]},
        {"name": "b", "moves": [{"to": "a", "hazard": {"per_year": 1}}]}),
     "steps[0]", "no moves lead from stage 'a'", "final"),
    ("a stage that nothing leads to", stages(
        {"name": "a", "moves": [{"to": "gone", "hazard": {"per_year": 1}}]}, LEFT,
        {"name": "lost", "final": True}),
     "stages[2]", "lost", "add a move"),
    ("a stay below 0", stages({"name": "a", "stays": {"days": -4}, "moves": [{"to": "gone"}]},
                              LEFT), "stays", "below 0", "low 0"),
    ("moves that do not add up", stages(
        {"name": "a", "stays": {"days": 4}, "moves": [{"to": "gone", "weight": 0.4}]}, LEFT),
     "stages[0]", "0.4", "+0.6"),
    ("a window wider than the spacing", protocol(
        planned("one", 1, window={"after": 4}), planned("two", 5, window={"before": 3})),
     "steps[0]", "overlap", "narrow"),
    ("a window wider than the cycle", protocol(planned("one", 1, window={"before": 8, "after": 8})),
     "steps[0]", "overlap", "narrow"),
    ("a visit after its cycle", protocol(planned("one", 20)), "steps[0]", "day 20", "lower"),
    ("a part that is unknown", {"do": "include", "id": "flu", "part": "flu-shott"},
     "steps[0].part", "flu-shott", ""),
    ("a part that is the journey itself", {"do": "include", "id": "flu", "part": "short"},
     "steps[0].part", "includes itself", "repeat"),
    ("a day before its scope", visit("v", {"day": SPREAD}), "steps[0].at.day", "any number",
     "low of 0"),
    ("a day before its way", forks(option("a", weight=1.0, steps=[visit("v", -3)])),
     "steps[0].at.day", "-3", "after"),
    ("a step behind an end", [OVER, visit("v", 60)], "step 'v'", "'over' ends the journey",
     "by day 30"),
    ("a step behind a death", [event("dies", "death", 30), visit("v", 60)], "step 'v'",
     "'dies' ends the life", "by day 30"),
    ("a beat behind an end", rounds(steps=[visit("v"), {"do": "end", "id": "over"}]),
     "step 'v'", "'over' ends the journey", "a when"),
    ("a way that goes on behind its end", forks(
        option("a", weight=1.0, steps=[OVER, visit("v", 31)])), "step 'v'", "ends the journey",
     "by day 30"),
    ("a wait that is never over", {"do": "wait", "id": "w", "until": "a1c > 99",
                                   "limit": {"days": 9}}, "steps[0].until", "", ""),
    ("a trial's event without a trial", event("s", "screening", 0), "steps[0]", "trial", ""),
)  # fmt: skip
"""Faults of what the whole journey language adds to `OF_STEPS`."""

TRIAL = {"id": "SYN-1", "arms": {"drug": 2, "placebo": 1}}
OF_TRIALS: tuple[tuple[str, Document, str, str, str], ...] = (
    ("a block that no ratio fits", {"trial": {**TRIAL, "block": 4}}, "trial", "block 4", "use 3"),
    ("an inclusion of nobody", {"trial": {**TRIAL, "inclusion": [
        {"name": "Young", "when": "age < 18"}]}}, "inclusion[0].when", "nobody", "profile"),
)  # fmt: skip
