"""What the conformance suite calls by name: tools, prompts and resources of no other use.

The suite's requirements say what each of them does. They are added to a server of `build_server`,
so that the stack that is tested is the product's own, its door included.
"""

from __future__ import annotations

import base64
import json
import warnings
from typing import Annotated, Any

import anyio
from mcp import MCPDeprecationWarning
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.resolve import Resolve, Sample
from mcp.types import (
    AudioContent,
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import BaseModel, Field

from healthsim.tools.server import HealthSimServer

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5E"
    "rkJggg=="
)
SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="
_PAUSE = 0.05  # seconds between two notes, as the suite asks

Bare = Context[Any, Any]


def text(said: str) -> TextContent:
    return TextContent(type="text", text=said)


def image() -> ImageContent:
    return ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, mime: str, said: str) -> EmbeddedResource:
    return EmbeddedResource(
        type="resource", resource=TextResourceContents(uri=uri, mime_type=mime, text=said)
    )


def sample(question: str, most: int = 100) -> CreateMessageRequestParams:
    return CreateMessageRequestParams(
        messages=[SamplingMessage(role="user", content=text(question))], max_tokens=most
    )


def form(question: str, **fields: str) -> ElicitRequest:
    properties = {name: {"type": kind} for name, kind in fields.items()}
    schema = {"type": "object", "properties": properties, "required": list(fields)}
    return ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=schema))


# Content


def test_simple_text() -> str:
    """Answer text."""
    return "This is a simple text response for testing."


def test_image_content() -> ImageContent:
    """Answer an image."""
    return image()


def test_audio_content() -> AudioContent:
    """Answer a sound."""
    return AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")


def test_embedded_resource() -> EmbeddedResource:
    """Answer a resource."""
    return embedded(
        "test://embedded-resource", "text/plain", "This is an embedded resource content."
    )


def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
    """Answer text, an image and a resource."""
    said = '{"test":"data","value":123}'
    return [
        text("Multiple content types test:"),
        image(),
        embedded("test://mixed-content-resource", "application/json", said),
    ]


def test_error_handling() -> str:
    """Refuse."""
    raise ToolError("This tool intentionally returns an error for testing")


# Notes while it works


async def test_tool_with_progress(ctx: Bare) -> str:
    """Report progress three times."""
    for done in (0, 50, 100):
        await ctx.report_progress(done, 100, f"Completed step {done} of 100")
        await anyio.sleep(_PAUSE)
    return "Completed."


async def test_tool_with_logging(ctx: Bare) -> str:
    """Log three times."""
    for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MCPDeprecationWarning)
            await ctx.log("info", said)
        await anyio.sleep(_PAUSE)
    return "Logged."


# Requests to the client, before 2026-07-28


async def test_sampling(ctx: Bare, prompt: str) -> str:
    """Ask the client's model."""
    asked = sample(prompt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        result = await ctx.session.create_message(asked.messages, max_tokens=asked.max_tokens)
    return f"LLM response: {getattr(result.content, 'text', '')}"


class Response(BaseModel):
    """One text."""

    response: str = Field(description="User's response")


class Defaults(BaseModel):
    """A field of each primitive type, with a default."""

    name: str = "John Doe"
    age: int = 30
    score: float = 95.5
    status: str = Field("active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = True


_ONE = ["option1", "option2", "option3"]
_TITLED = [{"const": f"value{n}", "title": f"{n}. option"} for n in (1, 2, 3)]
_OLD = {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option one", "Option two", "Option three"]}


class Choices(BaseModel):
    """Each way to say a choice."""

    untitledSingle: str = Field(json_schema_extra={"enum": _ONE})  # noqa: N815
    titledSingle: str = Field(json_schema_extra={"oneOf": _TITLED})  # noqa: N815
    legacyEnum: str = Field(json_schema_extra=_OLD)  # noqa: N815
    untitledMulti: list[str] = Field(  # noqa: N815
        json_schema_extra={"items": {"type": "string", "enum": _ONE}}
    )
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": _TITLED}})  # noqa: N815


async def _elicited(ctx: Bare, question: str, schema: type[BaseModel]) -> str:
    result = await ctx.elicit(question, schema)
    content = result.data.model_dump_json() if result.action == "accept" else "{}"
    return f"action={result.action}, content={content}"


async def test_elicitation(ctx: Bare, message: str) -> str:
    """Ask the person for a text."""
    return f"User response: {await _elicited(ctx, message, Response)}"


async def test_elicitation_sep1034_defaults(ctx: Bare) -> str:
    """Ask the person by a form that has defaults."""
    return f"Elicitation completed: {await _elicited(ctx, 'Who are you?', Defaults)}"


async def test_elicitation_sep1330_enums(ctx: Bare) -> str:
    """Ask the person by a form of choices."""
    return f"Elicitation completed: {await _elicited(ctx, 'Choose.', Choices)}"


# Questions as results, since 2026-07-28


def _answered(ctx: Bare, *keys: str) -> dict[str, Any] | None:
    """Return the answers of these keys, if all of them came."""
    answers = ctx.input_responses or {}
    return {key: answers[key] for key in keys} if all(key in answers for key in keys) else None


def test_input_required_result_elicitation(ctx: Bare) -> str | InputRequiredResult:
    """Ask for a name."""
    answers = _answered(ctx, "user_name")
    answer = answers["user_name"] if answers else None
    if not isinstance(answer, ElicitResult) or not (answer.content or {}).get("name"):
        return InputRequiredResult(
            input_requests={"user_name": form("What is your name?", name="string")}
        )
    return f"Hello, {answer.content['name']}!"


def test_input_required_result_sampling(ctx: Bare) -> str | InputRequiredResult:
    """Ask the client's model."""
    if answers := _answered(ctx, "capital_question"):
        return str(getattr(answers["capital_question"].content, "text", ""))
    asked = CreateMessageRequest(params=sample("What is the capital of France?"))
    return InputRequiredResult(input_requests={"capital_question": asked})


def test_input_required_result_list_roots(ctx: Bare) -> str | InputRequiredResult:
    """Ask for the client's roots."""
    if answers := _answered(ctx, "client_roots"):
        return ", ".join(str(root.uri) for root in answers["client_roots"].roots)
    return InputRequiredResult(input_requests={"client_roots": ListRootsRequest()})


def test_input_required_result_request_state(ctx: Bare) -> str | InputRequiredResult:
    """Ask for a confirmation, with a state."""
    if ctx.request_state == "asked" and _answered(ctx, "confirm"):
        return "state-ok"
    return InputRequiredResult(
        input_requests={"confirm": form("Please confirm", ok="boolean")}, request_state="asked"
    )


test_input_required_result_tampered_state = test_input_required_result_request_state


def test_input_required_result_multiple_inputs(ctx: Bare) -> str | InputRequiredResult:
    """Ask three things at once."""
    if ctx.request_state == "asked" and _answered(ctx, "user_name", "greeting", "client_roots"):
        return "All three came."
    return InputRequiredResult(
        input_requests={
            "user_name": form("What is your name?", name="string"),
            "greeting": CreateMessageRequest(params=sample("Generate a greeting", 50)),
            "client_roots": ListRootsRequest(),
        },
        request_state="asked",
    )


def test_input_required_result_multi_round(ctx: Bare) -> str | InputRequiredResult:
    """Ask one thing, then another."""
    if ctx.request_state == "second" and _answered(ctx, "step2"):
        return "Both came."
    if ctx.request_state == "first" and _answered(ctx, "step1"):
        color = form("Step 2: What is your favorite color?", color="string")
        return InputRequiredResult(input_requests={"step2": color}, request_state="second")
    name = form("Step 1: What is your name?", name="string")
    return InputRequiredResult(input_requests={"step1": name}, request_state="first")


def test_input_required_result_capabilities(ctx: Bare) -> str | InputRequiredResult:
    """Ask only what the client says it can answer."""
    if ctx.input_responses:
        return "Answered."
    able = ctx.client_capabilities or ClientCapabilities()
    asked: dict[str, Any] = {}
    if able.sampling is not None:
        asked["greeting"] = CreateMessageRequest(params=sample("Generate a greeting", 50))
    if able.elicitation is not None:
        asked["user_name"] = form("What is your name?", name="string")
    return InputRequiredResult(input_requests=asked) if asked else "There is nothing to ask."


def _sampled() -> Sample:
    return Sample(sample("Generate a greeting").messages, max_tokens=50)


def test_missing_capability(greeting: Annotated[Any, Resolve(_sampled)]) -> str:
    """Need the client's model."""
    return str(getattr(greeting.content, "text", ""))


# Prompts and resources


def test_simple_prompt() -> list[UserMessage]:
    """Say one thing."""
    return [UserMessage("This is a simple prompt for testing.")]


def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
    """Say what was given."""
    return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]


def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803
    """Say a resource."""
    said = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
    return [UserMessage(said), UserMessage("Please process the embedded resource above.")]


def test_prompt_with_image() -> list[UserMessage]:
    """Say an image."""
    return [UserMessage(image()), UserMessage("Please analyze the image above.")]


def test_input_required_result_prompt(ctx: Bare) -> list[UserMessage] | InputRequiredResult:
    """Ask for a context first."""
    if answers := _answered(ctx, "user_context"):
        return [UserMessage(f"In this context: {answers['user_context'].content}")]
    asked = form("What context should the prompt use?", context="string")
    return InputRequiredResult(input_requests={"user_context": asked})


PROMPTS = (
    test_simple_prompt,
    test_prompt_with_arguments,
    test_prompt_with_embedded_resource,
    test_prompt_with_image,
    test_input_required_result_prompt,
)


def add_fixtures(server: HealthSimServer) -> None:
    """Add all that the suite calls by name."""
    prompts = {prompt.__name__ for prompt in PROMPTS}
    for name, fixture in sorted(globals().items()):
        if name.startswith("test_") and name not in prompts:
            server.add_tool(fixture, name=name, structured_output=False)
    for prompt in PROMPTS:
        server.prompt()(prompt)
    server.resource("test://static-text", mime_type="text/plain")(_static_text)
    server.resource("test://static-binary", mime_type="image/png")(_static_binary)
    server.resource("test://watched-resource", mime_type="text/plain")(_static_text)
    server.resource("test://template/{id}/data", mime_type="application/json")(_template)
    server.answer("resources/subscribe", SubscribeRequestParams, _empty)
    server.answer("resources/unsubscribe", UnsubscribeRequestParams, _empty)
    server.answer("logging/setLevel", SetLevelRequestParams, _empty)


def _static_text() -> str:
    return "This is the content of the static text resource."


def _static_binary() -> bytes:
    return base64.b64decode(PIXEL)


def _template(id: str) -> str:
    return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


async def _empty(_: Any, __: Any) -> EmptyResult:
    return EmptyResult()
