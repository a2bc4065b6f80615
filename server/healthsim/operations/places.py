"""Finds the county that a text names: itself, or by a city or ZIP code in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from healthsim.errors import NotFound, near
from healthsim.placenames import unmarked

if TYPE_CHECKING:
    from healthsim.products.populationsim.reference import Geography

# The geography needs numpy, so it is imported where it is used.

FORMS = (
    "write a county ('Harris County, TX' or 48201), a city ('Houston, TX') or a ZIP code (77002)"
)
_FEW = 3
_INDEPENDENT = " city"  # an independent city, such as Richmond, comes first for its name
_KIND = re.compile(
    r"\s+(county|parish|borough|census area|municipality|municipio|island|district"
    r"|city and borough|city)$",
    re.IGNORECASE,
)


def county_of(place: str, where: str = "near") -> int:
    """Return the county that a text names, itself or by a city or ZIP code in it.

    Raises:
        NotFound: there is no such place, or several; the error suggests similar names.
    """
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415  heavy

    geo, label = geography(), place.strip()
    if re.fullmatch(r"\d{5}", label):
        if label in geo.county_fips:
            return geo.county_index(label)
        if label in geo.place_zip:
            return int(geo.place_county[geo.place_zip.index(label)])
        _refuse_other_code(label, where)
        raise NotFound(where, f"no county or ZIP code {label!r}",
                       near_places(label, [*geo.county_fips, *geo.place_zip]))  # fmt: skip
    _refuse_other_code(label, where)
    name, comma, state = (part.strip() for part in label.rpartition(","))
    if not comma:
        raise NotFound(where, f"{place!r} names no state", _with_state(geo, label))
    names = [state_name.casefold() for state_name in geo.state_names]
    in_full = state.casefold() in names
    code = geo.states[names.index(state.casefold())] if in_full else state.upper()
    return _county_in_state(geo, name, geo.state_index(code, where), where)


def _refuse_other_code(label: str, where: str) -> None:
    """Refuse a planning region or a former county, and name the counties that it stands for.

    Raises:
        NotFound: the label is the code or the title of one.
    """
    from healthsim.products.populationsim.county_codes import other_code  # noqa: PLC0415  heavy

    found = other_code(label)
    if found is not None:
        meant = " or ".join(map(repr, found.people))
        raise NotFound(where, f"{found.said}, and figures here are by county", f"ask for {meant}")


def _county_in_state(geo: Geography, name: str, state: int, where: str) -> int:
    """Return the county of a state that has this name, or that holds a city of this name."""
    counties = range(*geo.county_start[state : state + 2].tolist())
    places = range(*geo.place_start[[counties[0], counties[-1] + 1]].tolist())
    cities = {  # of a city in several counties the largest, which comes first
        geo.place_city.vocabulary[geo.place_city.codes[row]]: int(geo.place_county[row])
        for row in reversed(places)
    }
    county_by_name = {_plain(geo.county_name[county]): county for county in counties}
    county_by_name |= {city.casefold(): county for city, county in cities.items()}
    county_by_name |= {_plain(geo.county_name[county]): county for county in counties
                       if geo.county_name[county].endswith(_INDEPENDENT)}  # fmt: skip
    county_by_name |= {geo.county_name[county].casefold(): county for county in counties}
    if (
        county_index := county_by_name.get(name.casefold(), county_by_name.get(_plain(name)))
    ) is not None:
        return county_index
    known = [*(geo.county_name[county] for county in counties), *cities]
    raise NotFound(
        where, f"no county or city {name!r} in {geo.states[state]}", near_places(name, known)
    )


def near_places(name: str, known: Iterable[str]) -> str:
    """Suggest the names most like one, or else the forms in which places are written."""
    mend = near(name, known)
    return mend if mend.startswith("did you mean") else FORMS


def _with_state(geo: Geography, label: str) -> str:
    """Suggest the largest places of a name that was given without its state."""
    plain, cities = _plain(label), geo.place_city
    population: dict[str, int] = {}
    for code in (at for at, city in enumerate(cities.vocabulary) if city.casefold() == plain):
        rows = (cities.codes == code).nonzero()[0]
        weights = geo.place_weight[rows].tolist()
        for county, weight in zip(geo.place_county[rows].tolist(), weights, strict=True):
            title = f"{cities.vocabulary[code]}, {geo.states[geo.county_state[county]]}"
            population[title] = population.get(title, 0) + weight
    if not population:
        population = {title: size for title, name, size in zip(
            geo.county_titles, geo.county_name, geo.county_population.tolist(), strict=True)
                      if _plain(name) == plain}  # fmt: skip
    largest = sorted(population, key=lambda title: (-population[title], title))[:_FEW]
    if largest:
        return f"did you mean {' or '.join(map(repr, largest))}?"
    suggestion = near(label, cities.vocabulary)
    return (
        f"{suggestion.removesuffix('?')}, with its state?"
        if suggestion.startswith("did")
        else FORMS
    )


def _plain(name: str) -> str:
    return unmarked(_KIND.sub("", name)).replace(".", "")
