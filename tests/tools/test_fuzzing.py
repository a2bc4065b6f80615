"""A few of the calls of `make fuzz`, and that its judge notices what must not be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp.types import CallToolResult, TextContent

from fuzzing.judging import of_error, of_result
from fuzzing.talk import chapter
from kept import keep
from storing import drafted, spec

GOOD = "limit: is 0; use at least 1"


@pytest.mark.slow
def test_two_dozen_calls_right_and_wrong_are_answered_or_refused_in_words(tmp_path: Path) -> None:
    home = keep(tmp_path / "home", "demo", "other")
    for walked in ((spec("first-year"),), ()):
        drafted(home, spec("diabetic", count=12, detail="core"), *walked)
    found = chapter(tmp_path / "home", seed=6, number=0, calls=24)

    assert found.faults == []
    assert sum(found.counts.values()) == 24
    assert found.counts["answered"] > 5


def test_an_error_with_a_place_a_fault_and_a_mend_is_good() -> None:
    assert list(of_error(GOOD, {"limit": 0})) == []


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("look_up: HealthSim failed inside (KeyError); try again", {}),
        ("Traceback (most recent call last): x; y", {}),
        ("limit: is 0; input should be 1", {}),
        ("it went wrong", {}),
        ("limit: is 0", {}),
        ("", {}),
        ("file: /home/me/.local/x.duckdb is damaged; delete it", {}),
        (f"name: is {'a' * 400}; use a shorter one", {"name": "a" * 400}),
        ("name: is wrong; " + "use another " * 1_000, {}),
    ],
)
def test_an_error_without_a_mend_with_a_path_or_an_echo_is_noticed(
    text: str, sent: dict[str, Any]
) -> None:
    assert list(of_error(text, sent)) != []


def test_a_path_that_the_caller_sent_may_be_repeated() -> None:
    assert list(of_error("sql: no file '/etc/passwd'; query tables", {"sql": "/etc/passwd"})) == []


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"a":1,"next":"x"}', {"a": 2, "next": "x"}),
        ('{"a":NaN,"next":"x"}', {"a": None, "next": "x"}),
        ('{"a":1}', {"a": 1}),
        ("no JSON", {"a": 1, "next": "x"}),
        ('{"a":"/tmp/x/y.duckdb","next":"x"}', {"a": "/tmp/x/y.duckdb", "next": "x"}),
        (f'{{"a":"{"x" * 30_000}","next":"x"}}', {"a": "x" * 30_000, "next": "x"}),
    ],
)
def test_an_answer_that_is_too_long_unequal_or_leads_nowhere_is_noticed(
    text: str, data: dict[str, Any]
) -> None:
    result = CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)

    assert list(of_result(result, {}, tells_paths=False)) != []
