"""Lifecycles: who is in which stage, until when, and which stage they enter next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.errors import Problem, SpecError
from healthsim.execution.people.draws import Rows, require_text
from healthsim.execution.people.logs import FOREVER, Log
from healthsim.execution.timeline.calendar_days import add_length
from healthsim.execution.timeline.hazards import NEVER, draw_hazard
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.stated import FigureKey
from healthsim.execution.timeline.weights import choose_option, shares_of
from healthsim.specification.distributions.kinds import Categorical
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence, StageEntry
from healthsim.specification.journeys.stages import MoveTo, Stages
from healthsim.specification.journeys.timing import LONGEST_DAYS, Hazard

_OUT, _UNDECIDED = -2, -3  # no next stage; the stay is over, and the move is yet to be chosen


@dataclass(frozen=True)
class _StageVisit:
    """One entry into one stage; arrays have one entry for each person of the chunk.

    Attributes:
        entry: the occurrence of the entry; `step` is its step.
        since: int32, day of the entry; `NO_DAY` for those who never entered.
        due: int32, day of leaving, as far as it is known; `FOREVER` where it is not.
        move: int32, position of the move on that day, or `_OUT`, or `_UNDECIDED`.
    """

    entry: Occurrence
    step: StageEntry
    since: Days
    due: Days
    move: NDArray[np.int32]

    @classmethod
    def of(cls, entry: Occurrence, step: StageEntry, people: int) -> _StageVisit:
        """Return the entry of nobody."""
        since, due, move = (np.full(people, day, np.int32) for day in (NO_DAY, FOREVER, -1))
        return cls(entry, step, since, due, move)

    def bring_forward(self, rows: Rows, days: Days, move: int) -> None:
        """Let people leave on these days by a move, where these are earlier than what is due."""
        earlier = days < self.due[rows]
        self.due[rows[earlier]], self.move[rows[earlier]] = days[earlier], move

    def check_intervals(self) -> list[int]:
        """Return the days between checks whether the stage is left."""
        moves = self.step.stage.moves
        intervals = [move.hazard.renew_days for move in moves if move.hazard is not None]
        if any(move.until is not None for move in moves):
            intervals.append(self.step.stages.check_every)
        return [days for days in intervals if days is not None]

    def moves_at_end(self) -> list[MoveTo]:
        """Return the moves among which people choose when their stay is over."""
        return [move for move in self.step.stage.moves if move.ends_the_stay]


@dataclass(frozen=True)
class StageCallbacks:
    """What a lifecycle needs of the walk that it is part of.

    Attributes:
        schedule: puts an occurrence, by number, on the agenda of people on their days.
        retire: takes occurrences off people's agenda.
        scope_ends: returns the days on which a scope ends for everyone of the chunk, to be set.
    """

    schedule: Callable[[int, Rows, Days], None]
    retire: Callable[[Rows, range], None]
    scope_ends: Callable[[int], Days]


class StageWalk:
    """The lifecycles of one journey over the people of one chunk."""

    def __init__(
        self,
        layout: JourneyLayout,
        journey: int,
        record: Record,
        start_days: Days,
        walk: StageCallbacks,
    ) -> None:
        """Begin with nobody in any stage.

        Args:
            layout: the journey laid out.
            journey: its position in the run.
            record: what is known of the people.
            start_days: everyone's first day in the journey.
            walk: the agenda and the scopes of the walk.
        """
        self.layout, self.record, self.start_days, self._walk = layout, record, start_days, walk
        self.journey = journey
        self._visits: dict[int, _StageVisit] = {}
        self._entry_counts: dict[int, NDArray[np.int16]] = {}
        self._last_days: dict[int, Days] = {}
        for occurrence in layout.occurrences:
            if isinstance(step := occurrence.step, Stages):
                record.stages.setdefault(step.id, Log())
                record.stage_names[step.id] = tuple(stage.name for stage in step.stages)

    def begin(
        self, occurrence: Occurrence, step: Stages, rows: Rows, days: Days, scope: AsOfScope
    ) -> None:
        """Schedule the entry of people into their first stage."""
        people, number = len(self.start_days), occurrence.number
        self._entry_counts.setdefault(number, np.zeros((len(step.stages), people), dtype=np.int16))
        last = self._last_days.setdefault(number, np.full(people, FOREVER, dtype=np.int32))
        if step.lasts is not None:
            last[rows] = add_length(days, step.lasts)
        address = f"{occurrence.address}/start"
        first = require_text(self.record.draws.values(address, step.start, rows, scope))
        names = self.record.stage_names[step.id]
        stages = np.array([names.index(name) for name in first.vocabulary], dtype=np.int32)
        if isinstance(step.start, Categorical) and step.start.total is None:
            for label, share in step.start.probabilities(scope).items():
                self._note(step, f"starts in {label}", rows, days, share, first.equals(label))
        self._schedule_entries(number, step, stages[first.codes], rows, days)

    def _schedule_entries(
        self, opener: int, step: Stages, stages: NDArray[np.int32], rows: Rows, days: Days
    ) -> None:
        """Schedule the entry of people into stages, given by position."""
        counts = self._entry_counts[opener]
        counts[stages, rows] += 1
        visits = counts[stages, rows]
        if visits.size and visits.max() > step.most_visits:
            stage = step.stages[int(stages[visits.argmax()])].name
            raise SpecError([Problem(
                f"step {step.id!r}: visits",
                f"stage {stage!r} is entered more than {step.most_visits} times by "
                f"{int((visits > step.most_visits).sum())} people of one chunk",
                "raise visits, or let people leave more slowly",
            )])  # fmt: skip
        keys = stages.astype(np.int64) * (step.most_visits + 1) + visits
        for key in np.unique(keys).tolist():
            chosen = np.flatnonzero(keys == key)
            entry = self.layout.entries[opener, *divmod(key, step.most_visits + 1)]
            self._walk.schedule(entry, rows[chosen], days[chosen])

    def enter(self, entry: Occurrence, step: StageEntry, rows: Rows, days: Days) -> None:
        """Record that people are in a stage, and when they leave it, as far as that is known."""
        stage = step.stage
        entered = np.full(len(rows), float(step.stages.stages.index(stage)))
        self.record.stages[step.stages.id].add(rows, days, entered)
        visit = self._visits.setdefault(
            entry.number, _StageVisit.of(entry, step, len(self.start_days))
        )
        visit.since[rows] = days
        visit.due[rows], visit.move[rows] = self._last_days[entry.opener][rows], _OUT
        if stage.stays is not None:
            address, scope = f"{entry.address}/stays", self._scope(rows, days)
            drawn = self.record.draws.numbers(address, stage.stays.distribution, rows, scope)
            figure = f"stays in {stage.name}"
            key = FigureKey(self.layout.journey.name, step.stages.id, figure, "mean")
            stated = stage.stays.distribution
            self.record.stated.draw((self.journey, key), rows, days, (stated, drawn, scope))
            stay_days = np.nan_to_num(drawn * stage.stays.unit_days, nan=LONGEST_DAYS)
            length = np.rint(np.clip(stay_days, 0, LONGEST_DAYS)).astype(np.int32)
            visit.bring_forward(rows, days + length, _UNDECIDED)
        for position, move in enumerate(stage.moves):
            if move.hazard is not None:
                self._draw_hazard(visit, position, move.hazard, rows, days)
        self._set_end(visit, rows)
        self._schedule_check(visit, rows, days)

    def _draw_hazard(
        self,
        visit: _StageVisit,
        position: int,
        hazard: Hazard,
        rows: Rows,
        days: Days,
        renewal: int = 0,
    ) -> None:
        """Draw when a move's hazard occurs, at its rate on this day.

        Args:
            visit: the entry; gets an earlier end.
            position: of the move.
            hazard: of the move.
            rows: whose hazard is drawn.
            days: on these days.
            renewal: how often the rate was read anew before.
        """
        address = f"{visit.entry.address}/{_name(visit.step.stage.moves, position)}"
        address += f"~{renewal}" if renewal else ""
        scope = self._scope(rows, days)
        drawn = draw_hazard(hazard, self.record.draws, address, rows, days, scope)
        step, move = visit.step, visit.step.stage.moves[position]
        key = (self.layout.journey.name, step.stages.id, f"{step.stage.name} to {move.to}")
        mark = (self.journey, visit.entry.number, position)
        own = np.full(len(rows), visit.entry.number, dtype=np.int32)
        self.record.stated.follow(key, mark, rows, drawn, hazard.renew_days, own)
        wait = drawn.wait
        occurs = wait != NEVER
        if hazard.renew_days is not None:
            occurs &= wait <= hazard.renew_days
        visit.bring_forward(rows[occurs], (days + wait)[occurs].astype(np.int32), position)

    def _set_end(self, visit: _StageVisit, rows: Rows) -> None:
        """Let the scope inside a stage end on the day of leaving."""
        inside = self.layout.opens[visit.entry.number, -1]
        self._walk.scope_ends(inside)[rows] = visit.due[rows]

    def _schedule_check(self, visit: _StageVisit, rows: Rows, days: Days) -> None:
        """Schedule the next check: on the day of leaving, or earlier to ask or to draw again."""
        since = visit.since[rows]
        due = visit.due[rows].copy()
        for interval in visit.check_intervals():
            checks = (days - since) // interval + 1
            due = np.minimum(due, since + checks * np.int32(interval))
        ends = due != FOREVER
        check = self.layout.exit_checks[visit.entry.number]
        self._walk.schedule(check, rows[ends], due[ends].astype(np.int32))

    def leave(self, check: Occurrence, rows: Rows, days: Days) -> None:
        """Check who leaves a stage on this day; those who do enter the next."""
        visit = self._visits[check.opener]
        self._ask_conditions(visit, rows, days)
        leaving = days >= visit.due[rows]
        self._redraw_hazards(visit, rows[~leaving], days[~leaving])
        self._set_end(visit, rows)
        self._schedule_check(visit, rows[~leaving], days[~leaving])
        self._take_moves(visit, rows[leaving], days[leaving])

    def _ask_conditions(self, visit: _StageVisit, rows: Rows, days: Days) -> None:
        """Let those leave today for whom a move's condition holds."""
        asked = (days - visit.since[rows]) % visit.step.stages.check_every == 0
        for position, move in enumerate(visit.step.stage.moves):
            if move.until is None:
                continue
            chosen = np.flatnonzero(asked & (days < visit.due[rows]))
            if len(chosen):
                holds = move.until.holds(self._scope(rows[chosen], days[chosen]))
                visit.bring_forward(rows[chosen[holds]], days[chosen[holds]], position)

    def _redraw_hazards(self, visit: _StageVisit, rows: Rows, days: Days) -> None:
        """Draw the hazards again of those whose rate is read anew today."""
        inside = days - visit.since[rows]
        for position, move in enumerate(visit.step.stage.moves):
            hazard = move.hazard
            if hazard is None or hazard.renew_days is None:
                continue
            due = inside[inside % hazard.renew_days == 0]
            for renewal in np.unique(due // hazard.renew_days).tolist():
                chosen = np.flatnonzero(inside == renewal * hazard.renew_days)
                self._draw_hazard(visit, position, hazard, rows[chosen], days[chosen], renewal)

    def _take_moves(self, visit: _StageVisit, rows: Rows, days: Days) -> None:
        """End the stage for people, and schedule their entry into the next, if there is any."""
        if not len(rows):
            return
        step = visit.step
        self._walk.retire(rows, self.layout.stage_members[visit.entry.number])
        taken = self._moves_taken(visit, rows, days)
        for position in np.unique(taken[taken >= 0]).tolist():
            chosen, mark = taken == position, (self.journey, visit.entry.number, position)
            own = np.full(len(rows[chosen]), visit.entry.number, dtype=np.int32)
            self.record.stated.occurred(mark, rows[chosen], days[chosen], own)
        out = taken == _OUT
        self.record.stages[step.stages.id].add(rows[out], days[out])
        names = self.record.stage_names[step.stages.id]
        following = np.array([names.index(move.to) for move in step.stage.moves], dtype=np.int32)
        if len(following):
            stages = following[taken[~out]]
            self._schedule_entries(visit.entry.opener, step.stages, stages, rows[~out], days[~out])

    def _moves_taken(self, visit: _StageVisit, rows: Rows, days: Days) -> NDArray[np.int32]:
        """Return the position of everyone's move, int32; `_OUT` where there is no next stage."""
        taken = visit.move[rows].copy()
        undecided = np.flatnonzero(taken == _UNDECIDED)
        if len(undecided):
            moves = visit.moves_at_end()
            u = self.record.draws.uniform(f"{visit.entry.address}/move", rows[undecided])
            scope = self._scope(rows[undecided], days[undecided])
            chosen = choose_option(moves, _groups(moves), u, scope)
            self._note_moves(visit, moves, (rows[undecided], days[undecided]), chosen)
            positions = [visit.step.stage.moves.index(move) for move in moves]
            taken[undecided] = np.array(positions, dtype=np.int32)[chosen]
        return taken

    def _note_moves(
        self,
        visit: _StageVisit,
        moves: Sequence[MoveTo],
        who: tuple[Rows, Days],
        chosen: NDArray[np.int32],
    ) -> None:
        """Note the weights of moves among which people chose at the end of their stay."""
        (rows, days), stages = who, visit.step.stages
        for group in _groups(moves):
            positions = [moves.index(move) for move in group]
            inside = np.flatnonzero(np.isin(chosen, positions))
            for move, position, share in zip(group, positions, shares_of(group), strict=True):
                of_group = f" when {move.when}" if move.when is not None else ""
                figure = f"{visit.step.stage.name} to {move.to}{of_group}"
                self._note(stages, figure, rows[inside], days[inside], share,
                           chosen[inside] == position)  # fmt: skip

    def _note(
        self,
        step: Stages,
        figure: str,
        rows: Rows,
        days: Days,
        share: NDArray[np.float64] | float,
        got: NDArray[np.bool_],
    ) -> None:
        key = FigureKey(self.layout.journey.name, step.id, figure, "share")
        self.record.stated.ask((self.journey, key), rows, days, share, got)

    def last_days(self, entry: int, position: int) -> Days:
        """Return the last day on which each person could have left a stage by a move.

        On the day on which another move is taken a move had its chance only if it is listed before.
        """
        visit, moves = self._visits[entry], self._visits[entry].step.stage.moves
        later = visit.move > position
        by_condition = [number for number, move in enumerate(moves) if move.until is not None]
        last = visit.due - np.where(later | np.isin(visit.move, by_condition), 0, 1)
        return last.astype(np.int32)

    def _scope(self, rows: Rows, days: Days) -> AsOfScope:
        return AsOfScope(self.record, self.record.moment(rows, days), self.start_days[rows])


def _name(moves: Sequence[MoveTo], position: int) -> str:
    """Return the name of a move's draws: two moves to one stage have hazards of their own."""
    to = moves[position].to
    earlier = sum(1 for move in moves[:position] if move.hazard is not None and move.to == to)
    return f"to {to}/{earlier + 1}" if earlier else f"to {to}"


def _groups(moves: Sequence[MoveTo]) -> list[list[MoveTo]]:
    """Return the moves by condition, in listed order; those without a condition come last."""
    groups: dict[object, list[MoveTo]] = {}
    for move in moves:
        groups.setdefault(move.when, []).append(move)
    return sorted(groups.values(), key=lambda group: group[0].when is None)
