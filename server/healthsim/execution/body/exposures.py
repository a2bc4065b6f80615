"""What acts on people's bodies on their days: conditions, drugs, procedures, pregnancy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.drugs import drugs
from healthsim.dates import Days
from healthsim.execution.body.collection import Collection
from healthsim.execution.body.spells import EpisodeTable, Spell, SpellTable
from healthsim.execution.body.taken import DrugCourses, Taken
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.courses import Course, Courses
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.logs import Log, Moment
from healthsim.execution.people.people import People
from healthsim.medicine.courses import weight
from healthsim.medicine.derivation import derived
from healthsim.medicine.effects import (
    Cure,
    Effect,
    adverse_event_effects,
    condition_effects,
    cure,
    drug_effects,
    drug_names,
    moved_by,
    procedure_effects,
)

Floats: TypeAlias = NDArray[np.float64]
_LONG_AGO = 100_000.0  # days since the beginning of what has always been
_LEAST = 1e-6  # weight below which an effect is over
_EVENTS_BACK = 3  # how many of the latest events of a kind may still act


class StateOfAll(Protocol):
    """A state variable of a journey: its value at a moment, NaN for those who have none."""

    from_birth: bool

    def at(self, moment: Moment) -> Floats:
        """Return the value of everyone of the moment, float64."""


class History(Protocol):
    """What the body reads of the record of the chunk's people."""

    people: People
    draws: Draws
    conditions: ConditionLog
    doses: list[Course]
    delivered: Days
    procedures: dict[str, Log]
    adverse_events: dict[str, Log]

    @property
    def courses(self) -> Courses:
        """The courses of drugs so far."""

    @property
    def variables(self) -> Mapping[str, StateOfAll]:
        """State variables by name."""


@dataclass(frozen=True, eq=False)
class Acting:
    """An effect and those measurements on which it acts.

    Attributes:
        keys: the drawn analytes that it moves.
        at: positions of the measurements, shape (k,).
        weight: float64, shape (k,): how much of it acts.
    """

    effect: Effect
    keys: frozenset[str]
    at: NDArray[np.intp]
    weight: Floats


EffectsOf: TypeAlias = Callable[[str], Sequence[Effect]]
"""Returns the effects of a cause, such as the code of a condition."""


def drawn_behind(key: str) -> tuple[str, ...]:
    """Return the drawn analytes that follow an analyte when its value is given."""
    found = derived().get(key)
    if found is None:
        return (key,)
    return tuple(found.solves[0]) if found.solves else ()


class Exposures:
    """Everything that acts on the people of a chunk, as the record has it."""

    def __init__(self, history: History, own: Sequence[Effect] = (), *, usual: bool = True) -> None:
        """Take what a specification says of effects.

        Args:
            history: the record of the chunk's people.
            own: effects of the specification, which have precedence over the tables'.
            usual: whether the tables' effects act at all.
        """
        self._history, self._own, self._usual = history, tuple(own), usual
        self._of_cause: dict[tuple[str, str, frozenset[str]], tuple[Effect, ...]] = {}
        self._events: dict[tuple[str, str], tuple[int, SpellTable]] = {}
        self._tables: dict[tuple[str, ...], tuple[int, SpellTable | int]] = {}
        self._conditions: dict[str, tuple[int, EpisodeTable | int]] = {}
        self._cures_of: dict[str, tuple[int, list[tuple[str, Cure]]]] = {}
        self._seen, self._changes, self._by_drug = [0, 0], 0, dict[str, DrugCourses]()
        self._drugs: dict[frozenset[str], tuple[int, Mapping[tuple[str, ...], list[Effect]]]] = {}

    def acting(self, keys: frozenset[str], on: Collection) -> list[Acting]:
        """Return the effects that act on some drawn analytes, in a fixed order.

        Args:
            keys: the analytes.
            on: the measurements.
        """
        found: dict[int, list[Acting]] = {}
        for one in self._all(keys, on):
            found.setdefault(one.effect.order, []).append(one)
        return [_strongest(found[order], len(on)) for order in sorted(found)]

    def _all(self, keys: frozenset[str], on: Collection) -> Iterable[Acting]:
        yield from self._of_conditions(keys, on)
        yield from self._of_drugs(keys, on)
        yield from self._of_events("procedure", procedure_effects, self._history.procedures,
                                   keys, on)  # fmt: skip
        yield from self._of_events("adverse_event", adverse_event_effects,
                                   self._history.adverse_events, keys, on)  # fmt: skip

    def _effects(
        self, kind: str, cause: str, usual: EffectsOf, keys: frozenset[str]
    ) -> tuple[Effect, ...]:
        """Return a cause's effects on some analytes: the specification's, else the tables'."""
        known = self._of_cause.get((kind, cause, keys))
        if known is None:
            own = [effect for effect in self._own if effect.kind == kind and _is(effect, cause)]
            stated = {effect.analyte for effect in own}
            tables = usual(cause) if self._usual else ()
            every = (*own, *(effect for effect in tables if effect.analyte not in stated))
            known = tuple(effect for effect in every if keys.intersection(moved_by(effect)))
            self._of_cause[kind, cause, keys] = known
        return known

    def _of_conditions(self, keys: frozenset[str], on: Collection) -> Iterable[Acting]:
        for code in self._history.conditions.codes:
            effects = self._effects("condition", code, condition_effects, keys)
            if not effects:
                continue
            lead = int(np.ceil(max(effect.lead for effect in effects)))
            begun = (on.days + np.int32(lead)).astype(np.int32)
            spell = self._latest_episode(code, on.rows, begun)
            if len(spell.at):
                left = self._uncured(code, on, spell)
                yield from _acting(effects, on, spell, left)

    def _latest_episode(self, code: str, rows: Rows, days: Days) -> Spell:
        """Return the latest episode of a condition that people had begun by their days.

        While episodes change, only those of the people who are asked about are looked at.
        """
        log, people = self._history.conditions, len(self._history.people)
        version = log.revision(code)
        known, asked = self._conditions.get(code, (-1, 0))
        if known == version and isinstance(asked, EpisodeTable):
            return asked.latest(rows, days)
        often = (asked if known == version and isinstance(asked, int) else 0) + len(rows)
        chosen = _chosen(rows, people) if often < people else None
        table = EpisodeTable.of(log.episodes_of(code), people, chosen)
        self._conditions[code] = version, table if chosen is None else often
        return table.latest(rows, days)

    def _uncured(self, code: str, on: Collection, spell: Spell) -> Floats:
        """Return how much of a condition is left by the drugs that cure it, float64."""
        left = np.ones(len(spell.at))
        for drug, found in self._cures(code):
            taken = self._latest((drug,), on.rows[spell.at], on.days[spell.at])
            clock = on.clock[spell.at][taken.at]
            left[taken.at] *= 1 - _cured(found, taken, clock)
        return left

    def _cures(self, code: str) -> Sequence[tuple[str, Cure]]:
        """Return the drugs so far that cure a condition, in their order."""
        by_drug = self._courses_by_drug()
        known = self._cures_of.get(code)
        if known is None or known[0] != len(by_drug):
            found = [(drug, cure(drug, code)) for drug in (by_drug if self._usual else ())]
            known = len(by_drug), [(drug, one) for drug, one in found if one is not None]
            self._cures_of[code] = known
        return known[1]

    def _of_drugs(self, keys: frozenset[str], on: Collection) -> Iterable[Acting]:
        for drugs_taken, effects in self._drugs_of(keys).items():
            spell = self._latest(drugs_taken, on.rows, on.days)
            if len(spell.at):
                yield from _acting(effects, on, spell, spell.share)

    def _drugs_of(self, keys: frozenset[str]) -> Mapping[tuple[str, ...], list[Effect]]:
        """Return the drugs so far that do the same to some analytes, and what they do."""
        by_drug = self._courses_by_drug()
        known = self._drugs.get(keys)
        if known is not None and known[0] == len(by_drug):
            return known[1]
        drugs_of: dict[Effect, list[str]] = {}
        for drug in by_drug:
            for effect in self._effects("drug", drug, drug_effects, keys):
                drugs_of.setdefault(effect, []).append(drug)
        effects_of: dict[tuple[str, ...], list[Effect]] = {}
        for effect, taken in drugs_of.items():
            effects_of.setdefault(tuple(taken), []).append(effect)
        self._drugs[keys] = len(by_drug), effects_of
        return effects_of

    def _of_events(
        self, kind: str, usual: EffectsOf, logs: Mapping[str, Log], keys: frozenset[str],
        on: Collection,
    ) -> Iterable[Acting]:  # fmt: skip
        for cause in logs:
            effects = self._effects(kind, cause, usual, keys)
            if not effects:
                continue
            table = self._event_table(kind, cause, logs[cause])
            lead = np.int32(np.ceil(max(effect.lead for effect in effects)))
            for back in range(_EVENTS_BACK):
                spell = table.latest(on.rows, (on.days + lead).astype(np.int32), back)
                if not len(spell.at):
                    break
                yield from _acting(effects, on, spell, spell.share)

    def _courses_by_drug(self) -> dict[str, DrugCourses]:
        """Return the courses so far, as they are now, by the drug's name."""
        for kind, courses in enumerate((self._history.courses, self._history.doses)):
            for course in courses[self._seen[kind] :]:
                drug = course.drug or course.ingredient
                self._by_drug.setdefault(drug, DrugCourses()).add(course)
            self._seen[kind] = len(courses)
        changes = self._history.courses.changes
        for course in changes[self._changes :]:
            self._by_drug[course.drug or course.ingredient].follow(course)
        self._changes = len(changes)
        return self._by_drug

    def _latest(self, drugs: tuple[str, ...], rows: Rows, days: Days) -> Spell:
        """Return the latest course that people had begun by their days of any of some drugs.

        While courses change, only those of the people who are asked about are looked at.
        """
        courses = [self._by_drug[drug] for drug in drugs]
        version = sum(one.version for one in courses)
        known, asked = self._tables.get(drugs, (-1, 0))
        if known == version and isinstance(asked, SpellTable):
            return asked.latest(rows, days)
        often = (asked if known == version and isinstance(asked, int) else 0) + len(rows)
        people = len(self._history.people)
        chosen = _chosen(rows, people) if often < people else None
        table = SpellTable.of_taken(Taken.join([one.taken(chosen) for one in courses]))
        self._tables[drugs] = version, table if chosen is None else often
        return table.latest(rows, days)

    def _event_table(self, kind: str, cause: str, log: Log) -> SpellTable:
        seen, table = self._events.get((kind, cause), (0, None))
        if table is None or seen != len(log.entries):
            table = SpellTable.of_events(log.entries[seen:], table)
            self._events[kind, cause] = len(log.entries), table
        return table


def _chosen(rows: Rows, people: int) -> NDArray[np.bool_]:
    """Return who of a chunk is among some people, bool, shape (people,)."""
    chosen = np.zeros(people, dtype=np.bool_)
    chosen[rows] = True
    return chosen


def _is(effect: Effect, cause: str) -> bool:
    """Tell whether an effect of a specification is one of a cause."""
    if effect.kind in ("condition", "procedure"):
        return cause.startswith(effect.causes)
    if effect.kind == "drug" and (drug := drugs().rows.get(cause)) is not None:
        return not set(effect.causes).isdisjoint(drug_names(drug))
    return cause in effect.causes


def _acting(
    effects: Sequence[Effect], on: Collection, spell: Spell, share: Floats
) -> Iterator[Acting]:
    """Yield the effects of one cause with their weights; those of one shape have the same."""
    clock = on.clock[spell.at]
    since = np.minimum(clock - spell.since, _LONG_AGO)
    after = np.where(spell.until <= clock, clock - spell.until, np.nan)
    of_shape: dict[tuple[object, ...], tuple[NDArray[np.intp], Floats]] = {}
    for effect in effects:
        shape = (effect.shape, effect.lead, effect.onset, str(effect.hold), str(effect.off))
        if shape not in of_shape:
            weights = weight(effect, since, after) * share
            acts = np.flatnonzero(weights > _LEAST)
            of_shape[shape] = spell.at[acts], weights[acts]
        at, weights = of_shape[shape]
        if len(at):
            yield Acting(effect, frozenset(moved_by(effect)), at, weights)


def _cured(one: Cure, taken: Spell, clock: Floats) -> Floats:
    """Return the share of a condition's effects that a drug takes away; it wanes as it came."""
    onset = max(one.onset, 1.0)
    reached = np.clip((np.minimum(clock, taken.until) - taken.since) / onset, 0.0, 1.0)
    wanes = np.clip(1 - (clock - taken.until) / onset, 0.0, 1.0)
    gone: Floats = one.cancel * taken.share * reached * wanes
    return gone


def _strongest(same: Sequence[Acting], size: int) -> Acting:
    """Join what one effect does through several causes: the strongest acts."""
    if len(same) == 1:
        return same[0]
    dense = np.zeros(size)
    for one in same:
        dense[one.at] = np.maximum(dense[one.at], one.weight)
    at = np.flatnonzero(dense)
    return Acting(same[0].effect, same[0].keys, at, dense[at])
