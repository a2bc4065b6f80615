"""What is wrong with hazards, stages, protocols, tables, changes and stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from healthsim.codes.drugs import drugs
from healthsim.errors import Problem, near
from healthsim.specification.checks.names import BUILT_IN_KINDS, Names, number_problems
from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys import events
from healthsim.specification.journeys.branches import Branch, WeightTable
from healthsim.specification.journeys.changes import Change, Stop
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.repeats import Protocol, Repeat
from healthsim.specification.journeys.stages import Stages
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import NUMBER, Kind

_MOST_PERIODS = 600  # weeks of over eleven years; each is kept for everyone of a chunk
_STOPPED = (events.Prescription, events.Diagnosis, events.CarePlan)


def stage_kinds(journeys: Sequence[JourneySpec]) -> dict[str, Kind]:
    """Return the names that lifecycles give: each step's id, and `stage` where there is one."""
    found: dict[str, Kind] = {
        step.id: tuple(stage.name for stage in step.stages)
        for one in journeys
        for _, step in one.steps()
        if isinstance(step, Stages)
    }
    return found | ({"stage": next(iter(found.values()))} if len(found) == 1 else {})


def names_told(step: StepHead) -> Iterator[str]:
    """Yield the names by which a step, and what is laid out from it, can be asked about."""
    yield step.id
    if isinstance(step, Stages):
        yield from (stage.name for stage in step.stages)
    if isinstance(step, Protocol) and step.unscheduled is not None:
        yield step.unscheduled.id


def hazard_figures(step: StepHead) -> Iterator[tuple[str, Distribution]]:
    """Yield every distribution of a step's hazards, stays, delays and start, with its path."""
    for path, hazard in step.risks():
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
    """Yield what is wrong with what a step says of risk, stages, cycles, tables and changes."""
    yield from _figures(step, here)
    if isinstance(step, Stages):
        yield from _stages(step, journey, here)
    elif isinstance(step, Branch) and step.table is not None:
        yield from _table(step.table, names, here)
    elif isinstance(step, Protocol):
        for place, visit in enumerate(step.visits):
            for name in ("missed", "outside"):
                if (share := getattr(visit, name)) is not None:
                    yield from number_problems(f"{here}.visits[{place}].{name}", share, 0, 1)
    elif isinstance(step, Change):
        yield from _change(step, journey, here)
    elif isinstance(step, Stop):
        yield from _stop(step, journey, here)


def _change(step: Change, journey: JourneySpec, here: str) -> Iterator[Problem]:
    """Refuse an unknown drug, and noise of so many periods that they would fill the memory."""
    taken, noise = step.while_taking, step.noise
    if taken is not None and taken not in drugs().ingredients:
        yield Problem(
            f"{here}.while_taking",
            f"unknown ingredient {taken!r}",
            near(taken, drugs().ingredients),
        )
    if noise is not None and journey.duration_days > noise.every_days * _MOST_PERIODS:
        yield Problem(
            f"{here}.noise.every_days",
            f"makes over {_MOST_PERIODS} periods in {journey.duration_days} days",
            f"raise it to {ceil(journey.duration_days / _MOST_PERIODS)} or more",
        )


def _figures(step: StepHead, here: str) -> Iterator[Problem]:
    for path, figure in hazard_figures(step):
        if path.endswith("share"):
            yield from number_problems(f"{here}.{path}", figure, 0, 1)
        elif path != "start":
            yield from number_problems(f"{here}.{path}", figure, 0)


def _stages(step: Stages, journey: JourneySpec, here: str) -> Iterator[Problem]:
    if step.id in BUILT_IN_KINDS or step.id in journey.state or step.id == "stage":
        yield Problem(
            f"{here}.id",
            f"{step.id!r} is a name of the language or a state already",
            "rename it: in conditions it stands for the stage that a person is in",
        )
    names = tuple(stage.name for stage in step.stages)
    if step.start.kind != "text":
        yield Problem(f"{here}.start", "gives numbers", f"name one of {', '.join(names)}")
        return
    for label in step.start.labels:
        if label not in names:
            yield Problem(f"{here}.start", f"unknown stage {label!r}", near(label, names))
    entered = {move.to for stage in step.stages for move in stage.moves} | set(step.start.labels)
    for place, stage in enumerate(step.stages):
        if stage.name not in entered:
            yield Problem(
                f"{here}.stages[{place}]",
                f"no move leads to stage {stage.name!r}, and nobody starts in it",
                "add a move to it, or remove it",
            )


def _table(table: WeightTable, names: Names, here: str) -> Iterator[Problem]:
    for place, row in enumerate(table.rows):
        for name, wanted in row.when.items():
            where = f"{here}.table.rows[{place}].when.{name}"
            if name not in names.kinds:
                yield Problem(where, f"{name!r} is not a known name", near(name, names.kinds))
                continue
            kind = names.kinds[name]
            ranged = not isinstance(wanted, str) and not isinstance(wanted[0], str)
            if kind is NUMBER and not ranged:
                yield Problem(where, f"{name!r} is a number", "give [low, high]")
            elif isinstance(kind, tuple):
                if ranged:
                    yield Problem(where, f"{name!r} is text", "give a text or a list of texts")
                    continue
                for text in (wanted,) if isinstance(wanted, str) else wanted:
                    if text not in kind:
                        yield Problem(where, f"{text!r} is not a value of {name}",
                                      near(str(text), kind))  # fmt: skip


def _stop(step: Stop, journey: JourneySpec, here: str) -> Iterator[Problem]:
    last = step.of.rsplit("/", 1)[-1].partition("#")[0]
    named = [one for _, one in journey.steps() if one.id == last]
    if not named:
        ids = [one.id for _, one in journey.steps() if isinstance(one, _STOPPED)]
        yield Problem(f"{here}.of", f"no step {step.of!r}", near(last, ids))
    elif not isinstance(named[0], _STOPPED):
        yield Problem(
            f"{here}.of",
            f"step {step.of!r} starts nothing that could end",
            "name a prescription, a diagnosis or a care_plan",
        )
