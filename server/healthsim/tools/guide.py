"""Help: guides, the language by part and what is built, as a tool and as resources; prompts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Annotated

from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.server.mcpserver.resources import FunctionResource
from mcp.types import CallToolResult
from pydantic import Field

from healthsim import capabilities
from healthsim.errors import NotFound, near
from healthsim.tools.answers import GuideText, reply
from healthsim.tools.server import HealthSimServer
from healthsim.tools.skills import Skill, skills

LONGEST = 6_000
"""Characters of one guide; a test holds every file of `skills/` below it."""

FRONT_DOOR = "healthsim"
_PART_OF_LANGUAGE = re.compile(r"schemas?\s*[:/\-_ ]\s*(\S.*)", re.IGNORECASE)


def get_guide(
    topic: Annotated[
        str, Field(description='build-journey, "schema: lab", capabilities; empty: the front door.')
    ] = "",
) -> Annotated[CallToolResult, GuideText]:
    """Read how to do something here, what is built, or the keys of one part of the schema."""
    name = " ".join(topic.split()) or FRONT_DOOR
    return reply(GuideText(topic=name, text=_text(name)))


def topics() -> dict[str, str]:
    """Return every topic and what it is about."""
    listed: dict[str, str] = {}
    for skill in skills():
        listed |= {_topic(skill, path): _about(skill, path) for path in skill.files}
    return listed | {
        "schema": 'the language of specifications: "schema: lab" is one part',
        "capabilities": "all that is built, and all that is not",
    }


def _topic(skill: Skill, path: str) -> str:
    """Return the topic of a file: `build-journey/steps` of `references/steps.md`."""
    if path == "SKILL.md":
        return skill.name
    return f"{skill.name}/{path.removeprefix('references/').removesuffix('.md')}"


def _about(skill: Skill, path: str) -> str:
    """Return what a file is about: its heading, without what the skill is for."""
    if path == "SKILL.md":
        return skill.description
    return skill.files[path].decode().partition("\n")[0].lstrip("# ")


def _text(name: str) -> str:
    if asked := _PART_OF_LANGUAGE.fullmatch(name):
        from healthsim.operations import language  # noqa: PLC0415  the models are heavy

        return language.page(asked[1])
    if name == "schema":
        from healthsim.operations import language  # noqa: PLC0415  the models are heavy

        return language.index()
    if name == "capabilities":
        return _capabilities()
    wanted = name.replace("/references/", "/").removesuffix(".md")
    for skill in skills():
        for path, data in skill.files.items():
            if wanted == _topic(skill, path):
                return skill.body if path == "SKILL.md" else data.decode()
    raise NotFound("topic", f"there is no guide {name[:80]!r}", _alike(name[:80], topics()))


def _capabilities() -> str:
    """Return what is built and what is not, in names; `look_up` says more of each."""
    names: dict[str, list[str]] = {"yes": [], "partly": [], "no": []}
    for one in capabilities.table().values():
        names[one.built].append(one.name)
    return (
        'look_up ("can I get FHIR?") says of each where it is built, or what is nearest.\n\n'
        f"Not built: {'; '.join(names['no'])}.\n\nPartly: {'; '.join(names['partly'])}.\n\n"
        f"Built, among others: {'; '.join(names['yes'])}."
    )


def _alike(name: str, about_topics: Mapping[str, str]) -> str:
    """Suggest what is not built, topics of a similar name, else those that share a word."""
    if missing := capabilities.not_built(name):
        return missing
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
