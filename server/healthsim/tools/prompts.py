"""Prompts: ways to begin that a person chooses from a host's menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Annotated, NamedTuple

from mcp.server.mcpserver.prompts.base import Prompt, UserMessage
from pydantic import Field

from healthsim.tools.icons import icons
from healthsim.tools.server import HealthSimServer

Scenario = Annotated[str, Field(description="Name of a saved scenario.")]


def build_population(
    wish: Annotated[str, Field(description="Who, how many, and what happens to them.")],
    template: Annotated[str, Field(description="A template to start from.")] = "",
) -> list[UserMessage]:
    """Build a population from a request, show it, run it and save it."""
    start = f"the template {template!r}" if template else "the template that fits best"
    return [
        UserMessage(
            "Use the HealthSim tools. Build a synthetic population for this request: "
            f"{wish}\nStart with start_profile_builder from {start} (and start_journey_builder "
            "where something should happen to the people). Tell me what you understood and what "
            "you did not, ask what is still open, show me the card with get_spec and the numbers "
            "with preview_spec, and run and save it only when I agree."
        )
    ]


def continue_draft(
    spec_id: Annotated[str, Field(description="Handle of a draft.")],
    wish: Annotated[str, Field(description="What to change, if anything.")] = "",
) -> list[UserMessage]:
    """Go on with a draft: see what is agreed, change it, and make it."""
    change = f"Change this with refine_spec: {wish}\n" if wish else ""
    return [
        UserMessage(
            f"Use the HealthSim tools. Show me the draft {spec_id!r} with get_spec. {change}Ask "
            "what is still open, show me the numbers with preview_spec, and run and save it only "
            "when I agree."
        )
    ]


def ask_scenario(
    scenario: Scenario,
    question: Annotated[str, Field(description="What you want to know.")],
) -> list[UserMessage]:
    """Answer a question from a saved scenario, in numbers, with the query that gave them."""
    return [
        UserMessage(
            f"Use the HealthSim tools. Look at the scenario {scenario!r} with describe_scenario, "
            f"answer this question with query_scenario, and show the SQL: {question}"
        )
    ]


def check_scenario(scenario: Scenario) -> list[UserMessage]:
    """Check a saved scenario: is everything linked, and is it what was requested?"""
    return [
        UserMessage(
            f"Use audit_scenario on {scenario!r}. Say in plain words what was checked, whether "
            "the data is whole, and where asked and got differ by more than chance."
        )
    ]


def compare_two(
    scenario: Scenario,
    other: Annotated[str, Field(description="Name of another saved scenario.")],
) -> list[UserMessage]:
    """Compare two saved scenarios: what differs, for whom, and in money."""
    return [
        UserMessage(
            f"Use compare_scenarios on {scenario!r} and {other!r}. Say in plain words what differs "
            "between their specifications, whom it affects, and what follows in rows and money."
        )
    ]


def explain_topic(
    topic: Annotated[str, Field(description="A guide, such as build-profile.")],
) -> list[UserMessage]:
    """Explain how something is done here."""
    return [
        UserMessage(
            f"Read the HealthSim guide {topic!r} with get_guide and explain it to me in plain "
            "words, with one example that I could ask for."
        )
    ]


class _Prompt(NamedTuple):
    ask: Callable[..., list[UserMessage]]
    title: str
    icon: str


PROMPTS = (
    _Prompt(build_population, "Build a population", "people"),
    _Prompt(continue_draft, "Go on with a draft", "change"),
    _Prompt(ask_scenario, "Ask a scenario", "question"),
    _Prompt(check_scenario, "Check a scenario", "check"),
    _Prompt(compare_two, "Compare two scenarios", "compare"),
    _Prompt(explain_topic, "Explain a topic", "guide"),
)


def add_prompts(server: HealthSimServer) -> None:
    """Offer the ways to begin that need no tool that is not offered."""
    for one in PROMPTS:
        said = one.ask(*("…" for _ in signature(one.ask).parameters))
        if not server.offer.names_missing(str(said)):
            server.add_prompt(_made(one))


@cache
def _made(one: _Prompt) -> Prompt:
    """Return a prompt as the SDK offers it: it is the same in every server of a process."""
    return Prompt.from_function(
        one.ask, title=one.title, description=one.ask.__doc__, icons=list(icons(one.icon))
    )
