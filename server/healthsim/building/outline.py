"""The steps of a journey as an indented list, below the steps that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from healthsim.building import sentences
from healthsim.building.phrases import line, objects, say

MOST = 150
"""Lines of one journey."""

Lines = Iterator[tuple[str, str]]


def outline(journey: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (indent, sentence) of every step, in document order, parts last.

    The form is that of a draft, before its parts are copied in.
    """
    lines = list(islice(_lines(journey), MOST + 1))
    if len(lines) <= MOST:
        return lines
    return [*lines[:MOST], ("", "… (more steps: look at journey.phases)")]


def _lines(journey: Mapping[str, Any]) -> Lines:
    for phase in objects(journey.get("phases")):
        yield from _steps(phase.get("steps"), 0)
    parts = journey.get("parts")
    for name, part in parts.items() if isinstance(parts, Mapping) else ():
        if isinstance(part, Mapping):
            yield "", f"part {line(name)}{_parameters(part.get('parameters'))}:"
            yield from _steps(part.get("steps"), 1)


def _parameters(values: Any) -> str:
    if not isinstance(values, Mapping) or not values:
        return ""
    return f" ({', '.join(f'{line(key)} {say(value)}' for key, value in values.items())})"


def _steps(steps: Any, depth: int) -> Lines:
    for step in objects(steps):
        yield "  " * depth, sentences.sentence(step)
        yield from _inside(step, depth + 1)


def _inside(step: Mapping[str, Any], depth: int) -> Lines:
    """Yield what a step holds: table rows, options, visits, stages, delays and steps."""
    yield from _options(step, depth)
    for visit in objects(step.get("visits")):
        yield "  " * depth, sentences.visit(visit)
        yield from _steps(visit.get("steps"), depth + 1)
    for stage in objects(step.get("stages")):
        yield "  " * depth, sentences.stage(stage)
        yield from _steps(stage.get("steps"), depth + 1)
    yield from _steps(step.get("with"), depth)
    yield from _steps(step.get("steps"), depth)
    delay, between = step.get("delay"), step.get("unscheduled")
    if isinstance(delay, Mapping):
        yield from _titled("on each day on which it is put off:", delay.get("steps"), depth)
    if isinstance(between, Mapping):
        yield "  " * depth, sentences.unscheduled(between)
        yield from _steps(between.get("steps"), depth + 1)
    yield from _titled("when the limit passes:", step.get("otherwise"), depth)
    yield from _titled("to the newborn:", step.get("newborn"), depth)


def _options(step: Mapping[str, Any], depth: int) -> Lines:
    table = step.get("table")
    for row in objects(table.get("rows")) if isinstance(table, Mapping) else ():
        yield "  " * depth, sentences.row(row)
    for option in objects(step.get("options")):
        yield from _titled(f"{say(option.get('name'))}:", option.get("steps"), depth)


def _titled(title: str, steps: Any, depth: int) -> Lines:
    """Yield steps below a title; nothing where there are none."""
    if objects(steps):
        yield "  " * depth, title
        yield from _steps(steps, depth + 1)
