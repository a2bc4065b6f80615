"""What people take at home is given in their stays, until it is replaced or ends."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from execution.running import Document, charted, event, journey, listed, patients, visit
from healthsim.medicine.ward_drugs import ORDERS_CHANGE
from healthsim.tables import Columns

DAY = 24 * 60
Doses = Mapping[tuple[str, str], set[int]]


def _drug(id: str, day: int, drug: str) -> Document:
    return event(id, "prescription", day, drug=drug, days_supply=90, refills=3)


def _stay(id: str, day: int, los: int) -> Document:
    return visit(id, day, encounter_class="inpatient", los_days=los, diagnoses=["J18.9"],
                 procedures=None)  # fmt: skip


STAYS = journey(
    _drug("before", 0, "amlodipine 5 mg tablet"),
    _drug("renewed", 23, "amlodipine 5 mg tablet"),
    _drug("handed_on", 63, "atorvastatin 40 mg tablet"),
    _stay("whole", 20, 3),
    _stay("within", 40, 4) | {"with": [
        _drug("changed", 2, "amlodipine 10 mg tablet"),
        _drug("begun", 1, "sertraline 50 mg tablet"),
        _drug("for_home", 4, "levothyroxine 50 mcg tablet")]},
    _stay("acute", 60, 3),
    _stay("rehabilitation", 63, 3),
)  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Columns]:
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 3}}}
    return charted(patients(count=20, attributes={}, clinical=clinical), STAYS)


@pytest.fixture(scope="module")
def doses(tables: Mapping[str, Columns]) -> Doses:
    """Return (stay, prescription) by their steps -> minutes from midnight before the stay."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    stays = {visit: (steps.get(event_id, ""), start) for visit, event_id, start in
             listed(tables["encounters"], "encounter_id", "event_id", "start_at")}  # fmt: skip
    written = {rx: steps.get(event_id, "") for rx, event_id in
               listed(tables["prescriptions"], "prescription_id", "event_id")}  # fmt: skip
    found: dict[tuple[str, str], set[int]] = {}
    for stay, rx, at in listed(tables["medication_administrations"], "encounter_id",
                               "prescription_id", "given_at"):  # fmt: skip
        if rx in written:
            name, start = stays[stay]
            found.setdefault((name, written[rx]), set()).add(at - start // DAY * DAY)
    return found


@pytest.mark.slow
def test_what_is_renewed_on_the_last_day_is_given_in_the_whole_stay(doses: Doses) -> None:
    assert {at // DAY for at in doses["whole", "before"]} >= {1, 2}
    assert ("whole", "renewed") not in doses


def test_what_is_changed_in_a_stay_is_given_until_orders_change_and_then_as_it_is_written(
    doses: Doses,
) -> None:
    noon = 2 * DAY + ORDERS_CHANGE

    assert max(doses["within", "renewed"]) < noon
    assert min(doses["within", "changed"]) >= noon


def test_what_is_begun_in_a_stay_is_given_in_it_and_what_is_for_home_is_not(doses: Doses) -> None:
    assert min(doses["within", "begun"]) >= DAY + ORDERS_CHANGE
    assert ("within", "for_home") not in doses


def test_what_is_written_on_the_day_of_a_transfer_is_given_where_the_person_comes_to(
    doses: Doses,
) -> None:
    assert {at // DAY for at in doses["rehabilitation", "handed_on"]} >= {1, 2}
    assert ("acute", "handed_on") not in doses


@pytest.fixture(scope="module")
def failing() -> Mapping[str, Columns]:
    """Return the tables of people with heart failure, who come through the emergency."""
    clinical = {"primary": {"code": "I50.22", "onset": {"years_before": 3}}}
    heart = journey(
        _drug("water", 0, "furosemide 40 mg tablet"),
        visit("rescue", 20, encounter_class="emergency", diagnoses=["I50.23"],
              procedures=["99285"]),
        visit("stay", 20, encounter_class="inpatient", los_days=7, diagnoses=["I50.23"],
              procedures=None),
    )  # fmt: skip
    return charted(patients(count=30, attributes={}, clinical=clinical), heart)


@pytest.mark.slow
def test_the_ward_gives_by_vein_what_the_emergency_began_and_later_what_is_taken_at_home(
    failing: Mapping[str, Columns],
) -> None:
    classes = dict(listed(failing["encounters"], "encounter_id", "encounter_class"))
    given: dict[int, list[tuple[int, str, str]]] = {}
    for person, visit_id, drug, route, at in listed(
        failing["medication_administrations"], "person_id", "encounter_id", "ingredient", "route",
        "given_at",
    ):  # fmt: skip
        if drug == "furosemide":
            given.setdefault(person, []).append((at, classes[visit_id], route))
    both = [sorted(doses) for doses in given.values()
            if {"emergency", "inpatient"} <= {where for _, where, how in doses
                                              if how == "intravenous"}]  # fmt: skip

    assert len(both) > 15
    for doses in both:
        gaps = [later - at for (at, *_), (later, *_) in pairwise(doses)]
        assert min(gaps) >= 4 * 60
        assert max(gaps) <= 36 * 60
        assert [how for *_, how in doses] == sorted(how for *_, how in doses)
        assert doses[-1][2] == "oral"


def test_the_note_says_that_the_home_drug_is_held_for_the_same_by_vein(
    failing: Mapping[str, Columns],
) -> None:
    texts = [text for (text,) in listed(failing["clinical_notes"], "text")]

    assert any(
        "- furosemide 40 mg tablet. Held for the same drug by vein." in text for text in texts
    )
