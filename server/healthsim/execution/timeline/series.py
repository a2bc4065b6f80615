"""Visits that come again and again: on each day one of a series at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, next_business_day
from healthsim.execution.people.draws import Rows
from healthsim.specification.journeys.events import Encounter
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence
from healthsim.specification.journeys.repeats import Repeat


class VisitSeries:
    """The series of visits of one journey, and when the people of a chunk had the last of each.

    A series is all visits of a repeat of one class, specialty and reason for the same services,
    such as the three sessions of each week. Visits of one beat that are stated for the same day
    are each a series of their own: they are meant to be two.
    """

    def __init__(self, layout: JourneyLayout, people: int) -> None:
        self._people = people
        self._of = series_of(layout)
        self._last: dict[Hashable, Days] = {}

    def again(
        self, occurrence: Occurrence, rows: Rows, days: Days
    ) -> tuple[NDArray[np.bool_], Days]:
        """Tell who has had a visit of the series today, and on which day they have this one.

        Returns:
            (bool, one for each of `rows`; int32, the next day, or the next business day where the
            visit keeps to those, one for each who had one).
        """
        last = self._last.get(self._of.get(occurrence.number))
        if last is None or not len(rows):
            return np.zeros(len(rows), dtype=np.bool_), days[:0]
        again = last[rows] == days
        later = (days[again] + np.int32(1)).astype(np.int32)
        return again, next_business_day(later) if occurrence.business_days else later

    def note(self, occurrence: Occurrence, rows: Rows, days: Days) -> None:
        """Note that people have a visit; of what is in no series nothing is noted."""
        series = self._of.get(occurrence.number)
        if series is None:
            return
        if series not in self._last:
            self._last[series] = np.full(self._people, NO_DAY, dtype=np.int32)
        self._last[series][rows] = days


def series_of(layout: JourneyLayout) -> dict[int, Hashable]:
    """Return the series of each visit of a repeat, by the visit's number."""
    found: dict[int, Hashable] = {}
    stated: Counter[Hashable] = Counter()
    for occurrence in layout.occurrences:
        step = occurrence.step
        beat = next(_beats_around(layout, occurrence), None)
        if not isinstance(step, Encounter) or occurrence.encounter >= 0 or beat is None:
            continue
        details = step.details
        services = tuple(str(one) for one in details.procedures or ())
        kind = (details.encounter_class, details.specialty, details.reason, services)
        own = (id(beat.step), *kind)
        same_day = (own, occurrence.scope, step.at.model_dump_json())
        found[occurrence.number] = (*own, stated[same_day])
        stated[same_day] += 1
    return found


def _beats_around(layout: JourneyLayout, occurrence: Occurrence) -> Iterator[Occurrence]:
    """Yield the beats of repeats that an occurrence stands in, from the nearest outward."""
    scope = layout.scopes[occurrence.scope]
    while scope.opener >= 0:
        opener = layout.occurrences[scope.opener]
        if opener.tick and isinstance(opener.step, Repeat):
            yield opener
        scope = layout.scopes[scope.outer]
