"""Claims before they are priced: headers and their service lines, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.limits import Cents
from healthsim.tables import Coded


@dataclass(frozen=True, eq=False)
class ClaimHeaders:
    """The headers of n claims sorted by (person, claim_id); arrays of shape (n,).

    Attributes:
        person: int32, row of the person in the chunk, rising.
        plan: int32, plan number in the run's `PlanTable`.
        institutional: bool, an 837I rather than an 837P.
        encounter_class: class of the encounter that is billed.
        specialist: bool, an office visit to a specialist.
        preventive: bool, a preventive visit.
        billing_npi, rendering_npi, attending_npi, facility_npi: int64, `NO_NUMBER` = null.
        price_factor: float64, 0.9 to 1.1, the provider's prices against the schedule's.
        charge_factor: float64, 2.6 to 4.0, the provider's charges against the schedule's, where
            the class of service has the level 1.
        in_network: bool, the plan has a contract with the billing provider.
        drg_weight: float64, NaN where the claim is not paid by DRG.
        decided_date: int32, day of the decision; accumulators follow this order.
        household: int32, people of one household share a family's limits; None where there are
            no households.
        family: bool, two or more of the household are on the plan; None where there are no
            households.
        exempt: bool, of people who owe no nominal copays; None where no plan has them.
        emergency: bool, an emergency or a stay that follows one, which is shared as in the
            network (45 CFR 149.110); None where nobody asks.
    """

    person: NDArray[np.int32]
    person_id: NDArray[np.int64]
    claim_id: NDArray[np.int64]
    encounter_id: NDArray[np.int64]
    event_id: NDArray[np.int64]
    plan: NDArray[np.int32]
    institutional: NDArray[np.bool_]
    encounter_class: Coded
    specialist: NDArray[np.bool_]
    preventive: NDArray[np.bool_]
    from_date: NDArray[np.int32]
    through_date: NDArray[np.int32]
    admit_date: NDArray[np.int32]
    received_date: NDArray[np.int32]
    decided_date: NDArray[np.int32]
    paid_date: NDArray[np.int32]
    billing_npi: NDArray[np.int64]
    rendering_npi: NDArray[np.int64]
    attending_npi: NDArray[np.int64]
    facility_npi: NDArray[np.int64]
    price_factor: NDArray[np.float64]
    charge_factor: NDArray[np.float64]
    drg: Coded
    drg_weight: NDArray[np.float64]
    bill_type: Coded
    discharge_status: Coded
    in_network: NDArray[np.bool_]
    household: NDArray[np.int32] | None = None
    family: NDArray[np.bool_] | None = None
    emergency: NDArray[np.bool_] | None = None
    exempt: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class ServiceLines:
    """The service lines of the claims: m lines sorted by (bill, line); arrays of shape (m,).

    Attributes:
        bill: int32, row of `ClaimHeaders`; every bill has at least one line.
        line: int32, number within the claim, from 1.
        procedure: code; null on a room line.
        units: int32, at least 1.
        drg_line: bool, the one line that carries the payment of a claim paid by DRG.
        part_of_global: bool, a visit inside a surgeon's global period: refused (CO-97).
        flat_cents: int64, base price of one unit that the bill states; else 0.
    """

    bill: NDArray[np.int32]
    line: NDArray[np.int32]
    service_date: NDArray[np.int32]
    procedure: Coded
    units: NDArray[np.int32]
    modifier_1: Coded
    modifier_2: Coded
    modifier_3: Coded
    modifier_4: Coded
    revenue_code: Coded
    pos: Coded
    diagnosis_pointers: Coded
    event_id: NDArray[np.int64]
    drg_line: NDArray[np.bool_]
    part_of_global: NDArray[np.bool_]
    flat_cents: Cents
