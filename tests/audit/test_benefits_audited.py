"""Rules of benefits by law hold on mixed plans, and each tells of the change that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.benefit_tampering import OF_BENEFITS
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from healthsim.audit import accumulators, benefits
from mixed_plans import journey, profile

pytestmark = pytest.mark.slow  # its runs

RULES = [*benefits.RULES, *accumulators.RULES]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder: Path = tmp_path_factory.mktemp("benefits")
    with opened(folder, profile(12) | {"detail": "core"}, journey()) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    """A scenario in which every change is undone."""
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def test_every_rule_holds_on_plans_of_all_kinds(scenario: Scenario) -> None:
    assert scenario.told(RULES) == {}


@pytest.mark.parametrize("change", OF_BENEFITS, ids=lambda change: change.breaks[0])
def test_each_rule_tells_of_its_change(scenario: Scenario, change: Tampering) -> None:
    for statement in change.sql:
        scenario.connection.execute(statement)

    assert set(scenario.told([*benefits.RULES])) == set(change.breaks)
