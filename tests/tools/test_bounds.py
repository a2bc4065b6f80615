"""What goes out: whatever an answer holds, what is sent of it fits, is valid JSON, and says so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.types import CallToolResult, ImageContent, TextContent

from healthsim.tools.answers import QueryPage, reply
from healthsim.tools.bounds import LONGEST, bounded
from healthsim.tools.pages import MOST_COLUMNS, fitting


def _result(data: dict[str, Any]) -> CallToolResult:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=json.loads(text)
    )


def _sent(data: dict[str, Any]) -> dict[str, Any]:
    """Return the data of what is sent, after what holds for every answer."""
    result = bounded(_result(data))
    assert len(result.model_dump_json(by_alias=True)) <= LONGEST
    assert json.loads(result.content[0].text) == result.structured_content
    return dict(result.structured_content or {})


WIDE = 4_000
LARGE: dict[str, tuple[dict[str, Any], str]] = {
    "rows": (
        {"found": {"columns": ["a", "b"], "rows": [[one, "v" * 50] for one in range(5_000)]}},
        "found.rows: ",
    ),
    "a row of long cells": (
        {"columns": [f"c{one}" for one in range(90)], "rows": [["é" * 10_000] * 90]},
        "rows[0][0]: ",
    ),
    "columns": (
        {"columns": ["c" * 90] * WIDE, "types": ["T"] * WIDE, "rows": [["z" * 100] * WIDE] * 3},
        f"of {WIDE:,} columns",
    ),
    "a text": ({"card": "line\n" * 100_000}, "card: "),
    "a text of signs that are written as two": ({"card": '"\\\x01' * 100_000}, "card: "),
    "keys": ({"facts": {f"k{one}": one for one in range(20_000)}}, "of 20,000 fields"),
    "long keys": ({"facts": {"k" * 50_000 + str(one): one for one in range(9)}}, "the name of"),
    "a tree": ({"section": {"a": [{"b": ["t" * 3_000] * 30}] * 30}}, "section.a"),
    "lists": ({"wrong": ["w" * 200] * 3_000, "open": [{"ask": "q" * 500}] * 800}, "wrong: "),
    "cells of lists": (
        {"found": {"columns": ["a"], "rows": [[[*range(50_000)]], [{"x": "y" * 100_000}]]}},
        "found.rows[0][0]: ",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", LARGE)
def test_an_answer_that_is_too_long_is_cut_and_says_where(kind: str) -> None:
    data, said = LARGE[kind]
    sent = _sent(data | {"next": "Go on."})

    assert any(said in line for line in sent["cut"]), sent["cut"]
    assert sent["next"] == "Go on."
    assert list(sent)[-1] == "next"
    assert set(sent) == {*data, "cut", "next"}


@pytest.mark.parametrize("kind", ["rows", "columns", "a row of long cells"])
def test_every_row_of_a_table_that_is_cut_has_a_cell_for_each_column(kind: str) -> None:
    sent = _sent(LARGE[kind][0])
    table = sent.get("found", sent)

    assert table["rows"]
    assert {len(row) for row in table["rows"]} == {len(table["columns"])}
    assert len(table.get("types", table["columns"])) == len(table["columns"])


def test_names_that_are_alike_when_they_are_cut_are_still_told_apart() -> None:
    assert len(_sent(LARGE["long keys"][0])["facts"]) == 9


def test_what_fits_is_sent_as_it_is_and_pictures_are_not_counted() -> None:
    result = _result({"a": "x" * 15_000})
    picture = ImageContent(type="image", data="A" * 100_000, mime_type="image/png")
    drawn = result.model_copy(update={"content": [picture, *result.content]})

    assert bounded(result) is result
    assert bounded(drawn) is drawn
    assert bounded(_result({"a": "x" * 25_000})) != _result({"a": "x" * 25_000})


def test_a_picture_stays_beside_data_that_are_cut() -> None:
    picture = ImageContent(type="image", data="A" * 100_000, mime_type="image/png")
    result = _result({"a": "x" * 50_000})
    result.content.insert(0, picture)
    sent = bounded(result)

    assert picture in sent.content
    assert sent.structured_content is not None
    assert "cut" in sent.structured_content


def test_a_text_that_is_not_the_data_is_cut_too() -> None:
    result = CallToolResult(content=[TextContent(type="text", text="line\n" * 20_000)])
    sent = bounded(result)

    assert len(sent.model_dump_json()) <= LONGEST
    assert sent.content[0].text.endswith("… (100,000 characters)")


def test_numbers_that_json_does_not_have_are_texts() -> None:
    page = QueryPage(
        columns=["a"], types=["T"], rows=[[float("nan")], [float("inf")]], row_count=2, next=""
    )
    result = reply(page)

    assert result.structured_content is not None
    assert result.structured_content["rows"] == [["nan"], ["inf"]]
    assert json.loads(result.content[0].text) == result.structured_content


def test_a_page_has_one_row_at_least_and_names_the_columns_that_it_leaves_out() -> None:
    columns = [(f"c{number}", "VARCHAR") for number in range(400)]
    page = fitting(columns, [["x" * 10_000] * 400] * 2, first=7)

    assert len(page.rows) == 1
    assert len(page.columns) == len(page.types) == len(page.rows[0]) == MOST_COLUMNS
    assert "row 7[c0]: " in page.notes[0]
    assert (
        f"{MOST_COLUMNS} of 400 columns are shown; select the others by name: c100, c101"
        in (page.notes[1])
    )


def test_rows_that_fit_are_whole_and_the_next_page_begins_after_them() -> None:
    rows = [[number, "x" * 3_000] for number in range(20)]
    seen: list[int] = []
    while len(seen) < len(rows):
        page = fitting([("n", "INTEGER"), ("t", "VARCHAR")], rows[len(seen) :], len(seen))
        assert page.notes == []
        assert page.rows == rows[len(seen) : len(seen) + len(page.rows)]
        seen += [row[0] for row in page.rows]

    assert seen == [*range(20)]
