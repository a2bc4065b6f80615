"""What a service costs: a small fee schedule at Medicare's level, and prices made from it.

Procedure codes are known here only by families, by their first characters; the words in
`data/fees.csv` are our own. CPT codes and descriptors are owned by the American Medical Association
and none is listed.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import Cents

LEAST_CENTS = 50  # below this a charge could round to its allowed amount
FACTOR_DECIMALS = 4
_BASE_YEAR = 2025
_YEARS = (1900, 2200)
_YEARLY = 1.02  # assumption: near the mean yearly rise of Medicare's hospital rates since 2015
_FEES = Path(__file__).parent / "data" / "fees.csv"


@dataclass(frozen=True, slots=True)
class Fee:
    """One row of the fee schedule.

    Attributes:
        professional: cents by last character of the code, and for any other (key ``""``).
        facility: the same when a hospital bills it.
        spread: codes of the family differ by up to this share, each way.
    """

    professional: Mapping[str, float]
    facility: Mapping[str, float]
    spread: float


def base_cents(codes: tuple[str, ...], facility: bool = False) -> Cents:
    """Return the base price of each code: Medicare's level, 2025, one unit.

    Args:
        codes: HCPCS or CPT-shaped codes, the vocabulary of a column.
        facility: priced as a hospital's service rather than a physician's.

    Returns:
        int64 cents, shape (len(codes),), at least `LEAST_CENTS`; the longest pattern of the
        schedule that a code begins with decides, and a hash of the code spreads its family.

    >>> base_cents(("G0439", "G0463")).tolist()
    [12700, 12600]
    """
    return np.array([_price(code, facility) for code in codes], dtype=np.int64)


def fallback_cents(code: str) -> int:
    """Return a clinician's base price of a code by its family, 2025: where no fee schedule has it.

    >>> fallback_cents("J3301") >= LEAST_CENTS
    True
    """
    return _price(code, facility=False)


def is_laboratory(codes: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which codes are laboratory tests or the drawing of blood, bool, per code.

    >>> is_laboratory(("G0439", "J3301")).tolist()
    [False, False]
    """
    laboratory = [
        len(code) == 5
        and code.isdigit()
        and (code[:3] == "364" or (code[0] == "8" and code[:2] != "88"))
        for code in codes
    ]
    return np.array(laboratory, dtype=np.bool_)


def trend(years: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return prices of each year relative to 2025, float64 of four decimals, shape (n,)."""
    return _trends()[years - _YEARS[0]]


def unit_cents(
    price: NDArray[np.float64], factor: NDArray[np.float64], units: NDArray[np.int32] | int = 1
) -> Cents:
    """Return the charge or the allowed amount of a line: `units` times the rounded unit price.

    A unit's price is rounded half to even, so it is one amount for each provider, plan, code and
    year.

    Args:
        price: base price in the year of the service, ``base_cents * trend``, float64 cents, (m,).
        factor: for a charge, the provider's charge factor; for an allowed amount, the provider's
            price factor times its contract's level (`contracts.Contracts`); float64, shape (m,).
        units: int32, shape (m,).

    Returns:
        int64 cents, shape (m,).
    """
    cents = price * factor
    np.rint(cents, out=cents)
    cents *= units
    return cents.astype(np.int64)


@cache
def _trends() -> NDArray[np.float64]:
    first, last = _YEARS
    return np.array([round(_YEARLY ** (year - _BASE_YEAR), FACTOR_DECIMALS)
                     for year in range(first, last)])  # fmt: skip


@cache
def _price(code: str, facility: bool) -> int:
    fee = _fee(code)
    amounts = fee.facility if facility else fee.professional
    cents = amounts.get(code[-1:], amounts[""])
    place = int.from_bytes(blake2b(code.encode(), digest_size=4).digest(), "little") / 2**32
    return max(LEAST_CENTS, round(cents * (1 + fee.spread * (2 * place - 1))))


def _fee(code: str) -> Fee:
    return _schedule()[fee_pattern(code)]


def fee_pattern(code: str) -> str:
    """Return the longest pattern of the fee schedule that a code begins with."""
    fees = _schedule()
    return next(code[:size] for size in range(len(code), -1, -1) if code[:size] in fees)


@cache
def _schedule() -> Mapping[str, Fee]:
    with _FEES.open(encoding="utf-8", newline="") as file:
        return {row["pattern"]: _read(row) for row in csv.DictReader(file)}


def _read(row: Mapping[str, str]) -> Fee:
    professional = _levels(row["professional_usd"])
    facility = _levels(row["facility_usd"]) if row["facility_usd"] else professional
    return Fee(professional, facility, float(row["spread_share"]))


def _levels(text: str) -> Mapping[str, float]:
    """Read ``"1=23.00 2=55.00"`` or ``"23.00"``; a level not listed costs the middle one."""
    if "=" not in text:
        return {"": float(text) * 100}
    levels = {
        key: float(usd) * 100 for key, _, usd in (part.partition("=") for part in text.split())
    }
    return {**levels, "": sorted(levels.values())[len(levels) // 2]}
