"""A scenario as files: which formats there are, and what each of them holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Format = Literal[
    "csv", "parquet", "xlsx", "duckdb", "fhir", "fhir-us-core-7", "fhir-bundles", "postgres",
    "html",
]  # fmt: skip
"""The formats that are built. `capabilities.toml` says what else people ask for."""


ANY, NOTHING = "any product", "nothing"
MOST_CELLS = 2_000_000
"""Of the tables of a workbook together: more take minutes to write and to open."""


@dataclass(frozen=True)
class Facts:
    """What is said of a format wherever it is named.

    Attributes:
        holds: what its files hold.
        needs: which products a scenario must have.
        lacks: what of a scenario it leaves out.
        whole: whether it has no tables that could be chosen.
        everybody: whether it is always about everybody, so that people cannot be chosen.
        limit: how much it holds at most; empty where there is no limit.
        files: whether it is a folder of files.
    """

    holds: str
    needs: str = ANY
    lacks: str = NOTHING
    whole: bool = False
    everybody: bool = False
    limit: str = ""
    files: bool = True

    @property
    def sentence(self) -> str:
        """All that is said of the format, in one line."""
        limit = f" At most {self.limit}." if self.limit else ""
        return f"{self.holds}. It needs {self.needs}; it leaves out {self.lacks}.{limit}"


FORMATS: Mapping[Format, Facts] = MappingProxyType(
    {
        "csv": Facts("one file for each table, and the data dictionary"),
        "parquet": Facts("one file for each table, with its types, and the data dictionary"),
        "xlsx": Facts(
            "one Excel workbook for small scenarios: the data dictionary, then a sheet for each "
            "table",
            limit=f"{MOST_CELLS:,} cells, 1,048,575 rows of a table",
        ),
        "duckdb": Facts(
            "one DuckDB file: the tables with their meanings as comments, and the data dictionary",
            lacks="the specifications and checks that a scenario's own file has",
        ),
        "fhir": Facts(
            "R4 resources with profiles of US Core 6.1.0, one NDJSON file for each type",
            "the product patientsim",
            "claims, what plans paid, events, trials, attributes",
            True,
        ),
        "fhir-us-core-7": Facts(
            "the resources of fhir with profiles of US Core 7.0.0, and what it asks for besides",
            "the product patientsim",
            "claims, what plans paid, events, trials, attributes",
            True,
        ),
        "fhir-bundles": Facts(
            "the resources of fhir, one transaction Bundle for each person, and directory.json to "
            "load first",
            "the product patientsim",
            "claims, what plans paid, events, trials, attributes",
            True,
            limit="10,000 people",
        ),
        "postgres": Facts(
            "a schema of its own in a Postgres database: the tables with primary keys and their "
            "meanings as comments, and the data dictionary",
            "any product, a database that --to or $HEALTHSIM_POSTGRES names, and the driver: "
            "pip install healthsim[postgres]",
            "the specifications and checks that a scenario's own file has",
            files=False,
        ),
        "html": Facts("a report, one page", lacks="rows", whole=True, everybody=True),
    }
)
"""Format -> what is said of it."""

_LONGEST_SAID = 200


@dataclass(frozen=True)
class Filter:
    """Whom to export; everybody where both are empty.

    Attributes:
        people: places in the order of people, from 1: ``"1-20"`` or ``"1-5,9"``.
        where: a condition in SQL on the columns of `patients` (of `members` where there is no
            chart), which may ask other tables by subqueries.
    """

    people: str = ""
    where: str = ""

    def __bool__(self) -> bool:
        return bool(self.people.strip() or self.where.strip())

    @property
    def words(self) -> str:
        """How the filter is told in a marker."""
        parts = [f"people {self.people.strip()}" if self.people.strip() else "",
                 f"people where {self.where.strip()}" if self.where.strip() else ""]  # fmt: skip
        return " ".join(" and ".join(filter(None, parts))[:_LONGEST_SAID].split())

    @property
    def sentence(self) -> str:
        """What a marker says of it, with a space before; nothing where everybody is exported."""
        return f" It holds {self.words}, and whom they point at." if self else ""


EVERYBODY = Filter()
"""The filter that chooses nobody in particular."""
