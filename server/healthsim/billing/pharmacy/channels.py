"""Through which pharmacies a drug is dispensed: retail, by mail, specialty."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.billing.datafiles import rows
from healthsim.codes.drugs import Drug

CHANNELS = ("retail", "mail", "specialty")
"""The channels of a fill."""
_MONTH = 30


class SpecialtyRule(NamedTuple):
    """Which drugs come from specialty pharmacies.

    Attributes:
        monthly_cost_usd: the least cost of a month; None where it is never so.
        share: of people whose fills come from a specialty pharmacy.
    """

    monthly_cost_usd: float | None
    share: float


@cache
def _rules() -> dict[str, SpecialtyRule]:
    found: dict[str, SpecialtyRule] = {}
    for row in rows("specialty_drugs.csv"):
        cost = row["monthly_cost_usd"]
        rule = SpecialtyRule(float(cost) if cost else None, float(row["specialty_share"]))
        found |= dict.fromkeys(row["about"].split("|"), rule)
    return found


def specialty_share(drug: Drug) -> float:
    """Return the share of people who get a drug from a specialty pharmacy; 0 of a cheap one.

    >>> from healthsim.codes.drugs import drugs
    >>> named = drugs().find
    >>> specialty_share(named("adalimumab 40 mg pen injector", "drug"))
    0.9
    >>> specialty_share(named("metformin 500 mg tablet", "drug"))
    0.0
    """
    rule = _rules().get(drug.drug_class, _rules()[""])
    month = drug.unit_cost_usd * drug.units_per_day * _MONTH
    dear = rule.monthly_cost_usd is not None and month >= rule.monthly_cost_usd
    return rule.share if dear else 0.0
