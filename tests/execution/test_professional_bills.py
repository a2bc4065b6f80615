"""What clinicians bill follows from what happened."""

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.tables import Columns

Line = tuple[str, str, int]
"""Code, modifiers joined by spaces, units."""

_SURGEON, _EYES = "orthopedic surgery", "ophthalmology"
_PEOPLE = 40


def step(id: str, code: str, **details: object) -> Document:
    return {"do": "event", "id": id, "type": "procedure", "details": {"code": code, **details}}


def shot(id: str, cvx: str, *codes: str) -> Document:
    return {"do": "event", "id": id, "type": "immunization",
            "details": {"cvx": cvx, "procedures": list(codes)}}  # fmt: skip


def panel(id: str, name: str, code: str) -> Document:
    return {"do": "event", "id": id, "type": "lab", "details": {"panel": name, "procedure": code}}


def at(id: str, day: int, encounter_class: str, *during: Document, **details: object) -> Document:
    said = {"procedures": [], "diagnoses": ["I10"], **details}
    return event(id, "encounter", day, encounter_class=encounter_class, **said) | {
        "with": list(during)
    }


def knee(id: str, day: int, **details: object) -> Document:
    return visit(id, day, specialty=_SURGEON, **{"diagnoses": ["M17.11"], **details})


ADULT = journey(
    visit("new_heart", 0, specialty="cardiology", procedures=["99204"]),
    visit("again_heart", 100, specialty="cardiology", procedures=["99204"]),
    visit("own_doctor", 1, procedures=["99203"]),
    at("check", 5, "office", step("tracing", "93000"), step("joint", "20610"),
       panel("all", "cmp", "80053"), panel("kidney", "renal", "80069"), procedures=["99213"]),
    at("once", 6, "office", step("film", "71046"), procedures=["99213"]),
    at("twice", 6, "office", step("film_again", "71046"), panel("blood", "cbc", "85025"),
       procedures=["99213"]),
    at("shots", 8, "office", shot("flu", "185", "90662"), shot("zoster", "187", "90750"),
       shot("pneumo", "216", "90677")),
    at("stated_shot", 9, "office", shot("flu_stated", "185", "90662", "90471")),
    at("remote", 12, "telehealth", procedures=["99212"]),
    at("fall", 15, "emergency", step("ecg", "93005"), step("chest", "71046"),
       step("drip", "96365"),
       procedures=["99284"]),
    at("scope", 20, "outpatient_hospital", procedures=["45385"], diagnoses=["Z12.11", "D12.6"],
       specialty="gastroenterology"),
    at("stay", 30, "inpatient", procedures=["99223"], los_days=4, drg="291"),
    at("long", 40, "inpatient", procedures=["99222"], los_days=40, drg="291"),
    at("no_days", 90, "inpatient", los_days=2, drg="291"),
    at("eye", 110, "asc", procedures=[{"code": "66984", "modifiers": ["RT"]}], specialty=_EYES,
       diagnoses=["H25.11"]),
    at("eye_checked", 111, "office", procedures=["92012"], specialty=_EYES, diagnoses=["H25.11"]),
    at("other_eye", 140, "asc", procedures=["66984"], specialty=_EYES, diagnoses=["H25.12"]),
    knee("decision", 199),
    at("operation", 200, "inpatient", step("replaced", "27447"), los_days=2, drg="470",
       specialty=_SURGEON, diagnoses=["M17.11"]),
    knee("package", 215), knee("reported", 216, procedures=["99024"]),
    knee("unrelated", 220, diagnoses=["I10"]),
    knee("known_better", 221, procedures=[{"code": "99213", "modifiers": ["24"]}]),
    at("elsewhere", 222, "office", procedures=["99213"], diagnoses=["M17.11"]),
    at("small", 230, "office", step("needle", "20610", global_days=10), specialty=_SURGEON,
       diagnoses=["M17.11"]),
    knee("after_small", 250), knee("last_day", 290), knee("later", 291),
    at("stated_staff", 300, "outpatient_hospital",
       step("sleep", "00731", specialty="anesthesiology", units=33, modifiers=["QZ"]),
       procedures=["43239"], specialty="gastroenterology"),
)  # fmt: skip


def people(**changes: object) -> Document:
    plan = {"Original": 0.5, "Commercial-PPO": 0.5}
    return diabetic(count=_PEOPLE, coverage={"plan": plan}, one_bed="none", **changes)


@pytest.fixture(scope="module")
def adults() -> dict[str, Columns]:
    return run(people(), ADULT)


@pytest.fixture(scope="module")
def stated() -> dict[str, Columns]:
    return run(people(charge_capture="none"), ADULT)


def lines_of(tables: dict[str, Columns], form: str = "837P") -> dict[str, dict[int, list[Line]]]:
    """Return step -> person -> what was billed for it, line by line."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    claims = {claim: (steps[cause], kind) for claim, cause, kind in listed(
        tables["claims"], "claim_id", "event_id", "form")}  # fmt: skip
    found: dict[str, dict[int, list[Line]]] = {}
    columns = (
        "claim_id",
        "person_id",
        "procedure",
        "units",
        *(f"modifier_{n}" for n in range(1, 5)),
    )
    for claim, person, code, units, *modifiers in listed(tables["claim_lines"], *columns):
        name, kind = claims[claim]
        if kind == form:
            said = " ".join(one for one in modifiers if one)
            found.setdefault(name, {}).setdefault(person, []).append((code, said, units))
    return found


@pytest.fixture(scope="module")
def billed(adults: dict[str, Columns]) -> dict[str, dict[int, list[Line]]]:
    return lines_of(adults)


def codes(of_people: Mapping[int, list[Line]]) -> set[tuple[tuple[str, str], ...]]:
    """Return the distinct bills of a step: codes with modifiers, sorted."""
    return {tuple(sorted((code, said) for code, said, _ in one)) for one in of_people.values()}


def on_medicare(tables: dict[str, Columns]) -> set[int]:
    return {person for person, plan in listed(tables["enrollments"], "person_id", "plan_id")
            if plan == "Original"}  # fmt: skip


WAIVED = ("QW", "")
"""The modifier of a test that a practice does itself, and of one that it sends out."""
Billed = dict[str, dict[int, list[Line]]]


@pytest.mark.slow
def test_who_was_seen_in_three_years_is_no_new_patient(billed: Billed) -> None:
    assert codes(billed["new_heart"]) == {(("99204", ""),)}
    assert codes(billed["again_heart"]) == {(("99214", ""),)}


def test_who_takes_a_drug_of_the_profile_is_known_to_their_own_doctor(
    adults: dict[str, Columns], billed: Billed
) -> None:
    taking = {person for (person,) in listed(adults["prescriptions"], "person_id")}
    known = {person for person, one in billed["own_doctor"].items() if one[0][0] == "99213"}

    assert known == taking
    assert 0 < len(taking) < _PEOPLE


def test_a_visit_beside_a_small_procedure_has_25_and_a_panel_has_the_smaller_one_in_it(
    billed: Billed,
) -> None:
    assert codes(billed["check"]) == {
        (("20610", ""), ("80053", waived), ("93000", ""), ("99213", "25")) for waived in WAIVED
    }


def test_what_is_done_again_on_a_day_says_so(billed: Billed) -> None:
    assert codes(billed["once"]) == {(("71046", ""), ("99213", ""))}
    assert codes(billed["twice"]) == {(("71046", "76"), ("85025", waived)) for waived in WAIVED}


def test_giving_vaccines_is_billed_as_the_payer_asks_for(
    adults: dict[str, Columns], billed: Billed
) -> None:
    medicare = on_medicare(adults)
    shots = billed["shots"]

    assert codes({one: shots[one] for one in shots if one in medicare}) == {
        (("90662", ""), ("90677", ""), ("G0008", ""), ("G0009", "")),
    }
    other = {one: shots[one] for one in shots if one not in medicare}
    assert codes(other) == {
        (("90471", ""), ("90472", ""), ("90662", ""), ("90677", ""), ("90750", "")),
    }
    assert {units for one in other.values() for code, _, units in one if code == "90472"} == {2}
    assert codes(billed["stated_shot"]) == {(("90471", ""), ("90662", ""))}


def test_a_remote_visit_says_so_to_all_but_medicare(
    adults: dict[str, Columns], billed: Billed
) -> None:
    medicare = on_medicare(adults)
    said = {person in medicare: one[0][1] for person, one in billed["remote"].items()}

    assert said == {True: "", False: "95"}


def test_in_a_hospital_the_clinician_bills_the_reading(billed: Billed) -> None:
    assert {one for bill in codes(billed["fall"]) for one in bill} == {
        ("71046", "26"), ("93010", ""), ("99284", ""),
    }  # fmt: skip


def test_a_screening_that_became_a_treatment_says_so(
    adults: dict[str, Columns], billed: Billed
) -> None:
    medicare = on_medicare(adults)
    said = {(person in medicare, code, modifiers) for person, one in billed["scope"].items()
            for code, modifiers, _ in one}  # fmt: skip

    assert said == {(True, "45385", "PT"), (False, "45385", "33"), (True, "00811", "AA PT"),
                    (False, "00811", "AA 33")}  # fmt: skip


def test_the_attending_sees_a_patient_on_each_day_of_a_stay(billed: Billed) -> None:
    days = (("99223", ""), ("99232", ""), ("99232", ""), ("99232", ""), ("99239", ""))

    assert codes(billed["stay"]) == {days}
    assert "no_days" not in billed


def test_a_long_stay_is_on_a_claim_for_each_month(adults: dict[str, Columns]) -> None:
    steps = dict(listed(adults["events"], "event_id", "step"))
    months: dict[int, list[tuple[int, int]]] = {}
    for person, cause, form, first, last in listed(
        adults["claims"], "person_id", "event_id", "form", "from_date", "through_date"
    ):
        if steps[cause] == "long" and form == "837P":
            months.setdefault(person, []).append((first, last))
    spans = {tuple((first - min(one)[0], last - min(one)[0]) for first, last in sorted(one))
             for one in months.values()}  # fmt: skip

    assert spans == {((0, 29), (30, 40))}


def test_an_operation_s_price_has_the_surgeon_s_visits_about_it(billed: Billed) -> None:
    assert codes(billed["decision"]) == {(("99213", "57"),)}
    assert not {"package", "reported", "after_small", "last_day"} & billed.keys()
    assert codes(billed["unrelated"]) == {(("99213", "24"),)}
    assert codes(billed["known_better"]) == {(("99213", "24"),)}
    assert codes(billed["elsewhere"]) == codes(billed["later"]) == {(("99213", ""),)}


def test_the_second_eye_is_another_operation(billed: Billed) -> None:
    assert "eye_checked" not in billed
    assert {one for bill in codes(billed["eye"]) for one in bill} == {
        ("00142", "AA"), ("66984", "RT"),
    }  # fmt: skip
    assert {one for bill in codes(billed["other_eye"]) for one in bill} == {
        ("00142", "AA"), ("66984", "79 LT"),
    }  # fmt: skip


def test_who_else_is_at_an_operation_bills_it(adults: dict[str, Columns], billed: Billed) -> None:
    found = Counter((code, said) for one in billed["operation"].values() for code, said, _ in one)
    minutes = [units for one in billed["operation"].values() for code, _, units in one
               if code == "01402"]  # fmt: skip

    assert found["27447", "RT"] == found["01402", "AA"] == len(billed["operation"])
    assert 0.4 < found["27447", "AS RT"] / len(billed["operation"]) < 0.95
    assert 90 <= min(minutes) < max(minutes) <= 150
    units = {(code, said, units) for one in billed["stated_staff"].values()
             for code, said, units in one}  # fmt: skip
    assert units == {("43239", "", 1), ("00731", "QZ", 33)}


def test_units_say_what_they_count(adults: dict[str, Columns]) -> None:
    said = set(listed(adults["claim_lines"], "procedure", "unit_basis"))

    assert {("01402", "MJ"), ("27447", "UN"), (None, "DA")} <= said
    assert {basis for code, basis in said if code and not code.startswith("0")} == {"UN"}


def test_anaesthesia_costs_its_base_units_and_minutes(adults: dict[str, Columns]) -> None:
    medicare = on_medicare(adults)
    names = ("person_id", "procedure", "units", "allowed_usd")
    paid = [(units, amount) for person, code, units, amount in listed(adults["claim_lines"], *names)
            if code == "01402" and person in medicare]  # fmt: skip
    units, amounts = np.array(paid).T

    assert units.max() > units.min() * 1.1
    assert np.corrcoef(units, amounts)[0, 1] > 0.5


@pytest.mark.slow
def test_a_profile_may_leave_bills_as_they_are_stated(stated: dict[str, Columns]) -> None:
    bills = lines_of(stated)

    assert codes(bills["again_heart"]) == {(("99204", ""),)}
    assert codes(bills["check"]) == {
        (("20610", ""), ("80053", ""), ("80069", ""), ("93000", ""), ("99213", "")),
    }
    assert codes(bills["package"]) == {(("99213", ""),)}
    assert codes(bills["reported"]) == {(("99024", ""),)}
    assert codes(bills["stay"]) == {(("99223", ""),)}
    assert ("93005", "") in {one for bill in codes(bills["fall"]) for one in bill}
    assert codes(bills["scope"]) == {(("45385", ""),)}


CHILD = journey(
    visit("checked", 0, diagnoses=["Z00.129"], procedures=["99391"]) | {"with": [
        shot("five", "110", "90723"), shot("drops", "116", "90680")]},
    visit("first_seen", 20, specialty="dermatology", procedures=["99381"], diagnoses=["Z00.129"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def children() -> dict[str, Columns]:
    age = {"type": "uniform", "low": 0, "high": 22, "decimals": 0}
    profile = {"kind": "profile", "name": "young", "count": _PEOPLE, "seed": 5,
               "demographics": {"age": age}, "vaccine_intervals": "none",
               "coverage": {"plan": {"Commercial-PPO": 1}}}  # fmt: skip
    return run(profile, CHILD)


def ages(tables: dict[str, Columns]) -> dict[int, int]:
    return {person: (20_089 - born) * 100 // 36_525
            for person, born in listed(tables["patients"], "person_id", "birth_date")}  # fmt: skip


def test_a_preventive_visit_has_the_code_of_the_age(children: dict[str, Columns]) -> None:
    bills, years = lines_of(children), ages(children)
    bands = {"99391": range(1), "99392": range(1, 5), "99393": range(5, 12),
             "99394": range(12, 18), "99395": range(18, 40)}  # fmt: skip
    off = [
        (person, code) for person, one in bills["checked"].items() for code, said, _ in one
        if code in bands and (years[person] not in bands[code] or said != "25")
    ]  # fmt: skip

    assert off == []
    assert len({one[0][0] for one in bills["checked"].values()}) == 5
    assert {one[0][0][:4] for one in bills["first_seen"].values()} == {"9938"}


def test_children_s_vaccines_are_counselled_about_by_component(
    children: dict[str, Columns],
) -> None:
    bills, years = lines_of(children), ages(children)
    given = {
        years[person] < 19: {(code, units) for code, _, units in one if code.startswith("904")}
        for person, one in bills["checked"].items()
    }

    assert given == {
        True: {("90460", 2), ("90461", 4)}, False: {("90471", 1), ("90472", 1)},
    }  # fmt: skip
