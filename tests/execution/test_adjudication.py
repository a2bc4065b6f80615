"""Claims and fills of mixed plans are decided to the cent as an independent adjudicator does."""

from __future__ import annotations

from collections import Counter

import pytest

from mixed_plans import rows_of
from readjudicated import Readjudicated

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run() -> Readjudicated:
    return Readjudicated.of(12)


def test_every_share_of_every_line_is_what_the_rules_say(run: Readjudicated) -> None:
    assert len(run.rows["claims"]) > 900
    assert run.lines_off() == []


def test_every_share_and_phase_of_every_fill_is_what_the_rules_say(run: Readjudicated) -> None:
    assert len(run.rows["fills"]) > 900
    assert run.fills_off() == []


def test_every_movement_of_every_accumulator_is_what_the_rules_say(run: Readjudicated) -> None:
    assert run.events_off() == []


def test_the_rows_have_what_plans_treat_in_ways_of_their_own(run: Readjudicated) -> None:
    buckets = Counter(row["bucket"] for row in run.rows["accumulator_events"])
    reasons = {(row["group_code"], row["carc"]) for row in run.rows["claim_adjustments"]}

    assert {"family_deductible", "family_oop_max", "drug_deductible", "drug_oop_max",
            "out_of_network_deductible"} <= buckets.keys()  # fmt: skip
    assert ("PR", "119") in reasons
    assert ("PR", "45") in reasons
    assert len({row["plan_id"] for row in run.rows["claims"]}) >= 11


@pytest.mark.proof
def test_chunks_decide_nothing_differently(run: Readjudicated) -> None:
    """Of claims and fills of fewer plans `promises/test_same_rows.py` says so each day."""
    apart = rows_of(12, size=5)

    for table in ("claim_lines", "fills", "accumulator_events"):
        assert apart[table] == run.rows[table]


def test_more_families_change_nobodys_balances(run: Readjudicated) -> None:
    fewer = rows_of(5)
    known = {row["person_id"] for row in fewer["members"]}

    assert fewer["accumulator_events"] == [
        row for row in run.rows["accumulator_events"] if row["person_id"] in known
    ]
