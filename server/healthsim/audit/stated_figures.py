"""The figures that a journey states for its steps: where they are, and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from healthsim.specification.distributions.kinds import Conditional, Constant, Distribution
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.changes import Change
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.events import (
    AdverseEvent,
    Encounter,
    Exposure,
    Lab,
    Prescription,
    Vital,
)
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.journey import Begins, JourneySpec
from healthsim.specification.journeys.plan import Beating
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit, Repeat
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.timing import At, Hazard, Window


@dataclass(frozen=True, slots=True)
class StatedFigure:
    """A figure of a step that chance decides.

    Attributes:
        step: id of the step.
        figure: in words, as the run counted it.
        stated: the distribution that gives it, if one does.
        drawn: whether it is a number that is drawn, in place of a chance.
        shown_by: id of a step of which every occurrence is a row of `events`, as often as the
            figure came true; empty where no rows show that.
    """

    step: str
    figure: str
    stated: Distribution | None = None
    shown_by: str = ""
    drawn: bool = False


def stated_figures(journey: JourneySpec) -> Iterator[StatedFigure]:
    """Yield what a journey states, besides the weights of branches, in document order."""
    if isinstance(journey.begins, Begins) and journey.begins.latest > journey.begins.earliest:
        yield StatedFigure("", "begins, days after the earliest")
    ids = [step.id for _, step in journey.steps()]
    for _, step in journey.steps():
        alone = ids.count(step.id) == 1
        for figure in _of_step(step):
            yield figure if alone else StatedFigure(figure.step, figure.figure, figure.stated)


def _of_step(step: StepHead) -> Iterator[StatedFigure]:
    if _varies(step.at.day):
        yield StatedFigure(step.id, "day", step.at.day, drawn=True)
    if step.hazard is not None:
        begins = "begins: " * isinstance(step, Beating)
        last = step.when is None and step.chance is None
        yield StatedFigure(step.id, begins + step.hazard.figure, step.hazard.stated,
                           _own_rows(step) if last else "")  # fmt: skip
    if step.chance is not None:
        yield StatedFigure(step.id, "chance", step.chance, _own_rows(step))
    yield from _of_kind(step)
    for name, stated in _numbers_of(step):
        if _varies(stated):
            yield StatedFigure(step.id, name, stated, drawn=True)


def _of_kind(step: StepHead) -> Iterator[StatedFigure]:
    """Yield what only a step of its kind states."""
    if isinstance(step, Repeat) and step.every.hazard is not None:
        shown = _first_inside(step) if step.until is None and step.delay is None else ""
        yield _of_hazard(step.id, step.every.hazard, shown)
    elif isinstance(step, Branch):
        for option in step.options:
            if option.hazard is not None:
                figure = f"{option.name}: {option.hazard.figure}"
                yield StatedFigure(step.id, figure, option.hazard.stated)
    elif isinstance(step, Protocol) and step.unscheduled is not None:
        yield _of_hazard(step.unscheduled.id, step.unscheduled.hazard, "")
    elif isinstance(step, ProtocolVisit):
        yield from _of_visit(step)
    elif isinstance(step, Stages):
        yield from _of_stages(step)


def _numbers_of(step: StepHead) -> Iterator[tuple[str, Distribution | None]]:
    """Yield values that no table stores as they were drawn, or only together with other cases."""
    for name, stated in _stored(step):
        if isinstance(stated, Conditional) and stated.cases_apart() is not None:
            yield name, stated
    if isinstance(step, Change):
        yield from (("by", step.by), ("to", step.to), ("per_year", step.per_year))
    elif isinstance(step, Prescription):
        yield "adherence", step.details.adherence
    elif isinstance(step, AdverseEvent):
        yield "lasts_days", step.details.lasts_days


def _stored(step: StepHead) -> Iterator[tuple[str, Distribution | StateResult | None]]:
    """Yield values that rows of the step hold, by the names under which they are drawn."""
    if isinstance(step, Encounter):
        yield from (("los", step.details.los_days), ("disposition", step.details.disposition))
    elif isinstance(step, Lab | Vital):
        yield "result", step.details.result
        results = step.details.results if isinstance(step, Lab) else {}
        yield from ((f"{loinc}/result", result) for loinc, result in results.items())
    elif isinstance(step, Exposure):
        yield "dose", step.details.dose
    elif isinstance(step, AdverseEvent):
        for name in ("grade", "related", "action"):
            yield name, getattr(step.details, name)


def _varies(stated: Distribution | None) -> bool:
    return stated is not None and not isinstance(stated, Constant)


def _of_hazard(step: str, hazard: Hazard, shown_by: str) -> StatedFigure:
    return StatedFigure(step, hazard.figure, hazard.stated, shown_by)


def _of_visit(visit: ProtocolVisit) -> Iterator[StatedFigure]:
    if visit.missed is not None:
        yield StatedFigure(visit.id, "missed", visit.missed)
    if visit.outside is not None:
        yield StatedFigure(visit.id, "outside of its window", visit.outside)
    if visit.window != Window():
        yield StatedFigure(visit.id, "days from its planned day")


def _of_stages(step: Stages) -> Iterator[StatedFigure]:
    if step.start.kind == "text" and not isinstance(step.start, Constant):
        for label in step.start.labels:
            yield StatedFigure(step.id, f"starts in {label}")
    for stage in step.stages:
        if stage.stays is not None and _varies(stage.stays.distribution):
            stays = stage.stays.distribution
            yield StatedFigure(step.id, f"stays in {stage.name}", stays, drawn=True)
        for move in stage.moves:
            way = f"{stage.name} to {move.to}"
            if move.hazard is not None:
                yield StatedFigure(step.id, f"{way}: {move.hazard.figure}", move.hazard.stated)
            elif move.weight is not None:
                of_group = f" when {move.when}" if move.when is not None else ""
                yield StatedFigure(step.id, way + of_group)


def _own_rows(step: StepHead) -> str:
    """Return the step's id if each of its occurrences is a row of `events`."""
    if isinstance(step, Beating | Wait | Include):
        return ""
    if isinstance(step, Encounter) and step.details.requires_referral:
        return ""
    return step.id


def _first_inside(step: Repeat) -> str:
    """Return the id of a step that happens once in each beat, on its day; empty if none does."""
    for inner in step.steps:
        plain = _at_once(inner.at) and inner.hazard is None and inner.chance is None
        if isinstance(inner, EventHead) and plain and inner.when is None and _own_rows(inner):
            return inner.id
    return ""


def _at_once(at: At) -> bool:
    """Return whether a step is on the first day of its scope."""
    if at.day is not None and not _is(at.day, 0):
        return False
    return at.model_copy(update={"day": None}) == At()


def people_with(stated: Distribution | None, level: float | None) -> str:
    """Return for whom a conditional figure states a constant, in words.

    >>> from healthsim.specification.distributions.kinds import parse_distribution
    >>> cases = [{"when": "age > 64", "then": 0.2}]
    >>> of = parse_distribution({"type": "conditional", "cases": cases, "otherwise": 0.1})
    >>> people_with(of, 0.2), people_with(of, 0.1), people_with(of, None)
    (', where age > 64', ', otherwise', '')
    """
    if level is None:
        return ""
    if not isinstance(stated, Conditional):
        return f", where it is {level:g}"
    whom = [f"where {case.when}" for case in stated.cases if _is(case.then, level)]
    whom += ["otherwise"] * _is(stated.otherwise, level)
    return f", {' or '.join(whom)}" if whom else f", where it is {level:g}"


def _is(distribution: Distribution, level: float) -> bool:
    return isinstance(distribution, Constant) and distribution.value == level
