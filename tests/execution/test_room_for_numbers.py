"""A hundred million people: numbers of their own, and ids that fit, from first to last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest

from execution.families import family
from execution.running import diabetic, first_year, listed
from healthsim.addresses import BITS
from healthsim.execution.cohort.number_ranges import (
    FAMILIES,
    NEVER_ISSUED,
    PERSONS,
    Lot,
    sequence_numbers,
)
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.specification.profiles.profile import MOST_FAMILIES, MOST_PEOPLE
from healthsim.streams import Streams
from healthsim.tables import Columns

LOTS = {"persons": PERSONS, "families": FAMILIES}
FEW = 6
SSN = r"(9\d\d-(0[1-9]|[1-4]\d)|[A-HJ-NP-Z]{3}-\d\d)-\d{4}"


def _apart(one: Lot, two: Lot) -> bool:
    units = max(one.first_unit, two.first_unit) >= min(
        one.first_unit + one.units, two.first_unit + two.units
    )
    places = max(one.first_place, two.first_place) >= min(
        one.first_place + one.places, two.first_place + two.places
    )
    return units or places


@pytest.mark.parametrize("lots", LOTS.values(), ids=LOTS)
def test_no_two_lots_share_a_number_or_a_person_and_all_lie_in_the_range(
    lots: Sequence[Lot],
) -> None:
    for one, two in combinations(lots, 2):
        assert one.first >= two.end or two.first >= one.end, (one, two)
        assert _apart(one, two), (one, two)
    assert max(lot.end for lot in lots) <= NEVER_ISSUED


@pytest.mark.parametrize(
    ("families", "units", "most"),
    [(False, MOST_PEOPLE, 40_000_000), (True, MOST_FAMILIES, 10_000_000)],
)
def test_every_place_of_every_unit_has_a_number_and_anchors_have_nine_digits_first(
    families: bool, units: int, most: int
) -> None:
    edges = [0, 49_999, 50_000, 62_999, 63_000, 1_899_999, 1_900_000, 2_149_999, 2_150_000,
             9_999_999, 10_000_000, 11_899_999, 11_900_000, 39_999_999, 40_000_000,
             99_999_999]  # fmt: skip
    unit = np.repeat(np.array([one for one in edges if one < units]), 99)
    place = np.tile(np.arange(1, 100), len(unit) // 99)

    numbers = sequence_numbers(unit, place, families=families)

    assert len(np.unique(numbers)) == len(numbers)
    assert numbers.min() >= 0
    assert numbers.max() < NEVER_ISSUED + 24**3 * 10**6
    near = numbers < NEVER_ISSUED
    assert np.array_equal(near[place == 1], unit[place == 1] < most)


def test_numbers_of_small_runs_lie_where_they_always_did() -> None:
    unit, place = np.full(5, 7, dtype=np.int64), np.array([1, 50, 51, 52, 53])
    persons = sequence_numbers(unit, place, families=False)
    families = sequence_numbers(unit, np.array([1, 2, 3, 50, 99]), families=True)

    assert persons.tolist() == [7, 10_000_007, 20_000_007, 30_000_007, 40_000_329]
    assert families.tolist() == [7, 10_000_686, 10_000_687, 10_000_734, 10_000_783]


@pytest.mark.parametrize("size", [NEVER_ISSUED, 10**9, 24**3 * 10**6])
def test_a_permutation_of_a_whole_range_is_one_to_one_where_it_is_looked_at(size: int) -> None:
    index = np.concatenate([np.arange(50_000), np.arange(size - 50_000, size)])

    places = Streams(5).permuted("identity.ssn", index, size)

    assert len(np.unique(places)) == len(index)
    assert places.min() >= 0
    assert places.max() < size


@pytest.mark.parametrize("size", [1, 2, 3, 100, 9_999, 2**16 + 1])
def test_a_permutation_of_a_small_range_is_one_to_one_in_all_of_it(size: int) -> None:
    assert sorted(Streams(5).permuted("x", np.arange(size), size).tolist()) == [*range(size)]


@pytest.fixture(scope="module")
def last() -> dict[str, Columns]:
    job = prepare(diabetic(count=MOST_PEOPLE, detail="coded"), [first_year()])
    return run_chunk(job, MOST_PEOPLE - 10, 10)[0].tables


@pytest.mark.slow
def test_the_last_of_a_hundred_million_people_can_be_made_alone(last: dict[str, Columns]) -> None:
    job = prepare(diabetic(count=MOST_PEOPLE, detail="coded"), [first_year()])
    alone = run_chunk(job, MOST_PEOPLE - 1, 1)[0].tables
    assert listed(alone["patients"], "person_id") == [(MOST_PEOPLE * 100 + 1,)]

    for name, columns in alone.items():
        every = [*zip(*listed_columns(last[name]), strict=True)]
        wanted = [*zip(*listed_columns(columns), strict=True)]
        assert len(wanted) <= len(every)
        assert repr(every[len(every) - len(wanted) :]) == repr(wanted), name


def listed_columns(columns: Columns) -> list[list[object]]:
    return [[one for (one,) in listed(columns, name)] for name in columns]


def test_ids_of_the_last_person_are_positive_and_belong_to_him(last: dict[str, Columns]) -> None:
    keys = {"events": "event_id", "claims": "claim_id", "lab_results": "lab_result_id"}
    for table, key in keys.items():
        ids, person = np.asarray(last[table][key]), np.asarray(last[table]["person_id"])
        assert ids.min() > 0
        assert np.array_equal(ids >> BITS, person), table


def test_numbers_of_the_last_people_have_their_shapes(last: dict[str, Columns]) -> None:
    shapes = (
        ("patients", "ssn", r"[A-HJ-NP-Z]{3}-\d\d-\d{4}"),
        ("patients", "mrn", r"MRN\d{10,11}"),
        ("patients", "email", r"[a-z0-9.]+\.\d{10,11}@example\.com"),
        ("members", "member_number", r"\dS[0-9A-Z]\d[A-Z][0-9A-Z]\d[A-Z]{2}\d\d|SYN\d{11}"),
    )
    for table, column, shape in shapes:
        for (value,) in listed(last[table], column):
            assert re.fullmatch(shape, _text(value)), (column, value)
    (mrn,) = listed(last["patients"], "mrn")[-1]
    assert _text(mrn) == f"MRN{MOST_PEOPLE * 100 + 1}"


@pytest.mark.slow
@pytest.mark.parametrize("families", [False, True])
def test_nobody_shares_a_number_between_ranges_far_apart(families: bool) -> None:
    plans = {"plan": {"Commercial-PPO": 0.5, "MA-HMO": 0.5}}
    most = MOST_FAMILIES if families else MOST_PEOPLE
    profile = family(count=most) if families else diabetic(count=most, coverage=plans)
    job = prepare(profile | {"products": ["membersim"]})
    starts = (0, 49_997, 1_899_997, 9_999_994) + (
        () if families else (10_000_000, 39_999_997, most - FEW)
    )
    seen: dict[str, list[object]] = {"ssn": [], "member_number": []}
    for start in starts:
        members = run_chunk(job, start, FEW)[0].tables["members"]
        for column, numbers in seen.items():
            numbers += [_text(value) for (value,) in listed(members, column)]

    for numbers in seen.values():
        assert len(set(numbers)) == len(numbers) >= len(starts) * FEW
    assert all(re.fullmatch(SSN, str(one)) for one in seen["ssn"])


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
