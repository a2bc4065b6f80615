"""What a plan's contract with a provider pays for a line, relative to Medicare's price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.benefits.contract_prices import (
    charge_levels,
    class_of_lines,
    contract_factors,
    price_classes,
)
from healthsim.products.membersim.claim_rows import ClaimHeaders, ServiceLines
from healthsim.products.membersim.plans import PlanTable


@dataclass(frozen=True, eq=False)
class Contracts:
    """Price levels of m lines; arrays of shape (m,).

    Attributes:
        price_class: int32, class of service, its number in `billing.benefits.contract_prices`.
        plan: float64, the plan's level of the class, relative to Medicare's price.
        own: float64, the provider's contract with the plan, relative to that level; 1 outside of
            the network, where there is none.
        price: float64, product of both and the provider's price factor.
        charge: float64, the provider's charge factor, by class.
    """

    price_class: NDArray[np.int32]
    plan: NDArray[np.float64]
    own: NDArray[np.float64]
    price: NDArray[np.float64]
    charge: NDArray[np.float64]

    @classmethod
    def of(cls, bills: ClaimHeaders, lines: ServiceLines, plans: PlanTable) -> Contracts:
        """Return the levels of every line."""
        bill = lines.bill
        kind = class_of_lines(
            bills.institutional[bill], bills.encounter_class.take(bill), lines.procedure,
            lines.revenue_code,
        )  # fmt: skip
        level = plans.price_levels[bills.plan[bill], kind]
        own = _own_prices(bills, bill, kind, plans)
        return cls(
            price_class=kind,
            plan=level,
            own=own,
            price=bills.price_factor[bill] * level * own,
            charge=bills.charge_factor[bill] * charge_levels()[kind],
        )


def _own_prices(
    bills: ClaimHeaders, bill: NDArray[np.int32], kind: NDArray[np.int32], plans: PlanTable
) -> NDArray[np.float64]:
    """Return each line's contract price relative to its plan's level, float64, (m,)."""
    classes = len(price_classes())
    npi, provider = np.unique(bills.billing_npi, return_inverse=True)
    pair = bills.plan.astype(np.int64) * len(npi) + provider
    cell = pair[bill] * classes + kind
    used = np.zeros(len(plans.names) * len(npi) * classes, dtype=np.bool_)
    used[cell[bills.in_network[bill]]] = True
    prices = np.ones(len(used))
    at = np.flatnonzero(used)
    key = at // (len(npi) * classes) * classes + at % classes  # plan and class
    varies = plans.price_spreads.reshape(-1)[key] > 0
    at, key = at[varies], key[varies]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    for place in np.split(order, starts[1:]) if len(order) else ():
        number, price_class = divmod(int(key[place[0]]), classes)
        prices[at[place]] = contract_factors(
            plans.names[number], price_class, npi[at[place] // classes % len(npi)],
            float(plans.price_spreads[number, price_class]),
        )  # fmt: skip
    return np.where(bills.in_network[bill], prices[cell], 1.0)
