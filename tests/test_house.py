"""Rules of the house that a reviewer would otherwise have to keep by eye.

That imports go down only is what `make contracts` asks, which `make test` runs too.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from healthsim.execution.sync.sync import RULES, SyncRule
from healthsim.products.catalogue import NOT_PER_PERSON, TABLES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "server" / "healthsim"
BY_NAME = {table.name: table for table in TABLES}
COLUMNS = [(table, column) for table in TABLES for column in table.columns]
_CLOCKS = {"random", "uuid", "time", "secrets"}
_SUSPECT = re.compile(
    r"^\s*(?:import|from)\b.*\b(?:random|uuid|time|secrets)\b|\b(?:today|now|utcnow|default_rng)\b",
    re.MULTILINE,
)
"""Text without which no file imports a clock or chance: the others need not be parsed."""
_PURE = ("codes", "specification", "execution", "products")


def test_every_column_has_a_meaning() -> None:
    wrong = [
        f"{table.name}.{column.name}"
        for table, column in COLUMNS
        if len(column.meaning) < 4
        or not column.meaning.strip().endswith((".", "…"))
        or column.name != column.name.lower()
    ]

    assert wrong == []


def test_every_name_tells_its_type() -> None:
    kinds = {"_date": "DATE", "_at": "TIMESTAMP", "_usd": "DECIMAL(12,2)"}
    told = [
        (f"{table.name}.{column.name}", column.type, [
            kind for ending, kind in kinds.items() if column.name.endswith(ending)])
        for table, column in COLUMNS
    ]  # fmt: skip

    assert [one for one in told if one[2] and one[1] != one[2][0]] == []
    assert [one for one in told if one[1] in kinds.values() and not one[2]] == []


def test_every_reference_names_a_column() -> None:
    for table, column in COLUMNS:
        if column.references:
            other, _, key = column.references.partition(".")
            assert key in BY_NAME[other].by_name, f"{table.name}.{column.name}"
            assert BY_NAME[other].by_name[key].type == column.type, f"{table.name}.{column.name}"


def test_every_table_has_its_key_and_names_of_its_own() -> None:
    assert len(BY_NAME) == len(TABLES)
    for table in TABLES:
        assert table.key, table.name
        assert set(table.key) <= set(table.by_name), table.name
        assert len(table.by_name) == len(table.columns), table.name
        assert table.grain.startswith("one row per"), table.name


def test_every_record_of_a_person_has_a_person() -> None:
    for table in TABLES:
        if table.name not in NOT_PER_PERSON:
            assert table.by_name["person_id"].required, table.name


@pytest.mark.parametrize("rule", RULES, ids=[f"{rule.cause} {rule.effect}" for rule in RULES])
def test_every_sync_rule_names_tables_and_columns_that_exist(rule: SyncRule) -> None:
    assert rule.cause
    assert set(rule.carries) <= set(BY_NAME[rule.effect].by_name)


@pytest.mark.slow
@pytest.mark.parametrize("room", _PURE)
def test_what_generates_imports_no_clock_and_no_chance(room: str) -> None:
    paths = sorted((PACKAGE / room).rglob("*.py"))
    texts = [(path, path.read_text(encoding="utf-8")) for path in paths]
    assert len(texts) > 10
    for path, text in (one for one in texts if _SUSPECT.search(one[1])):
        for node in ast.walk(ast.parse(text)):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            )  # fmt: skip
            for name in names:
                assert name.split(".")[0] not in _CLOCKS, f"{path.name} imports {name}"
                assert not name.startswith("numpy.random"), path.name
            if isinstance(node, ast.Attribute) and path.name != "streams.py":
                assert node.attr not in {"today", "now", "utcnow", "default_rng"}, path.name


def test_only_the_streams_know_a_generator() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "streams.py":
            assert "np.random" not in path.read_text(), path.name
