"""Ids are addresses: where a record comes from decides its number, never its row."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

BITS = 29
"""An id is ``person_id * 2**29 + the hash of an address``."""
UNIT = 100
"""A person_id is ``unit * 100 + place``; units count from 1, places in a unit too."""
BLOCK = 16_384
"""Units that are digested together, whatever the chunks in which they were made."""


def hash_of(address: str) -> int:
    """Return the 29-bit hash of an address.

    >>> 0 <= hash_of("diabetic-first-year/quarter#2/a1c") < 2**29
    True
    """
    digest = blake2b(address.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> (64 - BITS)


class Addresses:
    """Numbers for the addresses of one table; the later of two that collide is hashed again.

    Addresses must come in document order, so that a collision is always settled the same way.
    """

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._taken: set[int] = set()
        self._series: list[tuple[int, int]] = []

    def number(self, address: str) -> int:
        """Return the number of an address, new or known."""
        if address in self._number:
            return self._number[address]
        number, again = hash_of(address), 0
        while number in self._taken or (self._series and self._overlaps(number, 1)):
            again += 1
            number = hash_of(f"{address}~{again}")
        self._number[address] = number
        self._taken.add(number)
        return number

    def series(self, address: str, length: int) -> int:
        """Return the first of `length` numbers in a row that belong to an address.

        Args:
            address: new or known.
            length: how many numbers it has; the same whenever it is asked for.
        """
        if address in self._number:
            return self._number[address]
        number, again = hash_of(address), 0
        while (
            number + length > 2**BITS
            or self._overlaps(number, length)
            or not self._taken.isdisjoint(range(number, number + length))
        ):
            again += 1
            number = hash_of(f"{address}~{again}")
        self._number[address] = number
        insort(self._series, (number, length))
        return number

    def _overlaps(self, first: int, length: int) -> bool:
        """Tell whether numbers in a row share one with a series."""
        place = bisect_right(self._series, (first, 2**BITS))
        before = self._series[place - 1] if place else (0, 0)
        after = self._series[place][0] if place < len(self._series) else 2**BITS
        return sum(before) > first or first + length > after

    def in_series(self, number: int) -> bool:
        """Tell whether a number belongs to a series."""
        return bool(self._series) and self._overlaps(number, 1)

    def address(self, number: int) -> str | None:
        """Return the address that has a number; None where none has it.

        A number of a series has the series' address and its place in it.
        """
        place = bisect_right(self._series, (number, 2**BITS)) - 1
        if place >= 0 and number < sum(self._series[place]):
            first = self._series[place][0]
            of = next(known for known, its in self._number.items() if its == first)
            return f"{of}/{number - first}"
        return next((known for known, its in self._number.items() if its == number), None)

    def items(self) -> Iterable[tuple[str, int]]:
        """Return every address with its number, in the order in which they came."""
        return self._number.items()

    def known(self, address: str) -> int:
        """Return the number of an address that has one; KeyError for any other."""
        return self._number[address]


def apart(
    tables: Iterable[Iterable[tuple[str, int]]],
    in_series: Callable[[int], bool] = lambda _: False,
) -> list[dict[int, int]]:
    """Return how numbers of several tables change where they are ids of one table together.

    Args:
        tables: the addresses and numbers of each table.
        in_series: tells whether a number belongs to a series of the first table.

    Returns:
        For each table the numbers that one before it has, with those that they get instead.

    >>> apart([[("a", 1)], [("b", 1), ("c", 2)]]) == [{}, {1: hash_of("b~1/1")}]
    True
    """
    taken: set[int] = set()
    moved: list[dict[int, int]] = []
    for place, table in enumerate(tables):
        changes: dict[int, int] = {}
        for address, number in table:
            new, again = number, 0
            while new in taken or (place and in_series(new)):
                again += 1
                new = hash_of(f"{address}~{place}/{again}")
            taken.add(new)
            if new != number:
                changes[number] = new
        moved.append(changes)
    return moved


def ids(person_id: NDArray[np.int64], number: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return the ids of records: int64, shape of `person_id`."""
    return (person_id << np.int64(BITS)) + np.asarray(number, dtype=np.int64)
