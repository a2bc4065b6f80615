"""What is due and comes days later: early doses, contradicted adverse events, second visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days
from healthsim.execution.people.draws import Rows
from healthsim.execution.timeline.families import Due, Numbers
from healthsim.execution.timeline.record import Record
from healthsim.execution.timeline.scheduling import ScopeOf
from healthsim.execution.timeline.series import VisitSeries
from healthsim.execution.timeline.toxicity import ONSET_DAYS
from healthsim.execution.timeline.vaccinations import (
    LONGEST_MOVE,
    doses_during,
    wait_for_dose,
    wait_for_doses,
)
from healthsim.medicine.ctcae import criterion_of
from healthsim.specification.journeys.events import AdverseEvent, Immunization
from healthsim.specification.journeys.plan import JourneyLayout, Occurrence


class PutOffs:
    """Puts off what should not happen yet, in the walk through one journey.

    Attributes:
        series: the visits of repeats, which never come twice on a day.
    """

    def __init__(
        self,
        layout: JourneyLayout,
        record: Record,
        start_days: Days,
        schedule: Callable[[Numbers | int, Rows, Days], None],
        scope: ScopeOf,
    ) -> None:
        """Begin with nothing put off.

        Args:
            layout: the journey laid out.
            record: what is known of the people.
            start_days: everyone's first day in the journey.
            schedule: puts an occurrence, or everybody's own, by number, on the agenda of people on
                their days.
            scope: gives what conditions see of people on their days.
        """
        self._record, self._schedule, self._scope = record, schedule, scope
        self._doses = doses_during(layout) if record.vaccinations.kept else {}
        self._put_off: dict[int, Days] = defaultdict(lambda: np.zeros_like(start_days))
        self.series = VisitSeries(layout, len(start_days))

    def due(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those who may have a step today; date it anew for the others."""
        step = due.step
        if due.number in self._doses and len(rows):
            rows, days = self._wait_for_doses(due.only, rows, days)
        if isinstance(step, AdverseEvent) and step.hazard is not None:
            rows, days = self._after_results(due.only, step, rows, days)
        again, later = self.series.again(due.first, rows, days)
        if again.any():
            self._schedule(due.numbers(rows)[again], rows[again], later)
            rows, days = rows[~again], days[~again]
        return rows, days

    def in_time(self, due: Due, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those who may have a dose in the visit that they are in; asked after its chance."""
        waits = due.number in self._doses and isinstance(due.step, Immunization)
        if not waits or due.first.encounter < 0 or not len(rows):
            return rows, days
        _, first, last = self._due(due.only, rows, days)
        kept = wait_for_dose(due.only, days, first, last).stay
        return rows[kept], days[kept]

    def _wait_for_doses(self, occurrence: Occurrence, rows: Rows, days: Days) -> tuple[Rows, Days]:
        """Keep those who may have a dose, or a visit with doses, today; date the others anew."""
        doses = self._doses[occurrence.number]
        if doses == (occurrence,):
            _, first, last = self._due(occurrence, rows, days)
            if occurrence.encounter >= 0:  # its visit has waited, or could not
                due = (first <= days + np.int32(LONGEST_MOVE)) & (days <= last)
                return rows[due], days[due]
            wait = wait_for_dose(occurrence, days, first, last)
        else:
            spans = (self._due_in_visit(dose, rows, days) for dose in doses)
            wait = wait_for_doses(occurrence, days, spans)
        self._schedule(occurrence.number, rows[wait.later], wait.days)
        return rows[wait.stay], days[wait.stay]

    def _after_results(
        self, occurrence: Occurrence, step: AdverseEvent, rows: Rows, days: Days
    ) -> tuple[Rows, Days]:
        """Let an adverse event by hazard come some days after a result that does not show it yet.

        It is put off once; within a visit it stays where it is.
        """
        criterion = criterion_of(step.details.term)
        if criterion is None or step.details.grade is None or occurrence.encounter >= 0:
            return rows, days
        log, put_off = self._record.results.get(criterion.loinc), self._put_off[occurrence.number]
        if log is None or not len(rows):
            return rows, days
        last = log.latest(self._record.moment(rows, days))[0].astype(np.int64)
        waits = (days - last < ONSET_DAYS) & (put_off[rows] == 0)
        put_off[rows[waits]] = 1
        self._schedule(occurrence.number, rows[waits], (last[waits] + ONSET_DAYS).astype(np.int32))
        return rows[~waits], days[~waits]

    def _due(
        self, dose: Occurrence, rows: Rows, days: Days
    ) -> tuple[NDArray[np.int32], Days, Days]:
        """Return the number of everyone's dose, and its first and last day."""
        record = self._record
        step = cast("Immunization", dose.step)
        birth, begins = record.people.birth[rows], record.first_day[rows]
        return record.vaccinations.due(step, record.moment(rows, days), birth, begins)

    def _due_in_visit(self, dose: Occurrence, rows: Rows, days: Days) -> tuple[Days, Days]:
        """Return first and last day of a dose, as far as they are known before the visit.

        The first is `NO_DAY` for those who will not have it, by its own `when` and `chance`.
        """
        step, scope = dose.step, self._scope(rows, days)
        has_it = np.ones(len(rows), dtype=np.bool_)
        if step.when is not None:
            has_it &= step.when.holds(scope)
        if step.chance is not None:
            decision = f"{dose.address}/chance"
            share = self._record.draws.numbers(f"{decision}/share", step.chance, rows, scope)
            has_it &= self._record.draws.uniform(decision, rows) < share
        _, first, last = self._due(dose, rows, days)
        return np.where(has_it, first, NO_DAY).astype(np.int32), last
