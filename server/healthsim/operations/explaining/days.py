"""Why a step fell on its day: what it was counted from, the scatter, the risk."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from healthsim.dates import day_of, iso, next_business_day
from healthsim.execution.timeline.calendar_days import month_begins
from healthsim.medicine.stages import stage_tests
from healthsim.operations.explaining.case import RowCase, SourceOccurrence, number
from healthsim.specification.distributions.kinds import Constant
from healthsim.specification.journeys.branches import Branch
from healthsim.specification.journeys.events import Diagnosis
from healthsim.specification.journeys.plan import Beating, Occurrence, StageEntry
from healthsim.specification.journeys.repeats import ProtocolVisit
from healthsim.specification.journeys.timing import YEAR_DAYS, At, Hazard


class StepDay:
    """Says why a step of one person fell on its day."""

    def __init__(self, case: RowCase, source: SourceOccurrence, person_id: int, day: int) -> None:
        self.case, self.source, self.person_id, self.day = case, source, person_id, day
        self.occurrence, self.step = source.occurrence, source.occurrence.step

    def reasons(self) -> Iterator[str]:
        """Yield what led to the day; nothing where the person was not made again."""
        trace = self.case.trace
        base = trace and trace.walk.counted_from.get((self.occurrence.address, self.person_id))
        if not isinstance(base, int):
            if isinstance(self.step, StageEntry):
                yield f"day {iso(self.day)}: the day of entry into the stage, see its moves"
            return
        if isinstance(self.step, ProtocolVisit):
            yield self._planned(self.step, base)
            return
        nominal, words = self._nominal(self.step.at, base)
        if self.step.hazard is not None:
            yield self._hazard(self.step.hazard, nominal, words)
        elif isinstance(self.step, Branch) and self.step.races:
            yield f"day {iso(self.day)}: its options compete by hazards from {iso(nominal)} on"
        else:
            yield self._settled(nominal, words, base)

    def _uniform(self, name: str) -> float:
        draw = self.case.draw(f"{self.occurrence.address}/{name}", self.person_id)
        return math.nan if draw is None else draw.uniform

    def _nominal(self, at: At, base: int) -> tuple[int, list[str]]:
        """Return the day before business days, and how it is counted."""
        if at.date is not None:
            return self._scattered(at, day_of(at.date.isoformat()), ["as stated"])
        words = [f"{iso(base)} ({self._base()})"]
        if at.age is not None:
            words = ["the day of that age"]
            return self._scattered(at, self.day, words)
        if at.month is not None:
            base = int(month_begins(np.array([base], dtype=np.int32), at.month)[0])
            words.append(f"next first day of month {at.month}: {iso(base)}")
        offset = self._offset(at)
        if offset:
            words.append(f"{offset:+d} days")
        return self._scattered(at, base + offset, words)

    def _offset(self, at: At) -> int:
        if at.day is None:
            return 0
        if isinstance(at.day, Constant):
            return round(float(at.day.value))
        draw = self.case.draw(f"{self.occurrence.address}/day", self.person_id)
        return 0 if draw is None or draw.value is None else round(float(draw.value))

    def _scattered(self, at: At, day: int, words: list[str]) -> tuple[int, list[str]]:
        if not at.variance_days:
            return day, words
        u = self._uniform("variance")
        if math.isnan(u):
            return day, words
        shift = math.floor(u * (2 * at.variance_days + 1)) - at.variance_days
        return day + shift, [*words, f"{shift:+d} of ±{at.variance_days} (uniform {number(u)})"]

    def _base(self) -> str:
        """Say what the day is counted from."""
        layout, occurrence = self.source.layout, self.occurrence
        if occurrence.anchor >= 0:
            edge = "the end of " if self.step.at.edge == "end" else ""
            return f"{edge}{layout.occurrences[occurrence.anchor].step.id}"
        opener = layout.scopes[occurrence.scope].opener
        return "first day of the journey" if opener < 0 else opening(layout.occurrences[opener])

    def _settled(self, nominal: int, words: list[str], base: int) -> str:
        text = f"day {iso(self.day)}: {', '.join(words)}"
        if self.occurrence.business_days:
            moved = int(next_business_day(np.array([nominal], dtype=np.int32))[0])
            text += ", on business days" if moved != nominal else ""
            nominal = moved
        if nominal != self.day:
            early = nominal < base and self.occurrence.anchor < 0
            why = f"not before {self._base()} begins" if early else "by what it happens in"
            why = self._shown() or why
            text += f" gives {iso(nominal)}, held at {iso(self.day)}: {why}"
        return text

    def _shown(self) -> str:
        """Say that a test shows a stage on the day, of the diagnosis of one; else nothing."""
        step = self.occurrence.step
        test = stage_tests().get(step.details.code) if isinstance(step, Diagnosis) else None
        if test is None or self.occurrence.encounter >= 0:
            return ""
        return f"the first result of {test.loinc} that shows it (medicine/data/stage_tests.csv)"

    def _planned(self, step: ProtocolVisit, base: int) -> str:
        planned = base + step.day - 1
        window = f"window -{step.window.before} to +{step.window.after} days"
        u = self._uniform("window")
        return (f"day {iso(self.day)}: planned {iso(planned)}, day {step.day} of the cycle that "
                f"begins {iso(base)}; {window}, uniform {number(u)}")  # fmt: skip

    def _hazard(self, hazard: Hazard, since: int, words: list[str]) -> str:
        """Say how a risk became the day: the last draw of it."""
        address = f"{self.occurrence.address}/hazard"
        renewals = 0
        while hazard.renew_days and self.case.draw(f"{address}~{renewals + 1}", self.person_id):
            renewals += 1
        address += f"~{renewals}" if renewals else ""
        since += renewals * (hazard.renew_days or 0)
        draw = self.case.draw(address, self.person_id)
        name = "share" if hazard.share is not None else "per_year"
        rate = self.case.draw(f"{address}/{name}", self.person_id)
        value = "" if rate is None or rate.value is None else f"{float(rate.value):g}"
        risk = f"{value} a year" if name == "per_year" else f"{value} in {hazard.within_days} days"
        u = "" if draw is None else f", uniform {number(draw.uniform)}"
        if draw is not None and rate is not None and rate.value is not None:
            u += _arithmetic(hazard, draw.uniform, float(rate.value))
        counted = f" ({', '.join(words)})" if not renewals else ", read anew"
        return (f"day {iso(self.day)}: at risk from {iso(since)}{counted}, {risk}{u}: after "
                f"{self.day - since} days")  # fmt: skip


def _arithmetic(hazard: Hazard, u: float, rate: float) -> str:
    """Show how a uniform becomes days, where one short formula does it."""
    if hazard.share is not None and rate > 0:
        days = u / rate * (hazard.within_days or 0)
        return f" / {rate:g} × {hazard.within_days} = {days:.2f}"
    if rate > 0 and hazard.shape == 1.0 and not hazard.by_month and not hazard.bands:
        return f", -ln(1 - u) / {rate:g} × {YEAR_DAYS:g} = {-math.log1p(-u) / rate * YEAR_DAYS:.2f}"
    return ""


def opening(occurrence: Occurrence) -> str:
    """Say what an occurrence that opens a scope is: a beat, a stage, an option, an event."""
    step = occurrence.step
    if isinstance(step, Beating):
        return f"beat {occurrence.tick} of {step.id}" if occurrence.tick else f"{step.id}"
    if isinstance(step, StageEntry):
        return f"stage {step.stage.name} of {step.stages.id}"
    return step.id
