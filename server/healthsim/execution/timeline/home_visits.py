"""Usual visits at home once all journeys are walked: one visit a day, whoever ordered it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.home_care import CLASS, is_implied

_DAYS = 2**32  # more than any day, in a key with a person


def seen_once_a_day(pieces: Sequence[OccurrenceRows]) -> list[OccurrenceRows]:
    """Leave out usual visits at home on a day on which somebody is seen at home already.

    Courses of two journeys overlap, and a stay moves visits to the day of its discharge. What a
    journey states stays as it is.
    """
    home = [place for place, piece in enumerate(pieces) if _is_at_home(piece)]
    usual = [place for place in home if is_implied(pieces[place].occurrence.step.id)]
    if not usual:
        return list(pieces)
    found = list(pieces)
    none = np.zeros(0, dtype=np.int64)
    seen = np.unique(np.concatenate([none, *(_keys(pieces[place]) for place in home
                                             if place not in usual)]))  # fmt: skip
    for place in usual:
        keys = _keys(pieces[place])
        new = ~np.isin(keys, seen)
        found[place] = pieces[place] if new.all() else pieces[place].take(new)
        seen = np.union1d(seen, keys)
    return found


def _is_at_home(piece: OccurrenceRows) -> bool:
    step = piece.occurrence.step
    return isinstance(step, Encounter) and step.details.encounter_class == CLASS


def _keys(piece: OccurrenceRows) -> NDArray[np.int64]:
    """Return one key of a person and a day, int64, shape (n,)."""
    keys: NDArray[np.int64] = piece.rows.astype(np.int64) * _DAYS + piece.days + _DAYS // 2
    return keys
