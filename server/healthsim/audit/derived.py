# ruff: noqa: S608  (the SQL is made of this package's own names, never of a user's words)
"""Rules that a file's own data dictionary states: references, keys, nulls, decimals, money."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.persistence.database import quoted
from healthsim.tables import Column, Table

_BITS = 29  # an id is its person's id and 29 bits more (docs/design.md, 6)


def derived_rules(tables: Sequence[Table]) -> tuple[AnyRule, ...]:
    """Return every rule that the tables' definitions state, in the tables' order."""
    known = {table.name: table for table in tables}
    return tuple(rule for table in tables for rule in _of_table(table, known))


_NOT_COUNTED = {("plan_years", "year"), ("accumulator_events", "seq")}
"""Keys that end in a number that does not count the rows of a parent."""
_SIGNED = {("accumulator_events", "delta_usd")}
"""Amounts that may be negative."""


def _of_table(table: Table, known: Mapping[str, Table]) -> Iterator[AnyRule]:
    yield _unique(table)
    yield from (_present(table, column) for column in table.columns if column.required)
    yield from (_rounded(table, column) for column in table.columns if column.type == "DOUBLE")
    money = [column.name for column in table.columns if column.type == "DECIMAL(12,2)"
             and (table.name, column.name) not in _SIGNED]  # fmt: skip
    if money:
        yield _not_negative(table, money)
    counted = len(table.key) > 1 and table.by_name[table.key[-1]].type == "INTEGER"
    if counted and (table.name, table.key[-1]) not in _NOT_COUNTED:
        yield _numbered(table)
    if _is_address(table):
        yield _addressed(table)
    for column in table.columns:
        target, _, _ = column.references.partition(".")
        if target in known:
            of_person = _same_person(table, column, known[target])
            yield _linked(table, column, shared=of_person)
            if of_person:
                yield _one_person(table, column)


def named_row(table: Table, alias: str = "s") -> str:
    """Return SQL that names a row of `alias` by its key."""
    parts = ", ' ', ".join(f"'{name} ', {alias}.{quoted(name)}" for name in table.key)
    return f"concat({parts})"


def _unique(table: Table) -> AuditRule:
    key = ", ".join(quoted(name) for name in table.key)
    return AuditRule(
        f"key {table.name}",
        f"{table.name} ({', '.join(table.key)})",
        (table.name,),
        f"SELECT {named_row(table)} FROM {quoted(table.name)} AS s GROUP BY {key} "
        "HAVING count(*) > 1",
    )


def _present(table: Table, column: Column) -> RowRule:
    where = f"{table.name}.{column.name}"
    return RowRule(f"required {where}", where, table.name, f"{quoted(column.name)} IS NULL")


def _rounded(table: Table, column: Column) -> RowRule:
    where, name = f"{table.name}.{column.name}", quoted(column.name)
    broken = f"round({name}, {column.decimals}) <> {name} OR NOT isfinite({name})"
    return RowRule(f"decimals {where}", where, table.name, broken)


def _not_negative(table: Table, money: Sequence[str]) -> RowRule:
    least = ", ".join(quoted(name) for name in money)
    name = f"money not negative {table.name}"
    return RowRule(name, table.name, table.name, f"least({least}) < 0")


def _numbered(table: Table) -> AuditRule:
    """Rows of one parent are numbered 1, 2, 3 without a gap."""
    *parent, last = table.key
    named = ", ' ', ".join(f"'{name} ', {quoted(name)}" for name in parent)
    parents = ", ".join(quoted(name) for name in parent)
    number = quoted(last)
    return AuditRule(
        f"numbered {table.name}.{last}",
        f"{table.name}.{last}",
        (table.name,),
        f"SELECT concat({named}) FROM (SELECT DISTINCT {parents}, {number} "
        f"FROM {quoted(table.name)}) GROUP BY {parents} "
        f"HAVING min({number}) <> 1 OR max({number}) <> count({number})",
    )


def _is_address(table: Table) -> bool:
    return (
        len(table.key) == 1
        and table.key[0].endswith("_id")
        and table.key[0] != "person_id"
        and "person_id" in table.by_name
    )


def _addressed(table: Table) -> RowRule:
    (key,) = table.key
    where = f"{table.name}.{key}"
    broken = f"{quoted(key)} >> {_BITS} <> person_id"
    return RowRule(f"id holds person {where}", where, table.name, broken)


def _linked(table: Table, column: Column, *, shared: bool) -> AuditRule:
    target, _, key = column.references.partition(".")
    return AuditRule(
        f"reference {table.name}.{column.name}",
        f"{table.name}.{column.name} → {column.references}",
        (table.name, target),
        f"SELECT {named_row(table)} FROM {quoted(table.name)} AS s ANTI JOIN {quoted(target)} AS t "
        f"ON s.{quoted(column.name)} = t.{quoted(key)} "
        f"WHERE s.{quoted(column.name)} IS NOT NULL",
        probe=_probe(table, column) if shared else "",
    )


def _probe(table: Table, column: Column) -> str:
    """Find rows whose column names no row, or one of somebody else: one join for both rules."""
    target, _, key = column.references.partition(".")
    return (
        f"{quoted(table.name)} AS s LEFT JOIN {quoted(target)} AS t "
        f"ON s.{quoted(column.name)} = t.{quoted(key)} WHERE s.{quoted(column.name)} IS NOT NULL "
        f"AND (t.{quoted(key)} IS NULL OR s.person_id <> t.person_id)"
    )


def _same_person(table: Table, column: Column, target: Table) -> bool:
    key = column.references.partition(".")[2]
    return (
        "person_id" in table.by_name
        and "person_id" in target.by_name
        and column.name != "person_id"
        and key != "person_id"
    )


def _one_person(table: Table, column: Column) -> AuditRule:
    target, _, key = column.references.partition(".")
    return AuditRule(
        f"one person {table.name}.{column.name}",
        f"{table.name}.{column.name} → {column.references}",
        (table.name, target),
        f"SELECT {named_row(table)} FROM {quoted(table.name)} AS s JOIN {quoted(target)} AS t "
        f"ON s.{quoted(column.name)} = t.{quoted(key)} WHERE s.person_id <> t.person_id",
        probe=_probe(table, column),
    )
