"""Identifiers of providers that were never issued, with the format and check digit of real ones.

Every function takes distinct ordinals and returns distinct numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.streams import Streams

_LUHN_PREFIX = 24  # added to an NPI's check sum by the issuer prefix 80840 (45 CFR 162.406)
_FIRST_DIGIT_2 = 200_000_000  # all NPIs issued so far begin with 1 (CMS NPPES, mid-2024)


def npis(streams: Streams, ordinal: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return National Provider Identifiers that begin with 2 and pass the Luhn check.

    Args:
        streams: the source of the order of the numbers.
        ordinal: int64, shape (n,), each in [0, 10**8), distinct.

    Returns:
        int64, shape (n,), ten digits each, distinct.
    """
    body = _FIRST_DIGIT_2 + _permuted(streams, "npi", ordinal, 8)
    total = np.full(len(body), _LUHN_PREFIX, dtype=np.int64)
    rest = body.copy()
    for position in range(9):
        digit = rest % 10
        rest //= 10
        doubled = digit * 2 if position % 2 == 0 else digit
        total += doubled // 10 + doubled % 10
    return body * 10 + (-total) % 10


def tins(streams: Streams, ordinal: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return employer numbers ``00-nnnnnnn``: the IRS never assigned prefix 00.

    Args:
        streams: the source of the order of the numbers.
        ordinal: int64, shape (n,), each in [0, 10**7), distinct.

    Returns:
        Bytes of length 10, shape (n,), distinct.
    """
    return _numbered(b"00-", _permuted(streams, "tin", ordinal, 7), 7)


def ccns(streams: Streams, ordinal: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return certification numbers ``99nnnn``: no US state or territory has code 99.

    The last four digits do not follow CMS's ranges by kind of facility.

    Args:
        streams: the source of the order of the numbers.
        ordinal: int64, shape (n,), each in [0, 10**4), distinct.

    Returns:
        Bytes of length 6, shape (n,), distinct.
    """
    return _numbered(b"99", _permuted(streams, "ccn", ordinal, 4), 4)


def clias(streams: Streams, ordinal: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return certification numbers of laboratories ``00Dnnnnnnn``: states are numbered from 01.

    Args:
        streams: the source of the order of the numbers.
        ordinal: int64, shape (n,), each in [0, 10**7), distinct.

    Returns:
        Bytes of length 10, shape (n,), distinct.
    """
    return _numbered(b"00D", _permuted(streams, "clia", ordinal, 7), 7)


def ncpdp_ids(streams: Streams, ordinal: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Return pharmacy numbers ``00nnnnn``: the first two digits number the state from 01.

    Args:
        streams: the source of the order of the numbers.
        ordinal: int64, shape (n,), each in [0, 10**5), distinct.

    Returns:
        Bytes of length 7, shape (n,), distinct.
    """
    return _numbered(b"00", _permuted(streams, "ncpdp", ordinal, 5), 5)


def _permuted(
    streams: Streams, kind: str, ordinal: NDArray[np.int64], digits: int
) -> NDArray[np.int64]:
    if len(ordinal) and int(ordinal.max()) >= 10**digits:
        raise ValueError(f"{kind}: {int(ordinal.max()) + 1} numbers of {digits} digits")
    return streams.permuted(f"network/{kind}", ordinal, 10**digits)


def _numbered(prefix: bytes, numbers: NDArray[np.int64], digits: int) -> NDArray[np.bytes_]:
    filled = np.strings.zfill(numbers.astype(f"S{digits}"), digits)
    return np.strings.add(prefix, filled)
