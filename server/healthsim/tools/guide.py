"""Help: skills and schemas as a tool, as resources, and the prompts of the + menu."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated

from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.resources import FunctionResource
from mcp.types import CallToolResult
from pydantic import Field

from healthsim.errors import NotFound, near
from healthsim.tools.answers import GuideText, reply
from healthsim.tools.server import HealthSimServer
from healthsim.tools.skills import skills

LONGEST = 24_000
"""Characters of one answer of `get_guide`; longer guides come in parts."""

SCHEMAS = ("schema-profile", "schema-journey")


def get_guide(
    topic: Annotated[
        str,
        Field(description="A topic; empty lists them. Topic#2 is the second part."),
    ] = "",
) -> Annotated[CallToolResult, GuideText]:
    """Read how to do something here: the skills, and the full schema of a profile or journey.

    Ask for the schema before writing a long specification by hand.
    """
    about_topics = topics()
    if not topic:
        listed = "\n".join(f"- {name}: {about}" for name, about in about_topics.items())
        return reply(GuideText(topic="topics", text=listed))
    name, _, part = topic.strip().partition("#")
    text = _text(name.strip())
    number = int(part) if re.fullmatch(r"[1-9][0-9]{0,5}", part) else 0 if part else 1
    if not number:
        raise NotFound("topic", f"{name!r} has no part {part[:40]!r}", f"ask for {name!r}")
    piece = text[(number - 1) * LONGEST : number * LONGEST]
    if not piece:
        raise NotFound("topic", f"{name!r} has no part {number}", f"ask for {name!r}")
    if len(text) > number * LONGEST:
        piece += f"\n\n(continues: get_guide topic {name}#{number + 1})"
    return reply(GuideText(topic=topic, text=piece))


def topics() -> dict[str, str]:
    """Return every topic and what it is about."""
    listed = {skill.name: skill.description for skill in skills()}
    listed |= {
        f"{skill.name}/{path}": f"detail of {skill.name}"
        for skill in skills()
        for path in skill.files
        if path != "SKILL.md"
    }
    return listed | {
        "schema-profile": "JSON schema of a profile: who the people are",
        "schema-journey": "JSON schema of a journey: what happens to them",
    }


def _text(name: str) -> str:
    if name in SCHEMAS:
        return schema(name.removeprefix("schema-"))
    for skill in skills():
        if name == skill.name:
            return skill.body
        if name.startswith(f"{skill.name}/") and name.split("/", 1)[1] in skill.files:
            return skill.files[name.split("/", 1)[1]].decode()
    about_topics = topics()
    raise NotFound("topic", f"there is no guide {name[:80]!r}", _alike(name[:80], about_topics))


def _alike(name: str, about_topics: Mapping[str, str]) -> str:
    """Suggest topics of a similar name, else those whose name or description has its words."""
    stems = {word[:6] for word in re.findall(r"[a-z0-9]{3,}", name.lower())}
    similar = [
        topic for topic, about in about_topics.items()
        if any(stem in f"{topic} {about}".lower() for stem in stems)
    ]  # fmt: skip
    mend = near(name, about_topics)
    if mend.startswith("known") and similar:
        return f"perhaps {' or '.join(repr(topic) for topic in similar[:3])}"
    return mend


def schema(kind: str) -> str:
    """Return the JSON schema of a kind of specification, compact."""
    # Heavy: numpy comes with the distributions, and tools/list must not wait for it
    from healthsim.specification.journeys.journey import JourneySpec  # noqa: PLC0415
    from healthsim.specification.profiles.profile import ProfileSpec  # noqa: PLC0415

    model = ProfileSpec if kind == "profile" else JourneySpec
    return json.dumps(model.model_json_schema(by_alias=True), separators=(",", ":"))


def add_resources(server: HealthSimServer) -> None:
    """Offer the schemas as resources; skills come with their own extension."""
    for kind in ("profile", "journey"):
        server.add_resource(
            FunctionResource(
                uri=f"healthsim://schema/{kind}",
                name=f"schema-{kind}",
                title=f"Schema of a {kind}",
                description=f"JSON schema of a {kind} specification.",
                mime_type="application/schema+json",
                fn=_schema_of(kind),
            )
        )


def _schema_of(kind: str) -> Callable[[], str]:
    return lambda: schema(kind)


def build_population(wish: str) -> list[UserMessage]:
    """Build a population from a request, show it, run it and save it."""
    return [
        UserMessage(
            "Use the HealthSim tools. Build a synthetic population for this request: "
            f"{wish}\nStart with start_profile_builder (and start_journey_builder where something "
            "should happen to the people). Tell me what you understood and what you did not, ask "
            "what is still open, show me the card with get_spec and the numbers with "
            "preview_spec, and run and save it only when I agree."
        )
    ]


def ask_scenario(scenario: str, question: str) -> list[UserMessage]:
    """Answer a question from a saved scenario, in numbers, with the query that gave them."""
    return [
        UserMessage(
            f"Use the HealthSim tools. Look at the scenario {scenario!r} with describe_scenario, "
            f"answer this question with query_scenario, and show the SQL: {question}"
        )
    ]


def check_scenario(scenario: str) -> list[UserMessage]:
    """Check a saved scenario: is everything linked, and is it what was requested?"""
    return [
        UserMessage(
            f"Use audit_scenario on {scenario!r}. Say in plain words what was checked, whether "
            "the data is whole, and where asked and got differ by more than chance."
        )
    ]


def add_prompts(server: HealthSimServer) -> None:
    """Offer three ways to begin."""
    for prompt in (build_population, ask_scenario, check_scenario):
        title = prompt.__name__.replace("_", " ").capitalize()
        server.prompt(title=title, description=prompt.__doc__)(prompt)
