"""Describes the people of a place, and finds the imported figures that a profile needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from healthsim.errors import HealthSimError, NotFound, near
from healthsim.operations.home import Home
from healthsim.operations.places import county_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from healthsim.products.populationsim.population import CountyPopulation
    from healthsim.products.populationsim.rates import Rates
    from healthsim.products.reference import Reference
    from healthsim.reference.read import ReferenceReader

# numpy, duckdb and the figures are heavy, so they are imported where they are used.

_DECIMALS = 4
_AGES = ((0, 5), (5, 18), (18, 35), (35, 50), (50, 65), (65, 75), (75, 85), (85, None))
_TABLES = ("county_people", "county_measures")
_MEANT = "did you mean"
_IMPORT = "healthsim reference import cdc-places FILE"
_BASIS = ("nothing", "nation", "state", "county")


def describe_place(home: Home, place: str, measures: Sequence[str] = ()) -> dict[str, Any]:
    """Return who lives in a place and how common conditions are there, as plain data.

    Args:
        home: where imported figures are kept.
        place: ``"US"``, a state (``"TX"``), a county (``"48201"`` or ``"Harris County, TX"``), a
            metropolitan area (``"26420"`` or its title), or a city (``"Houston, TX"``) or ZIP code
            (``"77002"``), which stand for their county. Where a metropolitan area is called as a
            city is, the city is meant, and `metro` names the area.
        measures: of which conditions; all that are known where none are named.

    Raises:
        NotFound: for a place or a measure that does not exist; the error suggests similar names.
    """
    from healthsim.products.populationsim.population import PLACES  # noqa: PLC0415
    from healthsim.products.populationsim.rates import rates  # noqa: PLC0415

    kind, name, counties = _resolve(place)
    population = imported_population(home)
    people = population.people[counties].sum(axis=0)
    known = _measures(population)
    measures = [measure if measure in known else PLACES.get(measure, measure)
                for measure in measures]  # fmt: skip
    for measure in measures:
        if measure not in known and measure not in PLACES.values():
            raise _unknown(measure, known)
    shown_measures = measures or known
    rates_by_measure = {measure: rates(measure, population, counties) for measure in shown_measures}
    return {
        "place": name, "kind": kind, "counties": len(counties), **_area(kind, counties),
        "people": int(people.sum()),
        "people_source": sorted({
            text or "" for text in population.source.take(counties).texts()
        }),
        "ages": _ages(people),
        "women_share": round(float(people[:, 1].sum() / people.sum()), _DECIMALS),
        "prevalence": {
            measure: _prevalence(measure, population, counties, measure_rates)
            for measure, measure_rates in rates_by_measure.items()
        },
    }  # fmt: skip


def imported_population(home: Home) -> CountyPopulation:
    """Return who lives where, with what was imported in place of what is built in."""
    from healthsim.products.populationsim.population import built_in_population  # noqa: PLC0415

    if not home.reference.is_file():
        return built_in_population()
    from healthsim.reference.read import open_reference  # noqa: PLC0415

    with open_reference(home.reference) as imported:
        return _laid_over(imported, [name for name in _TABLES if name in imported.imports])


def with_imported_population(
    home: Home, profile: Mapping[str, Any], reference: Reference
) -> Reference:
    """Return a reference with the imported people and prevalences that a profile asks for.

    What it does not ask for is not read, and does not change the identity of its runs.
    """
    if not home.reference.is_file() or not needed_tables(profile):
        return reference
    from healthsim.reference.read import open_reference  # noqa: PLC0415

    with open_reference(home.reference) as imported:
        tables = [name for name in needed_tables(profile) if name in imported.imports]
        if not tables:
            return reference
        versions = {imported.imports[name].name: imported.imports[name].digest for name in tables}
        population = _laid_over(imported, tables)
    return replace(reference, population=population, versions={**reference.versions, **versions})


def _laid_over(imported: ReferenceReader, tables: Sequence[str]) -> CountyPopulation:
    from healthsim.products.populationsim.population import built_in_population  # noqa: PLC0415

    population = built_in_population()
    if "county_people" in tables:
        population = population.with_people(imported.county_people())
    if "county_measures" in tables:
        population = population.with_measures(imported.county_measures())
    return population


def needed_tables(profile: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the imported tables whose figures a profile's people are drawn from.

    Args:
        profile: a document, checked or not; one that cannot be read needs none.
    """
    from healthsim.specification.document import read  # noqa: PLC0415
    from healthsim.specification.profiles.dependencies import household_parts, parts_of  # noqa: PLC0415
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415

    try:
        spec = read(ProfileSpec, dict(profile), "profile")
    except HealthSimError:
        return ()
    if not spec.demographics.location.stated:
        return ()
    parts = (*parts_of(spec), *household_parts(spec))
    names = {
        measure
        for part in parts
        for distribution in part.distributions
        for _, measure in distribution.measures()
    }
    people_names = names & {"age", "gender"}
    measure_names = names - {"age", "gender", "race", "ethnicity"}
    used = zip(_TABLES, (people_names | measure_names, measure_names), strict=True)
    return tuple(name for name, measures in used if measures)


def _resolve(place: str) -> tuple[str, str, NDArray[np.int32]]:
    """Return what a place is, its name, and the counties that it consists of."""
    import numpy as np  # noqa: PLC0415

    from healthsim.products.populationsim.county_codes import other_code  # noqa: PLC0415
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415

    geo = geography()
    all_counties = np.arange(len(geo.county_fips), dtype=np.int32)
    if place.upper() in {"US", "USA", "UNITED STATES"}:
        return "nation", "United States", all_counties[geo.county_of_nation]
    names = [name.casefold() for name in geo.state_names]
    if place.upper() in geo.states or place.casefold() in names:
        upper = place.upper() in geo.states
        state = geo.states.index(place.upper()) if upper else names.index(place.casefold())
        return "state", geo.state_names[state], all_counties[geo.county_state == state]
    if place in geo.metros:
        return _metro(geo.metros.index(place))
    try:
        county = county_of(place, "place")
    except NotFound as error:
        if place in geo.metro_titles:
            return _metro(geo.metro_titles.index(place))
        if other_code(place.strip()) is not None:  # it is told which counties it stands for
            raise
        raise _no_place(place, error) from None
    return "county", geo.county_titles[county], all_counties[county : county + 1]


def _metro(metro: int) -> tuple[str, str, NDArray[np.int32]]:
    import numpy as np  # noqa: PLC0415

    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415

    geo = geography()
    counties = np.flatnonzero(geo.county_metro == metro).astype(np.int32)
    return "metro", geo.metro_titles[metro], counties


def _area(kind: str, counties: NDArray[np.int32]) -> dict[str, str]:
    """Return the metropolitan area of a county, if it lies in one."""
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415

    geo = geography()
    metro = int(geo.county_metro[counties[0]]) if kind == "county" else -1
    return {} if metro < 0 else {"metro": f"{geo.metro_titles[metro]} ({geo.metros[metro]})"}


def _no_place(place: str, error: NotFound) -> NotFound:
    """Return the error for a place that does not exist; it suggests similar states and areas."""
    from healthsim.placenames import near_county, near_metro  # noqa: PLC0415
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415

    geo, mend = geography(), error.problem.mend
    if "," in place:
        counties = near_county(place, geo.county_fips, geo.county_titles)
        if counties.startswith(_MEANT):
            also = mend.removeprefix(_MEANT) if mend.startswith(_MEANT) else ""
            mend = f"{counties.removesuffix('?')} or{also}" if also else counties
    elif not place.isdigit():
        states = near(place, [*geo.states, *geo.state_names])
        if states.startswith(_MEANT):
            mend = states
        areas = near_metro(place, geo.metros, geo.metro_titles)
        if areas.startswith(_MEANT):
            area = f"the metropolitan area{areas.removeprefix(_MEANT)}"
            first = mend.removesuffix("?") if mend.startswith(_MEANT) else ""
            mend = f"{first}, or {area}" if first else f"{_MEANT} {area}"
    return NotFound("place", f"no place {place!r}", mend)


def _unknown(measure: str, known: Sequence[str]) -> NotFound:
    """Return the error for an unknown measure; it says what to import, or suggests similar ones."""
    from healthsim.products.populationsim.population import (  # noqa: PLC0415
        PLACES,
        PLACES_BESIDES,
    )

    if measure in PLACES_BESIDES:
        mend = f"import a release of CDC PLACES by county that has it: {_IMPORT}"
        return NotFound("measures", f"there is no figure for {measure!r}", mend)
    names = {*known, *PLACES.values(), *PLACES_BESIDES}
    return NotFound("measures", f"no measure {measure!r}",
                    f"{near(measure, names)} (more of them come with {_IMPORT})")  # fmt: skip


def _measures(population: CountyPopulation) -> list[str]:
    from healthsim.products.populationsim.figures import measures  # noqa: PLC0415

    return sorted({*measures(), *population.measures})


def _ages(people: NDArray[np.int64]) -> dict[str, float]:
    """Return the share of people in bands of age, a band of five years being evenly filled."""
    import numpy as np  # noqa: PLC0415

    years = np.repeat(people.sum(axis=1), 5) / 5
    return {
        f"{low}+" if high is None else f"{low}-{high - 1}": round(
            float(years[low:high].sum() / years.sum()), _DECIMALS
        )
        for low, high in _AGES
    }


def _prevalence(
    measure: str, population: CountyPopulation, counties: NDArray[np.int32], rates: Rates
) -> dict[str, Any]:
    """Return the share of a place's adults, and the level of the figures behind it.

    None where a county is unknown: a part does not represent a state, and runs refuse it too.
    """
    from healthsim.products.populationsim.rates import by_year  # noqa: PLC0415

    known = int((rates.known > 0).sum())
    if known < len(counties):
        rests_on = f"{known:,} of {len(counties):,} counties" if known else "nothing"
        return {"adults_share": None, "rests_on": rests_on, "import": _IMPORT}
    adults = by_year(population.people[counties]).sum(axis=(1, 2))
    share = float((rates.level * adults).sum() / adults.sum())
    basis = int(rates.known.min())
    return {"adults_share": round(share, _DECIMALS), "rests_on": _BASIS[basis],
            **_source_of(measure, population, counties, basis)}  # fmt: skip


def _source_of(
    measure: str, population: CountyPopulation, counties: NDArray[np.int32], basis: int
) -> dict[str, Any]:
    """Return source, year and confidence of the figure behind a prevalence."""
    from healthsim.products.populationsim.figures import figure  # noqa: PLC0415
    from healthsim.products.populationsim.population import state_levels  # noqa: PLC0415
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415

    if basis == len(_BASIS) - 1:
        level, first = population.measures[measure], int(counties[0])
        return {"source": level.source.take(counties[:1]).texts()[0] or "imported",
                "year": int(level.year[first]) or None, "confidence": "imported"}  # fmt: skip
    nation = figure(measure)
    if basis == 1:
        return {"source": f"{nation.source}; by the place's ages and sexes", "year": nation.year,
                "confidence": "D"}  # fmt: skip
    state = int(geography().county_state[counties[0]])
    level = state_levels()[measure]
    origin = level.source.texts()[state]
    return {
        "source": f"{nation.source} ({nation.year}), by the state's distance from the nation in "
                  f"{origin}", "year": int(level.year[state]), "confidence": "D",
        "published_state_share": round(float(level.share[state]), _DECIMALS),
    }  # fmt: skip
