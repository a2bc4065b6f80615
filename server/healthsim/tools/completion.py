"""Completion: names that fit what a person has begun to type, in prompts and resources.

What an argument is called says what it names: a scenario, a draft, a template, a table, a topic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import anyio.to_thread
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.uri_template import UriTemplate
from mcp.types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    PromptReference,
    ResourceTemplateReference,
)

from healthsim.building import templates
from healthsim.errors import HealthSimError, near
from healthsim.operations import scenarios, specs
from healthsim.operations.home import Home
from healthsim.tools import guide
from healthsim.tools.server import HealthSimServer

MOST = 100
"""Values of one completion; the protocol allows no more."""

Filled = Mapping[str, str]


def _scenarios(home: Home, _: Filled) -> Sequence[str]:
    return scenarios.names(home)


def _drafts(home: Home, _: Filled) -> Sequence[str]:
    return specs.names(home)


def _templates(_: Home, __: Filled) -> Sequence[str]:
    return [template.name for template in templates.load_library()]


def _topics(_: Home, __: Filled) -> Sequence[str]:
    return list(guide.topics())


def _tables(home: Home, filled: Filled) -> Sequence[str]:
    """Return the tables of the scenario that is named already, else all that there can be."""
    from healthsim.products.catalogue import TABLES  # noqa: PLC0415  numpy is heavy

    name = filled.get("name") or filled.get("scenario") or ""
    if name in scenarios.names(home):
        try:
            return [str(row[0]) for row in scenarios.tables(home, name)]
        except HealthSimError:  # a damaged file has no tables to offer
            return []
    return [table.name for table in TABLES]


NAMED: Mapping[str, Callable[[Home, Filled], Sequence[str]]] = {
    "scenario": _scenarios,
    "name": _scenarios,
    "other": _scenarios,
    "spec_id": _drafts,
    "template": _templates,
    "table": _tables,
    "topic": _topics,
}
"""What each argument names; the others are free text."""


def fitting(begun: str, names: Sequence[str]) -> Completion:
    """Return the names that begin with what was typed, then those that hold it.

    >>> fitting("co", ["asthma", "copd", "ms-copd"]).values
    ['copd', 'ms-copd']
    """
    wanted = begun.strip().lower()
    first = [name for name in names if name.lower().startswith(wanted)]
    others = [name for name in names if wanted in name.lower() and name not in first]
    found = list(dict.fromkeys([*first, *others]))
    return Completion(values=found[:MOST], total=len(found), has_more=len(found) > MOST)


def add_completion(server: HealthSimServer, home: Home) -> None:
    """Complete the arguments of prompts and the variables of resource templates."""

    async def complete(
        _: ServerRequestContext[Any, Any], asked: CompleteRequestParams
    ) -> CompleteResult:
        argument = asked.argument.name
        arguments = await _arguments(server, asked.ref)
        if argument not in arguments:
            mend = near(argument, arguments)
            text = f"argument {argument[:80]!r}: there is none; {mend}"
            raise MCPError(code=INVALID_PARAMS, message=text)
        names_of = NAMED.get(argument)
        filled = (asked.context.arguments if asked.context else None) or {}
        names = await anyio.to_thread.run_sync(lambda: names_of(home, filled)) if names_of else []
        return CompleteResult(completion=fitting(asked.argument.value, names))

    server.answer("completion/complete", CompleteRequestParams, complete)


async def _arguments(
    server: HealthSimServer, ref: PromptReference | ResourceTemplateReference
) -> list[str]:
    """Return the arguments of a prompt, or the variables of a resource template.

    Raises:
        MCPError: there is no such prompt or template.
    """
    known: dict[str, list[str]]
    if isinstance(ref, PromptReference):
        what, asked = "prompt", ref.name
        known = {
            prompt.name: [one.name for one in prompt.arguments or ()]
            for prompt in await server.list_prompts()
        }
    else:
        what, asked = "resource template", ref.uri
        known = {
            template.uri_template: UriTemplate.parse(template.uri_template).variable_names
            for template in await server.list_resource_templates()
        }
    if asked not in known:
        raise MCPError(
            code=INVALID_PARAMS,
            message=f"{what} {asked[:80]!r}: there is none; {near(asked, known)}",
        )
    return list(known[asked])
