"""What is wrong with a profile by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from healthsim.codes.drugs import drugs
from healthsim.codes.excludes1 import has_excludes1
from healthsim.codes.icd10cm import contradict, icd10cm
from healthsim.errors import Problem, near
from healthsim.specification.checks.codes import Codes, age_range_problems
from healthsim.specification.checks.joint import joint_problems
from healthsim.specification.checks.location import location_problems
from healthsim.specification.checks.names import (
    BUILT_IN_KINDS,
    Names,
    ReferenceNames,
    accept_any,
    code_problem,
    has_argument_fault,
    no_history,
    number_problems,
    takes_argument_fault,
    text_problems,
    whole_number_problems,
)
from healthsim.specification.checks.quotas import quota_problems
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.language.expressions import NUMBER, TEXT, Expression, Kind
from healthsim.specification.profiles.dependencies import household_parts, in_order, parts_of
from healthsim.specification.profiles.profile import (
    MOST_CHILDREN,
    Household,
    Onset,
    ProfileSpec,
    Quota,
)

_RESERVED = frozenset({*BUILT_IN_KINDS, "role", "arm", "stage", "language", "marital_status"})
OLDEST = 125
_OLDEST_LIMIT = 124  # years: where the code book has no upper limit
MOST_CONDITIONS = 60
_LONGEST = {"years_before": OLDEST, "days_before": OLDEST * 366}


def profile_problems(profile: ProfileSpec, known: ReferenceNames) -> Iterator[Problem]:
    """Yield everything that is wrong with a profile."""
    yield from _demographics(profile, known)
    yield from _household(profile)
    yield from _attributes(profile)
    yield from _clinical(profile, kinds_of(profile, known))
    yield from _coverage(profile, known)
    yield from _expressions(profile, known)
    yield from _totals(profile)
    yield from joint_problems(profile)
    in_order(profile)


def kinds_of(profile: ProfileSpec, known: ReferenceNames) -> dict[str, Kind]:
    """Return the names that a profile's people have, and what each is."""
    kinds = {**BUILT_IN_KINDS, "us_state": known.states, "race": known.races}
    kinds |= {"language": known.languages, "marital_status": ("S", "M", "D", "W")}
    where = profile.demographics.location.states
    if where is not None and where.kind == "text":
        kinds["us_state"] = where.labels
    for name in ("language", "marital_status"):
        told: Distribution | None = getattr(profile.demographics, name)
        if told is not None and told.kind == "text":
            kinds[name] = told.labels
    for name in ("gender", "race", "ethnicity"):
        said: Distribution = getattr(profile.demographics, name)
        if said.kind == "text" and said.labels:
            kinds[name] = said.labels
    if profile.coverage is not None and profile.coverage.plan.kind == "text":
        kinds["plan"] = (*profile.coverage.plan.labels, *profile.coverage.plans, *known.plans)
    if profile.coverage is None:
        del kinds["plan"]
    for name, distribution in profile.attributes.items():
        text = distribution.kind == "text"
        kinds[name] = (distribution.labels or TEXT) if text else NUMBER
    return kinds


def _demographics(profile: ProfileSpec, known: ReferenceNames) -> Iterator[Problem]:
    people, where = profile.demographics, "profile.demographics"
    yield from number_problems(f"{where}.age", people.age, 0, OLDEST)
    yield from text_problems(f"{where}.gender", people.gender, ("M", "F"))
    yield from text_problems(f"{where}.ethnicity", people.ethnicity, ("non_hispanic", "hispanic"))
    for name in ("race", "language", "marital_status"):
        said: Distribution | None = getattr(people, name)
        if said is not None:
            yield from text_problems(f"{where}.{name}", said)
    yield from location_problems(people.location, known)
    for part in (*parts_of(profile), *household_parts(profile)):
        for distribution in part.distributions:
            for path, measure in distribution.measures():
                if measure not in known.measures:
                    here = f"profile.{part.path}.{path}".rstrip(".")
                    yield Problem(
                        here, f"unknown measure {measure!r}", near(measure, known.measures)
                    )


def _household(profile: ProfileSpec) -> Iterator[Problem]:
    if profile.unit == "person":
        return
    age, home, where = profile.demographics.age, profile.household, "profile.household"
    youngest, _ = age.range()
    if any(age.measures()) or youngest < _ADULT:
        yield Problem(
            "profile.demographics.age",
            "can be below 18, and it is the age of each family's anchor",
            "give ages of 18 and above; children come from household.children",
        )
    if home is not None and home.spouse is not None:
        yield from number_problems(f"{where}.spouse.share", home.spouse.share, 0, 1)
        if home.spouse.age_gap is not None:
            yield from number_problems(f"{where}.spouse.age_gap", home.spouse.age_gap)
        if home.spouse.gender is not None:
            yield from text_problems(f"{where}.spouse.gender", home.spouse.gender, ("M", "F"))
    if home is not None and home.children is not None:
        yield from whole_number_problems(
            f"{where}.children.number", home.children.number, 0, MOST_CHILDREN
        )
        yield from number_problems(f"{where}.children.age", home.children.age, 0, _GROWN)
    if home is not None:
        yield from _nobody_fits(age, home, where)


def _nobody_fits(age: Distribution, home: Household, where: str) -> Iterator[Problem]:
    """Refuse spouses and children of ages that none of the anchors can have beside them."""
    youngest, oldest = age.range()
    gap = home.spouse.age_gap if home.spouse is not None else None
    if gap is not None and not any(gap.measures()):
        least, most = gap.range()
        if oldest - least < _ADULT or youngest - most > _OLDEST:
            yield Problem(
                f"{where}.spouse.age_gap",
                f"makes every spouse younger than {_ADULT} or older than {_OLDEST}",
                "give the years that a spouse is younger than the anchor",
            )
    if home.children is not None and not any(home.children.age.measures()):
        least, most = home.children.age.range()
        if least > oldest - _PARENT[0] or most < youngest - _PARENT[1]:
            yield Problem(
                f"{where}.children.age",
                f"is {least:g} to {most:g}, and of anchors of {youngest:g} to {oldest:g} nobody "
                f"was {_PARENT[0]} to {_PARENT[1]} when such a child was born",
                "lower the children's ages, or raise demographics.age",
            )


_ADULT, _GROWN, _OLDEST = 18, 26, 100
_PARENT = (15, 50)  # youngest and oldest at a child's birth: see execution.household
_NOT_IN_FAMILIES = (
    "asks for an exact count, and a family has as many people as its household says",
    "give a share, or counts of groups of people, or set unit to person",
)


def _attributes(profile: ProfileSpec) -> Iterator[Problem]:
    for name in profile.attributes:
        if name in _RESERVED:
            yield Problem(
                f"profile.attributes.{name}",
                f"{name!r} is a name of the language itself",
                f"rename it, such as own_{name}",
            )


def _clinical(profile: ProfileSpec, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    clinical, where = profile.clinical, "profile.clinical"
    stated: list[tuple[str, str]] = []
    if clinical.primary is not None:
        here = f"{where}.primary.code"
        yield from _condition(profile, here, clinical.primary.code, everyone=True)
        stated.append((here, clinical.primary.code))
        if isinstance(clinical.primary.onset, Onset):
            yield from _onset(f"{where}.primary.onset", clinical.primary.onset)
    for place, one in enumerate(clinical.comorbidities):
        here = f"{where}.comorbidities[{place}]"
        yield from _condition(
            profile, f"{here}.code", one.code, everyone=isinstance(one.exactly, int)
        )
        yield from _quota(profile, here, one, kinds)
        if one.onset is not None:
            yield from _onset(f"{here}.onset", one.onset)
        for _, other in stated:
            yield from _excluded(f"{here}.code", other, one.code, one)
        stated.append((f"{here}.code", one.code))
    yield from _others(profile)
    if len(clinical.codes) > MOST_CONDITIONS:
        found = f"names {len(clinical.codes)} conditions"
        yield Problem(where, found, f"keep at most {MOST_CONDITIONS}")
    for place, drug in enumerate(clinical.medications):
        here = f"{where}.medications[{place}]"
        yield from code_problem(f"{here}.drug", drugs().find, drug.drug)
        yield from _quota(profile, here, drug, kinds)
        if drug.adherence is not None:
            yield from number_problems(f"{here}.adherence", drug.adherence, 0, 1)


def _others(profile: ProfileSpec) -> Iterator[Problem]:
    """Yield what is wrong with the codes of alternatives, and with those that are implied."""
    clinical = profile.clinical
    for number, group in enumerate(clinical.alternatives):
        for place, one in enumerate(group):
            here = f"profile.clinical.one_of[{number}][{place}]"
            yield from _condition(profile, f"{here}.code", one.code, everyone=False)
            if one.onset is not None:
                yield from _onset(f"{here}.onset", one.onset)
    for code, causes in clinical.implied_by.items():
        here = f"profile.clinical.comorbidities[{causes[0]}].implies"
        yield from _condition(profile, here, code, everyone=False)


def _condition(profile: ProfileSpec, where: str, code: str, *, everyone: bool) -> Iterator[Problem]:
    yield from Codes.of_profile(profile).problems(where, "icd10cm", code)
    row, genders = icd10cm().row(code), possible_labels(profile.demographics.gender)
    if profile.household is not None and not everyone:
        genders = ("M", "F")
    others = [label for label in genders if row.sex and label != row.sex]
    if everyone and row.sex and (others or not genders):
        yield Problem(
            where,
            f"{code} is only for {row.sex}, and everyone is asked to have it",
            f'set demographics.gender to {{"{row.sex}": 1}} or give it a share or a count by group',
        )
    youngest, oldest = profile.demographics.age.range()
    limited = row.age_low > 0 or row.age_high < _OLDEST_LIMIT
    if everyone and limited and not (row.age_low <= youngest and oldest < row.age_high + 1):
        yield Problem(
            where,
            f"{code} is only for ages {row.age_low} to {row.age_high}, and ages here are "
            f"{youngest:g} to {oldest:g}",
            f"set demographics.age within {row.age_low} to {row.age_high} or give it a share or a "
            "count by group",
        )
    if not everyone and profile.household is None:
        yield from age_range_problems(where, code, youngest, oldest)
    if row.sex and genders and row.sex not in genders:
        yield Problem(
            where,
            f"{code} is only for {row.sex}, and nobody is {row.sex}",
            "remove it or change demographics.gender",
        )


def _quota(
    profile: ProfileSpec, where: str, quota: Quota, kinds: Mapping[str, Kind]
) -> Iterator[Problem]:
    if quota.share is not None:
        yield from number_problems(f"{where}.share", quota.share, 0, 1)
    if isinstance(quota.exactly, int) and profile.unit == "family":
        yield Problem(f"{where}.exactly", *_NOT_IN_FAMILIES)
    else:
        yield from quota_problems(profile, where, quota, kinds)


def _onset(where: str, onset: Onset) -> Iterator[Problem]:
    for name in ("years_before", "days_before"):
        spread: Distribution | None = getattr(onset, name)
        if spread is not None:
            yield from number_problems(f"{where}.{name}", spread, 0)
            middle = spread.middle()
            if middle is not None and middle > _LONGEST[name]:
                yield Problem(
                    f"{where}.{name}",
                    f"is {middle:.0f} in the middle, longer than a life",
                    f"lower it below {_LONGEST[name]}",
                )


def _asked(quota: Quota) -> Iterator[Expression]:
    """Yield the conditions that decide who is in a quota."""
    if quota.share is not None:
        yield from (expression for _, expression, _ in quota.share.expressions())
    yield from (group.when for group in quota.groups)


def _excluded(where: str, first: str, second: str, quota: Quota) -> Iterator[Problem]:
    """Refuse two conditions that nobody can have at once, unless the share says how they part."""
    free = not any(True for _ in _asked(quota))  # else what decides it may keep the two apart
    if not contradict(first, second) and not (free and has_excludes1(first, second)):
        return
    calls = {
        argument
        for expression in _asked(quota)
        for function, argument in expression.calls
        if function == "has"
    }
    if not any(first.startswith(argument) for argument in calls):
        yield Problem(
            where,
            f"{second} excludes {first}: nobody has both",
            f"remove one, or make its share conditional on not has({first[:3]!r})",
        )


def _coverage(profile: ProfileSpec, known: ReferenceNames) -> Iterator[Problem]:
    if profile.coverage is None:
        return
    names = (*profile.coverage.plans, *known.plans)
    for name in profile.coverage.plans:
        if name.casefold() in {known.uninsured.casefold(), "none"}:
            yield Problem(f"profile.coverage.plans.{name}", f"{name!r} means no plan", "rename it")
    yield from text_problems("profile.coverage.plan", profile.coverage.plan, names)


def _expressions(profile: ProfileSpec, known: ReferenceNames) -> Iterator[Problem]:
    names = Names(
        kinds_of(profile, known),
        {
            "has": accept_any if profile.allow_unlisted_codes else has_argument_fault,
            "takes": takes_argument_fault,
            **dict.fromkeys(("happened", "count", "days_since", "last"), no_history),
        },
    )
    for part in (*parts_of(profile), *household_parts(profile)):
        for path, expression, want in part.expressions():
            yield from names.problems(f"profile.{part.path}.{path}", expression, want)


def _totals(profile: ProfileSpec) -> Iterator[Problem]:
    for part in (*parts_of(profile), *household_parts(profile)):
        for distribution in part.distributions:
            total = distribution.total
            if total is not None and profile.unit == "family":
                yield Problem(f"profile.{part.path}.exactly", *_NOT_IN_FAMILIES)
            elif total is not None and total != profile.count:
                yield Problem(
                    f"profile.{part.path}.exactly",
                    f"adds up to {total}, and count is {profile.count}",
                    f"change the counts or set count to {total}",
                )
