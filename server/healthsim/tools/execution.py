"""Phase 2, generation: run a specification, watch it, stop it, or see a few people at once."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import anyio
import anyio.to_thread
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.types import CallToolResult
from pydantic import Field

from healthsim.building import changing_later, draft, journeying, starting
from healthsim.building.draft import Draft
from healthsim.building.ledger import unsettled
from healthsim.building.typed import Typed
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.operations import ending, generate, network, runs, scenarios, specs
from healthsim.operations.home import Home
from healthsim.operations.making import default_engine
from healthsim.operations.reference import reference_for
from healthsim.operations.runs import RunRecord
from healthsim.operations.store import Store
from healthsim.persistence.files import DamagedFile, UnknownFormat
from healthsim.tools import asking, links, pictures, querying, tasks, whatifs
from healthsim.tools.answers import ActionResult, QuickPeople, Rows, RunState, reply, rows
from healthsim.tools.building import lines
from healthsim.tools.server import LONGEST_WAIT, Ctx, home_of
from healthsim.tools.waiting import Waiting

_STORE = Store(resume=True)  # a lake by its size; what a run that ended has made is kept
_SHOWN = 2  # people whose faces are shown
_LONGEST_COMPARED = 450  # characters of asked against got; audit_scenario shows them all
_STOPPING = 5.0  # seconds that a run gets to stop
_LONGEST_OPEN = 1_500  # characters that are quoted of what is not in a draft
_BEAT = 0.25  # seconds between two looks at a run

LONG = (querying.AUDIT, querying.EXPORT, whatifs.COMPARE, pictures.DRAW)
"""The tools that answer with a handle where they take long."""

RunId = Annotated[str, Field(max_length=64, description="A run, or an audit's handle.")]


async def _before_replacing(
    ctx: Ctx, spec_id: str, seed: int | None, count: int | None, save_as: str, accept_open: bool
) -> Elicit[asking.Agreement] | asking.Consent:
    """Ask whether the run may take the place of a scenario that holds something else."""
    home = home_of(ctx)

    def taken() -> str:
        question = asking.replaced(home, save_as) if save_as else ""
        if not question:
            return ""
        asked = _asked(home, spec_id, seed, count, save_as, accept_open)
        return "" if asked.is_again(save_as) else question

    question = await anyio.to_thread.run_sync(taken)
    return await asking.ask(ctx, question) if question else "free"


def _may_replace(home: Home, save_as: str, consent: asking.Consent) -> bool:
    """Return whether the person gave a scenario away; refuse a name that is taken otherwise."""
    if consent in ("no", "closed"):
        mend = f"save under another name, such as {scenarios.free_name(home, save_as)!r}"
        asking.need(consent, f"scenario {save_as!r}", "it stays, and nothing was run", mend)
    if consent == "unasked":
        scenarios.refuse_taken(home, save_as)
    return consent == "yes"


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
    answered: Annotated[asking.Reply, Resolve(_before_replacing)] = asking.NOBODY,
) -> Annotated[CallToolResult, RunState]:
    """Run a specification: generate its people and all their linked records.

    A long run answers with status running: call check_run.
    """
    home, waiting = home_of(ctx), Waiting()
    asked = await waiting.during(
        lambda: _asked(home, spec_id, seed, count, save_as, accept_open), "reading the draft"
    )
    replace = _may_replace(home, save_as, asking.said(answered))
    deadline = time.monotonic() + wait_seconds
    try:
        record = await waiting.during(asked.begin, "preparing")
        record = await _watch(waiting, home, record, deadline)
        while record.status == runs.INTERRUPTED and time.monotonic() < deadline:
            record = await waiting.during(asked.begin, "preparing")  # its process has ended
            record = await _watch(waiting, home, record, deadline)
    except anyio.get_cancelled_exc_class():
        asked.give_up()
        raise
    answer = await _answered(waiting, home, record, _Keeping(save_as, replace))
    saved = bool(save_as) and record.status == runs.DONE
    return links.with_scenario(ctx, answer, save_as) if saved else answer


class _Asked:
    """What a call asks to be run, and the run that it has begun or joined."""

    def __init__(self, home: Home, profile: Mapping[str, Any], spec: Draft) -> None:
        self._home, self._profile, self._spec = home, profile, spec
        self._begun = ""
        self._given_up = False

    def begin(self) -> RunRecord:
        """Begin or join the run."""
        journeys = self._spec.journeys
        record, ours = generate.begin(self._home, self._profile, journeys, store=_STORE)
        self._begun = record.run_id if ours else ""
        runs.keep_wishes(self._home, record.run_id, self._ledger())
        if self._given_up:
            self.give_up()
        return record

    def _ledger(self) -> dict[str, Any]:
        """Return what became of the words: a count that the call gives changes those of a count."""
        was = {"profile": self._spec.profile, "journeys": self._spec.journeys}
        now = {**was, "profile": self._profile}
        wishes, _ = changing_later.followed(self._spec.wishes, was, now, (), ())
        return dataclasses.replace(self._spec, wishes=wishes).ledger()

    def is_again(self, name: str) -> bool:
        """Return whether the saved scenario has the same documents, so that this is a repeat."""
        return _is_again(self._home, name, self._profile, self._spec.journeys)

    def give_up(self) -> None:
        """Stop the run if this call has begun it and nobody else waits for it."""
        self._given_up = True
        if self._begun and not ending.has_begun():
            runs.abandon(self._home, self._begun)


def _asked(
    home: Home, spec_id: str, seed: int | None, count: int | None, save_as: str, accept_open: bool
) -> _Asked:
    """Read the draft, and refuse what cannot be run or saved."""
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
    return _Asked(home, profile, spec)


def _refuse_open(spec: Draft) -> None:
    """Refuse to run while words of the person are not in the draft, so that they confirm it once.

    A journey in which nothing happens stops it likewise: it would be run as if it were wanted so.

    Raises:
        Refused: with the words or the place, and how to go on.
    """
    waiting = unsettled(spec.wishes)
    if waiting:
        listed = "; ".join(repr(wish.words) for wish in waiting)[:_LONGEST_OPEN]
        raise Refused(
            "not_understood", f"these words are not in the draft: {listed}",
            "bind them with refine_spec (for=<the words>), or tell the person and call again with "
            "accept_open=true",
        )  # fmt: skip
    left_empty = draft.empty(spec)
    if left_empty:
        raise Refused(
            left_empty[0].path, f"is empty, so nothing happens: {left_empty[0].ask.rstrip('.')}",
            "ask the person and append steps, or start_journey_builder with template=; to go on "
            "without it, call again with accept_open=true",
        )  # fmt: skip


async def _watch(waiting: Waiting, home: Home, record: RunRecord, deadline: float) -> RunRecord:
    """Wait for a run until a deadline, and report its progress."""
    waiting.total, waiting.since = record.total, record.started_at or waiting.since
    while record.status == runs.RUNNING and time.monotonic() < deadline:
        beat = max(0.0, min(_BEAT, deadline - time.monotonic()))
        record = await anyio.to_thread.run_sync(
            generate.join, home, record.run_id, beat, abandon_on_cancel=True
        )
        waiting.say(record.done, _how_far(record))
    return record


def _how_far(record: RunRecord) -> str:
    if record.phase in ("", runs.COUNTING):
        return f"{record.phase or 'preparing'}: {record.total:,} people"
    return (f"{record.phase}: {record.done:,} of {record.total:,} people, "
            f"{record.rows:,} rows")  # fmt: skip


@dataclass(frozen=True)
class _Keeping:
    """What a call keeps of a finished run; who only looks at one writes nothing.

    Attributes:
        save_as: the scenario's name, if it is to be saved.
        replace: whether it may take the place of another.
    """

    save_as: str = ""
    replace: bool = False


async def _answered(
    waiting: Waiting, home: Home, record: RunRecord, keeping: _Keeping | None
) -> CallToolResult:
    """Answer how a run is or what came out of it, telling meanwhile that this goes on."""
    answer = await waiting.during(lambda: _answer(home, record, keeping), "judging: asked, got")
    if record.status == runs.DONE:
        waiting.finish()
    return answer


def _answer(home: Home, record: RunRecord, keeping: _Keeping | None) -> CallToolResult:
    save_as = keeping.save_as if keeping else ""
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
        state.asked_against_got, cut = _compared(home, record, keep=keeping is not None)
        state.sample = rows(scenarios.FACE, scenarios.faces(path, record.counts, _SHOWN))
        state.notes = [*network.directory_note(path), *_unlisted(path), *cut]
        if keeping and save_as:
            _save(home, record, keeping)
            state.saved_as = save_as
    return reply(state)


def _is_again(
    home: Home, name: str, profile: Mapping[str, Any], journeys: Sequence[Mapping[str, Any]]
) -> bool:
    """Return whether the saved scenario has the same documents, so that the call is a repeat."""
    reference = reference_for(home, profile, journeys)
    job = default_engine().prepare(profile, journeys, reference)
    try:
        saved = scenarios.describe(home, name)
    except (NotFound, DamagedFile, UnknownFormat):
        return False
    return (saved.profile, tuple(saved.journeys)) == (job.profile_text, tuple(job.journey_texts))


def _save(home: Home, record: RunRecord, keeping: _Keeping) -> None:
    """Save a run, unless an earlier call has saved the same rows."""
    name = keeping.save_as
    with suppress(NotFound, DamagedFile, UnknownFormat):
        if scenarios.describe(home, name).digest == record.digest:
            return
    scenarios.save_run(home, record.run_id, name, replace=keeping.replace)


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
    if record.status in (runs.CANCELLED, runs.INTERRUPTED):
        return "execute_spec starts it again."
    return "execute_spec again; if it fails again, change the draft with refine_spec."


def _unlisted(path: Path) -> list[str]:
    from healthsim.operations import auditing  # noqa: PLC0415  duckdb is heavy

    codes = auditing.unlisted_of_run(path)
    return [f"{code}: no code book knows it; it passed as unlisted" for code in codes]


def _expected(path: Path) -> Rows:
    from healthsim.operations import auditing  # noqa: PLC0415  duckdb is heavy

    results = auditing.expected_of_run(path)
    return rows(auditing.EXPECTED, results) if results else {}


def _compared(home: Home, record: RunRecord, *, keep: bool) -> tuple[Rows, list[str]]:
    """Return asked against got, what is off first, and a note where some figures are left out."""
    from healthsim.operations import auditing  # noqa: PLC0415  scipy and duckdb are heavy

    figures = auditing.worst_first(auditing.compared_once(home, record, keep=keep))
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
    long = tasks.of_handle(run_id, LONG)
    if long is not None:
        return await tasks.checked(ctx, long, run_id, wait_seconds)
    home = home_of(ctx)
    record = await anyio.to_thread.run_sync(runs.get, home, run_id)
    if record.status == runs.RUNNING:
        with suppress(StorageError):  # a home that is only read
            runs.share(home, run_id)
    waiting = Waiting(record.total, record.started_at)
    record = await _watch(waiting, home, record, time.monotonic() + wait_seconds)
    return await _answered(waiting, home, record, None)


async def cancel_run(ctx: Ctx, run_id: RunId) -> Annotated[CallToolResult, ActionResult]:
    """Stop a run that is no longer needed."""
    long = tasks.of_handle(run_id, LONG)
    if long is not None:
        return await tasks.cancelled(ctx, long, run_id)
    home = home_of(ctx)
    before = await anyio.to_thread.run_sync(runs.cancel, home, run_id)
    record = await anyio.to_thread.run_sync(
        generate.join, home, run_id, _STOPPING, abandon_on_cancel=True
    )
    done, step = record.status, _after_cancel(record, before)
    if record.status == runs.RUNNING:
        done = "stopping"
    return reply(ActionResult(name=run_id, done=done, next=step))


def _after_cancel(record: RunRecord, before: RunRecord) -> str:
    """Return the next step after the wish to cancel a run."""
    if record.status == runs.RUNNING:
        return f"It ends with what it is writing: check_run(run_id={record.run_id!r}) says when."
    if record.status == runs.DONE:
        when = "had ended before" if before.status == runs.DONE else "ended before it was stopped"
        return f"It {when}: save_scenario(run_id={record.run_id!r}, name=...) keeps it."
    return "execute_spec starts it again."


def quick_generate(
    ctx: Ctx,
    traits: Annotated[str, Field(description="Who: a diabetic woman of 70.")] = "",
    count: Annotated[int, Field(ge=1, le=10, description="Number of people.")] = 1,
    template: Annotated[str, Field(description="Profile template.")] = "",
    journey: Annotated[str, Field(description="Journey template.")] = "",
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
