"""The layout of a journey: every occurrence of every step, with its address, before the run.

Repeats are written out, so the specification alone determines all occurrences, and all chunks of
people have the same addresses, numbers and document order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal, TypeAlias

from healthsim.errors import Problem, SpecError, near
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.discharge_courses import (
    LEAVING,
    implied_courses,
    states_antibiotics,
)
from healthsim.specification.journeys.events import (
    AdverseEvent,
    Diagnosis,
    Encounter,
    Procedure,
    TumorAssessment,
    UsualAdverseEvents,
)
from healthsim.specification.journeys.home_care import AT_HOME, implied_care
from healthsim.specification.journeys.implied import (
    MILD,
    PROGRESSED,
    SERIOUS,
    implied_events,
    implied_result,
    implied_stay,
    treated,
)
from healthsim.specification.journeys.implied_tests import (
    LATER_TEST,
    ImpliedTest,
    implied_later,
    implied_results,
    implied_tests,
    tested_in_emergency,
)
from healthsim.specification.journeys.implied_transfusions import implied_transfusions
from healthsim.specification.journeys.includes import Include
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.nursing_care import IN_FACILITY, implied_facility
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit, Repeat, Unscheduled
from healthsim.specification.journeys.stages import Stage as StageSpec
from healthsim.specification.journeys.stages import Stages, Wait
from healthsim.specification.journeys.step import EventHead, StepHead
from healthsim.specification.journeys.timing import At, Every

MOST_OCCURRENCES = 50_000
Beating: TypeAlias = Repeat | Protocol
"""Steps that come in beats."""


class StageEntry(StepHead):
    """A person enters a stage; laid out from a `stages` step, never written in a document."""

    do: Literal["stage"] = "stage"
    stages: Stages
    stage: StageSpec

    def inner(self) -> Iterator[tuple[str, tuple[StepHead, ...]]]:
        """Yield what happens in the stage."""
        yield "steps", self.stage.steps


class StageLeave(StepHead):
    """A check whether a person leaves a stage; it gives no rows."""

    do: Literal["leave"] = "leave"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of one step.

    Attributes:
        number: position in document order over the whole journey.
        step: its step in the specification.
        address: key of its draws and ids: journey / repeats with their occurrence / step.
        phase: the phase that it is in.
        scope: the scope it is dated from.
        beat: its number within its nearest repeat, from 1; 1 outside of repeats.
        anchor: number of the occurrence that it comes after; -1 where its scope is the anchor.
        encounter: number of the encounter that it happens in; -1 outside of encounters.
        tick: which beat of its repeat or protocol it is, from 1; 0 for every other occurrence.
        opener: number of the repeat, protocol or stages step that a beat or an entry belongs to,
            or of the entry that a leave belongs to; -1 otherwise.
        business_days: whether weekends and holidays move to the next business day; what a
            protocol's visit holds without a day of its own stays with it.
    """

    number: int
    step: StepHead
    address: str
    phase: str
    scope: int
    beat: int
    anchor: int
    encounter: int
    tick: int = 0
    opener: int = -1
    business_days: bool = False


@dataclass(frozen=True, slots=True)
class TimeScope:
    """Steps that are dated from one start: those of the journey, a beat, an option, or an event.

    Attributes:
        opener: the occurrence that opens it; -1 for the journey.
        option: the option of the branch or wait that opens it, or the delay of a beat; else -1.
        closes: the scopes around it, itself included, that can end before the journey: stages and
            protocols.
        names: step id -> number of its occurrence, for the steps in it.
    """

    number: int
    opener: int
    option: int
    outer: int
    closes: tuple[int, ...] = ()
    names: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class JourneyLayout:
    """The occurrences and scopes of one journey, in document order.

    Attributes:
        members: the occurrences that each scope dates.
        opens: (occurrence, option of a branch or -1) -> the scope that it opens.
        next_tick: a repeat -> its first beat; a beat -> the beat after it.
        entries: (stages step, stage by position, which time) -> the entry into it.
        exit_checks: an entry -> the check whether the stage is left.
        stage_members: an entry -> the occurrences in the stage.
        loose: the occurrences whose days depend on more than the calendar: they happen only within
            the journey's duration.
        dependents: an occurrence -> those that come after it.
        order: the occurrences, each after those that it waits for.
    """

    journey: JourneySpec
    occurrences: tuple[Occurrence, ...]
    scopes: tuple[TimeScope, ...]
    members: tuple[tuple[int, ...], ...]
    opens: dict[tuple[int, int], int]
    next_tick: dict[int, int]
    entries: dict[tuple[int, int, int], int]
    exit_checks: dict[int, int]
    stage_members: dict[int, range]
    loose: frozenset[int]
    dependents: dict[int, tuple[int, ...]]
    order: tuple[int, ...]

    def diagnosed(self, encounter: int) -> frozenset[str]:
        """Return the codes that diagnoses of an encounter's own may begin, by its number."""
        return self._diagnosed.get(encounter, frozenset())

    @cached_property
    def _diagnosed(self) -> dict[int, frozenset[str]]:
        found: dict[int, set[str]] = {}
        for one in self.occurrences:
            if one.encounter >= 0 and isinstance(one.step, Diagnosis):
                found.setdefault(one.encounter, set()).add(one.step.details.code)
        return {encounter: frozenset(codes) for encounter, codes in found.items()}

    def occurrences_named(self, name: str) -> tuple[int, ...]:
        """Return the numbers of the occurrences that a name refers to.

        ``visit`` means every one, ``visit#2`` and ``quarter/visit#2`` the second.
        """
        if name not in self._named:
            self._named[name] = tuple(one.number for one in self.occurrences if _means(name, one))
        return self._named[name]

    @cached_property
    def _named(self) -> dict[str, tuple[int, ...]]:
        return {}

    def counted(self, name: str) -> tuple[int, ...]:
        """Return the occurrences that `happened` and `count` use: of a repeat, its beats."""
        if name not in self._counted:
            self._counted[name] = self._count(name)
        return self._counted[name]

    @cached_property
    def _counted(self) -> dict[str, tuple[int, ...]]:
        return {}

    def _count(self, name: str) -> tuple[int, ...]:
        named = [self.occurrences[number] for number in self.occurrences_named(name)]
        openers = {one.number for one in named if isinstance(one.step, Beating) and not one.tick}
        beats = [one.number for one in self.occurrences if one.tick and one.opener in openers]
        return (*(one.number for one in named if one.number not in openers), *beats)


def _means(name: str, occurrence: Occurrence) -> bool:
    """Tell whether a name refers to an occurrence.

    A number on the last part is the beat of the nearest repeat, or, on a repeat, its own.
    """
    *outer, (last, _, beat) = (part.partition("#") for part in name.split("/"))
    if last != occurrence.step.id:
        return False
    if occurrence.tick or isinstance(occurrence.step, Beating):
        own = str(occurrence.tick) if occurrence.tick else ""
    else:
        own = str(occurrence.beat) if beat else ""
    around = [part.partition("#") for part in occurrence.address.split("/")[1:-1]]
    return (
        own == beat
        and len(outer) <= len(around)
        and all(
            given == actual and (not number or number == actual_number)
            for (given, _, number), (actual, _, actual_number) in zip(
                outer, around[len(around) - len(outer) :], strict=True
            )
        )
    )


def lay_out(journey: JourneySpec, where: str = "journey") -> JourneyLayout:
    """Write out every occurrence of a journey.

    Raises:
        SpecError: for an `after` that names no step or several, for steps that wait for each
            other, for too many occurrences.
    """
    builder = _LayoutBuilder(journey, where)
    top = builder.scope(opener=-1, option=-1, outer=-1)
    for phase in journey.phases:
        builder.place_all(phase.steps, _Place(phase.name, top, journey.name, 1, -1))
    return builder.finish()


def most_beats(step: Beating, journey: JourneySpec) -> int:
    """Return how many beats a repeat has at most: `times`, or as many as fit into the journey."""
    if isinstance(step, Protocol):
        return step.cycles
    beat = 1.0 if step.every.hazard is not None else step.every.nominal_days
    longest = int(journey.duration_days / beat) + 1
    return step.times if step.times is not None else longest


@dataclass(frozen=True, slots=True)
class _Place:
    phase: str
    scope: int
    prefix: str
    beat: int
    encounter: int


class _LayoutBuilder:
    """A layout while it is built: steps in document order; at the end, the anchors of `after`."""

    def __init__(self, journey: JourneySpec, where: str) -> None:
        self.journey, self.where = journey, where
        self.occurrences: list[Occurrence] = []
        self.scopes: list[TimeScope] = []
        self.members: list[list[int]] = []
        self.opens: dict[tuple[int, int], int] = {}
        self._treated: dict[int, tuple[Encounter, Encounter]] = {}  # by id, which lives as long
        self.next_tick: dict[int, int] = {}
        self.entries: dict[tuple[int, int, int], int] = {}
        self.leaves: dict[int, int] = {}
        self.held: dict[int, range] = {}
        self.by_id: dict[str, list[Occurrence]] = {}
        self.implied_after: dict[tuple[int, int], tuple[StepHead, ...]] = {}
        self.leaving: dict[int, tuple[StepHead, ...]] = {}
        self.antibiotics = states_antibiotics(step for _, step in journey.steps())
        self.emergency = tested_in_emergency(step for _, step in journey.steps())

    def scope(self, opener: int, option: int, outer: int, *, closes: bool = False) -> int:
        number = len(self.scopes)
        around = self.scopes[outer].closes if outer >= 0 else ()
        self.scopes.append(
            TimeScope(number, opener, option, outer, (*around, number) if closes else around)
        )
        self.members.append([])
        if opener >= 0:
            self.opens[opener, option] = number
        return number

    def place_all(self, steps: Sequence[StepHead], place: _Place) -> None:
        for position, stated in enumerate(steps):
            step = self.with_treatments(stated)
            number = self.add(step, place)
            if isinstance(step, Encounter):
                self.place_care_after(step, steps[position + 1 :], place, number)
                self.place_leaving(step, place, number)
            if isinstance(step, Beating):
                self.place_beats(step, place, number)
            elif isinstance(step, Branch):
                self.place_options([option.steps for option in step.options], place, number)
            elif isinstance(step, Wait):
                self.place_options([step.steps, step.otherwise], place, number)
            elif isinstance(step, Stages):
                self.place_stages(step, place, number)
            else:
                self.place_inside(step, place, number)

    def with_treatments(self, step: StepHead) -> StepHead:
        """Return a step with what is done in its stay: the same one for every beat of a repeat."""
        if not isinstance(step, Encounter):
            return step
        if id(step) not in self._treated:
            self._treated[id(step)] = step, treated(step)
        return self._treated[id(step)][1]

    def place_options(
        self, options: Sequence[Sequence[StepHead]], place: _Place, opener: int
    ) -> None:
        for option, steps in enumerate(options):
            inner = self.scope(opener, option, place.scope)
            self.place_all(steps, replace(place, scope=inner))

    def place_inside(self, step: StepHead, place: _Place, number: int) -> None:
        """Place the steps during an event or a planned visit, or of a part."""
        if isinstance(step, EventHead):
            steps: Sequence[StepHead] = step.with_
            if isinstance(step, AdverseEvent):
                steps = self.place_implied(step, place, number)
            elif isinstance(step, TumorAssessment) and step.on_progression:
                then = self.scope(number, PROGRESSED, place.scope)
                self.place_all(step.on_progression, replace(place, scope=then, encounter=-1))
            elif isinstance(step, UsualAdverseEvents):
                steps = (*implied_events(step), *step.with_)
            tests = self.implied(step, place)
            if steps or tests:
                inner = self.scope(number, -1, place.scope)
                inside = number if isinstance(step, Encounter) else place.encounter
                within = replace(place, scope=inner, encounter=inside)
                self.place_all(steps, within)
                for test in tests:
                    parts = (place.prefix, *test.around, step.id, test.below)
                    prefix = "/".join(filter(None, parts))
                    visit = -1 if test.later else within.encounter
                    self.place_all([test.step], replace(within, prefix=prefix, encounter=visit))
        elif isinstance(step, Include | ProtocolVisit):
            inner = self.scope(number, -1, place.scope)
            prefix = f"{place.prefix}/{step.id}"
            self.place_all(step.steps, replace(place, scope=inner, prefix=prefix))

    def place_care_after(
        self, stay: Encounter, later: Sequence[StepHead], place: _Place, number: int
    ) -> None:
        """Place the care of those who are discharged to it, unless `later` steps are it.

        It is at home, or in a nursing facility.
        """
        for option, implied in ((AT_HOME, implied_care), (IN_FACILITY, implied_facility)):
            key = option, id(stay)
            if key not in self.implied_after:  # beats share their steps
                self.implied_after[key] = implied(stay, later)
            if self.implied_after[key]:
                inner = self.scope(number, option, place.scope)
                within = replace(place, scope=inner, encounter=-1)
                self.place_all(self.implied_after[key], within)

    def place_leaving(self, stay: Encounter, place: _Place, number: int) -> None:
        """Place what finishes the treatment of an infection of those who leave a stay."""
        if id(stay) not in self.leaving:
            self.leaving[id(stay)] = () if self.antibiotics else implied_courses(stay)
        if self.leaving[id(stay)]:
            inner = self.scope(number, LEAVING, place.scope)
            within = replace(place, scope=inner, encounter=number)
            prefix = f"{place.prefix}/{stay.id}"
            self.place_all(self.leaving[id(stay)], replace(within, prefix=prefix))

    def implied(self, step: EventHead, place: _Place) -> Sequence[ImpliedTest]:
        """Return the tests that a visit, a procedure or a diagnosis brings with it."""
        if not isinstance(step, Encounter | Procedure | Diagnosis):
            return ()
        around = self.occurrences[place.encounter].step if place.encounter >= 0 else None
        if isinstance(step, Diagnosis):
            return [*implied_later(step, around)]
        found = [*implied_results(step, around)]
        if isinstance(step, Encounter):
            found += implied_tests(step, self.emergency)
            found += implied_transfusions(step)
        return found

    def place_implied(self, step: AdverseEvent, place: _Place, number: int) -> Sequence[StepHead]:
        """Place what an adverse event brings with it; return what happens to all who have it.

        The result that defines it is measured in the stay of those for whom it is serious.
        """
        stays, results = implied_stay(step), implied_result(step)
        if not stays:
            return (*results, *step.with_)
        inner = self.scope(number, SERIOUS, place.scope)
        self.place_all(stays, replace(place, scope=inner, encounter=-1))
        if results:
            self.place_all(results, replace(place, scope=self.scope(number, MILD, place.scope)))
        return step.with_

    def add(self, step: StepHead, place: _Place, **fields: Any) -> int:
        """Add an occurrence; `fields` are those of a beat, an entry or a leave."""
        number = len(self.occurrences)
        if number >= MOST_OCCURRENCES:
            raise SpecError([Problem(self.where, f"makes over {MOST_OCCURRENCES:,} occurrences",
                                     "lower the times of its repeats")])  # fmt: skip
        tick = fields.get("tick", 0)
        address = f"{place.prefix}/{step.id}" + (f"#{tick}" if tick else "")
        occurrence = Occurrence(
            number, step, address, place.phase, place.scope, place.beat, -1, place.encounter,
            business_days=self._on_business_days(step, place),
        )  # fmt: skip
        self.occurrences.append(replace(occurrence, **fields))
        if not fields:
            self.members[place.scope].append(number)
            self.scopes[place.scope].names[step.id] = number
        return number

    def _on_business_days(self, step: StepHead, place: _Place) -> bool:
        opener = self.scopes[place.scope].opener
        planned = opener >= 0 and isinstance(self.occurrences[opener].step, ProtocolVisit)
        with_visit = planned and step.at == At()
        return step.keeps_business_days and not with_visit

    def place_beats(self, step: Beating, place: _Place, opener: int) -> None:
        if isinstance(step, Protocol):
            around = self.scope(opener, -1, place.scope, closes=True)
            if step.unscheduled is not None:
                repeat = _as_repeat(step.unscheduled)
                self.place_all([repeat], replace(place, scope=around))
        before = opener
        for beat in range(1, most_beats(step, self.journey) + 1):
            tick = self.add(step, place, tick=beat, opener=opener)
            self.next_tick[before] = before = tick
            inner = self.scope(tick, -1, place.scope)
            here = replace(place, scope=inner, prefix=f"{place.prefix}/{step.id}#{beat}", beat=beat)
            self.place_all(_of_beat(step, beat), here)
            for delay in range(step.delay.most if step.delay is not None else 0):
                inner = self.scope(tick, delay, place.scope)
                prefix = f"{here.prefix}/delay#{delay + 1}"
                steps = step.delay.steps if step.delay is not None else ()
                self.place_all(steps, replace(here, scope=inner, prefix=prefix))

    def place_stages(self, step: Stages, place: _Place, opener: int) -> None:
        for rank, stage in enumerate(step.stages):
            for time in range(1, step.most_visits + 1):
                entry = StageEntry.model_construct(
                    id=stage.name, stages=step, stage=stage, at=At(), do="stage"
                )
                address = f"{place.prefix}/{step.id}/{stage.name}#{time}"
                number = self.add(entry, place, opener=opener, beat=time, address=address)
                self.entries[opener, rank, time] = number
                leave = StageLeave.model_construct(id="leave", at=At(), do="leave")
                self.leaves[number] = self.add(
                    leave, place, opener=number, address=f"{address}/leave"
                )
                inner = self.scope(number, -1, place.scope, closes=True)
                here = replace(place, scope=inner, prefix=address, beat=time)
                self.place_all(stage.steps, here)
                self.held[number] = range(self.leaves[number] + 1, len(self.occurrences))

    def finish(self) -> JourneyLayout:
        anchored = tuple(
            one if one.step.at.after is None or one.tick else replace(one, anchor=self.anchor(one))
            for one in self.occurrences
        )
        order = self.in_order(anchored)
        dependents: dict[int, list[int]] = {}
        for one in anchored:
            if one.anchor >= 0:
                dependents.setdefault(one.anchor, []).append(one.number)
        return JourneyLayout(
            self.journey, anchored, tuple(self.scopes), tuple(map(tuple, self.members)), self.opens,
            self.next_tick, self.entries, self.leaves, self.held, self.loose(anchored, order),
            {number: tuple(numbers) for number, numbers in dependents.items()}, order,
        )  # fmt: skip

    def loose(self, anchored: Sequence[Occurrence], order: Sequence[int]) -> frozenset[int]:
        """Return the occurrences that the calendar alone does not date, or that wait for one."""
        loose: set[int] = set()
        for number in order:
            one = anchored[number]
            waits_for = (one.anchor, one.opener, self.scopes[one.scope].opener)
            if _is_loose(one) or any(other in loose for other in waits_for):
                loose.add(number)
        return frozenset(loose)

    def anchor(self, occurrence: Occurrence) -> int:
        """Find the occurrence that `after` names: in the nearest scope, else the only one."""
        name = occurrence.step.at.after or ""
        named = [other for other in self.named(name) if _means(name, other)]
        scope = occurrence.scope
        while scope >= 0 and "/" not in name and "#" not in name:
            if name in self.scopes[scope].names:
                return self.scopes[scope].names[name]
            scope = self.scopes[scope].outer
        where = f"{self.where}: step {occurrence.step.id!r}: at.after"
        if not named:
            ids = {other.step.id for other in self.occurrences}
            raise SpecError([Problem(where, f"no step {name!r}", near(name, ids))])
        step = named[0].step
        if occurrence.step.at.edge == "end" and isinstance(step, Beating):
            mend = f"name a step of its last beat, or {step.id}#{most_beats(step, self.journey)}"
            raise SpecError([Problem(where, f"a repeat such as {name!r} has no end edge", mend)])
        if len(named) > 1:
            mend = f"say which, such as {named[0].address.split('/', 1)[1]!r}"
            raise SpecError([Problem(where, f"{name!r} means {len(named)} occurrences", mend)])
        return named[0].number

    def named(self, name: str) -> list[Occurrence]:
        """Return the occurrences of the step that a name ends with."""
        if not self.by_id:
            for one in self.occurrences:
                self.by_id.setdefault(one.step.id, []).append(one)
        return self.by_id.get(name.rsplit("/", 1)[-1].partition("#")[0], [])

    def in_order(self, anchored: Sequence[Occurrence]) -> tuple[int, ...]:
        """Return occurrences after those that they wait for; refuse cycles."""
        waits = {one.number: {one.anchor, self.scopes[one.scope].opener} - {-1} for one in anchored}
        for opener, tick in self.next_tick.items():
            waits[tick].add(opener)
        for number in (*self.entries.values(), *self.leaves.values()):
            waits[number].add(anchored[number].opener)
        try:
            return tuple(TopologicalSorter(waits).static_order())
        except CycleError as error:
            names = dict.fromkeys(anchored[number].step.id for number in error.args[1])
            raise SpecError([Problem(f"{self.where}: step {next(iter(names))!r}: at.after",
                                     f"waits for itself: {' → '.join(names)}",
                                     "let one of them begin by day")]) from None  # fmt: skip


def _as_repeat(visits: Unscheduled) -> Repeat:
    """Return the unscheduled visits of a protocol as a repeat by hazard."""
    every = Every(hazard=visits.hazard)
    return Repeat(do="repeat", id=visits.id, every=every, times=visits.times, steps=visits.steps)


def _of_beat(step: Beating, beat: int) -> Sequence[StepHead]:
    if isinstance(step, Repeat):
        return step.steps
    return [visit for visit in step.visits if visit.takes_place_in(beat)]


def _is_loose(occurrence: Occurrence) -> bool:
    step, at = occurrence.step, occurrence.step.at
    if isinstance(step, StageEntry | StageLeave | Wait) or step.id.startswith(LATER_TEST):
        return True
    if isinstance(step, Beating) and (step.counted == "previous" or step.delay is not None):
        return True
    if isinstance(step, Repeat) and step.every.hazard is not None:
        return True
    if isinstance(step, Branch) and step.races:
        return True
    return step.hazard is not None or at.age is not None or at.month is not None
