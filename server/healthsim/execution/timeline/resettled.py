"""What earlier journeys have in the stays of later ones: moved once all journeys are walked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.people.people import People
from healthsim.execution.timeline.aged_results import aged
from healthsim.execution.timeline.beds import Beds
from healthsim.execution.timeline.displaced import may_come_before, may_follow_on, what_of
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.occupancy import STAYS, displacements
from healthsim.specification.journeys.events import Encounter


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
    journeys: int,
) -> list[OccurrenceRows]:
    """Move what falls into a stay of a later journey, with all that happens during it.

    A journey is walked after those before it, so its stays displace what they have had already:
    that is dated anew by the same rules, though what was asked on the former day stays.

    Args:
        pieces: what happened, journey by journey.
        beds: in which people are; None where stays displace nothing.
        people: of the chunk.
        draws: of the chunk.
        journeys: how many journeys were walked.
    """
    if not beds or journeys < 2:
        return list(pieces)
    visits: dict[tuple[int, int], _Moves] = {}
    found: list[OccurrenceRows] = []
    for piece in pieces:
        if piece.occurrence.encounter >= 0:
            found.append(piece)
            continue
        later, kept = _moves(piece, beds, draws)
        if isinstance(piece.occurrence.step, Encounter) and (later.any() or not kept.all()):
            key = piece.journey, piece.occurrence.number
            moves = visits.setdefault(key, _Moves.of(draws.count))
            moves.later[piece.rows], moves.kept[piece.rows] = later, kept
        found.append(_moved(piece, people, later, kept))
    return [_with_visit(piece, people, visits) for piece in found]


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
