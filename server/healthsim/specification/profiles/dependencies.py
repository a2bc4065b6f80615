"""What each part of a profile needs before it can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from healthsim.codes.drugs import drugs
from healthsim.codes.pregnancy import is_of_pregnancy
from healthsim.errors import Problem, SpecError
from healthsim.specification.distributions.kinds import Distribution, Population
from healthsim.specification.language.expressions import Expression
from healthsim.specification.profiles.clinical import Clinical, Quota
from healthsim.specification.profiles.onset import Onset
from healthsim.specification.profiles.profile import ProfileSpec

_OF_MEASURE = {"age": (), "ethnicity": (), "race": ("ethnicity",)}
"""National population measure -> what it depends on; the others depend on age."""
_OF_PLACES = {"age": (), "gender": ("age",), "ethnicity": (), "race": ("ethnicity",)}
"""Local population measure -> what it depends on besides the place; by default age and sex."""


@dataclass(frozen=True)
class ProfilePart:
    """One part that is drawn.

    Attributes:
        name: its name in conditions, or ``"has I10"``, ``"takes metformin 500 mg tablet"``.
        path: its place in the document.
        distributions: the distributions that it is drawn from.
        also: names that it needs besides those in its distributions.
        conditions: (path, condition) of the conditions that are used besides.
        wants: names that it follows where these do not need it themselves.
    """

    name: str
    path: str
    distributions: tuple[Distribution, ...] = ()
    also: tuple[str, ...] = ()
    conditions: tuple[tuple[str, Expression], ...] = ()
    wants: tuple[str, ...] = ()

    def expressions(self) -> Iterator[tuple[str, Expression, str]]:
        """Yield (path within the part, expression, what it must give) of all expressions."""
        for distribution in self.distributions:
            yield from distribution.expressions()
        for path, condition in self.conditions:
            yield path, condition, "truth"


def parts_of(profile: ProfileSpec) -> tuple[ProfilePart, ...]:
    """Return the parts of a profile in document order."""
    return tuple(_parts(profile))


def _parts(profile: ProfileSpec) -> Iterator[ProfilePart]:
    people = profile.demographics
    yield ProfilePart("age", "demographics.age", (profile.ages,))
    yield ProfilePart("gender", "demographics.gender", (people.gender,))
    yield from _groups_of_people(profile)
    location = people.location
    levels = (location.states, location.counties, location.metros)
    given = tuple(level for level in levels if level is not None)
    yield ProfilePart("us_state", "demographics.location", given)
    own = people.marital_status
    needed = ("age", "gender") if own is None else ()
    drawn_from = () if own is None else (own,)
    yield ProfilePart("marital_status", "demographics.marital_status", drawn_from, needed)
    for name, distribution in profile.attributes.items():
        yield ProfilePart(name, f"attributes.{name}", (distribution,))
    if profile.pregnancies:
        yield ProfilePart(PREGNANCY, "household.members", (), ("age",))
    yield from _with_members(tuple(_clinical(profile.clinical)), profile)
    if profile.coverage is not None:
        yield ProfilePart("plan", "coverage.plan", (profile.coverage.plan,))


GROUPS = ("ethnicity", "race", "language")
"""Parts of `demographics` that hang together, whichever of them is stated."""


def is_usual(profile: ProfileSpec, name: str) -> bool:
    """Tell whether a part of `GROUPS` is the population's: not stated, or stated as that."""
    stated: Distribution | None = getattr(profile.demographics, name)
    return stated is None or (isinstance(stated, Population) and stated.measure == name)


def _groups_of_people(profile: ProfileSpec) -> Iterator[ProfilePart]:
    """Yield race, ethnicity and language: the usual ones follow the stated ones, age and place."""
    stated = [name for name in GROUPS if not is_usual(profile, name)]
    before: list[str] = []
    for name in GROUPS:
        path, own = f"demographics.{name}", getattr(profile.demographics, name)
        if name in stated:
            earlier = tuple(other for other in GROUPS[: GROUPS.index(name)] if other in stated)
            yield ProfilePart(name, path, (own,), wants=earlier)
            continue
        placed = profile.demographics.location.stated or name == "language" or "language" in stated
        place = ("us_state",) if placed else ()
        others = (*(other for other in stated if other != name), *before)
        yield ProfilePart(name, path, wants=("age", *place, *others))
        before.append(name)


PREGNANCY = "due date"
"""The part that is the due date of pregnant members; no attribute can have its name."""


def _with_members(parts: tuple[ProfilePart, ...], profile: ProfileSpec) -> Iterator[ProfilePart]:
    """Yield the parts of conditions, with those of the members of a family."""
    held = {f"has {code}": members for code, members in profile.held.items()}
    new = (ProfilePart(name, "household.members") for name in held)
    known = {part.name for part in parts}
    for part in (*parts, *(one for one in new if one.name not in known)):
        spans = tuple(span for one in held.get(part.name, ()) for span in _spans(one.onset))
        also = _always_needed() if part.name in held else ()
        of_pregnancy = any(one.of_pregnancy for one in held.get(part.name, ()))
        code = part.name.removeprefix("has ") if part.name.startswith("has ") else ""
        of_pregnancy |= profile.clinical.pregnant is not None and is_of_pregnancy(code)
        also += (PREGNANCY,) if of_pregnancy else ()
        yield replace(part, distributions=part.distributions + spans, also=part.also + also)


def household_parts(profile: ProfileSpec) -> tuple[ProfilePart, ...]:
    """Return the parts of a household, which are drawn when the anchor is."""
    household = profile.household
    spouse = household.spouse if household is not None else None
    children = household.children if household is not None else None
    given = {f"household.spouse.{name}": getattr(spouse, name, None)
             for name in ("share", "age_gap", "gender")}  # fmt: skip
    given |= {f"household.children.{name}": getattr(children, name, None)
              for name in ("number", "age")}  # fmt: skip
    for position, _, member in () if household is None else household.placed:
        given[f"household.members[{position}].age"] = member.age
    return tuple(
        ProfilePart(path, path, (distribution,))
        for path, distribution in given.items()
        if distribution is not None
    )


def _clinical(clinical: Clinical) -> Iterator[ProfilePart]:
    if clinical.primary is not None:
        onset = clinical.primary.onset
        spans = _spans(onset if isinstance(onset, Onset) else None)
        yield ProfilePart(f"has {clinical.primary.code}", "clinical.primary", spans, ("age",))
    implied = clinical.implied_by
    for one in clinical.comorbidities:
        path = f"clinical.comorbidities[{one.code}]"
        drawn_from = _quota(one) + _spans(one.onset)
        also = _always_needed(implied.get(one.code))
        yield ProfilePart(f"has {one.code}", path, drawn_from, also, _groups(one))
    for number, group in enumerate(clinical.alternatives):
        for other in group:
            path = f"clinical.one_of[{number}][{other.code}]"
            yield ProfilePart(f"has {other.code}", path, _spans(other.onset), _always_needed())
    stated = {one.code for one in clinical.comorbidities}
    for code, causes in implied.items():
        if code not in stated:
            path = f"clinical.comorbidities[{causes[0]}].implies[{code}]"
            yield ProfilePart(f"has {code}", path, (), _always_needed(causes))
    for drug in clinical.medications:
        adherence = () if drug.adherence is None else (drug.adherence,)
        path = f"clinical.medications[{drug.drug}]"
        yield ProfilePart(f"takes {drug.drug}", path, _quota(drug) + adherence, (), _groups(drug))


def _quota(quota: Quota) -> tuple[Distribution, ...]:
    return () if quota.share is None else (quota.share,)


def _groups(quota: Quota) -> tuple[tuple[str, Expression], ...]:
    return tuple((f"exactly[{place}].when", group.when) for place, group in enumerate(quota.groups))


def _always_needed(causes: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return what every condition needs: age, sex, and the conditions that imply it."""
    return ("age", "gender", *(f"has {cause}" for cause in causes or ()))


def _spans(onset: Onset | None) -> tuple[Distribution, ...]:
    spans = () if onset is None else (onset.years_before, onset.days_before)
    return tuple(span for span in spans if span is not None)


def in_order(profile: ProfileSpec) -> tuple[ProfilePart, ...]:
    """Return the parts so that each comes after what it needs, else in document order.

    Raises:
        SpecError: when parts need each other, naming the cycle.
    """
    parts = {part.name: part for part in parts_of(profile)}
    needs = needs_of(profile)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        cycle = " needs ".join(parts[name].path for name in reversed(error.args[1]))
        problem = Problem(
            f"profile.{parts[error.args[1][0]].path}",
            f"parts need each other: {cycle}",
            "give one of them a distribution that does not use the others",
        )
        raise SpecError([problem]) from None
    order, waiting = list[ProfilePart](), list(parts)
    done: set[str] = set()
    while waiting:
        ready = next(name for name in waiting if needs[name] <= done)
        waiting.remove(ready)
        done.add(ready)
        order.append(parts[ready])
    return tuple(order)


def needs_of(profile: ProfileSpec) -> dict[str, set[str]]:
    """Return, for each part, the parts that it needs itself."""
    parts = {part.name: part for part in parts_of(profile)}
    rest = _of_places if profile.demographics.location.stated else _of_nation
    needs = {name: set(_needs(part, parts, rest)) for name, part in parts.items()}
    for name, part in parts.items():
        for wanted in part.wants:
            if wanted in parts and name not in transitive_needs(wanted, needs):
                needs[name].add(wanted)
    return needs


def _of_nation(measure: str) -> tuple[str, ...]:
    return _OF_MEASURE.get(measure, ("age",))


def _of_places(measure: str) -> tuple[str, ...]:
    return ("us_state", *_OF_PLACES.get(measure, ("age", "gender")))


def transitive_needs(part: str, needs: Mapping[str, set[str]]) -> frozenset[str]:
    """Return all parts that a part needs, directly or through others, and itself."""
    reached, waiting = {part}, [part]
    while waiting:
        new = needs[waiting.pop()] - reached
        reached |= new
        waiting += new
    return frozenset(reached)


def _needs(
    part: ProfilePart, parts: Mapping[str, ProfilePart], rest: Callable[[str], tuple[str, ...]]
) -> Iterator[str]:
    yield from (name for name in part.also if name in parts)
    for distribution in part.distributions:
        for _, measure in distribution.measures():
            yield from rest(measure)
    for _, expression, _ in part.expressions():
        yield from (name for name in expression.names if name in parts)
        for function, argument in expression.calls:
            yield from _needed_by_call(function, argument, part, parts)


def _needed_by_call(
    function: str, argument: str, part: ProfilePart, parts: Mapping[str, ProfilePart]
) -> Iterator[str]:
    """Yield the parts that `has("N18")` or `takes("metformin")` depends on.

    A code that the profile does not give may be a combination of codes that it gives, so it depends
    on every other condition.
    """
    codes = {name: name.removeprefix("has ") for name in parts if name.startswith("has ")}
    direct = [name for name, code in codes.items() if code.startswith(argument)]
    if function == "has":
        yield from direct or (name for name in codes if name != part.name)
    elif function == "takes":
        for name in parts:
            row = drugs().rows.get(name.removeprefix("takes "))
            if name.startswith("takes ") and row is not None and row.ingredient == argument:
                yield name
