"""Journeys become dated events: who begins when, what occurs, and what an end cuts off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np

from healthsim.billing.benefits.coverage_dates import CoverageDates
from healthsim.dates import NO_DAY, Days, add_months, day_of
from healthsim.execution.body.bindings import ALWAYS_READ, Bindings
from healthsim.execution.body.body import Body
from healthsim.execution.body.exposures import Exposures
from healthsim.execution.people.allergies import Allergies
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.draws import Draws, Rows, require_numbers
from healthsim.execution.people.logs import TURNED_26, CoverageLog, Span
from healthsim.execution.people.people import FIRST_BORN, People
from healthsim.execution.people.safety import SafetyLog
from healthsim.execution.timeline.beds import Beds
from healthsim.execution.timeline.birth_size import (
    code_size_of_profile,
    measures_to_code,
    tells_birth,
)
from healthsim.execution.timeline.home_visits import seen_once_a_day
from healthsim.execution.timeline.medications import begin_medications
from healthsim.execution.timeline.mortality import Mortality
from healthsim.execution.timeline.outlasted import end_with_reasons
from healthsim.execution.timeline.record import AsOfScope, Record
from healthsim.execution.timeline.resettled import resettled
from healthsim.execution.timeline.safety import begin_safety, review_all, review_begun
from healthsim.execution.timeline.shown_readings import may_be_read_later, record_when_read
from healthsim.execution.timeline.shown_stages import (
    EventKey,
    may_be_shown_later,
    record_when_shown,
    redated,
)
from healthsim.execution.timeline.state import StateVariable
from healthsim.execution.timeline.stated import FigureKey, Tallies
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.execution.timeline.walk import Walk
from healthsim.medicine.naming import analyte_named
from healthsim.specification.journeys.changes import FROM_BODY
from healthsim.specification.journeys.discharge_courses import is_taken_home
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.newborns import NewbornLayout
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.specification.profiles.household import FIRST_CHILD
from healthsim.specification.profiles.physiology import is_usual, own_rows
from healthsim.specification.profiles.profile import ProfileSpec
from healthsim.specification.profiles.safety import Safety

WalkMaker: TypeAlias = Callable[[JourneyLayout, int, Record, Days], Walk]
"""Makes the walk of one journey; see `Walk` for the arguments."""


_ADULT, _DEPENDANT_UNTIL = 18, 26  # years


@dataclass(frozen=True)
class Timeline:
    """Everything that happened to the people of one chunk.

    Attributes:
        record: what is known of them at the end.
        occurrences: one for each occurrence that anybody had, in document order over all
            journeys; people ascending; nothing in it is dated after an end of its scope.
        start_days: for each journey, the first day of everyone; `NO_DAY` where not in it.
        figures: how the stated figures came out that chance decided.
    """

    record: Record
    occurrences: tuple[OccurrenceRows, ...]
    start_days: tuple[Days, ...]
    figures: Tallies = field(default_factory=dict)


@dataclass(frozen=True)
class RunContext:
    """What the run knows besides its specifications.

    Attributes:
        names: plans by position.
        first_months: month in which each plan's benefit year begins.
        covers_dependants: whether each plan covers the household of who holds it.
        coverage_dates: by which calendar each plan begins and ends coverage.
        states: postal codes by position in the geography.
        through: last day of the data.
    """

    names: tuple[str, ...]
    first_months: tuple[int, ...]
    covers_dependants: tuple[bool, ...]
    coverage_dates: CoverageDates
    states: tuple[str, ...]
    through: int


def walk_journeys(
    profile: ProfileSpec,
    layouts: Sequence[JourneyLayout],
    people: People,
    draws: Draws,
    context: RunContext,
    walk_of: WalkMaker = Walk,
) -> Timeline:
    """Walk every journey with the people of a chunk, in the order of the layouts.

    A journey of newborns has to come after the one whose births they are. `walk_of` is another
    class only where somebody wants to know why things happen (`execution/trace/`).
    """
    coverage = CoverageLog([_own_coverage(profile, people, context)], context.coverage_dates)
    _end_dependants(coverage, people, context, day_of(profile.as_of.isoformat()))
    conditions = _conditions(profile, people, draws)
    record = Record.of(people, draws, context.names, context.states, coverage, conditions)
    if profile.clinical.primary is not None:
        record.primary = profile.clinical.primary.code
    record.body = _body(profile, layouts, record)
    record.birth_measures = measures_to_code(profile, layouts)
    if tells_birth(profile):
        code_size_of_profile(record, record.birth_measures, day_of(profile.as_of.isoformat()))
    record.vaccinations.kept = profile.vaccine_intervals == "usual"
    record.beds = Beds(len(people)) if profile.one_bed == "postpone" else None
    journeys = [layout.journey for layout in layouts]
    mortality = Mortality.of(profile, journeys, people, draws, context.through)
    record.set_mortality(mortality, day_of(profile.as_of.isoformat()))
    as_of = np.int32(day_of(profile.as_of.isoformat()))
    begin_medications(record, profile, int(as_of))
    begin_safety(record, _safety(profile, people, draws), as_of)
    walks: list[Walk] = []
    for number, layout in enumerate(layouts):
        if layout.journey.from_birth:
            start_days = _start_at_birth(layout, record)
        else:
            start_days = _start(profile, number, layout.journey, record)
        walk = walk_of(layout, number, record, start_days)
        walk.run()
        walks.append(walk)
    record.conditions.settle()
    recorded = _stages_recorded(record, walks, layouts, context.through)
    if record.conditions.lives:
        end_with_reasons(record, int(as_of))
    review_all(record, as_of)
    pieces = _happened(record, walks, layouts)
    ends = [np.minimum(walk.last_days, record.death) for walk in walks]
    figures = _stated_figures(record, walks, ends, context.through)
    kept = (
        redated(_cut_at_end(piece, ends[piece.journey], record.death, context.through), recorded)
        for piece in review_begun(record, pieces)
    )
    return Timeline(record, _merged(kept), tuple(walk.start_days for walk in walks), figures)


def _happened(
    record: Record, walks: Sequence[Walk], layouts: Sequence[JourneyLayout]
) -> list[OccurrenceRows]:
    """Return what happened in all walks, out of the way of stays of later ones."""
    happened = [piece for walk in walks for piece in walk.happened()]
    settled = resettled(happened, record.beds, record.people, record.draws, layouts)
    return seen_once_a_day(settled)


def _stages_recorded(
    record: Record, walks: Sequence[Walk], layouts: Sequence[JourneyLayout], through: int
) -> dict[EventKey, Days]:
    """Date the conditions that tests show by them, and return the days of their diagnoses."""
    if not may_be_shown_later(record) and not may_be_read_later(record):
        return {}
    ends = [np.minimum(walk.last_days, record.death) for walk in walks]
    pieces = _happened(record, walks, layouts)
    kept = [_cut_at_end(piece, ends[piece.journey], record.death, through) for piece in pieces]
    last = [np.minimum(end, np.int32(through)).astype(np.int32) for end in ends]
    return record_when_shown(record, kept, last) | record_when_read(record, kept)


def _body(profile: ProfileSpec, layouts: Sequence[JourneyLayout], record: Record) -> Body:
    bindings = Bindings.of(record.people.attributes, layouts, ALWAYS_READ)
    choice = profile.physiology
    exposures = Exposures(record, own_rows(choice), usual=is_usual(choice))
    return Body(record, bindings, exposures, day_of(profile.as_of.isoformat()))


def _safety(profile: ProfileSpec, people: People, draws: Draws) -> SafetyLog:
    """Return the rules of safe drugs that a profile keeps, with nothing overlooked yet."""
    choice = profile.safety
    share = choice.allow_violations if isinstance(choice, Safety) else 0.0
    stated = {one.substance: one.share for one in profile.clinical.allergies}
    allergies = Allergies(people, draws, day_of(profile.as_of.isoformat()), stated)
    return SafetyLog(profile.safety_book, share, allergies=allergies)


def _stated_figures(
    record: Record, walks: Sequence[Walk], ends: Sequence[Days], through: int
) -> Tallies:
    """Add up the stated figures that were drawn for people while they were in the data."""
    last = [np.minimum(end, np.int32(through)).astype(np.int32) for end in ends]
    return record.stated.tallies(
        last, lambda mark: walks[mark[0]].exposed_until(mark, last[mark[0]])
    )


def _conditions(profile: ProfileSpec, people: People, draws: Draws) -> ConditionLog:
    """Return the conditions of the profile, which end by themselves where problem lists live."""
    alive = draws if profile.problem_list == "usual" else None
    as_of = day_of(profile.as_of.isoformat())
    return ConditionLog(people.conditions, len(people), alive, as_of)


def _own_coverage(profile: ProfileSpec, people: People, context: RunContext) -> Span:
    """Cover everyone by the profile's plan since its benefit year began."""
    span = Span.nobody("~profile/coverage", len(people))
    span.plan[:] = people.plan
    as_of = profile.as_of
    for plan, month in enumerate(context.first_months):
        year = as_of.year if as_of.month >= month else as_of.year - 1
        span.begin[people.plan == plan] = day_of(f"{year}-{month:02d}-01")
    span.begin[people.birth == NO_DAY] = NO_DAY
    covered = span.begin != NO_DAY
    span.begin[covered] = np.maximum(span.begin[covered], people.birth[covered])
    return span


def _end_dependants(coverage: CoverageLog, people: People, context: RunContext, as_of: int) -> None:
    """End the coverage of children of a household, and of minors who hold a parent's, at 26.

    Plans must cover them until then (42 USC 300gg-14); most end it with the month of the
    birthday. Who is older on the first day of the data is not covered, and no enrolment covers
    anybody as a dependant for longer.
    """
    own = coverage.spans[0]
    covers = np.array([*context.covers_dependants, False], dtype=np.bool_)
    child = (people.number >= FIRST_CHILD) & (people.number < FIRST_BORN)
    minor = add_months(people.birth, 12 * _ADULT) > as_of
    child = (child | (minor & (people.number == 1))) & covers[own.plan]
    rows = np.flatnonzero(child & (own.begin != NO_DAY))
    turned = add_months(people.birth[rows], 12 * _DEPENDANT_UNTIL).astype("datetime64[D]")
    month = turned.astype("datetime64[M]") + 1
    last = (month.astype("datetime64[D]").astype(np.int32) - 1).astype(np.int32)
    older = last < as_of
    own.begin[rows[older]] = NO_DAY
    coverage.close(rows[~older], last[~older], TURNED_26)
    coverage.limit_dependants(covers, rows, last)


def _start(profile: ProfileSpec, number: int, journey: JourneySpec, record: Record) -> Days:
    """Return everyone's first day, drawn from the journey's window; `NO_DAY` where not eligible."""
    people = record.people
    first, last = (day_of(day.isoformat()) for day in journey.window(profile.as_of))
    u = record.draws.uniform(f"{journey.name}/begins")
    days = (first + np.floor(u * (last - first + 1))).astype(np.int32)
    candidates = (days <= record.death) & (people.number < FIRST_BORN)
    if last > first:
        rows, width = np.flatnonzero(candidates), last - first + 1
        key = FigureKey(journey.name, "", "begins, days after the earliest", "mean")
        since = (days[rows] - first).astype(np.float64)
        record.stated.measure(
            (number, key), rows, days[rows], since, ((width - 1) / 2, (width**2 - 1) / 12)
        )
    start_days = _admitted(journey, record, np.where(candidates, days, NO_DAY).astype(np.int32))
    new = (start_days != NO_DAY) & (record.first_day == NO_DAY)
    record.first_day[new] = start_days[new]
    record.conditions.begin_primary(np.flatnonzero(new), start_days[new])
    return start_days


def _start_at_birth(layout: JourneyLayout, record: Record) -> Days:
    """Return the birthdays of those born in the run, by the layout's birth or by any."""
    born = [rows for address, groups in record.newborn_rows.items() for rows in groups
            if not isinstance(layout, NewbornLayout) or layout.is_birth(address)]  # fmt: skip
    days = np.full(len(record.people), NO_DAY, dtype=np.int32)
    for rows in born:
        days[rows] = record.people.birth[rows]
    return _admitted(layout.journey, record, days)


def _admitted(journey: JourneySpec, record: Record, days: Days) -> Days:
    """Start the states of candidates; return their days, `NO_DAY` for those not eligible."""
    rows = np.flatnonzero(days != NO_DAY)
    _start_states(journey, record, rows, days[rows])
    if journey.eligible is not None and len(rows):
        scope = AsOfScope(record, record.moment(rows, days[rows]), days[rows])
        days[rows[~journey.eligible.holds(scope)]] = NO_DAY
    return days


def _start_states(journey: JourneySpec, record: Record, rows: Rows, days: Days) -> None:
    """Give candidates the first value of each of the journey's state variables."""
    for name, state in journey.state.items():
        if name in record.variables:
            continue  # it was started by an earlier journey
        start = np.full(len(record.people), np.nan)
        key = analyte_named(name) if state.start == FROM_BODY else None
        if key is not None:
            start[rows] = record.body.settled(key, rows, days)
        elif isinstance(state.start, str):
            attribute = name if state.start == "attribute" else state.start
            start[rows] = require_numbers(record.people.attributes[attribute])[rows]
        else:
            scope = AsOfScope(record, record.moment(rows, days), days)
            address = f"{journey.name}/state/{name}"
            start[rows] = record.draws.numbers(address, state.start, rows, scope)
        low = -np.inf if state.low is None else state.low
        high = np.inf if state.high is None else state.high
        variable = StateVariable(start, low, high, state.decimals, from_birth=journey.from_birth)
        record.variables[name] = replace(variable, start=variable.clamp_and_round(start))


def _cut_at_end(
    piece: OccurrenceRows, last_days: Days, death: Days, through: int
) -> OccurrenceRows:
    """Drop what is dated after an end of its scope, or after the data.

    Nobody takes anything home on the day of death.
    """
    keep = piece.days <= np.minimum(last_days[piece.rows], np.int32(through))
    if is_taken_home(piece.occurrence.step.id):
        keep &= piece.days < death[piece.rows]
    return piece if keep.all() else piece.take(keep)


def _merged(pieces: Iterable[OccurrenceRows]) -> tuple[OccurrenceRows, ...]:
    """Join the pieces in which an occurrence was done, in document order, people ascending."""
    by_number: dict[tuple[int, int], list[OccurrenceRows]] = {}
    for piece in pieces:
        if len(piece.rows):
            by_number.setdefault((piece.journey, piece.occurrence.number), []).append(piece)
    return tuple(OccurrenceRows.join(by_number[key]) for key in sorted(by_number))
