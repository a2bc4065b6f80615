"""What is wrong with where a profile says that people live."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Literal

from healthsim.errors import Problem
from healthsim.placenames import near_county, near_metro, near_state, unmarked
from healthsim.specification.checks.names import ReferenceNames, text_problems
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.profiles.demographics import Location

_WHERE = "profile.demographics.location"
_OTHER = {"urban": "rural", "rural": "urban"}


def location_problems(location: Location, known: ReferenceNames) -> Iterator[Problem]:
    """Yield places that do not exist, and areas that none of the places has."""
    titles = _code_of_title(known.county_titles, known.counties)
    state = partial(near_state, codes=known.states, names=known.state_names)

    def county(label: str) -> str:
        told = known.other_counties.get(label.casefold())
        return told or near_county(label, codes=known.counties, titles=known.county_titles)

    metro = partial(near_metro, codes=known.metros, titles=known.metro_titles)
    yield from _labels("states", location.states, known.states.__contains__, state)
    yield from _labels(
        "counties",
        location.counties,
        lambda label: (
            label in known.counties or unmarked(label) in titles or unmarked(label) in known.regions
        ),
        county,
    )
    yield from _counted_regions(location, known)
    yield from _labels(
        "metros",
        location.metros,
        lambda label: label in known.metros or label in known.metro_titles,
        metro,
    )
    if location.area is not None:
        yield from _without_area(location, location.area, known)


def _counted_regions(location: Location, known: ReferenceNames) -> Iterator[Problem]:
    """Refuse exact counts of regions, whose people are drawn by county."""
    counties = location.counties
    exact = None if counties is None else getattr(counties, "exactly", None)
    for label in exact or ():
        if label.casefold() in known.regions:
            yield Problem(
                f"{_WHERE}.counties",
                f"gives an exact count for {label!r}, and people are drawn by county",
                f"give weights, or counts of counties: {known.other_counties[label.casefold()]}",
            )


def _labels(
    name: str,
    places: Distribution | None,
    exists: Callable[[str], bool],
    suggest: Callable[[str], str],
) -> Iterator[Problem]:
    """Yield that a level of places gives numbers, or places that do not exist."""
    where = f"{_WHERE}.{name}"
    yield from text_problems(where, places)
    for label in () if places is None else places.labels:
        if not exists(label):
            yield Problem(where, f"unknown value {label!r}", suggest(label))


def _without_area(
    location: Location, area: Literal["urban", "rural"], known: ReferenceNames
) -> Iterator[Problem]:
    """Refuse places that have no county of the area."""
    where = f"{_WHERE}.area"
    if location.metros is not None and area == "rural":
        found = "is rural, and a metropolitan area has no rural county"
        yield Problem(where, found, "remove metros or area")
    for label in () if location.counties is None else possible_labels(location.counties):
        code = _code_of(label, known)
        if code is not None and not _any_in(area, [code], known):
            found = f"is {area}, and {label!r} is {_OTHER[area]}"
            yield Problem(where, found, f"remove {label!r} or area")
    for state in () if location.states is None else possible_labels(location.states):
        counties = zip(known.counties, known.county_titles, strict=True)
        codes = [code for code, title in counties if title.endswith(f", {state}")]
        if codes and not _any_in(area, codes, known):
            found = f"is {area}, and {state} has no {area} county"
            yield Problem(where, found, f"remove {state}")


def _any_in(area: str, codes: Sequence[str], known: ReferenceNames) -> bool:
    return any((code in known.urban) == (area == "urban") for code in codes)


def _code_of(label: str, known: ReferenceNames) -> str | None:
    if label in known.counties:
        return label
    return _code_of_title(known.county_titles, known.counties).get(unmarked(label))


@lru_cache(maxsize=4)
def _code_of_title(titles: tuple[str, ...], counties: tuple[str, ...]) -> dict[str, str]:
    """Return the code of each county by its title as it is looked up."""
    return {unmarked(title): code for code, title in zip(counties, titles, strict=False)}
