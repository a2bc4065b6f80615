"""Draws for building the directory: counties, numbers, words, factors."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.products.networksim.distance import Centers
from healthsim.products.networksim.identifiers import npis, tins
from healthsim.streams import Streams
from healthsim.tables import Coded

DATA = Path(__file__).parent / "data"
STREAMS = Streams(seed=1)  # fixed: the directory is the same in every run

PRICE = (0.90, 1.10)  # allowed amount relative to the fee schedule; assumption
CHARGE = (2.6, 4.0)  # charge relative to the fee schedule; assumption
USUAL_CAPACITY = 100
_CAPACITY = (0.4, 1.6)  # of the usual; assumption: from part time to busy


@dataclass(frozen=True, eq=False)
class Counties:
    """The geography: population and place of each county, and its state's largest county."""

    population: NDArray[np.int64]
    largest: NDArray[np.int32]
    centers: Centers

    @property
    def count(self) -> int:
        """Number of counties."""
        return len(self.population)

    @property
    def capitals(self) -> NDArray[np.int32]:
        """The largest county of each state."""
        return np.unique(self.largest)


class OrdinalAllocator:
    """Gives out ranges of ordinals, so that no two entities share a number."""

    def __init__(self) -> None:
        self._next = {"npi": 0, "tin": 0}

    def take(self, kind: str, count: int) -> NDArray[np.int64]:
        """Return the next `count` ordinals of a kind of number, int64, shape (count,)."""
        first = self._next[kind]
        self._next[kind] += count
        return np.arange(first, first + count, dtype=np.int64)

    def npis(self, count: int) -> NDArray[np.int64]:
        """Return `count` new National Provider Identifiers, int64."""
        return npis(STREAMS, self.take("npi", count))

    def tins(self, count: int) -> NDArray[np.bytes_]:
        """Return `count` new tax numbers, bytes of length 10."""
        return tins(STREAMS, self.take("tin", count))


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Return the words of invented names, by kind of name."""
    by_kind: dict[str, list[str]] = {}
    with (DATA / "names.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            by_kind.setdefault(row["kind"], []).append(row["name"])
    return {kind: tuple(names) for kind, names in by_kind.items()}


def rows_of(counts: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return kind and county of each row, int32, shape (rows,), in the order of the counts."""
    kinds, counties = counts.shape
    kind = np.repeat(np.arange(kinds, dtype=np.int32), counts.sum(axis=1))
    county = np.tile(np.arange(counties, dtype=np.int32), kinds)
    return kind, np.repeat(county, counts.ravel())


def pick(decision: str, count: int, vocabulary: Sequence[str]) -> Coded:
    """Return `count` words of a vocabulary, each equally likely."""
    u = STREAMS.uniform(f"network/{decision}", 0, count)
    return Coded((u * len(vocabulary)).astype(np.int32), tuple(vocabulary))


def between(decision: str, count: int, ends: tuple[float, float]) -> NDArray[np.float64]:
    """Return `count` uniform numbers between two ends, float64, four decimals."""
    u = STREAMS.uniform(f"network/{decision}", 0, count)
    return np.round(ends[0] + (ends[1] - ends[0]) * u, 4)


def capacities(decision: str, count: int) -> NDArray[np.int64]:
    """Return `count` capacities around the usual one, int64: uniform from 40 to 160."""
    return np.rint(between(decision, count, _CAPACITY) * USUAL_CAPACITY).astype(np.int64)


def titles(kind: str) -> tuple[str, ...]:
    """Return the possible names of organisations of a kind."""
    by_kind = words()
    return tuple(f"{place} {ending}" for place in by_kind["place"] for ending in by_kind[kind])
