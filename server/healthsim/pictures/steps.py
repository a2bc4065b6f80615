"""The steps of a journey as the boxes of a diagram, folded until they are not too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from healthsim.pictures.words import counted, short
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import Change, End, Stop
from healthsim.specification.journeys.events import Birth
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit, Repeat
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.specification.journeys.step import EventHead, StepHead

MOST = 40
"""Boxes of one diagram."""

_DEEPEST = 7  # boxes in each other that a narrow page has room for
_HOLDERS = (Repeat, Protocol, Stages)  # no event is stored under their ids


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the diagram.

    Attributes:
        step: id of the step, as `events.step` has it; empty for a phase.
        option: the option of a branch; empty where it is not one.
        kind: what it is, in a word: phase, event, branch, option, repeat, stage, end.
        depth: how deep it is inside others.
        alternative: people take it or one of its neighbours.
        of_child: it happens to those who are born.
        inside: ids under which its events are stored: its own, or those of what it holds.
        detail: what is said beside its name.
        folded: boxes inside that are not shown.
    """

    step: str
    name: str
    kind: str
    depth: int
    option: str = ""
    alternative: bool = False
    of_child: bool = False
    inside: tuple[str, ...] = ()
    detail: str = ""
    folded: int = 0
    inner: Sequence[Box] = field(default=())


def boxes_of(journey: JourneySpec) -> list[Box]:
    """Return the boxes of a journey, in document order, and no more than fit one diagram."""
    phases = [_phase(phase.name, phase.steps) for phase in journey.phases]
    deepest = max((box.depth for phase in phases for box in _all(phase)), default=0)
    for depth in range(min(deepest, _DEEPEST), 0, -1):
        folded = [_folded(phase, depth) for phase in phases]
        boxes = [box for phase in folded for box in _all(phase)]
        if len(boxes) <= MOST:
            return boxes
    left = len(boxes) - MOST
    more = Box("", f"and {counted(left + 1, 'more box', 'more boxes')} that are not shown", "more",
               0, folded=left + 1)  # fmt: skip
    return [*boxes[: MOST - 1], more]


def _all(box: Box) -> Iterator[Box]:
    yield box
    for inner in box.inner:
        yield from _all(inner)


def _folded(box: Box, depth: int) -> Box:
    """Return a box without those deeper than `depth`; it says how many it had."""
    if box.depth < depth:
        return replace(box, inner=[_folded(inner, depth) for inner in box.inner])
    hidden = sum(1 for _ in _all(box)) - 1
    return replace(box, inner=(), folded=box.folded + hidden)


def _phase(name: str, steps: Sequence[StepHead]) -> Box:
    inner = list(_boxes(steps, 1, of_child=False))
    return Box("", name, "phase", 0, inside=_ids(steps), inner=inner)


def _boxes(steps: Sequence[StepHead], depth: int, *, of_child: bool) -> Iterator[Box]:
    for step in steps:
        if not isinstance(step, Change):  # it changes a state, which nobody sees
            yield _box(step, depth, of_child)


def _box(step: StepHead, depth: int, of_child: bool) -> Box:
    box = Box(step.id, step.id.replace("_", " "), _kind(step), depth, of_child=of_child,
              inside=_ids([step]) if isinstance(step, _HOLDERS) else (step.id,),
              detail=_detail(step))  # fmt: skip
    if isinstance(step, Branch):
        return replace(box, inner=[
            Box(step.id, option.name, "option", depth + 1, option=option.name, alternative=True,
                of_child=of_child, inside=(step.id,),
                inner=list(_boxes(option.steps, depth + 2, of_child=of_child)))
            for option in step.options])  # fmt: skip
    if isinstance(step, Stages):
        return replace(box, inner=[
            Box(stage.name, stage.name, "stage", depth + 1, alternative=True, of_child=of_child,
                inside=(stage.name,),
                inner=list(_boxes(stage.steps, depth + 2, of_child=of_child)))
            for stage in step.stages])  # fmt: skip
    if isinstance(step, Birth):
        return replace(box, inner=[*_boxes(step.with_, depth + 1, of_child=of_child),
                                   *_boxes(step.newborn, depth + 1, of_child=True)])  # fmt: skip
    if isinstance(step, EventHead):
        return replace(box, folded=sum(1 for _ in _steps(step.with_)))
    inner = [
        one for _, steps in step.inner() for one in _boxes(steps, depth + 1, of_child=of_child)
    ]
    return replace(box, inner=inner)


def _kind(step: StepHead) -> str:
    kinds: tuple[tuple[type[StepHead], str], ...] = (
        (Branch, "branch"), (Repeat, "repeat"), (Protocol, "repeat"), (ProtocolVisit, "event"),
        (Stages, "stages"), (Wait, "wait"), (End, "end"), (Stop, "end"),
    )  # fmt: skip
    return next((word for model, word in kinds if isinstance(step, model)), "event")


def _detail(step: StepHead) -> str:
    """Say what a step is, beside its name."""
    if isinstance(step, Repeat):
        return f"up to {step.times} times" if step.times else "until a condition holds"
    if isinstance(step, Protocol):
        return f"{step.cycles} cycles of {step.cycle_days} days"
    if isinstance(step, End):
        return f"end of the {step.scope}"
    if isinstance(step, EventHead):
        return short(str(getattr(step, "type", "")).replace("_", " "), 24)
    return {"Branch": "branch", "Stages": "stages", "Wait": "wait"}.get(type(step).__name__, "")


def _ids(steps: Sequence[StepHead]) -> tuple[str, ...]:
    """Return the ids under which events of these steps and those inside are stored."""
    ids = []
    for step in _steps(steps):
        ids.append(step.id)
        if isinstance(step, Stages):
            ids += [stage.name for stage in step.stages]
    return tuple(dict.fromkeys(ids))


def _steps(steps: Sequence[StepHead]) -> Iterator[StepHead]:
    """Yield steps and those inside, but for the steps of those who are born: other people."""
    for step in steps:
        yield step
        for name, inner in step.inner():
            if name != _NEWBORN:
                yield from _steps(inner)


_NEWBORN = "newborn"  # name of the list of steps of a birth that happen to the child


def steps_of_children(journey: JourneySpec) -> list[str]:
    """Return the ids of the steps that happen to those who are born in a journey."""
    births = [step for _, step in journey.steps() if isinstance(step, Birth)]
    return [step for birth in births for step in _ids(birth.newborn)]
