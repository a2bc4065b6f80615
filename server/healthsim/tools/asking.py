"""Ask the person before something kept is lost, where the host can show a question.

The question goes to the person and not to the model: the host shows it as a form. Where a host
cannot do that, the model asks in the conversation and says so by an argument (`confirm`,
`replace`), as it always could.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import anyio.to_thread
from mcp.server.elicitation import AcceptedElicitation, DeclinedElicitation, ElicitationResult
from mcp.server.mcpserver.resolve import Elicit
from mcp.shared.exceptions import MCPError
from mcp.types import METHOD_NOT_FOUND, ClientCapabilities
from mcp.types.version import is_version_at_least
from pydantic import BaseModel, Field, StrictBool

from healthsim.errors import Refused
from healthsim.operations import scenarios
from healthsim.operations.home import Home
from healthsim.tools.server import Ctx, home_of

_ASKED_IN_RESULTS = "2026-07-28"  # since then a question is a result, and its answer a new call


class Agreement(BaseModel):
    """The form that a person fills."""

    agree: StrictBool = Field(title="Yes, go on", description="What is lost cannot be had again.")


Consent: TypeAlias = Literal["yes", "no", "closed", "unasked", "free"]
"""What the person said: `closed` is no answer; nobody was asked where the host cannot
(`unasked`), or where nothing would be lost (`free`)."""

Reply: TypeAlias = ElicitationResult[Agreement]

NOBODY: Reply = AcceptedElicitation[Any].model_construct(data="unasked")
"""Stands for the answer where a tool is called without a host."""


async def ask(ctx: Ctx, question: str) -> Elicit[Agreement] | Consent:
    """Put a question to the person, if the host can show it."""
    if not can_show(ctx.client_capabilities):
        return "unasked"
    if is_version_at_least(ctx.protocol_version or "", _ASKED_IN_RESULTS):
        return Elicit(question, Agreement)
    if not ctx.session.can_send_request:
        return "unasked"
    try:
        return said(await ctx.elicit(question, Agreement))
    except MCPError as error:  # a host may declare what it cannot do, or have gone away
        return "unasked" if error.code == METHOD_NOT_FOUND else "closed"
    except ValueError:  # the form came back without the answer
        return "closed"


def can_show(capabilities: ClientCapabilities | None) -> bool:
    """Return whether a host can show a form: hosts that name no mode can, from before modes."""
    asked = capabilities.elicitation if capabilities else None
    return asked is not None and (asked.form is not None or asked.url is None)


def said(reply: Any) -> Consent:
    """Return what a person said to a question, or what stands for it where nobody was asked."""
    if isinstance(reply, AcceptedElicitation):
        data: Agreement | Consent = reply.data
        if isinstance(data, Agreement):
            return "yes" if data.agree else "no"
        return data
    return "no" if isinstance(reply, DeclinedElicitation) else "closed"


def need(consent: Consent, where: str, undone: str, mend: str) -> None:
    """Refuse to go on if the person said no, or nothing.

    Args:
        consent: what the person said.
        where: what would have been lost.
        undone: what has therefore not been done.
        mend: what can be done instead.
    """
    if consent == "no":
        raise Refused(where, f"the person said no; {undone}", mend)
    if consent == "closed":
        raise Refused(
            where, f"the person was asked and gave no answer; {undone}",
            f"ask in the conversation, then call again; {mend}",
        )  # fmt: skip


async def before_deleting(ctx: Ctx, name: str) -> Elicit[Agreement] | Consent:
    """Ask whether a scenario shall be deleted."""
    holds = await anyio.to_thread.run_sync(held_by, home_of(ctx), name)
    return await ask(ctx, f"Delete the scenario {name!r} ({holds}) for good?")


async def before_replacing(ctx: Ctx, run_id: str, name: str) -> Elicit[Agreement] | Consent:
    """Ask whether a run shall take the place of a scenario, if there is one of this name."""

    def taken() -> str:
        scenarios.refuse_unfinished(home_of(ctx), run_id)
        return replaced(home_of(ctx), name)

    question = await anyio.to_thread.run_sync(taken)
    return await ask(ctx, question) if question else "free"


def replaced(home: Home, name: str) -> str:
    """Return the question whether a scenario of this name may be lost, or nothing if none is."""
    if not scenarios.is_taken(home, name):
        return ""
    return f"Replace the scenario {name!r} ({held_by(home, name)})? It would be lost."


def held_by(home: Home, name: str) -> str:
    """Say in a few words what a scenario holds, in figures and never in words of its file."""
    summary = scenarios.look(home, name)
    if summary.broken:
        return "its file is damaged"
    return f"{summary.count:,} people, {sum(summary.counts.values()):,} rows"
