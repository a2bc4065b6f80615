"""Golden conversations: scripted sessions against the real server, mistakes and mends included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conversing import ALIKE, BOTH, NAMES, REFERENCE, Turn, client_of, hold, turns_of
from stand_ins import ask_rules_of_money
from tokens import tokens

pytestmark = pytest.mark.anyio

MOST = 12_000
"""Tokens of the reference conversation: in and out, its guide, the catalogue, the instructions."""
MOST_NOT_BUILT = 1000
"""Tokens of finding out that something is not built, beside the catalogue."""


@pytest.fixture(autouse=True)
def _audits_ask_few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    ask_rules_of_money(monkeypatch)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "leg"),
    [
        *(
            pytest.param(name, "auto", marks=[pytest.mark.proof] * (name in ALIKE))
            for name in NAMES
            if name not in (REFERENCE, BOTH)
        ),
        (BOTH, "legacy"),
        pytest.param(BOTH, "stdio", marks=pytest.mark.proof),
    ],
)
async def test_a_conversation_goes_as_written(name: str, leg: str, tmp_path: Path) -> None:
    async with client_of(leg, tmp_path / "home") as client:
        await hold(client, turns_of(name))


@pytest.mark.slow
async def test_the_reference_conversation_goes_as_written_and_costs_few_tokens(
    tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    async with client_of("auto", tmp_path / "home") as client:
        listed = (await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True)
        catalogue, instructions = tokens(listed), tokens(client.instructions or "")
        cost = await hold(client, turns_of(REFERENCE))
    total = catalogue + instructions + cost.total
    record_property(
        "tokens",
        f"reference conversation: {total:,} of {MOST:,} (catalogue {catalogue:,}, instructions "
        f"{instructions:,}, sent {cost.sent:,}, received {cost.received:,})",
    )

    assert total < MOST


@pytest.mark.slow
@pytest.mark.parametrize("name", ["clinical-8-messages", "payer-4-x12", "payer-6-fhir"])
async def test_finding_out_that_something_is_not_built_costs_few_tokens(
    name: str, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    async with client_of("auto", tmp_path / "home") as client:
        cost = await hold(client, turns_of(name)[:1])
    record_property(
        "tokens", f"not built, {name}: {cost.total:,} of {MOST_NOT_BUILT:,} "
        f"(sent {cost.sent:,}, received {cost.received:,})",
    )  # fmt: skip

    assert cost.total < MOST_NOT_BUILT


def test_the_conversations_that_are_held_each_time_call_every_tool_that_any_calls() -> None:
    called = {name: {turn["call"] for turn in turns_of(name)} for name in NAMES}
    each_time = set().union(*(called[name] for name in NAMES if name not in ALIKE))

    assert set(NAMES) >= ALIKE
    assert each_time == set().union(*called.values())


def test_there_are_forty_conversations_and_a_third_mend_a_mistake_by_its_error_alone() -> None:
    mended = [name for name in NAMES if _mends(turns_of(name))]

    assert len(NAMES) >= 40
    assert 3 * len(mended) >= len(NAMES), mended


def _mends(turns: list[Turn]) -> bool:
    """Tell whether a mistake is followed by the same tool with words that the error has given."""
    for number, turn in enumerate(turns[:-1]):
        mend = turns[number + 1]
        if "error" in turn and mend["call"] == turn["call"] and "error" not in mend:
            before, after = json.dumps(turn.get("with", {})), json.dumps(mend.get("with", {}))
            given = [piece.split("'")[-2] if "'" in piece else piece for piece in turn["error"]]
            if any(piece in after and piece not in before for piece in given):
                return True
    return False
