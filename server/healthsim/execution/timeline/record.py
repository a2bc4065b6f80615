"""What is known of a chunk's people during their journeys, and how conditions read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.pharmacy.dispensing import PharmacyRule
from healthsim.codes.pregnancy import GESTATION_DAYS, LONGEST_PREGNANCY
from healthsim.dates import NO_DAY, Days, whole_years
from healthsim.execution.body.body import Body
from healthsim.execution.people.conditions import ConditionLog
from healthsim.execution.people.courses import Course, Courses
from healthsim.execution.people.draws import Draws, Rows, Values
from healthsim.execution.people.logs import FOREVER, CoverageLog, Log, Moment
from healthsim.execution.people.people import MedicationColumn, People
from healthsim.execution.people.population_pass import StratumRank
from healthsim.execution.people.safety import SafetyLog
from healthsim.execution.timeline.beds import Beds
from healthsim.execution.timeline.enrolment import Enrolment
from healthsim.execution.timeline.families import Families
from healthsim.execution.timeline.lesions import Tumors
from healthsim.execution.timeline.mortality import Mortality
from healthsim.execution.timeline.state import StateVariable
from healthsim.execution.timeline.stated import StatedFigures
from healthsim.execution.timeline.toxicity import Toxicities
from healthsim.execution.timeline.vaccinations import Vaccinations
from healthsim.specification.journeys.plan import JourneyLayout
from healthsim.tables import Coded


@dataclass
class Record:
    """The dated record of one chunk: everything that a condition may read.

    Attributes:
        plans: names of the plan book, by position.
        states: postal codes, by position in the geography.
        death: int32, last day of life; `FOREVER` while alive.
        first_day: int32, first day of a person's first journey; `NO_DAY` where in none.
        results: LOINC -> results.
        variables: name -> state variable.
        decided: name of a state -> noise of the measurement that last decided about a delay, of
            everyone of the chunk, float64; NaN before. Other measurements show the same until then.
        courses: of drugs; those of the profile come first.
        referrals: specialty -> who was referred to it, and when.
        pharmacy_rules: the rules of pharmacies that hold.
        stoppable: courses other than of drugs, such as care plans, which a `stop` step can end.
        stages: step id of a lifecycle -> position of the stage that people entered, NaN where
            they left the last; `stage_names` are its stages by position.
        layouts_walked: the journeys so far, the current one last.
        families_walked: which of their occurrences are done together.
        newborn_rows: address of a birth -> rows of its children.
        delivered: int32, day of a person's latest birth of a child; `FOREVER` where there is none.
        arms: id of a trial -> who was randomised, when, and their arm.
        trials: id of a trial -> who is in it.
        stated: the stated figures that chance decided.
        safety: the rules of safe drugs that are kept, and where one was overlooked.
        procedures: code -> who had the procedure, and when.
        adverse_events: term -> who had the adverse event, and when.
        doses: of trials' treatments; a dose lasts as long as it is given.
        birth_measures: what codes of newborns follow from in the run.
        body: what would be measured of everyone, set before the first journey.
        primary: code that visits state which list none that holds; None for none.
        vaccinations: the doses of vaccines that they had.
        tumors: id of a trial -> the tumours of its subjects.
        toxicities: their adverse events that results define.
        beds: in which bed people are; None where stays displace nothing.
        mortality: who dies besides those whose death a journey states; None where nobody does.
    """

    people: People
    draws: Draws
    plans: tuple[str, ...]
    states: tuple[str, ...]
    conditions: ConditionLog
    coverage: CoverageLog
    death: Days
    first_day: Days
    delivered: Days
    results: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    variables: dict[str, StateVariable] = field(default_factory=dict)
    decided: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    courses: Courses = field(default_factory=Courses)
    pharmacy_rules: tuple[PharmacyRule, ...] = ()
    referrals: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    stoppable: list[Course] = field(default_factory=list)
    stages: dict[str, Log] = field(default_factory=dict)
    stage_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    layouts_walked: list[JourneyLayout] = field(default_factory=list)
    families_walked: list[Families] = field(default_factory=list)
    newborn_rows: dict[str, list[Rows]] = field(default_factory=dict)
    arms: dict[str, list[tuple[Rows, Days, Coded]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    trials: dict[str, Enrolment] = field(default_factory=dict)
    stated: StatedFigures = field(default_factory=StatedFigures)
    primary: str | None = None
    safety: SafetyLog = field(default_factory=SafetyLog)
    procedures: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    adverse_events: dict[str, Log] = field(default_factory=lambda: defaultdict(Log))
    doses: list[Course] = field(default_factory=list)
    body: Body = field(init=False)
    birth_measures: tuple[str, ...] = ()
    vaccinations: Vaccinations = field(default_factory=Vaccinations)
    tumors: dict[str, Tumors] = field(default_factory=dict)
    toxicities: Toxicities = field(default_factory=Toxicities)
    mortality: Mortality | None = None
    beds: Beds | None = None
    _happened: dict[tuple[int, int], list[_Happened]] = field(
        default_factory=lambda: defaultdict(list), repr=False
    )
    _named_logs: dict[tuple[int, str], _NamedLog] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        people: People,
        draws: Draws,
        plans: tuple[str, ...],
        states: tuple[str, ...],
        coverage: CoverageLog,
        conditions: ConditionLog | None = None,
    ) -> Record:
        """Return the record of people to whom nothing has happened yet.

        Their conditions are those of the profile; by default, none ends by itself.
        """
        size = len(people)
        record = cls(
            people=people,
            draws=draws,
            plans=plans,
            states=states,
            conditions=conditions or ConditionLog(people.conditions, size),
            coverage=coverage,
            death=np.full(size, FOREVER, dtype=np.int32),
            first_day=np.full(size, NO_DAY, dtype=np.int32),
            delivered=np.full(size, FOREVER, dtype=np.int32),
        )
        record.courses = Courses(_ongoing_course(one) for one in people.medications)
        return record

    def enrolment(self, trial: str) -> Enrolment:
        """Return who is in a trial, by its id."""
        if trial not in self.trials:
            self.trials[trial] = Enrolment.of(len(self.people))
        return self.trials[trial]

    def set_mortality(self, mortality: Mortality | None, as_of: int) -> None:
        """Give everybody who lives on the profile's day the day of a death that is not stated."""
        if mortality is None:
            return
        self.mortality = mortality
        mortality.begin(self.conditions, as_of)
        self.death = mortality.day.copy()

        def fall_ill(code: str, rows: Rows, days: Days) -> None:
            self.death[rows] = np.minimum(self.death[rows], mortality.fall_ill(code, rows, days))

        self.conditions.begun = fall_ill

    def begin_life(self, rows: Rows, days: Days) -> None:
        """Let newborns live from their birthday on."""
        self.death[rows] = FOREVER
        self.first_day[rows] = days
        if self.mortality is not None:
            self.mortality.be_born(rows, days)
            self.death[rows] = self.mortality.day[rows]

    def note_occurrence(
        self, journey: int, family: int, numbers: NDArray[np.int32], rows: Rows, days: Days
    ) -> None:
        """Note that occurrences of one family happened to people, for what conditions see.

        Args:
            journey: position of the journey in the run.
            family: the first occurrence of the family.
            numbers: int32, shape of `rows`, everybody's occurrence.
            rows: ascending positions in the chunk.
            days: int32, shape of `rows`.
        """
        self._happened[journey, family].append(_Happened(numbers, rows, days))

    def named_log(self, journey: int, step: str) -> Log | None:
        """Return who had the step of a journey that a name refers to, and when; None without one.

        Args:
            journey: position of the journey in the run.
            step: the name, as conditions write it.
        """
        if (journey, step) not in self._named_logs:
            numbers = self.layouts_walked[journey].counted(step)
            self._named_logs[journey, step] = _NamedLog.of(self.families_walked[journey], numbers)
        named = self._named_logs[journey, step]
        for family, chosen in named.families.items():
            happened = self._happened.get((journey, family), ())
            for one in happened[named.taken[family] :]:
                one.add_to(named.log, chosen)
            named.taken[family] = len(happened)
        return named.log if named.families else None

    def moment(self, rows: Rows, days: Days) -> Moment:
        """Return a moment of some of the people."""
        return Moment(rows, days, len(self.people))

    def stratum_ranks(self, step: str, rows: Rows, days: Days, strata: Coded) -> StratumRank | None:
        """Return the ranks of people in a population step; None while it is being counted.

        Those who are being counted go no further: what they do next depends on everybody's rank.

        Args:
            step: address of the population step.
            rows: who has reached it.
            days: on which day.
            strata: label of each one's stratum; no value for those who are not in the step.
        """
        population_pass = self.draws.population_pass
        in_time = days <= population_pass.last_day
        inside = Coded(np.where(in_time, strata.codes, -1).astype(np.int32), strata.vocabulary)
        ranks = population_pass.ranks(step, self.people.person_id[rows], inside)
        if ranks is None:
            self.death[rows[inside.codes >= 0]] = NO_DAY
        return ranks


@dataclass(frozen=True)
class _Happened:
    """Occurrences of one family that happened; arguments as of `Record.note_occurrence`."""

    numbers: NDArray[np.int32]
    rows: Rows
    days: Days

    def add_to(self, log: Log, chosen: NDArray[np.int32] | None) -> None:
        """Add it to a log, or only some occurrences of it."""
        if chosen is None:
            log.add(self.rows, self.days)
        else:
            inside = np.isin(self.numbers, chosen)
            log.add(self.rows[inside], self.days[inside])


@dataclass(frozen=True)
class _NamedLog:
    """Who had the occurrences that a name refers to.

    Attributes:
        log: what was taken of them so far.
        families: the first occurrence of each family -> which of its occurrences are meant; None
            for all of them.
        taken: the first occurrence of each family -> how much of what happened is in the log.
    """

    log: Log
    families: dict[int, NDArray[np.int32] | None]
    taken: dict[int, int]

    @classmethod
    def of(cls, all_of: Families, numbers: Sequence[int]) -> _NamedLog:
        """Return the log of some occurrences of a journey, with nothing taken."""
        first = all_of.first
        meant = np.array(numbers, dtype=np.int32)
        families: dict[int, NDArray[np.int32] | None] = {}
        for family in np.unique(first[meant]).tolist():
            own = meant[first[meant] == family]
            families[family] = None if len(own) == np.count_nonzero(first == family) else own
        return cls(Log(), families, defaultdict(int))


def _ongoing_course(medication: MedicationColumn) -> Course:
    rows = np.flatnonzero(medication.takes)
    return Course(
        ingredient=medication.ingredient,
        rows=rows,
        days=np.full(len(rows), NO_DAY + 1, dtype=np.int32),
        stop=np.full(len(rows), FOREVER, dtype=np.int32),
        cut=np.zeros(len(rows), dtype=np.bool_),
        drug=medication.drug,
        address=f"~profile/{medication.drug}",
        taken=medication.adherence[rows],
    )


class AsOfScope:
    """What conditions and formulas see at one moment: the `Scope` of the condition language."""

    def __init__(self, record: Record, moment: Moment, start_days: Days) -> None:
        self._record, self._moment, self._start_days = record, moment, start_days
        self.measured: dict[str, Values] = {}
        """State variables that are seen as they are measured."""

    @property
    def size(self) -> int:
        """How many people the moment holds."""
        return len(self._moment.rows)

    def name(self, name: str) -> Values:
        """Return a state variable, an attribute or a built-in of everyone at the moment."""
        record, rows = self._record, self._moment.rows
        if name in self.measured:
            return self.measured[name]
        if name in record.variables:
            return record.variables[name].at(self._moment)
        if name in record.stages:
            return self._stage(name)
        if name in record.people.attributes:
            values = record.people.attributes[name]
            return values.take(rows) if isinstance(values, Coded) else values[rows]
        if name in self._BUILT_IN:
            return self._BUILT_IN[name](self)
        texts = getattr(record.people, name)
        if not isinstance(texts, Coded):
            raise KeyError(name)
        return texts.take(rows)

    def _age(self) -> Values:
        birth = self._record.people.birth[self._moment.rows]
        return whole_years(birth, self._moment.days).astype(np.float64)

    def _day(self) -> Values:
        return (self._moment.days - self._start_days).astype(np.float64)

    def _month(self) -> Values:
        days = self._moment.days.astype("datetime64[D]")
        months = days.astype("datetime64[M]").astype(np.int64)
        return (months % 12 + 1).astype(np.float64)

    def _gestation(self) -> Values:
        """Return days since the last period; missing before, without, and after a pregnancy."""
        record, rows, days = self._record, self._moment.rows, self._moment.days
        if record.people.due is None:
            return np.full(self.size, np.nan)
        due = record.people.due[rows]
        since = GESTATION_DAYS - (due.astype(np.float64) - days)
        pregnant = (due != NO_DAY) & (since >= 0) & (since <= LONGEST_PREGNANCY)
        return np.where(pregnant & (days < record.delivered[rows]), since, np.nan)

    def _plan(self) -> Values:
        record, moment = self._record, self._moment
        return Coded(record.coverage.plan(moment.rows, moment.days), record.plans)

    def _state(self) -> Values:
        return Coded(self._record.people.state[self._moment.rows], self._record.states)

    def _stage(self, lifecycle: str) -> Coded:
        """Return the stage that everyone is in; null before the first and after the last."""
        _, stages = self._record.stages[lifecycle].latest(self._moment)
        codes = np.where(np.isnan(stages), -1, stages).astype(np.int32)
        return Coded(codes, self._record.stage_names[lifecycle])

    def _only_stage(self) -> Values:
        return self._stage(next(iter(self._record.stages)))

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Return the value of a function of the condition language; float64 or bool, (n,)."""
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

    def _search_order(self) -> Iterable[int]:
        """Return the journeys, by position, in the order in which names are searched in them."""
        return range(len(self._record.layouts_walked) - 1, -1, -1)

    def _arm(self) -> Coded:
        """Return everyone's arm on their day; no value before they were randomised.

        It is that of the first journey that is a trial, in the order of `_search_order`.
        """
        record, rows = self._record, self._moment.rows
        trials = (record.layouts_walked[number].journey.trial for number in self._search_order())
        trial = next((trial for trial in trials if trial is not None), None)
        if trial is None:
            return Coded(np.full(len(rows), -1, dtype=np.int32), ())
        since = np.full(len(record.people), FOREVER, dtype=np.int32)
        arm = np.full(len(record.people), -1, dtype=np.int32)
        for randomized, days, assigned in record.arms[trial.id]:
            since[randomized], arm[randomized] = days, assigned.codes
        known = since[rows] <= self._moment.days
        return Coded(np.where(known, arm[rows], -1).astype(np.int32), tuple(trial.arms))

    def _takes(self, ingredient: str) -> NDArray[np.bool_]:
        takes = np.zeros(self.size, dtype=np.bool_)
        for course in self._record.courses.going_on(ingredient, self._moment):
            takes[course.taking(self._moment)] = True
        return takes

    def _log(self, step: str) -> Log:
        """Return the log of a step, of the first journey that has it."""
        for journey in self._search_order():
            log = self._record.named_log(journey, step)
            if log is not None:
                return log
        return Log()

    _BUILT_IN: ClassVar[Mapping[str, Callable[[AsOfScope], Values]]] = {
        "age": _age,
        "day": _day,
        "month": _month,
        "gestation": _gestation,
        "plan": _plan,
        "us_state": _state,
        "arm": _arm,
        "stage": _only_stage,
    }
