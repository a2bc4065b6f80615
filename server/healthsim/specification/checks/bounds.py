"""What can be true of a profile's people on their journeys, as far as the specification tells."""

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
    Labels,
    Outcome,
    PossibleTruths,
    Range,
)
from healthsim.specification.profiles.profile import ProfileSpec

_ROOM = 400  # days that a step can come after its journey's nominal end: variance, stays, delays
_YEAR = 365.25
_STABLE = ("gender", "race", "ethnicity", "us_state", "language", "marital_status", "role")


@dataclass(frozen=True)
class ReachableValues:
    """Everything that can be asked about people on a journey, and what it can be.

    Attributes:
        profile: whose people they are; None for the people of any profile.
        journeys: all that are walked.
        own: position of the journey where the question stands.
        impossible_steps: ids of steps that can happen to nobody.
        begins: whether it is asked as the journey begins, and not at some day of it.
        of_newborns: whether it is asked of those whom the journey brings into the world.
    """

    profile: ProfileSpec | None
    journeys: Sequence[JourneySpec]
    known: ReferenceNames
    own: int
    impossible_steps: frozenset[str] = frozenset()
    begins: bool = False
    of_newborns: bool = False
    _kept: dict[str, Outcome] = field(default_factory=dict, compare=False, repr=False)

    def name(self, name: str) -> Outcome:
        """Return what a name can be."""
        if name not in self._kept:
            self._kept[name] = self._name(name)
        return self._kept[name]

    def call(self, function: str, argument: str) -> Outcome:
        """Return what a function of a text can give."""
        if function == "has":
            return PossibleTruths(self._may_have(argument), no=True, unknown=False)
        if function == "takes":
            return PossibleTruths(self._may_take(argument), no=True, unknown=False)
        if function == "last":
            return self._measured(argument)
        happens = self.happens(argument)
        if function == "count":
            return Range(0, math.inf if happens else 0, missing=False)
        if function == "days_since":
            return Range(0, math.inf) if happens else NEVER
        return PossibleTruths(happens, no=True, unknown=False)

    def happens(self, name: str) -> bool:
        """Tell whether a step of this name can happen to anybody."""
        return name.rsplit("/", 1)[-1].partition("#")[0] not in self.impossible_steps

    def changes(self, root: Node) -> bool:
        """Tell whether anything that a condition asks about can change while a journey is on."""
        return any(self._moves(part) for part in walk(root))

    @cached_property
    def journey(self) -> JourneySpec:
        """The journey where the question stands."""
        return self.journeys[self.own]

    @cached_property
    def steps(self) -> tuple[StepHead, ...]:
        """Every step of every journey that can happen."""
        found = (step for one in self.journeys for _, step in one.steps())
        return tuple(step for step in found if step.id not in self.impossible_steps)

    @cached_property
    def mixed(self) -> bool:
        """Whether people walk who are not described by the profile: relatives, newborns."""
        family = self.profile is not None and getattr(self.profile, "unit", "person") != "person"
        return family or self.of_newborns or self.journey.from_birth

    def lasting_bounds(self, part: str, found: Outcome) -> Outcome | None:
        """Return what of something that is once true stays true: nobody grows younger."""
        if part == "age" and isinstance(found, Range):
            return Range(found.low, math.inf, missing=False)
        named = self.profile is not None and part in self.profile.attributes
        fixed = part in _STABLE or named
        return found if fixed and not any(part in one.state for one in self.journeys) else None

    def _name(self, name: str) -> Outcome:
        state = next((one.state[name] for one in self.journeys if name in one.state), None)
        if state is not None:
            return self._state(name)
        stages = [step for step in self.steps if isinstance(step, Stages)]
        for step in stages:
            if name == step.id or (name == "stage" and len(stages) == 1):
                return Labels(frozenset(stage.name for stage in step.stages))
        if name == "arm":
            arms = [one.trial.arms for one in self.journeys if one.trial is not None]
            return Labels(frozenset(arm for found in arms for arm in found))
        if name == "day":
            return Range(0, 0 if self.begins else self.journey.duration_days + _ROOM, missing=False)
        if name == "month":
            return self._month()
        if name == "age":
            return self._age()
        return self._of_profile(name)

    def _of_profile(self, name: str) -> Outcome:
        if self.profile is None or self.mixed:
            texts = {"gender": ("M", "F")}.get(name)
            return ANYTHING if texts is None else Labels(frozenset(texts), missing=False)
        if name in self.profile.attributes:
            return distribution_bounds(self.profile.attributes[name])
        if name in ("gender", "race", "ethnicity"):
            said: Distribution = getattr(self.profile.demographics, name)
            if said.kind == "text" and possible_labels(said):
                return Labels(frozenset(possible_labels(said)), missing=False)
        kind = kinds_of(self.profile, self.known).get(name)
        return Labels(frozenset(kind)) if isinstance(kind, tuple) else ANYTHING

    def _month(self) -> Range:
        whole = Range(1, 12, missing=False)
        if self.profile is None or self.journey.from_birth or not self.begins:
            return whole
        first, last = self.journey.window(self.profile.as_of)
        same = (first.year, first.month) == (last.year, last.month)
        if same or (first.year == last.year):
            return Range(first.month, last.month, missing=False)
        return whole

    def _age(self) -> Range:
        oldest = OLDEST + (0 if self.begins else self.journey.duration_days / _YEAR + 2)
        if self.profile is None or self.mixed:
            return Range(0, oldest, missing=False)
        low, high = self.profile.demographics.age.range()
        first, last = self.journey.window(self.profile.as_of)
        as_of = self.profile.as_of
        since, until = (first - as_of).days / _YEAR, (last - as_of).days / _YEAR
        if not self.begins:
            until += (self.journey.duration_days + _ROOM) / _YEAR
        most = min(oldest, math.floor(high) + math.ceil(until)) if math.isfinite(high) else oldest
        return Range(max(0, math.floor(low) + math.floor(since)) if math.isfinite(low) else 0,
                     most, missing=False)  # fmt: skip

    def _state(self, name: str) -> Range:
        found, low, high = NEVER, math.inf, -math.inf
        for journey in self.journeys:
            state = journey.state.get(name)
            if state is None:
                continue
            low = min(low, -math.inf if state.low is None else state.low)
            high = max(high, math.inf if state.high is None else state.high)
            found = found.union(self._start(name, state))
        for step in self.steps:
            if isinstance(step, Change) and step.state == name:
                found = bounds_after_change(found, step)
        return Range(max(found.low, low), min(found.high, high), missing=True)

    def _start(self, name: str, state: State) -> Range:
        if not isinstance(state.start, str):
            started = distribution_bounds(state.start)
        elif self.profile is None:
            return Range()
        else:
            wanted = name if state.start == "attribute" else state.start
            attribute = self.profile.attributes.get(wanted)
            started = Range() if attribute is None else distribution_bounds(attribute)
        if not isinstance(started, Range):
            return Range()
        half = 0.5 * 10.0**-state.decimals  # a start is rounded, and held in bounds
        low = -math.inf if state.low is None else state.low
        high = math.inf if state.high is None else state.high
        return Range(
            min(max(started.low - half, low), high), max(min(started.high + half, high), low)
        )

    def _measured(self, loinc: str) -> Range:
        found = NEVER
        for step in self.steps:
            for code, result in measured_results(step):
                if code == loinc:
                    found = found.union(self._result(result))
        return found

    def _result(self, result: StateResult | Distribution | None) -> Range:
        if result is None:
            return Range()
        if not isinstance(result, StateResult):
            told = distribution_bounds(result)
            return told if isinstance(told, Range) else Range()
        state = self.name(result.from_)
        if not isinstance(state, Range):
            return Range()
        if result.noise is None:
            return state
        noise = distribution_bounds(result.noise)
        declared = next(one.state[result.from_] for one in self.journeys
                        if result.from_ in one.state)  # fmt: skip
        low = -math.inf if declared.low is None else declared.low
        high = math.inf if declared.high is None else declared.high
        if not isinstance(noise, Range):
            return Range(low, high)
        return Range(max(low, state.low + noise.low), min(high, state.high + noise.high))

    def _may_have(self, argument: str) -> bool:
        if self.profile is None or self.mixed or any(
            isinstance(step, events.Birth) for step in self.steps
        ):  # fmt: skip
            return True
        given_codes = {*self.profile.clinical.codes, *_diagnosed(self.steps)}
        given_codes |= {
            rule.becomes
            for rule in COMBINATIONS
            if any(code.startswith(rule.code) or rule.code.startswith(code) for code in given_codes)
        }
        return any(code.startswith(argument) for code in given_codes)

    def _may_take(self, ingredient: str) -> bool:
        if self.profile is None or self.mixed:
            return True
        names = [one.drug for one in self.profile.clinical.medications]
        names += [one.details.drug for one in self.steps if isinstance(one, events.Prescription)]
        rows = drugs().rows
        return any(name in rows and rows[name].ingredient == ingredient for name in names)

    def _moves(self, part: Node) -> bool:
        """Tell whether one name or function can change with time."""
        if isinstance(part, Name):
            if part.name in ("age", "day", "month", "arm", "stage"):
                return True
            if part.name == "plan":
                return any(isinstance(one, events.Enrollment | events.Disenrollment | End)
                           for one in self.steps)  # fmt: skip
            return any(
                (isinstance(one, Change) and one.state == part.name)
                or (isinstance(one, Stages) and one.id == part.name)
                for one in self.steps
            )
        if isinstance(part, Call):
            return self._call_moves(part)
        return False

    def _call_moves(self, part: Call) -> bool:
        if part.function == "has":
            kinds: tuple[type[StepHead], ...] = (
                events.Diagnosis, Stop, events.Birth, events.AdverseEvent,
            )  # fmt: skip
            return any(isinstance(one, kinds) for one in self.steps)
        if part.function == "takes":
            return any(isinstance(one, events.Prescription | Stop) for one in self.steps)
        if part.function == "last":
            return self._measured(part.argument) != NEVER
        return self.happens(part.argument)


def distribution_bounds(distribution: Distribution) -> Outcome:
    """Return what a distribution can give."""
    if distribution.kind == "text":
        texts = possible_labels(distribution)
        return Labels(frozenset(texts)) if texts else Labels()
    if next(iter(distribution.measures()), None) is not None:
        return Range()
    if any(want == "number" for _, _, want in distribution.expressions()):
        return Range()  # a formula
    low, high = distribution.range()
    return Range(low, high)


def bounds_after_change(state: Range, step: Change) -> Range:
    """Return what a state can be that a step may change, any number of times."""
    if step.to is not None:
        told = distribution_bounds(step.to)
        return state.union(told) if isinstance(told, Range) else Range()
    by = step.by if step.by is not None else step.per_year
    told = distribution_bounds(by) if by is not None else Range()
    if not isinstance(told, Range):
        return Range()
    falls, rises = told.low < 0, told.high > 0
    if step.while_taking is not None:
        falls = rises = True  # what a drug moved comes back when it is stopped
    return Range(-math.inf if falls else state.low, math.inf if rises else state.high)


def measured_results(step: StepHead) -> Iterator[tuple[str, StateResult | Distribution | None]]:
    """Yield (LOINC, result) of everything that a step measures."""
    if not isinstance(step, events.Lab | events.Vital):
        return
    if isinstance(step, events.Lab) and step.details.panel is not None:
        told: Mapping[str, StateResult | Distribution] = step.details.results
        for code in panels().get(step.details.panel, ()):
            yield code, told.get(code)
    elif step.details.loinc is not None:
        yield step.details.loinc, step.details.result


def _diagnosed(steps: Iterable[StepHead]) -> Iterator[str]:
    for step in steps:
        code = getattr(getattr(step, "details", None), "code", None)
        if isinstance(step, events.Diagnosis | events.AdverseEvent) and code is not None:
            yield code
