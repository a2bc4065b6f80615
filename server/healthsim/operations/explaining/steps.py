"""Why a step of a journey happened to a person: its line, what it was part of, day and chance."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from healthsim.addresses import BITS
from healthsim.dates import NO_DAY, day_of, iso
from healthsim.execution.trace.draws import Draw
from healthsim.execution.trace.walk import Asked
from healthsim.operations.explaining.case import (
    Reasons,
    RowCase,
    SourceOccurrence,
    draw_row,
    number,
    short,
)
from healthsim.operations.explaining.counted import option_place
from healthsim.operations.explaining.days import StepDay, opening
from healthsim.operations.explaining.spec_lines import sentence_of
from healthsim.specification.distributions.kinds import Constant
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.journeys.newborns import NewbornLayout
from healthsim.specification.journeys.plan import Beating, Occurrence, StageEntry
from healthsim.specification.journeys.stages import Wait

_SAID_ELSEWHERE = ("chance", "variance", "day", "window", "hazard")
_MOST_OPTIONS = 6


def around(source: SourceOccurrence) -> Iterator[tuple[Occurrence, int]]:
    """Yield what opened the scopes around an occurrence, inner first, and by which option."""
    layout = source.layout
    number = source.occurrence.scope
    while number >= 0:
        scope = layout.scopes[number]
        if scope.opener >= 0:
            yield layout.occurrences[scope.opener], scope.option
        number = scope.outer


def explain_step(case: RowCase, source: SourceOccurrence, person_id: int | None = None) -> Reasons:
    """Say why a step happened.

    Args:
        case: the row that it is about.
        source: the occurrence.
        person_id: to whom, by default the row's person.
    """
    who = case.person_id if person_id is None else person_id
    reasons = Reasons(made_by=[case.line(source.occurrence)])
    event = _event(case, source.occurrence, who)
    if event is not None:
        day = day_of(str(event))
        reasons.because += StepDay(case, source, who, day).reasons()
    if isinstance(source.occurrence.step, StageEntry):
        reasons.add(_entered(case, source, who))
    if isinstance(source.occurrence.step, Branch) and event is not None:
        reasons.because += _taken(case, source.occurrence, source.occurrence.step, who)
    reasons.because += _asked(case, source.occurrence, who)
    reasons.because += _chance(case, source.occurrence, who)
    for occurrence, option in around(source):
        inside = SourceOccurrence(source.layout, occurrence)
        reasons.because += _inside(case, inside, option, who)
    reasons.because += _journey(case, source.layout.journey, who, source)
    reasons.draws += own_draws(case, source.occurrence, who)
    return reasons


def _entered(case: RowCase, source: SourceOccurrence, person_id: int) -> Reasons:
    """Say from which stage a person came into a stage, or that it was the first."""
    reasons, opener = Reasons(), source.layout.occurrences[source.occurrence.opener]
    days: list[tuple[str, SourceOccurrence]] = []
    for row in case.rows("events", person_id=person_id, type="stage"):
        entry = case.at(case.address_of("events", row["event_id"]))
        if entry is not None and entry.occurrence.opener == opener.number:
            days.append((str(row["event_date"]), entry))
    days.sort(key=lambda pair: (pair[0], pair[1].occurrence.number != source.occurrence.number))
    own = next((place for place, (_, entry) in enumerate(days)
                if entry.occurrence.address == source.occurrence.address), 0)  # fmt: skip
    if own == 0:
        reasons.because.append(f"the first stage of {opener.step.id}, drawn at its start")
        reasons.draws += case.drawn(f"{opener.address}/start", person_id=person_id)
        return reasons
    day, before = days[own - 1]
    sentence = sentence_of(case.line(before.occurrence))
    reasons.because.append(short(f"came from {opening(before.occurrence)}, {day}: {sentence}"))
    reasons.draws += own_draws(case, before.occurrence, person_id)
    return reasons


def _event(case: RowCase, occurrence: Occurrence, person_id: int) -> object:
    """Return the day of an occurrence for a person made again; None where it is not known."""
    event_number = case.job.numbering.number("events", occurrence.address)
    wanted = (person_id << BITS) + event_number
    rows = case.rows("events", event_id=wanted)
    return rows[0]["event_date"] if rows else None


def _asked(case: RowCase, occurrence: Occurrence, person_id: int) -> Iterator[str]:
    """Yield the conditions of a step as they were asked on its day, and what they saw."""
    for asked in asked_of(case, occurrence, person_id):
        if "[" not in asked.where or asked.where.startswith("options["):
            yield condition_line(asked)


def asked_of(case: RowCase, occurrence: Occurrence, person_id: int) -> list[Asked]:
    """Return the last asking of each condition of an occurrence."""
    if case.trace is None:
        return []
    asked = case.trace.walk.asked.get((occurrence.address, person_id), [])
    return list({one.where: one for one in asked}.values())


def condition_line(asked: Asked) -> str:
    """Say a condition, whether it was true, and what it saw."""
    truth = "true" if asked.holds else "false"
    seen = f" ({', '.join(asked.seen)})" if asked.seen else ""
    return short(f"{asked.where} `{asked.condition}` on {iso(asked.day)}: {truth}{seen}")


def _chance(case: RowCase, occurrence: Occurrence, person_id: int) -> Iterator[str]:
    decision = f"{occurrence.address}/chance"
    draw, share = case.draw(decision, person_id), case.draw(f"{decision}/share", person_id)
    if draw is None or share is None or share.value is None:
        return
    yield f"chance: uniform {number(draw.uniform)} < {float(share.value):g}, so it happened"


def _inside(case: RowCase, source: SourceOccurrence, option: int, person_id: int) -> Iterator[str]:
    """Say what a step was part of, and since when; of a branch, how its option was taken."""
    occurrence, step = source.occurrence, source.occurrence.step
    if isinstance(step, Branch):
        yield from _option(case, occurrence, step, option, person_id)
        return
    begun = None
    if case.trace is not None:
        begun = case.trace.walk.begun.get((occurrence.address, option, person_id))
    since = "" if begun is None else f", {iso(begun)}"
    if isinstance(step, Wait):
        why = "its condition was met" if option == 0 else "its limit was over"
        yield f"after wait {step.id}{since}: {why}"
    elif option >= 0:
        yield f"on a day on which {opening(occurrence)} was put off{since}"
    elif isinstance(step, Beating | StageEntry):
        sentence = sentence_of(case.line(occurrence))
        yield short(f"in {opening(occurrence)}{since}: {sentence}")
    elif begun is not None and not occurrence.tick:
        for line in StepDay(case, source, person_id, begun).reasons():
            yield f"in {step.id}: {line}"


def _option(
    case: RowCase, occurrence: Occurrence, step: Branch, option: int, person_id: int
) -> Iterator[str]:
    taken = step.options[option]
    draw = case.draw(f"{occurrence.address}/option", person_id)
    u = "" if draw is None or step.races else f", uniform {number(draw.uniform)}"
    weights = [f"{one.name} {one.weight:g}" for one in step.options
               if one.weight is not None and one.when == taken.when]  # fmt: skip
    shown = f" of {', '.join(weights[:_MOST_OPTIONS])}" if weights else ""
    when = f" where {taken.when}" if taken.when is not None else ""
    exact = ""
    if any(one.exactly is not None for one in step.options):
        exact = option_place(case, occurrence, step, person_id)
    by_table = " by its table" if step.table is not None else ""
    yield short(f"option {taken.name} of branch {step.id}{by_table}{when}{exact}{shown}{u}")
    yield from _asked(case, occurrence, person_id)


def _taken(case: RowCase, occurrence: Occurrence, step: Branch, person_id: int) -> Iterator[str]:
    """Say which option of a branch a person took, and how; nothing where none was taken."""
    names = [option.name for option in step.options]
    wanted = (person_id << BITS) + case.job.numbering.number("events", occurrence.address)
    for row in case.rows("events", event_id=wanted):
        if row["option"] in names:
            option = names.index(str(row["option"]))
            yield from _option(case, occurrence, step, option, person_id)


def _journey(
    case: RowCase, journey: JourneySpec, person_id: int, source: SourceOccurrence
) -> Iterator[str]:
    """Say how the person came into the journey."""
    if journey.from_birth or isinstance(source.layout, NewbornLayout):
        yield f"journey {journey.name}: from birth on"
        return
    first, last = journey.window(case.job.profile.as_of)
    draw = case.draw(f"{journey.name}/begins", person_id)
    u = "" if draw is None or first == last else f" (uniform {number(draw.uniform)})"
    days = f"on {first}" if first == last else f"between {first} and {last}{u}"
    start = _start(case, source, person_id)
    yield f"journey {journey.name}: begins {f'{start}, ' if start and first != last else ''}{days}"
    if case.trace is not None:
        for asked in case.trace.walk.asked.get((journey.name, person_id), []):
            yield condition_line(asked)


def _start(case: RowCase, source: SourceOccurrence, person_id: int) -> str:
    """Return a person's first day in a journey; nothing where it is not known."""
    if case.trace is None:
        return ""
    timeline = case.trace.ctx.timeline
    places = np.flatnonzero(case.trace.ctx.person_id == person_id)
    for layout, days in zip(timeline.record.layouts_walked, timeline.start_days, strict=True):
        if layout.journey.name == source.layout.journey.name and len(places):
            day = int(days[places[0]])
            return "" if day == int(NO_DAY) else iso(day)
    return ""


def own_draws(
    case: RowCase, occurrence: Occurrence, person_id: int | None = None
) -> list[list[object]]:
    """Return the draws that an occurrence has for itself, without those of its day and chance."""
    if case.trace is None:
        return []
    who = case.person_id if person_id is None else person_id
    return [
        draw_row(draw)
        for draw in case.trace.draws.below(who, occurrence.address)
        if _is_own(case, occurrence, draw)
    ]


def _is_own(case: RowCase, occurrence: Occurrence, draw: Draw) -> bool:
    """Tell whether a draw is of the occurrence itself, and says more than its day and chance."""
    source = case.at(draw.decision)
    name = draw.decision.removeprefix(f"{occurrence.address}/")
    return (
        (source is None or source.occurrence.address == occurrence.address)
        and not name.startswith(_SAID_ELSEWHERE)
        and not name.endswith("/lag")
        and not isinstance(draw.distribution, Constant)
    )
