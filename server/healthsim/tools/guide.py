"""Help: guides, the language by part, and what is built, as a tool."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from healthsim import capabilities
from healthsim.errors import NotFound, near
from healthsim.tools.answers import GuideText, reply
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
    return reply(GuideText(topic=name, text=text(name)))


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


def text(name: str) -> str:
    """Return the guide of a topic.

    Raises:
        NotFound: there is none; the error suggests others.
    """
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
        'look_up ("can I get an 837?") says of each where it is built, or what is nearest.\n\n'
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
