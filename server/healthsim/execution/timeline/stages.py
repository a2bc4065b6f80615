"""Lifecycles: who is in which stage, until when, and where they go from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.errors import Problem, SpecError
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.logs import FOREVER, Log
from healthsim.execution.timeline.hazards import NEVER, days_until
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.scheduling import add_length
from healthsim.execution.timeline.weights import choose_option
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence, StageEntry
from healthsim.specification.journeys.stages import MoveTo, Stages
from healthsim.specification.journeys.timing import LONGEST_DAYS, Hazard

_OUT, _STAYED = -2, -3  # left for no stage; the stay is over, and the moves are yet to be asked


@dataclass
class _StageVisit:
    """One entry of one stage, for everyone of the chunk.

    Attributes:
        since: int32, the day of entry; `NO_DAY` for those who never did.
        due: int32, the day of leaving, as far as it is known; way: int32, the move then.
    """

    since: Days
    due: Days
    move: NDArray[np.int32]

    @classmethod
    def nobody(cls, people: int) -> _StageVisit:
        return cls(
            np.full(people, NO_DAY, dtype=np.int32),
            np.full(people, FOREVER, dtype=np.int32),
            np.full(people, -1, dtype=np.int32),
        )


@dataclass(frozen=True)
class StageCallbacks:
    """What a lifecycle does to the walk that it is part of.

    Attributes:
        put: lets an occurrence come to people on their days.
        retire: takes occurrences off people's agenda.
        closed: gives the days on which a scope ends, to be set.
    """

    put: Callable[[int, Rows, Days], None]
    retire: Callable[[Rows, range], None]
    closed: Callable[[int], Days]


class StageWalk:
    """The lifecycles of one journey over the people of one chunk."""

    def __init__(
        self, plan: JourneyLayout, record: Record, begun: Days, doors: StageCallbacks
    ) -> None:
        """Begin with nobody in any stage.

        Args:
            plan: the journey laid out.
            record: what is known of the people.
            begun: first day of each.
            doors: how to the agenda and the scopes.
        """
        self.plan, self.record, self.begun = plan, record, begun
        self._put, self._closed, self._retire = doors.put, doors.closed, doors.retire
        self._stays: dict[int, _StageVisit] = {}
        self._times: dict[int, NDArray[np.int16]] = {}
        self._over: dict[int, Days] = {}
        for one in plan.occurrences:
            if isinstance(one.step, Stages):
                record.stages.setdefault(one.step.id, Log())
                names = tuple(stage.name for stage in one.step.stages)
                record.stage_names[one.step.id] = names

    def begin(
        self, one: Occurrence, step: Stages, rows: Rows, days: Days, scope: AsOfScope
    ) -> None:
        """Let people enter their first stage."""
        people = len(self.begun)
        self._times.setdefault(one.number, np.zeros((len(step.stages), people), dtype=np.int16))
        over = self._over.setdefault(one.number, np.full(people, FOREVER, dtype=np.int32))
        if step.lasts is not None:
            over[rows] = add_length(days, step.lasts)
        drawn = self.record.draws.values(f"{one.address}/start", step.start, rows, scope)
        names = self.record.stage_names[step.id]
        ranks = np.array([names.index(text) for text in drawn.vocabulary], dtype=np.int32)  # type: ignore[union-attr]
        self._enter_next(one.number, step, ranks[drawn.codes], rows, days)  # type: ignore[union-attr]

    def _enter_next(
        self, opener: int, step: Stages, ranks: NDArray[np.int32], rows: Rows, days: Days
    ) -> None:
        times = self._times[opener]
        times[ranks, rows] += 1
        most = times[ranks, rows]
        if most.size and most.max() > step.most_visits:
            stage = step.stages[int(ranks[most.argmax()])].name
            raise SpecError([Problem(
                f"step {step.id!r}: visits",
                f"stage {stage!r} is entered more than {step.most_visits} times by "
                f"{int((most > step.most_visits).sum())} people of one chunk",
                "raise visits, or let people leave more slowly",
            )])  # fmt: skip
        which = ranks.astype(np.int64) * (step.most_visits + 1) + most
        for key in np.unique(which).tolist():
            here = np.flatnonzero(which == key)
            rank, time = divmod(key, step.most_visits + 1)
            self._put(self.plan.entries[opener, rank, time], rows[here], days[here])

    def enter(self, one: Occurrence, step: StageEntry, rows: Rows, days: Days) -> None:
        """Note that people are in a stage, and settle when they leave it, as far as is known."""
        rank = step.stages.stages.index(step.stage)
        self.record.stages[step.stages.id].add(rows, days, np.full(len(rows), float(rank)))
        stay = self._stays.setdefault(one.number, _StageVisit.nobody(len(self.begun)))
        stay.since[rows] = days
        stay.due[rows], stay.move[rows] = self._over[one.opener][rows], _OUT
        if step.stage.stays is not None:
            drawn = self.record.draws.numbers(
                f"{one.address}/stays", step.stage.stays.distribution, rows, self._scope(rows, days)
            ) * step.stage.stays.unit_days  # fmt: skip
            length = np.rint(np.clip(np.nan_to_num(drawn, nan=LONGEST_DAYS), 0, LONGEST_DAYS))
            self._bring_forward(stay, rows, days + length.astype(np.int32), _STAYED)
        for place, move in enumerate(step.stage.moves):
            if move.hazard is not None:
                self._compete((one, place, move.hazard, 0), stay, rows, days)
        self._closed(self.plan.opens[one.number, -1])[rows] = stay.due[rows]
        self._schedule_check(one, step, stay, rows, days)

    def _bring_forward(self, stay: _StageVisit, rows: Rows, days: Days, way: int) -> None:
        sooner = days < stay.due[rows]
        stay.due[rows[sooner]], stay.move[rows[sooner]] = days[sooner], way

    def _compete(
        self, risk: tuple[Occurrence, int, Hazard, int], stay: _StageVisit, rows: Rows, days: Days
    ) -> None:
        """Let a move with a hazard compete, as its rate is on this day.

        Args:
            risk: the entry, the move's place and its hazard, and how often its rate was read anew.
            stay: the entry's; gets an earlier end.
            rows: those whose rate is read.
            days: on these days.
        """
        (one, place, hazard, renewal), draws = risk, self.record.draws
        address = f"{one.address}/{_name(one.step.stage.moves, place)}"  # type: ignore[attr-defined]
        address += f"~{renewal}" if renewal else ""
        scope = self._scope(rows, days)
        wait = days_until(
            hazard,
            lambda name, rate: draws.numbers(f"{address}/{name}", rate, rows, scope),
            draws.uniform(address, rows),
            days,
        )
        comes = wait != NEVER
        if hazard.renew_days is not None:
            comes &= wait <= hazard.renew_days
        self._bring_forward(stay, rows[comes], (days + wait)[comes].astype(np.int32), place)

    def _schedule_check(
        self, one: Occurrence, step: StageEntry, stay: _StageVisit, rows: Rows, days: Days
    ) -> None:
        """Put the next look on the agenda: the day of leaving, or an earlier one to ask on."""
        due = stay.due[rows].copy()
        for beat in _beats(step):
            gone = (days - stay.since[rows]) // beat + 1
            due = np.minimum(due, stay.since[rows] + gone * np.int32(beat))
        comes = due != FOREVER
        self._put(self.plan.exit_checks[one.number], rows[comes], due[comes].astype(np.int32))

    def leave(self, leave: Occurrence, rows: Rows, days: Days) -> None:
        """Look whether people leave their stage on this day; those who do enter the next."""
        one = self.plan.occurrences[leave.opener]
        step = one.step
        if not isinstance(step, StageEntry):
            raise TypeError(type(step))
        stay = self._stays[one.number]
        self._check_conditions(one, step, stay, rows, days)
        gone = days >= stay.due[rows]
        stays, since = rows[~gone], days[~gone]
        self._redraw_hazards(one, step, stay, stays, since)
        self._closed(self.plan.opens[one.number, -1])[rows] = stay.due[rows]
        self._schedule_check(one, step, stay, stays, since)
        self._take_moves(one, step, stay, rows[gone], days[gone])

    def _check_conditions(
        self, one: Occurrence, step: StageEntry, stay: _StageVisit, rows: Rows, days: Days
    ) -> None:
        """Let those go for whom a move's condition is seen to hold."""
        look = (days - stay.since[rows]) % step.stages.check_every == 0
        for place, move in enumerate(step.stage.moves):
            if move.until is None:
                continue
            asked = np.flatnonzero(look & (days < stay.due[rows]))
            if len(asked):
                holds = move.until.holds(self._scope(rows[asked], days[asked]))
                self._bring_forward(stay, rows[asked[holds]], days[asked[holds]], place)

    def _redraw_hazards(
        self, one: Occurrence, step: StageEntry, stay: _StageVisit, rows: Rows, days: Days
    ) -> None:
        """Read the rates anew for those whose time it is."""
        gone = days - stay.since[rows]
        for place, move in enumerate(step.stage.moves):
            if move.hazard is None or move.hazard.renew_days is None:
                continue
            horizon = move.hazard.renew_days
            for renewal in np.unique(gone[gone % horizon == 0] // horizon).tolist():
                here = np.flatnonzero(gone == renewal * horizon)
                risk = (one, place, move.hazard, int(renewal))
                self._compete(risk, stay, rows[here], days[here])

    def _take_moves(
        self, one: Occurrence, step: StageEntry, stay: _StageVisit, rows: Rows, days: Days
    ) -> None:
        if not len(rows):
            return
        self._retire(rows, self.plan.stage_members[one.number])
        ways = stay.move[rows].copy()
        moves = [move for move in step.stage.moves if move.ends_the_stay]
        over = np.flatnonzero(ways == _STAYED)
        if len(over):
            u = self.record.draws.uniform(f"{one.address}/move", rows[over])
            taken = choose_option(moves, _groups(moves), u, self._scope(rows[over], days[over]))
            places = np.array([step.stage.moves.index(move) for move in moves], dtype=np.int32)
            ways[over] = places[taken]
        out = ways == _OUT
        self.record.stages[step.stages.id].add(rows[out], days[out])
        names = [stage.name for stage in step.stages.stages]
        goes = np.array([names.index(move.to) for move in step.stage.moves], dtype=np.int32)
        if len(goes):
            on = rows[~out]
            self._enter_next(one.opener, step.stages, goes[ways[~out]], on, days[~out])

    def _scope(self, rows: Rows, days: Days) -> AsOfScope:
        return AsOfScope(self.record, self.record.moment(rows, days), self.begun[rows])


def _name(moves: Sequence[MoveTo], place: int) -> str:
    """Return the name of a move's draws: two moves to one stage have risks of their own."""
    to = moves[place].to
    before = sum(1 for move in moves[:place] if move.hazard is not None and move.to == to)
    return f"to {to}/{before + 1}" if before else f"to {to}"


def _beats(step: StageEntry) -> list[int]:
    """Return the days between looks at a stage."""
    moves = step.stage.moves
    beats = [step.stages.check_every] if any(move.until is not None for move in moves) else []
    renewed = [move.hazard.renew_days for move in moves if move.hazard is not None]
    return [*beats, *(days for days in renewed if days is not None)]


def _groups(moves: Sequence[MoveTo]) -> list[list[MoveTo]]:
    groups: dict[object, list[MoveTo]] = {}
    for move in moves:
        groups.setdefault(move.when, []).append(move)
    return sorted(groups.values(), key=lambda group: group[0].when is None)
