"""Whether exact counts of groups can be met, as far as a profile alone tells.

What only people tell (how many are over 70) is found by the counting pass, before any row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import inf

import numpy as np
from numpy.typing import NDArray

from healthsim.errors import Problem
from healthsim.specification.distributions.kinds import Categorical, Constant, Distribution
from healthsim.specification.language.expressions import FUNCTIONS, TEXT, Expression, Kind
from healthsim.specification.profiles.profile import Group, ProfileSpec, Quota
from healthsim.tables import Coded

_MOST_CALLS = 6  # calls of one condition whose every answer is tried


@dataclass(frozen=True)
class LabelCounts:
    """How many people a profile gives each label of a name; infinite where chance decides."""

    path: str
    counts: Mapping[str, float]

    def capacity(self, labels: tuple[str, ...]) -> float:
        """Return how many people have one of some labels."""
        return sum(self.counts[label] for label in labels)


def quota_problems(
    profile: ProfileSpec, where: str, quota: Quota, kinds: Mapping[str, Kind]
) -> Iterator[Problem]:
    """Yield exact counts that cannot be met, naming both figures."""
    if isinstance(quota.exactly, int) and quota.exactly > profile.count:
        yield Problem(
            f"{where}.exactly",
            f"is {quota.exactly} of {profile.count} people",
            f"lower it to at most {profile.count} or raise count",
        )
    asked = sum(group.count for group in quota.groups)
    families = profile.unit == "family"  # how many people they are is not known before a run
    if asked > profile.count and not families:
        yield Problem(
            f"{where}.exactly",
            f"asks for {asked} of {profile.count} people",
            f"lower the counts to at most {profile.count} in all or raise count",
        )
    sources = {} if families else label_counts_of(profile)
    for place, group in enumerate(quota.groups):
        here, before = f"{where}.exactly[{place}]", quota.groups[:place]
        if any(other.when == group.when for other in before):
            yield Problem(here, f"{group.when} stands twice", "keep one of them")
            continue
        for name in sorted(group.when.names & sources.keys()):
            yield from _room(here, group, before, (name, sources[name]), kinds)


def _room(
    where: str,
    group: Group,
    before: tuple[Group, ...],
    told: tuple[str, LabelCounts],
    kinds: Mapping[str, Kind],
) -> Iterator[Problem]:
    """Refuse a group that asks for more people than one name leaves it."""
    name, source = told
    mine = _labels(group, before, told, kinds)
    room = source.capacity(mine)
    if group.count > room:
        gives = f"exactly {room:g}" if room else "nobody"
        label = f"{' + '.join(mine)} in " if mine else ""
        yield Problem(
            where,
            f"asks for {group.count} of the people with {group.when}, and {source.path} gives "
            f"{gives}",
            f"lower it to {room:g} or raise {label}{source.path}",
        )
        return
    rivals = [
        other
        for place, other in enumerate(before)
        if name in other.when.names and _labels(other, before[:place], told, kinds) == mine
    ]
    asked = group.count + sum(other.count for other in rivals)
    if rivals and asked > room:
        yield Problem(
            where,
            f"and the groups before it ask for {asked} of the {room:g} people that {source.path} "
            f"gives {' + '.join(mine)}",
            f"lower the counts to {room:g} in all or raise {source.path}",
        )


def _labels(
    group: Group,
    before: tuple[Group, ...],
    told: tuple[str, LabelCounts],
    kinds: Mapping[str, Kind],
) -> tuple[str, ...]:
    """Return the labels with which somebody may be in a group."""
    name, source = told
    possible, _ = _truths(group.when, name, tuple(source.counts), kinds)
    for other in before:
        _, sure = _truths(other.when, name, tuple(source.counts), kinds)
        possible &= ~sure
    return tuple(label for label, can in zip(source.counts, possible, strict=True) if can)


def label_counts_of(profile: ProfileSpec) -> dict[str, LabelCounts]:
    """Return, for every name that gives labels, how many people have each of them."""
    people = profile.demographics
    told: dict[str, tuple[str, Distribution | None]] = {
        name: (f"demographics.{name}", getattr(people, name))
        for name in ("gender", "race", "ethnicity", "language", "marital_status")
    }
    told["us_state"] = ("demographics.location.states", people.location.states)
    told |= {name: (f"attributes.{name}", one) for name, one in profile.attributes.items()}
    if profile.coverage is not None:
        told["plan"] = ("coverage.plan", profile.coverage.plan)
    found = {}
    for name, (path, distribution) in told.items():
        counts = _counts(distribution, profile.count)
        if counts is not None:
            found[name] = LabelCounts(path, counts)
    return found


def _counts(distribution: Distribution | None, everybody: int) -> Mapping[str, float] | None:
    if isinstance(distribution, Constant) and isinstance(distribution.value, str):
        return {distribution.value: float(everybody)}
    if isinstance(distribution, Categorical):
        if distribution.exactly is not None:
            return {label: float(count) for label, count in distribution.exactly.items()}
        weights = distribution.weights or {}
        return {label: inf if weight else 0.0 for label, weight in weights.items()}
    return None


def _truths(
    condition: Expression, name: str, labels: tuple[str, ...], kinds: Mapping[str, Kind]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether a condition may hold, and surely holds, for people of each label.

    Everything but the label is unknown; whatever has, takes and the like answer is tried.
    """
    calls = sorted(call for call in condition.calls if FUNCTIONS[call[0]] == "truth")
    never = np.ones(len(labels), dtype=np.bool_)
    surely = np.ones(len(labels), dtype=np.bool_)
    if len(calls) > _MOST_CALLS:
        return never, ~surely
    for answers in product((False, True), repeat=len(calls)):
        people = _Labelled(name, labels, kinds, dict(zip(calls, answers, strict=True)))
        never &= condition.fails(people)
        surely &= condition.holds(people)
    return ~never, surely


@dataclass(frozen=True)
class _Labelled:
    """One person for each label of one name; all else about them is missing."""

    named: str
    labels: tuple[str, ...]
    kinds: Mapping[str, Kind]
    answers: Mapping[tuple[str, str], bool]

    @property
    def size(self) -> int:
        return len(self.labels)

    def name(self, name: str) -> NDArray[np.float64] | Coded:
        if name == self.named:
            return Coded(np.arange(self.size, dtype=np.int32), self.labels)
        kind = self.kinds.get(name)
        if kind == TEXT or isinstance(kind, tuple):
            return Coded.constant(None, self.size)
        return np.full(self.size, np.nan)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        answer = self.answers.get((function, argument))
        return np.full(self.size, np.nan if answer is None else answer)
