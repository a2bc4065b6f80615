"""Visits of protocols that bring a later visit by appointment: days that must all be open.

A pump that is connected on a Thursday would be taken off on a Saturday.
"""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.specification.distributions.kinds import Constant
from healthsim.specification.journeys.details import APPOINTED
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.repeats import Protocol, ProtocolVisit
from healthsim.specification.journeys.timing import At

_AT_ONCE = At(day=Constant(value=0))


def carried_days(visit: ProtocolVisit) -> tuple[int, ...]:
    """Return how many days after a visit its later visits by appointment are, where it is fixed.

    It is fixed where a step of the visit states a number of days after an encounter of the visit,
    and nothing moves it to a business day.
    """
    seen = [one for one in visit.steps if isinstance(one, Encounter)]
    first = {one.id for one in seen if one.at in (At(), _AT_ONCE)}
    return tuple(dict.fromkeys(
        day for one in seen
        if one.at.after in first and one.details.encounter_class in APPOINTED
        and not one.keeps_business_days and (day := _stated_day(one)) > 0
    ))  # fmt: skip


def cycle_offsets(protocol: Protocol, cycle: int) -> tuple[int, ...]:
    """Return the days of a cycle, from 0, that must be open together; none where no visit asks."""
    return tuple(sorted(set(_offsets(protocol, cycle))))


def _offsets(protocol: Protocol, cycle: int) -> Iterator[int]:
    for visit in protocol.visits:
        carried = carried_days(visit) if visit.takes_place_in(cycle) else ()
        if carried:
            yield from (visit.day - 1 + day for day in (0, *carried))


def _stated_day(step: Encounter) -> int:
    """Return the days that a step is after its anchor; 0 where they are drawn."""
    at = step.at
    stated = isinstance(at.day, Constant) and not isinstance(at.day.value, str)
    fixed = stated and not at.variance_days and at.edge == "start"
    return round(float(at.day.value)) if fixed and isinstance(at.day, Constant) else 0
