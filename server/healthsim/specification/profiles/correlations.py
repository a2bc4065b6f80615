"""What is drawn together: how the normal score of one is mixed from those of others.

A Gaussian copula: each attribute keeps its own distribution, each condition its share, and only the
uniform that it is drawn by changes. The second-named attribute of a correlation is mixed from the
first and its own chance, so the first does not move; a condition with a loading is mixed from the
factor that all conditions of a person share and its own chance, so the other conditions do not.
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
_LEAST_OWN = 1e-6  # share of variance that an attribute must keep for its own chance


@dataclass(frozen=True)
class Blend:
    """A normal score as a weighted sum.

    Attributes:
        weights: weight of each other attribute's score.
        own: weight of the attribute's own chance.
    """

    weights: tuple[tuple[str, float], ...]
    own: float


SHARED_FACTOR = "clinical.shared_factor"
"""Address of the one factor that all conditions of a person share."""


def factor_blend(loading: float) -> Blend:
    """Return how a condition is mixed that loads on the shared factor.

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
    """Return how each second-named attribute is mixed.

    Raises:
        SpecError: correlations go in a circle, or cannot hold together.
    """
    asked: dict[str, dict[str, float]] = {}
    for one in profile.correlations:
        asked.setdefault(one.between[1], {})[one.between[0]] = pearson(one.rank)
    found: dict[str, Blend] = {}
    known: dict[str, dict[str, float]] = {}
    for name in _in_order(profile.correlations):
        blend = _blend(profile, name, asked.get(name, {}), known)
        if blend.weights:
            found[name] = blend
        with_others = {
            other: float(sum(weight * known[cause].get(other, float(cause == other))
                             for cause, weight in blend.weights))
            for other in known
        }  # fmt: skip
        for other, value in with_others.items():
            known[other][name] = value
        known[name] = {**with_others, name: 1.0}
    return found


def _blend(
    profile: ProfileSpec,
    name: str,
    asked: Mapping[str, float],
    known: Mapping[str, Mapping[str, float]],
) -> Blend:
    if not asked:
        return Blend((), 1.0)
    causes = list(asked)
    among = np.array([[known[one][other] for other in causes] for one in causes])
    wanted = np.array([asked[cause] for cause in causes])
    weights = np.round(np.linalg.solve(among, wanted), _DECIMALS)
    own = 1 - float((weights * wanted).sum())
    if own < _LEAST_OWN:
        place = next(number for number, one in enumerate(profile.correlations)
                     if one.between[1] == name)  # fmt: skip
        raise SpecError([Problem(
            f"profile.correlations[{place}]",
            f"{name} cannot go with {' and '.join(causes)} so closely at once",
            "bring the ranks nearer to 0",
        )])  # fmt: skip
    return Blend(
        tuple((cause, float(weight)) for cause, weight in zip(causes, weights, strict=True)),
        round(own**0.5, _DECIMALS),
    )


def _in_order(correlations: tuple[Correlation, ...]) -> tuple[str, ...]:
    """Return the attributes, each behind those that it goes with.

    Raises:
        SpecError: for a circle, naming it.
    """
    waits: dict[str, list[str]] = {}  # lists: the order must not depend on how texts are hashed
    for one in correlations:
        waits.setdefault(one.between[0], [])
        waits.setdefault(one.between[1], []).append(one.between[0])
    try:
        return tuple(TopologicalSorter(waits).static_order())
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise SpecError([Problem(
            "profile.correlations", f"go in a circle: {circle}", "swap or remove one of them"
        )]) from None  # fmt: skip
