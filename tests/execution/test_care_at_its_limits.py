"""What bills, stays and courses of drugs do on the last day on which they do it, and a day off."""

from __future__ import annotations

import numpy as np
import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.dates import NO_DAY, day_of
from healthsim.tables import Columns

BEGUN = day_of("2025-01-01")
PEOPLE = 40
_MANY = [
    "R05.9", "R07.9", "R10.9", "R11.0", "R19.7", "R42", "R51.9", "R53.83", "R60.0", "R63.4",
    "M25.561", "M54.50", "L30.9", "H61.21", "J30.9", "K21.9", "K59.00", "N39.0", "G47.00",
    "F41.9", "E55.9", "D64.9", "E78.5", "R00.2",
]  # fmt: skip


def people(**changes: object) -> Document:
    """People of one plan that mails long supplies, all with two more conditions."""
    design = {"kind": "commercial", "network": {"mail_order_share": 1, "in_share": 1}}
    clinical = {
        "primary": {"code": "E11.9", "onset": {"years_before": 2}},
        "comorbidities": [{"code": "J45.20", "share": 1}, {"code": "M17.11", "share": 1}],
    }
    return diabetic(count=PEOPLE, clinical=clinical,
                    coverage={"plan": {"own": 1}, "plans": {"own": design}}, **changes)  # fmt: skip


def stay(id: str, at: int, **details: object) -> Document:
    said = {"encounter_class": "inpatient", "drg": "470", "los_days": 1, **details}
    return event(id, "encounter", at, **said)


def emergency(id: str, at: int) -> Document:
    return event(id, "encounter", at, encounter_class="emergency", procedures=["99284"])


def post(id: str, at: int) -> Document:
    return visit(id, at, specialty="orthopedic surgery")


OPERATION = {"do": "event", "id": "cut", "type": "procedure", "details": {
    "code": "20610", "global_days": 10, "specialty": "orthopedic surgery"}}  # fmt: skip
YEAR = journey(
    visit("many", 1, diagnoses=_MANY, comorbidities=True),
    event("hospital", "encounter", 2, encounter_class="outpatient_hospital", diagnoses=_MANY,
          comorbidities=True, procedures=["99214"]),
    post("before", 19), post("operation", 20) | {"with": [OPERATION]}, post("same", 20),
    post("next", 21), post("last", 30), post("after", 31),
    emergency("same_day", 50), stay("stay_same_day", 50),
    emergency("eve", 60), stay("stay_next_day", 61),
    emergency("earlier", 70), stay("stay_later", 72),
    emergency("later", 81), stay("stay_before", 80),
    stay("short", 100, los_days={"type": "uniform", "low": 0, "high": 0.49}),
    event("weeks11", "prescription", 110, drug="lisinopril 10 mg tablet", days_supply=83,
          first_fill_share=1),
    event("weeks12", "prescription", 110, drug="metformin 500 mg tablet", days_supply=84,
          first_fill_share=1),
)  # fmt: skip


@pytest.fixture(scope="module")
def year() -> dict[str, Columns]:
    return run(people(), YEAR)


def of_step(tables: dict[str, Columns], table: str, *columns: str) -> dict[str, list[tuple]]:
    """Return rows of a table by the step whose event caused them."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    found: dict[str, list[tuple]] = {}
    for cause, *row in listed(tables[table], "event_id", *columns):
        found.setdefault(steps[cause], []).append(tuple(row))
    return found


@pytest.mark.slow
def test_a_physicians_claim_states_twelve_diagnoses_and_a_facilitys_twenty_five(
    year: dict[str, Columns],
) -> None:
    stated: dict[int, int] = {}
    for (claim,) in listed(year["claim_diagnoses"], "claim_id"):
        stated[claim] = stated.get(claim, 0) + 1
    claims = of_step(year, "claims", "form", "claim_id")
    visits = of_step(year, "encounters", "encounter_id")
    listed_in = [visit for visit, _ in listed(year["encounter_diagnoses"], "encounter_id", "code")]

    assert {listed_in.count(visit) for (visit,) in visits["many"]} == {25}
    assert {(form, stated[claim]) for form, claim in claims["many"]} == {("837P", 12)}
    assert {(form, stated[claim]) for form, claim in claims["hospital"]} == {
        ("837P", 12), ("837I", 25)
    }  # fmt: skip


def test_the_surgeons_visits_are_not_billed_from_the_day_after_to_the_last_day_of_the_period(
    year: dict[str, Columns],
) -> None:
    lines = of_step(year, "claim_lines", "modifier_1")
    told = {
        step: {modifier for (modifier,) in lines[step]}
        for step in ("before", "operation", "next", "last", "after")
        if step in lines
    }

    assert told == {"before": {None}, "operation": {"25"}, "after": {None}}
    assert len(lines["after"]) == PEOPLE


def test_an_emergency_visit_leads_to_a_stay_of_the_same_day_or_the_next_and_no_other(
    year: dict[str, Columns],
) -> None:
    visits = of_step(year, "encounters", "encounter_id", "person_id", "parent_encounter_id")
    stays = {person: visit for visit, person, _ in visits["stay_next_day"]}
    parents = {step: {parent is not None and parent > 0 for *_, parent in rows}
               for step, rows in visits.items() if not step.startswith("stay")}  # fmt: skip

    assert parents["same_day"] == parents["eve"] == {True}
    assert parents["earlier"] == parents["later"] == {False}
    assert all(parent == stays[person] for _, person, parent in visits["eve"])


def test_a_stay_may_end_on_the_day_on_which_it_began(year: dict[str, Columns]) -> None:
    stays = of_step(year, "encounters", "los_days", "start_at", "end_at")["short"]

    assert {nights for nights, *_ in stays} == {0}
    assert all(start < end and start // 1440 == end // 1440 for _, start, end in stays)


def test_a_supply_of_twelve_weeks_is_mailed_and_a_shorter_one_is_not(
    year: dict[str, Columns],
) -> None:
    mails = dict(listed(year["pharmacies"], "npi", "mail_order"))
    sent = {days: set() for days in (83, 84)}
    for days, npi in listed(year["fills"], "days_supply", "pharmacy_npi"):
        sent[days].add(mails[npi])

    assert sent == {83: {False}, 84: {True}}


def test_a_claim_is_received_then_decided_and_paid_in_the_next_weekly_run(
    year: dict[str, Columns],
) -> None:
    rows = list(
        listed(year["claims"], "through_date", "received_date", "decided_date", "paid_date")
    )
    forms = [form for (form,) in listed(year["claims"], "form")]
    received = [received - through for through, received, _, _ in rows]
    decided = [decided - received for _, received, decided, _ in rows]

    assert min(received) == 1
    of_clinicians = [days for days, form in zip(received, forms, strict=True) if form == "837P"]
    assert np.quantile(of_clinicians, 0.5) == pytest.approx(4, abs=1)
    assert max(received) <= 365
    assert 0.5 < np.mean(np.array(decided) <= 14) < 0.7
    assert 1 <= min(decided) <= max(decided) <= 60
    assert all(0 <= paid - decided <= 20 for _, _, decided, paid in rows)
    assert {int(np.is_busday(np.datetime64(paid, "D"))) for *_, paid in rows} == {1}


def test_a_drug_is_taken_until_the_day_on_which_its_fills_run_out() -> None:
    seen = [visit(f"day{day}", day) | {"when": "takes('metformin')"} for day in (4, 5, 34, 35)]
    drug = event("drug", "prescription", 5, drug="metformin 500 mg tablet", days_supply=10,
                 refills=2)  # fmt: skip
    tables = run(diabetic(count=5), journey(drug, *seen))

    steps = [step for (step,) in listed(tables["events"], "step")]
    assert [steps.count(f"day{day}") for day in (4, 5, 34, 35)] == [0, 5, 5, 0]


def test_coverage_that_death_ends_says_so_and_no_other_does() -> None:
    leaves = {"do": "branch", "id": "way", "at": 50, "options": [
        {"name": "dies", "weight": 0.3, "steps": [event("die", "death", 0)]},
        {"name": "leaves", "weight": 0.3, "steps": [
            event("leave", "disenrollment", 0, reason="moved"), event("die_later", "death", 9)]},
        {"name": "stays", "weight": 0.4, "steps": [visit("seen", 0)]}]}  # fmt: skip
    tables = run(diabetic(count=60), journey(leaves))
    way = {person: option for person, option, kind in
           listed(tables["events"], "person_id", "option", "type") if kind == "branch"}  # fmt: skip
    ends = {
        (way[person], end - BEGUN if end != NO_DAY else None, reason)
        for person, end, reason in listed(tables["enrollments"], "person_id", "term_date", "reason")
    }

    assert ends == {("dies", 50, "death"), ("leaves", 58, "moved"), ("stays", None, None)}
