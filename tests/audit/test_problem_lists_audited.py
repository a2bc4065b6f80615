"""Problem lists that do not live, and visits that are coded as nobody codes them, are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.problem_tampering import OF_PROBLEMS
from audit.scenes import Scenario, few_by_all, opened
from audit.tampering import Tampering
from execution.births import women
from execution.running import Document, event, journey, visit
from healthsim.audit import problem_lists
from healthsim.codes.drugs import drugs

pytestmark = pytest.mark.slow  # its runs


def _people(**changes: Any) -> Document:
    """Return women of twelve weeks, all of whom have diabetes and heart failure."""
    held: list[Document] = [{"code": code, "share": 1} for code in ("I10", "I50.22", "E11.9")]
    held.append({"code": "O99.810", "share": 1, "onset": {"days_before": 20}})
    held += [
        {"code": code, "share": 1, "onset": {"days_before": before}}
        for code, before in (("C78.7", 500), ("C50.911", 300))
    ]
    clinical = {"pregnant": {"weeks": 12}, "comorbidities": held}
    return women(count=8, products=["patientsim"], clinical=clinical, **changes)


def _stay(name: str, day: int, *codes: str, inside: tuple[Document, ...] = ()) -> Document:
    details = {"encounter_class": "inpatient", "procedures": None, "los_days": 4}
    return visit(name, day, diagnoses=list(codes), **details) | {"with": list(inside)}


def _life() -> Document:
    book = drugs().rows.values()
    insulin = next(one.display for one in book if one.drug_class == "basal insulin")
    given = event("insulin", "prescription", 10, drug=insulin, refills=5, first_fill_share=1)
    harm = event("harm", "diagnosis", 2, code="N17.9")
    cultures = tuple(event(f"c{place}", "lab", loinc=code, result={"Escherichia coli": 1})
                     for place, code in enumerate(("600-7", "630-4")))  # fmt: skip
    nursery = _stay("nursery", 0, "Z38.00", "P59.9")
    birth = {"do": "event", "id": "birth", "type": "birth", "newborn": [nursery]}
    return journey(
        visit("cold", 5, diagnoses=["J18.9", "M17.0"]), given,
        visit("sugar", 20, diagnoses=["E11.9"]), visit("heart", 30, diagnoses=["I50.22"]),
        _stay("infarct", 40, "I21.4", inside=(harm,)),
        *(visit(f"care_{day}", day, diagnoses=["O09.92"]) for day in (58, 86)),
        {**event("cured", "diagnosis", 100, code="Z86.19"), "when": "has('Z99.81')"},
        {**(knee := _stay("knee", 130, "M17.0")),
         "details": knee["details"] | {"icd10pcs": ["0SRD0J9"]}},
        event("stage", "diagnosis", 200, code="N18.31"),
        event("next_stage", "diagnosis", 240, code="N18.32"),
        event("kidneys", "lab", 260, loinc="98979-8", result=38),
        _stay("labour", 190, "O80", "Z37.0", inside=(birth,)),
        _stay("blood", 280, "A41.9", "N39.0", inside=cultures),
        visit("late", 300, diagnoses=["Z00.00"]),
        duration_days=330,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with opened(tmp_path_factory.mktemp("problems"), _people(), _life()) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    """A scenario in which every change is undone."""
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def test_what_is_made_holds_every_rule(made: Scenario) -> None:
    assert made.told(made.about("conditions")) == {}


def test_an_illness_that_a_later_visit_renewed_may_last_until_death(scenario: Scenario) -> None:
    ill = "UPDATE conditions SET abatement_date = NULL, status = 'active' WHERE code = 'J18.9'"
    again = ("UPDATE encounter_diagnoses SET code = 'J18.9' WHERE code = 'E11.9' AND encounter_id "
             "IN (SELECT encounter_id FROM encounters JOIN events USING (event_id) "
             "WHERE step = 'sugar')")  # fmt: skip
    onset = "(SELECT min(onset_date) FROM conditions WHERE code = 'J18.9')"
    rules = scenario.of("problem list: what is acute ends")
    scenario.connection.execute(f"{ill}; {again}")
    for days, told in ((45, False), (120, True)):
        scenario.connection.execute(f"UPDATE patients SET death_date = {onset} + {days}")

        assert bool(scenario.told(rules)) is told


def test_who_dies_soon_after_an_operation_may_still_have_what_it_removed(
    scenario: Scenario,
) -> None:
    left = ("(SELECT max(end_at)::DATE FROM encounters JOIN events USING (event_id) "
            "WHERE step = 'knee')")  # fmt: skip
    rules = scenario.of("problem list: what an operation removed is gone")
    scenario.connection.execute(
        "UPDATE conditions SET abatement_date = NULL, status = 'active' WHERE code = 'M17.0'"
    )
    for days, told in ((0, False), (1, False), (2, True)):
        scenario.connection.execute(f"UPDATE patients SET death_date = {left} + {days}")

        assert bool(scenario.told(rules)) is told


@pytest.mark.parametrize(("change", "by_all"), few_by_all(OF_PROBLEMS))
def test_a_changed_row_is_told_by_its_rule_and_no_other(
    made: Scenario, change: Tampering, by_all: bool
) -> None:
    assert made.tried(change, by_all=by_all) == set(change.breaks)


def test_every_rule_of_problem_lists_is_changed() -> None:
    changed = {name for change in OF_PROBLEMS for name in change.breaks}
    assert {rule.name for rule in problem_lists.RULES} <= changed


def test_where_problem_lists_do_not_live_only_the_classification_is_judged(
    made: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("still")
    with opened(folder, _people(problem_list="none"), _life()) as still:
        codes = still.connection.execute("SELECT DISTINCT code FROM conditions").fetchall()
        assert still.told(still.of("problem list:")) == {}
        assert ("J18.9",) not in codes
        assert ("N17.9",) in codes
