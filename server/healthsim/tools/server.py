"""The server behind all tools: their context, their schemas, and what a caller sees of an error."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from inspect import getdoc
from typing import TYPE_CHECKING, Any, TypeAlias

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from mcp.server.mcpserver.resources import ResourceTemplate
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolResult,
    GetPromptResult,
    InputRequiredResult,
    TextContent,
    ToolAnnotations,
)
from pydantic import AnyUrl, BaseModel, ValidationError

from healthsim.errors import HealthSimError, NotFound, Refused, SpecError, near, quoted
from healthsim.foreign import visible
from healthsim.specification.faults.problems import problems_of
from healthsim.tools.answers import compact
from healthsim.tools.bounds import bounded
from healthsim.tools.door import admitted, make_strict, prompted, without_echo
from healthsim.tools.handles import meant
from healthsim.tools.offers import Offer
from healthsim.tools.pulse import watched

if TYPE_CHECKING:
    from healthsim.operations.home import Home

READ = ToolAnnotations(read_only_hint=True, open_world_hint=False)
ADD = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
"""Adds something each time that it is called."""
DESTROY = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)
"""Something that is there may be lost: deleted, replaced, or stopped."""
LONGEST_ERROR = 10_000
"""Characters of an error; some hosts cut longer ones."""

LONGEST_WAIT = 40
"""Seconds that a call waits for long work; some hosts give up after 60."""

_UNREADABLE = (
    "the question to the person: its answer cannot be read, and nothing was changed; ask in the "
    "conversation, then call again"
)

_SURROGATE = re.compile("[\ud800-\udfff]")

_log = logging.getLogger("healthsim")


@dataclass(frozen=True)
class ServerContext:
    """What every request of one server process shares.

    Attributes:
        home: the home folder.
        read_only: it is only read.
        patience: seconds after which long work answers with a handle.
    """

    home: Home
    read_only: bool = False
    patience: float = LONGEST_WAIT


Ctx: TypeAlias = Context[ServerContext, Any]


def context_of(ctx: Ctx) -> ServerContext:
    """Return what the requests of this server share."""
    return ctx.request_context.lifespan_context


def home_of(ctx: Ctx) -> Home:
    """Return the home folder that this server works in."""
    return context_of(ctx).home


class HealthSimServer(MCPServer[ServerContext]):
    """An MCP server whose errors are written for the model that reads them.

    The SDK shows a caller only the text of a `ToolError`, and of a failed argument pydantic's own.
    Here a `HealthSimError` is shown whole (where, what was found, how to mend it), arguments are
    explained in the same form, and anything unexpected is logged and not shown.
    """

    offer: Offer = Offer()

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Ctx | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; every failure leaves as a `ToolError` that can be acted upon."""
        if _SURROGATE.search(name):
            raise ToolError("tool: there is none of this name; call tools/list")
        call, report = super().call_tool, context.report_progress if context else None
        try:
            taken = admitted(arguments, self._find(name))
            _need_writable(taken)
            result = await watched(lambda: call(name, taken, context), name, report)
        except HealthSimError as error:
            text = self.offer.error(str(error))
            raise ToolError(without_echo(text, arguments)) from error
        except ToolError as error:
            text = self._explain(name, error) if error.__cause__ else str(error)
            if isinstance(error.__cause__, NotFound) and context is not None:
                text = meant(home_of(context), error.__cause__, arguments.values())
            text = self.offer.error(text)
            raise ToolError(without_echo(text, arguments)) from error.__cause__
        return bounded(self._offered(result)) if isinstance(result, CallToolResult) else result

    def _offered(self, result: CallToolResult) -> CallToolResult:
        """Return a result whose texts name only tools that this server offers."""
        data = result.structured_content
        if not self.offer.missing or data is None:
            return result
        said = self.offer.answer(data)
        texts = {compact(data): compact(said)}
        content = [
            TextContent(type="text", text=texts.get(part.text) or self.offer.text(part.text))
            if isinstance(part, TextContent)
            else part
            for part in result.content
        ]
        return result.model_copy(update={"structured_content": said, "content": content})

    def answer(
        self, method: str, params: type[BaseModel], handler: Callable[..., Awaitable[Any]]
    ) -> None:
        """Answer a request of the protocol by a function of our own."""
        self._lowlevel_server.add_request_handler(method, params, handler)

    def add_template(self, template: ResourceTemplate) -> None:
        """Offer resources that are addressed by a name; the SDK takes only functions, not these."""
        self._resource_manager._templates[template.uri_template] = template

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Ctx | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return a prompt; what it cannot be asked with is answered in words, not as a crash."""
        try:
            taken = prompted(await self.list_prompts(), name, arguments)
            _need_writable({"name": name, **taken})
        except HealthSimError as error:
            text = without_echo(str(error), arguments or {})
            raise MCPError(code=INVALID_PARAMS, message=text) from error
        return await super().get_prompt(name, taken, context)

    async def read_resource(
        self, uri: AnyUrl | str, context: Ctx | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource; a guide names only tools that this server offers."""
        try:
            result = await super().read_resource(uri, context)
        except ResourceNotFoundError as error:
            if error.__cause__ is None or isinstance(error.__cause__, ValueError):  # the SDK's own
                raise ResourceNotFoundError(await self._no_such(str(uri))) from error
            raise
        except ResourceError as error:
            raise type(error)(self.offer.error(str(error))) from error.__cause__
        if isinstance(result, InputRequiredResult):
            return result
        return [
            replace(part, content=self.offer.guide(part.content))
            if isinstance(part.content, str) and part.mime_type == "text/markdown"
            else part
            for part in result
        ]

    async def _no_such(self, uri: str) -> str:
        kinds = [template.uri_template for template in await self.list_resource_templates()]
        return (
            f"{uri[:80]!r}: no such resource; resources/list has them, and "
            f"resources/templates/list how others are addressed: {', '.join(kinds)}"
        )

    def _find(self, name: str) -> type[BaseModel]:
        """Return the model of a tool's arguments."""
        tools = {tool.name: tool.fn_metadata.arg_model for tool in self._tool_manager.list_tools()}
        if name in self.offer.missing:
            raise ToolError(
                "tool: it is not offered, for this server runs read-only; start it without "
                "--read-only to change things"
            )
        if name not in tools:
            raise ToolError(f"tool {quoted(name)}: there is no such tool; {near(name, tools)}")
        return tools[name]

    def _explain(self, name: str, error: ToolError) -> str:
        cause = error.__cause__
        if isinstance(cause, ValidationError):
            tool = self._tool_manager.get_tool(name)
            model = tool.fn_metadata.arg_model if tool else BaseModel
            text = str(SpecError(problems_of(cause, model, "")))
        elif isinstance(cause, ToolError) and str(cause).startswith("Resolver "):
            text = _UNREADABLE
        elif isinstance(cause, HealthSimError | ToolError):
            text = str(cause)
        else:
            _log.error("%s failed", name, exc_info=cause)
            text = (
                f"{name}: HealthSim failed inside ({type(cause).__name__}); this is not the "
                "caller's fault and nothing is half-done; try again, or report the server's log"
            )
        text = visible(text)
        return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


def _need_writable(arguments: dict[str, Any]) -> None:
    if where := _unwritable(arguments):
        raise Refused(
            where,
            "holds half of a character pair (a lone surrogate), which no file can hold",
            "send the text again without it",
        )


def _unwritable(value: Any, where: str = "") -> str:
    """Return where text stands that cannot be written as UTF-8, or nothing."""
    if isinstance(value, str):
        return (where or "text") if _SURROGATE.search(value) else ""
    if isinstance(value, dict):
        inner = ((key, item) for key, item in value.items())
    elif isinstance(value, list):
        inner = ((number, item) for number, item in enumerate(value))
    else:
        return ""
    for key, item in inner:
        name = str(key).encode("ascii", "replace").decode()
        if isinstance(key, str) and _SURROGATE.search(key):
            return f"{where}.{name}".lstrip(".")
        if place := _unwritable(item, f"{where}.{name}".lstrip(".")):
            return place
    return ""


def offered(
    tool: Callable[..., Any],
    hints: ToolAnnotations,
    offer: Offer,
    title: str = "",
    view: str = "",
) -> Tool:
    """Return one tool as a server offers it; its docstring is its description.

    No shape of its answer is published: its fields explain themselves when they are read, and
    listed for every tool they would be a quarter of the catalogue. Answers are structured all the
    same (see `answers.reply`).

    Args:
        tool: the function.
        hints: what it changes.
        offer: the tools of the server; the description names no others.
        title: its name for people; by default made of the function's.
        view: the page that shows its answer in hosts with apps, by its URI; empty without one.
    """
    return _strict(tool).model_copy(update={
        "title": title or str(tool.__name__).replace("_", " ").capitalize(),
        "description": offer.text(" ".join((getdoc(tool) or "").split())),
        "annotations": hints,
        "meta": {"ui": {"resourceUri": view}} if view else None,
    })  # fmt: skip


@cache
def _strict(tool: Callable[..., Any]) -> Tool:
    """Return a tool that refuses unknown arguments, with a schema of what models need.

    The SDK ignores an unknown argument in silence, so a misspelt `limt` would be lost. The models
    are the same in every server of a process, and take a fifth of a second to make for all tools.
    """
    made = Tool.from_function(tool, structured_output=False)
    model = made.fn_metadata.arg_model
    make_strict(model)
    made.parameters = slim(_inlined(model.model_json_schema(by_alias=True)))
    return made


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """Put each definition where it is used: each is used about once, so that this is shorter.

    The definition's own description is left out; the place that uses it has one.
    """
    parts = {
        f"#/$defs/{name}": {key: value for key, value in part.items() if key != "description"}
        for name, part in schema.get("$defs", {}).items()
    }

    def put(node: Any) -> Any:
        if isinstance(node, list):
            return [put(item) for item in node]
        if not isinstance(node, dict):
            return node
        return put(parts[node["$ref"]]) if "$ref" in node else {
            key: put(value) for key, value in node.items() if key != "$defs"
        }  # fmt: skip

    inlined: dict[str, Any] = put(schema)
    return inlined


def slim(schema: Any) -> Any:
    """Drop what a model can guess: generated titles, null, a least value of 0 or 1, longest texts.

    Arguments are still checked against all of it.
    """
    if isinstance(schema, list):
        return [slim(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    slimmed = {
        key: slim(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and not value)
        and not (key == "minimum" and value in (0, 1))
        and not (key == "maxLength" and isinstance(value, int))
        and not (key == "additionalProperties" and value is True)
    }
    choices = [choice for choice in slimmed.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1 and len(choices) < len(slimmed["anyOf"]):
        del slimmed["anyOf"]
        slimmed |= {key: value for key, value in choices[0].items() if key not in slimmed}
    return slimmed
