"""What earlier journeys have in the stays of later ones: moved once all journeys are walked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days, next_business_day
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.logs import FOREVER
from healthsim.execution.people.people import People
from healthsim.execution.timeline.aged_results import aged
from healthsim.execution.timeline.beds import Beds
from healthsim.execution.timeline.ruled import may_come_before, may_follow_on, what_of
from healthsim.execution.timeline.series import series_of
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.plan import JourneyLayout


@dataclass(frozen=True)
class _Moves:
    """By how many days the people of a chunk have a visit later, int32, and who has it at all."""

    later: NDArray[np.int32]
    kept: NDArray[np.bool_]

    @classmethod
    def of(cls, people: int) -> _Moves:
        """Return moves of nobody."""
        return cls(np.zeros(people, dtype=np.int32), np.ones(people, dtype=np.bool_))


def resettled(
    pieces: Sequence[OccurrenceRows],
    beds: Beds | None,
    people: People,
    draws: Draws,
    layouts: Sequence[JourneyLayout],
) -> list[OccurrenceRows]:
    """Move what falls into a stay of a later journey, with all that happens during it.

    A journey is walked after those before it, so its stays displace what they have had already:
    that is dated anew by the same rules, though what was asked on the former day stays. A visit of
    a repeat that the next of its series would overtake is left out.

    Args:
        pieces: what happened, journey by journey.
        beds: in which people are; None where stays displace nothing.
        people: of the chunk.
        draws: of the chunk.
        layouts: the journeys that were walked.
    """
    if not beds or len(layouts) < 2:
        return list(pieces)
    next_days = _next_of_series(pieces, layouts)
    visits: dict[tuple[int, int], _Moves] = {}
    found: list[OccurrenceRows] = []
    for place, piece in enumerate(pieces):
        if piece.occurrence.encounter >= 0:
            found.append(piece)
            continue
        later, kept = _moves(piece, beds, draws)
        if place in next_days:
            kept &= (later == 0) | (piece.days + later < next_days[place])
        if isinstance(piece.occurrence.step, Encounter) and (later.any() or not kept.all()):
            key = piece.journey, piece.occurrence.number
            moves = visits.setdefault(key, _Moves.of(draws.count))
            moves.later[piece.rows], moves.kept[piece.rows] = later, kept
        found.append(_moved(piece, people, later, kept))
    return [_with_visit(piece, people, visits) for piece in found]


def _next_of_series(
    pieces: Sequence[OccurrenceRows], layouts: Sequence[JourneyLayout]
) -> dict[int, Days]:
    """Return on which day people have the next visit of a series, by position in the pieces."""
    series = [series_of(layout) for layout in layouts]
    places: dict[tuple[int, Hashable], list[int]] = defaultdict(list)
    for place, piece in enumerate(pieces):
        if piece.occurrence.number in series[piece.journey]:
            places[piece.journey, series[piece.journey][piece.occurrence.number]].append(place)
    found: dict[int, Days] = {}
    for own in places.values():
        rows = np.concatenate([pieces[place].rows for place in own])
        days = np.concatenate([pieces[place].days for place in own])
        order = np.lexsort((days, rows))
        last = np.diff(rows[order], append=-1) != 0
        following = np.empty_like(days)
        following[order] = np.where(last, np.int32(FOREVER), np.roll(days[order], -1))
        ends = np.cumsum([len(pieces[place].rows) for place in own])
        found |= dict(zip(own, np.split(following, ends[:-1]), strict=True))
    return found


def _moves(
    piece: OccurrenceRows, beds: Beds, draws: Draws
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return by how many days people have something later, and who has it at all."""
    rows, days = piece.rows, piece.days.copy()
    kept, what = np.ones(len(rows), dtype=np.bool_), what_of(piece.occurrence.step)
    if what is None or what in STAYS:
        return days - piece.days, kept
    for _ in range(_MOST_STAYS):
        kind, last, number = beds.occupied(
            rows, days, leaving=not may_follow_on(what), entering=not may_come_before(what)
        )
        inside = (kind >= 0) & kept
        moved = days[inside] > piece.days[inside]
        inside[inside] = moved | (beds.journey(rows[inside], number[inside]) > piece.journey)
        if not inside.any():
            break
        for position, stay in enumerate(STAYS):
            rule, of_kind = displacements().get((stay, what)), inside & (kind == position)
            if rule is None or rule.rule in ("keep", "ends"):
                continue
            if rule.rule == "drop":
                kept &= ~of_kind
                continue
            days[of_kind] = last[of_kind]
            if rule.rule == "after":
                address = f"{piece.occurrence.address}/postponed"
                days[of_kind] += _wait(draws, address, rows[of_kind], rule.days)
            if piece.occurrence.business_days:
                days[of_kind] = next_business_day(days[of_kind])
    return (days - piece.days).astype(np.int32), kept


_MOST_STAYS = 8  # one after the other, into each of which something is moved


def _wait(draws: Draws, address: str, rows: Rows, spread: int) -> NDArray[np.int32]:
    return 1 + np.floor(draws.uniform(address, rows) * max(spread, 1)).astype(np.int32)


def _moved(
    piece: OccurrenceRows,
    people: People,
    later: NDArray[np.int32],
    kept: NDArray[np.bool_],
) -> OccurrenceRows:
    if later.any():
        days = (piece.days + later).astype(np.int32)
        piece = replace(
            piece, days=days, facts=aged(piece.facts, people, piece.rows, piece.days, days)
        )
    return piece if kept.all() else piece.take(kept)


def _with_visit(
    piece: OccurrenceRows, people: People, visits: dict[tuple[int, int], _Moves]
) -> OccurrenceRows:
    """Move what happens during a visit with it."""
    moves = visits.get((piece.journey, piece.occurrence.encounter))
    if moves is None:
        return piece
    return _moved(piece, people, moves.later[piece.rows], moves.kept[piece.rows])
