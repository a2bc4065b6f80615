"""Exact counts by group: which of a profile's parts must see everybody, and who is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.population_pass import StratumCounts
from healthsim.specification.language.expressions import Scope
from healthsim.specification.profiles.dependencies import needs_of, transitive_needs
from healthsim.specification.profiles.profile import Group, ProfileSpec
from healthsim.tables import Coded


@dataclass(frozen=True)
class QuotaStep:
    """A part of a profile that counts groups of everybody.

    Attributes:
        part: its name among the profile's parts.
        address: of its draws; the population step is named after it.
        path: where it stands in the document.
        of: whom besides it is for, as a half sentence.
        needs: every part that must be drawn before it, and itself.
    """

    part: str
    address: str
    path: str
    of: str
    groups: tuple[Group, ...]
    needs: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the population step."""
        return f"{self.address}/exactly"

    def problems(self, counted: StratumCounts) -> Iterator[Problem]:
        """Yield the groups that are smaller than what is asked of them."""
        for place, group in enumerate(self.groups):
            there = counted.size(str(place))
            if group.count > there:
                yield Problem(
                    f"profile.{self.path}.exactly[{place}]",
                    f"asks for {group.count} of the people with {group.when}, and there are "
                    f"{there}{self.of}",
                    f"lower it to {there} or raise how many people with {group.when} there are",
                )


def quota_levels(profile: ProfileSpec) -> tuple[tuple[QuotaStep, ...], ...]:
    """Return the parts that count groups: those of one level do not need each other."""
    levels: list[tuple[QuotaStep, ...]] = []
    waiting = list(_steps(profile))
    while waiting:
        open_ = {one.part for one in waiting}
        levels.append(tuple(one for one in waiting if not (one.needs - {one.part}) & open_))
        waiting = [one for one in waiting if one not in levels[-1]]
    return tuple(levels)


def _steps(profile: ProfileSpec) -> Iterator[QuotaStep]:
    needs = needs_of(profile)
    for one in profile.clinical.comorbidities:
        if one.groups:
            part, path = f"has {one.code}", f"clinical.comorbidities[{one.code}]"
            of = f" who can have {one.code}"
            whole = transitive_needs(part, needs)
            yield QuotaStep(part, f"clinical.{one.code}", path, of, one.groups, whole)
    for drug in profile.clinical.medications:
        if drug.groups:
            part, path = f"takes {drug.drug}", f"clinical.medications[{drug.drug}]"
            whole = transitive_needs(part, needs)
            address = f"clinical.medications.{drug.drug}"
            yield QuotaStep(part, address, path, "", drug.groups, whole)


def in_exact_quota(
    draws: Draws,
    address: str,
    groups: Sequence[Group],
    scope: Scope,
    can: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return who is among the exact count of their group, bool, shape (n,).

    Nobody is while people are being counted.

    Args:
        draws: numbers of the chunk.
        address: of the quota.
        groups: people are in the first that fits.
        scope: what conditions see.
        can: who can have it at all; the others are in no group.
    """
    group_of = np.full(scope.size, -1, dtype=np.int32)
    for place, group in enumerate(groups):
        here = can & (group_of < 0) & group.when.holds(scope)
        group_of[here] = place
    strata = Coded(group_of, tuple(str(place) for place in range(len(groups))))
    standing = draws.population_pass.standing(f"{address}/exactly", draws.person_ids(), strata)
    found = np.zeros(scope.size, dtype=np.bool_)
    if standing is None:
        return found
    for place, group in enumerate(groups):
        rows = np.flatnonzero((group_of == place) & (standing.rank >= 0))
        if len(rows):
            size = int(standing.size[rows[0]])
            key = f"{address}/exactly/{group.when}"
            found[rows] = draws.permuted(key, standing.rank[rows], size) < group.count
    return found
