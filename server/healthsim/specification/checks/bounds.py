"""Bounds: the values that people's names and functions can have, derived from specifications."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from healthsim.codes.drugs import drugs
from healthsim.codes.icd10cm import COMBINATIONS
from healthsim.codes.loinc import panels
from healthsim.specification.checks.names import ReferenceNames
from healthsim.specification.checks.profile import OLDEST, kinds_of
from healthsim.specification.distributions.kinds import Distribution, possible_labels
from healthsim.specification.journeys import events
from healthsim.specification.journeys.changes import Change, End, State, Stop
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.stages import Stages
from healthsim.specification.journeys.step import StepHead
from healthsim.specification.language.nodes import Call, Name, Node, walk
from healthsim.specification.language.ranges import (
    ANYTHING,
    NEVER,
    Interval,
    LabelSet,
    PossibleTruths,
    ValueSet,
)
from healthsim.specification.profiles.genders import GENDERS
from healthsim.specification.profiles.profile import ProfileSpec

_ROOM = 400  # days that a step can come after its journey's nominal end: variance, stays, delays
_YEAR = 365.25
_CONSTANT = ("gender", "race", "ethnicity", "us_state", "language", "marital_status", "role")


@dataclass(frozen=True)
class ReachableValues:
    """The `Bounds` of the conditions in one journey: the values that each name and call can have.

    Attributes:
        profile: whose people they are; None for the people of any profile.
        journeys: all journeys of the run.
        position: place of the journey whose conditions these are.
        impossible_steps: ids of steps that can happen to nobody.
        at_start: whether conditions are evaluated when the journey begins, not on any of its days.
        of_newborns: whether conditions are about children who are born in the journey.
    """

    profile: ProfileSpec | None
    journeys: Sequence[JourneySpec]
    known: ReferenceNames
    position: int
    impossible_steps: frozenset[str] = frozenset()
    at_start: bool = False
    of_newborns: bool = False
    _cache: dict[str, ValueSet] = field(default_factory=dict, compare=False, repr=False)

    def name(self, name: str) -> ValueSet:
        """Return the possible values of a name."""
        if name not in self._cache:
            self._cache[name] = self._name(name)
        return self._cache[name]

    def call(self, function: str, argument: str) -> ValueSet:
        """Return the possible values of a function."""
        if function == "has":
            return PossibleTruths(self._may_have(argument), no=True, unknown=False)
        if function == "takes":
            return PossibleTruths(self._may_take(argument), no=True, unknown=False)
        if function == "last":
            return self._measured(argument)
        happens = self.happens(argument)
        if function == "count":
            return Interval(0, math.inf if happens else 0, missing=False)
        if function == "days_since":
            return Interval(0, math.inf) if happens else NEVER
        return PossibleTruths(happens, no=True, unknown=False)

    def happens(self, name: str) -> bool:
        """Tell whether a step of this name can happen to anybody."""
        return name.rsplit("/", 1)[-1].partition("#")[0] not in self.impossible_steps

    def changes(self, root: Node) -> bool:
        """Tell whether anything that a condition uses can change during a journey."""
        return any(self._changes(part) for part in walk(root))

    @cached_property
    def journey(self) -> JourneySpec:
        """The journey whose conditions these are."""
        return self.journeys[self.position]

    @cached_property
    def steps(self) -> tuple[StepHead, ...]:
        """Every step of every journey that can happen."""
        steps = (step for journey in self.journeys for _, step in journey.steps())
        return tuple(step for step in steps if step.id not in self.impossible_steps)

    @cached_property
    def mixed(self) -> bool:
        """Whether there are people whom the profile does not describe: relatives, newborns."""
        family = self.profile is not None and getattr(self.profile, "unit", "person") != "person"
        return family or self.of_newborns or self.journey.from_birth

    def lasting_bounds(self, part: str, values: ValueSet) -> ValueSet | None:
        """Return what remains of possible values on later days: nobody grows younger."""
        if part == "age" and isinstance(values, Interval):
            return Interval(values.low, math.inf, missing=False)
        attribute = self.profile is not None and part in self.profile.attributes
        constant = part in _CONSTANT or attribute
        return values if constant and not self._states(part) else None

    def _states(self, name: str) -> list[State]:
        """Return the declarations of a state variable, in the journeys' order."""
        return [journey.state[name] for journey in self.journeys if name in journey.state]

    def _name(self, name: str) -> ValueSet:
        if self._states(name):
            return self._state(name)
        stages = [step for step in self.steps if isinstance(step, Stages)]
        for step in stages:
            if name == step.id or (name == "stage" and len(stages) == 1):
                return LabelSet(frozenset(stage.name for stage in step.stages))
        if name == "arm":
            trials = [journey.trial for journey in self.journeys if journey.trial is not None]
            return LabelSet(frozenset(arm for trial in trials for arm in trial.arms))
        if name == "day":
            return Interval(
                0, 0 if self.at_start else self.journey.duration_days + _ROOM, missing=False
            )
        if name == "month":
            return self._month()
        if name == "age":
            return self._age()
        return self._of_profile(name)

    def _of_profile(self, name: str) -> ValueSet:
        if self.profile is None or self.mixed:
            texts = {"gender": GENDERS}.get(name)
            return ANYTHING if texts is None else LabelSet(frozenset(texts), missing=False)
        if name in self.profile.attributes:
            return distribution_bounds(self.profile.attributes[name])
        if name in ("gender", "race", "ethnicity"):
            distribution: Distribution = getattr(self.profile.demographics, name)
            if distribution.kind == "text" and possible_labels(distribution):
                return LabelSet(frozenset(possible_labels(distribution)), missing=False)
        kind = kinds_of(self.profile, self.known).get(name)
        return LabelSet(frozenset(kind)) if isinstance(kind, tuple) else ANYTHING

    def _month(self) -> Interval:
        if self.profile is not None and self.at_start and not self.journey.from_birth:
            first, last = self.journey.window(self.profile.as_of)
            if first.year == last.year:
                return Interval(first.month, last.month, missing=False)
        return Interval(1, 12, missing=False)

    def _age(self) -> Interval:
        oldest = OLDEST + (0 if self.at_start else self.journey.duration_days / _YEAR + 2)
        if self.profile is None or self.mixed:
            return Interval(0, oldest, missing=False)
        low, high = self.profile.ages.range()
        first, last = self.journey.window(self.profile.as_of)
        as_of = self.profile.as_of
        since, until = (first - as_of).days / _YEAR, (last - as_of).days / _YEAR
        if not self.at_start:
            until += (self.journey.duration_days + _ROOM) / _YEAR
        least = max(0, math.floor(low) + math.floor(since)) if math.isfinite(low) else 0
        most = min(oldest, math.floor(high) + math.ceil(until)) if math.isfinite(high) else oldest
        return Interval(least, most, missing=False)

    def _state(self, name: str) -> Interval:
        values, low, high = NEVER, math.inf, -math.inf
        for state in self._states(name):
            low, high = min(low, _limits(state).low), max(high, _limits(state).high)
            values = values.union(self._start(name, state))
        for step in self.steps:
            if isinstance(step, Change) and step.state == name:
                values = bounds_after_change(values, step)
        return Interval(max(values.low, low), min(values.high, high), missing=True)

    def _start(self, name: str, state: State) -> Interval:
        if not isinstance(state.start, str):
            start = number_bounds(state.start)
        else:
            attributes = {} if self.profile is None else self.profile.attributes
            attribute = attributes.get(name if state.start == "attribute" else state.start)
            start = Interval() if attribute is None else number_bounds(attribute)
        half = 0.5 * 10.0**-state.decimals  # a start is rounded, and kept within low and high
        limits = _limits(state)
        return Interval(
            min(max(start.low - half, limits.low), limits.high),
            max(min(start.high + half, limits.high), limits.low),
        )

    def _measured(self, loinc: str) -> Interval:
        values = NEVER
        for step in self.steps:
            for code, result in measured_results(step):
                if code == loinc:
                    values = values.union(self._result(result))
        return values

    def _result(self, result: StateResult | Distribution | None) -> Interval:
        if result is None:
            return Interval()
        if not isinstance(result, StateResult):
            return number_bounds(result)
        state = self.name(result.from_)
        if not isinstance(state, Interval):
            return Interval()
        if result.noise is None:
            return state
        noise, limits = number_bounds(result.noise), _limits(self._states(result.from_)[0])
        return Interval(
            max(limits.low, state.low + noise.low), min(limits.high, state.high + noise.high)
        )

    def _may_have(self, argument: str) -> bool:
        if self.profile is None or self.mixed or self._has_step(events.Birth):
            return True
        given_codes = {*self.profile.codes, *_diagnosed(self.steps)}
        given_codes |= {
            rule.becomes
            for rule in COMBINATIONS
            if any(code.startswith(rule.code) or rule.code.startswith(code) for code in given_codes)
        }
        return any(code.startswith(argument) for code in given_codes)

    def _may_take(self, ingredient: str) -> bool:
        if self.profile is None or self.mixed:
            return True
        names = [medication.drug for medication in self.profile.clinical.medications]
        names += [step.details.drug for step in self.steps
                  if isinstance(step, events.Prescription)]  # fmt: skip
        rows = drugs().rows
        return any(name in rows and rows[name].ingredient == ingredient for name in names)

    def _changes(self, part: Node) -> bool:
        """Tell whether the value of one name or function can change with time."""
        if isinstance(part, Call):
            return self._call_changes(part)
        if not isinstance(part, Name):
            return False
        if part.name in ("age", "day", "month", "arm", "stage"):
            return True
        if part.name == "plan":
            return self._has_step(events.Enrollment, events.Disenrollment, End)
        return any(
            (isinstance(step, Change) and step.state == part.name)
            or (isinstance(step, Stages) and step.id == part.name)
            for step in self.steps
        )

    def _call_changes(self, call: Call) -> bool:
        if call.function == "has":
            return self._has_step(events.Diagnosis, Stop, events.Birth, events.AdverseEvent)
        if call.function == "takes":
            return self._has_step(events.Prescription, Stop)
        if call.function == "last":
            return self._measured(call.argument) != NEVER
        return self.happens(call.argument)

    def _has_step(self, *types: type[StepHead]) -> bool:
        return any(isinstance(step, types) for step in self.steps)


def distribution_bounds(distribution: Distribution) -> ValueSet:
    """Return the possible values of a distribution."""
    if distribution.kind == "text":
        texts = possible_labels(distribution)
        return LabelSet(frozenset(texts)) if texts else LabelSet()
    if next(iter(distribution.measures()), None) is not None:
        return Interval()
    if any(want == "number" for _, _, want in distribution.expressions()):
        return Interval()  # a formula
    low, high = distribution.range()
    return Interval(low, high)


def number_bounds(distribution: Distribution) -> Interval:
    """Return the possible numbers of a distribution; any number where it gives text."""
    values = distribution_bounds(distribution)
    return values if isinstance(values, Interval) else Interval()


def _limits(state: State) -> Interval:
    """Return the interval that a state is kept in."""
    low = -math.inf if state.low is None else state.low
    return Interval(low, math.inf if state.high is None else state.high)


def bounds_after_change(state: Interval, step: Change) -> Interval:
    """Return the possible values of a state that a step changes any number of times."""
    if step.to is not None:
        return state.union(number_bounds(step.to))
    by = step.by if step.by is not None else step.per_year
    shift = Interval() if by is None else number_bounds(by)
    falls, rises = shift.low < 0, shift.high > 0
    if step.while_taking is not None:
        falls = rises = True  # the effect of a drug is reversed when the drug is stopped
    return Interval(-math.inf if falls else state.low, math.inf if rises else state.high)


def measured_results(step: StepHead) -> Iterator[tuple[str, StateResult | Distribution | None]]:
    """Yield (LOINC, result) of everything that a step measures."""
    if not isinstance(step, events.Lab | events.Vital):
        return
    if isinstance(step, events.Lab) and step.details.panel is not None:
        results: Mapping[str, StateResult | Distribution] = step.details.results
        for code in panels().get(step.details.panel, ()):
            yield code, results.get(code)
    elif step.details.loinc is not None:
        yield step.details.loinc, step.details.result


def _diagnosed(steps: Iterable[StepHead]) -> Iterator[str]:
    for step in steps:
        code = getattr(getattr(step, "details", None), "code", None)
        if isinstance(step, events.Diagnosis | events.AdverseEvent) and code is not None:
            yield code
