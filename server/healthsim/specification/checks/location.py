"""What is wrong with where a profile says that people live."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthsim.errors import Problem
from healthsim.placenames import near_county, near_metro, near_state
from healthsim.specification.checks.names import ReferenceNames, text_problems
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.profiles.profile import Location

_WHERE = "profile.demographics.location"
_OTHER = {"urban": "rural", "rural": "urban"}


def location_problems(said: Location, known: ReferenceNames) -> Iterator[Problem]:
    """Yield places that do not exist, and areas that none of the places has."""
    if said.states is not None:
        yield from text_problems(f"{_WHERE}.states", said.states)
        yield from _no_states(said.states, known)
    if said.counties is not None:
        yield from text_problems(f"{_WHERE}.counties", said.counties)
        yield from _no_counties(said.counties, known)
    if said.metros is not None:
        yield from text_problems(f"{_WHERE}.metros", said.metros)
        yield from _no_metros(said.metros, known)
    if said.area is not None:
        yield from _without_area(said, known)


def _no_states(said: Distribution, known: ReferenceNames) -> Iterator[Problem]:
    for label in said.labels:
        if label not in known.states:
            mend = near_state(label, known.states, known.state_names)
            yield Problem(f"{_WHERE}.states", f"unknown value {label!r}", mend)


def _no_counties(said: Distribution, known: ReferenceNames) -> Iterator[Problem]:
    called = {title.casefold() for title in known.county_titles}
    for label in said.labels:
        if label not in known.counties and label.casefold() not in called:
            mend = near_county(label, known.counties, known.county_titles)
            yield Problem(f"{_WHERE}.counties", f"unknown value {label!r}", mend)


def _no_metros(said: Distribution, known: ReferenceNames) -> Iterator[Problem]:
    for label in said.labels:
        if label not in known.metros and label not in known.metro_titles:
            mend = near_metro(label, known.metros, known.metro_titles)
            yield Problem(f"{_WHERE}.metros", f"unknown value {label!r}", mend)


def _without_area(said: Location, known: ReferenceNames) -> Iterator[Problem]:
    """Refuse what has no county of the kind that is asked for."""
    area, where = said.area or "urban", f"{_WHERE}.area"
    if said.metros is not None and area == "rural":
        found = "is rural, and a metropolitan area has no such county"
        yield Problem(where, found, "remove metros or area")
    for label in () if said.counties is None else possible_labels(said.counties):
        code = _code_of(label, known)
        if code is not None and not _some([code], area, known):
            found = f"is {area}, and {label!r} is {_OTHER[area]}"
            yield Problem(where, found, f"remove {label!r} or area")
    for state in () if said.states is None else possible_labels(said.states):
        named = zip(known.counties, known.county_titles, strict=True)
        inside = [code for code, title in named if title.endswith(f", {state}")]
        if inside and not _some(inside, area, known):
            yield Problem(where, f"is {area}, and no county of {state} is", f"remove {state}")


def _some(codes: Sequence[str], area: str, known: ReferenceNames) -> bool:
    return any((code in known.urban) == (area == "urban") for code in codes)


def _code_of(label: str, known: ReferenceNames) -> str | None:
    if label in known.counties:
        return label
    named = zip(known.counties, known.county_titles, strict=True)
    return {title.casefold(): code for code, title in named}.get(label.casefold())
