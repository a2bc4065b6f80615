"""What people are allergic to: as the profile states or as is usual, and never what they are given.

An allergy that the profile or a code states keeps drugs away (`timeline/safety.py`). What is usual
follows from what people are given: who is given a drug is not allergic to it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import snomed_code
from healthsim.dates import NO_DAY, day_of
from healthsim.execution.sync.chart.places import codes_where, texts
from healthsim.execution.sync.chart.rows import choose, in_order, named_ids
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.allergies import Substance, reactions, substances
from healthsim.products.patientsim.history import ALLERGIES
from healthsim.tables import Coded, Columns, stack

_CONFIRMED = 0.85  # share of allergies that somebody has looked into: assumption
_OUTGROWN_YEARS = 5  # after so many years an allergy may be outgrown: assumption
_YEAR = 365.25
_SEVERITY = ("mild", "moderate", "severe")


def allergies(ctx: SyncContext, tables: Mapping[str, Columns]) -> Columns:
    """Fill `allergies`: one row for each person and substance."""
    parts = [
        part
        for place, substance in enumerate(substances().values())
        if len((part := _of_substance(ctx, tables, place, substance))["person_id"])
    ]
    return in_order(stack(parts), "allergy_id") if parts else ALLERGIES.empty()


def given(tables: Mapping[str, Columns], substance: Substance) -> NDArray[np.int64]:
    """Return the person_id of those who are given what an allergy forbids, int64, ascending."""
    drugs = frozenset().union(*(rule.drugs for rule in substance.rules))
    treatments = frozenset().union(*(rule.procedures for rule in substance.rules))
    found = []
    for table, column, wanted in (
        ("prescriptions", "drug", drugs),
        ("procedures", "code", treatments),
    ):
        mine = codes_where(texts(tables[table], column), wanted.__contains__)
        found.append(np.asarray(tables[table]["person_id"])[mine])
    return np.unique(np.concatenate(found))


def _of_substance(
    ctx: SyncContext, tables: Mapping[str, Columns], place: int, substance: Substance
) -> Columns:
    """Return the allergies to one substance; `place` is its position in the table."""
    known = ctx.record.safety.allergies
    assert known is not None
    has = known.having(substance)
    if substance.name not in known.stated and substance.rules and has.any():
        has = has & ~np.isin(ctx.person_id, given(tables, substance))
    onset, recorded = _drawn_days(ctx, substance, has)
    coded, coded_recorded = _coded_days(ctx, tables["conditions"], substance)
    rows = np.flatnonzero((onset != NO_DAY) | (coded != NO_DAY))
    if not len(rows):
        return ALLERGIES.empty()
    onset, recorded = (
        _first(one[rows], other[rows])
        for one, other in ((onset, coded), (recorded, coded_recorded))
    )
    return {
        "allergy_id": named_ids("allergies", tuple(substances()), ctx.person_id[rows],
                                np.full(len(rows), place)),
        "person_id": ctx.person_id[rows],
        **{name: Coded.constant(text, len(rows)) for name, text in (
            ("substance", substance.name), ("code", substance.code),
            ("code_display", substance.display),
            ("code_system", substance.system), ("category", substance.category),
            ("kind", substance.kind))},
        **_state(ctx, substance, rows, onset, coded[rows] != NO_DAY),
        "onset_date": onset,
        "recorded_date": np.maximum(recorded, onset),
        **_reaction(ctx, substance, rows),
    }  # fmt: skip


def _first(one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the earlier of two days of which one may be `NO_DAY`."""
    return np.where(
        one == NO_DAY, other, np.where(other == NO_DAY, one, np.minimum(one, other))
    ).astype(np.int32)


def _drawn_days(
    ctx: SyncContext, substance: Substance, has: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return when everyone's drawn allergy began and was recorded, int32; `NO_DAY` for none."""
    birth = ctx.people.birth
    if not has.any():
        none = np.full(len(birth), NO_DAY, dtype=np.int32)
        return none, none
    lived = np.where(has, ctx.as_of - birth.astype(np.int64), 0)
    known = day_of(f"{substance.first_year}-01-01") - birth.astype(np.int64)
    low, high = (np.minimum(lived, years * _YEAR) for years in substance.onset)
    low = np.minimum(np.maximum(low, known), lived)
    high = np.maximum(high, low)
    u, v = (ctx.record.draws.uniform(f"chart/allergy/{substance.name}/{word}")
            for word in ("onset", "recorded"))  # fmt: skip
    onset = birth + np.floor(low + u * (high - low))
    recorded = onset + np.floor(v**3 * (ctx.as_of - onset))  # most soon after: assumption
    return tuple(np.where(has, days, NO_DAY).astype(np.int32) for days in (onset, recorded))  # type: ignore[return-value]


def _coded_days(
    ctx: SyncContext, conditions: Columns, substance: Substance
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return since when a code says that people have the allergy, and when it was recorded."""
    days = np.full((2, len(ctx.people)), NO_DAY, dtype=np.int32)
    if substance.implied:
        at = np.flatnonzero(
            codes_where(texts(conditions, "code"), lambda code: code.startswith(substance.implied))
        )[::-1]
        rows = np.searchsorted(ctx.person_id, np.asarray(conditions["person_id"])[at])
        for place, name in enumerate(("onset_date", "recorded_date")):
            days[place, rows] = np.asarray(conditions[name])[at]
    return days[0], days[1]


def _state(
    ctx: SyncContext,
    substance: Substance,
    rows: NDArray[np.intp],
    onset: NDArray[np.int32],
    coded: NDArray[np.bool_],
) -> Columns:
    """Return status and verification; what a code states is active."""
    u, v = (ctx.record.draws.uniform(f"chart/allergy/{substance.name}/{word}", rows)
            for word in ("outgrown", "verified"))  # fmt: skip
    old = ctx.as_of - onset >= _OUTGROWN_YEARS * _YEAR
    resolved = old & ~coded & (u < substance.outgrown)
    unconfirmed = ~coded & (v >= _CONFIRMED)
    return {
        "status": Coded(resolved.astype(np.int32), ("active", "resolved")),
        "verification": Coded(unconfirmed.astype(np.int32), ("confirmed", "unconfirmed")),
    }


def _reaction(ctx: SyncContext, substance: Substance, rows: NDArray[np.intp]) -> Columns:
    """Return reaction, severity and criticality."""
    choices = reactions(substance.reactions)
    u, v = (ctx.record.draws.uniform(f"chart/allergy/{substance.name}/{word}", rows)
            for word in ("reaction", "severity"))  # fmt: skip
    which = choose(u, [one.weight for one in choices])
    mild, moderate = (np.array([getattr(one, name) for one in choices])[which]
                      for name in ("mild", "moderate"))  # fmt: skip
    severity = (v >= mild).astype(np.int32) + (v >= mild + moderate)
    named = Coded.of([one.display for one in choices])
    codes = Coded.of([snomed_code(one.display) for one in choices])
    known = named.codes[which] >= 0
    high = np.array([one.high for one in choices])[which] | (severity == _SEVERITY.index("severe"))
    return {
        "reaction": named.take(which),
        "reaction_code": codes.take(which),
        "severity": Coded(np.where(known, severity, -1).astype(np.int32), _SEVERITY),
        "criticality": Coded(
            np.where(known, np.where(high, 1, 0), 2).astype(np.int32),
            ("low", "high", "unable-to-assess"),
        ),
    }
