"""Arms of the rules that a data dictionary states, for the tables of a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audit.arms import Arm, breaks, first, keeps, one
from healthsim.tables import Column, Table

_NUMBERED = ("line", "sequence", "item")


def of_dictionary(tables: Sequence[Table], rules: Sequence[str]) -> tuple[Arm, ...]:
    """Return the arms of those of the rules that tables' definitions state.

    Args:
        tables: the tables of a scenario in which every table has rows.
        rules: names of the rules that apply to it.
    """
    there = set(rules)
    arms = [arm for table in tables for arm in _of_table(table)]
    return tuple(arm for arm in arms if arm.rule in there)


def _of_table(table: Table) -> Iterator[Arm]:
    name = table.name
    yield keeps(f"key {name}", one(name, f"{table.key[0]} = {table.key[0]}"))
    yield breaks(f"key {name}", f"INSERT INTO {name} SELECT * FROM {name} WHERE rowid = "
                 f"(SELECT min(rowid) FROM {name})")  # fmt: skip
    for column in table.columns:
        yield from _of_column(table, column)
    *parents, key = table.key
    if key in _NUMBERED:
        yield from _numbers(name, f"({', '.join(parents)})", key)
    if not parents:
        for change in (f"{key} + (1::BIGINT << 29)", f"{key} - (1::BIGINT << 29)"):
            yield breaks(f"id holds person {name}.{key}", one(name, f"{key} = {change}"))
        yield keeps(f"id holds person {name}.{key}", one(name, f"{key} = person_id << 29"))
        yield keeps(f"id holds person {name}.{key}",
                    one(name, f"{key} = (person_id << 29) + (1 << 29) - 1"))  # fmt: skip


def _of_column(table: Table, column: Column) -> Iterator[Arm]:
    name, where = column.name, f"{table.name}.{column.name}"
    if column.type == "DECIMAL(12,2)" and name != "delta_usd":  # a reversal is below 0
        yield keeps(f"money not negative {table.name}", one(table.name, f"{name} = 0"))
        yield breaks(f"money not negative {table.name}", one(table.name, f"{name} = -0.01"))
    if column.type == "DOUBLE":
        step = 10.0**-column.decimals
        for value, rows in ((f"{1 + step:.9f}", 0), (f"{1 + step * 1.1:.9f}", 1),
                            (f"{1 + step * 1.9:.9f}", 1), ("'inf'::DOUBLE", 1),
                            ("'nan'::DOUBLE", 1)):  # fmt: skip
            yield Arm(f"decimals {where}", (one(table.name, f"{name} = {value}"),), rows)
    target, _, key = column.references.partition(".")
    if target and key != "person_id":
        for side in ("max", "min"):
            yield breaks(f"one person {where}", one(
                table.name, f"{name} = (SELECT arg_{side}({key}, person_id) FROM {target})",
                f"person_id NOT IN (SELECT {side}(person_id) FROM {target})"))  # fmt: skip


def _numbers(table: str, parent: str, number: str) -> Iterator[Arm]:
    rule = f"numbered {table}.{number}"
    mine = first(parent, table)
    further = (
        f"INSERT INTO {table} SELECT * REPLACE ({number} + 1 AS {number}) FROM {table} "
        f"WHERE {parent} = {mine} ORDER BY {number} DESC LIMIT 1"
    )
    for low, high, rows in ((1, 2, 0), (0, 2, 1), (1, 3, 1), (2, 3, 1), (0, 1, 1)):
        yield Arm(rule, (
            further,
            f"UPDATE {table} SET {number} = CASE {number} WHEN 1 THEN {low} ELSE {high} END "
            f"WHERE {parent} = {mine}"), rows)  # fmt: skip
