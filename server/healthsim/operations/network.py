"""Finds clinicians, facilities and pharmacies of the directory near a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from healthsim.errors import NotFound, Refused, near
from healthsim.operations.places import county_of

if TYPE_CHECKING:
    from pathlib import Path

    from healthsim.operations.home import Home
    from healthsim.products.networksim.directory import Directory
    from healthsim.products.reference import Reference

# The directory needs numpy, so it is imported where it is used.

Source = Literal["synthetic", "nppes"]
MOST = 1000
"""Rows of one answer."""
_PHARMACY, _NPPES = "pharmacy", "nppes"


def search(
    home: Home,
    *,
    place: str,
    specialty: str,
    within_miles: float = 30,
    limit: int = 20,
    source: Source = "synthetic",
) -> list[dict[str, Any]]:
    """Find who is in the directory near a place.

    Distances lie between the places where the people of counties live, so they are 0 within one.

    Args:
        home: where imported data are kept.
        place: a county ("Harris County, TX" or 48201), a city ("Houston, TX") or a ZIP code.
        specialty: a specialty, a kind of facility (hospital, snf, ...) or "pharmacy".
        within_miles: how far they may be.
        limit: most rows.
        source: the invented directory, or the one with imported clinicians and hospitals.

    Returns:
        npi, name, specialty, county, state, miles and capacity of each, nearest first, then by
        capacity.

    Raises:
        NotFound: no such place or specialty; nothing was imported.
        Refused: a number is out of range.
    """
    import numpy as np  # noqa: PLC0415  heavy

    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415  heavy

    if not 0 <= within_miles <= 5000:
        raise Refused("within_miles", f"is {within_miles:g}", "give 0 to 5000")
    if not 1 <= limit <= MOST:
        raise Refused("limit", f"is {limit}", f"give 1 to {MOST}")
    geo, county = geography(), county_of(place)
    directory = _directory(home, source, county, within_miles, specialty)
    kinds, names, npis, counties, capacity = _listed(directory, specialty)
    home_county = np.full(len(counties), county, dtype=np.int32)
    miles = directory.centers.miles(home_county, counties)
    within = np.flatnonzero(miles <= within_miles)
    order = within[np.lexsort((npis[within], -capacity[within], miles[within]))][:limit]
    return [
        {
            "npi": int(npis[row]),
            "name": names(row),
            "specialty": kinds,
            "county": geo.county_name[counties[row]],
            "state": geo.states[geo.county_state[counties[row]]],
            "miles": float(miles[row]),
            "capacity": int(capacity[row]),
        }
        for row in order.tolist()
    ]


def imported(
    home: Home, counties: Sequence[str], specialties: Sequence[str]
) -> tuple[Directory, Mapping[str, str]]:
    """Return the directory with imported clinicians and hospitals, and what it was read from.

    Args:
        home: where imported data are kept.
        counties: FIPS codes of the counties that are read.
        specialties: which clinicians are read; of the others the invented ones stay.

    Raises:
        NotFound: no clinicians were imported; the error says what to import.
    """
    from healthsim.reference.read import open_reference  # noqa: PLC0415  duckdb is heavy
    from healthsim.reference.tables import HOSPITALS, NPI_PROVIDERS  # noqa: PLC0415

    with open_reference(home.reference) as reference:
        imports = reference.imports
        used = {
            name: imports[name] for name in (NPI_PROVIDERS.name, HOSPITALS.name) if name in imports
        }
        versions = {table.name: table.digest for table in used.values()}
        selection = (tuple(counties), tuple(sorted(specialties)))
        key = (*sorted(versions.items()), *selection)
        if key not in _READ:
            from healthsim.products.networksim.imported import (  # noqa: PLC0415  heavy
                imported_directory,
            )
            from healthsim.products.reference import built_in  # noqa: PLC0415  heavy

            clinicians = reference.providers(*selection)
            buildings = reference.hospitals(selection[0]) if HOSPITALS.name in imports else None
            directory = imported_directory(built_in().directory, clinicians, buildings)
            _READ.clear()
            _READ[key] = directory
        return _READ[key], versions


def with_imported_directory(
    home: Home,
    profile: Mapping[str, Any],
    journeys: Sequence[Mapping[str, Any]],
    reference: Reference,
) -> Reference:
    """Return a reference whose directory is the imported one, where a profile asks for it.

    Clinicians are read for the states that the profile's location names, and only of specialties
    that the documents name or that people see anyway.

    Args:
        home: where imported data are kept.
        profile: who; a document, checked or not.
        journeys: what happens.
        reference: the reference so far.
    """
    network = profile.get("network")
    if not (isinstance(network, Mapping) and network.get("source") == _NPPES):
        return reference
    words = {*_texts(journeys), *_USUAL}
    specialties = [word for word in reference.directory.specialties if word in words]
    directory, versions = imported(home, _counties(profile), specialties)
    return replace(reference, directory=directory, versions={**reference.versions, **versions})


_USUAL = (
    "family medicine", "internal medicine", "pediatrics", "emergency medicine", "hospitalist",
    "nephrology", "general surgery", "anesthesiology", "radiology", "pathology",
)  # fmt: skip
"""Specialties that people see although no document names them."""


def _texts(value: object) -> Iterator[str]:
    """Yield every text in a document, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (str(key), *_texts(inner))
    elif isinstance(value, Sequence):
        for inner in value:
            yield from _texts(inner)


def _counties(profile: Mapping[str, Any]) -> list[str]:
    """Return the counties of all states that a profile's location names; all where it names none.

    Whole states, so that who is nearest does not depend on which counties are named.
    """
    from healthsim.products.populationsim.reference import geography  # noqa: PLC0415  heavy

    geo = geography()
    people = profile.get("demographics")
    texts = list(_texts(people.get("location") if isinstance(people, Mapping) else None))
    ends = [text.rpartition(",")[2].strip() for text in texts]
    states = {geo.states.index(word) for word in ends if word in geo.states}
    states |= {int(geo.county_state[geo.county_index(word)])
               for word in texts if word in geo.county_fips}  # fmt: skip
    if not states or "metros" in texts:
        return list(geo.county_fips)
    return [fips for fips, state in zip(geo.county_fips, geo.county_state.tolist(), strict=True)
            if state in states]  # fmt: skip


def directory_note(path: Path) -> list[str]:
    """Return notes about a run's or scenario's file in which imported clinicians treat people.

    Returns:
        One sentence about clinicians and one about hospitals; nothing where all are invented.
    """
    from healthsim.persistence.database import open_read  # noqa: PLC0415  duckdb is heavy
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    if _NPPES not in describe_file(path).manifest.references:
        return []
    with open_read(path) as file:
        people = file.sql("SELECT specialty, count(*) FILTER (source = 'nppes'), count(*) "
                          "FROM providers GROUP BY ALL ORDER BY specialty").fetchall()  # fmt: skip
        beds = file.sql("SELECT count(*) FILTER (source = 'cms-hospitals'), count(*) "
                        "FROM facilities WHERE kind = 'hospital'").fetchall()  # fmt: skip
    real, total = (sum(row[column] for row in people) for column in (1, 2))
    invented = [f"{of - own} {word}" for word, own, of in people if of > own]
    rest = f"; invented, as the import has none: {', '.join(invented)}" if invented else ""
    return [
        f"{real} of {total} clinicians are real (nppes){rest}. Every patient is invented.",
        f"{beds[0][0]} of {beds[0][1]} hospitals are real (cms-hospitals) with invented NPI and "
        "beds; other facilities and pharmacies are invented.",
    ]


_READ: dict[tuple[object, ...], Directory] = {}
"""The directory that was read last: a tool prepares a job several times."""


def _directory(home: Home, source: Source, county: int, miles: float, specialty: str) -> Directory:
    import numpy as np  # noqa: PLC0415  heavy

    from healthsim.products.reference import built_in  # noqa: PLC0415  heavy

    directory = built_in().directory
    if source == "synthetic":
        return directory
    counties = np.arange(len(directory.county_fips), dtype=np.int32)
    distances = directory.centers.miles(np.full(len(counties), county, dtype=np.int32), counties)
    near_by = [directory.county_fips[row] for row in np.flatnonzero(distances <= miles).tolist()]
    return imported(home, near_by, [specialty.strip().casefold()])[0]


def _listed(directory: Directory, specialty: str) -> tuple[str, Any, Any, Any, Any]:
    """Return the word, and name, number, county and capacity of all of a kind."""
    import numpy as np  # noqa: PLC0415  heavy

    entity: Any
    kind = specialty.strip().casefold()
    if kind == _PHARMACY:
        entity = directory.pharmacies
        rows = np.flatnonzero(~(entity.mail_order | entity.specialty))
    elif kind in directory.facilities.kind.vocabulary:
        entity = directory.facilities
        rows = np.flatnonzero(entity.kind.equals(kind))
    elif kind in directory.specialties:
        entity = directory.providers
        rows = np.flatnonzero(entity.specialty.equals(kind))
    else:
        known = [*directory.specialties, *directory.facilities.kind.vocabulary, _PHARMACY]
        raise NotFound("specialty", f"the directory has no {specialty!r}", near(kind, known))

    def name(row: int) -> str:
        parts = ("given_name", "family_name") if entity is directory.providers else ("name",)
        words = (getattr(entity, part).take(rows[[row]]).texts()[0] for part in parts)
        return " ".join(word for word in words if word)

    return kind, name, entity.npi[rows], entity.county[rows], entity.capacity[rows]
