"""A directory of imported rows: theirs where they are, the invented ones where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.products.networksim.contracts import Contracts
from healthsim.products.networksim.directory import Directory
from healthsim.products.networksim.distance import Centers
from healthsim.products.networksim.imported import imported_directory
from healthsim.products.networksim.reference import build_directory
from healthsim.tables import Coded, Columns

FIPS = ("48001", "48003", "50001")
STATE = np.array([0, 0, 1], dtype=np.int32)
POPULATION = np.array([900_000, 90_000, 200_000], dtype=np.int64)
PLACES = Centers.of(np.array([[30.0, -95.0], [31.0, -95.0], [44.0, -73.0]]))


def rows(*people: tuple[int, str | None, str | None, int]) -> Columns:
    """Made-up rows of `npi_providers`: number, specialty, county, entity type."""
    return {
        "npi": np.array([npi for npi, *_ in people], dtype=np.int64),
        "entity_type": np.array([kind for *_, kind in people], dtype=np.int32),
        "given_name": Coded.of(["Made" for _ in people]),
        "family_name": Coded.of([f"Up{npi % 100}" for npi, *_ in people]),
        "taxonomy": Coded.of(["207RC0000X" for _ in people]),
        "specialty": Coded.of([specialty for _, specialty, *_ in people]),
        "county_fips": Coded.of([county for *_, county, _ in people]),
    }


CLINICIANS = rows(
    (1000000103, "cardiology", "48001", 1), (1000000111, "cardiology", "48001", 1),
    (1000000129, "cardiology", "48003", 1), (1000000137, "family medicine", "48003", 1),
    (1000000145, None, "48001", 1), (1000000152, "cardiology", None, 1),
    (1000000160, "cardiology", "99999", 1), (1000000178, "cardiology", "50001", 2),
)  # fmt: skip
HOSPITALS: Columns = {
    "ccn": Coded.of(["450001", "451301", "45014F", "454001"]),
    "name": Coded.of(["GENERAL", "SMALL", "VETERANS", "PSYCHIATRIC"]),
    "kind": Coded.of(["Acute Care Hospitals", "Critical Access Hospitals",
                      "Acute Care - Veterans Administration", "Psychiatric"]),
    "county_fips": Coded.of(["48001", "48003", "48001", "48001"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def base() -> Directory:
    return build_directory(FIPS, STATE, POPULATION, PLACES)


@pytest.fixture(scope="module")
def real(base: Directory) -> Directory:
    return imported_directory(base, CLINICIANS, HOSPITALS)


def chosen(directory: Directory, specialty: str, county: int) -> set[int]:
    u = (np.arange(500) + 0.5) / 500
    found = directory.provider_slots.choose(
        specialty, "specialty", np.full(500, county, dtype=np.int32), u
    )
    return set(directory.providers.npi[found].tolist())


def test_imported_clinicians_treat_the_people_of_their_county(real: Directory) -> None:
    assert chosen(real, "cardiology", 0) == {1000000103, 1000000111}
    assert chosen(real, "cardiology", 1) == {1000000129}


def test_where_the_import_has_none_the_nearest_that_has_serves(real: Directory) -> None:
    assert chosen(real, "family medicine", 0) == {1000000137}


def test_states_without_imported_clinicians_keep_the_invented_ones(
    base: Directory, real: Directory
) -> None:
    assert chosen(real, "cardiology", 2) == chosen(base, "cardiology", 2)
    assert chosen(real, "dermatology", 0) == chosen(base, "dermatology", 0)
    assert real.sources == {"clinicians": "nppes", "hospitals": "cms-hospitals"}


def test_imported_clinicians_bill_for_themselves_at_prices_made_from_their_number(
    base: Directory, real: Directory
) -> None:
    own = real.providers.npi < 2_000_000_000
    alone = imported_directory(base, rows((1000000111, "cardiology", "48001", 1)))
    at = alone.providers.npi == 1000000111
    same = real.providers.npi == 1000000111

    assert np.array_equal(real.providers.organisation_npi[own], real.providers.npi[own])
    assert alone.providers.price_factor[at] == real.providers.price_factor[same]
    assert alone.providers.tin[at] == real.providers.tin[same]
    assert alone.sources["hospitals"] == "synthetic"


def test_imported_hospitals_take_the_place_of_invented_ones_of_their_state(
    base: Directory, real: Directory
) -> None:
    hospital = real.facilities.kind.equals("hospital")
    names = real.facilities.name.take(hospital).texts()

    assert {"GENERAL", "SMALL"} < set(names)
    assert not {"VETERANS", "PSYCHIATRIC"} & set(names)
    assert set(real.facilities.ccn[hospital & (real.facilities.county < 2)].tolist()) == {
        b"450001", b"451301",
    }  # fmt: skip
    assert dict(zip(names, real.facilities.beds[hospital].tolist(), strict=True))["SMALL"] == 25
    assert real.facilities.npi.min() >= 2_000_000_000
    assert len(np.unique(real.facilities.npi)) == len(real.facilities.npi)
    vermont = base.facilities.county == 2
    assert set(base.facilities.npi[vermont].tolist()) <= set(real.facilities.npi.tolist())


def test_staff_of_invented_hospitals_stay_where_they_are(base: Directory, real: Directory) -> None:
    home = np.array([2], dtype=np.int32)
    there = real.facility_slots.choose("hospital", "facility", home, np.array([0.5]))
    doctor = real.choose_staff("hospitalist", there, np.array([0.5]))

    assert doctor[0] >= 0
    assert real.providers.organisation_npi[doctor] == real.facilities.npi[there]


def test_a_plan_contracts_with_imported_clinicians_one_by_one(real: Directory) -> None:
    inside = Contracts.of(real, "Narrow", 0.3, 0.0)

    own = real.providers.npi < 2_000_000_000
    assert inside.providers[own].any()
    assert len(inside.providers) == len(real.providers.npi)
