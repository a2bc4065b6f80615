"""People while they are drawn: what has been drawn so far, and how the next part is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import day_of
from healthsim.execution.cohort.population_measures import COUNTY, PopulationMeasures
from healthsim.execution.cohort.quotas import in_exact_quota
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.draws import Draws, UnitRoster, Values, require_numbers
from healthsim.execution.people.logs import Moment
from healthsim.execution.people.people import ConditionColumn, MedicationColumn
from healthsim.medicine.exclusion import may_be_combined
from healthsim.specification.distributions.kinds import Distribution, parse_distribution
from healthsim.specification.distributions.quantiles import of_scores, scores
from healthsim.specification.profiles.clinical import Quota
from healthsim.specification.profiles.correlations import SHARED_FACTOR, Blend, factor_blend
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.specification.profiles.roles import roles
from healthsim.tables import Array, Coded, Texts, join

Blends = Mapping[str, Blend]
C = TypeVar("C", ConditionColumn, MedicationColumn)


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
        plan_names: names of the health plans, by position.
        measures: the distributions of population measures.
    """

    profile: ProfileSpec
    parts: tuple[PartDraw, ...]
    plan_names: tuple[str, ...]
    measures: PopulationMeasures

    def only(self, names: Collection[str]) -> CohortPlan:
        """Return the plan with some of its parts only."""
        return replace(self, parts=tuple(part for part in self.parts if part.name in names))


class PartialCohort:
    """People while they are drawn; what conditions see is what has been drawn so far."""

    def __init__(self, plan: CohortPlan, draws: Draws) -> None:
        self.plan, self.profile, self.measures = plan, plan.profile, plan.measures
        self.draws = draws
        as_of = plan.profile.as_of
        self.as_of = np.full(draws.count, day_of(as_of.isoformat()), dtype=np.int32)
        self.values: dict[str, Values] = {
            "month": np.full(draws.count, float(as_of.month)),
            "day": np.zeros(draws.count),
        }
        self.columns: dict[str, NDArray[np.int32]] = {}
        self.conditions: dict[str, ConditionColumn] = {}
        self.medications: dict[str, MedicationColumn] = {}

    @classmethod
    def assemble(
        cls, cohorts: Sequence[PartialCohort], rows: NDArray[np.integer[Any]], roster: UnitRoster
    ) -> PartialCohort:
        """Return people of the same units with what was drawn for rows of finished cohorts.

        Args:
            cohorts: whose values are taken; all have the same parts.
            rows: for each person a row of the cohorts laid one after the other.
            roster: who lives in which unit.
        """
        first = cohorts[0]
        result = cls(first.plan, first.draws.for_roster(roster))
        result.as_of = np.concatenate([each.as_of for each in cohorts])[rows]
        result.values = {
            name: take_rows(join([each.values[name] for each in cohorts]), rows)
            for name in first.values
        }
        result.columns = {
            name: np.concatenate([each.columns[name] for each in cohorts])[rows]
            for name in first.columns
        }
        result.conditions = {
            code: _assemble_column([each.conditions[code] for each in cohorts], rows)
            for code in first.conditions
        }
        result.medications = {
            drug: _assemble_column([each.medications[drug] for each in cohorts], rows)
            for drug in first.medications
        }
        return result

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
        roster = self.draws.roster
        return Coded.constant("self", self.size) if roster is None else roles(roster.place)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Return the value of `has` or `takes` for everyone; a profile has no other functions."""
        if function == "has":
            moment = Moment(np.arange(self.size), self.as_of, self.size)
            columns = [one for code, one in self.conditions.items()
                       if code.startswith(argument) or may_be_combined(argument)]  # fmt: skip
            return ConditionLog(columns, self.size).has(argument, moment)
        if function == "takes":
            takes = np.zeros(self.size, dtype=np.bool_)
            for medication in self.medications.values():
                if medication.ingredient == argument:
                    takes |= medication.takes
            return takes
        raise KeyError(function)

    def draw(self, decision: str, distribution: Distribution) -> Values:
        """Draw a value for everyone, stratified where the profile has balanced sampling."""
        chance = self.chance(decision, even=distribution.unconditional)
        return self.draws.values(decision, distribution, None, self, chance=chance)

    def windows(
        self, decision: str, distribution: Distribution
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return between which numbers `draw` drew everyone's number, float64, shape (n,)."""
        chance = self.chance(decision, even=distribution.unconditional)
        return self.draws.windows(decision, distribution, self, chance=chance)

    def attribute(self, name: str, distribution: Distribution, blends: Blends) -> Values:
        """Draw an attribute for everyone, by its own uniforms or correlated with others."""
        decision = f"attributes.{name}"
        if name not in blends:
            return self.draw(decision, distribution)
        chance = of_scores(self._score(name, blends))
        return self.draws.values(decision, distribution, None, self, chance=chance)

    def _score(self, name: str, blends: Blends) -> NDArray[np.float64]:
        """Return the normal score of everyone's uniform for an attribute."""
        blend = blends.get(name)
        if blend is None:
            even = self.profile.attributes[name].unconditional
            return scores(self.chance(f"attributes.{name}", even=even))
        return self._mixed(f"attributes.{name}", blend, lambda other: self._score(other, blends))

    def _mixed(
        self, decision: str, blend: Blend, score: Callable[[str], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return everyone's normal score, mixed from a decision's own uniform and other scores."""
        mixed = blend.own * scores(self.draws.uniform(decision))
        for other, weight in blend.weights:
            mixed += weight * score(other)
        return mixed

    @cached_property
    def _shared(self) -> NDArray[np.float64]:
        """The normal score of each person's shared factor: the lower, the more conditions."""
        return scores(self.draws.uniform(SHARED_FACTOR))

    def chance(self, decision: str, *, even: bool, loading: float = 0.0) -> NDArray[np.float64]:
        """Return everyone's uniform for a decision, float64 in (0, 1), shape (n,).

        Args:
            decision: address of the draw.
            even: whether it may be stratified, where the profile has balanced sampling.
            loading: its correlation with the person's shared factor; 0 keeps it independent, and
                any other value excludes stratifying.
        """
        if loading:
            mixed = self._mixed(decision, factor_blend(loading), lambda _: self._shared)
            return of_scores(mixed)
        if self.stratified and even:
            return self.draws.balanced(decision)
        return self.draws.uniform(decision)

    def numbers(self, decision: str, distribution: Distribution) -> NDArray[np.float64]:
        """Draw a number for everyone, float64, shape (n,)."""
        return require_numbers(self.draw(decision, distribution))

    def in_quota(
        self,
        decision: str,
        quota: Quota,
        can: NDArray[np.bool_] | None = None,
        loading: float = 0.0,
    ) -> NDArray[np.bool_]:
        """Return who is in a quota, by share or the first of a keyed order: bool, shape (n,).

        Args:
            decision: address of the quota.
            quota: the share or the exact counts.
            can: who can be in it; everybody by default.
            loading: correlation of a share with the person's shared factor.
        """
        able = np.ones(self.size, dtype=np.bool_) if can is None else can
        if isinstance(quota.exactly, tuple):
            return in_exact_quota(self.draws, decision, quota.exactly, self, able)
        if quota.exactly is not None:
            return able & (self.draws.permuted_positions(decision) < quota.exactly)
        share = self.measures.resolved(quota.share or parse_distribution(0))
        target = self.numbers(f"{decision}.share", share)
        u = self.chance(decision, even=share.unconditional, loading=loading)
        return able & (u < np.nan_to_num(target))


def take_rows(values: Array, rows: NDArray[np.integer[Any]]) -> Values:
    """Return the values of some rows, in the order of the rows."""
    assert not isinstance(values, Texts), "only tables of a chart have texts"
    result: Values = values.take(rows) if isinstance(values, Coded) else values[rows]
    return result


def _assemble_column(columns: Sequence[C], rows: NDArray[np.integer[Any]]) -> C:
    """Return a condition or drug with rows of the same column of several cohorts."""
    arrays = {
        field.name: np.concatenate([getattr(column, field.name) for column in columns])[rows]
        for field in fields(columns[0])
        if isinstance(getattr(columns[0], field.name), np.ndarray)
    }
    return replace(columns[0], **arrays)
