"""Use a scenario: query it, audit it, export it as files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mcp.types import CallToolResult
from pydantic import Field
from pydantic_core import to_jsonable_python

from healthsim.exports import FORMATS, Filter, Format
from healthsim.foreign import OF_THE_FILE, flat
from healthsim.operations import query
from healthsim.operations.scenarios import path as scenario_file
from healthsim.operations.tasks import TaskKind
from healthsim.persistence.files import identity
from healthsim.tools import links, tasks
from healthsim.tools.answers import AuditAnswer, ExportAnswer, QueryPage, reply, rows
from healthsim.tools.pages import fitting
from healthsim.tools.server import Ctx, home_of
from healthsim.tools.tasks import LongTool

if TYPE_CHECKING:
    from healthsim.operations.auditing import AuditReport
    from healthsim.operations.home import Home

Name = Annotated[str, Field(description="A scenario.")]


def query_scenario(
    ctx: Ctx,
    name: Name,
    sql: Annotated[str, Field(description="One SELECT, DuckDB dialect.")],
    limit: Annotated[int, Field(ge=1, le=500, description="Most rows.")] = 50,
    offset: Annotated[int, Field(ge=0, description="Rows to skip.")] = 0,
    other: Annotated[str, Field(description="A second scenario: other.patients.")] = "",
) -> Annotated[CallToolResult, QueryPage]:
    """Query a scenario with SQL; answer with numbers, not with many rows.

    Tables join on person_id, encounter_id, claim_id, event_id; events.step and events.occurrence
    say which visit.
    """
    result = query.query(home_of(ctx), name, sql, other, limit=limit, offset=offset)
    page = fitting(result.columns, result.rows, offset)
    truncated = result.truncated or len(page.rows) < result.row_count
    more = f"offset={offset + len(page.rows)} shows more; " if truncated else ""
    return reply(
        QueryPage(
            columns=page.columns,
            types=page.types,
            rows=page.rows,
            row_count=len(page.rows),
            truncated=truncated,
            note="; ".join([*result.notes, *page.notes]),
            next=f"{more}count, group or filter in SQL to narrow it down."
            if truncated
            else "Say the answer, and the SQL if asked.",
        )
    )


async def audit_scenario(ctx: Ctx, name: Name) -> Annotated[CallToolResult, AuditAnswer]:
    """Audit a scenario: linked, amounts agree, as requested, realistic?"""
    return await tasks.answered(ctx, AUDIT, name=name)


def _audit(home: Home, asked: Mapping[str, Any]) -> Any:
    from healthsim.operations import auditing  # noqa: PLC0415  scipy and duckdb are heavy

    return to_jsonable_python(auditing.audit(home, asked["name"]))


def _audited(ctx: Ctx, asked: Mapping[str, Any], result: Any) -> CallToolResult:
    from healthsim.operations import auditing  # noqa: PLC0415  as above

    report = auditing.AuditReport(**result)
    unmet = [row for row in report.scored if row[auditing.SCORED.index("status")] != "met"]
    listed, fit = _without_spreads(report.compared)
    return reply(
        AuditAnswer(
            name=asked["name"],
            ok=report.ok,
            checked=report.checked,
            findings=rows(auditing.FINDING, report.findings) if report.findings else {},
            expectations=rows(auditing.EXPECTED, report.expected) if report.expected else {},
            asked_against_got=rows(auditing.COMPARED, _shorter(listed)),
            scorecard=rows(auditing.SCORED, unmet) if unmet else {},
            not_got=rows(auditing.NOT_GOT, report.not_got) if report.not_got else {},
            note="; ".join(filter(None, (report.note, fit, OF_THE_FILE if report.not_got else ""))),
            next=_next_step(report),
        )
    )


def _without_spreads(compared: list[list[Any]]) -> tuple[list[list[Any]], str]:
    """Return the figures without spreads that fit, and how many were left out, in words."""
    from healthsim.operations import auditing  # noqa: PLC0415  as above

    listed = [row for row in compared if not (row[-1] and auditing.is_spread(row))]
    left = len(compared) - len(listed)
    return listed, f"{left} spreads that fit are not listed" if left else ""


_FEW = 3  # figures without a verdict that have a row each
_NAMED = 4  # of more, how many are named


def _shorter(compared: list[list[Any]]) -> list[list[Any]]:
    """Return the figures, with one row for all that were not judged, and not seen, for one reason.

    A figure that was judged, or seen, always has a row of its own.
    """
    reasons: dict[str, list[str]] = {}
    for what, asked, got, *_ in compared:
        if got is None:
            reasons.setdefault(str(asked), []).append(str(what))
    many = {reason: names for reason, names in reasons.items() if len(names) > _FEW}
    kept = [row for row in compared if not (row[2] is None and str(row[1]) in many)]
    return kept + [
        [f"{len(names)} figures: {'; '.join(names[:_NAMED])}; …", reason, None, None, None, None]
        for reason, names in many.items()
    ]


def _next_step(report: AuditReport) -> str:
    """Return the next step: a published figure that is off is reported, and needs no repair."""
    advice = "" if report.ok else "Say what differs; a new run needs a changed spec or seed. "
    if report.scored:
        advice += f"Say the scorecard: {report.score}."
    if report.not_got:
        words = ", ".join(
            f'"{flat(str(row[0]), 80)}" ({"changed later" if row[1] == "changed" else row[1]})'
            for row in report.not_got
        )[:500]
        advice += f"Say what was asked for and is not in it: {words}. "
    advice = advice.strip() or "Nothing to mend."
    return f"{advice} {report.judged}." if None in (row[-1] for row in report.compared) else advice


async def export_scenario(
    ctx: Ctx,
    name: Name,
    format: Annotated[Format, Field(description="Kind.")] = "csv",
    tables: Annotated[list[str], Field(description="Or all.")] = [],  # noqa: B006
    people: Annotated[str, Field(description="1-20")] = "",
    where: Annotated[str, Field(description="SQL.")] = "",
) -> Annotated[CallToolResult, ExportAnswer]:
    """Export a scenario."""
    return await tasks.answered(
        ctx, EXPORT, name=name, format=format, tables=tables, people=people, where=where
    )


def _export(home: Home, asked: Mapping[str, Any]) -> Any:
    from healthsim.operations import exporting, loading  # noqa: PLC0415  duckdb is heavy

    chosen = Filter(asked["people"], asked["where"])
    if asked["format"] == "postgres":
        loaded = loading.load_of_tool(home, asked["name"], asked["tables"], chosen)
        return {"place": loaded.place, "files": {}}
    done = exporting.export_home(home, asked["name"], asked["format"], asked["tables"], chosen)
    files = {path.name: identity(path) for path in done.files}
    return {"folder": str(done.folder), "files": files}


def _stands(result: Any) -> bool:
    """Return whether every file of an export is still there as it was written.

    What a database holds now is not known here.
    """
    try:
        folder = Path(result["folder"])
        return all(identity(folder / name) == mark for name, mark in result["files"].items())
    except (OSError, TypeError, KeyError, AttributeError):
        return False


def _exported(ctx: Ctx, asked: Mapping[str, Any], result: Any) -> CallToolResult:
    answer = reply(
        ExportAnswer(
            name=asked["name"],
            done="exported",
            holds=FORMATS[asked["format"]].holds,
            leaves_out=FORMATS[asked["format"]].lacks,
            files=list(result["files"]),
            folder=result.get("folder", ""),
            place=result.get("place", ""),
            next="Tell the person where it is.",
        )
    )
    return links.with_exported(ctx, answer)


AUDIT = LongTool(TaskKind("audit", "audit_scenario", _audit, ("name",), scenario_file), _audited)
EXPORT = LongTool(
    TaskKind("export", "export_scenario", _export, ("name",), scenario_file, _stands), _exported
)
