"""Parts of a specification without effect: unreachable steps, endless loops, unused states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from healthsim.errors import Problem
from healthsim.medicine.naming import analyte_named
from healthsim.specification.checks.bounds import ReachableValues
from healthsim.specification.checks.names import ReferenceNames
from healthsim.specification.expectations import ParsedExpectation
from healthsim.specification.journeys.branches import Branch, Option, TableRow
from healthsim.specification.journeys.changes import FROM_BODY, Change
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.journey import JourneySpec, walk
from healthsim.specification.journeys.repeats import Repeat
from healthsim.specification.journeys.stages import Stage, Stages, Wait
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.expressions import Expression
from healthsim.specification.language.ranges import (
    Bounds,
    can_hold,
    explain_impossible,
    narrow,
    truths_of,
)
from healthsim.specification.profiles.profile import ProfileSpec


def reachability_problems(
    profile: ProfileSpec | None,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    where: str = "",
) -> Iterator[Problem]:
    """Yield steps that nobody can reach, loops that cannot end, and states without a use.

    With a profile, also journeys for which nobody in it can be eligible.

    Args:
        profile: the profile of the run; None while that is not known.
        journeys: all journeys of the run.
        known: names of the reference.
        where: path of the only journey; the default is ``journeys[0]`` and so on.
    """
    paths = [where or f"journeys[{place}]" for place in range(len(journeys))]
    yield from _unreachable(None, journeys, known, paths)
    if profile is not None:
        for position, path in enumerate(paths):
            yield from _eligible(ReachableValues(profile, journeys, known, position), path)
    uses = _uses(profile, journeys)
    for path, name in _declared_states(journeys, paths):
        if name not in uses.read | uses.changed and analyte_named(name) is None:
            mend = "remove it, or let a lab, a condition or a change use it"
            yield Problem(path, "is never changed and no condition reads it", mend)


def reachability_warnings(
    profile: ProfileSpec, journeys: Sequence[JourneySpec], known: ReferenceNames
) -> Iterator[Problem]:
    """Yield what has no effect for this profile's people, though it may have for others."""
    paths = [f"journeys[{place}]" for place in range(len(journeys))]
    for_anybody = {problem.where for problem in _unreachable(None, journeys, known, paths)}
    for problem in _unreachable(profile, journeys, known, paths):
        if problem.where not in for_anybody:
            yield problem
    uses = _uses(profile, journeys)
    for path, name in _declared_states(journeys, paths):
        if name in uses.changed and name not in uses.read and analyte_named(name) is None:
            mend = "let a lab or a condition use it, or remove it"
            yield Problem(path, "is changed, but nothing reads it", mend)
    unused = [name for name in profile.attributes
              if name not in uses.read | uses.started and analyte_named(name) is None]  # fmt: skip
    if unused and journeys:
        yield Problem(
            "profile.attributes",
            f"nothing uses {', '.join(unused)}",
            "remove them, or let a journey use them",
        )


def _declared_states(
    journeys: Sequence[JourneySpec], paths: Sequence[str]
) -> Iterator[tuple[str, str]]:
    for journey, path in zip(journeys, paths, strict=True):
        for name in journey.state:
            yield f"{path}.state.{name}", name


def _unreachable(
    profile: ProfileSpec | None,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    paths: Sequence[str],
) -> Iterator[Problem]:
    """Yield the problems of all journeys; steps that depend on impossible steps are impossible."""
    impossible: frozenset[str] = frozenset()
    steps = [step for journey in journeys for _, step in journey.steps()]
    while True:
        searches = [
            _ReachabilitySearch(
                ReachableValues(profile, journeys, known, position, impossible), path
            ).run()
            for position, path in enumerate(paths)
        ]
        unreachable = {place for search in searches for place in search.unreachable}
        reachable = {step.id for step in steps if id(step) not in unreachable}
        more = impossible | {step.id for step in steps if step.id not in reachable}
        if more == impossible:
            break
        impossible = more
    for search in searches:
        yield from search.problems


def _eligible(values: ReachableValues, path: str) -> Iterator[Problem]:
    """Yield that nobody of a profile can enter a journey, or its trial."""
    journey, at_start = values.journey, replace(values, at_start=True)
    conditions: list[tuple[str, Expression | None, Bounds]] = [
        (f"{path}.eligible", journey.eligible, at_start)
    ]
    if journey.trial is not None:
        conditions += [
            (f"{path}.trial.inclusion[{place}].when", criterion.when, values)
            for place, criterion in enumerate(journey.trial.inclusion)
        ]
    for where, condition, bounds in conditions:
        if condition is not None and not can_hold(condition.root, bounds):
            yield Problem(
                where,
                f"{condition} is true for nobody in the profile{_because(condition, bounds)}",
                "change it, or choose a profile of people for whom it is true",
            )


def _because(condition: Expression, bounds: Bounds) -> str:
    reason = explain_impossible(condition.root, bounds)
    return f": {reason}" if reason else ""


@dataclass
class _ReachabilitySearch:
    """One journey while it is searched for steps that nobody can reach.

    Attributes:
        unreachable: the `id()` of each step that happens to nobody; two parts may each have a step
            of one name.
    """

    values: ReachableValues
    where: str
    problems: list[Problem] = field(default_factory=list)
    unreachable: set[int] = field(default_factory=set)

    def run(self) -> _ReachabilitySearch:
        """Search the whole journey."""
        bounds: Bounds = self.values
        if self.values.journey.eligible is not None:
            bounds = self.after(self.values.journey.eligible, bounds)
        for number, phase in enumerate(self.values.journey.phases):
            self.steps(phase.steps, bounds, f"{self.where}.phases[{number}].steps")
        return self

    def steps(self, steps: Sequence[StepHead], bounds: Bounds, where: str) -> None:
        for number, step in enumerate(steps):
            self.step(step, bounds, f"{where}[{number}]")

    def step(self, step: StepHead, bounds: Bounds, where: str) -> None:
        inside = bounds
        if step.when is not None:
            if not self.possible(
                step.when, bounds, f"{where}.when", f"step {step.id!r} never happens"
            ):
                self.rule_out([step])
                return
            inside = self.after(step.when, bounds)
        if isinstance(step, Branch):
            self.branch(step, inside, where)
        elif isinstance(step, Stages):
            self.stages(step, inside, where)
        else:
            self.delay_and_until(step, inside, where)
            for name, steps in step.inner():
                newborn = name == "newborn"
                of = replace(self.values, of_newborns=True) if newborn else inside
                self.steps(steps, of, f"{where}.{name}")

    def after(self, condition: Expression, bounds: Bounds) -> Bounds:
        """Return the bounds on later days for people of whom a condition was true."""
        return narrow(condition.root, bounds, self.values.lasting_bounds)

    def possible(self, condition: Expression, bounds: Bounds, where: str, effect: str) -> bool:
        """Tell whether a condition can be true; where it cannot, report what follows from it."""
        if can_hold(condition.root, bounds):
            return True
        self.report(
            where,
            f"{condition} can never be true{_because(condition, bounds)}; so {effect}",
            "change the condition, or remove what waits for it",
        )
        return False

    def report(self, where: str, found: str, mend: str) -> None:
        self.problems.append(Problem(where, found, mend))

    def rule_out(self, steps: Sequence[StepHead]) -> None:
        """Note that some steps, and all steps inside them, happen to nobody."""
        self.unreachable.update(id(step) for _, step in walk("", steps))

    def branch(self, step: Branch, bounds: Bounds, where: str) -> None:
        if step.table is not None:
            self.options(step, step.options, bounds, where)
            return
        always = ""
        for group in step.groups():
            option, when = group[0], group[0].when
            here = f"{where}.options[{step.options.index(option)}]"
            if always:
                found = f"option {option.name!r} is never taken: {always} is always true"
                self.report(here, found, "move it before, or remove it")
            elif when is None:
                self.options(step, group, bounds, where)
                continue
            elif self.possible(
                when, bounds, f"{here}.when", f"option {option.name!r} is never taken"
            ):
                self.options(step, group, self.after(when, bounds), where)
                truths = truths_of(when.root, bounds)
                always = "" if truths.no or truths.unknown else str(when)
                continue
            self.rule_out([inner for option in group for inner in option.steps])

    def options(self, step: Branch, group: Sequence[Option], bounds: Bounds, where: str) -> None:
        for option in group:
            place = step.options.index(option)
            self.steps(option.steps, bounds, f"{where}.options[{place}].steps")

    def delay_and_until(self, step: StepHead, bounds: Bounds, where: str) -> None:
        """Check what a step waits for, or goes on until."""
        delay = getattr(step, "delay", None)
        if delay is not None:
            self.possible(delay.when, bounds, f"{where}.delay.when", "nothing is ever delayed")
        until: Expression | None = getattr(step, "until", None)
        if until is None:
            return
        endless = isinstance(step, Wait) or (isinstance(step, Repeat) and not step.times)
        effect = "it never ends" if endless else "it has no effect"
        if not self.possible(until, bounds, f"{where}.until", effect):
            if isinstance(step, Wait):
                self.rule_out(step.steps)
        elif endless and not self.values.changes(until.root):
            self.report(
                f"{where}.until",
                f"{until} uses nothing that changes, so for most people it never ends",
                "use a state, a result or a step that changes, or give times",
            )

    def stages(self, step: Stages, bounds: Bounds, where: str) -> None:
        """Follow the moves from the stages in which people start."""
        paths = {stage.name: f"{where}.stages[{place}]" for place, stage in enumerate(step.stages)}
        by_name = {stage.name: stage for stage in step.stages}
        starts = set(step.start.labels) & set(by_name)
        reached, waiting = set(starts or by_name), list(starts or by_name)
        while waiting:
            stage = by_name[waiting.pop()]
            onward = set(self.moves(stage, bounds, paths[stage.name])) - reached
            reached |= onward
            waiting += sorted(onward)
        named = {move.to for stage in step.stages for move in stage.moves} | set(step.start.labels)
        for stage in step.stages:
            if stage.name in reached:
                self.steps(stage.steps, bounds, f"{paths[stage.name]}.steps")
                continue
            if stage.name in named:  # the language checks report a stage that no move names
                found = f"nobody ever enters stage {stage.name!r}"
                self.report(paths[stage.name], found, "let a move lead to it, or remove it")
            self.rule_out(stage.steps)

    def moves(self, stage: Stage, bounds: Bounds, where: str) -> Iterator[str]:
        """Yield the stages that one leads to, and report the moves that are never taken."""
        for place, move in enumerate(stage.moves):
            effect = f"nobody moves from {stage.name!r} to {move.to!r} by it"
            possible = [
                self.possible(condition, bounds, f"{where}.moves[{place}].{name}", effect)
                for name, condition in (("when", move.when), ("until", move.until))
                if condition is not None
            ]
            if all(possible):
                yield move.to


@dataclass
class _Uses:
    """Names that specifications read, attributes that states start from, states that change."""

    read: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


def _uses(profile: ProfileSpec | None, journeys: Sequence[JourneySpec]) -> _Uses:
    uses = _Uses()
    for document in (*([] if profile is None else [profile]), *journeys):
        _add_uses(document, uses)
    return uses


def _add_uses(value: object, uses: _Uses) -> None:
    """Add the names that a value, and everything inside it, reads and changes."""
    if value is None or isinstance(value, str | int | float):  # most are: asked first
        return
    if isinstance(value, Expression):
        uses.read |= value.names | {argument for _, argument in value.calls}
    elif isinstance(value, ParsedExpectation):
        for figure in value.figures():
            _add_uses((figure.holds, figure.among), uses)
    elif isinstance(value, Mapping):
        for inner in value.values():
            _add_uses(inner, uses)
    elif isinstance(value, tuple | list):
        for inner in value:
            _add_uses(inner, uses)
    elif isinstance(value, BaseModel):
        _add_model_uses(value, uses)


def _add_model_uses(value: BaseModel, uses: _Uses) -> None:
    if isinstance(value, JourneySpec):
        for name, state in value.state.items():
            if isinstance(state.start, str):
                uses.started.add(name if state.start in ("attribute", FROM_BODY) else state.start)
    if isinstance(value, StateResult):
        uses.read.add(value.from_)
    if isinstance(value, Change):
        uses.changed.add(value.state)
    if isinstance(value, TableRow):
        uses.read |= set(value.when)
    held = value.__dict__
    for name in ("strata", "between"):
        uses.read |= set(held.get(name) or ())
    for name in type(value).model_fields:
        _add_uses(held[name], uses)
