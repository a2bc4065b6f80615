"""What Medicare pays clinicians and laboratories: relative values, conversion factors, base units.

Source: Medicare physician fee schedule RVU25D (October 2025), clinical laboratory fee schedule of
the second quarter of 2025, anesthesia base units and conversion factors, all of CMS; the tables are
in `data`. Numbers of CPT stand here as the field writes them, without any text of the American
Medical Association. No locality is applied: every amount is the nation's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows

Component = Literal["", "26", "TC"]
"""The whole service, the reading of it, or the making of it."""

COMPONENTS: tuple[Component, ...] = ("", "26", "TC")
_UNIT_MINUTES = 15
_MIDDLE_BASE_UNITS = (
    5  # assumption: of anaesthesia that is not in the table, near the median of CMS
)
_USUAL_MINUTES = 60  # assumption: of the same


@dataclass(frozen=True, slots=True)
class PhysicianFee:
    """One row of the physician fee schedule.

    Attributes:
        facility, nonfacility: total relative values in hundredths, in a facility and elsewhere.
        pctc: indicator of components: "0" none, "1" splits by modifier, "2" reading only, "3"
            making only, "4" whole only, "5" incident to a visit, "9" does not apply.
        global_days: "000", "010", "090", "MMM" maternity, "XXX" none, "YYY" payer's, "ZZZ" add-on.
        intra_share: share of the operation itself in the price of a global period.
        bilateral: "1" 150 % of the price for both sides, "3" each side in full, else neither.
        assistant: "2" an assistant at surgery is paid, "0" with reasons, "1" not, "9" no surgery.
        multiple: how a second one of a day is paid: "2" surgery, "3" endoscopy, "4" imaging, "5"
            therapy, "6" tests of heart and vessels, "7" of eyes; else in full.
        endoscopy_base: the code that every one of its family has in it.
        practice_facility, practice_nonfacility: practice expense alone, in hundredths.
    """

    facility: int
    nonfacility: int
    pctc: str
    global_days: str
    intra_share: float
    bilateral: str
    assistant: str
    multiple: str
    endoscopy_base: str
    practice_facility: int
    practice_nonfacility: int


@dataclass(frozen=True, slots=True)
class Anesthesia:
    """Anaesthesia for one kind of operation.

    Attributes:
        base_units: CMS's base units.
        minutes: usual time of it.
    """

    base_units: int
    minutes: int


@cache
def physician_fees() -> Mapping[tuple[str, str], PhysicianFee]:
    """Return (code, component) -> its row; components that the schedule does not list are absent.

    >>> physician_fees()["99213", ""].nonfacility
    275
    """
    return {(row["hcpcs"], row["component"]): _fee(row) for row in rows("physician_fees.csv")}


def _fee(row: Mapping[str, str]) -> PhysicianFee:
    rest = _hundredths(row["work_rvu"]) + _hundredths(row["mp_rvu"])
    return PhysicianFee(
        facility=rest + _hundredths(row["pe_fac_rvu"]),
        nonfacility=rest + _hundredths(row["pe_nonfac_rvu"]),
        pctc=row["pctc_ind"],
        global_days=row["global_days"],
        intra_share=float(row["intra_share"]),
        bilateral=row["bilat"],
        assistant=row["asst_surg"],
        multiple=row["mult_proc"],
        endoscopy_base=row["endo_base"],
        practice_facility=_hundredths(row["pe_fac_rvu"]),
        practice_nonfacility=_hundredths(row["pe_nonfac_rvu"]),
    )


def _hundredths(text: str) -> int:
    return round(float(text) * 100)


@cache
def laboratory_fees() -> Mapping[str, int]:
    """Return code -> cents of the clinical laboratory fee schedule, frozen by law since 2020."""
    return {row["hcpcs"]: _hundredths(row["usd"]) for row in rows("laboratory_fees.csv")}


def anesthesia(code: str) -> Anesthesia:
    """Return base units and usual minutes; a middling operation's for a code not in the table."""
    return _anesthesia().get(code, Anesthesia(_MIDDLE_BASE_UNITS, _USUAL_MINUTES))


@cache
def _anesthesia() -> Mapping[str, Anesthesia]:
    return {
        row["hcpcs"]: Anesthesia(int(row["base_units"]), int(row["minutes"]))
        for row in rows("anesthesia.csv")
    }


def is_anesthesia(code: str) -> bool:
    """Tell whether a code is anaesthesia, which is billed by the minute: 00100 to 01999.

    >>> is_anesthesia("01402"), is_anesthesia("0042T"), is_anesthesia("02000")
    (True, False, False)
    """
    return len(code) == 5 and code.isdigit() and "00100" <= code <= "01999"


@cache
def conversion_factors() -> Mapping[int, tuple[int, int]]:
    """Return year -> ten-thousandths of a dollar: of a relative value, of an anaesthesia unit."""
    return {
        int(row["year"]): (_per_ten_thousand(row["physician_usd"]),
                           _per_ten_thousand(row["anesthesia_usd"]))
        for row in rows("conversion_factors.csv")
    }  # fmt: skip


def _per_ten_thousand(text: str) -> int:
    return round(float(text) * 10_000)


def known_years() -> tuple[int, int]:
    """Return the first and the last year whose conversion factor is known."""
    years = conversion_factors()
    return min(years), max(years)


def conversion_factor(year: int) -> tuple[int, int]:
    """Return the factors of a year; before and after the known years, those of the nearest.

    >>> conversion_factor(2025)
    (323465, 203178)
    >>> conversion_factor(2040) == conversion_factor(2026)
    True
    """
    first, last = known_years()
    return conversion_factors()[min(max(year, first), last)]


def physician_cents(
    code: str, component: Component = "", *, facility: bool = False, year: int = 2025
) -> int | None:
    """Return Medicare's national amount of one unit, cents; None where the table has none.

    Relative values are those of 2025 in every year; the conversion factor is the year's.

    Args:
        code: HCPCS or CPT code.
        component: "" whole, "26" reading, "TC" making.
        facility: done in a facility, which is paid for room and staff by itself.
        year: of the service.

    >>> physician_cents("99213"), physician_cents("99213", facility=True)
    (8895, 6372)
    >>> physician_cents("93306"), physician_cents("93306", "26"), physician_cents("12345")
    (18793, 6534, None)
    """
    fee = physician_fees().get((code, component))
    values = 0 if fee is None else fee.facility if facility else fee.nonfacility
    if not values:
        return None
    return (values * conversion_factor(year)[0] + 5_000) // 10_000


def anesthesia_cents(code: str, minutes: NDArray[np.int32], year: int) -> NDArray[np.int64]:
    """Return Medicare's national amount of anaesthesia: base and time units at the year's factor.

    A time unit is fifteen minutes, to one decimal.

    Args:
        code: 00100 to 01999.
        minutes: int32, shape (n,).
        year: of the service.

    Returns:
        int64 cents, shape (n,).

    >>> anesthesia_cents("01402", np.array([120, 121], dtype=np.int32), 2025).tolist()
    [30477, 30680]
    """
    tenths = (minutes.astype(np.int64) * 20 + _UNIT_MINUTES) // (2 * _UNIT_MINUTES)
    units = anesthesia(code).base_units * 10 + tenths
    return (units * conversion_factor(year)[1] + 500) // 1_000


@cache
def payment_percents() -> Mapping[str, float]:
    """Return modifier -> percent of the fee; 26 and TC only where no row of the schedule is."""
    return {row["modifier"]: float(row["percent"]) for row in rows("payment_modifiers.csv")}
