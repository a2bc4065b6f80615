"""What a rule of the audit is: SQL that tells the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

MENDED = "make the scenario again from its specifications: execute_spec, then save_scenario"
"""How most findings are mended: nothing but a later change or a fault of the engine makes them."""


@dataclass(frozen=True, slots=True)
class AuditRule:
    """Something that holds in every scenario, told by a query of its own.

    Attributes:
        name: what is checked, in a few words joined by hyphens; unique.
        where: ``table`` or ``table.column`` that a finding is shown under.
        needs: tables it reads; where one of them is absent the rule does not apply.
        sql: SELECT of one text column, one row for each offending row, that names the row.
        mend: what to do about a finding.
    """

    name: str
    where: str
    needs: tuple[str, ...]
    sql: str
    mend: str = MENDED


@dataclass(frozen=True, slots=True)
class RowRule:
    """Something that holds of every row of one table; a table's row rules share one scan.

    Attributes:
        name: what is checked; unique.
        where: ``table`` or ``table.column`` that a finding is shown under.
        table: the table.
        broken: SQL condition on a row that is true where the row breaks the rule.
        mend: what to do about a finding.
    """

    name: str
    where: str
    table: str
    broken: str
    mend: str = MENDED

    @property
    def needs(self) -> tuple[str, ...]:
        """The table, as the tables that it reads."""
        return (self.table,)


AnyRule: TypeAlias = AuditRule | RowRule


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one rule.

    Attributes:
        check: name of the rule.
        where: table, or table and column; with one offending row, where there is one.
        rows: offending rows; 0 where the rule holds.
        mend: what to do about it.
    """

    check: str
    where: str
    rows: int
    mend: str
