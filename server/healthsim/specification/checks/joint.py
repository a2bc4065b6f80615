"""What is wrong with joint draws: conditions that exclude or imply others, correlations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from healthsim.codes.icd10cm import conflicts
from healthsim.errors import Problem, near
from healthsim.specification.distributions.kinds import (
    Conditional,
    Constant,
    Distribution,
    DrawInput,
    Explicit,
    Formula,
    Mixture,
    Population,
)
from healthsim.specification.profiles.correlations import blends
from healthsim.specification.profiles.dependencies import needs_of, transitive_needs
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tables import Coded

_GRID = 2001  # uniforms at which a distribution is looked at


def joint_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield alternatives, implications and correlations that cannot be."""
    yield from _alternatives(profile)
    yield from _implied(profile)
    yield from _correlations(profile)
    yield from _loadings(profile)


def _loadings(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield loadings that would move a share, or that cannot do anything."""
    clinical = profile.clinical
    own = {f"has {one.code}": f"clinical.comorbidities[{one.code}]"
           for one in clinical.comorbidities if one.loading}  # fmt: skip
    groups = [
        {f"has {one.code}": f"clinical.one_of[{number}][{one.code}]" for one in group}
        for number, group in enumerate(clinical.alternatives)
        if group[0].loading
    ]
    told = own | {part: path for group in groups for part, path in group.items()}
    for one in clinical.comorbidities:
        if one.loading and one.exactly is not None:
            yield Problem(
                f"profile.{told[f'has {one.code}']}.loading",
                f"goes with an exact count, and who is counted is not drawn by chance: "
                f"{one.code} would not go with anything",
                "give a share in place of exactly, or remove the loading",
            )
    yield from _moved(profile, told, groups)


def _moved(
    profile: ProfileSpec, told: Mapping[str, str], groups: Sequence[Mapping[str, str]]
) -> Iterator[Problem]:
    """Yield loadings of conditions whose share is of people whom another loading selects."""
    needs = needs_of(profile) if told else {}
    for part, path in told.items():
        code, inside = part.removeprefix("has "), next((one for one in groups if part in one), {})
        selects = set(transitive_needs(part, needs)) - {part}
        for other in profile.clinical.codes:
            if f"has {other}" not in inside and other != code and conflicts((other, code)):
                selects |= transitive_needs(f"has {other}", needs)
        for other in (one for one in told if one in selects and one not in {part, *inside}):
            name = other.removeprefix("has ")
            yield Problem(
                f"profile.{path}.loading",
                f"who can have {code}, or its share, rests on has({name!r}), which has a loading "
                "too: the shared factor would move the share",
                "say how they go together once: by the condition, or by the loadings",
            )


def _alternatives(profile: ProfileSpec) -> Iterator[Problem]:
    clinical = profile.clinical
    seen = {one.code: f"clinical.comorbidities[{one.code}]" for one in clinical.comorbidities}
    if clinical.primary is not None:
        seen[clinical.primary.code] = "clinical.primary"
    for number, group in enumerate(clinical.alternatives):
        here = f"profile.clinical.one_of[{number}]"
        stated = dict(seen)
        for one in group:
            if one.code in seen:
                yield Problem(here, f"{one.code} is also {seen[one.code]}", "keep one of them")
            for other in stated:
                if other != one.code and conflicts((other, one.code)):
                    yield Problem(
                        here,
                        f"{one.code} excludes {other}: nobody has both",
                        f"put {other} into the same group, or remove one",
                    )
            seen[one.code] = f"clinical.one_of[{number}]"


def _implied(profile: ProfileSpec) -> Iterator[Problem]:
    clinical = profile.clinical
    single = {one.code for group in clinical.alternatives for one in group}
    exact = {one.code for one in clinical.comorbidities if one.exactly is not None}
    for code, causes in clinical.implied_by.items():
        here = f"profile.clinical.comorbidities[{causes[0]}].implies"
        if clinical.primary is not None and code == clinical.primary.code:
            yield Problem(here, f"{code} is the primary condition: everyone has it", "remove it")
        if code in single:
            yield Problem(
                here,
                f"{code} is one of several of which a person has one at most",
                "take it out of one_of, or out of implies",
            )
        if code in exact:
            yield Problem(
                here,
                f"{code} has an exact count, which those with {causes[0]} would exceed",
                f"give {code} a share, or remove it from implies",
            )
        for other in clinical.codes:
            if other != code and conflicts((other, code)):
                yield Problem(here, f"{other} excludes {code}: nobody has both", "remove one")


def _correlations(profile: ProfileSpec) -> Iterator[Problem]:
    fine, pairs = True, set[frozenset[str]]()
    for place, one in enumerate(profile.correlations):
        here = f"profile.correlations[{place}]"
        found = list(_pair(profile, f"{here}.between", one.between))
        if frozenset(one.between) in pairs:
            found.append(Problem(here, "stands twice", "keep one of them"))
        pairs.add(frozenset(one.between))
        fine = fine and not found
        yield from found
    if fine:
        blends(profile)


def _pair(profile: ProfileSpec, where: str, names: tuple[str, str]) -> Iterator[Problem]:
    if names[0] == names[1]:
        yield Problem(where, f"names {names[0]!r} twice", "name two attributes")
        return
    for name, other in (names, names[::-1]):
        attribute = profile.attributes.get(name)
        if attribute is None:
            yield Problem(
                where, f"the profile has no attribute {name!r}", near(name, profile.attributes)
            )
            continue
        if any(other in expression.names for _, expression, _ in attribute.expressions()):
            yield Problem(
                where,
                f"{name} is conditional on {other} already",
                "say how they go together once: by the condition, or by the correlation",
            )
        elif not rises(attribute):
            yield Problem(
                where,
                f"{name} does not rise with its chance: it is of type {attribute.type}",
                "give it a distribution of numbers in rising order, such as normal or quantiles",
            )


def rises(distribution: Distribution) -> bool:
    """Tell whether a distribution's number rises with the uniform that it is drawn by."""
    if isinstance(distribution, Conditional):
        return all(rises(part) for _, part in distribution.inner())
    if isinstance(distribution, Constant | Formula | Mixture | Population):
        return False
    if distribution.kind != "number":
        return False
    if isinstance(distribution, Explicit) and distribution.order == "cycle":
        return False
    drawn = distribution.values(DrawInput((np.arange(_GRID) + 0.5) / _GRID, np.arange(_GRID)))
    return not isinstance(drawn, Coded) and bool((np.diff(drawn) >= 0).all())
