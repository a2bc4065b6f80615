"""Promise 3, for branches: editing one way changes only the people who take it, in every table."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from execution.running import Document, charted, listed
from healthsim import library
from healthsim.tables import NO_NUMBER, Columns

SHELF = Path(str(library.library_folder("templates")))
ACCUMULATED = (
    "deductible_usd", "coinsurance_usd", "copay_usd", "plan_paid_usd", "benefit_phase",
    "other_payer_paid_usd", "other_payer_usd", "other_adjustment_usd", "coupon_usd", "amount_usd",
    "group_code", "carc", "rarc",
)  # fmt: skip
"""What rests on the deductible and the maximum of a benefit year."""
PEOPLE = 200
SHARED = ("plans", "plan_years", "plan_networks", "providers", "facilities", "pharmacies")


def template(name: str, **changes: Any) -> Document:
    (path,) = SHELF.glob(f"*/{name}.json")
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found | changes


def found_step(document: Any, name: str) -> Document:
    """Return the step of an id, however deep it stands."""
    if isinstance(document, dict):
        if document.get("id") == name:
            return document
        inner = document.values()
    else:
        inner = document if isinstance(document, list) else ()
    for one in inner:
        step = found_step(one, name)
        if step:
            return step
    return {}


@pytest.fixture(scope="module")
def before() -> dict[str, Columns]:
    return charted(template("medicare-diabetic", count=PEOPLE), template("diabetic-first-year"))


@cache
def edited(edit: Callable[[Document], None]) -> dict[str, Columns]:
    journey = template("diabetic-first-year")
    branch = next(
        step for phase in journey["phases"] for step in phase["steps"]
        if step.get("id") == "intensify"
    )  # fmt: skip
    option = next(option for option in branch["options"] if option["name"] == "second agent")
    edit(option)
    return charted(template("medicare-diabetic", count=PEOPLE), journey)


def takers(tables: dict[str, Columns], way: str) -> set[int]:
    rows = listed(tables["events"], "person_id", "option")
    return {person for person, option in rows if option == way}


def rows_of(tables: dict[str, Columns], name: str, people: set[int], *, inside: bool) -> list[Any]:
    """Return the rows of a table of some people, or of all others; no accumulated amounts."""
    columns = [column for column in tables[name] if column not in ACCUMULATED]
    person = columns.index("person_id")
    return [row for row in listed(tables[name], *columns) if (row[person] in people) is inside]


def more_steps(option: Document) -> None:
    option["steps"] = [
        *option["steps"],
        {"do": "event", "id": "extra_visit", "type": "encounter", "at": 20,
         "details": {"encounter_class": "office", "procedures": ["99214"]},
         "with": [{"do": "event", "id": "extra_lab", "type": "lab",
                   "details": {"loinc": "2160-0", "procedure": "82565"}},
                  {"do": "event", "id": "extra_drug", "type": "prescription",
                   "details": {"drug": "amlodipine 5 mg tablet", "days_supply": 90}}]},
        {"do": "event", "id": "extra_stay", "type": "encounter", "at": 60,
         "details": {"encounter_class": "inpatient", "drg": "194", "diagnoses": ["J18.9"],
                     "procedures": ["99223"], "los_days": 3}},
    ]  # fmt: skip


def no_steps(option: Document) -> None:
    option["steps"] = []


@pytest.mark.slow
@pytest.mark.parametrize("edit", [more_steps, no_steps], ids=["more", "fewer"])
def test_an_edited_way_changes_only_those_who_take_it_in_every_table_ids_included(
    edit: Callable[[Document], None], before: dict[str, Columns]
) -> None:
    after = edited(edit)
    taken = takers(before, "second agent")

    assert takers(after, "second agent") == taken
    assert 20 < len(taken) < 80
    for name in before.keys() - set(SHARED):
        was, now = (rows_of(one, name, taken, inside=False) for one in (before, after))
        assert was == now, name
    assert rows_of(before, "events", taken, inside=True) != rows_of(
        after, "events", taken, inside=True
    )


@pytest.mark.slow
def test_even_the_money_of_the_others_stays(before: dict[str, Columns]) -> None:
    after = edited(more_steps)
    taken = takers(before, "second agent")

    for name in ("claims", "claim_lines", "claim_adjustments", "fills"):
        was, now = (
            [row for row, (who,) in zip(listed(one[name]), listed(one[name], "person_id"),
                                        strict=True) if who not in taken]
            for one in (before, after)
        )  # fmt: skip
        assert was == now, name


def test_those_who_take_the_way_keep_every_row_that_was_theirs_before_it(
    before: dict[str, Columns],
) -> None:
    after = edited(more_steps)
    taken = takers(before, "second agent")

    for name in ("events", "encounters", "lab_results", "conditions", "prescriptions", "claims"):
        was, now = (rows_of(one, name, taken, inside=True) for one in (before, after))
        if name == "prescriptions":  # a standing drug is renewed at the latest of more visits
            was = [row for row in was if row[-1] != NO_NUMBER]
        assert set(was) <= set(now), name


LIFECYCLE: Document = {
    "kind": "journey", "name": "kidney", "duration_days": 1800,
    "phases": [{"name": "all", "steps": [{"do": "stages", "id": "ckd", "start": "3", "stages": [
        {"name": "3", "moves": [{"to": "4", "hazard": {"per_year": 0.5}}],
         "steps": [{"do": "event", "id": "check", "type": "lab", "at": 30,
                    "details": {"loinc": "2160-0"}}]},
        {"name": "4", "moves": [{"to": "dead", "hazard": {"per_year": 0.3}}], "steps": []},
        {"name": "dead", "final": True,
         "steps": [{"do": "end", "id": "dies", "scope": "person"}]}]}]}],
}  # fmt: skip


@pytest.mark.slow
def test_an_edited_stage_changes_only_those_who_enter_it() -> None:
    profile = template("medicare-diabetic", count=100)
    changed = json.loads(json.dumps(LIFECYCLE))
    changed["phases"][0]["steps"][0]["stages"][1] |= {
        "moves": [{"to": "dead", "hazard": {"per_year": 1.2}}],
        "steps": [{"do": "event", "id": "v", "type": "encounter", "at": 9,
                   "details": {"encounter_class": "office", "procedures": ["99214"]}}],
    }  # fmt: skip
    one, two = charted(profile, LIFECYCLE), charted(profile, changed)
    entered = takers(one, "4")

    assert takers(two, "4") == entered
    assert 20 < len(entered) < 95
    for name in one.keys() - set(SHARED):
        was, now = (rows_of(each, name, entered, inside=False) for each in (one, two))
        assert was == now, name
