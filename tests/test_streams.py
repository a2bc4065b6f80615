"""Randomness with an address: the same number for the same person, however it is asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthsim.streams import Streams

SMALL = settings(max_examples=60, deadline=None, derandomize=True)


@pytest.mark.slow
@SMALL
@given(st.integers(0, 2**53 - 1), st.text(max_size=30).filter(str.isprintable),
       st.integers(0, 5000), st.integers(0, 40))  # fmt: skip
def test_any_slice_alone_is_the_slice_of_the_whole(
    seed: int, decision: str, start: int, count: int
) -> None:
    whole = Streams(seed).uniform(decision, 0, start + count)

    assert np.array_equal(Streams(seed).uniform(decision, start, count), whole[start:])


def test_numbers_do_not_move_between_versions() -> None:
    found = Streams(42).uniform("demographics.age", 0, 6)

    assert [f"{number:.12f}" for number in found] == GOLDEN


GOLDEN = [
    "0.140362706350",
    "0.879847559808",
    "0.503100994762",
    "0.885640675962",
    "0.053298638826",
    "0.859372102490",
]


def test_far_away_people_have_numbers_too() -> None:
    far = Streams(1).uniform("x", 10_000_000, 4)

    assert len(set(far.tolist())) == 4


@pytest.mark.parametrize("other", ["demographics.agf", "demographics.age ", "Demographics.age"])
def test_another_decision_has_other_numbers(other: str) -> None:
    one, two = (Streams(7).uniform(name, 0, 2000) for name in ("demographics.age", other))

    assert abs(float(np.corrcoef(one, two)[0, 1])) < 3 / np.sqrt(2000)


def test_another_seed_has_other_numbers() -> None:
    one, two = (Streams(seed).uniform("x", 0, 2000) for seed in (7, 8))

    assert abs(float(np.corrcoef(one, two)[0, 1])) < 3 / np.sqrt(2000)


def test_seed_and_decision_do_not_run_together() -> None:
    assert Streams(1).uniform("2/x", 0, 1) != Streams(12).uniform("/x", 0, 1)


def test_numbers_are_even_and_inside_the_open_interval() -> None:
    found = Streams(3).uniform("x", 0, 200_000)
    counts = np.bincount(np.floor(found * 20).astype(int), minlength=20)

    assert found.min() > 0
    assert found.max() < 1
    assert abs(found.mean() - 0.5) < 3 / np.sqrt(12 * 200_000)
    assert (np.abs(counts - 10_000) < 4 * np.sqrt(10_000)).all()


def test_neighbours_are_independent() -> None:
    found = Streams(3).uniform("x", 0, 100_001)

    assert abs(float(np.corrcoef(found[:-1], found[1:])[0, 1])) < 3 / np.sqrt(100_000)


@SMALL
@given(st.integers(0, 2**53 - 1), st.integers(1, 700))
def test_a_permutation_hits_every_place_once(seed: int, size: int) -> None:
    places = Streams(seed).permuted("x", np.arange(size), size)

    assert np.array_equal(np.sort(places), np.arange(size))


@SMALL
@given(st.lists(st.integers(0, 10**12 - 1), max_size=20))
def test_a_permutation_is_the_same_element_by_element(index: list[int]) -> None:
    streams, size = Streams(5), 10**12
    together = streams.permuted("x", np.array(index, dtype=np.int64), size)
    alone = [int(streams.permuted("x", np.array([one], dtype=np.int64), size)[0]) for one in index]

    assert together.tolist() == alone
    assert all(0 <= place < size for place in alone)


def test_a_permutation_does_not_change_what_it_is_given() -> None:
    index = np.arange(50)
    Streams(5).permuted("x", index, 50)

    assert np.array_equal(index, np.arange(50))


def test_a_permutation_mixes() -> None:
    places = Streams(5).permuted("x", np.arange(5000), 5000)

    assert abs(float(np.corrcoef(np.arange(5000), places)[0, 1])) < 3 / np.sqrt(5000)
