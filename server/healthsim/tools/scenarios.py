"""Saved scenarios: save a run as a scenario, list, describe and delete scenarios."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver.resolve import Resolve
from mcp.types import CallToolResult
from pydantic import Field

from healthsim.errors import Refused
from healthsim.foreign import OF_THE_FILE
from healthsim.operations import auditing
from healthsim.operations import scenarios as kept
from healthsim.tools import asking, links
from healthsim.tools.answers import ActionResult, Scenarios, ScenarioShown, reply, rows
from healthsim.tools.server import Ctx, home_of

Name = Annotated[str, Field(description="A scenario.")]


def save_scenario(
    ctx: Ctx,
    run_id: Annotated[str, Field(max_length=64, description="A finished run.")],
    name: Annotated[str, Field(description="Lower-case letters, digits and hyphens.")],
    description: Annotated[str, Field(max_length=2000, description="What it is for.")] = "",
    replace: Annotated[bool, Field(description="A scenario of this name.")] = False,
    answered: Annotated[asking.Reply, Resolve(asking.before_replacing)] = asking.NOBODY,
) -> Annotated[CallToolResult, ActionResult]:
    """Save a finished run under a name."""
    home, consent = home_of(ctx), asking.said(answered)
    if consent in ("no", "closed"):
        mend = f"save under another name, such as {kept.free_name(home, name)!r}"
        asking.need(consent, f"scenario {name!r}", "it stays, and the run is not saved", mend)
    may_replace = consent == "yes" or (consent == "unasked" and replace)
    if not may_replace:
        kept.refuse_taken(home, name)
    saved = kept.save_run(home, run_id, name, description=description, replace=may_replace)
    answer = reply(
        ActionResult(
            name=saved.name,
            done="saved",
            next=f"query_scenario(name={name!r}, sql=...) answers questions; "
            f"describe_scenario({name!r}) shows tables and columns.",
        )
    )
    return links.with_scenario(ctx, answer, saved.name)


def list_scenarios(
    ctx: Ctx,
    query: Annotated[str, Field(description="Words.")] = "",
    limit: Annotated[int, Field(ge=1, le=100, description="Most rows.")] = 20,
    offset: Annotated[int, Field(ge=0, description="Rows to skip.")] = 0,
) -> Annotated[CallToolResult, Scenarios]:
    """List saved scenarios, newest first."""
    words = query.lower().split()
    summaries = [
        item
        for item in kept.list_all(home_of(ctx))
        if all(word in f"{item.name} {item.description}".lower() for word in words)
    ]
    listed = [
        [item.name, item.description[:200], item.count, sum(item.counts.values())]
        for item in summaries[offset : offset + limit]
    ]
    more = f"offset={offset + limit} shows more. " if len(summaries) > offset + limit else ""
    return reply(
        Scenarios(
            scenarios=rows(["name", "description", "people", "rows"], listed),
            total=len(summaries),
            note=OF_THE_FILE if any(row[1] for row in listed) else "",
            next=f"{more}describe_scenario(name) shows what one holds."
            if summaries
            else "None yet: start_profile_builder begins one.",
        )
    )


_LONGEST_REQUEST = 300  # characters of a request that are shown


_MOST_CHANGED = 20  # words of the requests that later changes altered


def describe_scenario(
    ctx: Ctx,
    name: Name,
    table: Annotated[str, Field(description="Only this table.")] = "",
) -> Annotated[CallToolResult, ScenarioShown]:
    """Describe a scenario: its tables; or one table: columns, meanings and a few rows."""
    summary = kept.describe(home_of(ctx), name)
    answer = ScenarioShown(
        name=name, description=summary.description, people=summary.count, seed=summary.seed,
        digest=summary.digest, imported=dict(summary.references), note=OF_THE_FILE,
        next=f"query_scenario(name={name!r}, sql=...)",
    )  # fmt: skip
    if table:
        answer.columns = rows(
            ["column", "type", "meaning"], kept.columns(home_of(ctx), name, table)
        )
        answer.sample = rows(*kept.sample_of(home_of(ctx), name, table, 3))
    else:
        answer.tables = rows(["table", "rows", "grain"], kept.tables(home_of(ctx), name))
        judged = auditing.expected(summary.expectations)
        answer.expectations = rows(auditing.EXPECTED, judged) if judged else {}
        answer.changed = [
            f"{str(wish.get('words', ''))[:80]!r}: {str(wish.get('note', ''))[:200]}"
            for wish in summary.wishes if wish.get("fate") == "changed"
        ][:_MOST_CHANGED]  # fmt: skip
        answer.requests = [request[:_LONGEST_REQUEST] for request in summary.requests]
        answer.next = f"describe_scenario(name={name!r}, table=...) for columns; {answer.next}"
    return reply(answer)


def delete_scenario(
    ctx: Ctx,
    name: Name,
    confirm: Annotated[bool, Field(description="The person has agreed.")] = False,
    answered: Annotated[asking.Reply, Resolve(asking.before_deleting)] = asking.NOBODY,
) -> Annotated[CallToolResult, ActionResult]:
    """Delete a saved scenario for good. Ask first, then confirm=true."""
    home, consent = home_of(ctx), asking.said(answered)
    where = f"scenario {name!r}"
    asking.need(consent, where, "nothing was deleted", "ask what they want instead")
    if consent == "unasked" and not confirm:
        raise Refused(
            "confirm", f"deleting {name!r} ({asking.held_by(home, name)}) cannot be undone",
            "ask the person, then call again with confirm=true",
        )  # fmt: skip
    kept.delete(home, name)
    return reply(ActionResult(name=name, done="deleted", next="list_scenarios shows what is left."))
