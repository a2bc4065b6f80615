"""What is known of a chunk's people while they walk, and how conditions ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import NO_DAY, Days, whole_years
from healthsim.execution.people.diagnoses import ConditionColumns
from healthsim.execution.people.draws import Draws, Rows, Values
from healthsim.execution.people.logs import FOREVER, Course, CoverageLog, Log, Moment
from healthsim.execution.people.people import MedicationColumn, People
from healthsim.execution.people.population_pass import StratumRank
from healthsim.execution.timeline.enrolment import Enrolment
from healthsim.execution.timeline.state import StateVariable
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.tables import Coded


@dataclass
class Record:
    """The dated record of one chunk: everything that a condition may ask about.

    Attributes:
        occurrence_logs: (journey, occurrence) -> when it befell whom.
        results: LOINC -> results.
        death: last day of life; `FOREVER` while alive.
        first_day: first day of a person's first journey; `NO_DAY` where in none.
        plans: names of the plan book, by position.
        newborn_rows: address of a birth -> whom it has brought.
        arms: of each trial, by its id: whom its randomisation befell, when, and their arm.
        stages: step id of a lifecycle -> the stages' positions as people entered them, NaN where
            they left the last; `stage_names` are its stages by position.
        referrals: specialty -> who was sent to it, and when.
        care_plans: plans of care, each a course of its own.
    """

    people: People
    draws: Draws
    plans: tuple[str, ...]
    states: tuple[str, ...]
    conditions: ConditionColumns
    coverage: CoverageLog
    death: Days
    first_day: Days
    occurrence_logs: dict[tuple[int, int], Log] = field(default_factory=lambda: defaultdict(Log))
    results: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    variables: dict[str, StateVariable] = field(default_factory=dict)
    courses: list[Course] = field(default_factory=list)
    referrals: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    care_plans: list[Course] = field(default_factory=list)
    stages: dict[str, Log] = field(default_factory=dict)
    stage_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    layouts_walked: list[JourneyLayout] = field(default_factory=list)
    newborn_rows: dict[str, list[Rows]] = field(default_factory=dict)
    arms: dict[str, list[tuple[Rows, Days, Coded]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    trials: dict[str, Enrolment] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        people: People,
        draws: Draws,
        plans: tuple[str, ...],
        states: tuple[str, ...],
        coverage: CoverageLog,
    ) -> Record:
        """Open the record of people to whom nothing has happened yet."""
        size = len(people)
        record = cls(
            people=people,
            draws=draws,
            plans=plans,
            states=states,
            conditions=ConditionColumns(list(people.conditions), size),
            coverage=coverage,
            death=np.full(size, FOREVER, dtype=np.int32),
            first_day=np.full(size, NO_DAY, dtype=np.int32),
        )
        record.courses = [_standing(one, size) for one in people.medications]
        return record

    def enrolment(self, trial: str) -> Enrolment:
        """Return who is in a trial, by its id."""
        if trial not in self.trials:
            self.trials[trial] = Enrolment.of(len(self.people))
        return self.trials[trial]

    def moment(self, rows: Rows, days: Days) -> Moment:
        """Return a moment of some of the people."""
        return Moment(rows, days, len(self.people))

    def standing(self, step: str, rows: Rows, days: Days, strata: Coded) -> StratumRank | None:
        """Say where people stand in a population step; None while everybody is being counted.

        Those who were only noted have come to a halt: what befalls them next rests on everybody.

        Args:
            step: address of the population step.
            rows: who has come to it.
            days: their days.
            strata: a text for each of them; no value for those who are not in the step.
        """
        census = self.draws.population_pass
        in_time = days <= census.last_day
        inside = Coded(np.where(in_time, strata.codes, -1).astype(np.int32), strata.vocabulary)
        found = census.standing(step, self.people.person_id[rows], inside)
        if found is None:
            self.death[rows[inside.codes >= 0]] = NO_DAY
        return found


def _standing(medication: MedicationColumn, size: int) -> Course:
    rows = np.flatnonzero(medication.takes)
    return Course(
        ingredient=medication.ingredient,
        rows=rows,
        days=np.full(len(rows), NO_DAY + 1, dtype=np.int32),
        stop=np.full(len(rows), FOREVER, dtype=np.int32),
        cut=np.zeros(len(rows), dtype=np.bool_),
    )


class AsOfScope:
    """What conditions and formulas see at one moment: the `Scope` of the condition language."""

    def __init__(self, record: Record, moment: Moment, begun: Days) -> None:
        self._record, self._moment, self._begun = record, moment, begun

    @property
    def size(self) -> int:
        """How many people the moment holds."""
        return len(self._moment.rows)

    def name(self, name: str) -> Values:
        """Return a built-in, a state variable or an attribute of everyone at the moment."""
        record, rows = self._record, self._moment.rows
        if name in record.variables:
            return record.variables[name].at(self._moment)
        if name in record.stages:
            return self._stage(name)
        if name in record.people.attributes:
            found = record.people.attributes[name]
            return found.take(rows) if isinstance(found, Coded) else found[rows]
        if name in self._BUILT_IN:
            return self._BUILT_IN[name](self)
        found = getattr(record.people, name)
        if not isinstance(found, Coded):
            raise KeyError(name)
        return found.take(rows)

    def _age(self) -> Values:
        birth = self._record.people.birth[self._moment.rows]
        return whole_years(birth, self._moment.days).astype(np.float64)

    def _day(self) -> Values:
        return (self._moment.days - self._begun).astype(np.float64)

    def _month(self) -> Values:
        days = self._moment.days.astype("datetime64[D]")
        months = days.astype("datetime64[M]").astype(np.int64)
        return (months % 12 + 1).astype(np.float64)

    def _plan(self) -> Values:
        record, moment = self._record, self._moment
        return Coded(record.coverage.plan(moment.rows, moment.days), record.plans)

    def _state(self) -> Values:
        return Coded(self._record.people.state[self._moment.rows], self._record.states)

    def _stage(self, lifecycle: str) -> Coded:
        """Return the stage that everyone is in; null before the first and after the last."""
        _, found = self._record.stages[lifecycle].latest(self._moment)
        codes = np.where(np.isnan(found), -1, found).astype(np.int32)
        return Coded(codes, self._record.stage_names[lifecycle])

    def _only_stage(self) -> Values:
        return self._stage(next(iter(self._record.stages)))

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Answer one of the functions of the condition language."""
        if function == "has":
            return self._record.conditions.has(argument, self._moment)
        if function == "takes":
            return self._takes(argument)
        if function == "last":
            return self._record.results[argument].latest(self._moment)[1]
        log = self._log(argument)
        if function == "happened":
            return log.count(self._moment) > 0
        if function == "count":
            return log.count(self._moment)
        last, _ = log.latest(self._moment)
        return np.where(last == NO_DAY, np.nan, self._moment.days - last.astype(np.float64))

    def _nearest(self, journeys: int) -> Iterable[int]:
        """Return the journeys in the order in which a step is looked for in them."""
        return range(journeys - 1, -1, -1)

    def _arm(self) -> Coded:
        """Return the arm to which everyone was randomised by their day; none before it.

        It is that of the journey's own trial, else of the nearest journey's that is a trial.
        """
        record, rows = self._record, self._moment.rows
        walked = record.layouts_walked
        trials = (walked[one].journey.trial for one in self._nearest(len(walked)))
        trial = next((one for one in trials if one is not None), None)
        names = tuple(trial.arms) if trial is not None else ()
        since = np.full(len(record.people), FOREVER, dtype=np.int32)
        code = np.full(len(record.people), -1, dtype=np.int32)
        for people, days, arm in record.arms[trial.id] if trial is not None else ():
            since[people], code[people] = days, arm.codes
        told = since[rows] <= self._moment.days
        return Coded(np.where(told, code[rows], -1).astype(np.int32), names)

    def _takes(self, ingredient: str) -> NDArray[np.bool_]:
        found = np.zeros(self.size, dtype=np.bool_)
        for course in self._record.courses:
            if course.ingredient == ingredient:
                found[course.taking(self._moment)] = True
        return found

    def _log(self, step: str) -> Log:
        """Gather the entries of a step: of the journey now walked, else of an earlier one."""
        plans = self._record.layouts_walked
        for journey in self._nearest(len(plans)):
            numbers = plans[journey].counted(step)
            if numbers:
                logs = [self._record.occurrence_logs.get((journey, number)) for number in numbers]
                return Log([entry for log in logs if log for entry in log.entries])
        return Log()

    _BUILT_IN: ClassVar[Mapping[str, Callable[[AsOfScope], Values]]] = {
        "age": _age,
        "day": _day,
        "month": _month,
        "plan": _plan,
        "us_state": _state,
        "arm": _arm,
        "stage": _only_stage,
    }
