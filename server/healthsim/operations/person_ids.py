"""Who is meant by an id: a person_id, or a number of the chart, the payer or a trial."""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.errors import NotFound, Refused
from healthsim.operations.stored import StoredRows
from healthsim.persistence.database import literal, quoted

FACES = ("patients", "members", "rx_members", "subjects")
"""Tables that have everybody of their product once; the first of a file is asked first."""

_IDS = (
    ("patients", "mrn"), ("members", "member_number"), ("rx_members", "cardholder_id"),
    ("subjects", "usubjid"), ("subjects", "subject_number"), ("patients", "ssn"),
    ("members", "ssn"),
)  # fmt: skip
_DIGITS = 15  # of a person_id at most
_LONGEST = 60


def person_of(stored: StoredRows, person: str) -> int:
    """Return the person_id that an id means.

    Args:
        stored: the scenario or run.
        person: a person_id, or a number of the chart, the payer, the pharmacy or a trial.

    Raises:
        Refused: it is empty or too long, or nobody is listed in the file.
        NotFound: nobody has it; the error suggests near ids.
    """
    wanted = person.strip()
    if not wanted or len(wanted) > _LONGEST:
        found = "is empty" if not wanted else f"has {len(wanted)} characters"
        raise Refused("person", found, "give a person_id, such as 101, or an MRN or member number")
    face = next((name for name in FACES if name in stored.tables), None)
    if face is None:
        raise Refused(f"{stored.name}", "lists no people", "choose a scenario that has patients")
    holders = [f"SELECT person_id, 0 AS place FROM {face} WHERE person_id = {wanted}"  # noqa: S608
               if _is_number(wanted) else "", *_holders(stored, wanted)]  # fmt: skip
    asked = " UNION ALL ".join(filter(None, holders))
    sql = f"SELECT person_id FROM ({asked}) ORDER BY place, person_id"  # noqa: S608
    rows = stored.select(sql).rows
    if rows:
        return int(rows[0][0])
    raise NotFound(f"person {wanted!r}", f"nobody of {stored.name} has this id",
                   _near(stored, face, wanted))  # fmt: skip


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _holders(stored: StoredRows, wanted: str) -> Iterator[str]:
    """Yield a SELECT of who has an id, for each kind of id that the file has."""
    for place, (table, column) in enumerate(_ids(stored), start=1):
        yield (f"SELECT person_id, {place} AS place FROM {table} "  # noqa: S608
               f"WHERE upper({quoted(column)}) = {literal(wanted.upper())}")  # fmt: skip


def _ids(stored: StoredRows) -> list[tuple[str, str]]:
    return [(table, column) for table, column in _IDS
            if table in stored.tables and column in stored.tables[table].by_name]  # fmt: skip


def _near(stored: StoredRows, face: str, wanted: str) -> str:
    """Suggest ids: for a number the next person_ids, for a text those that differ least."""
    if _is_number(wanted):
        unit = f"{wanted}01"  # people count from 1, and their person_id ends with their place
        order = f"person_id <> {unit[:_DIGITS]}, abs(person_id - {wanted})"
        sql = f"SELECT CAST(person_id AS VARCHAR) FROM {face} ORDER BY {order} LIMIT 3"  # noqa: S608
    else:
        columns = (f"SELECT CAST({quoted(column)} AS VARCHAR) AS id FROM {table}"  # noqa: S608
                   for table, column in _ids(stored))  # fmt: skip
        text = literal(wanted.upper())
        sql = (f"SELECT id FROM ({' UNION ALL '.join(columns)}) WHERE id IS NOT NULL "  # noqa: S608
               f"GROUP BY id ORDER BY levenshtein(upper(id), {text}), id LIMIT 3")  # fmt: skip
    near = [str(row[0]) for row in stored.select(sql).rows]
    return f"did you mean {' or '.join(near)}?" if near else "there is nobody in it"
