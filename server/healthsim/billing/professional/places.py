"""Places of service: which fee is paid there, and whether a test is split with the facility."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from healthsim.billing.datafiles import rows


@cache
def place_of_service() -> Mapping[str, str]:
    """Return class of encounter, or "laboratory" -> CMS place of service on an 837P.

    >>> place_of_service()["office"]
    '11'
    """
    return {row["encounter_class"]: row["pos"] for row in rows("places.csv")}


@cache
def facility_places() -> frozenset[str]:
    """Return the places in which a clinician is paid the fee of a facility."""
    return frozenset(row["pos"] for row in rows("places.csv") if row["fee"] == "facility")


@cache
def split_places() -> frozenset[str]:
    """Return the places in which the facility bills what a test takes, the clinician its reading.

    >>> sorted(split_places())
    ['21', '22', '23', '24']
    """
    return frozenset(row["pos"] for row in rows("places.csv") if row["split"] == "split")
