"""Conditions as rows, coded together as the classification asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS, combined
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.episodes import Episode
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.records import RecordTable, source_ids
from healthsim.medicine.problems import usual_course
from healthsim.products.patientsim.generate import diagnosis_columns
from healthsim.products.patientsim.tables import CONDITIONS
from healthsim.tables import Coded, Columns

_STATUS = ("active", "resolved", "remission")


@dataclass(frozen=True, eq=False)
class ConditionRows:
    """A condition under one code, as the classification states it, for some people.

    Attributes:
        number: number of the condition's address.
        onset, abated: int32, first day, and first day after it.
        recorded: int32, the day from which it has this code: of a combination, that of its parts.
        source: position of the occurrence that caused it; -1 for none.
        ended: what it is once it is over: resolved or remission.
    """

    rows: Rows
    number: int
    code: str
    onset: Days
    recorded: Days
    abated: Days
    source: int
    ended: str


def _condition_columns(ctx: SyncContext, layout: RowLayout[ConditionRows]) -> Columns:
    code = layout.segment_texts(lambda condition: condition.code)
    onset = layout.row_values(lambda condition: condition.onset).astype(np.int32)
    abated = layout.row_values(lambda condition: condition.abated)
    over = abated <= ctx.through
    source = layout.segment_values(lambda condition: condition.source, np.int32)
    event, encounter = source_ids(ctx, source, layout.person_id)
    ended = layout.segment_values(lambda condition: _STATUS.index(condition.ended), np.int32)
    return {
        "code": code,
        **diagnosis_columns(code),
        "onset_date": onset,
        "recorded_date": layout.row_values(lambda condition: condition.recorded).astype(np.int32),
        "abatement_date": np.where(over, np.maximum(abated - 1, onset), NO_DAY).astype(np.int32),
        "status": Coded(np.where(over, ended, 0).astype(np.int32), _STATUS),
        "encounter_id": encounter,
        "event_id": event,
    }


def condition_rows(ctx: SyncContext) -> Iterator[ConditionRows]:
    """Yield every episode, coded together with all that a person has at the end if it goes on."""
    log = ctx.record.conditions
    last = np.minimum(ctx.record.death, np.int32(ctx.through)).astype(np.int32)
    everyone = np.arange(len(ctx.people), dtype=np.intp)
    at_end = ctx.record.moment(everyone, last)
    held = log.held(at_end)
    for episode in log.all_in_order():
        begun = episode.holds & (episode.begins <= last[episode.rows])
        begun &= episode.begins < episode.until
        going_on = begun & (episode.until > last[episode.rows])
        yield _condition(ctx, episode, begun & ~going_on, episode.code, episode.address)
        sets = held.chosen[episode.rows]
        coded: dict[tuple[str, str], list[int]] = defaultdict(list)
        parts: dict[tuple[str, str], tuple[str, ...]] = {}
        for number in np.unique(sets[going_on]).tolist():
            for code, suffix, others in _codes_of(episode.code, held.sets[number]):
                coded[code, suffix].append(number)
                parts[code, suffix] = others
        for (code, suffix), numbers in coded.items():
            which = going_on & np.isin(sets, numbers)
            stated = _condition(ctx, episode, which, code, f"{episode.address}{suffix}")
            days = [_first_days(log, part, last)[stated.rows] for part in parts[code, suffix]]
            yield replace(stated, recorded=np.max([stated.recorded, *days], axis=0))


def _first_days(log: ConditionLog, prefix: str, last: Days) -> Days:
    """Return since when everyone has a condition that goes on; int32, `NO_DAY` without one."""
    since = np.full(len(last), FOREVER, dtype=np.int32)
    for episode in log.episodes(prefix):
        goes_on = episode.holds & (episode.until > last[episode.rows])
        rows = episode.rows[goes_on]
        since[rows] = np.minimum(since[rows], episode.begins[goes_on])
    return np.where(since <= last, since, NO_DAY).astype(np.int32)


def _condition(
    ctx: SyncContext, episode: Episode, which: NDArray[np.bool_], code: str, address: str
) -> ConditionRows:
    return ConditionRows(
        rows=episode.rows[which],
        number=ctx.numbering.number("conditions", address),
        code=code,
        onset=episode.begins[which],
        recorded=episode.begins[which],
        abated=episode.until[which],
        source=episode.source,
        ended=usual_course(episode.code).status,
    )


@lru_cache(maxsize=65_536)
def _codes_of(code: str, held: tuple[str, ...]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return what a code becomes beside all that a person has.

    Each is (code, end of its address, beginnings of the other codes of a combination).

    It stays, or a combination code replaces it, or both are coded; a combination is coded once,
    for the first of the codes that it can come from.
    """
    coded = combined(held)
    stated: list[tuple[str, str, tuple[str, ...]]] = [(code, "", ())] if code in coded else []
    for rule in COMBINATIONS:
        if not code.startswith(rule.code):
            continue
        first = next((other for other in held if other.startswith(rule.code)), None)
        partners = all(any(other.startswith(p) for other in coded) for p in rule.with_)
        if first == code and partners and rule.becomes in coded and rule.becomes not in held:
            suffix = f"+{rule.becomes}" if rule.keep else ""
            stated.append((rule.becomes, suffix, tuple(rule.with_)))
            break
    return tuple(stated)


conditions = RecordTable(CONDITIONS, condition_rows, _condition_columns)
"""Fills `conditions`."""
