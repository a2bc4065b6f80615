"""The examination: what was looked at, and what the encounter's own rows let one find.

What is found depends on few things: the diagnoses, conditions, age and some vital signs. So each
distinct combination of findings is put into words once, and encounters take it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, whole_months
from healthsim.execution.sync.chart.notes.admission import found_later, stays
from healthsim.execution.sync.chart.notes.examination_tables import (
    GIVEN,
    SIGNS,
    Examined,
    Finding,
    examined,
    findings,
)
from healthsim.execution.sync.chart.notes.kinds import Notes
from healthsim.execution.sync.chart.notes.lasting_signs import diagnosed, given_by, seen_before
from healthsim.execution.sync.chart.notes.measured import measured
from healthsim.execution.sync.chart.notes.phrases import Strings
from healthsim.execution.sync.chart.notes.scene import Scene
from healthsim.execution.sync.chart.notes.texts import Places, nothing, taken
from healthsim.tables import Coded

_WORD = 64  # bits
_LARGEST = 2**62
_MONTH, _FIRST = 30.4375, 0.99  # days of a month; the most of a month that is not whole
_EVERYWHERE = (-np.inf, np.inf)
_Bits = NDArray[np.uint64]


def examination(scene: Scene, notes: Notes) -> Strings:
    """Say what was found on examining, a line for each system; null where nobody was examined."""
    return taken(scene.once(_examinations), notes.encounter)


def _examinations(scene: Scene) -> Strings:
    """Return the examination of each encounter in which some vital sign was taken."""
    kinds, which = _occasions(scene)
    at = np.flatnonzero(which >= 0)
    if not len(at):
        return nothing(scene.visits)
    chosen = np.column_stack([which[at], _chosen(scene, at)])
    firsts, combined = _distinct(chosen)
    texts = [_said(kinds[key[0]], key[1:]) for key in chosen[firsts].tolist()]
    place = np.full(scene.visits, -1, dtype=np.int64)
    place[at] = combined
    return taken(pa.array(texts, pa.string()), place)


def _distinct(rows: Places) -> tuple[Places, Places]:
    """Return the first place of each distinct row, and which of those each row is like."""
    keys = [np.zeros(len(rows), dtype=np.int64)]
    size = 1
    for column in rows.T:
        span = int(column.max(initial=0)) + 2
        if size * span > _LARGEST:
            keys.append(np.zeros(len(rows), dtype=np.int64))
            size = 1
        keys[-1] = keys[-1] * span + column + 1
        size *= span
    _, firsts, like = np.unique(keys[0], return_index=True, return_inverse=True)
    for key in keys[1:]:
        known, of_key = np.unique(key, return_inverse=True)
        both = like * len(known) + of_key
        _, firsts, like = np.unique(both, return_index=True, return_inverse=True)
    return firsts, like


def _occasions(scene: Scene) -> tuple[list[Examined], Places]:
    """Return the kinds of examinations, and which one each encounter has; -1 for none."""
    directory = scene.ctx.directory
    rows = directory.row_of(scene.whole("encounters", "attending_npi"))
    specialty = directory.providers.specialty.take(rows)
    kind = scene.coded("encounters", "encounter_class")
    pairs = kind.codes.astype(np.int64) * len(specialty.vocabulary) + specialty.codes
    known, of_pair = np.unique(pairs, return_inverse=True)
    made: list[Examined] = []
    places = []
    for pair in known.tolist():
        of_class, of_specialty = divmod(pair, len(specialty.vocabulary))
        one = examined(kind.vocabulary[of_class], specialty.vocabulary[of_specialty])
        if one is not None and one not in made:
            made.append(one)
        places.append(-1 if one is None else made.index(one))
    which = np.array(places, dtype=np.int64)[of_pair.reshape(-1)]
    seen = np.zeros(scene.visits, dtype=np.bool_)
    if scene.has("vital_signs"):
        inside = scene.encounter("vital_signs")
        seen[inside[inside >= 0]] = True
    return made, np.where(seen, which, -1)


@cache
def _slots() -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the slots, each with its system and the places of its findings, in order."""
    found: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(findings()):
        found.setdefault((one.system, one.slot), []).append(place)
    return tuple((system, tuple(places)) for (system, _), places in found.items())


def _chosen(scene: Scene, at: Places) -> Places:
    """Return the place of the finding of each slot, int64, (encounters, slots); -1 for none."""
    person = scene.person("encounters")[at]
    first = scene.days("encounters", "start_at")[at].astype(np.int32)
    born = scene.whole("patients", "birth_date")[person].astype(np.int32)
    months = _months(born, first)
    ids = scene.whole("patients", "person_id")[person]
    draws = scene.ctx.record.draws
    rows = np.searchsorted(scene.ctx.person_id, ids)
    share = draws.at("notes/examination", rows, draws.pairs(rows, 0))
    bits = _codes_held(scene)[at]
    some = np.bitwise_or.reduce(bits, axis=0)
    signs = {name: _sign(scene, loinc)[at] for name, loinc in SIGNS.items()}
    signs |= {name: given_by(scene, ingredient)[at] for name, ingredient in GIVEN.items()}
    chosen = np.full((len(_slots()), len(at)), -1, dtype=np.int64)
    every = findings()
    for slot, (_, places) in enumerate(_slots()):
        for place in reversed(places):  # the first that holds is written last
            one, (word, bit) = every[place], divmod(place, _WORD)
            held = None
            if one.codes:
                if not some[word] >> np.uint64(bit) & np.uint64(1):
                    continue
                held = (bits[:, word] & np.uint64(1 << bit)) != 0
            spans: list[tuple[NDArray[Any], tuple[float, float]]]
            spans = [(months, one.months), (share, one.share)]
            if one.sign:
                spans.append((signs[one.sign], (one.low, one.below)))
            for values, span in spans:
                held = _narrowed(held, values, span)
            chosen[slot, slice(None) if held is None else held] = place
    return chosen.T


def _months(born: Days, day: Days) -> NDArray[np.float64]:
    """Return months of age, float64: whole ones, but in the first month by the day."""
    whole = whole_months(born, day)
    return np.where(whole < 1, np.minimum((day - born) / _MONTH, _FIRST), whole)


_Mask = NDArray[np.bool_]


def _narrowed(held: _Mask | None, values: NDArray[Any], span: tuple[float, float]) -> _Mask | None:
    """Return where values are within a span too; None is everywhere."""
    if span == _EVERYWHERE:
        return held
    within: _Mask = (values >= span[0]) & (values < span[1])
    return within if held is None else held & within


def _sign(scene: Scene, loinc: str) -> NDArray[np.float64]:
    """Return the first value of a vital sign in each encounter; NaN where it was not taken."""
    rows = measured(scene, loinc, latest=False)
    values = np.asarray(scene.column("vital_signs", "value"), dtype=np.float64)
    return np.where(rows >= 0, values[rows], np.nan)


def _codes_held(scene: Scene) -> _Bits:
    """Return which findings' codes hold in each encounter: bit i of its words is finding i."""
    words = -(-len(findings()) // _WORD)
    held = np.zeros((scene.visits, words), dtype=np.uint64)
    masks = _masks(scene.coded("encounter_diagnoses", "code"), words, chart=False)
    _add(held, diagnosed(scene), masks)
    _add(held, seen_before(scene), masks)
    if scene.has("conditions"):
        encounter, row = _lasting(scene, words)
        masks = _masks(scene.coded("conditions", "code").take(row), words, chart=True)
        _add(held, encounter, masks)
    return held


def _lasting(scene: Scene, words: int) -> tuple[Places, Places]:
    """Return (encounter, row) of conditions that the person has on the encounter's first day."""
    code = scene.coded("conditions", "code")
    matters = (_masks(code, words, chart=True) != 0).any(axis=1)
    encounter, row = scene.by_person("conditions", "onset_date").each(scene.person("encounters"))
    encounter, row = encounter[matters[row]], row[matters[row]]
    day = scene.days("encounters", "start_at")[encounter]
    onset, abated, known = (
        scene.whole("conditions", name)[row]
        for name in ("onset_date", "abatement_date", "recorded_date")
    )
    has = (onset <= day) & (known <= day) & ((abated == NO_DAY) | (abated > day))
    has &= ~(scene.once(stays)[encounter] & (onset == day) & found_later(code)[row])
    return encounter[has], row[has]


def _masks(code: Coded, words: int, *, chart: bool) -> _Bits:
    """Return which findings a code lets one make, for each row."""
    of_word = np.zeros((len(code.vocabulary) + 1, words), dtype=np.uint64)
    for number, one in enumerate(code.vocabulary):
        for place in _matching(one, chart=chart):
            of_word[number, place // _WORD] |= np.uint64(1 << place % _WORD)
    return of_word[code.codes]


@cache
def _matching(code: str, *, chart: bool) -> tuple[int, ...]:
    return tuple(
        place
        for place, one in enumerate(findings())
        if one.codes and code.startswith(one.codes) and (one.chart or not chart)
    )


def _add(held: _Bits, encounter: Places, masks: _Bits) -> None:
    """Add the bits of some rows to those of their encounters."""
    rows = np.flatnonzero((encounter >= 0) & (masks != 0).any(axis=1))
    rows = rows[np.argsort(encounter[rows], kind="stable")]
    if len(rows):
        owners, firsts = np.unique(encounter[rows], return_index=True)
        held[owners] |= np.bitwise_or.reduceat(masks[rows], firsts, axis=0)


def _said(of: Examined, chosen: Sequence[int]) -> str | None:
    """Return the lines of one combination of findings."""
    every, lines = findings(), []
    said: dict[str, list[Finding]] = {}
    for (system, _), place in zip(_slots(), chosen, strict=True):
        if place >= 0 and every[place].text:
            said.setdefault(system, []).append(every[place])
    for system, found in said.items():
        unusual = any(not one.usual for one in found)
        if system in of.usual or (unusual and system in of.also):
            lines.append(f"{system.capitalize()}: {', '.join(one.text for one in found)}.")
    return "\n".join(lines) or None
