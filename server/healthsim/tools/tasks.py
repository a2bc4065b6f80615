"""Tools that may take long: they wait for a task, and after a while answer with its handle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult

from healthsim.errors import StorageError
from healthsim.operations import background, ending, tasks
from healthsim.operations.tasks import TaskKind, TaskRecord
from healthsim.tools.answers import ActionResult, RunState, reply
from healthsim.tools.server import Ctx, context_of
from healthsim.tools.waiting import Waiting

_FIRST_LOOK, _LOOK = 0.01, 0.2  # seconds before the first look at a task, and between later ones
_STOPPING = 5.0  # seconds that a task gets to stop


@dataclass(frozen=True)
class LongTool:
    """A tool whose work is a task.

    Attributes:
        kind: how it is done.
        answer: what the tool answers to a caller, of what is asked and of what came of it.
    """

    kind: TaskKind
    answer: Callable[[Ctx, Mapping[str, Any], Any], CallToolResult]


def of_handle(handle: str, tools: Iterable[LongTool]) -> LongTool | None:
    """Return the tool that gave a handle, if one of these did."""
    kind = handle.partition("-")[0]
    return next((tool for tool in tools if tool.kind.name == kind), None)


async def answered(ctx: Ctx, tool: LongTool, **asked: Any) -> CallToolResult:
    """Begin or join a task, and answer what came of it; after a while, its handle.

    Where the caller gives up, the task is stopped if this call has begun it and nobody else asks
    for it.
    """
    context = context_of(ctx)
    waiting = Waiting()
    deadline = time.monotonic() + context.patience
    while True:
        record, ours = await anyio.to_thread.run_sync(
            background.begin, context.home, _shelf(ctx), tool.kind, asked
        )
        shelf = _shelf(ctx)
        try:
            record = await _awaited(waiting, shelf, tool.kind, record, deadline)
        except anyio.get_cancelled_exc_class():
            if ours and not ending.has_begun():
                tasks.abandon(shelf, record.task_id)
            raise
        if record.status != tasks.INTERRUPTED or time.monotonic() >= deadline:
            return await _shown(ctx, tool, record)


async def checked(ctx: Ctx, tool: LongTool, task_id: str, seconds: float) -> CallToolResult:
    """Wait for a task, and answer what its tool would have answered, or how far it is."""
    shelf, deadline = _shelf(ctx), time.monotonic() + seconds
    record = await anyio.to_thread.run_sync(tasks.get, shelf, tool.kind, task_id)
    if record.status == tasks.RUNNING:
        tasks.share(shelf, task_id)
    record = await _awaited(Waiting(), shelf, tool.kind, record, deadline)
    return await _shown(ctx, tool, record)


async def cancelled(ctx: Ctx, tool: LongTool, task_id: str) -> CallToolResult:
    """Stop a task, whoever waits for it, and say what became of it."""
    shelf = _shelf(ctx)
    before = await anyio.to_thread.run_sync(tasks.cancel, shelf, tool.kind, task_id)
    record = await anyio.to_thread.run_sync(
        background.join, shelf, tool.kind, task_id, _STOPPING, abandon_on_cancel=True
    )
    then = f"{record.again} starts it again."
    if record.status == tasks.DONE:
        when = "had ended before" if before.status == tasks.DONE else "ended before it was stopped"
        then = f"It {when}: check_run(run_id={task_id!r}) gives its answer."
    done = "stopping" if record.status == tasks.RUNNING else record.status
    return reply(ActionResult(name=task_id, done=done, next=then))


def _shelf(ctx: Ctx) -> Path:
    context = context_of(ctx)
    return background.shelf_of(context.home, kept=not context.read_only)


async def _awaited(
    waiting: Waiting, shelf: Path, kind: TaskKind, record: TaskRecord, deadline: float
) -> TaskRecord:
    """Wait for a task until a deadline, saying how far it is."""
    waiting.since, pause = record.started_at or waiting.since, _FIRST_LOOK
    while record.status == tasks.RUNNING and time.monotonic() < deadline:
        await anyio.sleep(max(0.0, min(pause, deadline - time.monotonic())))  # holds no thread
        pause = min(pause * 1.5, _LOOK)
        record = await anyio.to_thread.run_sync(
            tasks.get, shelf, kind, record.task_id, abandon_on_cancel=True
        )
        waiting.total = record.total
        waiting.say(record.done, record.says or kind.name)
    return record


async def _shown(ctx: Ctx, tool: LongTool, record: TaskRecord) -> CallToolResult:
    if record.status == tasks.FAILED:
        raise ToolError(record.error)
    if record.status != tasks.DONE:
        return reply(_state(record))
    home = context_of(ctx).home
    await anyio.to_thread.run_sync(tasks.refuse_changed, home, tool.kind, record)
    try:
        return await anyio.to_thread.run_sync(tool.answer, ctx, record.asked, record.result)
    except (TypeError, KeyError, AttributeError) as error:
        found = f"its record is damaged ({type(error).__name__})"
        tasks.forget(home.tasks, record.task_id)  # else the same call would give it again
        raise StorageError(record.task_id, found, f"call {record.again}") from error


def _state(record: TaskRecord) -> RunState:
    """Return how far a task is, or how it ended without an answer."""
    running = record.status == tasks.RUNNING
    handle = record.task_id
    return RunState(
        run_id=handle, status=record.status, done=round(record.done), total=round(record.total),
        notes=[record.says] if running and record.says else [],
        error="" if running else record.error,
        next=f"check_run(run_id={handle!r}) gives the answer; cancel_run stops it."
        if running else f"{record.again} starts it again.",
    )  # fmt: skip
