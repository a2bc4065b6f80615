"""The picture of a distribution: bars, range and median, the same every time."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building.histograms import histogram


def test_a_bell_rises_and_falls_within_its_range() -> None:
    said = histogram({"type": "normal", "mean": 50, "sd": 10, "low": 20, "high": 80})
    bars, _, rest = said.partition(" ")
    heights = [" ▁▂▃▄▅▆▇█".index(bar) for bar in bars]

    assert rest == "20 to 80, half up to 49.99"
    assert len(bars) == 12
    assert max(heights[5:7]) == 8
    assert heights == heights[::-1]
    assert heights[:6] == sorted(heights[:6])


def test_ages_count_completed_years() -> None:
    age = {"type": "uniform", "low": 0, "high": 17}

    assert histogram(age, whole=True).endswith("0 to 16, half up to 8")
    assert histogram({**age, "decimals": 0}, whole=True).endswith("0 to 17, half up to 8")


def test_a_few_whole_values_have_a_bar_each() -> None:
    said = histogram({"type": "explicit", "values": [1, 2, 2, 2, 4]})

    assert said == "▃█ ▃ 1 to 4, half up to 2"


def test_the_tails_of_what_has_no_bounds_are_left_out() -> None:
    said = histogram({"type": "normal", "mean": 0, "sd": 1, "decimals": 1})

    assert said.endswith("-2.6 to 2.6, half up to 0")


@pytest.mark.parametrize(
    "value",
    [
        70, "x", None, {}, {"M": 0.5, "F": 0.5}, {"type": "normal"}, {"type": "no such"},
        {"type": 3}, {"type": "constant", "value": 70},
        {"type": "population", "measure": "age"},
        {"type": "formula", "value": "age / 2"},
        {"type": "conditional", "cases": [{"when": "age > 60", "then": 1}], "otherwise": 2},
        {"type": "explicit", "values": ["a", "b"]},
        {"type": "normal", "mean": float("nan"), "sd": 1},
    ],
)  # fmt: skip
def test_what_has_no_one_shape_has_no_picture(value: Any) -> None:
    assert histogram(value) == ""


def test_a_mixture_shows_both_of_its_hills() -> None:
    hill = {"type": "normal", "sd": 1, "decimals": 1}
    said = histogram({"type": "mixture", "parts": [
        {"weight": 0.5, "of": {**hill, "mean": 10}}, {"weight": 0.5, "of": {**hill, "mean": 40}},
    ]})  # fmt: skip
    bars = said.partition(" ")[0]

    assert said.startswith("█")
    assert " " in said[:12]
    assert bars


@pytest.mark.parametrize("high", [17, 30, 49, 64, 85])
def test_ages_that_are_equally_likely_have_bars_of_one_height(high: int) -> None:
    said = histogram({"type": "uniform", "low": 0, "high": high, "decimals": 0}, whole=True)

    assert set(said.partition(" ")[0]) == {"█"}
    assert said.endswith(f"0 to {high}, half up to {high // 2}")
