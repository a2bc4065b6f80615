"""People come at hours that fit what they come for, and one thing waits for another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.hour_tampering import OF_HOURS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.running import Document, diabetic, event, journey, visit
from healthsim.audit import hours

pytestmark = pytest.mark.slow  # its runs

OWN = {rule.name for rule in hours.RULES}
_KNEE = event("knee", "procedure", code="27447")


def _stay(id: str, day: int, code: str, *inside: Document) -> Document:
    facts = {"encounter_class": "inpatient", "los_days": 2, "diagnoses": [code]}
    return visit(id, day, **facts) | {"with": list(inside)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    drugs = [event(code.lower(), "procedure", code=code)
             for code in ("J9190", "J9263", "J0640", "J1100")]  # fmt: skip
    glucose = event("glucose", "lab", loinc="1504-0")
    walked = journey(
        _stay("planned", 10, "M17.11", _KNEE),
        visit("first", 40), visit("second", 40), visit("third", 40),
        visit("infused", 60, procedures=["96413"])
        | {"with": [event("count", "lab", panel="cbc"), *drugs]},
        visit("pump", 119, procedures=["96413", "96416"]),
        visit("pump_off", 121, procedures=["96523"]),
        visit("sugar", 80) | {"with": [glucose]},
        visit("home", 100, encounter_class="outpatient_hospital", procedures=[])
        | {"with": [_KNEE | {"id": "knee_home", "chance": 0.5}]},
        _stay("ill", 200, "J18.9"),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("hours")
    with opened(folder, diabetic(count=60), walked, only=OWN) as scenario:
        yield scenario


def _asked(made: Scenario, sql: str) -> list[tuple[object, ...]]:
    return made.connection.execute(sql).fetchall()


def test_what_the_engine_times_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", OF_HOURS, ids=str)
def test_a_changed_hour_is_told_by_its_rule(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)


def test_who_has_an_operation_comes_in_the_morning_and_who_is_ill_at_any_hour(
    made: Scenario,
) -> None:
    ((planned, latest), (ill, last)) = _asked(
        made, "SELECT list(DISTINCT admit_type), max(hour(start_at)) FROM encounters "
        "WHERE encounter_class = 'inpatient' GROUP BY reason_code ORDER BY reason_code DESC"
    )  # fmt: skip

    assert (planned, ill) == (["3"], ["2"])
    assert latest <= 12
    assert last > 19


def test_an_operation_within_a_visit_lengthens_it_for_those_who_have_it(made: Scenario) -> None:
    ((_, least), (_, most)) = _asked(
        made, "SELECT p.code IS NULL AS without, CASE WHEN p.code IS NULL THEN "
        "max(date_diff('minute', start_at, end_at)) ELSE "
        "min(date_diff('minute', start_at, end_at)) END FROM encounters AS e "
        "LEFT JOIN procedures AS p USING (encounter_id) "
        "WHERE encounter_class = 'outpatient_hospital' GROUP BY 1 ORDER BY 1")  # fmt: skip

    assert least >= 360
    assert most <= 300


def test_drugs_of_a_regimen_come_in_their_order(made: Scenario) -> None:
    ((orders,),) = _asked(
        made, "SELECT list(DISTINCT drugs) FROM (SELECT encounter_id, list(ingredient ORDER BY "
        "given_at, ingredient) AS drugs FROM medication_administrations WHERE procedure_id "
        "IS NOT NULL GROUP BY encounter_id)")  # fmt: skip

    assert orders == [["dexamethasone", "leucovorin", "oxaliplatin", "fluorouracil"]]


def test_results_of_one_kind_and_place_differ_in_how_long_they_take(made: Scenario) -> None:
    ((waits, longest),) = _asked(
        made, "SELECT count(DISTINCT date_diff('minute', collected_at, resulted_at)), "
        "max(date_diff('minute', collected_at, resulted_at)) FROM lab_results "
        "WHERE loinc = '6690-2' AND event_id IS NOT NULL")  # fmt: skip

    assert waits > 10
    assert longest <= 35
