"""What the services of an 837I cost at Medicare's level, and what is paid of them.

Outpatient visits by OPPS, surgery centres by its weights at their own conversion factor, dialysis
by the ESRD base rate, periods of home health by theirs. What none of them prices costs what
`data/fees.csv` or its revenue centre says.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.facility import opps
from healthsim.billing.facility.hipps import is_hipps
from healthsim.billing.facility.rates import amount, relative
from healthsim.billing.professional.fee_schedule import Component, laboratory_fees, physician_cents
from healthsim.dates import Days, day_of
from healthsim.limits import Cents, benefit_year
from healthsim.products.membersim.pricing import LEAST_CENTS, base_cents, trend
from healthsim.tables import Coded

_OPPS, _ASC, _DIALYSIS, _HOME, _OTHER = range(5)
_TREATMENT = "90999"


@dataclass(frozen=True, eq=False)
class FacilityLines:
    """Lines of 837I claims, each claim's together; arrays of shape (m,).

    Attributes:
        claim: int32, rising; equal for the lines of one claim.
        encounter_class: class of the encounter that is billed.
        procedure: HCPCS code; null where billed by revenue centre alone.
        cents: int64, base price of one unit in 2025 that the bill states; 0 where it states none.
        units: int32.
        days: int32, day of the service.
    """

    claim: NDArray[np.int32]
    encounter_class: Coded
    procedure: Coded
    cents: Cents
    units: NDArray[np.int32]
    days: Days


@dataclass(frozen=True, eq=False)
class FacilityPrices:
    """Prices of one unit of m lines, in the year of each; float64 cents, shape (m,).

    Attributes:
        listed: what charges are made of.
        payable: what Medicare would pay; 0 where another line's payment includes it.
    """

    listed: NDArray[np.float64]
    payable: NDArray[np.float64]


def facility_prices(lines: FacilityLines) -> FacilityPrices:
    """Return list prices and payments of lines of 837I claims, before any provider's level."""
    system = _system_of(lines.encounter_class)
    words, codes = lines.procedure.vocabulary, lines.procedure.codes
    base = np.where(lines.cents > 0, lines.cents, _base_table(words)[system, codes])
    payable = base.astype(np.float64)
    for kind, pay in ((_OPPS, opps.payable_cents), (_ASC, opps.asc_payable_cents)):
        at = np.flatnonzero(system == kind)
        if len(at):
            payable[at] = pay(opps.OutpatientLines(
                lines.claim[at], codes[at], words, base[at], lines.units[at]
            ))  # fmt: skip
    treated = np.append([word == _TREATMENT for word in words], False).astype(np.bool_)[codes]
    payable[(system == _DIALYSIS) & ~treated] = 0.0
    periods = (system == _HOME) & _are_periods(lines)
    of_period = np.isin(lines.claim, lines.claim[periods])
    payable[of_period & ~periods] = 0.0
    index = _index(lines, system)
    index[periods] = relative("home_health", lines.days[periods])
    return FacilityPrices(np.maximum(base, payable) * index, payable * index)


def _are_periods(lines: FacilityLines) -> NDArray[np.bool_]:
    """Return which lines pay thirty days of home health as a whole, bool, (m,)."""
    coded = np.array([*map(is_hipps, lines.procedure.vocabulary), False], dtype=np.bool_)
    periods: NDArray[np.bool_] = coded[lines.procedure.codes] & (lines.cents > 0)
    return periods


def by_opps(encounter_class: Coded) -> NDArray[np.bool_]:
    """Return whose lines have an OPPS status, bool, same shape."""
    words = [word in opps.OUTPATIENT_CLASSES for word in encounter_class.vocabulary]
    return np.array([*words, False], dtype=np.bool_)[encounter_class.codes]


def may_be_packaged(words: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which codes another line may include where they are not paid, bool, per code.

    What OPPS does not pay at all (status C in a stay only, B, E1 and M) is in no other line.
    """
    return np.array([opps.status(word) not in ("B", "C", "E1", "M") for word in words],
                    dtype=np.bool_)  # fmt: skip


def _system_of(encounter_class: Coded) -> NDArray[np.intp]:
    """Return how each line is paid, intp."""
    systems = {"asc": _ASC, "dialysis": _DIALYSIS, "home_health": _HOME}
    by_word = [
        systems.get(word, _OPPS if word in opps.OUTPATIENT_CLASSES else _OTHER)
        for word in encounter_class.vocabulary
    ]
    return np.array([*by_word, _OTHER], dtype=np.intp)[encounter_class.codes]


def _base_table(words: tuple[str, ...]) -> Cents:
    """Return the base price of each code by payment system, int64; the last column is null's."""
    table = np.zeros((5, len(words) + 1), dtype=np.int64)
    table[:, :-1] = base_cents(words, facility=True)
    for place, word in enumerate(words):
        rate = opps.rate_cents(word)
        scheduled = _scheduled_cents(word)
        if scheduled is not None:
            table[:, place] = max(LEAST_CENTS, scheduled)
        if rate is not None:
            table[_OPPS, place] = max(LEAST_CENTS, rate)
            table[_ASC, place] = max(LEAST_CENTS, round(rate * _asc_of_opps()))
        if is_hipps(word):
            table[:, place] = 0
        if word == _TREATMENT:
            table[_DIALYSIS, place] = _treatment_cents()
    return table


@cache
def _scheduled_cents(code: str) -> int | None:
    """Return the 2025 fee of what OPPS leaves to a fee schedule, cents; None where none has it."""
    fee = laboratory_fees().get(code)
    components: tuple[Component, ...] = ("TC", "")
    for component in components:
        if fee is None and opps.has_fee_schedule((code,))[0]:
            fee = physician_cents(code, component)
    return fee


@cache
def _asc_of_opps() -> float:
    """Return a surgery centre's payment for what OPPS pays a dollar, 2025."""
    day = _first_of_2025()
    return float(opps.ASC_SCALAR * amount("asc", day)[0] / amount("opps", day)[0])


@cache
def _treatment_cents() -> int:
    return round(float(amount("esrd", _first_of_2025())[0]) * 100)


def _first_of_2025() -> Days:
    return np.array([day_of("2025-01-01")], dtype=np.int32)


def _index(lines: FacilityLines, system: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return prices on each line's day relative to those of 2025, float64, (m,)."""
    index = trend(benefit_year(lines.days, 1))
    tests = [word in laboratory_fees() for word in lines.procedure.vocabulary]
    index[np.array([*tests, False], dtype=np.bool_)[lines.procedure.codes]] = 1.0
    scheduled = np.append(opps.has_fee_schedule(lines.procedure.vocabulary), True)
    by_rate = ~scheduled[lines.procedure.codes]
    for kind, rate in ((_OPPS, "opps"), (_ASC, "asc"), (_DIALYSIS, "esrd")):
        at = np.flatnonzero((system == kind) & by_rate)
        if len(at):
            index[at] = relative(rate, lines.days[at])
    return index
