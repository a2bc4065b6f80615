"""Drafts made from what is there: another draft, a run, or a saved scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.building.differing import without_nulls
from healthsim.building.draft import Draft
from healthsim.building.ledger import LONGEST, SAYS_NOTHING, Wish, bind, drop, tokens
from healthsim.errors import NotFound, Refused, SpecError, StorageError, near
from healthsim.operations import runs, scenarios, specs
from healthsim.operations.home import Home
from healthsim.operations.specs import StoredDraft

if TYPE_CHECKING:
    from healthsim.specification.journeys.journey import JourneySpec
    from healthsim.specification.profiles.profile import ProfileSpec


_MOST_REQUESTS = 20  # of a conversation that a copy keeps
_MOST_WISHES = 500


@dataclass(frozen=True, slots=True)
class Copy:
    """A new draft, and what it was copied from.

    Attributes:
        source: e.g. ``"scenario 'dm-cohort'"``.
    """

    stored: StoredDraft
    source: str


def copy(home: Home, of: str, revision: int = 0) -> Copy:
    """Keep a copy of a draft, a run or a scenario as a new draft; what was copied stays as it is.

    Args:
        home: the home folder.
        of: a spec_id, a run_id or the name of a scenario; looked for among drafts first.
        revision: of a draft, counted from 1; 0 is the latest.

    Raises:
        NotFound: nothing has this name, or it has no such revision.
        StorageError: its file cannot be read, or its specification is not one of this version.
    """
    drafts = specs.names(home)
    if of in drafts:
        stored = specs.load(home, of, revision)
        source = f"draft {of!r}, revision {stored.revision}"
        draft = replace(Draft.of(stored.document), save_as="")  # that name is the original's
    else:
        source, path = _rows(home, of, drafts)
        if revision:
            raise NotFound(source, "it has no revisions", "only drafts have; leave revision out")
        draft = _with_wishes(draft_of(path, source), *_asked(home, of, path))
    return Copy(specs.create(home, draft.name, draft.document()), source)


def _rows(home: Home, of: str, drafts: list[str]) -> tuple[str, Path]:
    try:
        return scenarios.rows_of(home, of)
    except NotFound as error:
        known = [*drafts, *(run.run_id for run in runs.list_runs(home)), *scenarios.names(home)]
        if error.problem.found.startswith("no scenario"):
            raise NotFound(
                f"{of!r}", "no draft, run or scenario of this name", near(of, known)
            ) from None
        raise


def draft_of(path: Path, source: str) -> Draft:
    """Return the specifications of a run's or scenario's file as a draft that somebody has settled.

    Raises:
        StorageError: the file cannot be read, or its specification is not one of this version.
    """
    documents = documents_of(path, source)
    profile = documents["profile"]
    return Draft(profile=profile, journeys=tuple(documents["journeys"]), settled=tuple(profile))


def _asked(home: Home, of: str, path: Path) -> tuple[Sequence[str], Sequence[Mapping[str, Any]]]:
    """Return the requests that a run or scenario was made for, and what became of their words."""
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    kept = runs.wishes(home, of) if path.parent == home.runs else {}
    manifest = describe_file(path).manifest
    requests = kept.get("requests", manifest.requests)[:_MOST_REQUESTS]
    return (
        [str(request)[:LONGEST] for request in requests],
        kept.get("wishes", manifest.wishes)[:_MOST_WISHES],
    )


def _with_wishes(draft: Draft, requests: Sequence[str], kept: Sequence[Mapping[str, Any]]) -> Draft:
    """Return a draft with the ledger of a run: what the person went on without stays left out."""
    wishes = tuple(
        Wish(number, request, tuple((token.start, token.end) for token in tokens(request)),
             "ignored", note=SAYS_NOTHING)
        for number, request in enumerate(request[:LONGEST] for request in requests)
    )  # fmt: skip
    for wish in kept:
        words = str(wish.get("words", ""))
        with suppress(Refused):  # pieces that were put together from several places
            wishes = (
                _bound(wishes, requests, wish)
                if wish.get("fate") in ("bound", "changed")
                else drop(wishes, requests, words)
            )
    return replace(draft, requests=tuple(requests), wishes=wishes)


def _bound(
    wishes: Sequence[Wish], requests: Sequence[str], kept: Mapping[str, Any]
) -> tuple[Wish, ...]:
    """Bind the words of a kept wish; what was changed after it was said stays so."""
    words, path, note = (str(kept.get(key, "")) for key in ("words", "path", "note"))
    bound = bind(wishes, requests, words, path, note)
    changed = kept.get("fate") == "changed"
    return (*bound[:-1], replace(bound[-1], fate="changed" if changed else "bound"))


def documents_of(path: Path, source: str) -> dict[str, Any]:
    """Return `{"profile": ..., "journeys": [...]}` of a run's or scenario's file, as it was run.

    What was not stated is left out where that means the same; raises as `draft_of`.
    """
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415  numpy is
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415  as it

    manifest = describe_file(path).manifest
    try:
        profile = _plain(ProfileSpec, manifest.profile, "profile")
        journeys = [
            _plain(JourneySpec, text, f"journeys[{place}]")
            for place, text in enumerate(manifest.journeys)
        ]
    except SpecError as error:
        raise StorageError(
            source,
            f"its specification is not one that this version reads ({error.problems[0]})",
            "open it with the version of HealthSim that made it, or start a new draft",
        ) from error
    return {"profile": profile, "journeys": journeys}


def _plain(model: type[ProfileSpec] | type[JourneySpec], text: str, where: str) -> dict[str, Any]:
    """Return a specification as plain JSON, without its nulls where these are the defaults."""
    from healthsim.specification.document import read  # noqa: PLC0415  numpy is heavy

    spec = read(model, text, where)
    full: dict[str, Any] = json.loads(spec.text())
    short: dict[str, Any] = without_nulls(full)
    try:
        return short if read(model, short, where).text() == spec.text() else full
    except SpecError:
        return full
