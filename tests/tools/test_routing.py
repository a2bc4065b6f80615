"""Which tool a plain wish leads to, by the words of the catalogue alone.

Hosts that hide tools behind a search rank them by name and description (BM25 and its like). These
wishes name no tool; the right one must come first nearly always.
"""

from __future__ import annotations

import math
import re
from collections import Counter

import pytest

from talking import Open

pytestmark = pytest.mark.anyio

WISHES = {
    "find_templates": [
        "what ready-made profiles and journeys are in the library",
        "search the templates for asthma",
        "is there a library profile to start from for surgery",
    ],
    "start_profile_builder": [
        "start a population of 200 Medicare patients in Texas",
        "I have a wish for a population of diabetic seniors, start a draft",
        "begin a new draft population from this wish",
    ],
    "start_journey_builder": [
        "add a journey: what happens over time to this population",
        "let a first year of visits happen to the people of the draft over time",
        "add what happens over time, a journey with a surgery",
    ],
    "refine_spec": [
        "change the mean age of the draft to 70",
        "remove a condition and append another one in small changes",
        "set the share of hypertension at this path",
    ],
    "get_spec": [
        "show me the draft as a card to confirm",
        "let me see one section of the draft",
    ],
    "preview_spec": [
        "how many rows and megabytes should I expect before I run it",
        "preview a few people before the run",
    ],
    "execute_spec": [
        "run the specification and generate all people and records",
        "generate the people with this seed now",
    ],
    "check_run": ["how far is the run, wait for its end", "check whether it has come to its end"],
    "cancel_run": ["stop the run, it is no longer wanted", "cancel it"],
    "quick_generate": [
        "make one person at once with chart, coverage and claims",
        "a few linked people at once, nothing to be kept",
    ],
    "save_scenario": [
        "save the finished run under a name",
        "keep the finished run to be queried later under this name",
    ],
    "list_scenarios": ["which scenarios are saved, newest first", "list what was saved"],
    "describe_scenario": [
        "what tables and columns does the scenario have, with meanings",
        "describe the claims table of the scenario",
    ],
    "query_scenario": [
        "how many patients had claims, count them with SQL",
        "query the scenario with a SQL select and join the tables",
    ],
    "audit_scenario": [
        "is every record linked and do the amounts agree",
        "audit whether it is what was asked for",
    ],
    "export_scenario": [
        "export the tables as parquet files into a folder",
        "take the tables out as CSV files",
    ],
    "delete_scenario": ["delete the scenario for good", "ask the person and delete it"],
    "look_up": [
        "what is the ICD-10 code of a heart attack",
        "find the LOINC code of a lab by words",
        "which medical codes begin with E11",
        "how common is diabetes in a place such as Harris County",
        "providers near Houston",
    ],
    "get_guide": [
        "read how to do something here",
        "the full schema of a journey, before writing one by hand",
    ],
}


def _split(text: str) -> list[str]:
    return [word[:6] for word in re.findall(r"[a-z0-9]+", text.lower().replace("_", " "))]


def _rank(wish: str, documents: dict[str, list[str]]) -> list[str]:
    """Rank tools by BM25 with the usual constants."""
    mean = sum(map(len, documents.values())) / len(documents)
    inside = Counter(word for words in documents.values() for word in set(words))

    def score(words: list[str]) -> float:
        counts = Counter(words)
        return sum(
            math.log(1 + (len(documents) - inside[word] + 0.5) / (inside[word] + 0.5))
            * counts[word] * 2.2 / (counts[word] + 1.2 * (0.25 + 0.75 * len(words) / mean))
            for word in set(_split(wish)) if counts[word]
        )  # fmt: skip

    return sorted(documents, key=lambda name: -score(documents[name]))


async def test_plain_wishes_lead_to_their_tool(open_client: Open) -> None:
    async with open_client() as client:
        listed = (await client.list_tools()).tools
    documents = {
        tool.name: _split(f"{tool.name} {tool.name} {tool.title} {tool.description}")
        + _split(" ".join(
            f"{name} {part.get('description', '')}"
            for name, part in tool.input_schema.get("properties", {}).items()
        ))
        for tool in listed
    }  # fmt: skip
    ranks = [
        (tool, wish, _rank(wish, documents)) for tool, wishes in WISHES.items() for wish in wishes
    ]
    first = sum(ranked[0] == tool for tool, _, ranked in ranks)
    third = sum(tool in ranked[:3] for tool, _, ranked in ranks)
    missed = [(tool, wish, ranked[:3]) for tool, wish, ranked in ranks if ranked[0] != tool]

    assert set(WISHES) == set(documents)
    assert first >= 0.85 * len(ranks), missed
    assert third >= 0.97 * len(ranks), missed
