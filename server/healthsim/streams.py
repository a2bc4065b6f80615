"""Random numbers; the only module with a generator. Every number has an address."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_WORDS_PER_BLOCK = 4  # Philox4x64 makes four 64-bit words per counter step
_STEPS = 2.0**52  # steps of the unit interval; + 0.5 stays exact in a double
_BITS_BELOW_STEP = np.uint64(12)  # of a word of 64 bits
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio: spreads neighbours far apart
_PHILOX_ROUNDS = 10  # Salmon, Moraes, Dror, Shaw, SC 2011; so are the constants below
_FACTORS = np.array([[0xD2E7470EE14C6C93], [0xCA5A826395121157]], dtype=np.uint64)
_PHILOX_WEYL = np.array([[0x9E3779B97F4A7C15], [0xBB67AE8584CAA73B]], dtype=np.uint64)
_HALF, _LOW_HALF = np.uint64(32), np.uint64(2**32 - 1)
_FACTORS_LOW, _FACTORS_HIGH = _FACTORS & _LOW_HALF, _FACTORS >> _HALF
_ROUNDS = 6  # a Feistel network of six rounds mixes well enough for sampling order


class _Own(threading.local):
    """A generator of each thread, which is set to a key and a block for every use.

    To make one for every use takes longer than a thousand numbers.
    """

    def __init__(self) -> None:
        self._generator = np.random.Philox(key=0)

    def words(self, key: bytes, block: int, count: int) -> NDArray[np.uint64]:
        """Return words of the stream of a key, from the first of a block on; uint64, (count,)."""
        counter = np.array([block, 0, 0, 0], dtype=np.uint64)
        self._generator.state = {
            "bit_generator": "Philox",
            "state": {"counter": counter, "key": np.frombuffer(key, dtype="<u8")},
            "buffer": counter, "buffer_pos": _WORDS_PER_BLOCK, "has_uint32": 0, "uinteger": 0,
        }  # fmt: skip
        words: NDArray[np.uint64] = self._generator.random_raw(count)
        return words


_OWN = _Own()


@dataclass(frozen=True, slots=True)
class Streams:
    """Uniform numbers addressed by decision and person.

    Attributes:
        seed: the run's seed; the only place where it is turned into numbers.
    """

    seed: int

    def uniform(self, decision: str, start: int, count: int) -> NDArray[np.float64]:
        """Return one number in the open interval (0, 1) for each of `count` entities.

        Args:
            decision: name of the choice being made, e.g. ``"demographics.age"``.
            start: index of the first entity of this chunk, counted from 0.
            count: number of entities in this chunk.

        Returns:
            Array of shape (count,); row i belongs to entity ``start + i``.

        >>> every = Streams(seed=7).uniform("demographics.age", 0, 10)
        >>> part = Streams(seed=7).uniform("demographics.age", 6, 4)
        >>> bool((every[6:] == part).all())
        True
        """
        block, skip = divmod(start, _WORDS_PER_BLOCK)
        return _uniform(_OWN.words(self._key(decision, 16), block, skip + count)[skip:])

    def permuted(self, decision: str, index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
        """Return the place of each index in a keyed permutation of ``range(size)``.

        A Feistel network with cycle walking, computed element by element: any slice alone
        gives the same places as the whole.

        Args:
            decision: name of the choice being made.
            index: int64, shape (n,), each in [0, size).
            size: length of the permuted range, at most 2**62.

        Returns:
            int64, shape (n,), each in [0, size); distinct for distinct indices.

        >>> places = Streams(seed=1).permuted("order", np.arange(10), 10)
        >>> sorted(places.tolist()) == list(range(10))
        True
        """
        half = max(1, ((size - 1).bit_length() + 1) // 2)
        keys = np.frombuffer(self._key(decision, 8 * _ROUNDS), dtype=np.uint64)
        places = _feistel(index.astype(np.uint64), half, keys)
        outside = np.flatnonzero(places >= size)
        while outside.size:
            places[outside] = _feistel(places[outside], half, keys)
            outside = outside[places[outside] >= size]
        return places.astype(np.int64)

    def at(
        self,
        decision: str,
        person: NDArray[np.int64],
        index: NDArray[np.int64] | int,
    ) -> NDArray[np.float64]:
        """Return one number in (0, 1) for each pair of a person and an index.

        Computed element by element: a few people's numbers cost only theirs, and any slice alone
        gives the numbers of the whole.

        Args:
            decision: name of the choice being made.
            person: int64, shape (n,); numbers of people.
            index: int64, shape (n,) or one for all, such as a day.

        Returns:
            float64, shape (n,).

        >>> people = np.array([101, 201, 201])
        >>> every = Streams(seed=7).at("weight", people, np.array([5, 5, 6]))
        >>> bool(every[2] == Streams(seed=7).at("weight", np.array([201]), 6)[0])
        True
        """
        return self.of_mixed(decision, mixed(person, index))

    def of_mixed(self, decision: str, pairs: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return what `at` does, for pairs that several decisions share.

        Args:
            decision: name of the choice being made.
            pairs: uint64, shape (n,), from `mixed`.
        """
        first, second = np.frombuffer(self._key(decision, 16), dtype=np.uint64)
        return _uniform(_mix(_mix(pairs ^ first) ^ second))

    def of_each(
        self, decisions: Sequence[str], which: NDArray[np.intp], index: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return what `uniform` gives for entities that each have a decision of their own.

        Computed element by element: it costs as much as there are entities, not what the whole
        streams of the decisions cost.

        Args:
            decisions: names of choices.
            which: shape (n,), position of each entity's decision.
            index: int64, shape (n,), index of each entity, counted from 0.

        Returns:
            float64, shape (n,).

        >>> streams = Streams(seed=7)
        >>> each = streams.of_each(["a", "b"], np.array([1, 0, 1]), np.array([4, 9, 2]))
        >>> bool(each[1] == streams.uniform("a", 9, 1)[0])
        True
        """
        hashed = b"".join(self._key(decision, 16) for decision in decisions)
        keys = np.frombuffer(hashed, dtype="<u8").reshape(-1, 2)
        block, place = np.divmod(index, _WORDS_PER_BLOCK)
        words = _philox(keys[which].T, block.astype(np.uint64))
        return _uniform(words[place, np.arange(len(index))])

    def _key(self, decision: str, size: int) -> bytes:
        return blake2b(f"{self.seed}/{decision}".encode(), digest_size=size).digest()


def _philox(keys: NDArray[np.uint64], block: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the words of blocks of Philox4x64-10, each of its own key; uint64, (4, n).

    Args:
        keys: uint64, shape (2, n).
        block: uint64, shape (n,), counted from 0; the generator steps before it makes a block.
    """
    even = np.zeros_like(keys)  # words 0 and 2 of the counter, then 1 and 3
    even[0] = block + np.uint64(1)
    odd, key = np.zeros_like(keys), keys.copy()
    for number in range(_PHILOX_ROUNDS):
        if number:
            key += _PHILOX_WEYL
        high, low = _wide_product(even)
        even, odd = high[::-1] ^ odd ^ key, low[::-1]
    return np.stack([even[0], odd[0], even[1], odd[1]])


def _wide_product(even: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the high and low words of the products with Philox's two factors, (2, n) each."""
    low_half, high_half = even & _LOW_HALF, even >> _HALF
    across = high_half * _FACTORS_LOW
    middle = low_half * _FACTORS_LOW
    middle >>= _HALF
    middle += across
    high_half *= _FACTORS_HIGH
    low_half *= _FACTORS_HIGH
    across = middle & _LOW_HALF
    across += low_half
    across >>= _HALF
    middle >>= _HALF
    high_half += middle
    high_half += across
    return high_half, even * _FACTORS


def _uniform(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the middles of those steps of the unit interval that words of 64 bits fall in."""
    steps = (words >> _BITS_BELOW_STEP).astype(np.float64)
    steps += 0.5
    steps *= 1.0 / _STEPS
    return steps


def _feistel(values: NDArray[np.uint64], half: int, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits, mask = np.uint64(half), np.uint64((1 << half) - 1)
    left, right = values >> bits, values & mask
    for key in keys:
        mixed = (right ^ key) * np.uint64(_GOLDEN)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        left, right = right, left ^ ((mixed >> np.uint64(32)) & mask)
    return (left << bits) | right


def mixed(person: NDArray[np.int64], index: NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """Return pairs of a person and an index as well-mixed 64 bits, for `Streams.of_mixed`.

    Args:
        person: int64, shape (n,).
        index: int64, shape (n,) or one for all.

    Returns:
        uint64, shape (n,).
    """
    people = _mix(person.astype(np.uint64) + np.uint64(_GOLDEN))
    second = np.asarray(index, dtype=np.int64).astype(np.uint64)
    people += second * np.uint64(_GOLDEN)
    return _mix(people)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a bijection of 64 bits in which every bit depends on every other: SplitMix64's."""
    mixed = values ^ (values >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
