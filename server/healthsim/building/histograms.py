"""The shape of a distribution of numbers as a line of blocks, from its quantiles: nothing is drawn.

The same distribution always has the same picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_BLOCKS = " ▁▂▃▄▅▆▇█"
_BARS = 12  # of a picture
_FEW = 18  # different values that each get a bar of their own
_SLIGHT = 0.1  # of an eighth: quantiles are counted, and one more or fewer is no difference
_POINTS = 2000  # quantiles that are counted
_TAIL = 0.005  # of each end, left out of a picture without bounds


def histogram(value: Any, *, whole: bool = False) -> str:
    """Return bars, range and median of a distribution; empty where it has no one shape.

    A condition, a formula or a population figure has no shape before people are drawn.

    Args:
        value: a distribution as a draft holds it, finished or not.
        whole: the numbers count completed units, such as years of age.

    >>> histogram({"type": "uniform", "low": 0, "high": 17, "decimals": 0})
    '██████████████████ 0 to 17, half up to 8'
    >>> histogram({"type": "normal"}), histogram({"M": 0.5, "F": 0.5}), histogram(70)
    ('', '', '')
    """
    quantiles = _quantiles(value)
    if quantiles is None:
        return ""
    numbers, bounds = quantiles
    if whole:
        numbers = [float(math.floor(number)) for number in numbers]
    low, high = (
        bound if math.isfinite(bound) and not whole else end
        for bound, end in zip(bounds, (numbers[0], numbers[-1]), strict=True)
    )
    if low == high:
        return ""
    median = numbers[len(numbers) // 2 - 1]
    return f"{_bars(numbers)} {low:.4g} to {high:.4g}, half up to {median:.4g}"


def _quantiles(value: Any) -> tuple[list[float], tuple[float, float]] | None:
    """Return evenly spaced quantiles, rising, and the bounds; None where there are none."""
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return None
    # numpy and scipy come with distributions, and this module is on the way to tools/list
    import numpy as np  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    from healthsim.specification.distributions.base import DrawInput  # noqa: PLC0415
    from healthsim.specification.distributions.kinds import parse_distribution  # noqa: PLC0415
    from healthsim.tables import Coded  # noqa: PLC0415

    try:
        distribution = parse_distribution(value)
    except ValidationError:
        return None
    plain = distribution.unconditional and not any(distribution.measures())
    if distribution.kind != "number" or not plain or distribution.total is not None:
        return None
    low, high = distribution.range()
    first = 0.0 if math.isfinite(low) else _TAIL
    last = 1.0 if math.isfinite(high) else 1 - _TAIL
    u = first + (last - first) * (np.arange(_POINTS) + 0.5) / _POINTS
    drawn = distribution.values(DrawInput(u, np.arange(_POINTS)))
    return None if isinstance(drawn, Coded) else (sorted(drawn.tolist()), (low, high))


def _bars(numbers: Sequence[float]) -> str:
    """Return a bar for each of a few whole values, or for each of `_BARS` equal intervals."""
    low, high = numbers[0], numbers[-1]
    steps = round(high - low) + 1
    whole = all(number == int(number) for number in numbers)
    width = float(math.ceil(steps / (_FEW if steps <= _FEW else _BARS))) if whole else (
        high - low) / _BARS  # fmt: skip
    bars = math.ceil(steps / width) if whole else _BARS
    counts = [0.0] * bars
    for number in numbers:
        counts[min(int((number - low) / width), bars - 1)] += 1
    if whole:
        counts[-1] *= width / (steps - (bars - 1) * width)  # the last may be of fewer values
    most = max(counts)
    return "".join(_BLOCKS[math.ceil(8 * count / most - _SLIGHT)] for count in counts)
