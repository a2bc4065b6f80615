"""Which rows of two scenario files differ, exactly and column by column.

A row of one file is the row of the other that has its person and its key. The other columns are
compared with IS DISTINCT FROM, so that two nulls are equal. Large tables are compared in ranges of
people, which bounds the memory. Ranges whose rows have one checksum in both files are equal, and
are not looked at any further. The checksum is of the rows as they are: what a manifest says of them
is not believed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from healthsim.errors import Refused
from healthsim.persistence.database import OTHER, SCHEMA, open_two, quoted
from healthsim.persistence.files import DamagedFile
from healthsim.tables import Table
from healthsim.watching import step

PERSON = "person_id"
_MOST_ROWS = 500_000  # of a table that are compared at once
_MOST_SUMMED = 50_000  # of a table that share a checksum: the fewer, the more can be skipped


@dataclass(frozen=True, slots=True)
class TableDifference:
    """How the rows of one table differ.

    Attributes:
        before: rows in the first file, None where it has no such table; `after` in the second.
        changed: rows that are in both and not equal.
        columns: changed rows by column, most first.
        uncompared: columns that are in one file only, or of another type there.
        comparable: both files have it, and tell its rows apart by the same columns.
    """

    name: str
    before: int | None
    after: int | None
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: tuple[tuple[str, int], ...] = ()
    uncompared: tuple[str, ...] = ()
    comparable: bool = True

    @property
    def same(self) -> bool:
        """Whether both files have the table, and no row of it differs."""
        return self.comparable and not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class PeopleDifference:
    """Who is in the files; of those in both, so many have a row that differs."""

    in_both: int
    affected: int
    only_before: int
    only_after: int


@dataclass(frozen=True, slots=True)
class _Compared:
    """How a table is compared: by which columns a row is known, and which others are compared."""

    place: int
    key: tuple[str, ...]
    columns: tuple[str, ...]


@contextmanager
def find_differences(
    before: Path, tables: Sequence[Table], after: Path, other_tables: Sequence[Table]
) -> Iterator[Differences]:
    """Compare two files, and answer questions about their differences until the block ends.

    Raises:
        Refused: it would need too much memory.
        StorageError: a file cannot be read, or is not what its dictionary says.
    """
    try:
        with open_two(before, after) as connection:
            yield Differences(connection, _checked(connection, SCHEMA, tables, before),
                              _checked(connection, OTHER, other_tables, after))  # fmt: skip
    except duckdb.OutOfMemoryException as error:
        raise Refused(
            "comparison", "it needs more memory than it may use",
            "compare fewer people: run both specifications again with a smaller count",
        ) from error  # fmt: skip
    except duckdb.Error as error:
        raise DamagedFile(
            f"{before.name} or {after.name}",
            f"it is cut short or damaged ({str(error).splitlines()[0][:200]})",
            "verify both (healthsim verify NAME) and save the run of the damaged one again",
        ) from error


class Differences:
    """The differences of two files; what differs is found once and kept in memory.

    Args:
        connection: shows both files.
        before: types of the columns of each table of the first file, and `after` of the second.

    Attributes:
        tables: every table of both, in storing order.
        people: of both.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        before: Mapping[str, Checked],
        after: Mapping[str, Checked],
    ) -> None:
        self._connection = connection
        self._before, self._after = before, after
        self._compared: dict[str, _Compared] = {}
        self._run("CREATE TABLE affected (person_id BIGINT, place INTEGER, how VARCHAR, n BIGINT)")
        self.tables = tuple(self._tables(list({**before, **after})))
        self.people = self._count_people()

    def _run(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, list(values)).fetchall()

    def _count(self, schema: str, name: str) -> int:
        return int(self._run(f"SELECT count(*) FROM {schema}.{quoted(name)}")[0][0])

    def _tables(self, names: Sequence[str]) -> Iterator[TableDifference]:
        for done, name in enumerate(names):
            step(f"table {name}, {done + 1} of {len(names)}", done, len(names))
            yield self._table(name)

    def _table(self, name: str) -> TableDifference:
        rows = self._count(SCHEMA, name) if name in self._before else None
        other = self._count(OTHER, name) if name in self._after else None
        if rows is None or other is None:
            return TableDifference(name, rows, other, comparable=False)
        one, two = self._before[name], self._after[name]
        shared = {column for column, kind in one.types.items() if two.types.get(column) == kind}
        strange = tuple(dict.fromkeys(c for c in (*one.types, *two.types) if c not in shared))
        if one.key != two.key or not shared.issuperset(one.key):
            return TableDifference(name, rows, other, comparable=False)
        columns = tuple(c for c in one.types if c in shared and c not in one.key)
        how = self._compared[name] = _Compared(len(self._compared), one.key, columns)
        self._keep_differing(name, how, max(rows, other))
        counts = dict(self._run(f"SELECT how, count(*) FROM differing_{how.place} GROUP BY 1"))
        return TableDifference(
            name, rows, other, counts.get("added", 0), counts.get("removed", 0),
            counts.get("changed", 0), self._changed_columns(how), strange,
        )  # fmt: skip

    def _keep_differing(self, name: str, how: _Compared, rows: int) -> None:
        """Keep the key of each row that differs, in what way, and which of its columns do."""
        select = _differing(name, how)
        verb = f"CREATE TABLE differing_{how.place} AS"
        for within in self._ranges(name, how, rows) if PERSON in how.key else ["true"]:
            self._run(f"{verb} {select.replace('{within}', within)}")
            verb = f"INSERT INTO differing_{how.place}"
        if PERSON in how.key:
            self._run(
                f"INSERT INTO affected SELECT key_0, {how.place}, how, count(*) "
                f"FROM differing_{how.place} GROUP BY ALL"
            )

    def _ranges(self, name: str, how: _Compared, rows: int) -> list[str]:
        """Return conditions of ranges of people: all in whom a row may differ, few enough rows."""
        parts = rows // _MOST_SUMMED + 1
        ends = self._run(
            "SELECT min(p), max(p), count(*) > count(p) "
            f"FROM (SELECT {PERSON} p FROM {SCHEMA}.{quoted(name)} "
            f"UNION ALL SELECT {PERSON} FROM {OTHER}.{quoted(name)})"
        )[0]
        if parts == 1 or ends[0] is None:
            return ["true"]
        width = (ends[1] - ends[0]) // parts + 1
        runs = _runs(self._unlike(name, how, ends[0], width), _MOST_ROWS // _MOST_SUMMED)
        return [
            f"{PERSON} >= {ends[0] + width * first} AND {PERSON} < {ends[0] + width * end}"
            for first, end in runs or [(0, 0)]
        ] + [f"{PERSON} IS NULL"] * ends[2]  # no file of ours has rows of nobody

    def _unlike(self, name: str, how: _Compared, first: int, width: int) -> list[int]:
        """Return the ranges of people, from 0, whose rows have other checksums in the two files."""
        columns = ", ".join(map(quoted, (*how.key, *how.columns)))
        sums = " FULL JOIN ".join(
            f"(SELECT ({PERSON} - {first}) // {width} AS part, count(*) AS rows_{schema}, "
            f"sum(hash({columns})) AS sum_{schema} FROM {schema}.{quoted(name)} "
            f"WHERE {PERSON} IS NOT NULL GROUP BY part)"
            for schema in (SCHEMA, OTHER)
        )
        rows = self._run(
            f"SELECT part FROM {sums} USING (part) WHERE rows_{SCHEMA} IS DISTINCT FROM "
            f"rows_{OTHER} OR sum_{SCHEMA} IS DISTINCT FROM sum_{OTHER} ORDER BY part"
        )
        return [part for (part,) in rows]

    def _changed_columns(self, how: _Compared) -> tuple[tuple[str, int], ...]:
        if not how.columns:
            return ()
        counts = ", ".join(f"count(*) FILTER (c_{place})" for place in range(len(how.columns)))
        row = self._run(f"SELECT {counts} FROM differing_{how.place} WHERE how = 'changed'")[0]
        changed = [(name, count) for name, count in zip(how.columns, row, strict=True) if count]
        return tuple(sorted(changed, key=lambda item: -item[1]))

    def _count_people(self) -> PeopleDifference:
        """Keep who is in which file: the people of the tables with one row for each person."""
        for schema, known in ((SCHEMA, self._before), (OTHER, self._after)):
            faces = [name for name, table in known.items() if table.key == (PERSON,)]
            union = " UNION ".join(f"SELECT {PERSON} FROM {schema}.{quoted(n)}" for n in faces)
            self._run(f"CREATE TABLE people_{schema} AS "
                      f"{union or f'SELECT NULL::BIGINT AS {PERSON} WHERE false'}")  # fmt: skip
        counted = self._run(
            "SELECT count(*) FILTER (a IS NOT NULL AND b IS NOT NULL), "
            f"count(*) FILTER (a IS NOT NULL AND b IS NOT NULL AND a IN (SELECT {PERSON} FROM "
            "affected)), count(*) FILTER (b IS NULL), count(*) FILTER (a IS NULL) "
            f"FROM (SELECT {PERSON} a FROM people_{SCHEMA}) "
            f"FULL JOIN (SELECT {PERSON} b FROM people_{OTHER}) ON a = b"
        )
        return PeopleDifference(*counted[0])

    def affected(self, most: int) -> list[int]:
        """Return the first people by id who are in both files and have a row that differs."""
        both = " AND ".join(
            f"{PERSON} IN (SELECT {PERSON} FROM people_{schema})" for schema in (SCHEMA, OTHER)
        )
        rows = self._run(
            f"SELECT DISTINCT {PERSON} FROM affected WHERE {both} ORDER BY 1 LIMIT ?",
            [most],
        )
        return [person for (person,) in rows]

    def changed_in(self, name: str, columns: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """Return how many rows of a table differ in some columns, and in each of them.

        Args:
            name: of a table.
            columns: of it; those that were not compared are left out.
        """
        how = self._compared.get(name)
        compared = [column for column in columns if how and column in how.columns]
        if how is None or not compared:
            return 0, {}
        flags = [f"c_{how.columns.index(column)}" for column in compared]
        counts = ", ".join(f"count(*) FILTER ({flag})" for flag in (" OR ".join(flags), *flags))
        row = self._run(f"SELECT {counts} FROM differing_{how.place} WHERE how = 'changed'")[0]
        return row[0], dict(zip(compared, row[1:], strict=True))

    def of_person(self, person: int) -> list[tuple[str, Mapping[str, int]]]:
        """Return for each table in which a person's rows differ: how many, by added and so on."""
        names = {how.place: name for name, how in self._compared.items()}
        counts: dict[str, dict[str, int]] = {}
        sql = "SELECT place, how, n FROM affected WHERE person_id = ? ORDER BY 1, 2"
        for place, how, rows in self._run(sql, [person]):
            counts.setdefault(names[place], {})[how] = rows
        return list(counts.items())

    def changed_values(self, name: str, person: int) -> list[tuple[str, Any, Any]]:
        """Return column, value before and value after of the person's first changed row."""
        how = self._compared[name]
        flags = [f"c_{place}" for place in range(len(how.columns))]
        keys = [f"key_{place}" for place in range(len(how.key))]
        row = self._run(
            f"SELECT {', '.join(keys + flags)} FROM differing_{how.place} "
            f"WHERE how = 'changed' AND key_0 = ? ORDER BY {', '.join(keys)} LIMIT 1", [person]
        )  # fmt: skip
        if not row:
            return []
        differing = zip(how.columns, row[0][len(keys) :], strict=True)
        columns = [column for column, differs in differing if differs]
        where = " AND ".join(f"{quoted(column)} = ?" for column in how.key)
        chosen = ", ".join(map(quoted, columns))
        values = [
            self._run(
                f"SELECT {chosen} FROM {schema}.{quoted(name)} WHERE {where}", row[0][: len(keys)]
            )
            for schema in (SCHEMA, OTHER)
        ]
        return list(zip(columns, values[0][0], values[1][0], strict=True))

    def sums(self, name: str, columns: Sequence[str], person: int | None = None) -> list[Any]:
        """Return what some columns of a table add up to in each file; None where it lacks one.

        Args:
            name: of a table.
            columns: their amounts are added.
            person: only this person's rows.
        """
        added = " + ".join(map(quoted, columns))
        where, values = ("", []) if person is None else (f" WHERE {PERSON} = ?", [person])
        return [
            self._run(
                f"SELECT coalesce(sum({added}), 0) FROM {schema}.{quoted(name)}{where}", values
            )[0][0]
            if name in known and set(columns) <= known[name].types.keys()
            else None
            for schema, known in ((SCHEMA, self._before), (OTHER, self._after))
        ]  # fmt: skip


def _runs(parts: Sequence[int], longest: int) -> list[tuple[int, int]]:
    """Return the first of each run of whole numbers, and the one after its last.

    >>> _runs([0, 1, 2, 5], 2)
    [(0, 2), (2, 3), (5, 6)]
    """
    runs = list[tuple[int, int]]()
    for part in parts:
        if runs and runs[-1][1] == part and part - runs[-1][0] < longest:
            runs[-1] = (runs[-1][0], part + 1)
        else:
            runs.append((part, part + 1))
    return runs


@dataclass(frozen=True, slots=True)
class Checked:
    """A table that is as its dictionary says: its key, person first, and its columns' types."""

    key: tuple[str, ...]
    types: Mapping[str, str]


def _checked(
    connection: duckdb.DuckDBPyConnection, schema: str, tables: Sequence[Table], path: Path
) -> dict[str, Checked]:
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = ? AND NOT internal ORDER BY table_name, column_index", [schema]
    ).fetchall()  # fmt: skip
    actual: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        actual.setdefault(table, {})[column] = kind
    checked = {}
    for described in tables:
        types = actual.get(described.name, {})
        if missing := [c.name for c in described.columns if c.name not in types]:
            raise DamagedFile(
                path.name,
                f"its dictionary lists {described.name}.{missing[0]}, which is not there",
                "restore it from a copy, or delete it and save the scenario again",
            )
        person = (PERSON,) if PERSON in types and PERSON not in described.key else ()
        checked[described.name] = Checked((*person, *described.key), types)
    return checked


def _differing(name: str, how: _Compared) -> str:
    """Return the SELECT of a table's differing rows, with `{within}` for a range of people."""
    sides = [
        f"(SELECT *, true AS here_{side} FROM {schema}.{quoted(name)} WHERE {{within}}) {side}"
        for side, schema in (("a", SCHEMA), ("b", OTHER))
    ]
    quotes = [quoted(column) for column in how.key]
    same = " AND ".join(f"a.{column} = b.{column}" for column in quotes)
    keys = [f"coalesce(a.{column}, b.{column}) AS key_{n}" for n, column in enumerate(quotes)]
    flags = [
        f"a.{quoted(column)} IS DISTINCT FROM b.{quoted(column)} AS c_{n}"
        for n, column in enumerate(how.columns)
    ]
    which = (
        "CASE WHEN here_a IS NULL THEN 'added' WHEN here_b IS NULL THEN 'removed' "
        "ELSE 'changed' END AS how"
    )
    any_flag = " OR ".join(["false", *(f"c_{n}" for n in range(len(flags)))])
    inner = f"SELECT {', '.join([*keys, which, *flags])}"
    return (
        f"SELECT * FROM ({inner} FROM {sides[0]} FULL JOIN {sides[1]} ON {same}) "
        f"WHERE how <> 'changed' OR {any_flag}"
    )
