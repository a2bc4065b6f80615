"""Who is meant by an id or a full name: a person_id, a number of the chart, the payer, a trial."""

from __future__ import annotations

import re
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
_MOST_NAMESAKES = 10  # people who are listed
_NAME = re.compile(r"[^\W\d_]+(?:[ .,'’-]+[^\W\d_]+)*\.?")
_NAMED = ("patients", "members")  # tables with names


def person_of(stored: StoredRows, person: str) -> int:
    """Return the person_id that an id means.

    Args:
        stored: the scenario or run.
        person: a person_id, a number of the chart, the payer, the pharmacy or a trial, or a full
            name that one person has.

    Raises:
        Refused: it is empty or too long, several have this name, or nobody is listed in the file.
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
    named = next((name for name in _NAMED if name in stored.tables), None)
    if named and _NAME.fullmatch(wanted):
        return _of_name(stored, named, wanted)
    raise NotFound(f"person {wanted!r}", f"nobody of {stored.name} has this id",
                   _near(stored, face, wanted))  # fmt: skip


def _of_name(stored: StoredRows, table: str, wanted: str) -> int:
    """Return who has a full name, written "given family" or "family, given".

    Raises:
        Refused: several have it; the error lists them.
        NotFound: nobody has it; the error lists people of a part of it, or says how to find one.
    """
    family, comma, given = wanted.partition(",")
    words = (f"{given} {family}" if comma else wanted).split()
    full, middle = "given_name || ' ' || family_name", "middle_name" in stored.tables[table].by_name
    names = [full, *(["concat_ws(' ', given_name, middle_name, family_name)"] if middle else [])]
    people = _people(stored, table, [(name, " ".join(words)) for name in names])
    if len(people) == 1:
        return int(people[0].split()[0])
    if people:
        raise Refused(f"person {wanted!r}", f"{len(people)} people of {stored.name} have this name",
                      f"give the person_id: {_listed(people)}")  # fmt: skip
    partly = _people(stored, table, [("family_name", words[-1])])
    partly = partly or _people(stored, table, [("given_name", words[0])])
    query = "query_scenario, SELECT person_id, given_name, family_name FROM"
    raise NotFound(f"person {wanted!r}", f"nobody of {stored.name} has this name",
                   f"near: {_listed(partly)}" if partly else f"find one: {query} {table} WHERE …"
                   )  # fmt: skip


def _people(stored: StoredRows, table: str, either: list[tuple[str, str]]) -> list[str]:
    """Return "person_id name (born day)" of those for whom a text is as wanted."""
    same = " OR ".join(f"upper({text}) = upper({literal(value)})" for text, value in either)
    sql = (f"SELECT person_id || ' ' || given_name || ' ' || family_name || ' (born ' || "  # noqa: S608
           f"birth_date || ')' FROM {table} WHERE {same} ORDER BY person_id")  # fmt: skip
    return [str(row[0]) for row in stored.select(sql).rows]


def _listed(people: list[str]) -> str:
    left = len(people) - _MOST_NAMESAKES
    return ", ".join(people[:_MOST_NAMESAKES]) + (f" and {left} more" if left > 0 else "")


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
