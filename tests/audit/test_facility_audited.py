"""Bills of facilities that no payer would take are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.facility_tampering import OF_FACILITIES
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.facility_visits import everywhere, people
from healthsim.audit import facility_bills

pytestmark = pytest.mark.slow  # its runs

OWN = {rule.name for rule in facility_bills.RULES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with opened(
        tmp_path_factory.mktemp("facilities"), people() | {"detail": "core"}, everywhere(), only=OWN
    ) as scenario:
        yield scenario


def test_what_the_engine_bills_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", OF_FACILITIES, ids=str)
def test_a_changed_bill_is_told_by_its_rules(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    profile = people() | {"charge_capture": "none", "detail": "core"}
    with opened(tmp_path_factory.mktemp("stated"), profile, everywhere()) as scenario:
        yield scenario


def test_bills_that_are_left_as_stated_break_no_rule(stated: Scenario) -> None:
    of_claims = stated.about("claims", "claim_lines")

    assert len(of_claims) > 100
    assert stated.told(of_claims) == {}


def test_a_second_bill_of_a_visit_is_told_where_bills_are_left_as_stated(stated: Scenario) -> None:
    rule = "an encounter has one claim of its facility"
    twice = (
        "INSERT INTO claims SELECT * REPLACE (claim_id + 1 AS claim_id) FROM claims "
        "WHERE bill_type = '831' LIMIT 1"
    )

    assert stated.after([twice], rule) == 1
