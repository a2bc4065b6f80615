"""Vaccines on medical claims: who pays for them, and the service of giving them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from healthsim.billing.datafiles import rows

COUNSELLED_BELOW = 19
"""Age below which giving a vaccine is billed with counselling, by component."""


@dataclass(frozen=True, slots=True)
class VaccineService:
    """A vaccine as a payer sees it.

    Attributes:
        components: antigens that are counselled about.
        group: "influenza", "pneumococcal" or "hepatitis B", for which Medicare has codes of giving.
        part_d: whether Medicare covers it under Part D, so that no medical claim has it.
    """

    components: int
    group: str
    part_d: bool


@dataclass(frozen=True, slots=True)
class Giving:
    """Codes of giving vaccines.

    Attributes:
        first: of the first vaccine or component.
        further: of each further one; "" where there is none.
    """

    first: str
    further: str


@cache
def vaccine_services() -> Mapping[str, VaccineService]:
    """Return code of a vaccine -> what payers know of it.

    >>> vaccine_services()["90723"].components
    5
    """
    return {
        row["hcpcs"]: VaccineService(int(row["components"]), row["group"], row["part_d"] == "yes")
        for row in rows("vaccine_services.csv")
    }


@cache
def giving() -> Mapping[str, Giving]:
    """Return a group of Medicare, "counselled" or "other" -> the codes of giving."""
    return {row["rule"]: Giving(row["first"], row["further"]) for row in rows("vaccine_giving.csv")}


def is_vaccine(code: str) -> bool:
    """Tell whether a code is a vaccine itself.

    >>> is_vaccine("90677"), is_vaccine("90471"), is_vaccine("90791")
    (True, False, False)
    """
    return len(code) == 5 and code.isdigit() and "90476" <= code <= "90759"


def is_giving(code: str) -> bool:
    """Tell whether a code is the giving of a vaccine.

    >>> is_giving("90460"), is_giving("G0008"), is_giving("90656")
    (True, True, False)
    """
    return "90460" <= code <= "90474" or code in {"G0008", "G0009", "G0010"}
