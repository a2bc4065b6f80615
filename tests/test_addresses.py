"""Ids are addresses: an edit elsewhere never renumbers a row."""

from __future__ import annotations

from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.addresses import BITS, Addresses, hash_of, ids

SMALL = settings(max_examples=60, deadline=None, derandomize=True)


@SMALL
@given(st.lists(st.text(max_size=12), unique=True, max_size=30))
def test_addresses_have_numbers_of_their_own(addresses: list[str]) -> None:
    known = Addresses()
    numbers = [known.number(address) for address in addresses]

    assert len(set(numbers)) == len(addresses)
    assert all(0 <= number < 2**BITS for number in numbers)
    assert [known.known(address) for address in addresses] == numbers


def test_an_address_asked_twice_has_one_number() -> None:
    known = Addresses()

    assert known.number("j/visit") == known.number("j/visit") == hash_of("j/visit")


def test_an_unknown_address_has_none() -> None:
    with pytest.raises(KeyError):
        Addresses().known("j/visit")


def test_the_later_of_two_that_collide_is_hashed_again() -> None:
    first, second = _collision()
    forward, backward = Addresses(), Addresses()

    assert hash_of(first) == hash_of(second)
    assert [forward.number(first), forward.number(second)] == [
        hash_of(first),
        hash_of(f"{second}~1"),
    ]
    assert [backward.number(second), backward.number(first)] == [
        hash_of(second), hash_of(f"{first}~1"),
    ]  # fmt: skip


def test_an_address_more_leaves_the_numbers_of_the_others() -> None:
    few, many = Addresses(), Addresses()
    kept = [few.number(f"j/q#{beat}/visit") for beat in range(50)]
    many.number("j/new")

    assert [many.number(f"j/q#{beat}/visit") for beat in range(50)] == kept


@SMALL
@given(st.integers(1, 10_000_000), st.integers(0, 99), st.integers(0, 2**BITS - 1))
def test_an_id_holds_its_person_and_its_address(unit: int, place: int, number: int) -> None:
    person = unit * 100 + place
    found = int(ids(np.array([person], dtype=np.int64), number)[0])

    assert divmod(found, 2**BITS) == (person, number)


def test_hashes_do_not_move_between_versions() -> None:
    assert hash_of("diabetic-first-year/quarter#2/a1c") == GOLDEN


GOLDEN = 7954660


def _collision() -> tuple[str, str]:
    seen: dict[int, str] = {}
    for number in count():
        address = f"j/s{number}"
        found = seen.setdefault(hash_of(address), address)
        if found != address:
            return found, address
    raise AssertionError


@pytest.mark.slow
@SMALL
@given(
    st.lists(st.tuples(st.text(max_size=6), st.integers(1, 2**20)), max_size=12,
             unique_by=lambda pair: pair[0]),
    st.lists(st.text(min_size=7, max_size=9), unique=True, max_size=12),
)  # fmt: skip
def test_numbers_of_a_series_are_no_others(
    series: list[tuple[str, int]], addresses: list[str]
) -> None:
    known = Addresses()
    spans = [(known.series(address, size), size) for address, size in series]
    numbers = sorted(known.number(address) for address in addresses)

    taken = sorted([*spans, *((number, 1) for number in numbers)])
    assert all(first + size <= after for (first, size), (after, _) in pairwise(taken))
    assert all(first + size <= 2**BITS for first, size in taken)
    for (address, size), (first, _) in zip(series, spans, strict=True):
        assert known.address(first + size - 1) == f"{address}/{size - 1}"


def test_a_series_that_meets_a_number_begins_elsewhere() -> None:
    known = Addresses()
    single = known.number("j/visit")
    with_neighbour = Addresses()
    with_neighbour.number("j/visit")
    wanted = hash_of("stay")
    known._taken.add(wanted + 5)

    assert known.series("stay", 100) != wanted
    assert with_neighbour.series("stay", 100) == wanted
    assert known.number("j/visit") == single
