"""Stays whose DRG does not follow from their codes, or whose codes do not fit, are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.scenes import Scenario, opened
from audit.stay_tampering import OF_GROUPS
from audit.tampering import Tampering
from execution.running import Document, diabetic, event, journey, visit
from healthsim.audit import stay_groups

pytestmark = pytest.mark.slow  # its runs

OWN = {rule.name for rule in stay_groups.RULES}


def _stay(id: str, day: int, *codes: str, **details: object) -> Document:
    facts = {"encounter_class": "inpatient", "los_days": 3, "diagnoses": list(codes), **details}
    return visit(id, day, **facts)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    walked = journey(
        _stay("lungs", 20, "J18.9") | {"with": [event("kidney", "diagnosis", code="N17.9")]},
        _stay("heart", 60, "I13.0", "I50.23", "N18.4"),
        _stay("stated", 100, "R07.9", drg="193"),
        _stay("unpaid", 140, "R07.9", drg="none"),
    )
    with opened(tmp_path_factory.mktemp("stays"), diabetic(count=6), walked, only=OWN) as scenario:
        yield scenario


def test_what_the_engine_groups_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}
    groups = made.connection.execute(
        "SELECT DISTINCT drg, drg_source, drg_derived FROM encounters "
        "WHERE encounter_class = 'inpatient' ORDER BY ALL"
    ).fetchall()
    assert groups == [
        ("193", "stated", "313"), ("194", "derived", "194"), ("291", "derived", "291"),
        (None, "not grouped", "313"),
    ]  # fmt: skip


@pytest.mark.parametrize("change", OF_GROUPS, ids=str)
def test_a_changed_stay_is_told_by_its_rules(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)
