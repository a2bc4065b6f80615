"""Place of service and type of bill of each encounter class."""

from __future__ import annotations

PLACE_OF_SERVICE = {
    "office": "11", "telehealth": "10", "urgent_care": "20", "emergency": "23",
    "observation": "22", "inpatient": "21", "outpatient_hospital": "22", "asc": "24", "snf": "31",
    "home_health": "12", "dialysis": "65",
}  # fmt: skip
"""Place of service of each encounter class on an 837P."""
INDEPENDENT_LABORATORY = "81"
"""Place of service of a laboratory that no practice or facility has (CMS POS)."""
BILL_TYPES = {
    "emergency": "131", "observation": "131", "inpatient": "111", "outpatient_hospital": "131",
    "asc": "831", "snf": "211", "home_health": "329", "dialysis": "721",
}  # fmt: skip
"""Type of bill of each encounter class that a facility bills."""
