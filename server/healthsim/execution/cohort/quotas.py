"""Exact counts by group: the parts of a profile that need the whole population, and who is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.population_pass import StratumCounts
from healthsim.specification.language.expressions import Scope
from healthsim.specification.profiles.clinical import Group
from healthsim.specification.profiles.dependencies import needs_of, transitive_needs
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded


@dataclass(frozen=True)
class QuotaStep:
    """A part of a profile with exact counts of groups of the whole population.

    Attributes:
        part: its name among the profile's parts.
        address: of its draws; the population step is named after it.
        path: where it stands in the document.
        limited_to: who else can be in a group, as the end of a sentence; empty for everybody.
        needs: every part that must be drawn before it, and itself.
    """

    part: str
    address: str
    path: str
    limited_to: str
    groups: tuple[Group, ...]
    needs: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the population step."""
        return f"{self.address}/exactly"

    def problems(self, counted: StratumCounts) -> Iterator[Problem]:
        """Yield the groups that have fewer people than their exact count."""
        for place, group in enumerate(self.groups):
            available = counted.size(str(place))
            if group.count > available:
                yield Problem(
                    f"profile.{self.path}.exactly[{place}]",
                    f"asks for {group.count} of the people with {group.when}, and there are "
                    f"{available}{self.limited_to}",
                    f"lower it to {available} or raise how many people with {group.when} there are",
                )


def quota_levels(profile: ProfileSpec) -> tuple[tuple[QuotaStep, ...], ...]:
    """Return the parts that count groups, level by level; parts of one level are independent."""
    levels: list[tuple[QuotaStep, ...]] = []
    waiting = list(_steps(profile))
    while waiting:
        open_ = {step.part for step in waiting}
        levels.append(tuple(step for step in waiting if not (step.needs - {step.part}) & open_))
        waiting = [step for step in waiting if step not in levels[-1]]
    return tuple(levels)


def _steps(profile: ProfileSpec) -> Iterator[QuotaStep]:
    needs = needs_of(profile)
    for comorbidity in profile.clinical.comorbidities:
        if comorbidity.groups:
            code = comorbidity.code
            part, path = f"has {code}", f"clinical.comorbidities[{code}]"
            limited_to, needed = f" who can have {code}", transitive_needs(part, needs)
            yield QuotaStep(part, f"clinical.{code}", path, limited_to, comorbidity.groups, needed)
    for medication in profile.clinical.medications:
        if medication.groups:
            drug = medication.drug
            part, path = f"takes {drug}", f"clinical.medications[{drug}]"
            address, needed = f"clinical.medications.{drug}", transitive_needs(part, needs)
            yield QuotaStep(part, address, path, "", medication.groups, needed)


def in_exact_quota(
    draws: Draws,
    address: str,
    groups: Sequence[Group],
    scope: Scope,
    can: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return who is among the exact count of their group, bool, shape (n,).

    While the population is still being counted, nobody is.

    Args:
        draws: numbers of the chunk.
        address: of the quota.
        groups: people are in the first whose condition is true for them.
        scope: what conditions see.
        can: who can be in the quota; the others are in no group.
    """
    group_of = np.full(scope.size, -1, dtype=np.int32)
    for place, group in enumerate(groups):
        group_of[can & (group_of < 0) & group.when.holds(scope)] = place
    strata = Coded(group_of, tuple(str(place) for place in range(len(groups))))
    standing = draws.population_pass.ranks(f"{address}/exactly", draws.person_ids(), strata)
    chosen = np.zeros(scope.size, dtype=np.bool_)
    if standing is None:
        return chosen
    for place, group in enumerate(groups):
        rows = np.flatnonzero((group_of == place) & (standing.rank >= 0))
        if len(rows):
            size = int(standing.size[rows[0]])
            key = f"{address}/exactly/{group.when}"
            chosen[rows] = draws.permuted(key, standing.rank[rows], size) < group.count
    return chosen
