"""People while they are drawn: what has been drawn so far, and how the next part is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import day_of
from healthsim.execution.cohort.population_measures import COUNTY, PopulationMeasures
from healthsim.execution.cohort.quotas import in_exact_quota
from healthsim.execution.people.diagnoses import ConditionColumns
from healthsim.execution.people.draws import Draws, Values
from healthsim.execution.people.logs import Moment
from healthsim.execution.people.people import ConditionColumn, MedicationColumn
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.distributions.quantiles import of_scores, scores
from healthsim.specification.profiles.correlations import SHARED_FACTOR, Blend, factor_blend
from healthsim.specification.profiles.profile import ProfileSpec, Quota
from healthsim.specification.profiles.roles import roles
from healthsim.tables import Coded

Blends = Mapping[str, Blend]


@dataclass(frozen=True)
class PartDraw:
    """How one part of a profile is drawn."""

    name: str
    draw: Callable[[PartialCohort], None]


@dataclass(frozen=True)
class CohortPlan:
    """How the people of a profile are drawn.

    Attributes:
        parts: the parts of the profile, each after what it needs.
        plans: names of the plan book, by position.
        measures: what population measures stand for.
    """

    profile: ProfileSpec
    parts: tuple[PartDraw, ...]
    plans: tuple[str, ...]
    measures: PopulationMeasures

    def only(self, names: Collection[str]) -> CohortPlan:
        """Return the plan of some parts alone."""
        return replace(self, parts=tuple(part for part in self.parts if part.name in names))


class PartialCohort:
    """People while they are drawn; what conditions see is what has been drawn so far."""

    def __init__(self, plan: CohortPlan, draws: Draws) -> None:
        self.plan, self.profile, self.draws = plan, plan.profile, draws
        self.plans, self.measures = plan.plans, plan.measures
        profile = plan.profile
        self.as_of = np.full(draws.count, day_of(profile.as_of.isoformat()), dtype=np.int32)
        self.values: dict[str, Values] = {
            "month": np.full(draws.count, float(profile.as_of.month)),
            "day": np.zeros(draws.count),
        }
        self.columns: dict[str, NDArray[np.int32]] = {}
        self.problems: dict[str, ConditionColumn] = {}
        self.medications: dict[str, MedicationColumn] = {}

    @property
    def stratified(self) -> bool:
        """Whether draws are stratified: those of anchors, where the profile asks for it."""
        return self.profile.sampling == "balanced" and self.draws.roster is None

    @property
    def size(self) -> int:
        """How many people there are."""
        return self.draws.count

    def name(self, name: str) -> Values:
        """Return what was drawn under a name."""
        if name == "role":
            return self.role
        if name == COUNTY:
            return self.columns["county"].astype(np.float64)
        return self.values[name]

    @property
    def role(self) -> Coded:
        """What each person is to the household."""
        roll = self.draws.roster
        return Coded.constant("self", self.size) if roll is None else roles(roll.place)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Answer `has` and `takes`; a profile has no history."""
        if function == "has":
            moment = Moment(np.arange(self.size), self.as_of, self.size)
            return ConditionColumns(list(self.problems.values()), self.size).has(argument, moment)
        if function == "takes":
            found = np.zeros(self.size, dtype=np.bool_)
            for one in self.medications.values():
                if one.ingredient == argument:
                    found |= one.takes
            return found
        raise KeyError(function)

    def draw(self, decision: str, distribution: Distribution) -> Values:
        """Draw a value for everyone, stratified where the profile asks for balance."""
        chance = self.chance(decision, even=distribution.unconditional)
        return self.draws.values(decision, distribution, None, self, chance=chance)

    def attribute(self, name: str, distribution: Distribution, blends: Blends) -> Values:
        """Draw an attribute for everyone, by its own chance or mixed with that of others."""
        decision = f"attributes.{name}"
        if name not in blends:
            return self.draw(decision, distribution)
        chance = of_scores(self._score(name, blends))
        return self.draws.values(decision, distribution, None, self, chance=chance)

    def _score(self, name: str, blends: Blends) -> NDArray[np.float64]:
        """Return the normal score of everyone's chance for an attribute."""
        blend = blends.get(name)
        if blend is None:
            even = self.profile.attributes[name].unconditional
            return scores(self.chance(f"attributes.{name}", even=even))
        return self._mixed(f"attributes.{name}", blend, lambda other: self._score(other, blends))

    def _mixed(
        self, decision: str, blend: Blend, score: Callable[[str], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return everyone's normal score, mixed from a decision's own chance and other scores."""
        mixed = blend.own * scores(self.draws.uniform(decision))
        for other, weight in blend.weights:
            mixed += weight * score(other)
        return mixed

    @cached_property
    def _shared(self) -> NDArray[np.float64]:
        """The normal score of each person's shared factor: the lower, the more they have."""
        return scores(self.draws.uniform(SHARED_FACTOR))

    def chance(self, decision: str, *, even: bool, loading: float = 0.0) -> NDArray[np.float64]:
        """Return everyone's uniform for a decision.

        Args:
            decision: address of the draw.
            even: whether it may be stratified, where the profile asks for balance.
            loading: how closely it goes with the person's shared factor; such a one is not even.
        """
        if loading:
            mixed = self._mixed(decision, factor_blend(loading), lambda _: self._shared)
            return of_scores(mixed)
        return (
            self.draws.balanced(decision)
            if self.stratified and even
            else self.draws.uniform(decision)
        )

    def numbers(self, decision: str, distribution: Distribution) -> NDArray[np.float64]:
        """Draw a number for everyone."""
        found = self.draw(decision, distribution)
        if isinstance(found, Coded):
            raise TypeError(f"{decision} gives text where a number is needed")
        return found

    def in_quota(
        self,
        decision: str,
        quota: Quota,
        can: NDArray[np.bool_] | None = None,
        loading: float = 0.0,
    ) -> NDArray[np.bool_]:
        """Return who is in a quota: by share, or the first so many of a keyed order.

        Args:
            decision: address of the quota.
            quota: what is asked.
            can: who can be in it; everybody by default.
            loading: how closely a share goes with the person's shared factor.
        """
        able = np.ones(self.size, dtype=np.bool_) if can is None else can
        if isinstance(quota.exactly, tuple):
            return in_exact_quota(self.draws, decision, quota.exactly, self, able)
        if quota.exactly is not None:
            return able & (self.draws.permuted_positions(decision) < quota.exactly)
        share = self.measures.resolved(quota.share or parse_distribution(0))
        wanted = self.numbers(f"{decision}.share", share)
        u = self.chance(decision, even=share.unconditional, loading=loading)
        return able & (u < np.nan_to_num(wanted))
