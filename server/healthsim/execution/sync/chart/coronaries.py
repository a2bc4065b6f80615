"""What coronary angiograms show: vessels that agree with the diagnoses and with what is done then.

A bypass or stent within half a year says how many vessels are narrow, an infarction which one is
closed; what a profile states of `vessels` and `left_main` wins. The rest is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.chart.findings import Measured, Studied, has_reason
from healthsim.execution.sync.chart.places import Mask, Numbers, numbers, rows_of, texts
from healthsim.execution.sync.context import SyncContext
from healthsim.medicine.coronaries import (
    BYPASS,
    DILATION,
    FOLLOWS,
    LEAST_BYPASSED,
    MAIN,
    STEP,
    VESSELS,
    arteries_treated,
    closed_by,
    extents,
    vessels,
)
from healthsim.tables import Coded, Columns

GROUP = "catheter"
_DAYS, _FIRST = 2**20, 2**19  # room for any day, before 1970 too
_MOST = 3  # vessels; the left main is counted by its branches
_SURE, _FIRST_GRAFTED = 3.0, 2.0  # ranks above any that is drawn

Floats = NDArray[np.float64]


def vessels_seen(ctx: SyncContext, studied: Studied, tables: Mapping[str, Columns]) -> Measured:
    """Return what angiograms show as results: stenosis of each vessel, and the number of vessels.

    Args:
        ctx: the chunk.
        studied: all studies; those of the heart's catheters are looked at.
        tables: the chunk's finished tables.
    """
    at = np.flatnonzero(studied.group.equals(GROUP))
    own = studied.take(at)
    rows = rows_of(ctx, own.person)
    seen = _Angiograms(ctx, own, rows, _grafts(own, tables, BYPASS), _grafts(own, tables, DILATION),
                       _closed(own, tables))  # fmt: skip
    ill = has_reason(own, tables) | (seen.grafts > 0) | (seen.stents > 0)
    count = np.where(ill, seen.count(), 0)
    narrow = seen.narrow(count)
    stenosis = np.where(narrow, seen.percent(narrow), 0.0)
    names = (VESSELS, *(one.name for one in vessels()))
    values = np.concatenate([count[None, :].astype(np.float64), stenosis])
    return Measured(
        np.tile(at, len(names)),
        Coded(np.repeat(np.arange(len(names), dtype=np.int32), len(at)), names),
        values.ravel(),
    )


@dataclass(frozen=True, eq=False)
class _Angiograms:
    """Angiograms; arrays of shape (n,).

    Attributes:
        rows: whose they are.
        grafts: int64, arteries of the bypass that follows.
        stents: int64, arteries of the dilation that follows.
        closed: int64, position of the vessel that an infarction closes; -1 for none.
    """

    ctx: SyncContext
    studied: Studied
    rows: NDArray[np.intp]
    grafts: Numbers
    stents: Numbers
    closed: Numbers

    def draw(self, what: str) -> Floats:
        """Return a uniform for each."""
        draws = self.ctx.record.draws
        pairs = draws.pairs(self.rows, self.studied.day)
        return draws.at(f"chart/report/coronary/{what}", self.rows, pairs)

    def count(self) -> Numbers:
        """Return how many vessels are narrow: as stated, as what follows asks, or drawn."""
        drawn = 1 + np.searchsorted(np.cumsum(extents())[:-1], self.draw(VESSELS))
        bypassed, treated = self.grafts > 0, np.where(self.grafts > 0, self.grafts, self.stents)
        count = np.where(treated > 0, np.minimum(treated, _MOST), drawn)
        stated = _stated_number(self.ctx, VESSELS, self.rows)
        least = np.minimum(treated, np.where(bypassed, LEAST_BYPASSED, _MOST))
        wanted: Numbers = np.clip(np.maximum(stated, least), 1, _MOST)
        return np.where(stated > 0, wanted, count)

    def narrow(self, count: Numbers) -> Mask:
        """Return which vessels are narrow, bool, shape (vessels, n)."""
        rank = np.stack([self.draw(one.name) ** (1 / one.share) for one in vessels()])
        place = np.arange(len(vessels()))[:, None]
        names = np.array([one.name for one in vessels()])[:, None]
        rank = np.where((names == "LAD") & (self.grafts > 0), _FIRST_GRAFTED + rank, rank)
        rank = np.where(place == self.closed, _SURE + rank, rank)
        rank[0] = -1
        order = np.argsort(np.argsort(-rank, axis=0), axis=0)
        narrow: Mask = order < count
        narrow[0] = (count > 0) & ((self.closed == 0) | ((self.grafts > 0) & self._main()))
        return narrow

    def _main(self) -> Mask:
        stated = _stated_words(self.ctx, "left_main", self.rows)
        drawn = self.draw(f"{MAIN}/narrow") < vessels()[0].share
        return np.where(stated < 0, drawn, stated == 1)

    def percent(self, narrow: Mask) -> Floats:
        """Return the stenosis of narrow vessels, per cent; what an infarction closes has 100."""
        least, most = (
            np.array([getattr(one, name) for one in vessels()])[:, None]
            for name in ("least", "most")
        )
        u = np.stack([self.draw(f"{one.name}/stenosis") for one in vessels()])
        drawn = least + STEP * np.floor(u * ((most - least) // STEP + 1))
        closed = np.arange(len(vessels()))[:, None] == self.closed
        return np.where(closed & narrow, 100.0, drawn).astype(np.float64)


def _stated_number(ctx: SyncContext, name: str, rows: NDArray[np.intp]) -> Numbers:
    """Return an attribute that is a number, int64; 0 where nobody states it."""
    values = ctx.people.attributes.get(name)
    if values is None or isinstance(values, Coded):
        return np.zeros(len(rows), dtype=np.int64)
    return np.nan_to_num(values[rows]).astype(np.int64)


def _stated_words(ctx: SyncContext, name: str, rows: NDArray[np.intp]) -> Numbers:
    """Return an attribute that is yes (1) or no (0), int64; -1 where nobody states it."""
    values = ctx.people.attributes.get(name)
    if not isinstance(values, Coded):
        return np.full(len(rows), -1)
    answers = np.array([*({"yes": 1, "no": 0}.get(one, -1) for one in values.vocabulary), -1])
    found: Numbers = answers[values.codes[rows]]
    return found


def _grafts(studied: Studied, tables: Mapping[str, Columns], kind: str) -> Numbers:
    """Return how many arteries the first treatment of a kind that follows is of, int64.

    Codes of the surgeon and of the hospital tell of the same arteries: the larger number counts.
    """
    done = tables["procedures"]
    code, system = texts(done, "code"), texts(done, "system")
    hospital = system.equals("ICD-10-PCS")
    arteries = np.array(
        [*([arteries_treated(way, one, kind) for way in (*system.vocabulary, "")]
           for one in code.vocabulary), [0] * (len(system.vocabulary) + 1)], dtype=np.int64,
    )[code.codes, system.codes]  # fmt: skip
    at = np.flatnonzero(arteries)
    key = numbers(done, "person_id")[at] * _DAYS + numbers(done, "performed_date")[at] + _FIRST
    days, place = np.unique(key, return_inverse=True)
    sums = [
        np.bincount(place.ravel(), arteries[at] * mine, minlength=len(days)).astype(np.int64)
        for mine in (hospital[at], ~hospital[at])
    ]
    asked = studied.person * _DAYS + studied.day + _FIRST
    after = np.searchsorted(days, asked)
    found = np.append(days, np.iinfo(np.int64).max)[after]
    follows = (found // _DAYS == studied.person) & (found - asked <= FOLLOWS)
    return np.where(follows, np.append(np.maximum(*sums), 0)[after], 0)


def _closed(studied: Studied, tables: Mapping[str, Columns]) -> Numbers:
    """Return which vessel an infarction of the visit closes, int64; -1 where none does."""
    listed = tables["encounter_diagnoses"]
    code, encounter = texts(listed, "code"), numbers(listed, "encounter_id")
    vessel = np.array([*map(closed_by, code.vocabulary), -1])[code.codes]
    at = np.flatnonzero(vessel >= 0)
    place = np.searchsorted(encounter[at], studied.encounter)
    same = np.append(encounter[at], -1)[place] == studied.encounter
    return np.where(same, np.append(vessel[at], -1)[place], -1)
