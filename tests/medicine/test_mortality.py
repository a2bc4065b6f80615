"""The life table, the factors of conditions, and the mean of those factors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from healthsim.medicine import mortality
from healthsim.medicine.datafiles import rows
from healthsim.medicine.mortality import (
    background_causes,
    bit_of,
    combined_factor,
    condition_factors,
    factor_of,
    mean_factor,
    yearly_hazards,
)
from healthsim.streams import Streams


def _factor(*codes: str, age: int = 60) -> float:
    held = np.array([bit_of(codes)], dtype=np.int64)
    return float(combined_factor(held, np.array([age], dtype=np.int32))[0])


def test_the_life_table_is_that_of_the_social_security_administration() -> None:
    hazard = yearly_hazards()

    assert hazard.shape == (3, 120)
    assert 1 - np.exp(-hazard[:2, 65]) == pytest.approx([0.011018, 0.017897])
    assert (hazard[1, 1:110] > hazard[0, 1:110]).all()
    assert hazard[2] == pytest.approx((hazard[0] + hazard[1]) / 2)


def test_a_code_has_the_factor_of_its_longest_beginning() -> None:
    found = {code: condition_factors()[factor_of(code)].key
             for code in ("C34.11", "C61", "C78.7", "N18.30", "N18.31", "I11.0")}  # fmt: skip

    assert found == {"C34.11": "cancer_lung", "C61": "cancer", "C78.7": "cancer_spread",
                     "N18.30": "ckd_3", "N18.31": "ckd_3a", "I11.0": "heart_failure"}  # fmt: skip
    assert factor_of("Z00.00") == -1


def test_a_further_condition_never_lowers_the_factor_and_adds_less_than_alone() -> None:
    alone, both = _factor("I50.9"), _factor("I50.9", "E11.9")

    assert alone == pytest.approx(2.3)
    assert both == pytest.approx(2.3 * 1.8**0.8)
    assert _factor("I50.9", "E11.9", "J44.9") == pytest.approx(2.3 * 1.8**0.8 * 1.8**0.65)


def test_of_one_family_the_worst_counts_alone_and_many_are_capped() -> None:
    assert _factor("N18.31", "N18.4") == pytest.approx(3.2)
    assert _factor("C34.1", "C78.7") == pytest.approx(10)
    assert _factor("N18.6", "K74.60", "C78.7", "I50.9", "F03.90") == 12
    assert _factor("G12.21") == 20


def test_relative_risks_shrink_with_age() -> None:
    assert _factor("I50.9", age=90) == pytest.approx(1 + 1.3 * np.exp(-0.5))


def test_the_mean_of_one_condition_is_its_share_of_the_excess() -> None:
    diabetes = mean_factor(bit_of(["E11.9"]))

    assert diabetes[50] == pytest.approx(1 + 0.13 * 0.8, abs=1e-3)
    assert mean_factor(0) == pytest.approx(np.ones(120))


def test_the_mean_of_several_is_that_of_people_who_have_them_together() -> None:
    """Forty thousand people are drawn with the data's shares and one frailty behind all."""
    known = bit_of(["I50.9", "E11.9", "J44.9", "F03.90", "N18.4", "C34.90"])
    numbers = [n for n in range(len(condition_factors())) if known >> n & 1]
    drawn = [ndtri(Streams(5).uniform(f"of-{n}", 0, 40_000)) for n in range(len(numbers) + 1)]
    frailty, own = drawn[-1], drawn[:-1]
    held = np.zeros(40_000, dtype=np.int64)
    for place, number in enumerate(numbers):
        share = condition_factors()[number].prevalence[4]
        latent = 0.5 * frailty + np.sqrt(0.75) * own[place]
        held |= (latent > np.quantile(latent, 1 - share)).astype(np.int64) << number
    got = combined_factor(held, np.full(40_000, 78, dtype=np.int32)).mean()

    assert mean_factor(known)[78] == pytest.approx(got, rel=0.03)


def test_every_cause_of_every_age_and_sex_has_its_share() -> None:
    causes, shares = background_causes()

    assert shares[..., -1] == pytest.approx(np.ones(shares.shape[:2]))
    assert (np.diff(shares, axis=2) >= 0).all()
    assert {one.cause for one in condition_factors()} | set(causes) >= {"I25", "C34", "G30"}


def test_a_factor_below_one_is_refused_with_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tuple(row | {"factor": "0.5"} for row in rows("mortality_factors.csv"))
    monkeypatch.setattr(mortality, "rows", lambda name: broken)

    with pytest.raises(ValueError, match=r"mortality_factors\.csv: ckd_3: factor 0\.5"):
        condition_factors.__wrapped__()
