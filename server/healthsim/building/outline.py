"""The steps of a journey as an indented list, below the steps that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from healthsim.building import sentences
from healthsim.building.phrases import line, objects, say

MOST = 150
"""Lines of one journey."""

_MOST_NAMED = 40  # steps that are named where they are not shown

Lines = Iterator[tuple[str, str]]


def outline(
    journey: Mapping[str, Any], said: frozenset[int] = frozenset()
) -> list[tuple[str, str]]:
    """Return (indent, sentence) of every step, in document order, parts last.

    The form is that of a draft, before its parts are copied in.

    Args:
        journey: a journey of a draft.
        said: the `id()` of the steps in which a person settled something; they are marked.
    """
    lines = list(islice(_Outline(said).of_journey(journey), MOST + 1))
    if len(lines) <= MOST:
        return lines
    return [*lines[:MOST], ("", _more(journey, lines[:MOST]))]


def _more(journey: Mapping[str, Any], lines: list[tuple[str, str]]) -> str:
    """Say how to see the steps for which there is no room, and which they are."""
    shown = [sentence for indent, sentence in lines if not indent]
    ids = [str(step.get("id")) for phase in objects(journey.get("phases"))
           for step in objects(phase.get("steps"))]  # fmt: skip
    left = [line(name) for name in ids if not any(one.startswith(f"{name}:") for one in shown)]
    where = f"journeys[{line(journey.get('name'))}]"
    if not left:
        return f"… more: get_spec with section {where}.parts"
    named = f"{', '.join(left[:_MOST_NAMED])}{', …' if len(left) > _MOST_NAMED else ''}"
    return f"… more: get_spec with section {where}.steps[{left[0]}]; not shown are {named}"


@dataclass(frozen=True, slots=True)
class _Outline:
    said: frozenset[int]

    def of_journey(self, journey: Mapping[str, Any]) -> Lines:
        for phase in objects(journey.get("phases")):
            yield from self.steps(phase.get("steps"), 0)
        parts = journey.get("parts")
        for name, part in parts.items() if isinstance(parts, Mapping) else ():
            if isinstance(part, Mapping):
                yield "", f"part {line(name)}{_parameters(part.get('parameters'))}:"
                yield from self.steps(part.get("steps"), 1)

    def steps(self, steps: Any, depth: int) -> Lines:
        for step in objects(steps):
            mark = " (said)" if id(step) in self.said else ""
            yield "  " * depth, f"{sentences.sentence(step)}{mark}"
            yield from self.inside(step, depth + 1)

    def inside(self, step: Mapping[str, Any], depth: int) -> Lines:
        """Yield what a step holds: table rows, options, visits, stages, delays and steps."""
        yield from self.options(step, depth)
        for visit in objects(step.get("visits")):
            yield "  " * depth, sentences.visit(visit)
            yield from self.steps(visit.get("steps"), depth + 1)
        for stage in objects(step.get("stages")):
            yield "  " * depth, sentences.stage(stage)
            yield from self.steps(stage.get("steps"), depth + 1)
        yield from self.steps(step.get("with"), depth)
        yield from self.steps(step.get("steps"), depth)
        delay, between = step.get("delay"), step.get("unscheduled")
        if isinstance(delay, Mapping):
            title = "on each day on which it is put off:"
            yield from self.titled(title, delay.get("steps"), depth)
        if isinstance(between, Mapping):
            yield "  " * depth, sentences.unscheduled(between)
            yield from self.steps(between.get("steps"), depth + 1)
        yield from self.titled("when the limit passes:", step.get("otherwise"), depth)
        yield from self.titled("to the newborn:", step.get("newborn"), depth)

    def options(self, step: Mapping[str, Any], depth: int) -> Lines:
        table = step.get("table")
        for row in objects(table.get("rows")) if isinstance(table, Mapping) else ():
            yield "  " * depth, sentences.row(row)
        for option in objects(step.get("options")):
            yield from self.titled(f"{say(option.get('name'))}:", option.get("steps"), depth)

    def titled(self, title: str, steps: Any, depth: int) -> Lines:
        """Yield steps below a title; nothing where there are none."""
        if objects(steps):
            yield "  " * depth, title
            yield from self.steps(steps, depth + 1)


def _parameters(values: Any) -> str:
    if not isinstance(values, Mapping) or not values:
        return ""
    return f" ({', '.join(f'{line(key)} {say(value)}' for key, value in values.items())})"
