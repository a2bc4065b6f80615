"""Another grouper gives the same groups: random stays, and all of templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from drg_judging import judged, lines, medical_stays, stays_of, surgical_stays, verdict
from healthsim.persistence.database import open_read
from template_runs import DAILY, stored

_STAYING = tuple(sorted({
    "bariatric-episode", "cardiac-surgery-episode", "care-transition", "ckd-lifecycle", "copd-year",
    "emergency-visit-episode", "heart-failure-exacerbation", "heart-failure-first-year",
    "pediatric-asthma-year", "pregnancy", "surgical-episode", "well-child-schedule",
}))  # fmt: skip


@pytest.mark.parametrize("version", [3, 4, 6])
def test_another_grouper_says_the_same_of_5000_random_stays_of_each_kind(version: int) -> None:
    medical = verdict(medical_stays(5_000, seed=2, version=version))
    surgical = verdict(surgical_stays(5_000, seed=2, version=version))

    assert medical.agreed >= 0.97, list(lines(medical.differing))[:20]
    assert surgical.agreed >= 0.93, list(lines(surgical.differing))[:20]


@pytest.mark.parametrize("pair", [pair for pair in DAILY if pair[1] in _STAYING], ids=str)
def test_another_grouper_says_the_same_of_every_stay_of_a_template(
    pair: tuple[str, str], tmp_path: Path
) -> None:
    profile, journey = pair
    with open_read(stored(tmp_path, profile, (journey,), 1_000)) as connection:
        stays = stays_of(connection)

    differing = [(stay, judged(stay), drg) for stay, drg in stays
                 if judged(stay) != drg and stay.status not in {"20", "02"}]  # fmt: skip
    assert list(lines(differing)) == []
