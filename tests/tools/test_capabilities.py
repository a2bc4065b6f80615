"""The table of capabilities: what it says is built exists, what it says is not does not."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

import pytest
import typer

from healthsim import capabilities
from healthsim.app import TOOLS
from healthsim.capabilities import Capability, mentioned, not_built
from healthsim.cli import app
from healthsim.exports import FORMATS
from healthsim.products.catalogue import TABLES
from healthsim.specification.journeys.journey import DOS, EVENT_TYPES, JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.tools.guide import topics
from talking import Open, text_of

ROWS = list(capabilities.table().values())
TOOLS_BY_NAME = {tool.__name__: inspect.signature(tool) for tool, _ in TOOLS}
COLUMNS = {table.name: set(table.by_name) for table in TABLES}


def _instances(words: str) -> set[str]:
    """Return every way of writing a phrase of the table."""
    ending = re.search(r"\(([^()]+)\)", words)
    if ending is None:
        return {words}
    choices = ending[1].split("|")
    forms = choices if len(choices) > 1 else ["", choices[0]]
    return {
        rest for form in forms
        for rest in _instances(words[: ending.start()] + form + words[ending.end() :])
    }  # fmt: skip


@cache
def _schema(model: type[Any]) -> dict[str, Any]:
    found: dict[str, Any] = model.model_json_schema(by_alias=True)
    return found


def _has_path(model: type[Any], path: str) -> bool:
    """Say whether a specification has a key at a path; `*` stands for any name."""
    schema = _schema(model)
    layer = [schema]
    for part in path.split("."):
        layer = [inner for node in layer for inner in _inner(node, part, schema["$defs"])]
    return bool(layer)


def _inner(node: dict[str, Any], part: str, parts: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in node:
        return _inner(parts[node["$ref"].rpartition("/")[2]], part, parts)
    found = [node["properties"][part]] if part in node.get("properties", {}) else []
    if part == "*":
        found += node.get("patternProperties", {}).values()
        found += [one for one in [node.get("additionalProperties")] if isinstance(one, dict)]
    choices = (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ()))
    return [*found, *(inner for choice in choices for inner in _inner(choice, part, parts))]


def _is_command(words: str) -> bool:
    command: Any = typer.main.get_command(app)
    for word in words.removeprefix("healthsim ").split():
        command = getattr(command, "commands", {}).get(word)
    return command is not None


def _exists(kind: str, name: str) -> bool:
    first, _, second = name.partition(".")
    return {
        "tool": lambda: name in TOOLS_BY_NAME,
        "argument": lambda: second in TOOLS_BY_NAME[first].parameters,
        "profile": lambda: _has_path(ProfileSpec, name),
        "journey": lambda: _has_path(JourneySpec, name),
        "step": lambda: name in DOS,
        "event": lambda: name in EVENT_TYPES,
        "table": lambda: first in COLUMNS and (not second or second in COLUMNS[first]),
        "command": lambda: _is_command(name),
        "guide": lambda: name in topics(),
    }[kind]()


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_what_is_built_is_where_the_table_says(row: Capability) -> None:
    parts = [part.split(" ", 1) for part in row.how.split("; ") if part]

    assert bool(parts) == (row.built != "no")
    assert [part for part in parts if not _exists(*part)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_what_is_not_built_names_what_is_nearest_in_one_sentence(row: Capability) -> None:
    assert bool(row.nearest) == (row.built != "yes")
    assert len(row.answer) <= 260
    assert not row.nearest.endswith(".")
    named = re.findall(r"\b(?:" + "|".join(COLUMNS) + r")\.[a-z_]+\b", row.nearest)
    assert [name for name in named if not _exists("table", name)] == []


def test_no_tool_that_exists_is_called_not_built() -> None:
    assert [row.key for row in ROWS if row.key in TOOLS_BY_NAME and row.built != "yes"] == []


def test_nothing_is_called_not_built_whose_words_name_a_key_an_event_a_table_or_a_column() -> None:
    there = {*ProfileSpec.model_fields, *EVENT_TYPES, *COLUMNS}.union(*COLUMNS.values())
    named = {
        (row.key, phrase) for row in ROWS if row.built == "no"
        for words in row.words for phrase in _instances(words)
        if phrase.replace(" ", "_") in there
    }  # fmt: skip

    assert named == NAMED_ALIKE


NAMED_ALIKE = {("prior_auth", "prior auth"), ("pharmacy_rejects", "reject code")}
"""Words of what is not built that name columns which files have, and which are always null."""


def test_every_switch_of_a_profile_is_where_something_is_built() -> None:
    """A key that is on by default changes rows that nobody asked about: people must find it."""
    switches = {
        name for name, field in ProfileSpec.model_fields.items()
        if field.default in ("usual", "postpone")
    }  # fmt: skip
    told = {
        part.removeprefix("profile ").split(".")[0]
        for row in ROWS if row.built != "no" for part in row.how.split("; ")
        if part.startswith("profile ")
    }  # fmt: skip

    assert len(switches) >= 7
    assert switches - told == set()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("RECIST response at weeks 6 and 12", "partly built (event tumor_assessment"),
        ("vaccines with lot numbers", "built: table immunizations.lot"),
        ("vital signs in each visit", "built: profile vital_signs"),
        ("growth charts of children", "partly built (profile vital_signs"),
        ("a nursing flowsheet", "partly built (profile vital_signs.inpatient_hours"),
        ("ventilator settings", "not built; nearest: vital signs"),
        ("problem lists", "built: profile problem_list"),
        ("people in Puerto Rico", "built: profile demographics.location"),
        ("gender unknown for 3 %", "built: profile demographics.gender"),
        ("no overlapping stays", "built: profile one_bed"),
        ("bed occupancy", "not built; nearest: nobody is in two beds"),
        ("serious adverse events", "built: event adverse_event"),
    ],
)
def test_what_bodies_have_is_found_by_the_words_of_those_who_ask(asked: str, said: str) -> None:
    assert [one.capability.answer.startswith(said) for one in mentioned(asked)] == [True]


@pytest.mark.slow
def test_every_phrase_leads_to_its_own_row_and_stands_in_one_row_only() -> None:
    for row in ROWS:
        for words in row.words:
            for phrase in _instances(words):
                for written in {phrase, phrase.replace(" ", "-"), phrase.capitalize()}:
                    if written.lower() != written and phrase != phrase.lower():
                        continue
                    found = mentioned(f"I want it as {written}, please.")
                    assert [one.capability.key for one in found] == [row.key], written


def test_the_answer_says_not_built_and_what_is_nearest() -> None:
    for row in ROWS:
        begins = {"yes": "built: ", "partly": "partly built (", "no": "not built; nearest: "}
        assert capabilities.answer(row.key).startswith(begins[row.built])


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Give me the 835 and the 837 files for scenario 1", ["x12", "x12"]),
        ("export it as 837", ["x12"]),
        ("837 members and 835 claims of the 834 people", []),
        ("the 837 members of that plan", []),
        ("a knee replacement", []),
        ("who is healthy, aged 270", []),
        ("a chest x-ray and a 24-hour urine", ["imaging", "hour_tests"]),
        ("Spark/Ray cluster", ["spark"]),
        ("on our Dask cluster", ["clusters"]),
        ("the chart for a patient of Dr. Ray", []),
        ("some voids/replacements", ["voids"]),
    ],
)
def test_a_phrase_is_found_where_it_is_meant(text: str, keys: list[str]) -> None:
    assert [one.capability.key for one in mentioned(text)] == keys


@pytest.mark.anyio
@pytest.mark.parametrize("asked", ["xpt", "hl7v2", "omop", "837", "837P", "xml"])
async def test_a_format_that_is_not_built_is_refused_as_such_with_what_is_nearest(
    open_client: Open, asked: str
) -> None:
    async with open_client() as client:
        refused = await client.call_tool("export_scenario", {"name": "x", "format": asked})

    assert refused.is_error
    assert "not built; nearest: " in text_of(refused)
    *others, last = map(repr, FORMATS)
    assert text_of(refused).endswith(f"use {', '.join(others)} or {last}")
    assert not_built(asked) in text_of(refused)
