"""A stay's days are billed by the kind of room, and what is used grows with them."""

from collections.abc import Mapping
from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, run, visit
from healthsim.tables import Columns


def _stay(id: str, day: int, nights: int, *codes: str, **details: Any) -> Document:
    return visit(id, day, encounter_class="inpatient", los_days=nights, diagnoses=list(codes),
                 **{"procedures": None, **details})  # fmt: skip


STAYS = journey(
    _stay("usual", 0, 3, "I50.22"),
    _stay("shock", 20, 8, "A41.9", "R65.21", "J96.01"),
    _stay("short", 60, 1, "A41.9", "R65.21"),
    _stay("breathing", 80, 9, "J96.01", icd10pcs=["5A1955Z"]),
    _stay("rehabilitation", 120, 4, "I46.9", specialty="physical medicine and rehabilitation"),
    _stay("tested", 140, 2, "I50.22") | {"with": [
        event("cells", "lab", panel="cbc", procedure="85025"),
        event("clotting", "lab", loinc="5902-2", procedure="85610"),
    ]},
)  # fmt: skip


def rooms(tables: Mapping[str, Columns], step: str) -> set[tuple[tuple[str, int, int, bool], ...]]:
    """Return (revenue, units, day of the stay, is paid) of each stay's rooms, once."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    claims = listed(tables["claims"], "claim_id", "event_id", "from_date", "form")
    begins = {claim: (first, steps[event_id]) for claim, event_id, first, form in claims
              if form == "837I"}  # fmt: skip
    names = ("claim_id", "revenue_code", "units", "service_date", "allowed_usd")
    found: dict[int, list[tuple[str, int, int, bool]]] = {}
    for claim, revenue, units, day, allowed in listed(tables["claim_lines"], *names):
        if claim in begins and begins[claim][1] == step and "0100" <= revenue <= "0219":
            row = (revenue, units, day - begins[claim][0], allowed > 0)
            found.setdefault(claim, []).append(row)
    return {tuple(rows) for rows in found.values()}


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Columns]:
    return run(diabetic(count=6), STAYS)


@pytest.mark.slow
@pytest.mark.parametrize(("step", "billed"), [
    ("usual", (("0120", 3, 0, True),)),
    ("shock", (("0200", 3, 0, True), ("0206", 2, 3, False), ("0120", 3, 5, False))),
    ("short", (("0200", 1, 0, True),)),
    ("breathing", (("0200", 6, 0, True), ("0206", 2, 6, False), ("0120", 1, 8, False))),
    ("rehabilitation", (("0128", 4, 0, True),)),
])  # fmt: skip
def test_the_very_ill_begin_in_units_and_the_first_room_has_the_payment(
    tables: Mapping[str, Columns], step: str, billed: tuple[tuple[str, int, int, bool], ...]
) -> None:
    assert rooms(tables, step) == {billed}


def test_drugs_and_supplies_are_charged_by_the_day(tables: Mapping[str, Columns]) -> None:
    days = dict(listed(tables["claims"], "claim_id", "covered_days"))
    for claim, revenue, units in listed(tables["claim_lines"], "claim_id", "revenue_code", "units"):
        if revenue in ("0250", "0270"):
            assert units == days[claim]


def test_what_is_done_twice_on_a_day_by_one_centre_is_one_line(
    tables: Mapping[str, Columns],
) -> None:
    blood = {units for revenue, units in listed(tables["claim_lines"], "revenue_code", "units")
             if revenue == "0305"}  # fmt: skip

    assert blood == {2}


@pytest.mark.slow
def test_bills_that_are_left_as_stated_have_a_ward() -> None:
    stated = run(diabetic(count=6, charge_capture="none"), STAYS)

    assert rooms(stated, "shock") == {(("0120", 8, 0, True),)}
