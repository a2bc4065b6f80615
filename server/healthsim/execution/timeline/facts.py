"""What a step determines for its people: one class of columns for each kind of step.

Every column has one entry for each person of the step, in the order of its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.draws import Values
from healthsim.medicine.discharge_courses import NOT_LEAVING
from healthsim.medicine.home_health import ORDERS_CARE
from healthsim.medicine.nursing_facility import ORDERS_STAY
from healthsim.specification.journeys.discharge_courses import LEAVING
from healthsim.specification.journeys.home_care import AT_HOME
from healthsim.specification.journeys.implied import MILD, PROGRESSED, SERIOUS
from healthsim.specification.journeys.nursing_care import IN_FACILITY
from healthsim.tables import Array, Coded, Rows, join, take_rows


@dataclass(frozen=True, eq=False)
class StepFacts:
    """The columns of a step; this class itself has none.

    A field is an array, a `Coded`, a tuple or mapping of them, or None where it is not stated.
    """

    @property
    def opened(self) -> Mapping[int, NDArray[np.bool_]]:
        """Scopes inside the step that some of its people enter: by option, who does."""
        return {}

    def take(self, keep: Rows) -> Self:
        """Return the facts of some of the people."""
        return _combined([self], lambda columns: take_rows(columns[0], keep))


F = TypeVar("F", bound=StepFacts)


@dataclass(frozen=True, eq=False)
class VisitFacts(StepFacts):
    """An encounter or a claim.

    Attributes:
        nights: int32, nights stayed.
        diagnosis_mask: int64; bit i is set where diagnosis i of the details holds.
        disposition: the discharge status; None where the specification does not state it.
        sent_on: bool, whether another stay ended this one.
    """

    nights: NDArray[np.int32]
    diagnosis_mask: NDArray[np.int64]
    disposition: Coded | None
    sent_on: NDArray[np.bool_]

    @property
    def opened(self) -> Mapping[int, NDArray[np.bool_]]:
        """The care at home and the nursing facility of those who are discharged to them.

        And what those who leave take along.
        """
        if self.disposition is None:
            return {LEAVING: np.ones(len(self.nights), dtype=np.bool_)}
        home, facility, away = (
            np.logical_or.reduce([self.disposition.equals(status) for status in orders])
            for orders in (ORDERS_CARE, ORDERS_STAY, NOT_LEAVING)
        )
        return {AT_HOME: home, IN_FACILITY: facility, LEAVING: ~away}


@dataclass(frozen=True, eq=False)
class ResultFacts(StepFacts):
    """Results of a lab or vital, by LOINC: float64 with NaN, or text, where there is none."""

    by_loinc: Mapping[str, Values]


@dataclass(frozen=True, eq=False)
class PrescriptionFacts(StepFacts):
    """A prescription.

    Attributes:
        stop: int32, first day on which the drug is not taken any more.
        cut: bool, whether it was stopped before it ran out.
        first_fill_share: float64, the chance that it is ever filled; never missing.
        adherence: float64, the share of days covered by later fills; never missing.
        quit: int32, day from which people do not fill it any more, of their own accord.
    """

    stop: Days
    cut: NDArray[np.bool_]
    first_fill_share: NDArray[np.float64]
    adherence: NDArray[np.float64]
    quit: Days


@dataclass(frozen=True, eq=False)
class ImmunizationFacts(StepFacts):
    """A dose of a vaccine.

    Attributes:
        dose: int32, its number in the series; 0 where that is not known.
        valid: bool, whether it was given at or after its minimum age and interval.
    """

    dose: NDArray[np.int32]
    valid: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CarePlanFacts(StepFacts):
    """A care plan; `stop` is the first day after it, int32."""

    stop: Days


@dataclass(frozen=True, eq=False)
class OptionFacts(StepFacts):
    """What the journey's log shows as the option of a step; no value where there is none."""

    option: Coded


@dataclass(frozen=True, eq=False)
class ChoiceFacts(OptionFacts):
    """The option taken at a branch or a wait; its code is the option whose steps are opened."""


@dataclass(frozen=True, eq=False)
class PlannedVisitFacts(OptionFacts):
    """A protocol's visit.

    Attributes:
        planned: int32, the day that the protocol plans.
        low, high: int32, first and last day of the window around it.
        missed: bool, whether it did not take place.
        deviation: bool, whether it is dated outside of the window.
    """

    planned: Days
    low: Days
    high: Days
    missed: NDArray[np.bool_]
    deviation: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ScreeningFacts(StepFacts):
    """A screening.

    Attributes:
        met: for each criterion of the trial, bool: whether its condition holds.
        failed: int32, position of the first criterion that is not satisfied; -1 where all are.
    """

    met: tuple[NDArray[np.bool_], ...]
    failed: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RandomizationFacts(StepFacts):
    """A randomisation.

    Attributes:
        arm: no value for those who were not randomised.
        stratum: such as ``gender=F, us_state=TX``.
        block: int32, number of the block within the stratum, from 1; 0 where there is no arm.
    """

    arm: Coded
    stratum: Coded
    block: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class WithdrawalFacts(StepFacts):
    """A withdrawal from a trial; `reason` is the first whose condition holds."""

    reason: Coded


@dataclass(frozen=True, eq=False)
class AdverseEventFacts(StepFacts):
    """An adverse event.

    Attributes:
        grade: int32, 1 to 5.
        serious: bool.
        related, action, outcome: no value where the specification does not state them.
        lasts_days: float64, NaN where it has no end.
    """

    grade: NDArray[np.int32]
    serious: NDArray[np.bool_]
    related: Coded
    action: Coded
    outcome: Coded
    lasts_days: NDArray[np.float64]

    @property
    def opened(self) -> Mapping[int, NDArray[np.bool_]]:
        """The stay of the seriously ill, and the result of the others."""
        return {SERIOUS: self.serious, MILD: ~self.serious}


@dataclass(frozen=True, eq=False)
class TumorFacts(StepFacts):
    """An assessment of a tumour.

    Attributes:
        has: bool, whether there is each of five target lesions.
        lesions: float64, mm of each; 0 where there is none or none is seen.
        organs: int32, position of each lesion's organ in the table.
        total: float64, sum of diameters, mm.
        baseline: float64, the sum at the first assessment.
        nadir: float64, the smallest sum before.
        new_lesion: bool.
        response, best: int32, positions in `RESPONSES`; -1 at the first assessment.
        progresses: bool, whether the disease progresses for the first time.
    """

    has: tuple[NDArray[np.bool_], ...]
    lesions: tuple[NDArray[np.float64], ...]
    organs: tuple[NDArray[np.int32], ...]
    total: NDArray[np.float64]
    baseline: NDArray[np.float64]
    nadir: NDArray[np.float64]
    new_lesion: NDArray[np.bool_]
    response: NDArray[np.int32]
    best: NDArray[np.int32]
    progresses: NDArray[np.bool_]

    @property
    def opened(self) -> Mapping[int, NDArray[np.bool_]]:
        """What follows the first progression."""
        return {PROGRESSED: self.progresses}


@dataclass(frozen=True, eq=False)
class ExposureFacts(StepFacts):
    """A dose of a trial's treatment: `dose`, float64."""

    dose: NDArray[np.float64]


def join_facts(parts: Sequence[F], order: NDArray[np.intp]) -> F:
    """Return the facts of several groups of people as one, in another order.

    Args:
        parts: facts of one kind of step, at least one.
        order: shape (n,), positions in the parts laid end to end.
    """
    return _combined(parts, lambda columns: take_rows(join(columns), order))


def _combined(parts: Sequence[F], combine: Callable[[list[Array]], Array]) -> F:
    first = parts[0]
    names = [field.name for field in fields(first)]
    columns = {name: [getattr(part, name) for part in parts] for name in names}
    return replace(first, **{name: _column(columns[name], combine) for name in names})


def _column(columns: list[Any], combine: Callable[[list[Array]], Array]) -> Any:
    """Combine one column of several parts, or each of the columns that it is made of."""
    first = columns[0]
    if first is None:
        return None
    if isinstance(first, tuple):
        return tuple(_column(list(same), combine) for same in zip(*columns, strict=True))
    if isinstance(first, Mapping):
        return {name: _column([column[name] for column in columns], combine) for name in first}
    return combine(columns)
