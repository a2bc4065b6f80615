"""What a specification says in vain: steps that never come, loops that never end, idle states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from healthsim.errors import Problem
from healthsim.specification.checks.bounds import ReachableValues
from healthsim.specification.checks.names import ReferenceNames
from healthsim.specification.expectations import ParsedExpectation
from healthsim.specification.journeys.branches import Branch, Option, TableRow
from healthsim.specification.journeys.changes import Change
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
    """Yield what no profile's people could reach, what cannot end, and states without a use.

    With a profile, also a journey for which nobody of it can be eligible.

    Args:
        profile: whose people walk; None when that is not known yet.
        journeys: all that are walked.
        known: names of the reference.
        where: path of the only journey; of several, each is ``journeys[place]``.
    """
    places = [where or f"journeys[{place}]" for place in range(len(journeys))]
    yield from _found(None, journeys, known, places)
    if profile is not None:
        for own, here in enumerate(places):
            yield from _eligible(profile, journeys, known, own, here)
    used = _uses(profile, journeys)
    for journey, here in zip(journeys, places, strict=True):
        for name in journey.state:
            if name not in used.read and name not in used.changed:
                yield Problem(
                    f"{here}.state.{name}",
                    "is never changed and never asked about",
                    "remove it, or let a lab, a condition or a change use it",
                )


def reachability_warnings(
    profile: ProfileSpec, journeys: Sequence[JourneySpec], known: ReferenceNames
) -> Iterator[Problem]:
    """Yield what is in vain for this profile's people, though not for everybody's."""
    places = [f"journeys[{place}]" for place in range(len(journeys))]
    told = {problem.where for problem in _found(None, journeys, known, places)}
    for problem in _found(profile, journeys, known, places):
        if problem.where not in told:
            yield problem
    used = _uses(profile, journeys)
    for journey, here in zip(journeys, places, strict=True):
        for name in journey.state:
            if name in used.changed and name not in used.read:
                yield Problem(
                    f"{here}.state.{name}",
                    "is changed and never asked about",
                    "let a lab or a condition use it, or remove it",
                )
    idle = [name for name in profile.attributes if name not in used.read | used.started]
    if idle and journeys:
        yield Problem(
            "profile.attributes",
            f"nothing asks about {', '.join(idle)}",
            "remove them, or let a journey use them",
        )


def _found(
    profile: ProfileSpec | None,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    places: Sequence[str],
) -> Iterator[Problem]:
    """Yield the problems of all journeys, when it is settled which steps can happen at all."""
    barred: frozenset[str] = frozenset()
    every = [step for journey in journeys for _, step in journey.steps()]
    while True:
        searches = []
        for own, here in enumerate(places):
            lives = ReachableValues(profile, journeys, known, own, barred)
            searches.append(_ReachabilitySearch(lives, here).through())
        vain = {place for one in searches for place in one.barred}
        left = {step.id for step in every if id(step) not in vain}
        more = barred | {step.id for step in every if step.id not in left}
        if more == barred:
            break
        barred = more
    for one in searches:
        yield from one.problems


def _eligible(
    profile: ProfileSpec,
    journeys: Sequence[JourneySpec],
    known: ReferenceNames,
    own: int,
    here: str,
) -> Iterator[Problem]:
    """Yield that nobody of a profile can enter a journey, or its trial."""
    journey = journeys[own]
    lives = ReachableValues(profile, journeys, known, own, begins=True)
    asked = [(f"{here}.eligible", journey.eligible)]
    if journey.trial is not None:
        asked += [(f"{here}.trial.inclusion[{place}].when", one.when)
                  for place, one in enumerate(journey.trial.inclusion)]  # fmt: skip
    for place, condition in asked:
        world = lives if place.endswith("eligible") else replace(lives, begins=False)
        if condition is not None and not can_hold(condition.root, world):
            yield Problem(
                place,
                f"{condition} is true for nobody in the profile{_because(condition, world)}",
                "change it, or choose a profile of people for whom it is true",
            )


def _because(condition: Expression, world: Bounds) -> str:
    told = explain_impossible(condition.root, world)
    return f": {told}" if told else ""


@dataclass
class _ReachabilitySearch:
    """One journey while it is searched for what is in vain."""

    lives: ReachableValues
    where: str
    problems: list[Problem] = field(default_factory=list)
    barred: set[int] = field(default_factory=set)

    def through(self) -> _ReachabilitySearch:
        """Search the whole journey."""
        world: Bounds = self.lives
        if self.lives.journey.eligible is not None:
            world = narrow(self.lives.journey.eligible.root, world, self.lives.lasting_bounds)
        for number, phase in enumerate(self.lives.journey.phases):
            self.steps(phase.steps, world, f"{self.where}.phases[{number}].steps")
        return self

    def steps(self, steps: Sequence[StepHead], world: Bounds, where: str) -> None:
        for number, step in enumerate(steps):
            self.step(step, world, f"{where}[{number}]")

    def step(self, step: StepHead, world: Bounds, where: str) -> None:
        inside = world
        if step.when is not None:
            if not can_hold(step.when.root, world):
                self.never(f"{where}.when", step.when, world, f"step {step.id!r} never comes")
                self.bar([step])
                return
            inside = self.inside(step.when, world)
        if isinstance(step, Branch):
            self.branch(step, inside, where)
        elif isinstance(step, Stages):
            self.stages(step, inside, where)
        else:
            self.loops(step, inside, where)
            for name, inner in step.inner():
                whose = replace(self.lives, of_newborns=True) if name == "newborn" else inside
                self.steps(inner, whose, f"{where}.{name}")

    def inside(self, condition: Expression, world: Bounds) -> Bounds:
        """Return the world of what happens later to those for whom a condition held."""
        return narrow(condition.root, world, self.lives.lasting_bounds)

    def never(self, where: str, condition: Expression, world: Bounds, so: str) -> None:
        self.problems.append(
            Problem(
                where,
                f"{condition} can never be true{_because(condition, world)}; so {so}",
                "change the condition, or remove what waits for it",
            )
        )

    def bar(self, steps: Sequence[StepHead]) -> None:
        """Note that some steps, and all that they hold, happen to nobody."""
        for _, step in walk("", steps):
            self.barred.add(id(step))  # two parts may each have a step of this name

    def branch(self, step: Branch, world: Bounds, where: str) -> None:
        always = ""
        for group in [] if step.table is not None else step.groups():
            when = group[0].when
            here = f"{where}.options[{step.options.index(group[0])}]"
            if always:
                self.problems.append(
                    Problem(here, f"option {group[0].name!r} is never taken: {always} always holds",
                            "move it before, or remove it"))  # fmt: skip
            elif when is not None and not can_hold(when.root, world):
                self.never(f"{here}.when", when, world, f"option {group[0].name!r} is never taken")
            else:
                self.ways(step, group, world, where)
                found = truths_of(when.root, world) if when is not None else None
                always = str(when) if found and not (found.no or found.unknown) else ""
                continue
            self.bar([inner for option in group for inner in option.steps])
        if step.table is not None:
            self.ways(step, step.options, world, where)

    def ways(self, step: Branch, group: Sequence[Option], world: Bounds, where: str) -> None:
        when = group[0].when
        inside = self.inside(when, world) if when is not None else world
        for option in group:
            place = step.options.index(option)
            self.steps(option.steps, inside, f"{where}.options[{place}].steps")

    def loops(self, step: StepHead, world: Bounds, where: str) -> None:
        """Look at what a step waits for, or goes on until."""
        delay = getattr(step, "delay", None)
        if delay is not None and not can_hold(delay.when.root, world):
            self.never(f"{where}.delay.when", delay.when, world, "nothing is ever put off")
        until = getattr(step, "until", None)
        if until is None:
            return
        endless = isinstance(step, Wait) or (isinstance(step, Repeat) and not step.times)
        what = "it is never over" if endless else "it is asked in vain"
        if not can_hold(until.root, world):
            self.never(f"{where}.until", until, world, what)
            if isinstance(step, Wait):
                self.bar(step.steps)
        elif endless and not self.lives.changes(until.root):
            self.problems.append(
                Problem(
                    f"{where}.until",
                    f"{until} asks about nothing that changes, so for most it never ends",
                    "ask about a state, a result or a step that changes, or give times",
                )
            )

    def stages(self, step: Stages, world: Bounds, where: str) -> None:
        """Follow the moves from the stages in which people start."""
        places = {stage.name: f"{where}.stages[{place}]" for place, stage in enumerate(step.stages)}
        by_name = {stage.name: stage for stage in step.stages}
        labels = set(step.start.labels) & set(by_name)
        reached, waiting = set(labels or by_name), list(labels or by_name)
        while waiting:
            stage = by_name[waiting.pop()]
            onward = set(self.moves(stage, world, places[stage.name])) - reached
            reached |= onward
            waiting += sorted(onward)
        named = {move.to for stage in step.stages for move in stage.moves} | set(step.start.labels)
        for stage in step.stages:
            if stage.name in reached:
                self.steps(stage.steps, world, f"{places[stage.name]}.steps")
                continue
            if stage.name in named:  # a stage that no move names at all is told by the language
                self.problems.append(
                    Problem(places[stage.name], f"nobody ever enters stage {stage.name!r}",
                            "let a move lead to it, or remove it"))  # fmt: skip
            self.bar(stage.steps)

    def moves(self, stage: Stage, world: Bounds, where: str) -> Iterator[str]:
        """Yield the stages to which one leads, and note the moves that are never taken."""
        for place, move in enumerate(stage.moves):
            vain = False
            for name, condition in (("when", move.when), ("until", move.until)):
                if condition is not None and not can_hold(condition.root, world):
                    vain = True
                    so = f"nobody moves from {stage.name!r} to {move.to!r} by it"
                    self.never(f"{where}.moves[{place}].{name}", condition, world, so)
            if not vain:
                yield move.to


@dataclass
class _Uses:
    """Names that a specification asks about, attributes that states start from, and changes."""

    read: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


def _uses(profile: ProfileSpec | None, journeys: Sequence[JourneySpec]) -> _Uses:
    used = _Uses()
    for document in (*([] if profile is None else [profile]), *journeys):
        _use(document, used)
    return used


def _use(value: object, used: _Uses) -> None:
    """Gather what one value and everything in it reads and changes."""
    if isinstance(value, Expression):
        used.read |= value.names | {argument for _, argument in value.calls}
    elif isinstance(value, ParsedExpectation):
        for figure in value.figures():
            _use((figure.holds, figure.among), used)
    elif isinstance(value, Mapping):
        for inner in value.values():
            _use(inner, used)
    elif isinstance(value, tuple | list):
        for inner in value:
            _use(inner, used)
    elif isinstance(value, BaseModel):
        _use_model(value, used)


def _use_model(value: BaseModel, used: _Uses) -> None:
    if isinstance(value, JourneySpec):
        for name, state in value.state.items():
            if isinstance(state.start, str):
                used.started.add(name if state.start == "attribute" else state.start)
    if isinstance(value, StateResult):
        used.read.add(value.from_)
    if isinstance(value, Change):
        used.changed.add(value.state)
    if isinstance(value, TableRow):
        used.read |= set(value.when)
    for name in ("strata", "between"):
        used.read |= set(getattr(value, name, ()) or ())
    for name in type(value).model_fields:
        _use(getattr(value, name), used)
