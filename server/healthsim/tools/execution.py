"""Phase 2, generation: run a specification, watch it, stop it, or see a few people at once."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import anyio
import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult
from pydantic import Field

from healthsim.building import journeying, starting
from healthsim.building.draft import Draft
from healthsim.building.ledger import unsettled
from healthsim.building.typed import Typed
from healthsim.errors import NotFound, Refused
from healthsim.operations import generate, network, runs, scenarios, specs
from healthsim.operations.home import Home
from healthsim.operations.reference import reference_for
from healthsim.operations.runs import RunRecord
from healthsim.tools.answers import ActionResult, QuickPeople, Rows, RunState, reply, rows
from healthsim.tools.building import lines
from healthsim.tools.server import Ctx, home_of

LONGEST_WAIT = 40
"""Seconds; some hosts give up after 60."""
_SHOWN = 2  # people whose faces are shown
_LONGEST_COMPARED = 700  # characters of asked against got; audit_scenario shows them all
_STOPPING = 5.0  # seconds that a run gets to end its chunk
_LONGEST_OPEN = 1_500  # characters that are quoted of what is not in a draft
_BEAT = 0.25  # seconds between two looks at a run

RunId = Annotated[str, Field(max_length=64, description="A run.")]


async def execute_spec(
    ctx: Ctx,
    spec_id: Annotated[str, Field(description="A draft.")],
    seed: Annotated[int | None, Field(ge=0, description="Instead of the spec's.")] = None,
    count: Annotated[int | None, Field(description="Instead of the spec's.")] = None,
    save_as: Annotated[str, Field(description="Save under this name when done.")] = "",
    wait_seconds: Annotated[
        int, Field(ge=0, le=LONGEST_WAIT, description="Then return a handle.")
    ] = LONGEST_WAIT,
    accept_open: Annotated[
        bool, Field(description="Go on without what was not understood.")
    ] = False,
) -> Annotated[CallToolResult, RunState]:
    """Run a specification: generate its people and all their linked records.

    A long run answers with status running: call check_run.
    """
    home = home_of(ctx)
    spec = Draft.of(specs.load(home, spec_id).document)
    if spec.profile is None:
        raise NotFound("profile", "the draft has no people", "call start_profile_builder")
    if not accept_open:
        _refuse_open(spec)
    if save_as:
        scenarios.refuse_taken(home, save_as, replace=True)  # is it a name at all?
    profile = dict(spec.profile)
    profile |= {} if seed is None else {"seed": seed}
    profile |= {} if count is None else {"count": count}
    if save_as and not _is_again(home, save_as, profile, spec.journeys):
        scenarios.refuse_taken(home, save_as)
    record = await anyio.to_thread.run_sync(
        lambda: generate.start(home, profile, spec.journeys), abandon_on_cancel=True
    )
    runs.keep_wishes(home, record.run_id, spec.ledger())
    try:
        record = await _watch(ctx, home, record.run_id, wait_seconds)
    except anyio.get_cancelled_exc_class():
        runs.cancel(home, record.run_id)
        raise
    return await anyio.to_thread.run_sync(lambda: _answer(home, record, save_as))


def _refuse_open(spec: Draft) -> None:
    """Refuse to run while words of the person are not in the draft, so that they confirm it once.

    Raises:
        Refused: with the words, and how to go on.
    """
    waiting = unsettled(spec.wishes)
    if waiting:
        listed = "; ".join(repr(wish.words) for wish in waiting)[:_LONGEST_OPEN]
        raise Refused(
            "not_understood", f"these words are not in the draft: {listed}",
            "bind them with refine_spec (for=<the words>), or tell the person and call again with "
            "accept_open=true",
        )  # fmt: skip


async def _watch(ctx: Ctx, home: Home, run_id: str, seconds: float) -> RunRecord:
    """Wait for a run, at most `seconds`, and report its progress."""
    deadline, reported = time.monotonic() + seconds, 0
    while True:
        remaining = deadline - time.monotonic()
        beat = max(0.0, min(_BEAT, remaining))
        record = await anyio.to_thread.run_sync(
            lambda: generate.join(home, run_id, beat),  # noqa: B023  called before it changes
            abandon_on_cancel=True,
        )
        if record.done > reported:
            reported = record.done
            await ctx.report_progress(
                reported, record.total, f"{reported:,} of {record.total:,} people"
            )
        if record.status != "running" or remaining <= 0:
            return record


def _answer(home: Home, record: RunRecord, save_as: str = "") -> CallToolResult:
    if record.status == runs.FAILED:
        raise ToolError(record.error)
    state = RunState(
        run_id=record.run_id, status=record.status, done=record.done, total=record.total,
        error=record.error or "", next=_next(record, save_as),
    )  # fmt: skip
    if record.status == "done":
        path = runs.file(home, record.run_id)
        state.tables = {name: number for name, number in record.counts.items() if number}
        state.digest = record.digest
        state.expectations = _expected(path)
        unmet = not all(row[-1] for row in state.expectations.get("rows", ()))
        state.next = _next(record, save_as, unmet=unmet)
        state.asked_against_got, cut = _compared(path)
        state.sample = rows(scenarios.FACE, scenarios.faces(path, record.counts, _SHOWN))
        state.notes = [*network.directory_note(path), *_unlisted(path), *cut]
        if save_as:
            _save(home, record, save_as)
            state.saved_as = save_as
    return reply(state)


def _is_again(
    home: Home, name: str, profile: Mapping[str, Any], journeys: Sequence[Mapping[str, Any]]
) -> bool:
    """Return whether the saved scenario has the same documents, so that the call is a repeat."""
    reference = reference_for(home, profile, journeys)
    job = generate.default_engine().prepare(profile, journeys, reference)
    try:
        saved = scenarios.describe(home, name)
    except NotFound:
        return False
    return (saved.profile, tuple(saved.journeys)) == (job.profile_text, tuple(job.journey_texts))


def _save(home: Home, record: RunRecord, name: str) -> None:
    """Save a run, unless an earlier call has saved the same rows."""
    try:
        if scenarios.describe(home, name).digest == record.digest:
            return
    except NotFound:
        pass
    else:
        scenarios.refuse_taken(home, name)
    scenarios.save_run(home, record.run_id, name)


def _next(record: RunRecord, save_as: str, *, unmet: bool = False) -> str:
    if record.status == "running":
        later = f", then save_scenario(name={save_as!r})" if save_as else ""
        return f"check_run(run_id={record.run_id!r}){later}; cancel_run stops it."
    if record.status == "done":
        if unmet:
            return "Say which expectations were not met; refine_spec changes the draft."
        if save_as:
            return f"query_scenario(name={save_as!r}, sql=...) or audit_scenario({save_as!r})."
        return f"save_scenario(run_id={record.run_id!r}, name=...) keeps it."
    return "execute_spec again; if it fails again, change the draft with refine_spec."


def _unlisted(path: Path) -> list[str]:
    from healthsim.operations import auditing  # noqa: PLC0415  duckdb is heavy

    codes = auditing.unlisted_of_run(path)
    return [f"{code}: no code book knows it; it passed as unlisted" for code in codes]


def _expected(path: Path) -> Rows:
    from healthsim.operations import auditing  # noqa: PLC0415  duckdb is heavy

    results = auditing.expected_of_run(path)
    return rows(auditing.EXPECTED, results) if results else {}


def _compared(path: Path) -> tuple[Rows, list[str]]:
    """Return asked against got, what is off first, and a note where some figures are left out."""
    from healthsim.operations import auditing  # noqa: PLC0415  scipy and duckdb are heavy

    figures = auditing.worst_first(auditing.compared_run(path))
    sizes = itertools.accumulate(len(json.dumps(row)) for row in figures)
    shown = figures[: max(1, sum(size <= _LONGEST_COMPARED for size in sizes))]
    note = f"{len(shown)} of {len(figures)} asked figures are shown; audit_scenario shows all"
    return rows(auditing.COMPARED, shown), [note] if len(shown) < len(figures) else []


async def check_run(
    ctx: Ctx,
    run_id: RunId,
    wait_seconds: Annotated[int, Field(ge=0, le=LONGEST_WAIT, description="For its end.")] = 30,
) -> Annotated[CallToolResult, RunState]:
    """Check how far a run is, waiting a while for its end."""
    home = home_of(ctx)
    record = await _watch(ctx, home, run_id, wait_seconds)
    return await anyio.to_thread.run_sync(lambda: _answer(home, record))


def cancel_run(ctx: Ctx, run_id: RunId) -> Annotated[CallToolResult, ActionResult]:
    """Stop a run that is no longer needed."""
    home = home_of(ctx)
    runs.cancel(home, run_id)
    record = generate.join(home, run_id, _STOPPING)
    return reply(
        ActionResult(name=run_id, done=record.status, next="execute_spec starts it again.")
    )


def quick_generate(
    ctx: Ctx,
    traits: Annotated[str, Field(description="Who: a diabetic woman of 70.")] = "",
    count: Annotated[int, Field(ge=1, le=10, description="Number of people.")] = 1,
    template: Annotated[str, Field(description="Profile template.")] = "",
    journey: Annotated[str, Field(description="Journey template, if any.")] = "",
    seed: Annotated[int | None, Field(ge=0, description="Other people.")] = None,
    members: Annotated[
        list[dict[str, Any]] | None,
        Field(description="A family: role, sex, age or born, conditions, due."),
    ] = None,
) -> Annotated[CallToolResult, QuickPeople]:
    """Make 1 to 10 linked people or a family at once: chart, claims, fills; nothing is kept."""
    from healthsim.operations import estimate  # noqa: PLC0415  the engine is heavy

    given = Typed(count=count, members=members or ())
    started = starting.start_profile(traits, template, given)
    new = started.draft
    if journey:
        new = journeying.start_journey(new, "", journey).draft
    profile = dict(new.profile or {}) | ({} if seed is None else {"seed": seed})
    people = estimate.quick(profile, new.journeys, home_of(ctx))
    return reply(
        QuickPeople(
            people=people,
            columns={view: columns for view, columns in estimate.VIEWS.items()
                     if any(view in person for person in people)},
            **lines(new.wishes),
            notes=[*started.assumed, *estimate.missing_parts(profile, new.journeys, people)],
            next="start_profile_builder makes and keeps a whole population.",
        )
    )  # fmt: skip
