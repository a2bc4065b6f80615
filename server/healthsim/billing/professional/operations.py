"""Operations: the days in their price, their anaesthesia, their assistants, their sides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from healthsim.billing.datafiles import rows
from healthsim.billing.professional.fee_schedule import physician_fees

_DAYS = {"010": 10, "090": 90}
_ASSISTED = "2"
_SIDED = ("1", "3")
SIDES = ("RT", "LT")
_OF_A_SIDE = {"RT", "LT", "50", "E1", "E2", "E3", "E4", "TA", "FA"} | {
    f"{limb}{number}" for limb in "FT" for number in range(1, 10)
}


def global_days(code: str) -> int:
    """Return how many days after it are in the price of a service; 0 where none, or not known.

    >>> global_days("27447"), global_days("45385"), global_days("99213")
    (90, 0, 0)
    """
    fee = physician_fees().get((code, ""))
    return 0 if fee is None else _DAYS.get(fee.global_days, 0)


def is_minor_procedure(code: str) -> bool:
    """Tell whether a visit on its day by the same clinician needs 25: 0 or 10 days in its price.

    >>> is_minor_procedure("20610"), is_minor_procedure("27447"), is_minor_procedure("93000")
    (True, False, False)
    """
    fee = physician_fees().get((code, ""))
    return fee is not None and fee.global_days in {"000", "010"}


@cache
def assisted_shares() -> Mapping[str, float]:
    """Return the code of an operation -> share of operations at which somebody assists."""
    return {row["operation"]: float(row["share"]) for row in rows("assistants.csv")
            if is_assisted(row["operation"])}  # fmt: skip


@cache
def anesthesia_of() -> Mapping[str, str]:
    """Return the code of an operation -> that of its usual anaesthesia."""
    return {row["operation"]: row["anesthesia"] for row in rows("anesthesia_for.csv")}


def is_assisted(code: str) -> bool:
    """Tell whether Medicare pays an assistant at an operation with 90 days in its price.

    >>> is_assisted("27447"), is_assisted("66984"), is_assisted("99213")
    (True, False, False)
    """
    fee = physician_fees().get((code, ""))
    return fee is not None and fee.assistant == _ASSISTED and fee.global_days == "090"


def is_sided(code: str) -> bool:
    """Tell whether a service is of one of two sides of the body.

    >>> is_sided("27447"), is_sided("73562"), is_sided("47562")
    (True, True, False)
    """
    fee = physician_fees().get((code, ""))
    return fee is not None and fee.bilateral in _SIDED


def has_side(modifiers: tuple[str, ...]) -> bool:
    """Tell whether modifiers say on which side something was done."""
    return bool(_OF_A_SIDE & set(modifiers))
