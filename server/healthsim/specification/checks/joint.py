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

_GRID = 2001  # uniforms at which a distribution is evaluated


def joint_problems(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield alternatives, implications and correlations that cannot be."""
    yield from _alternatives(profile)
    yield from _implied(profile)
    yield from _correlations(profile)
    yield from _loadings(profile)


def _loadings(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield loadings that would change a share, or that have no effect."""
    clinical = profile.clinical
    loaded = {
        f"has {comorbidity.code}": f"clinical.comorbidities[{comorbidity.code}]"
        for comorbidity in clinical.comorbidities
        if comorbidity.loading
    }
    groups = [
        {f"has {one.code}": f"clinical.one_of[{number}][{one.code}]" for one in group}
        for number, group in enumerate(clinical.alternatives)
        if group[0].loading
    ]
    for comorbidity in clinical.comorbidities:
        if comorbidity.loading and comorbidity.exactly is not None:
            yield Problem(
                f"profile.{loaded[f'has {comorbidity.code}']}.loading",
                "has no effect beside an exact count: who is counted does not depend on the "
                f"shared factor, so {comorbidity.code} would be independent of other conditions",
                "give a share in place of exactly, or remove the loading",
            )
    for group_paths in groups:
        loaded |= group_paths
    yield from _changed_shares(profile, loaded, groups)


def _changed_shares(
    profile: ProfileSpec, loaded: Mapping[str, str], groups: Sequence[Mapping[str, str]]
) -> Iterator[Problem]:
    """Yield loadings of conditions whose share is of people whom another loading selects."""
    needs = needs_of(profile) if loaded else {}
    for part, path in loaded.items():
        code = part.removeprefix("has ")
        group = next((paths for paths in groups if part in paths), {})
        selects = set(transitive_needs(part, needs)) - {part}
        for other in profile.clinical.codes:
            if f"has {other}" not in group and other != code and conflicts((other, code)):
                selects |= transitive_needs(f"has {other}", needs)
        for name in loaded:
            if name in selects and name not in {part, *group}:
                yield Problem(
                    f"profile.{path}.loading",
                    f"who can have {code}, or its share, depends on "
                    f"has({name.removeprefix('has ')!r}), which has a loading too: the shared "
                    "factor would change the share",
                    "describe how they are related once: by the condition, or by the loadings",
                )


def _alternatives(profile: ProfileSpec) -> Iterator[Problem]:
    clinical = profile.clinical
    paths = {
        comorbidity.code: f"clinical.comorbidities[{comorbidity.code}]"
        for comorbidity in clinical.comorbidities
    }
    if clinical.primary is not None:
        paths[clinical.primary.code] = "clinical.primary"
    for number, group in enumerate(clinical.alternatives):
        here = f"profile.clinical.one_of[{number}]"
        outside = tuple(paths)
        for code in (alternative.code for alternative in group):
            if code in paths:
                yield Problem(here, f"{code} is also {paths[code]}", "keep one of them")
            for other in outside:
                if other != code and conflicts((other, code)):
                    yield Problem(
                        here,
                        f"{code} excludes {other}: nobody has both",
                        f"put {other} into the same group, or remove one",
                    )
            paths[code] = f"clinical.one_of[{number}]"


def _implied(profile: ProfileSpec) -> Iterator[Problem]:
    clinical = profile.clinical
    alternatives = {one.code for group in clinical.alternatives for one in group}
    exact = {one.code for one in clinical.comorbidities if one.exactly is not None}
    for code, causes in clinical.implied_by.items():
        here = f"profile.clinical.comorbidities[{causes[0]}].implies"
        if clinical.primary is not None and code == clinical.primary.code:
            yield Problem(here, f"{code} is the primary condition: everyone has it", "remove it")
        if code in alternatives:
            found = f"{code} is in one_of, and a person has at most one of those conditions"
            yield Problem(here, found, "take it out of one_of, or out of implies")
        if code in exact:
            found = f"{code} has an exact count, which those with {causes[0]} would exceed"
            yield Problem(here, found, f"give {code} a share, or remove it from implies")
        for other in clinical.codes:
            if other != code and conflicts((other, code)):
                yield Problem(here, f"{other} excludes {code}: nobody has both", "remove one")


def _correlations(profile: ProfileSpec) -> Iterator[Problem]:
    valid, pairs = True, set[frozenset[str]]()
    for place, correlation in enumerate(profile.correlations):
        here = f"profile.correlations[{place}]"
        problems = list(_pair(profile, f"{here}.between", correlation.between))
        if frozenset(correlation.between) in pairs:
            problems.append(Problem(here, "is given twice", "keep one of them"))
        pairs.add(frozenset(correlation.between))
        valid = valid and not problems
        yield from problems
    if valid:
        blends(profile)


def _pair(profile: ProfileSpec, where: str, names: tuple[str, str]) -> Iterator[Problem]:
    if names[0] == names[1]:
        yield Problem(where, f"names {names[0]!r} twice", "name two attributes")
        return
    for name, other in (names, names[::-1]):
        attribute = profile.attributes.get(name)
        if attribute is None:
            found = f"the profile has no attribute {name!r}"
            yield Problem(where, found, near(name, profile.attributes))
        elif any(other in expression.names for _, expression, _ in attribute.expressions()):
            yield Problem(
                where,
                f"{name} is conditional on {other} already",
                "describe how they are related once: by the condition, or by the correlation",
            )
        elif not rises(attribute):
            yield Problem(
                where,
                f"{name} cannot be correlated: it is of type {attribute.type}, whose numbers "
                "are not in rising order",
                "give it a distribution of numbers in rising order, such as normal or quantiles",
            )


def rises(distribution: Distribution) -> bool:
    """Tell whether a distribution's number rises with the uniform number that it is drawn from."""
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
