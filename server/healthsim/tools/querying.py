"""Ask a scenario: query it, audit it, take it out as files."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.types import CallToolResult
from pydantic import Field

from healthsim.operations import query
from healthsim.tools.answers import AuditAnswer, ExportAnswer, QueryPage, reply, rows
from healthsim.tools.server import Ctx, home_of

if TYPE_CHECKING:
    from healthsim.operations.auditing import AuditReport

Name = Annotated[str, Field(description="A scenario.")]
LONGEST = 40_000
"""Characters of an answer's rows; hosts cut off longer ones somewhere."""


def query_scenario(
    ctx: Ctx,
    name: Name,
    sql: Annotated[str, Field(description="One SELECT, DuckDB dialect.")],
    limit: Annotated[int, Field(ge=1, le=500, description="Most rows.")] = 50,
    offset: Annotated[int, Field(ge=0, description="Skip so many rows.")] = 0,
) -> Annotated[CallToolResult, QueryPage]:
    """Query a scenario with SQL; answer with numbers, not with many rows.

    Tables join on person_id, encounter_id, claim_id and event_id. events.step and
    events.occurrence tell which visit a record belongs to.
    """
    found = query.query(home_of(ctx), name, sql, limit=limit, offset=offset)
    shown = _fitting(found.rows)
    truncated = found.truncated or len(shown) < found.row_count
    more = f"offset={offset + len(shown)} shows more; " if truncated else ""
    return reply(
        QueryPage(
            columns=[column for column, _ in found.columns],
            types=[kind for _, kind in found.columns],
            rows=shown,
            row_count=len(shown),
            truncated=truncated,
            note="; ".join(found.notes),
            next=f"{more}count, group or filter in SQL to narrow it down."
            if truncated
            else "Say the answer, and the SQL if asked.",
        )
    )


def _fitting(found: list[list[Any]]) -> list[list[Any]]:
    """Return as many rows as an answer may hold; one at least."""
    sizes = itertools.accumulate(len(json.dumps(row)) for row in found)
    return found[: max(1, sum(size <= LONGEST for size in sizes))]


def audit_scenario(ctx: Ctx, name: Name) -> Annotated[CallToolResult, AuditAnswer]:
    """Audit a scenario: is all linked, do amounts agree, is it what was asked for, like life?"""
    from healthsim.operations import auditing  # noqa: PLC0415  scipy and duckdb are heavy

    found = auditing.audit(home_of(ctx), name)
    return reply(
        AuditAnswer(
            name=name,
            ok=found.ok,
            checked=found.checked,
            findings=rows(auditing.FINDING, found.findings) if found.findings else {},
            expectations=rows(auditing.EXPECTED, found.expected) if found.expected else {},
            asked_against_got=rows(auditing.COMPARED, found.compared),
            scorecard=rows(auditing.SCORED, found.scored) if found.scored else {},
            note=found.note,
            next=_told(found),
        )
    )


def _told(found: AuditReport) -> str:
    """Say what is left to do: a published figure that is off is said, and needs no mending."""
    said = "" if found.ok else "Say what differs; a new run needs a changed spec or seed. "
    if found.scored:
        said += f"Say the scorecard: {found.score}."
    said = said.strip() or "Nothing to mend."
    return f"{said} {found.judged}." if None in (row[-1] for row in found.compared) else said


def export_scenario(
    ctx: Ctx,
    name: Name,
    format: Annotated[Literal["csv", "parquet"], Field(description="Kind of files.")] = "csv",
    tables: Annotated[list[str], Field(description="Only these tables; empty: all.")] = [],  # noqa: B006
) -> Annotated[CallToolResult, ExportAnswer]:
    """Export a scenario's tables as files, into the exports folder of the HealthSim home."""
    from healthsim.operations import exporting  # noqa: PLC0415  duckdb is heavy

    done = exporting.export_home(home_of(ctx), name, format, tables)
    return reply(
        ExportAnswer(
            name=name,
            done="exported",
            files=[path.name for path in done.files],
            folder=str(done.folder),
            next="Tell the person the folder.",
        )
    )
