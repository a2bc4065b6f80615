"""Whether exact counts of groups can be met, as far as the profile alone determines it.

What depends on drawn people (how many are over 70) is checked by the counting pass before the run.
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
from healthsim.specification.profiles.clinical import Group, Quota
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

_MOST_CALLS = 6  # calls in one condition of which all combinations are tried


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
    """Yield exact counts that cannot be met, with both figures."""
    if isinstance(quota.exactly, int) and quota.exactly > profile.count:
        yield Problem(
            f"{where}.exactly",
            f"is {quota.exactly} of {profile.count} people",
            f"lower it to at most {profile.count} or raise count",
        )
    if profile.unit == "family":  # how many people there are is not known before a run
        sources = {}
    else:
        sources = label_counts_of(profile)
        total = sum(group.count for group in quota.groups)
        if total > profile.count:
            yield Problem(
                f"{where}.exactly",
                f"asks for {total} of {profile.count} people",
                f"lower the counts to at most {profile.count} in all or raise count",
            )
    for place, group in enumerate(quota.groups):
        here, before = f"{where}.exactly[{place}]", quota.groups[:place]
        if any(other.when == group.when for other in before):
            yield Problem(here, f"{group.when} is listed twice", "keep one of them")
            continue
        for name in sorted(group.when.names & sources.keys()):
            yield from _exceeded(here, group, before, (name, sources[name]), kinds)


def _exceeded(
    where: str,
    group: Group,
    before: tuple[Group, ...],
    source: tuple[str, LabelCounts],
    kinds: Mapping[str, Kind],
) -> Iterator[Problem]:
    """Refuse a group that asks for more people than one name leaves it."""
    name, available = source
    labels = _possible_labels(group, before, source, kinds)
    room = available.capacity(labels)
    if group.count > room:
        gives = f"exactly {room:g}" if room else "nobody"
        label = f"{' + '.join(labels)} in " if labels else ""
        yield Problem(
            where,
            f"asks for {group.count} of the people with {group.when}, and {available.path} gives "
            f"{gives}",
            f"lower it to {room:g} or raise {label}{available.path}",
        )
        return
    rivals = [
        other
        for place, other in enumerate(before)
        if name in other.when.names
        and _possible_labels(other, before[:place], source, kinds) == labels
    ]
    total = group.count + sum(other.count for other in rivals)
    if rivals and total > room:
        yield Problem(
            where,
            f"and the groups before it ask for {total} of the {room:g} people that "
            f"{available.path} gives {' + '.join(labels)}",
            f"lower the counts to {room:g} in all or raise {available.path}",
        )


def _possible_labels(
    group: Group,
    before: tuple[Group, ...],
    source: tuple[str, LabelCounts],
    kinds: Mapping[str, Kind],
) -> tuple[str, ...]:
    """Return the labels of the people who may be in a group."""
    name, labels = source[0], tuple(source[1].counts)
    possible, _ = _truths(group.when, name, labels, kinds)
    for other in before:
        _, certain = _truths(other.when, name, labels, kinds)
        possible &= ~certain
    return tuple(label for label, can in zip(labels, possible, strict=True) if can)


def label_counts_of(profile: ProfileSpec) -> dict[str, LabelCounts]:
    """Return how many people have each label, by the names that give labels."""
    people = profile.demographics
    sources: dict[str, tuple[str, Distribution | None]] = {
        name: (f"demographics.{name}", getattr(people, name))
        for name in ("gender", "race", "ethnicity", "language", "marital_status")
    }
    sources["us_state"] = ("demographics.location.states", people.location.states)
    sources |= {
        name: (f"attributes.{name}", attribute) for name, attribute in profile.attributes.items()
    }
    if profile.coverage is not None:
        sources["plan"] = ("coverage.plan", profile.coverage.plan)
    counted = {
        name: (path, _counts(distribution, profile.count))
        for name, (path, distribution) in sources.items()
    }
    return {
        name: LabelCounts(path, counts)
        for name, (path, counts) in counted.items()
        if counts is not None
    }


def _counts(distribution: Distribution | None, population: int) -> Mapping[str, float] | None:
    if isinstance(distribution, Constant) and isinstance(distribution.value, str):
        return {distribution.value: float(population)}
    if isinstance(distribution, Categorical):
        if distribution.exactly is not None:
            return {label: float(count) for label, count in distribution.exactly.items()}
        weights = distribution.weights or {}
        return {label: inf if weight else 0.0 for label, weight in weights.items()}
    return None


def _truths(
    condition: Expression, name: str, labels: tuple[str, ...], kinds: Mapping[str, Kind]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each label whether a condition may hold, and certainly holds: bool, shape (n,).

    All other values are unknown; all combinations of what has, takes and the like give are tried.
    """
    calls = sorted(call for call in condition.calls if FUNCTIONS[call[0]] == "truth")
    never = np.ones(len(labels), dtype=np.bool_)
    certain = np.ones(len(labels), dtype=np.bool_)
    if len(calls) > _MOST_CALLS:
        return never, ~certain
    for answers in product((False, True), repeat=len(calls)):
        people = _Labelled(name, labels, kinds, dict(zip(calls, answers, strict=True)))
        never &= condition.fails(people)
        certain &= condition.holds(people)
    return ~never, certain


@dataclass(frozen=True)
class _Labelled:
    """A scope of one person for each label of one name; all other values are missing."""

    label_name: str
    labels: tuple[str, ...]
    kinds: Mapping[str, Kind]
    answers: Mapping[tuple[str, str], bool]

    @property
    def size(self) -> int:
        return len(self.labels)

    def name(self, name: str) -> NDArray[np.float64] | Coded:
        if name == self.label_name:
            return Coded(np.arange(self.size, dtype=np.int32), self.labels)
        kind = self.kinds.get(name)
        if kind == TEXT or isinstance(kind, tuple):
            return Coded.constant(None, self.size)
        return np.full(self.size, np.nan)

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        answer = self.answers.get((function, argument))
        return np.full(self.size, np.nan if answer is None else answer)
