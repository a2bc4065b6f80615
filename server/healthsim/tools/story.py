"""Look closely: one person's story, and why one row is as it is."""

from __future__ import annotations

from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from healthsim.tools.answers import PersonAnswer, RowAnswer, reply, rows
from healthsim.tools.server import Ctx, home_of

Name = Annotated[str, Field(description="A scenario, or a run_id.")]
LINE = ["date", "table", "what", "id", "of"]


def show_person(
    ctx: Ctx,
    name: Name,
    person: Annotated[str, Field(description="person_id, full name, MRN or other number.")],
    since: Annotated[str, Field(description="First day.")] = "",
    until: Annotated[str, Field(description="Last day.")] = "",
    offset: Annotated[int, Field(ge=0, description="Lines to skip.")] = 0,
) -> Annotated[CallToolResult, PersonAnswer]:
    """Show one person's story: who it is, and chart, claims, fills and trial by day."""
    from healthsim.operations import person as people  # noqa: PLC0415  duckdb is heavy

    shown = people.show_person(home_of(ctx), name, person, since=since, until=until, offset=offset)
    last = shown.offset + len(shown.lines)
    more = "" if shown.following is None else f"offset={shown.following} shows more. "
    told = [[line.day, line.table, line.what, line.key, line.of] for line in shown.lines]
    return reply(
        PersonAnswer(
            person_id=shown.person_id,
            who=dict(shown.who),
            lines=rows(LINE, told),
            shown=f"{shown.offset + 1 if told else 0} to {last} of {shown.total}",
            next=f"{more}Give since and until for other days.",
        )
    )


def explain_row(
    ctx: Ctx,
    name: Name,
    table: Annotated[str, Field(description="A table.")],
    key: Annotated[str, Field(description="The row's id, or key values with commas.")],
) -> Annotated[CallToolResult, RowAnswer]:
    """Explain why a row is there: the line of the specification, rule and draws behind it."""
    from healthsim.operations.explaining import explain  # noqa: PLC0415  duckdb is heavy

    explained = explain.explain_row(home_of(ctx), name, table, key)
    reasons = explained.reasons
    return reply(
        RowAnswer(
            table=explained.table,
            row=explain.as_json_carries(explained.row),
            made_by=reasons.made_by,
            because=reasons.because,
            draws=rows(explain.DRAW, reasons.draws) if reasons.draws else {},
            note=explained.note,
            next="Say the line and the number that decided; refine_spec changes the line.",
        )
    )
