"""Which rules of pharmacies hold for the fills of a profile's people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from healthsim.billing.pharmacy.dispensing import PHARMACY_RULES, PharmacyRule, usual_supply
from healthsim.codes.drugs import drugs
from healthsim.specification.document import Strict, each_once


class Pharmacy(Strict):
    """What is kept of the rules of pharmacies.

    Attributes:
        without: rules that do not hold: controlled_substances (limits of refills),
            refill_too_soon, course_lengths (short courses in `clinical.medications`),
            discontinuation (people stop), reversals (of refills that nobody fetches).
    """

    without: Annotated[
        tuple[PharmacyRule, ...], Field(max_length=20), AfterValidator(each_once)
    ] = ()


PharmacyChoice: TypeAlias = Literal["usual", "none"] | Pharmacy
"""The usual rules, none of them, or all but some."""


Discontinuation: TypeAlias = Annotated[
    Literal["usual", "none"], Field(exclude_if=lambda given: given == "usual")
]
"""Whether people stop a drug of their own accord."""


def rules_kept(choice: PharmacyChoice) -> tuple[PharmacyRule, ...]:
    """Return the rules of pharmacies that hold.

    >>> rules_kept(Pharmacy(without=("refill_too_soon", "reversals")))
    ('controlled_substances', 'course_lengths', 'discontinuation')
    """
    if choice == "none":
        return ()
    without = choice.without if isinstance(choice, Pharmacy) else ()
    return tuple(rule for rule in PHARMACY_RULES if rule not in without)


def with_usual_supply(details: Any, *, standing: bool) -> Any:
    """Return the details of a drug with the days that a fill of it usually lasts, if not stated.

    Args:
        details: as they were given; what is no mapping, or names no drug of the list, stays.
        standing: the drug is taken for long.
    """
    if not isinstance(details, Mapping) or "days_supply" in details:
        return details
    drug = drugs().rows.get(str(details.get("drug")))
    if drug is None:
        return details
    return {**details, "days_supply": usual_supply(drug, standing=standing)}
