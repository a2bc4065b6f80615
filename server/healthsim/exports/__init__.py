"""A scenario as files: which formats there are, and what each of them holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Format = Literal["csv", "parquet", "fhir", "html"]
"""The formats that are built. `capabilities.toml` says what else people ask for."""


@dataclass(frozen=True)
class Facts:
    """What is said of a format wherever it is named.

    Attributes:
        holds: what its files hold.
        needs: which products a scenario must have.
        lacks: what of a scenario it leaves out.
        whole: whether it is always of the whole scenario, so that tables cannot be chosen.
    """

    holds: str
    needs: str
    lacks: str
    whole: bool


FORMATS: Mapping[Format, Facts] = MappingProxyType(
    {
        "csv": Facts("one file for each table, and the data dictionary", "any", "nothing", False),
        "parquet": Facts(
            "one file for each table, and the data dictionary", "any", "nothing", False
        ),
        "fhir": Facts(
            "R4 resources with profiles of US Core 6.1.0, one NDJSON file for each type",
            "patientsim",
            "claims, what plans paid, events, trials, attributes",
            True,
        ),
        "html": Facts("a report, one page", "any", "rows", True),
    }
)
"""Format -> what is said of it."""
