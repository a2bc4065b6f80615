"""What is left of a price where a clinician does several procedures on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from healthsim.billing.datafiles import rows
from healthsim.billing.professional.fee_schedule import Component, PhysicianFee, physician_fees

OPERATIONS = frozenset({"2", "3"})
"""Indicators of operations and endoscopies, which are ranked together."""
MULTIPLE = "51"
"""Modifier of a second operation, where a payer asks for it."""
_ENDOSCOPY, _THERAPY = "3", "5"
_WHOLE = 100.0


@dataclass(frozen=True, slots=True)
class Reduction:
    """How a service is paid beside another of its group on a day.

    Attributes:
        group: services of one group are ranked by price; the dearest is paid in full.
        rest: share of the price that is left of another.
    """

    group: str
    rest: float


@cache
def reduction(code: str, component: Component, *, facility: bool) -> Reduction | None:
    """Return how a service is paid beside another of a day; None where in full.

    Args:
        code: HCPCS or CPT code.
        component: "" whole, "26" reading, "TC" making.
        facility: done in a facility.

    >>> reduction("47562", "", facility=True)
    Reduction(group='2', rest=0.5)
    >>> reduction("99213", "", facility=False) is None
    True
    """
    fee = physician_fees().get((code, ""))
    if fee is None or fee.multiple not in _percents():
        return None
    if fee.multiple in OPERATIONS:
        return Reduction("2", _percents()[fee.multiple][""])
    rest = _rest(code, component, fee, facility)
    return None if rest >= 1 else Reduction(f"{fee.multiple}{component}", round(rest, 4))


def is_ranked(code: str) -> bool:
    """Tell whether a code is an operation of which a second one of a day is paid less.

    >>> is_ranked("47562"), is_ranked("99213")
    (True, False)
    """
    fee = physician_fees().get((code, ""))
    return fee is not None and fee.multiple in OPERATIONS


@cache
def reduced_codes(*indicators: str) -> tuple[str, ...]:
    """Return the codes that have one of some indicators, or any that reduces, ascending."""
    chosen = indicators or tuple(_percents())
    return tuple(sorted(code for (code, part), fee in physician_fees().items()
                        if not part and fee.multiple in chosen))  # fmt: skip


def endoscopy_base(code: str) -> str | None:
    """Return the code whose price every endoscopy of a family has in it; None of others.

    >>> endoscopy_base("45385"), endoscopy_base("45378"), endoscopy_base("47562")
    ('45378', '45378', None)
    """
    fee = physician_fees().get((code, ""))
    if fee is not None and fee.multiple == _ENDOSCOPY:
        return fee.endoscopy_base
    return code if code in _bases() else None


@cache
def above_base(code: str, *, facility: bool) -> float:
    """Return the share of an endoscopy's price that is above its family's base.

    >>> above_base("45378", facility=True)
    0.0
    """
    base = endoscopy_base(code)
    own, least = (physician_fees().get((one or "", "")) for one in (code, base))
    if own is None or least is None:
        return 1.0
    value, beneath = ((fee.facility if facility else fee.nonfacility) for fee in (own, least))
    return round(max(value - beneath, 0) / value, 4) if value else 1.0


def _rest(code: str, component: Component, fee: PhysicianFee, facility: bool) -> float:
    """Return what is left of a price whose parts are reduced apart."""
    left = _percents()[fee.multiple]
    if fee.multiple == _THERAPY:
        value = fee.facility if facility else fee.nonfacility
        practice = fee.practice_facility if facility else fee.practice_nonfacility
        return 1 - (1 - left["PE"]) * practice / value if value else 1.0
    if component or fee.pctc == "3":
        return left.get(component or "TC", 1.0)
    making = _making(code, facility)
    return making * left.get("TC", 1.0) + (1 - making) * left.get("26", 1.0)


def _making(code: str, facility: bool) -> float:
    """Return the share of a whole test's price that its making has."""
    fees = physician_fees()
    parts = [fees.get((code, "TC"))]
    parts += [fees.get((row["technical"], "")) for row in rows("split_codes.csv")
              if row["whole"] == code]  # fmt: skip
    making, whole = next((part for part in parts if part is not None), None), fees[code, ""]
    value = whole.facility if facility else whole.nonfacility
    if making is None or not value:
        return 0.0
    return min(1.0, (making.facility if facility else making.nonfacility) / value)


@cache
def _percents() -> Mapping[str, Mapping[str, float]]:
    """Return indicator -> component -> share that is left."""
    found: dict[str, dict[str, float]] = {}
    for row in rows("multiple_procedures.csv"):
        left = float(row["rest_percent"]) / _WHOLE
        found.setdefault(row["indicator"], {})[row["component"]] = left
    return found


@cache
def _bases() -> frozenset[str]:
    return frozenset(fee.endoscopy_base for fee in physician_fees().values()
                     if fee.multiple == _ENDOSCOPY)  # fmt: skip
