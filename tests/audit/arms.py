"""Changes of stored rows that break one arm of a rule, or that only reach its limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from audit.tampering import _one as one


@dataclass(frozen=True)
class Arm:
    """A change of a scenario that holds every rule, and what one rule then tells.

    Attributes:
        rule: name of the rule.
        sql: the statements; each must change a row.
        rows: offending rows: 0 where the change reaches the limit of what is allowed.
    """

    rule: str
    sql: tuple[str, ...]
    rows: int = 1


def breaks(rule: str, *sql: str, rows: int = 1) -> Arm:
    return Arm(rule, sql, rows)


def keeps(rule: str, *sql: str) -> Arm:
    return Arm(rule, sql, 0)


def first(column: str, table: str, where: str = "true") -> str:
    """Return a subquery: a column of the first row that fits."""
    return f"(SELECT {column} FROM {table} WHERE {where} ORDER BY rowid LIMIT 1)"


def each(rule: str, table: str, changes: Iterable[str], where: str = "true") -> Iterable[Arm]:
    """Yield one arm that breaks a rule for each of several changes of the same row."""
    return (breaks(rule, one(table, change, where)) for change in changes)


__all__ = ["Arm", "breaks", "each", "first", "keeps", "one"]
