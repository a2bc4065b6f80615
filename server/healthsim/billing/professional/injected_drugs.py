"""The national drug code of an injected drug's line, and how much of the product it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from healthsim.billing.datafiles import rows

QUANTITY_DECIMALS = 3
"""Decimals of a quantity (X12 CTP04)."""


@dataclass(frozen=True, slots=True)
class InjectedDrug:
    """A drug of one HCPCS code as it is dispensed.

    Attributes:
        ndc: eleven digits; labeler 00000 is invented.
        unit: ML, UN (vials), as X12 CTP05.
        quantity: of the product, in one billing unit of the code.
    """

    ndc: str
    unit: str
    quantity: float


@cache
def injected_drugs() -> Mapping[str, InjectedDrug]:
    """Return HCPCS code -> its drug.

    >>> injected_drugs()["J9271"].ndc
    '00006302602'
    """
    return {
        row["code"]: InjectedDrug(row["ndc"], row["ndc_unit"], float(row["quantity"]))
        for row in rows("injected_drugs.csv")
    }
