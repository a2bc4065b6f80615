"""Journeys become dated events: who begins when, what befalls them, and what an end cuts off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from healthsim.dates import NO_DAY, Days, day_of
from healthsim.execution.cohort.conditions import ALWAYS
from healthsim.execution.people.draws import Draws
from healthsim.execution.people.logs import CoverageLog, Span
from healthsim.execution.people.people import FIRST_BORN, People
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.walk import Walk, begin_states
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.newborns import NewbornLayout
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.profiles.profile import ProfileSpec


@dataclass(frozen=True)
class Timeline:
    """Everything that happened to the people of one chunk.

    Attributes:
        occurrences: one for each occurrence that befell anybody, in document order over all
            journeys; people ascending; nothing in it is dated after an end of its scope.
        start_days: for each journey, the first day of everyone; `NO_DAY` where not in it.
    """

    record: Record
    occurrences: tuple[OccurrenceRows, ...]
    start_days: tuple[Days, ...]


def walk_journeys(
    profile: ProfileSpec,
    plans: Sequence[JourneyLayout],
    people: People,
    draws: Draws,
    book: RunContext,
) -> Timeline:
    """Let the people of a chunk walk through every journey, in listed order.

    The plans stand in the order of `walked_plans`: what befalls newborns comes after what bears
    them.
    """
    coverage = CoverageLog([_own_coverage(profile, people, book)])
    record = Record.of(people, draws, book.names, book.states, coverage)
    walks = []
    happenings: list[OccurrenceRows] = []
    for number, plan in enumerate(plans):
        if plan.journey.from_birth:
            begun = _begin_at_birth(plan, record)
        else:
            begun = _begin(profile, plan.journey, record)
        walk = Walk(plan, number, record, begun)
        happenings += walk.run()
        walks.append(walk)
    _onsets_of_primary(profile, record)
    through = np.int32(book.through)
    kept = [_cut_at_end(one, walks[one.journey].last, record.death, through) for one in happenings]
    return Timeline(record, _merged(kept), tuple(walk.start_days for walk in walks))


@dataclass(frozen=True)
class RunContext:
    """What the run knows besides its specifications.

    Attributes:
        names: plans by position.
        first_months: month in which each plan's benefit year begins.
        states: postal codes by position in the geography.
        through: last day of the data.
    """

    names: tuple[str, ...]
    first_months: tuple[int, ...]
    states: tuple[str, ...]
    through: int


def _own_coverage(profile: ProfileSpec, people: People, book: RunContext) -> Span:
    """Cover everyone by the profile's plan since its benefit year began."""
    span = Span.nobody("~profile/coverage", len(people))
    span.plan[:] = people.plan
    as_of = profile.as_of
    for plan, month in enumerate(book.first_months):
        year = as_of.year if as_of.month >= month else as_of.year - 1
        since = day_of(f"{year}-{month:02d}-01")
        span.begin[people.plan == plan] = since
    span.begin[people.birth == NO_DAY] = NO_DAY
    covered = span.begin != NO_DAY
    span.begin[covered] = np.maximum(span.begin[covered], people.birth[covered])
    return span


def _begin(profile: ProfileSpec, journey: JourneySpec, record: Record) -> Days:
    """Give everyone their first day, and take out those who are not eligible on it."""
    people, draws = record.people, record.draws
    first, last = (day_of(day.isoformat()) for day in journey.window(profile.as_of))
    u = draws.uniform(f"{journey.name}/begins")
    days = (first + np.floor(u * (last - first + 1))).astype(np.int32)
    rows = np.flatnonzero((days <= record.death) & (people.number < FIRST_BORN))
    candidates = np.full(len(people), NO_DAY, dtype=np.int32)
    candidates[rows] = days[rows]
    begin_states(journey, record, candidates)
    if journey.eligible is not None:
        scope = AsOfScope(record, record.moment(rows, days[rows]), days[rows])
        rows = rows[journey.eligible.holds(scope)]
    begun = np.full(len(people), NO_DAY, dtype=np.int32)
    begun[rows] = days[rows]
    new = rows[record.first_day[rows] == NO_DAY]
    record.first_day[new] = days[new]
    return begun


def _begin_at_birth(plan: JourneyLayout, record: Record) -> Days:
    """Give those who were born, by one birth or by any, their birthday as their first day."""
    people = record.people
    some = [rows for address, each in record.newborn_rows.items() for rows in each
            if not isinstance(plan, NewbornLayout) or plan.is_birth(address)]  # fmt: skip
    rows = np.sort(np.concatenate(some)) if some else np.zeros(0, dtype=np.int64)
    begun = np.full(len(people), NO_DAY, dtype=np.int32)
    begun[rows] = people.birth[rows]
    begin_states(plan.journey, record, begun)
    if plan.journey.eligible is not None and len(rows):
        scope = AsOfScope(record, record.moment(rows, begun[rows]), begun[rows])
        begun[rows[~plan.journey.eligible.holds(scope)]] = NO_DAY
    return begun


def _onsets_of_primary(profile: ProfileSpec, record: Record) -> None:
    """Let the primary condition begin with the first journey, where the profile says so."""
    for problem in record.conditions.columns:
        follows = (problem.known_from == ALWAYS) & (record.first_day != NO_DAY)
        problem.onset[follows] = record.first_day[follows]


def _cut_at_end(
    occurred: OccurrenceRows, over: Days, death: Days, through: np.int32
) -> OccurrenceRows:
    """Drop what is dated after an end of its scope."""
    last = np.minimum(np.minimum(over[occurred.rows], death[occurred.rows]), through)
    keep = occurred.days <= last
    return occurred if keep.all() else occurred.take(keep)


def _merged(pieces: Iterable[OccurrenceRows]) -> tuple[OccurrenceRows, ...]:
    """Join the pieces in which an occurrence was done, in document order, people ascending."""
    by_number: dict[tuple[int, int], list[OccurrenceRows]] = {}
    for piece in pieces:
        if len(piece.rows):
            by_number.setdefault((piece.journey, piece.occurrence.number), []).append(piece)
    return tuple(OccurrenceRows.join(by_number[key]) for key in sorted(by_number))
