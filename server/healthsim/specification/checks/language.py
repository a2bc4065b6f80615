"""What is wrong with hazards, stages, protocols, tables, changes and stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import get_args

from healthsim.codes.drugs import drugs
from healthsim.errors import Problem, near
from healthsim.specification.checks.names import (
    BUILT_IN_KINDS,
    Names,
    number_problems,
    share_problems,
    unknown_problems,
)
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys import events
from healthsim.specification.journeys.branches import Branch, WeightTable
from healthsim.specification.journeys.changes import Change, Stop
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.repeats import Protocol, Repeat
from healthsim.specification.journeys.stages import Stages
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import NUMBER, Kind

_MOST_PERIODS = 600  # weeks of over eleven years; each is stored for everyone of a chunk
_STOPPABLE = tuple(model for model in events.EVENTS if model.stoppable)
_STOPPABLE_TYPES = " or ".join(
    str(get_args(model.model_fields["type"].annotation)[0]) for model in _STOPPABLE
)


def stage_kinds(journeys: Sequence[JourneySpec]) -> dict[str, Kind]:
    """Return the names that `stages` steps define: their ids, and `stage` where there is one."""
    kinds: dict[str, Kind] = {
        step.id: tuple(stage.name for stage in step.stages)
        for journey in journeys
        for _, step in journey.steps()
        if isinstance(step, Stages)
    }
    return kinds | ({"stage": next(iter(kinds.values()))} if len(kinds) == 1 else {})


def step_names(step: StepHead) -> Iterator[str]:
    """Yield the names by which conditions can refer to a step and to what is laid out from it."""
    yield step.id
    if isinstance(step, Stages):
        yield from (stage.name for stage in step.stages)
    if isinstance(step, Protocol) and step.unscheduled is not None:
        yield step.unscheduled.id


def hazard_figures(step: StepHead) -> Iterator[tuple[str, Distribution]]:
    """Yield (path, distribution) of a step's hazards, stays, delays and start."""
    for path, hazard in step.hazards():
        for name in ("share", "per_year"):
            figure = getattr(hazard, name)
            if figure is not None:
                yield f"{path}.{name}", figure
    if isinstance(step, Stages):
        yield "start", step.start
        for place, stage in enumerate(step.stages):
            if stage.stays is not None:
                yield f"stages[{place}].stays", stage.stays.distribution
    if isinstance(step, Repeat | Protocol) and step.delay is not None:
        yield "delay.days", step.delay.days


def language_problems(
    step: StepHead, journey: JourneySpec, names: Names, here: str
) -> Iterator[Problem]:
    """Yield what is wrong with a step's hazards, stages, protocol, table, change or stop."""
    for path, figure in hazard_figures(step):
        high = 1 if path.endswith("share") else None
        if path != "start":
            yield from number_problems(f"{here}.{path}", figure, 0, high)
    if isinstance(step, Stages):
        yield from _stages(step, journey, here)
    elif isinstance(step, Branch) and step.table is not None:
        yield from _table(step.table, names, f"{here}.table")
    elif isinstance(step, Protocol):
        for place, visit in enumerate(step.visits):
            yield from share_problems(f"{here}.visits[{place}].missed", visit.missed)
            yield from share_problems(f"{here}.visits[{place}].outside", visit.outside)
    elif isinstance(step, Change):
        yield from _change(step, journey, here)
    elif isinstance(step, Stop):
        yield from _stop(step, journey, f"{here}.of")


def _change(step: Change, journey: JourneySpec, here: str) -> Iterator[Problem]:
    """Refuse an unknown drug, and noise with so many periods that they would fill the memory."""
    where, ingredients = f"{here}.while_taking", drugs().ingredients
    yield from unknown_problems(where, "ingredient", step.while_taking, ingredients)
    noise = step.noise
    if noise is not None and journey.duration_days > noise.every_days * _MOST_PERIODS:
        yield Problem(
            f"{here}.noise.every_days",
            f"makes over {_MOST_PERIODS} periods in {journey.duration_days} days",
            f"raise it to {ceil(journey.duration_days / _MOST_PERIODS)} or more",
        )


def _stages(step: Stages, journey: JourneySpec, here: str) -> Iterator[Problem]:
    if step.id in BUILT_IN_KINDS or step.id in journey.state or step.id == "stage":
        yield Problem(
            f"{here}.id",
            f"{step.id!r} is a built-in name or a state",
            "rename it: in conditions it is the stage that a person is in",
        )
    names = tuple(stage.name for stage in step.stages)
    if step.start.kind != "text":
        yield Problem(f"{here}.start", "gives numbers", f"name one of {', '.join(names)}")
        return
    for label in step.start.labels:
        yield from unknown_problems(f"{here}.start", "stage", label, names)
    entered = {move.to for stage in step.stages for move in stage.moves} | set(step.start.labels)
    for place, name in enumerate(names):
        if name not in entered:
            found = f"no move leads to stage {name!r}, and nobody starts in it"
            yield Problem(f"{here}.stages[{place}]", found, "add a move to it, or remove it")


def _table(table: WeightTable, names: Names, here: str) -> Iterator[Problem]:
    for place, row in enumerate(table.rows):
        for name, value in row.when.items():
            where = f"{here}.rows[{place}].when.{name}"
            if name not in names.kinds:
                yield Problem(where, f"{name!r} is not a known name", near(name, names.kinds))
                continue
            kind = names.kinds[name]
            is_range = not isinstance(value, str) and not isinstance(value[0], str)
            if kind is NUMBER and not is_range:
                yield Problem(where, f"{name!r} is a number", "give [low, high]")
            elif isinstance(kind, tuple) and is_range:
                yield Problem(where, f"{name!r} is text", "give a text or a list of texts")
            elif isinstance(kind, tuple):
                for text in (value,) if isinstance(value, str) else value:
                    if text not in kind:
                        found = f"{text!r} is not a value of {name}"
                        yield Problem(where, found, near(str(text), kind))


def _stop(step: Stop, journey: JourneySpec, where: str) -> Iterator[Problem]:
    name = step.of.rsplit("/", 1)[-1].partition("#")[0]
    steps = [other for _, other in journey.steps()]
    named = next((other for other in steps if other.id == name), None)
    if named is None:
        ids = [other.id for other in steps if isinstance(other, _STOPPABLE)]
        yield Problem(where, f"no step {step.of!r}", near(name, ids))
    elif not isinstance(named, _STOPPABLE):
        yield Problem(
            where,
            f"step {step.of!r} starts nothing that could end",
            f"name a step of type {_STOPPABLE_TYPES}",
        )
