"""Stored scenarios in which single rows are changed, and what the audit then tells."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest

from audit.tampering import Tampering
from healthsim.audit import integrity
from healthsim.audit.rules import AnyRule, AuditRule, RowRule
from healthsim.audit.stay_groups import reads_groups
from healthsim.persistence.database import open_write, quoted
from healthsim.persistence.scenario import read_manifest, read_tables
from healthsim.tables import Table
from storing import stored

_OF_DIAGNOSES = ("a known code", "a code of", "codes that may", "problem list:", "coding:")
"""Rules that look at what the classification says of the codes that now stand in the rows."""

_NOTES = "clinical_notes"

_PLAIN_PLANS = ("expression_rewriter", "common_subexpressions", "join_order",
                "statistics_propagation", "join_filter_pushdown", "late_materialization",
                "compressed_materialization")  # fmt: skip
"""What DuckDB need not think about: it plans a statement longer than it reads so few rows."""

_ALL_ARE_ASKED_OF = 6
"""Every which of the changes of a file is judged by all rules that read what it changes."""


def _rows_of(rule: RowRule) -> str:
    return f"SELECT 1 FROM {quoted(rule.table)} WHERE {rule.broken}"


def _reads(rule: AnyRule, table: str, columns: frozenset[str] | None) -> bool:
    """Tell whether a rule may read one of some columns of a table; of all columns if None."""
    if table not in rule.needs:
        return False
    sql = rule.sql if isinstance(rule, AuditRule) else rule.broken
    if columns is None or reads_groups([rule]) or "COLUMNS(" in sql or "DISTINCT *" in sql:
        return True
    return not columns.isdisjoint(re.findall(r"\w+", sql))


@dataclass
class Scenario:
    connection: duckdb.DuckDBPyConnection
    tables: tuple[Table, ...]
    rules: list[AnyRule]
    path: Path
    _known: dict[str, int] = field(default_factory=dict)

    @cached_property
    def unchanged(self) -> dict[str, int]:
        """How many rows each rule tells before anything is changed; only those that tell any."""
        return self.told(self.rules)

    def told(self, rules: list[AnyRule]) -> dict[str, int]:
        found = integrity.run_rules(self.connection, rules, self.tables)
        return {one.check: one.rows for one in found if one.rows}

    def reading(self, change: Tampering) -> list[AnyRule]:
        """Return the rules that read anything of what is changed: no other can tell of it.

        Notes repeat what other tables hold, so they would tell of most changes of those: only a
        change of a note is judged by its rules (`tests/audit/test_notes_audited.py` has the rest).
        """
        places = change.places
        touched = [table for table, _ in places]
        return [
            rule
            for rule in self.rules
            if any(_reads(rule, table, columns) for table, columns in places)
            and (_NOTES not in rule.needs or _NOTES in touched)
        ]

    def of(self, *starts: str) -> list[AnyRule]:
        return [rule for rule in self.rules if rule.name.startswith(starts)]

    def about(self, *tables: str) -> list[AnyRule]:
        """Return the rules that read one of these tables."""
        assert all(map(self.has, tables))
        return [rule for rule in self.rules if not set(tables).isdisjoint(rule.needs)]

    def named(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    def has(self, table: str) -> bool:
        return any(one.name == table for one in self.tables)

    def broken(self, name: str) -> int:
        """Return how many rows break one rule."""
        rule = next(rule for rule in self.rules if rule.name == name)
        if name.startswith(_OF_DIAGNOSES):
            integrity.lay_out_diagnoses(self.connection, self.tables)
        sql = rule.sql if isinstance(rule, AuditRule) else _rows_of(rule)
        ((rows,),) = self.connection.execute(f"SELECT count(*) FROM ({sql})").fetchall()
        return int(rows)

    def after(self, change: Sequence[str], name: str) -> int:
        """Return how many rows break one rule after a change, and undo the change."""
        with self._changed(change):
            return self.broken(name)

    def all_after(self, change: Sequence[str], names: Sequence[str]) -> set[str]:
        """Return which of some rules are broken after a change, and undo the change."""
        with self._changed(change):
            return {name for name in names if self.broken(name)}

    @contextmanager
    def _changed(self, change: Sequence[str]) -> Iterator[None]:
        """Make a change of which every statement changes a row; undo it after the block."""
        self.connection.execute("BEGIN")
        try:
            for statement in change:
                ((rows,),) = self.connection.execute(statement).fetchall()
                assert rows, f"changes nothing: {statement}"
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def tried(self, change: Tampering, *, by_all: bool = True) -> set[str]:
        """Make a change, undo it; return the rules that told more or less than before, by name.

        All that read what is changed are asked, or only those that the change breaks.
        """
        asked = self.reading(change)
        if not by_all:
            asked = [rule for rule in asked if rule.name in change.breaks]
        self.connection.execute("BEGIN")
        try:
            for statement in change.sql:
                self.connection.execute(statement)
            after = self.told(asked)
        finally:
            self.connection.execute("ROLLBACK")
        before = self._before(after)
        return {name for name in after if after[name] != before[name]}

    def _before(self, names: Collection[str]) -> dict[str, int]:
        """Return how many rows each of some rules tells before anything is changed."""
        unknown = [
            rule for rule in self.rules if rule.name in names and rule.name not in self._known
        ]
        told = self.told(unknown)
        self._known |= {rule.name: told.get(rule.name, 0) for rule in unknown}
        return self._known

    def silent(self, *starts: str) -> set[str]:
        """Return the rules of a family that do not tell; there must be such a family."""
        family = self.of(*starts)
        assert family
        return {rule.name for rule in family} - self.told(family).keys()


def few_by_all(changes: Sequence[Tampering]) -> list[Any]:
    """Return cases of a change, and whether all rules are asked: of every sixth, else its own.

    `make proofs` asks all rules of the others too.
    """
    cases = []
    for place, change in enumerate(changes):
        name = change.breaks[0]
        if place % _ALL_ARE_ASKED_OF:
            cases.append(pytest.param(change, False, id=name))
            cases.append(pytest.param(change, True, id=f"{name}, by all", marks=pytest.mark.proof))
        else:
            cases.append(pytest.param(change, True, id=f"{name}, by all"))
    return cases


@contextmanager
def opened(
    folder: Path, *specs: dict[str, Any], only: Collection[str] | None = None
) -> Iterator[Scenario]:
    """Run specifications, and open the file beside what rules look at: all, or some by name."""
    path = stored(folder, *specs)
    with open_write(path) as connection:
        connection.execute(f"SET disabled_optimizers = '{','.join(_PLAIN_PLANS)}'")
        tables = read_tables(connection, path)
        integrity.lay_out(connection, read_manifest(connection, path))
        rules = integrity.rules_for(tables)
        asked = [rule for rule in rules if only is None or rule.name in only]
        yield Scenario(connection, tables, asked, path)
