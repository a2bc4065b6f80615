"""FHIR as one transaction Bundle for each person, and one for what belongs to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from healthsim.errors import Refused
from healthsim.exports import EVERYBODY, Filter
from healthsim.exports.fhir.opening import Kind, opened
from healthsim.exports.fhir.shown import NAMESPACE, cut
from healthsim.persistence.database import storage_errors
from healthsim.watching import step

DIRECTORY = "directory.json"
"""The bundle to load first: organizations, locations and clinicians."""
NAMES = re.compile(r"directory\.json|p[0-9]{1,19}\.json")
"""Names that files of the format can have."""
MOST_PEOPLE = 10_000
"""Of one export: one file each, in one folder."""

_PAGE = 64  # bundles that are in memory at once
_BASE = f"{NAMESPACE}/fhir"
_ENTRY = (
    'concat(\'{"fullUrl":"' + _BASE + "/', type, '/', id, '\",\"resource\":', resource, "
    '\',"request":{"method":"PUT","url":"\', type, \'/\', id, \'"}}\')'
)
_BEGIN = (
    '{"resourceType":"Bundle","id":"%s","meta":{"security":[{"system":'
    '"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"HTEST","display":'
    '"test health data"}]},"type":"transaction","entry":[\n'
)
_END = "\n]}\n"


def export(path: Path, name: str, folder: Path, chosen: Filter = EVERYBODY) -> list[Path]:
    """Write a bundle for each person of a scenario's file into an existing, empty folder.

    The resources are those of the NDJSON export, in an order in which a server can take them:
    what is pointed at stands first. A person's bundle points at nothing but itself, the directory
    and, of those who have it, at who holds the coverage.

    Args:
        path: the scenario's DuckDB file.
        name: the scenario's name; not used, as all formats are called alike.
        folder: where the files go: `directory.json`, and `p<person_id>.json` for each person.
        chosen: whose bundles to write.

    Raises:
        Refused: the scenario has no chart, too many people for one folder, or the filter cannot
            be read or finds nobody.
    """
    with opened(path, chosen) as scenario, storage_errors(folder):
        people = _refuse_crowds(scenario.connection)
        directory = scenario.connection.execute(_query(scenario.directory)).fetchall()
        written = [_write(folder, person, entries) for person, entries in directory]
        cursor = scenario.cursor()
        for part in scenario.ranges:
            cut(cursor, part)
            for person, entries in _rows(cursor.execute(_query(scenario.of_people))):
                step(f"bundle {len(written)} of {people}", len(written), people + 1)
                written.append(_write(folder, person, entries))
    return written


def _query(kinds: Sequence[Kind]) -> str:
    """Return the query of people, or of nobody, and the entries of their bundles."""
    parts = " UNION ALL ".join(
        f"SELECT person_id, {rank} AS rank, place::VARCHAR AS place, id, "  # noqa: S608  own names
        f"'{kind.name}' AS type, resource FROM ({kind.sql})"
        for rank, kind in enumerate(kinds)
    )
    order = "rank, length(place), place, id"
    return (
        f"SELECT person_id, string_agg({_ENTRY}, ',\n' ORDER BY {order}) "  # noqa: S608  own names
        f"FROM ({parts}) GROUP BY person_id ORDER BY person_id"
    )


def _refuse_crowds(connection: duckdb.DuckDBPyConnection) -> int:
    """Return how many people there are."""
    row = connection.execute("SELECT count(*) FROM patients").fetchone()
    if row and row[0] > MOST_PEOPLE:
        raise Refused(
            "format", f"fhir-bundles writes a file for each person, and there are {row[0]:,}",
            f"choose at most {MOST_PEOPLE:,} people, or the format fhir",
        )  # fmt: skip
    return int(row[0]) if row else 0


def _rows(answer: duckdb.DuckDBPyConnection) -> Iterator[tuple[int | None, str]]:
    """Yield people and the entries of their bundles."""
    while page := answer.fetchmany(_PAGE):
        yield from page


def _write(folder: Path, person: int | None, entries: str) -> Path:
    file = folder / (DIRECTORY if person is None else f"p{person}.json")
    text = _BEGIN % file.stem + entries + _END
    file.write_text(text, encoding="utf-8", newline="\n")
    return file
