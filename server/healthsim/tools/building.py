"""Phase 1, the conversation: from a request to a specification that can be run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from mcp.types import CallToolResult
from pydantic import BaseModel, ConfigDict, Field, field_validator

from healthsim.building import (
    card,
    differing,
    draft,
    journeying,
    left_behind,
    paths,
    refining,
    starting,
    surprises,
    templates,
)
from healthsim.building.draft import Draft
from healthsim.building.ledger import Wish, unsettled
from healthsim.building.question import Question
from healthsim.building.typed import Typed
from healthsim.errors import NotFound, Refused, SpecError, cut, near, quoted
from healthsim.operations import scenarios, specs
from healthsim.operations.home import Home
from healthsim.operations.specs import StoredDraft
from healthsim.tools.answers import (
    DraftRefined,
    DraftStarted,
    PreviewAnswer,
    SpecShown,
    TemplatesFound,
    reply,
    rows,
)
from healthsim.tools.server import Ctx, home_of

LONGEST = 15_000
"""Characters of a section: an answer holds it twice, as data and as text."""
_LONGEST_QUERY = 1_000  # characters that are searched for
_MOST_LINES = 40  # of what differs between two revisions, or is wrong

Shares = dict[str, float]

SpecId = Annotated[str, Field(description="A draft.")]


_TO_SET = "use 'set' with path and value; `for` has the request's words that it answers"
_TO_APPEND = "use 'append' with the path of a list and a value"
_TO_REMOVE = "use 'remove' with a path; path not_understood leaves words out"
_OPS = {
    **dict.fromkeys(("answer", "replace", "update", "change", "assign", "bind", "put"), _TO_SET),
    **dict.fromkeys(("add", "insert", "push"), _TO_APPEND),
    **dict.fromkeys(("delete", "drop", "unset", "ignore", "leave_out"), _TO_REMOVE),
}


class DraftChange(BaseModel):
    """One small change to a draft."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["set", "remove", "append"]
    path: Annotated[
        str,
        Field(
            description="demographics.age.mean, clinical.comorbidities[I10].share, "
            "journey.steps[quarter].times."
        ),
    ]
    value: Annotated[Any, Field(description="New value or item.")] = None
    for_: Annotated[str, Field(alias="for", description="The request's words that it answers.")] = (
        ""
    )

    @field_validator("op", mode="before")
    @classmethod
    def _meant(cls, op: object) -> object:
        """Say which op is meant by a word that other tools have for it."""
        if mend := _OPS.get(str(op).strip().lower()):
            raise ValueError(f"is {op!r}; {mend}")
        return op


def find_templates(
    query: Annotated[str, Field(description="Words: medicare diabetes.")] = "",
    kind: Annotated[Literal["any", "profile", "journey"], Field(description="Kind.")] = "any",
    limit: Annotated[int, Field(ge=1, le=50, description="Most rows.")] = 10,
) -> Annotated[CallToolResult, TemplatesFound]:
    """Search the library of profiles (who) and journeys (what happens)."""
    query = query[:_LONGEST_QUERY]
    matches = templates.fitting(query, kind)[:limit]
    listed = [[item.name, item.kind, item.title, item.description[:240]] for item in matches]
    mend = "Start one with start_profile_builder or start_journey_builder, template=<name>."
    if not matches:
        mend = _nothing_fits(query, kind)
    return reply(
        TemplatesFound(templates=rows(["name", "kind", "title", "description"], listed), next=mend)
    )


def _nothing_fits(query: str, kind: str) -> str:
    """Say that no template is about a query, and what to do without one."""
    holders: dict[str, list[str]] = {}
    for word, template in templates.mentioning(query, kind):
        holders.setdefault(word, []).append(template.name)
    held = [f"{quoted(word)} is part of {', '.join(names[:4])}." for word, names in holders.items()]
    return " ".join([
        f"No template fits {quoted(query)}: none meets half of its words.", *held[:3],
        "start_profile_builder without template= begins with the request alone; find_templates() "
        "lists them all.",
    ])  # fmt: skip


def start_profile_builder(
    ctx: Ctx,
    request: Annotated[str, Field(description="The request, in the person's own words.")],
    template: Annotated[str, Field(description="To start from; chosen if empty.")] = "",
    count: Annotated[int | None, Field(description="Number of people.")] = None,
    ages: Annotated[list[int] | None, Field(description="Youngest and oldest.")] = None,
    sexes: Annotated[Shares | None, Field(description="F and M.")] = None,
    places: Annotated[Shares | None, Field(description="States, counties, metros.")] = None,
    payer: Annotated[str, Field(description="medicare, medicaid, commercial.")] = "",
    plans: Annotated[Shares | None, Field(description="By plan name.")] = None,
    conditions: Annotated[Shares | None, Field(description="By code or name; 1: all.")] = None,
    drugs: Annotated[Shares | None, Field(description="By drug name.")] = None,
    as_of: Annotated[str, Field(description="First day.")] = "",
    through: Annotated[str, Field(description="Last day.")] = "",
) -> Annotated[CallToolResult, DraftStarted]:
    """Start a draft of a population (who) from a request such as: 200 Medicare patients in Texas.

    Say in the other arguments what you understood (shares 0 to 1). Answers with what is
    open, and the spec_id.
    """
    given = Typed(
        count, ages or (), sexes or {}, places or {}, payer, plans or {}, conditions or {},
        drugs or {}, as_of, through,
    )  # fmt: skip
    started = starting.start_profile(request, template, given)
    new = started.draft
    if problems := draft.problems(new):
        raise SpecError(problems)
    stored = specs.create(home_of(ctx), new.name, new.document())
    return reply(_started(stored.spec_id, stored.revision, new, new.wishes, started.hints))


def start_journey_builder(
    ctx: Ctx,
    request: Annotated[str, Field(description="What should happen, in the person's own words.")],
    spec_id: Annotated[str, Field(description="Draft whose people it happens to.")] = "",
    template: Annotated[str, Field(description="To start from; chosen if empty.")] = "",
) -> Annotated[CallToolResult, DraftStarted]:
    """Add a journey (what happens over time) to a draft of a population."""
    home = home_of(ctx)
    stored = specs.load(home, spec_id) if spec_id else None
    base = Draft.of(stored.document) if stored else None
    started = journeying.start_journey(base, request, template)
    new = started.draft
    wishes = [wish for wish in new.wishes if wish.request == len(new.requests) - 1]
    if stored:
        stored = specs.revise(home, spec_id, stored.revision, new.document())
    else:
        stored = specs.create(home, new.name, new.document())
    answer = _started(stored.spec_id, stored.revision, new, wishes, started.hints, base)
    return reply(answer)


def refine_spec(
    ctx: Ctx,
    spec_id: SpecId,
    changes: Annotated[list[DraftChange], Field(description="Applied in order, all or none.")],
    revision: Annotated[int, Field(ge=0, description="Refuse if the draft is newer.")] = 0,
) -> Annotated[CallToolResult, DraftRefined]:
    """Change a draft by small steps: set, remove or append at a path.

    An invalid change is refused with its mend, and nothing changes then.
    """
    home = home_of(ctx)
    stored = specs.load(home, spec_id)
    old = Draft.of(stored.document)
    base, changed, rest = _base(
        home, stored, [change.model_dump(by_alias=True) for change in changes]
    )
    new = base
    if rest or not changed:
        new, found = refining.refine(base, rest)
        changed += found
    stored = specs.revise(home, spec_id, revision or stored.revision, new.document())
    problems, questions, phase = _state(new, old)
    questions += [
        _question_fields(item)
        for number, (before, now) in enumerate(zip(old.journeys, new.journeys, strict=False))
        if before.get("name") == now.get("name")
        for item in left_behind.since(before, now, number)
        if item.path not in {question["path"] for question in questions}
    ]
    return reply(
        DraftRefined(
            spec_id=spec_id,
            revision=stored.revision,
            phase=phase,
            changed=changed,
            not_understood=[wish.words for wish in unsettled(new.wishes)],
            wrong=problems,
            open=questions,
            next=_next(new, phase),
        )
    )


def _base(
    home: Home, stored: StoredDraft, changes: list[dict[str, Any]]
) -> tuple[Draft, list[str], list[dict[str, Any]]]:
    """Return the draft that is changed, what going back changes, and the changes that are left.

    A first change `{"op": "set", "path": "revision", "value": 2}` goes back to revision 2: its
    content becomes the next revision, and none is lost.
    """
    latest = Draft.of(stored.document)
    if not changes or str(changes[0]["path"]).strip() != "revision":
        return latest, [], changes
    number = str(changes[0]["value"])
    if changes[0]["op"] != "set" or not re.fullmatch(r"[1-9][0-9]{0,5}", number):
        raise Refused(
            "changes[0]", f"is {changes[0]['op']} revision {number[:20]}",
            'go back with {"op": "set", "path": "revision", "value": 1}, as the first change',
        )  # fmt: skip
    older = Draft.of(specs.load(home, stored.spec_id, int(number)).document)
    lines = differing.differences(_documents(latest), _documents(older))
    back = f"revision: back to {number}, from {stored.revision}"
    return older, [back, *_first(lines, _MOST_LINES)], changes[1:]


def _first(lines: list[str], most: int) -> list[str]:
    """Return the first lines, and how many there are where some are left out."""
    return lines if len(lines) <= most else [*lines[:most], f"{most} of {len(lines)} are shown"]


def get_spec(
    ctx: Ctx,
    spec_id: SpecId,
    section: Annotated[str, Field(description="A path: clinical, journey.phases.")] = "",
    revision: Annotated[int, Field(ge=0, description="An earlier one.")] = 0,
    against: Annotated[int, Field(ge=0, description="List what differs from this one.")] = 0,
) -> Annotated[CallToolResult, SpecShown]:
    """Show a draft as a card to confirm, one section of it as data, or what a revision changed."""
    stored = specs.load(home_of(ctx), spec_id, revision)
    spec = Draft.of(stored.document)
    problems, questions = draft.problems(spec), draft.questions(spec)
    answer = SpecShown(
        spec_id=spec_id,
        revision=stored.revision,
        phase=draft.phase(problems, questions),
        wrong=_first([str(problem) for problem in problems], _MOST_LINES),
        next=_next(spec, draft.phase(problems, questions)),
    )
    if revision:
        answer.latest = specs.load(home_of(ctx), spec_id).revision
    if section:
        answer.section = _section(spec, section)
    if against:
        older = Draft.of(specs.load(home_of(ctx), spec_id, against).document)
        lines = differing.differences(_documents(older), _documents(spec))
        answer.differs = _first(lines, _MOST_LINES) or [f"nothing differs from revision {against}"]
    if not (section or against):
        answer.card = card.page(spec, problems, questions)
    return reply(answer)


def _documents(spec: Draft) -> dict[str, Any]:
    return {"profile": spec.profile, "journeys": list(spec.journeys)}


def _section(spec: Draft, section: str) -> Any:
    documents = _documents(spec)
    pieces, path = refining.resolve(documents, section)
    value = paths.find(documents, pieces)
    size = len(json.dumps(value))
    if size > LONGEST:
        parts = "; ".join(paths.parts_of(value, path, LONGEST))
        raise Refused(path, f"is {size:,} characters long", f"ask for a part of it: {parts}")
    if value is None:
        parent = paths.find(documents, pieces[:-1])
        keys = parent if isinstance(parent, dict) else {}
        raise NotFound(path, "is not there", near(pieces[-1], keys))
    return value


def preview_spec(
    ctx: Ctx,
    spec_id: SpecId,
    sample: Annotated[int, Field(ge=1, le=10, description="People to show.")] = 3,
    seed: Annotated[int | None, Field(ge=0, description="Instead of the spec's.")] = None,
) -> Annotated[CallToolResult, PreviewAnswer]:
    """Preview a run: a few people, and rows, megabytes and seconds to expect."""
    from healthsim.operations import estimate  # noqa: PLC0415  the engine is heavy

    spec = Draft.of(specs.load(home_of(ctx), spec_id).document)
    if spec.profile is None:
        raise NotFound("profile", "the draft has no people", "call start_profile_builder")
    free = scenarios.free_name(home_of(ctx), spec.save_as or spec.name)
    preview = estimate.preview(
        spec.profile, spec.journeys, sample=sample, seed=seed, home=home_of(ctx)
    )
    return reply(
        PreviewAnswer(
            spec_id=spec_id,
            count=preview.count,
            people=rows(preview.columns, preview.people),
            expected=preview.expected,
            seconds=preview.seconds,
            megabytes=preview.megabytes,
            warnings=[
                *(f"open: {item.path}: {item.ask}" for item in surprises.questions(spec)),
                *surprises.warnings(spec),
                *preview.warnings,
            ],
            next=_run(spec, spec_id, free)
            + (f" {spec.save_as!r} is taken." if spec.save_as not in ("", free) else ""),
        )
    )


def _run(spec: Draft, spec_id: str, name: str) -> str:
    """Return the next step before a run: what execute_spec refuses is asked first."""
    waiting = [repr(wish.words) for wish in unsettled(spec.wishes)]
    waiting += [f"{item.path} is empty" for item in draft.empty(spec)]
    call = f"execute_spec(spec_id={spec_id!r}, save_as={name!r}"
    if not waiting:
        return f"If the person agrees: {call})."
    return (f"Ask first, for execute_spec stops on it: {cut('; '.join(waiting), _LONGEST_OPEN)}. "
            f"If the person goes on without it: {call}, accept_open=true).")  # fmt: skip


_LONGEST_OPEN = 300  # characters of what is still open


def _started(
    spec_id: str,
    revision: int,
    spec: Draft,
    wishes: Sequence[Wish],
    hints: Sequence[str],
    old: Draft | None = None,
) -> DraftStarted:
    problems, questions, phase = _state(spec, old)
    return DraftStarted(
        spec_id=spec_id,
        revision=revision,
        phase=phase,
        **lines(wishes),
        hints=list(hints),
        wrong=problems,
        open=questions,
        next=_next(spec, phase),
    )


def lines(wishes: Sequence[Wish]) -> dict[str, list[str]]:
    """Return what became of a request's words, as the fields of an answer."""
    fates = {"understood": "bound", "not_understood": "open", "not_built": "not_built"}
    return {
        field: [wish.line() for wish in wishes if wish.fate == fate]
        for field, fate in fates.items()
    }


def _state(
    spec: Draft, old: Draft | None = None
) -> tuple[list[str], list[dict[str, Any]], draft.Phase]:
    """Return what is wrong with a draft, what is open, and how far it is.

    Questions that were open in the `old` draft were asked already, and are only named.
    """
    problems, questions = draft.problems(spec), draft.questions(spec)
    asked = set() if old is None else {(item.path, item.ask) for item in draft.questions(old)}
    return (
        _first([str(problem) for problem in problems], _MOST_LINES),
        [
            _question_named(item) if (item.path, item.ask) in asked else _question_fields(item)
            for item in questions
        ],
        draft.phase(problems, questions),
    )


_SHORT = 60  # characters of a question that was asked in full before


def _question_named(question: Question) -> dict[str, Any]:
    ask = question.ask
    cut = ask if len(ask) <= _SHORT else f"{ask[:_SHORT].rsplit(' ', 1)[0]} … (as asked; get_spec)"
    return {"path": question.path, "ask": cut}


def _question_fields(question: Question) -> dict[str, Any]:
    fields = asdict(question)
    fields["suggestions"] = list(question.suggestions)
    del fields["assumed"]
    return fields if question.suggestions else {"path": question.path, "ask": question.ask}


def _next(spec: Draft, phase: draft.Phase) -> str:
    if spec.profile is None:
        return "Say who: start_profile_builder, then start_journey_builder with its spec_id."
    advice = {
        "intent": "Ask who the people are, or what happens; answer with refine_spec.",
        "scope": "Ask what is open; answer with refine_spec, or go on with preview_spec.",
        "refine": "Ask what is open; answer with refine_spec, or go on with preview_spec.",
        "confirm": "Show get_spec to the person, then preview_spec and execute_spec.",
    }
    return advice[phase]
