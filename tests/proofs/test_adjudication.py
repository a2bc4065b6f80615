"""20,000 claims and 20,000 fills of mixed plans, decided again by the independent adjudicator."""

from __future__ import annotations

from readjudicated import Readjudicated


def test_twenty_thousand_claims_and_fills_agree_to_the_cent() -> None:
    run = Readjudicated.of(260, seed=5)

    assert len(run.rows["claims"]) >= 20_000
    assert len(run.rows["fills"]) >= 20_000
    assert run.lines_off() == []
    assert run.fills_off() == []
    assert run.events_off() == []
