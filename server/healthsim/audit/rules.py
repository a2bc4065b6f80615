"""What a rule of the audit is: SQL that returns the rows that break it."""

from __future__ import annotations

from dataclasses import dataclass

MENDED = "make the scenario again from its specifications: execute_spec, then save_scenario"
"""How most findings are mended: nothing but a later change or a fault of the engine makes them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that holds in every scenario.

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
