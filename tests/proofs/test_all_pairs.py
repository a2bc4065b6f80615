"""Every journey that a fifth of a profile can walk comes out as both expect, and no rule of the
audit is broken: `make proofs`.

`make test` runs the pairs of `template_runs.DAILY`, in which every profile and journey stands.
`PYTHONPATH=tests:server python -m pair_runs TABLE` runs the same pairs one by one, in a run that
may be stopped and continued.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pair_runs import faults
from template_runs import DAILY, FILES, LEAST, PROFILES, RARE, TOGETHER, eligible, walked_by


def test_every_template_is_run_with_another_and_the_daily_pairs_are_of_those() -> None:
    walked = {profile: walked_by(profile) for profile in PROFILES}
    named = {name for profile, journeys in TOGETHER for name in (profile, *journeys)}
    named |= {name for profile in PROFILES for name in (profile, *walked[profile])}

    assert {path.stem for path in FILES} - named == set()
    assert [pair for pair in DAILY if pair[1] not in walked[pair[0]]] == []
    assert [name for name in PROFILES if eligible(name, RARE[1]) >= LEAST] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_all_journeys_that_a_fifth_of_a_profile_can_walk_come_out_as_they_expect(
    profile: str, tmp_path: Path
) -> None:
    assert [
        f"{journey}: {fault}"
        for journey in walked_by(profile)
        for fault in faults(tmp_path, profile, (journey,))
    ] == []


@pytest.mark.parametrize(("profile", "journeys"), TOGETHER, ids=str)
def test_no_rule_of_the_audit_is_broken_where_journeys_run_together(
    profile: str, journeys: tuple[str, ...], tmp_path: Path
) -> None:
    assert faults(tmp_path, profile, journeys) == []
