"""The codes that visits state: those they list, combined with what the person has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.exact_codes import says_more, with_both_sides
from healthsim.codes.icd10cm import COMBINATIONS, combined, conflicts, mutually_exclusive
from healthsim.codes.pregnancy import GESTATION_DAYS, LONGEST_PREGNANCY
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.sync.visits.long_term_use import LongTermUse
from healthsim.execution.timeline.record import Record
from healthsim.medicine.coding import (
    LongTermDrug,
    arises_in_operations,
    in_coding_order,
    leaves_state,
    with_partners,
)
from healthsim.medicine.liveborn import BORN, PERINATAL, after_birth, without_birth
from healthsim.medicine.obstetrics import Stage, coded_in_pregnancy, is_birth, is_obstetric
from healthsim.medicine.problems import (
    after_treatment,
    is_after_treatment,
    is_flare_of,
    is_illness,
    stem,
    subsequent,
    usual_course,
)
from healthsim.medicine.removals import stated_after
from healthsim.medicine.stages import other_stage

_DAYS_OF_WEEK = 7
_PUERPERIUM = 42  # days after a birth: guidelines I.C.15.a
_UNKNOWN = -1
_AT_BIRTH = -1  # of a visit that begins on the day of birth, or of people without a code of it

S = TypeVar("S")


@dataclass(frozen=True)
class VisitCodes:
    """The codes of many visits, as few distinct lists.

    Attributes:
        lists: each distinct list of codes, in order.
        chosen: int32, shape (visits,); which list each visit has.
        late: of each list, the codes that were not present on admission.
    """

    lists: tuple[tuple[str, ...], ...]
    chosen: NDArray[np.int32]
    late: tuple[frozenset[str], ...] = ()

    def take(self, part: slice) -> VisitCodes:
        """Return the codes of some of the visits."""
        lists, chosen = np.unique(self.chosen[part], return_inverse=True)
        return VisitCodes(
            tuple(self.lists[one] for one in lists.tolist()),
            chosen.astype(np.int32),
            tuple(self.late[one] for one in lists.tolist()) if self.late else (),
        )


@dataclass(frozen=True)
class VisitsToCode:
    """Visits of one occurrence; arrays have one entry for each of them.

    Attributes:
        rows: ascending positions of the people in the chunk.
        first, last: int32, first and last day.
        listed: the codes that the event lists, in order.
        holds: int64; bit i is set where code i of `listed` holds.
        own: the codes that diagnoses during the visit may begin.
        comorbidities: whether the person's other active conditions are stated too.
        acute: whether it is an emergency, a stay or an operation.
        emergency: whether it is an emergency visit, which does not know what the stay after it
            finds: of the conditions that are not its own, those that were there the day before.
        operated: whether it is an operation on its first day.
    """

    rows: Rows
    first: Days
    last: Days
    listed: Sequence[str]
    holds: NDArray[np.int64]
    own: Sequence[str]
    comorbidities: bool
    acute: bool = False
    emergency: bool = False
    operated: bool = False


@dataclass(frozen=True)
class _Circumstances:
    """What the codes of a visit depend on besides the listed ones; equal for many visits."""

    listed: tuple[str, ...]
    held: tuple[str, ...]
    late: frozenset[str]
    stage: Stage
    weeks: int
    drugs: tuple[LongTermDrug, ...]
    drugs_known: tuple[LongTermDrug, ...]
    comorbidities: bool
    lives: bool


class VisitCoding:
    """Codes visits as a coder does, of a chunk whose people's lives are complete."""

    def __init__(self, record: Record) -> None:
        self._record, self._use = record, LongTermUse(record)

    def code(self, visits: Sequence[VisitsToCode]) -> VisitCodes:
        """Return what the visits of several occurrences state, one occurrence after another."""
        lives = self._record.conditions.lives
        rows = np.concatenate([one.rows for one in visits])
        first = np.concatenate([one.first for one in visits])
        active = self._record.conditions.held_on(rows, first)
        early = np.repeat([one.emergency for one in visits], [len(one.rows) for one in visits])
        known = self._record.conditions.held_on(rows, (first - early).astype(np.int32))
        after = _after_treatment(visits)
        lasting = self._record.conditions.held_on(rows, first + after) if after.any() else active
        rules, drugs = self._use.codes(rows, first) if lives else ((), np.zeros_like(active.chosen))
        kinds, kind = _kinds(visits)
        holds = np.concatenate([one.holds for one in visits])
        began, late = np.concatenate([self._begun_during(one) for one in visits], axis=1)
        stage, weeks = np.concatenate([self._pregnancy(one) for one in visits], axis=1)
        over, healing = np.concatenate([self._moved_on(one) for one in visits], axis=1)
        states = [code for code in self._record.conditions.codes if leaves_state(code)]
        new = np.concatenate([self._begun_states(one, states) for one in visits])
        unseen = np.concatenate([self._unseen(one) for one in visits])
        born = np.concatenate([self._since_birth(one) for one in visits])
        columns = [kind, active.chosen, known.chosen, holds, began, late, drugs, stage, weeks, over,
                   healing, new, unseen, lasting.chosen, born]  # fmt: skip
        places, chosen = distinct(columns)
        lists, since = [], []
        for place in places.tolist():
            of_kind = kinds[kind[place]]
            left = _set(states, int(new[place]))
            before, lasts = known.sets[known.chosen[place]], lasting.sets[lasting.chosen[place]]
            held = tuple(one for one in active.sets[active.chosen[place]]
                         if one not in left and one in before
                         and (one in lasts or not is_illness(one)))  # fmt: skip
            bits = (int(each[place]) for each in (holds, over, healing, unseen))
            own = [one for one in _set(of_kind.own, int(began[place])) if not leaves_state(one)]
            listed = (*_stated_now(of_kind.listed, held, *bits), *own)
            listed = (*listed, *_of_newborn(listed, held))
            if (age := int(born[place])) != _AT_BIRTH:
                listed = without_birth(listed, after_birth()[age][1])
                held = tuple(code for code in held if not code.startswith(BORN))
            of = _Circumstances(
                listed=tuple(dict.fromkeys(listed)),
                held=held,
                late=frozenset(_set(of_kind.own, int(late[place]))),
                stage=Stage(int(stage[place])),
                weeks=int(weeks[place]),
                drugs=tuple(_set(rules, int(drugs[place]))),
                drugs_known=rules,
                comorbidities=of_kind.comorbidities,
                lives=lives,
            )
            lists.append(_coded(of))
            since.append(_begun_late(of))
        return VisitCodes(tuple(lists), chosen.astype(np.int32), tuple(since))

    def _begun_during(self, visits: VisitsToCode) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which of its own codes began during each visit, and which after admission.

        Those are what began after the first day, and what an operation on that day brought about.
        """
        began, late = np.zeros((2, len(visits.rows)), dtype=np.int64)
        moment = self._record.moment(visits.rows, visits.first)
        for bit, code in enumerate(visits.own):
            brought = int(visits.operated and code not in visits.listed
                          and code.startswith(arises_in_operations()))  # fmt: skip
            for episode in self._record.conditions.episodes_of(code):
                position = moment.positions[episode.rows]
                inside = (position >= 0) & episode.holds
                since, at = episode.since[inside], position[inside]
                during = (visits.first[at] <= since) & (since <= visits.last[at])
                began[at[during]] |= np.int64(1 << bit)
                late[at[during & (since > visits.first[at] - brought)]] |= np.int64(1 << bit)
        return began, late

    def _begun_states(self, visits: VisitsToCode, states: Sequence[str]) -> NDArray[np.int64]:
        """Return which states that operations leave begin on the first day of each visit; bits."""
        new = np.zeros(len(visits.rows), dtype=np.int64)
        if not states:
            return new
        moment = self._record.moment(visits.rows, visits.first)
        for bit, code in enumerate(states):
            for episode in self._record.conditions.episodes_of(code):
                position = moment.positions[episode.rows]
                at = position[(position >= 0) & episode.holds]
                since = episode.since[(position >= 0) & episode.holds]
                new[at[since >= visits.first[at]]] |= np.int64(1 << bit)
        return new

    def _since_birth(self, visits: VisitsToCode) -> NDArray[np.int64]:
        """Return which of `after_birth` holds on each day; `_AT_BIRTH` where Z38 may be stated."""
        known = (*visits.listed, *visits.own, *self._record.conditions.codes)
        lives = self._record.conditions.lives
        if not lives or not any(code.startswith(BORN) for code in known):
            return np.full(len(visits.rows), _AT_BIRTH)
        age = visits.first.astype(np.int64) - self._record.people.birth[visits.rows]
        below = np.array([days for days, _ in after_birth() if days])
        return np.where(age > 0, np.searchsorted(below, age, side="right"), _AT_BIRTH)

    def _moved_on(self, visits: VisitsToCode) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return which listed codes are over by each visit, and which of injuries heal; bits.

        Of the day of a discharge, what is no urgent visit comes after it.
        """
        over, healing = np.zeros((2, len(visits.rows)), dtype=np.int64)
        if not self._record.conditions.lives:
            return over, healing
        moment = self._record.moment(visits.rows, visits.first)
        for bit, code in enumerate(visits.listed):
            becomes, heals = usual_course(code).becomes, subsequent(code)
            removed = self._record.conditions.removed.since(code)
            if removed is not None:
                over |= (removed[visits.rows] <= visits.first).astype(np.int64) << bit
            if not becomes and (visits.acute or not heals):
                continue
            active, had, earlier = np.zeros((3, len(visits.rows)), dtype=np.bool_)
            for episode in self._record.conditions.episodes(stem(code)):
                position = moment.positions[episode.rows]
                inside = (position >= 0) & episode.holds & (stem(episode.code) == stem(code))
                at = position[inside]
                day, until = visits.first[at], episode.until[inside]
                known = episode.since[inside] <= day
                left = until <= day + (0 if visits.acute else 1)
                active[at[known & ~left]] = True
                had[at[known & left & (episode.since[inside] < day)]] = True
                earlier[at[episode.since[inside] < day]] = True
            over |= (had & ~active & bool(becomes)).astype(np.int64) << bit
            healing |= (earlier & bool(heals) & (not visits.acute)).astype(np.int64) << bit
        return over & visits.holds, healing & visits.holds

    def _unseen(self, visits: VisitsToCode) -> NDArray[np.int64]:
        """Return which listed codes are stages that no test has shown by each visit; bits."""
        unseen = np.zeros(len(visits.rows), dtype=np.int64)
        for bit, code in enumerate(visits.listed):
            found = self._record.conditions.unseen_on(code, visits.rows, visits.first)
            unseen |= found.astype(np.int64) << bit
        return unseen

    def _pregnancy(self, visits: VisitsToCode) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where in a pregnancy each visit is, and the weeks since the last period."""
        record, size = self._record, len(visits.rows)
        stage, weeks = np.zeros(size, dtype=np.int64), np.full(size, _UNKNOWN)
        if not (record.conditions.lives and any(map(is_obstetric, (*visits.listed, *visits.own)))):
            return stage, weeks
        delivered = record.delivered[visits.rows]
        stage[:] = Stage.BEFORE
        births = sum(1 << bit for bit, code in enumerate(visits.listed) if is_birth(code))
        at_birth = (visits.first <= delivered) & (delivered <= visits.last)
        stage[at_birth | ((visits.holds & births) != 0)] = Stage.BIRTH
        after = (delivered != FOREVER) & (visits.first > delivered)
        stage[after] = Stage.NONE
        stage[after & (visits.first - delivered <= _PUERPERIUM)] = Stage.AFTER
        if record.people.due is not None:
            due = record.people.due[visits.rows].astype(np.int64)
            day = np.where(at_birth, delivered, visits.first)
            since = GESTATION_DAYS - (due - day)
            known = (due != NO_DAY) & (since >= 0) & (since <= LONGEST_PREGNANCY) & ~after
            weeks = np.where(known, since // _DAYS_OF_WEEK, _UNKNOWN)
        return stage, weeks


def _after_treatment(visits: Sequence[VisitsToCode]) -> NDArray[np.int32]:
    """Return 1 of visits after treatment, which state no illness that ends on their day; else 0."""
    after = [any(map(is_after_treatment, one.listed)) for one in visits]
    return np.repeat(after, [len(one.rows) for one in visits]).astype(np.int32)


def _stated_now(
    listed: Sequence[str],
    held: tuple[str, ...],
    holds: int,
    over: int,
    healing: int,
    unseen: int,
) -> tuple[str, ...]:
    """Return the listed codes of a visit: what follows an illness for one that is over.

    Where the person has a condition by a code that says more, the visit states that one; of a
    stage that no test has shown yet, the one that is known. After treatment it states no illness
    that is over, and of one that lasts no end.

    Args:
        listed: the codes that the event lists.
        held: what the person has.
        holds: bit i is set where code i of `listed` holds.
        over: bit i is set where it is over.
        healing: bit i is set where it heals.
        unseen: bit i is set where it is a stage that no test has shown yet.
    """
    stated = []
    for bit, code in enumerate(listed):
        if over >> bit & 1:
            follows = usual_course(code).becomes or _after(code, held)
            code = next((one for one in held if mutually_exclusive(one, follows)
                         and not usual_course(one).ends), follows)  # fmt: skip
        elif healing >> bit & 1:
            code = subsequent(code)
        elif unseen >> bit & 1:
            code = other_stage(code, held) or code
        else:
            code = next((one for one in held if says_more(one, code)), code)
        if holds >> bit & 1:
            stated.append(code)
    return after_treatment(stated, held)


def _of_newborn(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the perinatal conditions that the stay of a birth states too (guidelines I.C.16.a)."""
    if not any(code.startswith(BORN) for code in listed):
        return ()
    found: list[str] = []
    for code in held:
        if code.startswith(PERINATAL) and not conflicts((*listed, *found, code)):
            found.append(code)
    return tuple(found)


def _after(code: str, held: tuple[str, ...]) -> str:
    """Return what is stated instead of a condition that an operation removed."""
    after = stated_after(code)
    return next((one for one in after if one in held), after[0])


def _kinds(visits: Sequence[VisitsToCode]) -> tuple[list[VisitsToCode], NDArray[np.int64]]:
    """Return one of each kind of occurrence that is coded alike, and each visit's kind, int64."""
    kinds: dict[tuple[object, ...], int] = {}
    found: list[VisitsToCode] = []
    numbers = []
    for one in visits:
        number = kinds.setdefault((*one.listed, "", *one.own, one.comorbidities), len(found))
        if number == len(found):
            found.append(one)
        numbers.append(number)
    return found, np.repeat(numbers, [len(one.rows) for one in visits]).astype(np.int64)


def _set(of: Sequence[S], bits: int) -> tuple[S, ...]:
    return tuple(one for bit, one in enumerate(of) if bits >> bit & 1)


def distinct(
    columns: Sequence[NDArray[np.int64]],
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return a place of each distinct combination of columns, and which one each place has."""
    chosen = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        words, of = np.unique(column, return_inverse=True)
        if len(words) > 1:
            _, chosen = np.unique(chosen * len(words) + of, return_inverse=True)
    _, places = np.unique(chosen, return_index=True)
    return places, chosen


@lru_cache(maxsize=65_536)
def _coded(of: _Circumstances) -> tuple[str, ...]:
    """Return the codes of a visit, in order."""
    held = _compatible(of.listed, of.held)
    everything = combined([*of.listed, *held])
    codes = _stated((*of.listed, *held) if of.comorbidities else of.listed, held)
    codes = with_partners(with_both_sides(codes), everything)
    if of.lives:
        pregnant = tuple(code for code in of.held if usual_course(code).kind == "pregnancy")
        days = of.weeks * _DAYS_OF_WEEK if of.weeks >= 0 else _UNKNOWN
        codes = coded_in_pregnancy(codes, pregnant, of.stage, days)
        codes = _with_drugs(codes, of)
    return in_coding_order(codes)


@lru_cache(maxsize=65_536)
def _begun_late(of: _Circumstances) -> frozenset[str]:
    """Return the codes that were not there on the first day, combined ones too.

    A combined code was not present on admission if any part of it was not (appendix I of the
    guidelines).
    """
    held = _compatible(of.listed, of.held)
    before = [code for code in (*of.listed, *held) if code not in of.late]
    return of.late | {*combined([*of.listed, *held])} - {*combined(before), *before}


def _with_drugs(codes: tuple[str, ...], of: _Circumstances) -> tuple[str, ...]:
    """Return codes with those of drugs taken for long, and without those of drugs not taken.

    Where nobody of a run is given such a drug, a listed code stays.
    """
    taken = {rule.code for rule in of.drugs}
    known = {rule.code for rule in of.drugs_known} - taken
    added = [rule.code for rule in of.drugs
             if any(code.startswith(rule.beside) for code in codes)]  # fmt: skip
    kept = [code for code in codes if code not in known] or codes
    return tuple(dict.fromkeys((*kept, *added)))


@lru_cache(maxsize=65_536)
def _compatible(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the held codes that conflict with none of the listed ones, nor with each other.

    What is listed has precedence, then what ends by itself: a flare is stated, not what it is a
    flare of.
    """
    kept: list[str] = []
    for code in sorted(held, key=lambda code: not usual_course(code).ends):
        stated = (*listed, *kept)
        if code in listed or not any(
            conflicts((one, code)) or is_flare_of(one, code) for one in stated
        ):
            kept.append(code)
    return tuple(code for code in held if code in kept)


@lru_cache(maxsize=65_536)
def _stated(listed: tuple[str, ...], held: tuple[str, ...]) -> tuple[str, ...]:
    """Return the listed codes, combined with all that is held.

    Where a combination replaced a listed code, the codes it was combined with are stated too.
    """
    codes = combined([*listed, *held])
    separate = set(listed) | set(held)
    kept = {code for code in codes if code in listed}
    for rule in COMBINATIONS:
        applies = rule.becomes in codes and (rule.becomes not in separate or rule.becomes in listed)
        if applies and any(code.startswith(rule.code) for code in listed):
            partners = {code for code in codes if code.startswith(rule.with_)}
            if partners:
                kept |= {rule.becomes} | partners
    return tuple(code for code in codes if code in kept)
