"""What is to be run: specifications checked and laid out, ready to run in chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from healthsim import ENGINE
from healthsim.addresses import BLOCK
from healthsim.execution.cohort.drawing import CohortPlan, PartDraw
from healthsim.execution.cohort.population_measures import PopulationMeasures
from healthsim.execution.cohort.quotas import QuotaStep
from healthsim.execution.sync.numbering import Numbering
from healthsim.execution.sync.visits.care_team import Networks
from healthsim.execution.tallies import ExpectationTally, Tally
from healthsim.products.membersim.plans import PlanTable
from healthsim.products.reference import Reference
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Table

CHUNK = BLOCK
"""Units of a chunk; the rows do not depend on it."""


@dataclass(frozen=True)
class Job:
    """What is to be run, checked and laid out.

    Attributes:
        tables: every table that the job fills, in the order in which they are stored.
        through: last day of the data.
        layouts: of the journeys and of what happens to newborns, in walking order.
        parts: how each part of the profile is drawn, each after the parts that it needs.
        quotas: the profile's population steps; those of one level do not need each other.
        counts_journeys: whether a journey has a population step.
        births: address of a birth -> number of its first child among all that a woman can have.
        children: how many children one woman can have in the run.
        tally: the expectations about the rows.
    """

    profile: ProfileSpec
    journeys: tuple[JourneySpec, ...]
    layouts: tuple[JourneyLayout, ...]
    parts: tuple[PartDraw, ...]
    quotas: tuple[tuple[QuotaStep, ...], ...]
    counts_journeys: bool
    plan_table: PlanTable
    numbering: Numbering
    through: int
    births: Mapping[str, int]
    children: int
    tables: tuple[Table, ...]
    tally: ExpectationTally
    reference: Reference
    measures: PopulationMeasures

    @cached_property
    def networks(self) -> Networks:
        """The directory, and the networks of the plans."""
        return Networks(self.reference.directory, self.plan_table)

    @cached_property
    def cohort(self) -> CohortPlan:
        """How its people are drawn."""
        return CohortPlan(self.profile, self.parts, self.plan_table.names, self.measures)

    @property
    def count(self) -> int:
        """How many units the profile has."""
        return self.profile.count

    @property
    def seed(self) -> int:
        """The seed of every number."""
        return self.profile.seed

    @property
    def profile_text(self) -> str:
        """The profile as canonical JSON."""
        return self.profile.text()

    @property
    def journey_texts(self) -> tuple[str, ...]:
        """The journeys as canonical JSON."""
        return tuple(journey.text() for journey in self.journeys)

    @property
    def references(self) -> Mapping[str, str]:
        """Digest of each imported reference that rows are drawn from, by name."""
        return self.reference.versions

    def judge(self, totals: Sequence[Tally]) -> tuple[dict[str, Any], ...]:
        """Judge the expectations by the sums of all chunks' tallies; as plain data."""
        return tuple(result.plain() for result in self.tally.judge(totals))

    @property
    def key(self) -> str:
        """Digest of what the job runs: specifications, seed, count, engine and references."""
        imported = [f"{name} {digest}" for name, digest in sorted(self.references.items())]
        parts = [ENGINE, self.profile_text, *self.journey_texts, *imported]
        return sha256("\n".join(parts).encode()).hexdigest()
