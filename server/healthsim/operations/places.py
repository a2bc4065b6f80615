"""Which county a text means: a county itself, a city in it, or a ZIP code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from healthsim.errors import NotFound, near

if TYPE_CHECKING:
    from healthsim.products.populationsim.reference import Geography

# The geography needs numpy, so it is imported where it is used.

FORMS = (
    "write a county ('Harris County, TX' or 48201), a city ('Houston, TX') or a ZIP code (77002)"
)
_FEW = 3
_INDEPENDENT = " city"  # of its own, as Richmond and Baltimore are: what its name means first
_KIND = re.compile(
    r"\s+(county|parish|borough|census area|municipality|city and borough|city)$", re.IGNORECASE
)


def county_of(place: str, where: str = "near") -> int:
    """Return the county that a text names, itself or by a city or ZIP code in it.

    Raises:
        NotFound: there is no such place, or several; the error names the nearest in writing.
    """
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415  heavy

    here, said = geography(), place.strip()
    if re.fullmatch(r"\d{5}", said):
        if said in here.county_fips:
            return here.county_index(said)
        if said in here.place_zip:
            return int(here.place_county[here.place_zip.index(said)])
        raise NotFound(where, f"no county or ZIP code {said!r}",
                       near_places(said, [*here.county_fips, *here.place_zip]))  # fmt: skip
    name, comma, state = (part.strip() for part in said.rpartition(","))
    if not comma:
        raise NotFound(where, f"{place!r} names no state", _with_state(here, said))
    names = [state_name.casefold() for state_name in here.state_names]
    spelled = state.casefold() in names
    code = here.states[names.index(state.casefold())] if spelled else state.upper()
    return _inside(here, name, here.state_index(code, where), where)


def _inside(here: Geography, name: str, state: int, where: str) -> int:
    """Return the county of a state that is called so, or in which a city is called so."""
    counties = range(*here.county_start[state : state + 2].tolist())
    inside = range(*here.place_start[[counties[0], counties[-1] + 1]].tolist())
    cities = {  # of a city in several counties the largest, which comes first
        here.place_city.vocabulary[here.place_city.codes[row]]: int(here.place_county[row])
        for row in reversed(inside)
    }
    named = {_plain(here.county_name[county]): county for county in counties}
    named |= {city.casefold(): county for city, county in cities.items()}
    named |= {_plain(here.county_name[county]): county for county in counties
              if here.county_name[county].endswith(_INDEPENDENT)}  # fmt: skip
    named |= {here.county_name[county].casefold(): county for county in counties}
    if (found := named.get(name.casefold(), named.get(_plain(name)))) is not None:
        return found
    known = [*(here.county_name[county] for county in counties), *cities]
    raise NotFound(
        where, f"no county or city {name!r} in {here.states[state]}", near_places(name, known)
    )


def near_places(said: str, known: Iterable[str]) -> str:
    """Suggest the names most like one, or say in which forms places are named."""
    mend = near(said, known)
    return mend if mend.startswith("did you mean") else FORMS


def _with_state(here: Geography, said: str) -> str:
    """Suggest the largest places of a name that was said without its state."""
    plain, cities = _plain(said), here.place_city
    people: dict[str, int] = {}
    for code in (at for at, city in enumerate(cities.vocabulary) if city.casefold() == plain):
        rows = (cities.codes == code).nonzero()[0]
        weights = here.place_weight[rows].tolist()
        for county, weight in zip(here.place_county[rows].tolist(), weights, strict=True):
            title = f"{cities.vocabulary[code]}, {here.states[here.county_state[county]]}"
            people[title] = people.get(title, 0) + weight
    if not people:
        people = {title: size for title, name, size in zip(
            here.county_titles, here.county_name, here.county_population.tolist(), strict=True)
            if _plain(name) == plain}  # fmt: skip
    largest = sorted(people, key=lambda title: (-people[title], title))[:_FEW]
    if largest:
        return f"did you mean {' or '.join(map(repr, largest))}?"
    told = near(said, cities.vocabulary)
    return f"{told.removesuffix('?')}, with its state?" if told.startswith("did") else FORMS


def _plain(name: str) -> str:
    return _KIND.sub("", name).casefold().replace(".", "")
