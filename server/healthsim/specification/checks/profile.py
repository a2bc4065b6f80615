"""What is wrong with a profile by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from healthsim.codes.drugs import drugs
from healthsim.codes.excludes1 import has_excludes1
from healthsim.codes.icd10cm import contradict, icd10cm
from healthsim.errors import Problem
from healthsim.medicine.naming import analyte_named
from healthsim.specification.checks.benefits import benefit_problems
from healthsim.specification.checks.codes import Codes, age_range_problems
from healthsim.specification.checks.household import born_problems, household_problems
from healthsim.specification.checks.joint import joint_problems
from healthsim.specification.checks.location import location_problems
from healthsim.specification.checks.names import (
    BUILT_IN_KINDS,
    GESTATION,
    Names,
    ReferenceNames,
    accept_any,
    code_problem,
    has_argument_fault,
    no_history,
    number_problems,
    share_problems,
    takes_argument_fault,
    text_problems,
    unknown_problems,
)
from healthsim.specification.checks.physiology import (
    bounds_of,
    impossible,
    physiology_problems,
)
from healthsim.specification.checks.pregnancy import (
    Expectant,
    onset_problems,
    pregnancy_onset_problems,
    pregnancy_problems,
)
from healthsim.specification.checks.quotas import quota_problems
from healthsim.specification.checks.safety import safety_problems
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.language.expressions import NUMBER, TEXT, Kind
from healthsim.specification.profiles.clinical import Quota
from healthsim.specification.profiles.dependencies import (
    ProfilePart,
    household_parts,
    in_order,
    parts_of,
)
from healthsim.specification.profiles.genders import GENDERS, other_sex
from healthsim.specification.profiles.onset import Onset
from healthsim.specification.profiles.profile import ProfileSpec

_RESERVED = frozenset({*BUILT_IN_KINDS, "role", "arm", "stage", "language", "marital_status"})
OLDEST = 125
_OLDEST_LIMIT = 124  # years: where the code book has no upper limit


def profile_problems(profile: ProfileSpec, known: ReferenceNames) -> Iterator[Problem]:
    """Yield everything that is wrong with a profile."""
    yield from _demographics(profile, known)
    yield from household_problems(profile)
    yield from benefit_problems(profile)
    yield from _attributes(profile)
    yield from _clinical(profile, _own_kinds(profile, known))
    yield from _coverage(profile, known)
    yield from _expressions(profile, known)
    yield from _totals(profile)
    yield from joint_problems(profile)
    yield from safety_problems(profile)
    yield from physiology_problems(profile)
    in_order(profile)


def kinds_of(profile: ProfileSpec, known: ReferenceNames) -> dict[str, Kind]:
    """Return the names of a profile, and what each gives."""
    kinds = {**BUILT_IN_KINDS, "us_state": known.states, "race": known.races}
    kinds |= {"language": known.languages, "marital_status": ("S", "M", "D", "W")}
    people = profile.demographics
    if people.location.states is not None and people.location.states.kind == "text":
        kinds["us_state"] = people.location.states.labels
    own = ("language", "marital_status", "race", "ethnicity")
    for name in own if profile.household is not None else (*own, "gender"):
        distribution: Distribution | None = getattr(people, name)
        if distribution is not None and distribution.kind == "text" and distribution.labels:
            kinds[name] = distribution.labels
    if profile.coverage is not None and profile.coverage.plan.kind == "text":
        kinds["plan"] = (*profile.coverage.plan.labels, *profile.coverage.plans, *known.plans)
    if profile.coverage is None:
        del kinds["plan"]
    for name, attribute in profile.attributes.items():
        kinds[name] = (attribute.labels or TEXT) if attribute.kind == "text" else NUMBER
    return kinds


def _own_kinds(profile: ProfileSpec, known: ReferenceNames) -> dict[str, Kind]:
    """Return the names that the profile itself may use."""
    return {name: kind for name, kind in kinds_of(profile, known).items() if name != GESTATION}


def _demographics(profile: ProfileSpec, known: ReferenceNames) -> Iterator[Problem]:
    people, where = profile.demographics, "profile.demographics"
    yield from number_problems(f"{where}.age", people.age, 0, OLDEST)
    yield from born_problems(f"{where}.born", people.born, profile.as_of)
    yield from text_problems(f"{where}.gender", people.gender, GENDERS)
    yield from text_problems(f"{where}.ethnicity", people.ethnicity, ("non_hispanic", "hispanic"))
    for name in ("race", "language", "marital_status"):
        yield from text_problems(f"{where}.{name}", getattr(people, name))
    yield from location_problems(people.location, known)
    for part in _all_parts(profile):
        for distribution in part.distributions:
            for path, measure in distribution.measures():
                here = f"profile.{part.path}.{path}".rstrip(".")
                yield from unknown_problems(here, "measure", measure, known.measures)


def _all_parts(profile: ProfileSpec) -> tuple[ProfilePart, ...]:
    return (*parts_of(profile), *household_parts(profile))


_NOT_IN_FAMILIES = (
    "is an exact count, and how many people a family has is known only in the run",
    "give a share, or counts of groups of people, or set unit to person",
)


def _attributes(profile: ProfileSpec) -> Iterator[Problem]:
    for name in profile.attributes:
        if name in _RESERVED:
            yield Problem(
                f"profile.attributes.{name}",
                f"{name!r} is a built-in name of the language",
                f"rename it, such as own_{name}",
            )
        key = analyte_named(name)
        if key is not None and profile.attributes[name].kind == "number":
            low, high, unit = bounds_of(key)
            where = f"profile.attributes.{name}"
            yield from impossible(name, profile.attributes[name], low, high, unit, where)


def _begins_with_pregnancy(profile: ProfileSpec, code: str) -> bool:
    """Tell whether a code without an onset begins when everybody's pregnancy was found."""
    usual = profile.clinical.pregnant is not None and profile.problem_list == "usual"
    return usual or profile.pregnancy_begins(code)


def _clinical(profile: ProfileSpec, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    clinical, where = profile.clinical, "profile.clinical"
    stated: list[str] = []
    if clinical.primary is not None:
        yield from _condition(profile, f"{where}.primary.code", clinical.primary.code, all_=True)
        stated.append(clinical.primary.code)
        onset = clinical.primary.onset if isinstance(clinical.primary.onset, Onset) else None
        yield from onset_problems(f"{where}.primary.onset", onset)
        yield from pregnancy_onset_problems(
            f"{where}.primary.onset", clinical.primary.code, onset, of_all=True
        )
    for place, comorbidity in enumerate(clinical.comorbidities):
        here, all_ = f"{where}.comorbidities[{place}]", isinstance(comorbidity.exactly, int)
        yield from _condition(profile, f"{here}.code", comorbidity.code, all_=all_)
        yield from _quota(profile, here, comorbidity, kinds)
        yield from onset_problems(f"{here}.onset", comorbidity.onset)
        begins = _begins_with_pregnancy(profile, comorbidity.code)
        yield from pregnancy_onset_problems(
            f"{here}.onset", comorbidity.code, comorbidity.onset, of_all=begins
        )
        for other in stated:
            yield from _excluded(f"{here}.code", other, comorbidity.code, comorbidity)
        stated.append(comorbidity.code)
    yield from _alternatives_and_implied(profile)
    if clinical.pregnant is not None and profile.unit == "person":
        sexes, ages = possible_labels(profile.demographics.gender), profile.ages.range()
        everybody = Expectant("person", sexes, ages, is_anchor=True)
        yield from pregnancy_problems(profile, clinical.pregnant, everybody, f"{where}.pregnant")
    for place, medication in enumerate(clinical.medications):
        here = f"{where}.medications[{place}]"
        yield from code_problem(f"{here}.drug", drugs().find, medication.drug)
        yield from _quota(profile, here, medication, kinds)
        yield from share_problems(f"{here}.adherence", medication.adherence)


def _alternatives_and_implied(profile: ProfileSpec) -> Iterator[Problem]:
    clinical = profile.clinical
    for number, group in enumerate(clinical.alternatives):
        for place, alternative in enumerate(group):
            here = f"profile.clinical.one_of[{number}][{place}]"
            yield from _condition(profile, f"{here}.code", alternative.code, all_=False)
            yield from onset_problems(f"{here}.onset", alternative.onset)
            yield from pregnancy_onset_problems(
                f"{here}.onset",
                alternative.code,
                alternative.onset,
                of_all=_begins_with_pregnancy(profile, alternative.code),
            )
    for code, causes in clinical.implied_by.items():
        here = f"profile.clinical.comorbidities[{causes[0]}].implies"
        yield from _condition(profile, here, code, all_=False)


def _condition(profile: ProfileSpec, where: str, code: str, *, all_: bool) -> Iterator[Problem]:
    """Yield what is wrong with a code that all people have, or some."""
    yield from Codes.of_profile(profile).problems(where, "icd10cm", code)
    row, genders = icd10cm().row(code), possible_labels(profile.demographics.gender)
    youngest, oldest = profile.ages.range()
    if profile.household is not None and not all_:
        genders = ("M", "F")
    others = [label for label in genders if row.sex and label == other_sex(row.sex)]
    if all_ and row.sex and (others or not genders):
        yield Problem(
            where,
            f"{code} is only for {row.sex}, and everyone is to have it",
            f'set demographics.gender to {{"{row.sex}": 1}} or give it a share or a count by group',
        )
    limited = row.age_low > 0 or row.age_high < _OLDEST_LIMIT
    if all_ and limited and not (row.age_low <= youngest and oldest < row.age_high + 1):
        yield Problem(
            where,
            f"{code} is only for ages {row.age_low} to {row.age_high}, and ages here are "
            f"{youngest:g} to {oldest:g}",
            f"set demographics.age within {row.age_low} to {row.age_high} or give it a share or a "
            "count by group",
        )
    if not all_ and profile.household is None:
        yield from age_range_problems(where, code, youngest, oldest)
    if row.sex and genders and set(genders) == {other_sex(row.sex)}:
        found = f"{code} is only for {row.sex}, and nobody is {row.sex}"
        yield Problem(where, found, "remove it or change demographics.gender")


def _quota(
    profile: ProfileSpec, where: str, quota: Quota, kinds: Mapping[str, Kind]
) -> Iterator[Problem]:
    yield from share_problems(f"{where}.share", quota.share)
    if isinstance(quota.exactly, int) and profile.unit == "family":
        yield Problem(f"{where}.exactly", *_NOT_IN_FAMILIES)
    else:
        yield from quota_problems(profile, where, quota, kinds)


def _excluded(where: str, first: str, second: str, quota: Quota) -> Iterator[Problem]:
    """Refuse two conditions that nobody can have at once, unless conditions keep them apart."""
    conditions = [group.when for group in quota.groups]
    if quota.share is not None:
        conditions += [expression for _, expression, _ in quota.share.expressions()]
    both = not conditions and has_excludes1(first, second)  # else they may keep the two apart
    if not contradict(first, second) and not both:
        return
    calls = [call for condition in conditions for call in condition.calls]
    if not any(function == "has" and first.startswith(prefix) for function, prefix in calls):
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
        _own_kinds(profile, known),
        {
            "has": accept_any if profile.allow_unlisted_codes else has_argument_fault,
            "takes": takes_argument_fault,
            **dict.fromkeys(("happened", "count", "days_since", "last"), no_history),
        },
    )
    for part in _all_parts(profile):
        for path, expression, want in part.expressions():
            yield from names.problems(f"profile.{part.path}.{path}", expression, want)


def _totals(profile: ProfileSpec) -> Iterator[Problem]:
    for part in _all_parts(profile):
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
