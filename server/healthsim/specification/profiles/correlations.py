"""Correlated draws: how the normal score of one attribute or condition is mixed from others.

A Gaussian copula: each attribute keeps its distribution and each condition its share; only the
uniform number that it is drawn from changes. The second-named attribute of a correlation is mixed
from the first and its own random number, so the first does not change. A condition with a loading
is mixed from the factor that all conditions of a person share and its own random number, so the
other conditions do not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from math import pi, sin

import numpy as np

from healthsim.errors import Problem, SpecError
from healthsim.specification.profiles.profile import Correlation, ProfileSpec

_DECIMALS = 12  # linear algebra may differ in the last bits from one processor to another
_LEAST_OWN = 1e-6  # share of its variance that an attribute must keep for its own random number


@dataclass(frozen=True)
class Blend:
    """A normal score as a weighted sum.

    Attributes:
        weights: weight of each other attribute's score.
        own: weight of the attribute's own random number.
    """

    weights: tuple[tuple[str, float], ...]
    own: float


SHARED_FACTOR = "clinical.shared_factor"
"""Address of the one factor that all conditions of a person share."""


def factor_blend(loading: float) -> Blend:
    """Return the mix of a condition that loads on the shared factor.

    >>> factor_blend(0.6)
    Blend(weights=(('clinical.shared_factor', 0.6),), own=0.8)
    """
    return Blend(((SHARED_FACTOR, loading),), round((1 - loading**2) ** 0.5, _DECIMALS))


def pearson(rank: float) -> float:
    """Return the correlation of normal scores whose rank correlation is `rank`.

    >>> round(pearson(0.4), 4)
    0.4158
    """
    return 2 * sin(pi * rank / 6)


def blends(profile: ProfileSpec) -> dict[str, Blend]:
    """Return the mix of each second-named attribute.

    Raises:
        SpecError: correlations form a cycle, or are not possible together.
    """
    targets: dict[str, dict[str, float]] = {}
    for correlation in profile.correlations:
        cause, effect = correlation.between
        targets.setdefault(effect, {})[cause] = pearson(correlation.rank)
    mixes: dict[str, Blend] = {}
    known: dict[str, dict[str, float]] = {}  # correlations of the attributes so far
    for name in _in_order(profile.correlations):
        blend = _blend(profile, name, targets.get(name, {}), known)
        if blend.weights:
            mixes[name] = blend
        with_others = {
            other: float(sum(weight * known[cause].get(other, float(cause == other))
                             for cause, weight in blend.weights))
            for other in known
        }  # fmt: skip
        for other, value in with_others.items():
            known[other][name] = value
        known[name] = {**with_others, name: 1.0}
    return mixes


def _blend(
    profile: ProfileSpec,
    name: str,
    targets: Mapping[str, float],
    known: Mapping[str, Mapping[str, float]],
) -> Blend:
    if not targets:
        return Blend((), 1.0)
    causes = list(targets)
    among = np.array([[known[cause][other] for other in causes] for cause in causes])
    target = np.array([targets[cause] for cause in causes])
    weights = np.round(np.linalg.solve(among, target), _DECIMALS)
    own = 1 - float((weights * target).sum())
    if own < _LEAST_OWN:
        effects = [correlation.between[1] for correlation in profile.correlations]
        raise SpecError([Problem(
            f"profile.correlations[{effects.index(name)}]",
            f"{name} cannot be correlated with {' and '.join(causes)} so strongly at once",
            "bring the ranks nearer to 0",
        )])  # fmt: skip
    return Blend(
        tuple((cause, float(weight)) for cause, weight in zip(causes, weights, strict=True)),
        round(own**0.5, _DECIMALS),
    )


def _in_order(correlations: tuple[Correlation, ...]) -> tuple[str, ...]:
    """Return the attributes, each after those that it is mixed from.

    Raises:
        SpecError: for a cycle, naming it.
    """
    waits: dict[str, list[str]] = {}  # lists: the order must not depend on how texts are hashed
    for correlation in correlations:
        waits.setdefault(correlation.between[0], [])
        waits.setdefault(correlation.between[1], []).append(correlation.between[0])
    try:
        return tuple(TopologicalSorter(waits).static_order())
    except CycleError as error:
        cycle = " → ".join(error.args[1])
        raise SpecError([Problem(
            "profile.correlations", f"form a cycle: {cycle}", "swap or remove one of them"
        )]) from None  # fmt: skip
