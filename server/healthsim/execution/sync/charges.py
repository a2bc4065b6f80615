"""Place of service, type of bill and a facility's own charges of each encounter class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PLACE_OF_SERVICE = {
    "office": "11", "telehealth": "10", "urgent_care": "20", "emergency": "23",
    "observation": "22", "inpatient": "21", "outpatient_hospital": "22", "asc": "24", "snf": "31",
    "home_health": "12", "dialysis": "65",
}  # fmt: skip
"""Place of service of each encounter class on an 837P."""
BILL_TYPES = {
    "emergency": "131", "observation": "131", "inpatient": "111", "outpatient_hospital": "131",
    "asc": "831", "snf": "211", "home_health": "321", "dialysis": "721",
}  # fmt: skip
"""Type of bill of each encounter class that a facility bills."""


@dataclass(frozen=True)
class FacilityCharge:
    """A service of the facility itself: no procedure code, a price by revenue centre.

    Attributes:
        revenue: revenue code.
        cents: base price of one unit.
        nightly: one unit for each night.
        surgical: only where there was an operation.
    """

    revenue: str
    cents: int
    nightly: bool = False
    surgical: bool = False


FACILITY_CHARGES: Mapping[str, tuple[FacilityCharge, ...]] = {
    "emergency": (FacilityCharge("0450", 52_000),),
    "observation": (FacilityCharge("0762", 240_000),),
    "inpatient": (FacilityCharge("0120", 260_000, nightly=True), FacilityCharge("0250", 90_000),
                  FacilityCharge("0270", 70_000), FacilityCharge("0360", 420_000, surgical=True)),
    "outpatient_hospital": (FacilityCharge("0510", 13_000),
                            FacilityCharge("0360", 240_000, surgical=True)),
    "asc": (FacilityCharge("0490", 140_000),),
    "snf": (FacilityCharge("0120", 56_000, nightly=True),),
    "home_health": (FacilityCharge("0551", 17_000),),
    "dialysis": (FacilityCharge("0821", 27_382),),
}  # fmt: skip
"""Medicare-level prices in cents: 0821 is the ESRD base rate (CMS, CY 2025); the others are
assumptions of the right size, to be shaped by price level, provider and year."""

IMAGING = (FacilityCharge("0403", 9_500), FacilityCharge("0320", 23_000))
"""An outpatient visit for images alone, a screening mammogram or another. Prices: assumptions,
near Medicare's technical part of the one and of a scan with contrast."""

LAB_REVENUE, VACCINE_REVENUE = "0300", "0771"
STAY_SERVICE_CENTS = 2_500
"""Base price of a service of a stay that is listed by revenue centre alone: assumption."""
