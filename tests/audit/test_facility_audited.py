"""Bills of facilities that no payer would take are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.facility_tampering import OF_FACILITIES
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.facility_visits import everywhere, people
from healthsim.audit import facility_bills

OWN = {rule.name for rule in facility_bills.RULES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with opened(tmp_path_factory.mktemp("facilities"), people(), everywhere()) as scenario:
        yield scenario


def test_what_the_engine_bills_breaks_no_rule(made: Scenario) -> None:
    assert OWN & made.unchanged.keys() == set()


@pytest.mark.parametrize("change", OF_FACILITIES, ids=str)
def test_a_changed_bill_is_told_by_its_rules(made: Scenario, change: Tampering) -> None:
    made.connection.execute("BEGIN")
    try:
        told = made.changed(change) & OWN
    finally:
        made.connection.execute("ROLLBACK")

    assert told == set(change.breaks)
