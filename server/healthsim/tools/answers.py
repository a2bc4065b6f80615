"""What the tools answer, as data. Rows are arrays beside one list of column names."""

from __future__ import annotations

import json
import math
from typing import Any, TypeAlias

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict

from healthsim.foreign import visible_in

Rows: TypeAlias = dict[str, Any]
"""`{"columns": [...], "rows": [[...], ...]}`."""


def rows(columns: list[str], items: list[list[Any]]) -> Rows:
    """Return rows as arrays beside one list of columns."""
    return {"columns": columns, "rows": items}


class Answer(BaseModel):
    """What a tool answers. Fields that have their default value are not sent."""

    model_config = ConfigDict(ser_json_inf_nan="constants")


def reply(answer: Answer) -> CallToolResult:
    """Return an answer twice: structured, and as compact text for hosts that show only text.

    Numbers that JSON does not have (nan, inf) are texts in both; characters that steer or hide are
    written out.
    """
    data = _finite(visible_in(answer.model_dump(mode="json", exclude_defaults=True)))
    return CallToolResult(
        content=[TextContent(type="text", text=compact(data))], structured_content=data
    )


def compact(data: Any) -> str:
    """Return data as JSON without spaces."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


class TemplatesFound(Answer):
    """Templates, best first."""

    templates: Rows
    next: str


class DraftStarted(Answer):
    """The state of a draft after a request in plain words."""

    spec_id: str
    revision: int
    phase: str
    understood: list[str] = []
    not_understood: list[str] = []
    not_built: list[str] = []
    wrong: list[str] = []
    open: list[dict[str, Any]] = []
    hints: list[str] = []
    next: str


class DraftCopied(Answer):
    """A new draft that is like a draft, a run or a scenario."""

    spec_id: str
    revision: int
    phase: str
    copy_of: str
    holds: str
    note: str = ""
    wrong: list[str] = []
    open: list[str] = []
    next: str


class DraftRefined(Answer):
    """The state of a draft after small changes."""

    spec_id: str
    revision: int
    phase: str
    changed: list[str] = []
    not_understood: list[str] = []
    wrong: list[str] = []
    open: list[dict[str, Any]] = []
    next: str


class SpecShown(Answer):
    """A draft as a card, or one part of it as data."""

    spec_id: str
    revision: int
    phase: str
    latest: int = 0
    card: str = ""
    section: Any = None
    differs: list[str] = []
    wrong: list[str] = []
    next: str


class PreviewAnswer(Answer):
    """A few people, and what a run would make."""

    spec_id: str
    count: int
    people: Rows
    expected: dict[str, int]
    seconds: float
    megabytes: float
    warnings: list[str] = []
    next: str


class RunState(Answer):
    """A run: how far it is, and what came out of it."""

    run_id: str
    status: str
    done: int
    total: int
    tables: dict[str, int] = {}
    digest: str = ""
    expectations: Rows = {}
    asked_against_got: Rows = {}
    sample: Rows = {}
    notes: list[str] = []
    saved_as: str = ""
    error: str = ""
    next: str


class QuickPeople(Answer):
    """A few linked people; nothing is saved."""

    people: list[dict[str, Any]]
    columns: dict[str, list[str]]
    understood: list[str] = []
    not_understood: list[str] = []
    not_built: list[str] = []
    notes: list[str] = []
    next: str


class Scenarios(Answer):
    """Saved scenarios."""

    scenarios: Rows
    total: int
    note: str = ""
    next: str


class ScenarioShown(Answer):
    """One scenario: what it holds, or one table of it with sample rows."""

    name: str
    description: str = ""
    people: int = 0
    seed: int = 0
    digest: str = ""
    imported: dict[str, str] = {}
    requests: list[str] = []
    changed: list[str] = []
    tables: Rows = {}
    expectations: Rows = {}
    columns: Rows = {}
    sample: Rows = {}
    note: str = ""
    next: str


class ActionResult(Answer):
    """What a save, a delete or a cancel did."""

    name: str
    done: str
    next: str


class ExportAnswer(Answer):
    """What an export wrote."""

    name: str
    done: str
    holds: str
    leaves_out: str
    files: list[str] = []
    folder: str = ""
    place: str = ""
    next: str


class QueryPage(Answer):
    """Rows of a query."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]
    row_count: int
    truncated: bool = False
    note: str = ""
    next: str


class PersonAnswer(Answer):
    """Who a person is, and one page of what happened; `of` is what a line belongs to."""

    person_id: int
    who: dict[str, Any]
    lines: Rows
    shown: str
    next: str


class PictureAnswer(Answer):
    """What a picture shows, and the table behind it; the picture itself is beside it."""

    title: str
    says: str
    table: Rows
    note: str = ""
    vega_lite: dict[str, Any] = {}
    kinds: list[str] = []
    next: str


class RowAnswer(Answer):
    """Why a row is there and as it is."""

    table: str
    row: dict[str, Any]
    made_by: list[str]
    because: list[str] = []
    draws: Rows = {}
    note: str = ""
    next: str


class AuditAnswer(Answer):
    """What was checked, and what was found."""

    name: str
    ok: bool
    checked: int
    findings: Rows = {}
    expectations: Rows = {}
    asked_against_got: Rows = {}
    scorecard: Rows = {}
    not_got: Rows = {}
    note: str = ""
    next: str


class ComparisonAnswer(Answer):
    """What differs between two scenarios, and what follows from it."""

    common: str
    specification: list[str] = []
    people: dict[str, int] = {}
    affected: Rows = {}
    affected_ids: str = ""
    tables: Rows = {}
    money: Rows = {}
    asked: Rows = {}
    notes: list[str] = []
    next: str


class LookupAnswer(Answer):
    """What was looked up."""

    found: Rows
    facts: dict[str, Any] = {}
    note: str = ""
    next: str


class GuideText(Answer):
    """A guide, or the list of guides."""

    topic: str
    text: str
