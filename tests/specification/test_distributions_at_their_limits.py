"""Each limit of a distribution's parameters is accepted, and one step beyond it is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from healthsim.errors import SpecError
from healthsim.specification.distributions.kinds import parse_distribution


def uniform(low: float, high: float, **more: Any) -> dict[str, Any]:
    return {"type": "uniform", "low": low, "high": high, **more}


def normal(mean: float) -> dict[str, Any]:
    return {"type": "normal", "mean": mean, "sd": 1}


def bands(*edges: tuple[float, float], **more: Any) -> dict[str, Any]:
    share = 1 / len(edges)
    listed = [{"low": low, "high": high, "weight": share} for low, high in edges]
    return {"type": "bands", "bands": listed, **more}


def triangular(mode: float) -> dict[str, Any]:
    return {"type": "triangular", "low": 1, "mode": mode, "high": 5}


def beta(mean: float, concentration: float = 3) -> dict[str, Any]:
    return {"type": "beta", "mean": mean, "concentration": concentration}


def points(**shares: float) -> dict[str, Any]:
    return {"type": "quantiles", "points": {key[1:].replace("_", "."): at
                                            for key, at in shares.items()}}  # fmt: skip


def parts(first: float, second: float) -> dict[str, Any]:
    return {"type": "mixture", "parts": [{"weight": first, "of": 1}, {"weight": second, "of": 2}]}


WITHIN: tuple[tuple[str, Any], ...] = (
    ("largest number", 1e15), ("smallest number", -1e15),
    ("largest mean", normal(1e15)), ("smallest mean", normal(-1e15)),
    ("longest label", {"a" * 200: 1}),
    ("no decimals", uniform(1, 2, decimals=0)), ("most decimals", uniform(1, 2, decimals=9)),
    ("one number between", uniform(0.05, 0.14, decimals=1)),
    ("mode at the low", triangular(1)), ("mode at the high", triangular(5)),
    ("mean of a share", beta(0.001)), ("mean of a share, high", beta(0.999)),
    ("concentration", beta(0.5, 1e6)), ("shape", {"type": "weibull", "scale": 1, "shape": 0.05}),
    ("mean of a count", {"type": "poisson", "mean": 1e6}),
    ("bands that touch", bands((0, 5), (5, 9))),
    ("the last number of a band", bands((4, 5), decimals=0)),
    ("two percentiles", points(p0_1=1, p0_9=2)), ("a flat stretch", points(p0_1=1, p0_9=1)),
    ("the ends of the tails", points(p0=1, p1=2)),
    ("parts", parts(0.5, 0.499)), ("parts above", parts(0.5, 0.501)),
    ("a weight of nothing", {"a": 0, "b": 1}),
    ("as many bands as may be", bands(*((n, n + 1) for n in range(500)))),
)  # fmt: skip
BEYOND: tuple[tuple[str, Any], ...] = (
    ("largest number", 1.01e15), ("smallest number", -1.01e15),
    ("largest mean", normal(1.01e15)), ("smallest mean", normal(-1.01e15)),
    ("longest label", {"a" * 201: 1}), ("empty label", {"": 1}), ("blank label", {"  ": 1}),
    ("no decimals", uniform(1, 2, decimals=-1)), ("most decimals", uniform(1, 2, decimals=10)),
    ("no number between", uniform(0.11, 0.14, decimals=1)),
    ("low and high", uniform(1, 1)), ("high below low", uniform(2, 1)),
    ("mode at the low", triangular(0.99)), ("mode at the high", triangular(5.01)),
    ("mean of a share", beta(0)), ("mean of a share, high", beta(1)),
    ("concentration", beta(0.5, 1.0001e6)),
    ("shape", {"type": "weibull", "scale": 1, "shape": 0.0499}),
    ("mean of a count", {"type": "poisson", "mean": 1.0001e6}),
    ("bands that overlap", bands((0, 5), (4.99, 9))),
    ("the last number of a band", bands((4.1, 5), decimals=0)),
    ("two percentiles", points(p0_1=1)), ("a falling stretch", points(p0_1=1, p0_9=0.99)),
    ("one percentile twice", points(p0_1=1, p0_10=1)),
    ("the ends of the tails", points(p0=1, p1_01=2)),
    ("parts", parts(0.5, 0.4989)), ("parts above", parts(0.5, 0.5011)),
    ("a weight below nothing", {"a": -0.1, "b": 1.1}),
    ("as many bands as may be", bands(*((n, n + 1) for n in range(501)))),
)  # fmt: skip


@pytest.mark.parametrize("value", [value for _, value in WITHIN], ids=[name for name, _ in WITHIN])
def test_a_limit_of_a_distribution_is_accepted(value: Any) -> None:
    found = parse_distribution(value)

    assert found.kind in ("number", "text")
    if isinstance(value, dict) and value.get("type") in ("uniform", "bands"):
        drawn = found.quantile(np.array([1e-9, 0.5, 1 - 1e-9]))
        low, high = found.range()
        assert ((drawn >= low) & (drawn <= high)).all()


@pytest.mark.parametrize("value", [value for _, value in BEYOND], ids=[name for name, _ in BEYOND])
def test_what_lies_beyond_a_limit_of_a_distribution_is_refused(value: Any) -> None:
    with pytest.raises((SpecError, ValueError)):
        parse_distribution(value)
