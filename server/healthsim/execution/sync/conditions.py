"""Conditions as rows, coded together as the classification asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.icd10cm import COMBINATIONS, combined
from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.people import ConditionColumn
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.records import RecordTable, source_ids
from healthsim.products.patientsim.generate import diagnosis_columns
from healthsim.products.patientsim.tables import CONDITIONS
from healthsim.tables import Coded, Columns


@dataclass(frozen=True, eq=False)
class ConditionRows:
    """A condition under one code, as the classification states it, for some people.

    Attributes:
        number: number of the condition's address.
        onset, abated: int32, first day, and first day after it.
        source: int32, position of the occurrence that caused it; -1 for none.
    """

    rows: Rows
    number: int
    code: str
    onset: Days
    abated: Days
    source: NDArray[np.int32]


def _condition_columns(ctx: SyncContext, layout: RowLayout[ConditionRows]) -> Columns:
    code = layout.segment_texts(lambda condition: condition.code)
    onset = layout.row_values(lambda condition: condition.onset).astype(np.int32)
    abated = layout.row_values(lambda condition: condition.abated)
    over = abated <= ctx.through
    source = layout.row_values(lambda condition: condition.source)
    event, encounter = source_ids(ctx, source, layout.person_id)
    return {
        "code": code,
        **diagnosis_columns(code),
        "onset_date": onset,
        "recorded_date": onset,
        "abatement_date": np.where(over, np.maximum(abated - 1, onset), NO_DAY).astype(np.int32),
        "status": Coded(over.astype(np.int32), ("active", "resolved")),
        "encounter_id": encounter,
        "event_id": event,
    }


def condition_rows(ctx: SyncContext) -> Iterator[ConditionRows]:
    """Yield every condition, coded together with all others that a person has at the end."""
    recorded = ctx.record.conditions
    last = np.minimum(ctx.record.death, np.int32(ctx.through))
    held = np.zeros(len(ctx.people), dtype=np.int64)
    for place, condition in enumerate(recorded.columns):
        has = (condition.onset != NO_DAY) & (condition.onset <= last) & (condition.abated > last)
        held |= has.astype(np.int64) << np.int64(place)
    patterns, chosen = np.unique(held, return_inverse=True)
    for place, condition in enumerate(recorded.columns):
        patterns_with: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, bits in enumerate(patterns.tolist()):
            if bits >> place & 1:
                for stated in _codes_of(condition.code, recorded.codes_of_mask(bits)):
                    patterns_with[stated].append(number)
        for (code, address), numbers in patterns_with.items():
            yield _condition(
                ctx, condition, np.flatnonzero(np.isin(chosen, numbers)), code, address
            )
        over = np.flatnonzero((condition.onset != NO_DAY) & (condition.abated <= last))
        yield _condition(ctx, condition, over, condition.code, condition.code)


def _condition(
    ctx: SyncContext, condition: ConditionColumn, rows: Rows, code: str, address: str
) -> ConditionRows:
    number = ctx.numbering.number("conditions", address)
    return ConditionRows(
        rows, number, code, condition.onset[rows], condition.abated[rows], condition.source[rows]
    )


@lru_cache(maxsize=65_536)
def _codes_of(code: str, held: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return (code, address) of what a code becomes beside all codes that a person has.

    It stays, or a combination code replaces it, or both are coded; a combination is coded once,
    for the first of the codes that it can come from.
    """
    coded = combined(held)
    stated = [(code, code)] if code in coded else []
    for rule in COMBINATIONS:
        if not code.startswith(rule.code):
            continue
        first = next((other for other in held if other.startswith(rule.code)), None)
        partners = all(any(other.startswith(p) for other in coded) for p in rule.with_)
        if first == code and partners and rule.becomes in coded and rule.becomes not in held:
            stated.append((rule.becomes, f"{code}+{rule.becomes}" if rule.keep else code))
            break
    return tuple(stated)


conditions = RecordTable(CONDITIONS, condition_rows, _condition_columns)
"""Fills `conditions`."""
