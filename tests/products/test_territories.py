"""Puerto Rico and the other territories: people live there where a specification says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import diabetic, listed, run
from healthsim.operations.places import county_of
from healthsim.products.populationsim.population import built_in_population
from healthsim.products.populationsim.race import county_cells
from healthsim.products.populationsim.reference import geography

AREA_CODES = {"PR": {"787", "939"}, "GU": {"671"}, "VI": {"340"}, "AS": {"684"}, "MP": {"670"}}


def people(count: int = 600, **location: Any) -> dict[str, Any]:
    return diabetic(count=count) | {
        "demographics": {"location": location}, "clinical": {}, "attributes": {},
        "coverage": None, "products": ["patientsim"],
    }  # fmt: skip


def test_territories_come_after_the_states_and_have_the_people_of_2020() -> None:
    geo = geography()
    count = {state: int(geo.county_population[geo.county_state == row].sum())
             for row, state in enumerate(geo.states)}  # fmt: skip

    assert geo.states[51:] == ("AS", "GU", "MP", "PR", "VI")
    assert (count["PR"], count["GU"], count["VI"]) == (3_285_874, 153_836, 87_146)
    assert sum(code.startswith("72") for code in geo.county_fips) == 78
    assert geo.of_nation.sum() == 51
    everybody = built_in_population().people.sum(axis=(1, 2))
    assert everybody[~geo.county_of_nation].sum() == sum(count[state] for state in geo.states[51:])


@pytest.mark.slow
def test_nobody_lives_in_a_territory_unless_a_specification_says_so() -> None:
    for location in ({}, {"area": "urban"}, {"area": "rural"}):
        states = {state for (state,) in listed(run(people(4_000, **location))["patients"], "state")}
        assert not states & set(AREA_CODES), location


@pytest.mark.parametrize("state", AREA_CODES)
def test_people_of_a_territory_have_its_places_and_telephones(state: str) -> None:
    geo = geography()
    rows = listed(
        run(people(states={state: 1}))["patients"], "state", "zip", "phone", "county_fips"
    )

    assert {one for one, *_ in rows} == {state}
    assert {str(phone, "ascii")[:3] for _, _, phone, _ in rows} == AREA_CODES[state]
    place = {zip_code: geo.county_fips[county] for zip_code, county in
             zip(geo.place_zip, geo.place_county.tolist(), strict=True)}  # fmt: skip
    assert all(place[zip_code] == county for _, zip_code, _, county in rows)


def test_puerto_ricans_are_hispanic_and_speak_spanish_and_the_people_of_guam_do_not() -> None:
    island, guam = (run(people(1_000, states={state: 1}))["patients"] for state in ("PR", "GU"))

    def share(of: Any, name: str, label: str) -> float:
        return float(np.mean([value == label for (value,) in listed(of, name)]))

    assert share(island, "ethnicity", "hispanic") > 0.96
    assert share(island, "language", "es") > 0.85
    assert share(guam, "ethnicity", "hispanic") < 0.08
    assert share(guam, "race", "pacific_islander") > 0.35
    assert share(guam, "race", "asian") > 0.28


def test_races_of_territories_add_up() -> None:
    geo = geography()
    outside = np.flatnonzero(~geo.county_of_nation).astype(np.int32)

    assert county_cells(built_in_population(), outside).sum(axis=(2, 3)) == pytest.approx(
        1, abs=1e-6
    )


@pytest.mark.parametrize("label", ["Mayagüez Municipio, PR", "mayaguez municipio, PR", "72097"])
def test_a_municipio_is_found_with_and_without_its_marks(label: str) -> None:
    geo = geography()

    assert geo.county_fips[geo.county_index(label)] == "72097"
    assert geo.county_fips[county_of(label)] == "72097"


@pytest.mark.parametrize(("place", "fips"), [
    ("00901", "72127"), ("San Juan, PR", "72127"), ("Mayaguez, Puerto Rico", "72097"),
    ("96910", "66010"), ("St Thomas, VI", "78030"), ("Guam, GU", "66010"),
])  # fmt: skip
def test_a_place_of_a_territory_is_known_by_zip_and_city(place: str, fips: str) -> None:
    geo = geography()

    assert geo.county_fips[county_of(place)] == fips
