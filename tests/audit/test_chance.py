from __future__ import annotations

import numpy as np
import pytest
from scipy.special import bdtr, pdtr

from healthsim.audit import chance
from healthsim.audit.comparison import share

ONE_SIDE = 0.00135  # of a normal figure, beyond three standard errors


@pytest.mark.parametrize(("asked", "stated"), [(30, 0.02), (200, 0.5), (4_000, 0.9), (10, 0.0)])
def test_a_share_lies_outside_its_bounds_as_seldom_as_a_normal_figure(
    asked: int, stated: float
) -> None:
    bounds = chance.of_share(asked, stated, asked * stated * (1 - stated))
    low, high = round(bounds.low * asked), round(bounds.high * asked)

    assert low == 0 or bdtr(low - 1, asked, stated) <= ONE_SIDE
    assert 1 - bdtr(high, asked, stated) <= ONE_SIDE
    assert bounds.low <= stated <= bounds.high


@pytest.mark.parametrize("expected", [0.5, 3.0, 40.0, 5_000.0])
def test_a_count_lies_outside_its_bounds_as_seldom_as_a_normal_figure(expected: float) -> None:
    bounds = chance.of_count(expected)

    assert bounds.low == 0 or pdtr(bounds.low - 1, expected) <= ONE_SIDE
    assert 1 - pdtr(bounds.high, expected) <= ONE_SIDE
    assert 1 - pdtr(bounds.high - 1, expected) > ONE_SIDE
    assert not bounds.hold(expected + 5 * expected**0.5 + 3)


def test_bounds_are_not_wider_than_chance_needs() -> None:
    for asked, stated in ((400, 0.1), (10_000, 0.35)):
        bounds, error = chance.of_share(asked, stated, asked * stated * (1 - stated)), 3 * (
            stated * (1 - stated) / asked) ** 0.5  # fmt: skip
        assert bounds.high - stated == pytest.approx(error, abs=2 / asked)
        assert stated - bounds.low == pytest.approx(error, abs=2 / asked)


def test_chances_that_differ_vary_less_than_one_chance_for_all() -> None:
    chances = np.repeat([0.05, 0.95], 500)
    bounds = chance.of_share(1_000, 0.5, float((chances * (1 - chances)).sum()))

    assert bounds.high - 0.5 == pytest.approx(3 * 47.5**0.5 / 1_000)


@pytest.mark.parametrize(("got", "ok"), [(3, True), (4, True), (6, False)])
def test_a_rare_share_has_the_bounds_of_a_count(got: int, ok: bool) -> None:
    row = share("rare", np.full(28, 0.035), np.arange(28) < got)

    assert row.ok is ok
    assert row.low == 0
