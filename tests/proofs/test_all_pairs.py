"""Every journey that a fifth of a profile can walk comes out as both expect: `make proofs`.

`make test` runs the pairs of `template_runs.DAILY`, in which every profile and journey stands.
"""

from __future__ import annotations

import pytest

from template_runs import DAILY, FILES, PROFILES, TOGETHER, missed, walked_by


def test_every_template_is_run_with_another_and_the_daily_pairs_are_of_those() -> None:
    walked = {profile: walked_by(profile) for profile in PROFILES}
    named = {name for profile, journeys in TOGETHER for name in (profile, *journeys)}
    named |= {name for profile in PROFILES for name in (profile, *walked[profile])}

    assert {path.stem for path in FILES} - named == set()
    assert [pair for pair in DAILY if pair[1] not in walked[pair[0]]] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_all_journeys_that_a_fifth_of_a_profile_can_walk_come_out_as_they_expect(
    profile: str,
) -> None:
    assert [one for journey in walked_by(profile) for one in missed(profile, journey)] == []
