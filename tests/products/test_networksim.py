import re
from pathlib import Path

import numpy as np
import pytest

from healthsim.codes.books import taxonomy
from healthsim.errors import NotFound
from healthsim.products import networksim
from healthsim.products.networksim.directory import Directory
from healthsim.products.networksim.distance import Centers, centers
from healthsim.products.networksim.identifiers import ccns, npis
from healthsim.products.networksim.reference import build_directory
from healthsim.products.networksim.slots import WeightedGroups
from healthsim.products.networksim.tables import FACILITIES, PHARMACIES, PROVIDERS
from healthsim.products.populationsim.reference import geography
from healthsim.streams import Streams
from healthsim.tables import Coded

STATES = 5
POPULATION = np.array(
    [
        *(4_700_000, 320_000, 21_000, 800),
        *(700_000,),
        *(950_000, 60_000, 14_999),
        *(12_000, 9_000),
        *(2_000, 250_000, 30_000),
    ],
    dtype=np.int64,
)
STATE = np.repeat(np.arange(STATES, dtype=np.int32), [4, 1, 3, 2, 3])
FIPS = tuple(f"{state:02d}{place:03d}" for place, state in enumerate(STATE.tolist()))
LARGEST = np.array([0, 4, 5, 8, 11])
WITHIN = np.concatenate([np.arange(n) for n in (4, 1, 3, 2, 3)])
PLACES = Centers.of(np.stack([30 + 0.2 * WITHIN, -120 + 10.0 * STATE], axis=1))
"""States lie ten degrees of longitude apart, their counties in a row to the north."""


@pytest.fixture(scope="module")
def directory() -> Directory:
    return build_directory(FIPS, STATE, POPULATION, PLACES)


def all_npis(directory: Directory) -> np.ndarray:
    return np.concatenate(
        [
            directory.providers.npi,
            directory.organisations.npi,
            directory.facilities.npi,
            directory.pharmacies.npi,
        ]
    )


def luhn_holds(npi: int) -> bool:
    digits = [int(digit) for digit in f"80840{npi}"][::-1]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def test_provider_numbers_are_valid_unique_and_never_issued(directory: Directory) -> None:
    numbers = all_npis(directory)

    assert len(np.unique(numbers)) == len(numbers)
    assert all(2_000_000_000 <= number < 3_000_000_000 for number in numbers.tolist())
    assert all(luhn_holds(number) for number in numbers.tolist())


def test_other_numbers_are_of_their_shape_and_unique(directory: Directory) -> None:
    tins = np.concatenate([directory.organisations.tin, directory.facilities.tin])
    shapes = (
        (tins, rb"00-\d{7}"),
        (directory.facilities.ccn, rb"99\d{4}|00D\d{7}"),
        (directory.pharmacies.ncpdp_id, rb"00\d{5}"),
    )

    for numbers, shape in shapes:
        assert len(np.unique(numbers)) == len(numbers)
        assert all(re.fullmatch(shape, number) for number in numbers.tolist())


def test_more_numbers_than_there_are_is_an_error() -> None:
    with pytest.raises(ValueError, match="ccn"):
        ccns(Streams(seed=1), np.arange(10_001, dtype=np.int64))


def test_numbers_do_not_depend_on_how_many_are_asked_for() -> None:
    whole = npis(Streams(seed=1), np.arange(100, dtype=np.int64))

    assert np.array_equal(whole[40:], npis(Streams(seed=1), np.arange(40, 100, dtype=np.int64)))


def test_a_county_without_a_specialty_is_served_by_the_nearest_with_one(
    directory: Directory,
) -> None:
    county = np.repeat(np.arange(len(FIPS), dtype=np.int32), 50)
    u = np.tile((np.arange(50) + 0.5) / 50, len(FIPS))
    providers = directory.providers

    for specialty in directory.specialties:
        rows = directory.provider_slots.choose(specialty, "specialty", county, u)
        there = providers.county[rows]
        assert providers.specialty.take(rows.astype(np.intp)).equals(specialty).all()
        having = np.unique(providers.county[providers.specialty.equals(specialty)])
        away = np.abs(WITHIN[having] - WITHIN[:, None]) + 1000 * (STATE[having] != STATE[:, None])
        assert np.array_equal(np.abs(WITHIN[there] - WITHIN[county]), away.min(axis=1)[county])
        assert np.array_equal(STATE[there], STATE[county])


def test_every_county_has_primary_care_and_a_pharmacy(directory: Directory) -> None:
    counties = np.arange(len(FIPS))

    for specialty in ("family medicine", "internal medicine"):
        of_kind = directory.providers.specialty.equals(specialty)
        assert np.isin(counties, directory.providers.county[of_kind]).all()
    counter = ~(directory.pharmacies.mail_order | directory.pharmacies.specialty)
    assert np.isin(counties, directory.pharmacies.county[counter]).all()


def test_every_state_has_two_of_every_specialty(directory: Directory) -> None:
    state = STATE[directory.providers.county]

    for number in range(len(directory.specialties)):
        counts = np.bincount(state[directory.providers.specialty.codes == number])
        assert counts.min() >= 2
        assert len(counts) == STATES


def test_hospitals_stand_where_people_are(directory: Directory) -> None:
    hospital = directory.facilities.kind.equals("hospital")
    beds = directory.facilities.beds[hospital]
    there = np.unique(directory.facilities.county[hospital])

    assert set(there.tolist()) == set(np.flatnonzero(POPULATION >= 15_000).tolist()) | {8}
    assert beds.min() >= 25
    assert beds.max() <= 900


@pytest.mark.parametrize(
    "kind", ["hospital", "asc", "snf", "dialysis", "home health", "laboratory"]
)
def test_every_kind_of_facility_is_found_in_the_state(directory: Directory, kind: str) -> None:
    county = np.arange(len(FIPS), dtype=np.int32)
    rows = directory.facility_slots.choose(kind, "facility", county, np.full(len(FIPS), 0.999))

    assert directory.facilities.kind.take(rows.astype(np.intp)).equals(kind).all()
    assert np.array_equal(STATE[directory.facilities.county[rows]], STATE[county])


def test_pharmacies_with_a_counter_are_chosen_in_the_county(directory: Directory) -> None:
    county = np.tile(np.arange(len(FIPS), dtype=np.int32), 20)
    u = np.linspace(0.001, 0.999, len(county))
    rows = directory.choose_pharmacy(county, u)

    assert np.array_equal(directory.pharmacies.county[rows], county)
    assert not directory.pharmacies.mail_order[rows].any()
    assert not directory.pharmacies.specialty[rows].any()
    assert directory.pharmacies.mail_order[directory.choose_mail_order(county, u)].all()
    assert directory.pharmacies.specialty[directory.choose_specialty(county, u)].all()


def test_clinicians_are_chosen_by_their_capacity(directory: Directory) -> None:
    people = 20_000
    county = np.zeros(people, dtype=np.int32)
    rows = directory.provider_slots.choose(
        "family medicine", "specialty", county, Streams(seed=3).uniform("pcp", 0, people)
    )
    there = np.flatnonzero(directory.providers.specialty.equals("family medicine")
                           & (directory.providers.county == 0))  # fmt: skip
    capacity = directory.providers.capacity[there]
    share = capacity / capacity.sum()
    seen = np.bincount(rows - there[0], minlength=len(there)) / people
    error = np.sqrt(share * (1 - share) / people)

    assert len(there) > 20
    assert capacity.max() > 2 * capacity.min()
    assert (np.abs(seen - share) < 4 * error).all()


def test_a_slice_of_people_chooses_as_the_whole_does(directory: Directory) -> None:
    county = np.arange(1_000, dtype=np.int32) % len(FIPS)
    u = Streams(seed=1).uniform("pcp", 0, 1_000)
    whole = directory.provider_slots.choose("cardiology", "specialty", county, u)
    part = directory.provider_slots.choose("cardiology", "specialty", county[300:], u[300:])

    assert np.array_equal(whole[300:], part)


def test_the_ends_of_the_unit_interval_stay_inside(directory: Directory) -> None:
    county = np.zeros(2, dtype=np.int32)
    ends = np.array([2.0**-53, 1 - 2.0**-53])
    rows = directory.provider_slots.choose("radiology", "specialty", county, ends)

    assert directory.providers.specialty.take(rows.astype(np.intp)).equals("radiology").all()


def test_an_unknown_specialty_or_kind_is_refused(directory: Directory) -> None:
    nobody, u = np.zeros(0, dtype=np.int32), np.zeros(0)

    with pytest.raises(NotFound, match="did you mean 'cardiology'"):
        directory.provider_slots.choose("cardiologist", "specialty", nobody, u)
    with pytest.raises(NotFound, match="hospital"):
        directory.facility_slots.choose("hospitals", "facility", nobody, u)


def test_clinicians_bill_through_an_organisation_of_their_county(directory: Directory) -> None:
    organisations, facilities = directory.organisations, directory.facilities
    numbers = np.concatenate([organisations.npi, facilities.npi])
    counties = np.concatenate([organisations.county, facilities.county])
    tins = np.concatenate([organisations.tin, facilities.tin])
    order = np.argsort(numbers)
    found = order[np.searchsorted(numbers[order], directory.providers.organisation_npi)]

    assert np.array_equal(numbers[found], directory.providers.organisation_npi)
    assert np.array_equal(counties[found], directory.providers.county)
    assert np.array_equal(tins[found], directory.providers.tin)


def test_hospital_specialists_bill_through_a_hospital(directory: Directory) -> None:
    emergency = directory.providers.specialty.equals("emergency medicine")
    billing = directory.providers.organisation_npi[emergency]

    assert np.isin(billing, directory.facilities.npi).all()


def test_factors_lie_in_their_range(directory: Directory) -> None:
    for part in (directory.providers, directory.facilities):
        assert 0.90 <= part.price_factor.min() <= part.price_factor.max() <= 1.10
        assert 2.6 <= part.charge_factor.min() <= part.charge_factor.max() <= 4.0


def test_the_directory_has_the_specialties_of_the_taxonomy(directory: Directory) -> None:
    people = {word for word, row in taxonomy().rows.items() if row.kind == "person"}

    assert set(directory.specialties) == people


def test_rows_come_in_the_shape_of_the_tables(directory: Directory) -> None:
    rows = np.array([0, 3, 5], dtype=np.int32)

    assert directory.provider_columns(rows).keys() == PROVIDERS.by_name.keys()
    assert directory.facility_columns(rows).keys() == FACILITIES.by_name.keys()
    assert directory.pharmacy_columns(rows).keys() == PHARMACIES.by_name.keys()


def test_building_again_gives_the_same_directory(directory: Directory) -> None:
    again = build_directory(FIPS, STATE, POPULATION, PLACES)

    assert np.array_equal(all_npis(again), all_npis(directory))
    assert np.array_equal(again.providers.price_factor, directory.providers.price_factor)


def test_a_whole_country_stays_modest() -> None:
    state = np.sort(np.arange(3_143, dtype=np.int32) % 51)
    population = np.full(3_143, 105_000, dtype=np.int64)
    country = build_directory(tuple(f"{n:05d}" for n in range(3_143)), state, population)

    assert len(country.providers.npi) <= 45_000
    assert len(country.facilities.npi) <= 9_000
    assert len(country.pharmacies.npi) <= 20_000


def test_every_hospital_has_its_own_emergency_physician_and_hospitalist(
    directory: Directory,
) -> None:
    hospitals = np.flatnonzero(directory.facilities.kind.equals("hospital")).astype(np.int32)
    u = Streams(seed=2).uniform("staff", 0, len(hospitals))

    for specialty in ("emergency medicine", "hospitalist"):
        rows = directory.choose_staff(specialty, hospitals, u)
        assert (rows >= 0).all()
        billing = directory.providers.organisation_npi[rows]
        assert np.array_equal(billing, directory.facilities.npi[hospitals])


def test_a_hospital_without_such_staff_has_nobody(directory: Directory) -> None:
    surgery = np.flatnonzero(directory.facilities.kind.equals("asc")).astype(np.int32)

    rows = directory.choose_staff("hospitalist", surgery, np.full(len(surgery), 0.5))
    assert (rows == -1).all()


def test_hospitals_are_chosen_by_their_beds(directory: Directory) -> None:
    people = 20_000
    county = np.zeros(people, dtype=np.int32)
    rows = directory.facility_slots.choose(
        "hospital", "facility", county, Streams(seed=4).uniform("hospital", 0, people)
    )
    here = np.unique(rows)
    share = directory.facilities.beds[here] / directory.facilities.beds[here].sum()
    seen = np.bincount(np.searchsorted(here, rows)) / people

    assert len(here) > 10
    assert (np.abs(seen - share) < 4 * np.sqrt(share * (1 - share) / people)).all()


def test_distances_are_those_of_the_map() -> None:
    fips = ("48201", "48113", "06037", "36061")  # Houston, Dallas, Los Angeles, Manhattan
    there = centers(fips)
    home = np.zeros(4, dtype=np.int32)

    miles = there.miles(home, np.arange(4, dtype=np.int32))
    assert miles[0] == 0
    assert miles[1:] == pytest.approx([225, 1375, 1415], rel=0.03)


def test_an_unlisted_county_is_in_the_middle_of_its_state() -> None:
    there = centers(("48999", "48201", "36061"))

    miles = there.miles(np.zeros(2, dtype=np.int32), np.array([1, 2], dtype=np.int32))
    assert 50 < miles[0] < 400
    assert miles[1] > 1200


def test_every_county_of_the_geography_has_a_place() -> None:
    with (Path(networksim.__file__).parent / "data" / "county_centers.csv").open() as file:
        listed = {line.split(",")[0] for line in file}

    assert set(geography().county_fips) <= listed


def test_rows_of_a_group_are_chosen_by_the_weights_that_were_given() -> None:
    kind, place = Coded.of(["a", "a", "b"]), np.array([0, 0, 0], dtype=np.int32)
    groups = WeightedGroups.sorted(kind, place, 1, np.array([1, 3, 2]))
    u = np.array([0.1, 0.24, 0.26, 0.9])
    here = np.zeros(len(u), dtype=np.int32)

    assert groups.weight.tolist() == [1, 3, 2]
    assert groups.choose("a", "kind", here, u).tolist() == [0, 0, 1, 1]
    assert groups.choose("b", "kind", here, u).tolist() == [2, 2, 2, 2]
