"""One figure of a specification beside what the rows hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.audit import chance

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure: what was asked for and what was got.

    Attributes:
        what: the figure, and of which people where not of everybody.
        asked: the figure that was asked for; ``"conditional"`` where it depends on what no table
            stores; ``"not judged: "`` and the reason where nothing can be expected.
        got: the figure that the tables hold.
        low: least value that chance explains; None where nothing is expected.
        high: greatest value that chance explains.
        ok: whether `got` lies between them; None where nothing is expected.
    """

    what: str
    asked: float | int | str | None
    got: float | int | str | None
    low: float | None = None
    high: float | None = None
    ok: bool | None = None


def not_judged(what: str, why: str, got: float | int | str | None = None) -> Comparison:
    """Return a figure that is shown but not judged, with the reason."""
    return Comparison(what, f"not judged: {why}", got)


def compare_exact(what: str, asked: int, got: int) -> Comparison:
    """Compare a count that must be met exactly."""
    return Comparison(what, asked, got, asked, asked, got == asked)


def compare_within(what: str, asked: float, got: float, error: float) -> Comparison:
    """Compare a figure that may lie `error` to either side of what was asked."""
    low, high = asked - error, asked + error
    ok = low - 1e-9 <= got <= high + 1e-9
    return Comparison(what, round(asked, 4), round(got, 4), round(low, 4), round(high, 4), ok)


def share(what: str, chances: NDArray[np.float64], has: NDArray[np.bool_]) -> Comparison:
    """Compare a share with the mean of everybody's chances, within three standard errors.

    Where few are expected, or few others, the bounds are the exact ones of a count.
    """
    if not len(chances):
        return Comparison(what, None, None)
    asked, got = float(chances.mean()), float(has.mean())
    variance = float((chances * (1 - chances)).sum())
    if variance >= chance.MANY or variance < _ROUNDING:
        return compare_within(what, asked, got, 3 * variance**0.5 / len(chances))
    bounds = chance.of_share(len(chances), asked, variance)
    low, high = round(bounds.low, 4), round(bounds.high, 4)
    return Comparison(what, round(asked, 4), round(got, 4), low, high, bounds.hold(got))


def got_only(
    what: str, has: NDArray[np.bool_], why: str = "it depends on what no table stores"
) -> Comparison:
    """Return a share that is shown but not judged, with the reason."""
    return not_judged(what, why, round(float(has.mean()), 4) if len(has) else None)
