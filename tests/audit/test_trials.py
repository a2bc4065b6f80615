from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.scenes import Scenario, few_by_all, opened
from audit.tampering import Tampering
from audit.trial_tampering import OF_TRIALS
from healthsim.audit import integrity, trials
from healthsim.operations.auditing import compared_run
from storing import spec, stored

pytestmark = pytest.mark.slow  # its runs

_OF_TRIALS = ("subjects", "eligibility_results", "trial_visits", "adverse_events")
"""Tables that only a trial fills; `make proofs` asks all rules of each pair with a trial."""


MADE = spec("trial-candidates", count=150), spec("trial")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder = tmp_path_factory.mktemp("audited")
    with opened(folder, *MADE) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def test_a_trial_as_it_was_made_holds_every_rule(scenario: Scenario) -> None:
    assert {rule.name for rule in trials.RULES} <= {rule.name for rule in scenario.rules}
    assert scenario.told(scenario.about(*_OF_TRIALS)) == {}


@pytest.mark.parametrize(("change", "by_all"), few_by_all(OF_TRIALS))
def test_a_changed_row_of_a_trial_is_told_by_its_rule_and_no_other(
    made: Scenario, change: Tampering, by_all: bool
) -> None:
    assert made.tried(change, by_all=by_all) == set(change.breaks)


def test_days_of_subjects_who_are_dead_unborn_or_outside_the_data_are_told(
    scenario: Scenario,
) -> None:
    tables = {table for table, *_ in trials.DATED}
    for start, change in (
        ("nothing after death", "DATE '9000-01-01'"), ("nothing before birth", "DATE '1800-01-01'"),
        ("within the data", "DATE '1800-01-01'"), ("on the day of its event", "DATE '1800-01-01'"),
        ("during its encounter", "DATE '1800-01-01'"),
    ):  # fmt: skip
        for table, _, column in trials.DATED:
            scenario.connection.execute(f"UPDATE {table} SET {column} = {change}")
        scenario.connection.execute("UPDATE patients SET death_date = DATE '2025-02-01'")
        assert not {name for name in scenario.silent(start)
                    if name.rsplit(" ", 1)[-1].split(".")[0] in tables}  # fmt: skip


def test_numbers_and_codes_of_subjects_that_could_not_be_are_told(scenario: Scenario) -> None:
    scenario.connection.execute("UPDATE subjects SET usubjid = 'SYN-1', ssn = '123-45-6789'")
    scenario.connection.execute("UPDATE adverse_events SET code = 'ZZZ'")

    family = scenario.of("nobody shares subjects.usubjid", "a number never issued subjects.ssn",
                         "one number for one person subjects.ssn",
                         "a known code adverse_events.code")  # fmt: skip
    assert len(family) == 4
    assert scenario.told(family).keys() == {rule.name for rule in family}


def test_arms_are_compared_with_their_ratio(tmp_path: Path) -> None:
    path = stored(tmp_path, *MADE)
    rows = {row[0]: row[1:] for row in compared_run(path)}
    (asked, got, low, high, ok) = rows["trial SYN-301: arm treatment, of those randomised"]

    assert asked == pytest.approx(0.6667)
    assert ok
    assert low <= got <= high
    assert rows["trial SYN-301: arm placebo, of those randomised"][-1]


def test_the_rules_of_trials_are_among_those_that_every_audit_asks() -> None:
    assert set(trials.RULES) <= set(integrity.NAMED)
