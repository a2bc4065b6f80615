"""A rule of the audit: SQL that selects the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

MENDED = "make the scenario again from its specifications: execute_spec, then save_scenario"
"""How to mend most findings: they come only from a later change or from a fault of the engine."""


@dataclass(frozen=True, slots=True)
class AuditRule:
    """A rule with a query of its own, which selects the rows that break it.

    Attributes:
        name: what is checked, in a few words joined by hyphens; unique.
        where: ``table`` or ``table.column`` that a finding is shown under.
        needs: tables it reads; where one of them is absent the rule does not apply.
        sql: SELECT of one text column, one row for each offending row, that names the row.
        mend: what to do about a finding.
        columns: ``table.column`` that it reads and that older files do not have; where one of them
            is absent the rule does not apply.
        probe: FROM clause with a condition that finds a row wherever this rule, or another of the
            same probe, is broken; asked once for all of them, so that only broken ones are counted.
    """

    name: str
    where: str
    needs: tuple[str, ...]
    sql: str
    mend: str = MENDED
    probe: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule about single rows of one table; a table's row rules share one scan.

    Attributes:
        name: what is checked; unique.
        where: ``table`` or ``table.column`` that a finding is shown under.
        table: the table.
        broken: SQL condition on a row that is true where the row breaks the rule.
        mend: what to do about a finding.
        columns: as of an `AuditRule`.
    """

    name: str
    where: str
    table: str
    broken: str
    mend: str = MENDED
    columns: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The tables that it reads: its own only."""
        return (self.table,)


AnyRule: TypeAlias = AuditRule | RowRule


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of checking one rule.

    Attributes:
        check: name of the rule.
        where: table, or table and column; names one offending row, if there are any.
        rows: offending rows; 0 where the rule holds.
        mend: what to do about a finding.
    """

    check: str
    where: str
    rows: int
    mend: str
