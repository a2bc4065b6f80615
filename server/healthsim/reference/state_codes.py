"""HealthSim's own places as tables, for checks of and joins with imported rows."""

from __future__ import annotations

from functools import cache

import duckdb
import numpy as np
import pyarrow as pa

from healthsim.products.populationsim.county_codes import other_codes
from healthsim.products.populationsim.datafiles import rows
from healthsim.products.populationsim.reference import geography
from healthsim.products.populationsim.territories import territories

TERRITORIES = territories().codes
"""Territories for which the same publishers give figures."""


@cache
def state_fips() -> dict[str, str]:
    """Return the two-digit FIPS code of each state and territory, by its two letters.

    >>> state_fips()["TX"]
    '48'
    """
    listed = (*rows("states.csv"), *rows("territories.csv"))
    return {row["code"]: row["fips"] for row in listed}


def known_state(fips: str) -> str:
    """Return SQL that is true where a county code begins with an existing state.

    >>> known_state("fips")[:31]
    "left(fips, 2) IN ('01', '02', '"
    """
    codes = ", ".join(f"'{code}'" for code in sorted(state_fips().values()))
    return f"left({fips}, 2) IN ({codes})"


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the tables `known_zip`, `known_county` and `known_state` with a connection."""
    geo = geography()
    fips = np.array(geo.county_fips)
    nation = [state for state, own in zip(geo.states, geo.of_nation.tolist(), strict=True) if own]
    letters = {code: state for state, code in state_fips().items()}
    connection.register("known_zip", pa.table({
        "zip": pa.array(geo.place_zip), "county_fips": pa.array(fips[geo.place_county]),
    }))  # fmt: skip
    connection.register("known_county", pa.table({
        "county_fips": pa.array(geo.county_fips), "name": pa.array(geo.county_name),
        "state": pa.array([letters[code[:2]] for code in geo.county_fips]),
    }))  # fmt: skip
    connection.register("other_county", pa.table({"county_fips": pa.array(list(other_codes()))}))
    connection.register("known_state", pa.table({
        "state": pa.array(nation), "people": pa.array(geo.state_population[: len(nation)]),
        "fips": pa.array([state_fips()[state] for state in nation]),
    }))  # fmt: skip


def unknown_counties(table: str) -> str:
    """Return SQL that counts the counties of a table that HealthSim does not have in any way."""
    return (
        f"SELECT count(DISTINCT fips) FROM {table} "
        "WHERE fips NOT IN (FROM known_county SELECT county_fips "
        "UNION ALL FROM other_county SELECT county_fips)"
    )


def counties_by_crosswalk(table: str) -> str:
    """Return SQL that counts the planning regions and former counties of a table."""
    return (
        f"SELECT count(DISTINCT fips) FROM {table} "
        "WHERE fips IN (SELECT county_fips FROM other_county)"
    )
