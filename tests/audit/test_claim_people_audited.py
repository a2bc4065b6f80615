"""Claims that name the wrong people are told."""

from collections.abc import Iterator

import pytest

from audit.people_tampering import OF_PEOPLE
from audit.scenes import Scenario, opened
from audit.tampering import Tampering
from execution.claim_people import people, steps
from healthsim.audit import claim_people

pytestmark = pytest.mark.slow  # its runs

OWN = {rule.name for rule in claim_people.RULES}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    with opened(
        tmp_path_factory.mktemp("people"), people(detail="core"), steps(), only=OWN
    ) as scenario:
        yield scenario


def test_what_the_engine_names_breaks_no_rule(made: Scenario) -> None:
    assert made.unchanged == {}


@pytest.mark.parametrize("change", OF_PEOPLE, ids=str)
def test_a_changed_name_is_told_by_its_rules(made: Scenario, change: Tampering) -> None:
    assert made.tried(change) == set(change.breaks)
