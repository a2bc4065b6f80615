"""The mutation run itself: what it changes, what it leaves alone, and what it asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutation.places import Place, compiles, places
from mutation.source import PACKAGE, Source

TEXT = '''
"""A docstring with < and 1."""

from dataclasses import dataclass

MOST: int = 4
QUERY = f"SELECT a FROM {MOST} WHERE a <= b AND c IS NOT NULL"


@dataclass(frozen=True)
class Held:
    """Of 2."""

    size: int = 0

    def __repr__(self) -> str:
        return "1" * 2


def worked(a: int, b: int, some: list[int]) -> int:
    if not isinstance(a, int):
        raise TypeError("no more than 3")
    if a < b and not some:
        some.append(b)
    for one in some:
        if one % 2:
            continue
    if a > 7:
        raise ValueError(f"{a + 1} is more than 7")
    return (min(a, b) if a & b else a)
'''


def found(text: str = TEXT) -> tuple[list[Place], bytes]:
    data = text.encode()
    return places(Source(PACKAGE / "audit" / "made_up.py", data)), data


def test_every_kind_of_change_is_found_and_shown_as_a_line_before_and_after() -> None:
    mutants, data = found()

    shown = {(one.kind, one.shown(data)[1]) for one in mutants}
    assert shown >= {
        ("number", "MOST: int = 5"),
        ("number", "size: int = 1"),
        ("comparison", "if a <= b and not some:"),
        ("boolean", "if a < b or not some:"),
        ("negation", "if a < b and some:"),
        ("condition", "if False:"),
        ("effect", "pass"),
        ("arithmetic", "if one * 2:"),
        ("jump", "pass"),
        ("twin", "return (max(a, b) if a & b else a)"),
        ("mask", "return (min(a, b) if a | b else a)"),
        ("choice", "return ((a))"),
    }


def test_sql_is_changed_in_its_operators_and_not_in_what_is_filled_in() -> None:
    mutants, data = found()

    put = {one.shown(data)[1].partition("WHERE ")[2] for one in mutants if one.kind[:3] == "sql"}
    assert put == {
        'a < b AND c IS NOT NULL"', 'a <= b OR c IS NOT NULL"', 'a <= b AND c IS NULL"',
    }  # fmt: skip


def test_messages_annotations_decorators_narrowings_and_docstrings_are_left_alone() -> None:
    mutants, data = found()

    changed = {one.shown(data)[0] for one in mutants}
    assert not {line for line in changed if "raise" in line or "frozen" in line or '"""' in line}
    assert "if not isinstance(a, int):" not in changed
    assert 'return "1" * 2' not in changed
    assert "def worked(a: int, b: int, some: list[int]) -> int:" not in changed


def test_a_place_knows_its_function_and_its_statement_without_the_body() -> None:
    mutants, _ = found()

    limit = next(one for one in mutants if one.kind == "comparison" and one.put == ">=")
    assert (limit.module, limit.qualname) == ("healthsim.audit.made_up", "worked")
    assert limit.statement == (limit.line, limit.line)


@pytest.mark.slow
@pytest.mark.parametrize("module", ["audit/days.py", "persistence/digest.py", "tools/execution.py"])
def test_nearly_every_place_of_a_module_of_the_server_still_compiles(module: str) -> None:
    source = Source(PACKAGE / Path(module))
    mutants = places(source)[::4]  # the next place is often the same one with another change

    broken = [one for one in mutants if not compiles(one.mutated(source.data))]
    assert len(mutants) > 20
    assert len(broken) <= len(mutants) / 20
    assert all(one.mutated(source.data) != source.data for one in mutants)
