"""A journey laid out: every occurrence of every step, with its address, before anybody walks it.

Repeats are written out, so the whole agenda is known from the specification alone and two chunks
of people always agree on addresses, numbers and document order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

from healthsim.errors import Problem, SpecError, near
from healthsim.specification.journey import (
    Branch,
    Encounter,
    EventHead,
    JourneySpec,
    Repeat,
    StepHead,
)

MOST_OCCURRENCES = 50_000


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of one step.

    Attributes:
        number: position in document order over the whole journey.
        step: what the specification says of it.
        address: names its draws and ids: journey / repeats with their occurrence / step.
        phase: the phase it stands in.
        scope: the scope it is dated from.
        beat: its number within its nearest repeat, from 1; 1 outside of repeats.
        anchor: number of the occurrence that it comes after; -1 where its scope is the anchor.
        encounter: number of the encounter that it happens in; -1 where in none.
        tick: which beat of its repeat it is, from 1; 0 for every other occurrence.
        opener: number of the repeat that a beat belongs to; -1 otherwise.
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


@dataclass(frozen=True, slots=True)
class Scope:
    """What is dated from one start: the journey, a beat, an option, or an event's inside.

    Attributes:
        opener: the occurrence that opens it; -1 for the journey.
        option: the way of the branch that opens it; -1 where it is no branch.
        names: step id -> number of its occurrence, for those who stand in it.
    """

    number: int
    opener: int
    option: int
    outer: int
    names: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The occurrences and scopes of one journey, in document order.

    Attributes:
        members: the occurrences that each scope dates.
        opens: (occurrence, way of a branch or -1) -> the scope that it opens.
        next_tick: a repeat -> its first beat; a beat -> the beat after it.
        dependents: an occurrence -> those that come after it.
        order: the occurrences, each behind what it waits for.
    """

    journey: JourneySpec
    occurrences: tuple[Occurrence, ...]
    scopes: tuple[Scope, ...]
    members: tuple[tuple[int, ...], ...]
    opens: dict[tuple[int, int], int]
    next_tick: dict[int, int]
    dependents: dict[int, tuple[int, ...]]
    order: tuple[int, ...]

    def meant(self, name: str) -> tuple[int, ...]:
        """Return the numbers of the occurrences that a name means.

        ``visit`` means every one, ``visit#2`` and ``quarter/visit#2`` the second.
        """
        return tuple(one.number for one in self.occurrences if _means(name, one))

    def counted(self, name: str) -> tuple[int, ...]:
        """Return the occurrences that `happened` and `count` look at: of a repeat, its beats."""
        found = [self.occurrences[number] for number in self.meant(name)]
        repeats = {one.step.id for one in found if isinstance(one.step, Repeat) and not one.tick}
        beats = [one.number for one in self.occurrences if one.tick and one.step.id in repeats]
        return tuple(one.number for one in found if one.tick or one.step.id not in repeats) + tuple(
            beats
        )


def _means(name: str, one: Occurrence) -> bool:
    """Tell whether a name means an occurrence.

    A number on the last part is the beat of the nearest repeat, or, on a repeat, its own.
    """
    *outer, (last, _, beat) = (part.partition("#") for part in name.split("/"))
    if last != one.step.id:
        return False
    if one.tick or isinstance(one.step, Repeat):
        own = str(one.tick) if one.tick else ""
    else:
        own = str(one.beat) if beat else ""
    around = [part.partition("#") for part in one.address.split("/")[1:-1]]
    return (
        own == beat
        and len(outer) <= len(around)
        and all(
            said == found and (not number or number == its)
            for (said, _, number), (found, _, its) in zip(
                outer, around[len(around) - len(outer) :], strict=True
            )
        )
    )


def lay_out(journey: JourneySpec, where: str = "journey") -> Plan:
    """Write out every occurrence of a journey.

    Raises:
        SpecError: for an `after` that names no step or several, for steps that wait for each
            other, for too many occurrences.
    """
    drawing = _Drawing(journey, where)
    top = drawing.scope(opener=-1, option=-1, outer=-1)
    for phase in journey.phases:
        drawing.place_all(phase.steps, _Place(phase.name, top, journey.name, 1, -1))
    return drawing.finish()


def beats(step: Repeat, journey: JourneySpec) -> int:
    """Return how often a repeat can come at most: `times`, or as long as the journey lasts."""
    longest = int(journey.duration_days / step.every.nominal_days) + 1
    return step.times if step.times is not None else longest


@dataclass(frozen=True, slots=True)
class _Place:
    phase: str
    scope: int
    prefix: str
    beat: int
    encounter: int


class _Drawing:
    """A plan while it is drawn: steps are placed in document order, anchors are tied at the end."""

    def __init__(self, journey: JourneySpec, where: str) -> None:
        self.journey, self.where = journey, where
        self.occurrences: list[Occurrence] = []
        self.scopes: list[Scope] = []
        self.members: list[list[int]] = []
        self.opens: dict[tuple[int, int], int] = {}
        self.next_tick: dict[int, int] = {}
        self.by_id: dict[str, list[Occurrence]] = {}

    def scope(self, opener: int, option: int, outer: int) -> int:
        number = len(self.scopes)
        self.scopes.append(Scope(number, opener, option, outer))
        self.members.append([])
        if opener >= 0:
            self.opens[opener, option] = number
        return number

    def place_all(self, steps: Sequence[StepHead], place: _Place) -> None:
        for step in steps:
            number = self.add(step, place)
            if isinstance(step, Repeat):
                self.place_beats(step, place, number)
            elif isinstance(step, Branch):
                for way, option in enumerate(step.options):
                    inner = self.scope(number, way, place.scope)
                    self.place_all(option.steps, replace(place, scope=inner))
            elif isinstance(step, EventHead) and step.with_:
                inner = self.scope(number, -1, place.scope)
                inside = number if isinstance(step, Encounter) else place.encounter
                self.place_all(step.with_, replace(place, scope=inner, encounter=inside))

    def add(self, step: StepHead, place: _Place, tick: int = 0, opener: int = -1) -> int:
        number = len(self.occurrences)
        if number >= MOST_OCCURRENCES:
            raise SpecError([Problem(self.where, f"makes over {MOST_OCCURRENCES:,} occurrences",
                                     "lower the times of its repeats")])  # fmt: skip
        address = f"{place.prefix}/{step.id}" + (f"#{tick}" if tick else "")
        self.occurrences.append(
            Occurrence(number, step, address, place.phase, place.scope, place.beat, -1,
                       place.encounter, tick, opener)
        )  # fmt: skip
        if not tick:
            self.members[place.scope].append(number)
            self.scopes[place.scope].names[step.id] = number
        return number

    def place_beats(self, step: Repeat, place: _Place, opener: int) -> None:
        before = opener
        for beat in range(1, beats(step, self.journey) + 1):
            tick = self.add(step, place, beat, opener)
            self.next_tick[before] = before = tick
            inner = self.scope(tick, -1, place.scope)
            self.place_all(
                step.steps,
                replace(place, scope=inner, prefix=f"{place.prefix}/{step.id}#{beat}", beat=beat),
            )

    def finish(self) -> Plan:
        tied = tuple(
            one if one.step.at.after is None or one.tick else replace(one, anchor=self.anchor(one))
            for one in self.occurrences
        )
        order = self.in_order(tied)
        dependents: dict[int, list[int]] = {}
        for one in tied:
            if one.anchor >= 0:
                dependents.setdefault(one.anchor, []).append(one.number)
        return Plan(
            self.journey, tied, tuple(self.scopes), tuple(map(tuple, self.members)), self.opens,
            self.next_tick, {number: tuple(found) for number, found in dependents.items()}, order,
        )  # fmt: skip

    def anchor(self, one: Occurrence) -> int:
        """Find the occurrence that `after` means: in sight from inside out, else the only one."""
        name = one.step.at.after or ""
        found = [other.number for other in self.called(name) if _means(name, other)]
        scope = one.scope
        while scope >= 0 and "/" not in name and "#" not in name:
            if name in self.scopes[scope].names:
                return self.scopes[scope].names[name]
            scope = self.scopes[scope].outer
        where = f"{self.where}: step {one.step.id!r}: at.after"
        if not found:
            ids = {other.step.id for other in self.occurrences}
            raise SpecError([Problem(where, f"no step {name!r}", near(name, ids))])
        step = self.occurrences[found[0]].step
        if one.step.at.edge == "end" and isinstance(step, Repeat):
            mend = f"name a step of its last beat, or {step.id}#{beats(step, self.journey)}"
            raise SpecError([Problem(where, f"a repeat such as {name!r} has no end edge", mend)])
        if len(found) > 1:
            mend = f"say which, such as {self.occurrences[found[0]].address.split('/', 1)[1]!r}"
            raise SpecError([Problem(where, f"{name!r} means {len(found)} occurrences", mend)])
        return found[0]

    def called(self, name: str) -> list[Occurrence]:
        """Return the occurrences of the step that a name ends with."""
        if not self.by_id:
            for one in self.occurrences:
                self.by_id.setdefault(one.step.id, []).append(one)
        return self.by_id.get(name.rsplit("/", 1)[-1].partition("#")[0], [])

    def in_order(self, tied: Sequence[Occurrence]) -> tuple[int, ...]:
        """Order steps behind what they wait for; refuse those that wait for each other."""
        waits = {one.number: {one.anchor, self.scopes[one.scope].opener} - {-1} for one in tied}
        for opener, tick in self.next_tick.items():
            waits[tick].add(opener)
        try:
            return tuple(TopologicalSorter(waits).static_order())
        except CycleError as error:
            names = dict.fromkeys(tied[number].step.id for number in error.args[1])
            raise SpecError([Problem(f"{self.where}: step {next(iter(names))!r}: at.after",
                                     f"waits in a circle: {' → '.join(names)}",
                                     "let one of them begin by day")]) from None  # fmt: skip
