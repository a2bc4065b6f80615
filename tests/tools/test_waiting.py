"""Progress of calls that wait: it comes while nothing new happens, and only grows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.operations import runs
from healthsim.operations.home import Home
from healthsim.tools.waiting import Waiting
from processes import PATIENCE
from stand_ins import report_often
from talking import text_of

pytestmark = pytest.mark.anyio


class Heard:
    """What a client is told, and a mark once `enough` reports have said of how much."""

    def __init__(self, enough: int) -> None:
        self.numbers: list[float] = []
        self.totals: list[float | None] = []
        self.texts: list[str] = []
        self.enough, self._most = anyio.Event(), enough

    async def hear(self, done: float, total: float | None, message: str | None) -> None:
        self.numbers.append(done)
        self.totals.append(total)
        self.texts.append(str(message))
        if len(self.totals) - self.totals.count(None) == self._most:
            self.enough.set()

    def grows(self) -> bool:
        return self.numbers == sorted(set(self.numbers))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({}, "preparing: 10 people, "),
        ({"phase": runs.MAKING, "done": 4, "rows": 1_200},
         "making: 4 of 10 people, 1,200 rows, "),
    ],
)  # fmt: skip
async def test_a_run_without_news_is_reported_all_the_same(
    tmp_path: Path, era: str, made: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_often(monkeypatch)
    record, _ = runs.claim(Home(tmp_path), "ab" * 20, 10)  # nobody works on it
    runs.write(Home(tmp_path), replace(record, **made))
    heard = Heard(2)
    server = build_server(tmp_path)
    with anyio.fail_after(PATIENCE):
        async with Client(server, mode=era) as client, anyio.create_task_group() as group:

            async def check() -> None:
                await client.call_tool(
                    "check_run", {"run_id": record.run_id, "wait_seconds": 40},
                    progress_callback=heard.hear,
                )  # fmt: skip

            group.start_soon(check)
            await heard.enough.wait()
            group.cancel_scope.cancel()

    assert heard.grows()
    told = [text for text, total in zip(heard.texts, heard.totals, strict=True) if total == 10]
    assert len(told) >= 2
    assert set(heard.totals) <= {10, None}  # it is not known before the record is read
    assert made or heard.numbers[-1] < 1  # nobody has been made
    assert all(text.startswith(said) for text in told)


@pytest.mark.slow
async def test_blocking_work_is_reported_while_it_lasts(
    tmp_path: Path, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_often(monkeypatch)
    leave, heard = Event(), Heard(3)

    async def slow() -> str:
        """Work."""
        waiting = Waiting(5)
        answer = await waiting.during(lambda: "left" if leave.wait(PATIENCE) else "hung", "asleep")
        waiting.finish()
        return answer

    server = build_server(tmp_path)
    server.add_tool(slow)
    answers: list[str] = []
    with anyio.fail_after(PATIENCE):
        async with Client(server, mode=era) as client, anyio.create_task_group() as group:

            async def call() -> None:
                result = await client.call_tool("slow", {}, progress_callback=heard.hear)
                answers.append(text_of(result))

            group.start_soon(call)
            await heard.enough.wait()
            leave.set()

    assert answers == ["left"]
    assert heard.grows()
    assert heard.numbers[-1] == 5
    assert all(text.startswith("asleep, ") for text in heard.texts[:3])


async def test_an_error_of_blocking_work_is_the_error_of_the_call(tmp_path: Path) -> None:
    async with Client(build_server(tmp_path)) as client:
        result = await client.call_tool("execute_spec", {"spec_id": "spec-none"})

    assert result.is_error
    assert "spec-none" in text_of(result)
    assert "failed inside" not in text_of(result)
