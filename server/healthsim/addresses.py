"""Ids are addresses: where a record comes from decides its number, never its row."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

BITS = 29
"""An id is ``person_id * 2**29 + the hash of an address``."""


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

    def number(self, address: str) -> int:
        """Return the number of an address, new or known."""
        if address in self._number:
            return self._number[address]
        number, again = hash_of(address), 0
        while number in self._taken:
            again += 1
            number = hash_of(f"{address}~{again}")
        self._number[address] = number
        self._taken.add(number)
        return number

    def address(self, number: int) -> str | None:
        """Return the address that has a number; None where none has it."""
        return next((known for known, its in self._number.items() if its == number), None)

    def known(self, address: str) -> int:
        """Return the number of an address that has one; KeyError for any other."""
        return self._number[address]


def ids(person_id: NDArray[np.int64], number: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return the ids of records: int64, shape of `person_id`."""
    return (person_id << np.int64(BITS)) + np.asarray(number, dtype=np.int64)
