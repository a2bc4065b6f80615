"""What was found, done and prescribed, as the tables of PatientSim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.codes.books import cvx
from healthsim.codes.icd10cm import COMBINATIONS, combined
from healthsim.codes.procedures import procedure_system
from healthsim.dates import NO_DAY, Days, whole_months
from healthsim.execution.people.draws import Rows, Values
from healthsim.execution.people.row_layout import RowLayout, lay_out_rows
from healthsim.execution.sync.encounters import SyncContext
from healthsim.execution.sync.numbering import analytes, result_address
from healthsim.execution.sync.visits import DAY
from healthsim.execution.timeline.facts import CarePlanFacts, ResultFacts
from healthsim.execution.timeline.work import OccurrenceRows
from healthsim.products.patientsim import tables as chart
from healthsim.products.patientsim.generate import (
    describe_codes,
    diagnosis_columns,
    lab_columns,
    observation_columns,
)
from healthsim.specification.journeys import events
from healthsim.specification.journeys.step import StepHead
from healthsim.tables import NO_NUMBER, Coded, Columns

_REPORTED_AFTER = {True: 90, False: DAY + 120}
"""Minutes from specimen to report, in a facility and outside of one: assumption."""


@dataclass(frozen=True)
class LabResultRows:
    """One analyte of one order, as it befell some people."""

    happening: OccurrenceRows
    loinc: str
    panel: str | None
    number: int

    @cached_property
    def found(self) -> NDArray[np.intp]:
        """Which of the happening's people have a result; a formula may lack what it needs."""
        value = self.values
        if isinstance(value, Coded):
            return np.flatnonzero(value.codes >= 0)
        return np.flatnonzero(~np.isnan(value))

    @property
    def values(self) -> Values:
        """Everyone's result, in the order of the happening's people."""
        return self.happening.facts_as(ResultFacts).by_loinc[self.loinc]

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.happening.rows[self.found]


def _results(
    made: SyncContext, kind: type[events.Lab] | type[events.Vital], table: str
) -> list[LabResultRows]:
    return [
        LabResultRows(
            one, code, getattr(step.details, "panel", None),
            made.numbering.number(
                table, result_address(one.occurrence.address, step.details, code)
            ),
        )
        for one in made.of_type(kind)
        if isinstance(step := one.occurrence.step, events.Lab | events.Vital)
        for code in analytes(step.details)
    ]  # fmt: skip


def _value(one: LabResultRows) -> NDArray[np.float64]:
    found = one.values
    return np.full(len(one.found), np.nan) if isinstance(found, Coded) else found[one.found]


def _value_text(one: LabResultRows) -> Coded:
    found = one.values
    return (
        found.take(one.found) if isinstance(found, Coded) else Coded.constant(None, len(one.rows))
    )


def vital_signs(made: SyncContext) -> Columns:
    """Fill `vital_signs`."""
    found = lay_out_rows(_results(made, events.Vital, "vital_signs"), lambda one: one.rows, _number)
    if not len(found):
        return chart.VITAL_SIGNS.empty()
    person = made.person_id[found.rows]
    loinc = found.segment_texts(lambda one: one.loinc)
    return chart.VITAL_SIGNS.complete({
        "vital_sign_id": ids(person, found.segment_values(_number, np.int64)),
        "person_id": person,
        "loinc": loinc,
        **observation_columns(loinc),
        "measured_at": found.row_values(lambda one: made.performed_at(one.happening)[one.found]),
        "value": found.row_values(_value),
        "encounter_id": found.row_values(lambda one: made.encounter_ids(one.happening)[one.found]),
        "event_id": _event_ids(made, found, person),
    })  # fmt: skip


def lab_results(made: SyncContext) -> Columns:
    """Fill `lab_results`."""
    found = lay_out_rows(_results(made, events.Lab, "lab_results"), lambda one: one.rows, _number)
    if not len(found):
        return chart.LAB_RESULTS.empty()
    person = made.person_id[found.rows]
    loinc = found.segment_texts(lambda one: one.loinc)
    collected = found.row_values(lambda one: made.performed_at(one.happening)[one.found])
    value = found.row_values(_value)
    people = made.timeline.record.people
    sex = people.gender.take(found.rows)
    months = whole_months(people.birth[found.rows], (collected // DAY).astype(np.int32))
    after = found.segment_values(
        lambda one: _REPORTED_AFTER[_in_facility(made, one.happening)], np.int64
    )
    return chart.LAB_RESULTS.complete({
        "lab_result_id": ids(person, found.segment_values(_number, np.int64)),
        "person_id": person,
        "loinc": loinc,
        **lab_columns(loinc, value, sex, months),
        "panel": found.segment_texts(lambda one: one.panel),
        "collected_at": collected,
        "resulted_at": collected + after,
        "value": value,
        "value_text": found.row_texts(_value_text),
        "ordering_npi": made.use_provider(
            found.row_values(lambda one: made.treating_provider(one.happening)[one.found])
        ),
        "encounter_id": found.row_values(lambda one: made.encounter_ids(one.happening)[one.found]),
        "event_id": _event_ids(made, found, person),
    })  # fmt: skip


def _number(one: LabResultRows) -> int:
    return one.number


def _in_facility(made: SyncContext, one: OccurrenceRows) -> bool:
    around = made.visit_of(one)
    return around is not None and bool((around.facility >= 0).any())


def _event_ids(
    made: SyncContext, found: RowLayout[LabResultRows], person: NDArray[np.int64]
) -> NDArray[np.int64]:
    return ids(
        person,
        found.segment_values(lambda one: made.event_number(one.happening.occurrence), np.int64),
    )


@dataclass(frozen=True)
class PerformedProcedure:
    """One procedure, as it was done to some people."""

    happening: OccurrenceRows
    code: str
    display: str | None
    specialty: str | None
    number: int

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.happening.rows


def _procedures(made: SyncContext) -> Iterator[PerformedProcedure]:
    for one in made.of_type(events.Procedure, events.Encounter):
        step, address = one.occurrence.step, one.occurrence.address
        if isinstance(step, events.Procedure):
            number = made.numbering.number("procedures", address)
            told = step.details.display or None
            yield PerformedProcedure(one, step.details.code, told, step.details.specialty, number)
        elif isinstance(step, events.Encounter):
            for place, code in enumerate(step.details.icd10pcs):
                number = made.numbering.number("procedures", f"{address}/{place}")
                yield PerformedProcedure(one, code, None, step.details.specialty, number)


def procedures(made: SyncContext) -> Columns:
    """Fill `procedures`."""
    found = lay_out_rows(list(_procedures(made)), lambda one: one.rows, lambda one: one.number)
    if not len(found):
        return chart.PROCEDURES.empty()
    person = made.person_id[found.rows]
    code = found.segment_texts(lambda one: one.code)
    return chart.PROCEDURES.complete({
        "procedure_id": ids(person, found.segment_values(lambda one: one.number, np.int64)),
        "person_id": person,
        "code": code,
        "system": describe_codes(code, procedure_system),
        "display": found.segment_texts(lambda one: one.display),
        "performed_date": found.row_values(lambda one: one.happening.days),
        "performer_npi": made.use_provider(
            found.row_values(lambda one: made.treating_provider(one.happening, one.specialty))
        ),
        "encounter_id": found.row_values(lambda one: _own_encounter(made, one.happening)),
        "event_id": ids(
            person,
            found.segment_values(lambda one: made.event_number(one.happening.occurrence), np.int64),
        ),
    })  # fmt: skip


def _own_encounter(made: SyncContext, one: OccurrenceRows) -> NDArray[np.int64]:
    if isinstance(one.occurrence.step, events.Encounter):
        number = made.numbering.number("encounters", one.occurrence.address)
        return ids(made.person_id[one.rows], number)
    return made.encounter_ids(one)


def immunizations(made: SyncContext) -> Columns:
    """Fill `immunizations`."""
    found = _of_step(made, events.Immunization, "immunizations")
    if not len(found):
        return chart.IMMUNIZATIONS.empty()
    person = made.person_id[found.rows]
    vaccine = found.segment_texts(lambda one: one.occurrence.step.details.cvx)  # type: ignore[attr-defined]
    return chart.IMMUNIZATIONS.complete({
        **_heads(made, found, person, "immunizations", "immunization_id"),
        "cvx": vaccine,
        "display": describe_codes(vaccine, _vaccine),
        "dose": found.segment_values(_dose, np.int32),
        "given_date": found.row_values(lambda one: one.days),
        "performer_npi": made.use_provider(found.row_values(made.treating_provider)),
    })  # fmt: skip


def _dose(one: OccurrenceRows) -> int:
    step = one.occurrence.step
    dose = step.details.dose if isinstance(step, events.Immunization) else None
    return int(NO_DAY) if dose is None else dose


def referrals(made: SyncContext) -> Columns:
    """Fill `referrals`."""
    found = _of_step(made, events.Referral, "referrals")
    if not len(found):
        return chart.REFERRALS.empty()
    person = made.person_id[found.rows]
    return chart.REFERRALS.complete({
        **_heads(made, found, person, "referrals", "referral_id"),
        "specialty": found.segment_texts(_specialty),
        "reason": found.segment_texts(lambda one: one.occurrence.step.details.reason or None),  # type: ignore[attr-defined]
        "referred_date": found.row_values(lambda one: one.days),
        "referring_npi": made.use_provider(found.row_values(made.treating_provider)),
        "referred_to_npi": made.use_provider(
            found.row_values(lambda one: made.treating_provider(one, _specialty(one)))
        ),
    })  # fmt: skip


def care_plans(made: SyncContext) -> Columns:
    """Fill `care_plans`."""
    found = _of_step(made, events.CarePlan, "care_plans")
    if not len(found):
        return chart.CARE_PLANS.empty()
    person = made.person_id[found.rows]
    stop = found.row_values(lambda one: one.facts_as(CarePlanFacts).stop)
    death = made.timeline.record.death[found.rows]
    stop = np.minimum(stop, death)
    over = stop <= made.through
    return chart.CARE_PLANS.complete({
        **_heads(made, found, person, "care_plans", "care_plan_id"),
        "display": found.segment_texts(lambda one: one.occurrence.step.details.display),  # type: ignore[attr-defined]
        "code": found.segment_texts(lambda one: one.occurrence.step.details.code),  # type: ignore[attr-defined]
        "start_date": found.row_values(lambda one: one.days),
        "end_date": np.where(over, stop, NO_DAY).astype(np.int32),
        "status": Coded(over.astype(np.int32), ("active", "completed")),
    })  # fmt: skip


def _specialty(one: OccurrenceRows) -> str:
    step = one.occurrence.step
    return step.details.specialty if isinstance(step, events.Referral) else ""


def _of_step(made: SyncContext, kind: type[StepHead], table: str) -> RowLayout[OccurrenceRows]:
    return lay_out_rows(
        made.of_type(kind),
        lambda one: one.rows,
        lambda one: made.numbering.number(table, one.occurrence.address),
    )


def _heads(
    made: SyncContext,
    found: RowLayout[OccurrenceRows],
    person: NDArray[np.int64],
    table: str,
    key: str,
) -> Columns:
    """Return the columns that every record of a step has: its id, person, encounter, event."""
    return {
        key: ids(
            person,
            found.segment_values(
                lambda one: made.numbering.number(table, one.occurrence.address), np.int64
            ),
        ),
        "person_id": person,
        "encounter_id": found.row_values(made.encounter_ids),
        "event_id": ids(
            person, found.segment_values(lambda one: made.event_number(one.occurrence), np.int64)
        ),
    }


@dataclass(frozen=True)
class ConditionCode:
    """One condition's code, as the classification states it, for some people."""

    rows: Rows
    code: str
    onset: Days
    source: NDArray[np.int32]
    number: int
    abated: Days


def conditions(made: SyncContext) -> Columns:
    """Fill `conditions`: every problem, coded in the light of all that the person ends up with."""
    found = lay_out_rows(list(_codings(made)), lambda one: one.rows, lambda one: one.number)
    if not len(found):
        return chart.CONDITIONS.empty()
    person = made.person_id[found.rows]
    code = found.segment_texts(lambda one: one.code)
    onset = found.row_values(lambda one: one.onset).astype(np.int32)
    abated = found.row_values(lambda one: one.abated)
    over = abated <= made.through
    event, encounter = sources(made, found.row_values(lambda one: one.source), person)
    return chart.CONDITIONS.complete({
        "condition_id": ids(person, found.segment_values(lambda one: one.number, np.int64)),
        "person_id": person,
        "code": code,
        **diagnosis_columns(code),
        "onset_date": onset,
        "recorded_date": onset,
        "abatement_date": np.where(over, np.maximum(abated - 1, onset), NO_DAY).astype(np.int32),
        "status": Coded(over.astype(np.int32), ("active", "resolved")),
        "encounter_id": encounter,
        "event_id": event,
    })  # fmt: skip


def _codings(made: SyncContext) -> Iterator[ConditionCode]:
    problems, record = made.timeline.record.conditions, made.timeline.record
    last = np.minimum(record.death, np.int32(made.through))
    people = len(record.people)
    held = np.zeros(people, dtype=np.int64)
    for place, problem in enumerate(problems.columns):
        has = (problem.onset != NO_DAY) & (problem.onset <= last)
        has &= problem.abated > last
        held |= has.astype(np.int64) << np.int64(place)
    patterns, chosen = np.unique(held, return_inverse=True)
    for place, problem in enumerate(problems.columns):
        coded: dict[tuple[str, str], list[int]] = {}
        for number, bits in enumerate(patterns.tolist()):
            if bits >> place & 1:
                for stated in _codes_of(problem.code, problems.codes_of_mask(bits)):
                    coded.setdefault(stated, []).append(number)
        for (code, address), numbers in coded.items():
            rows = np.flatnonzero(np.isin(chosen, numbers))
            yield ConditionCode(
                rows, code, problem.onset[rows], problem.source[rows],
                made.numbering.number("conditions", address), problem.abated[rows],
            )  # fmt: skip
        over = np.flatnonzero((problem.onset != NO_DAY) & (problem.abated <= last))
        yield ConditionCode(
            over, problem.code, problem.onset[over], problem.source[over],
            made.numbering.number("conditions", problem.code), problem.abated[over],
        )  # fmt: skip


@lru_cache(maxsize=65_536)
def _codes_of(code: str, held: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return (code, address) of what a stated code becomes beside all that is held.

    Itself, the code of a combination in its place, or both; a combination is stated once, by the
    first of the codes that it can come from.
    """
    whole = combined(held)
    stated = [(code, code)] if code in whole else []
    for rule in COMBINATIONS:
        if not code.startswith(rule.code):
            continue
        first = next((other for other in held if other.startswith(rule.code)), None)
        partners = all(any(other.startswith(p) for other in whole) for p in rule.with_)
        if first == code and partners and rule.becomes in whole and rule.becomes not in held:
            stated.append((rule.becomes, f"{code}+{rule.becomes}" if rule.keep else code))
            break
    return tuple(stated)


def sources(
    made: SyncContext, source: NDArray[np.int32], person: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return event and encounter of the occurrences that caused records; null for none."""
    event, encounter = np.full(len(person), NO_NUMBER), np.full(len(person), NO_NUMBER)
    every = [
        (journey, one)
        for journey, plan in enumerate(made.timeline.record.layouts_walked)
        for one in plan.occurrences
    ]
    for place in np.unique(source[source >= 0]).tolist():
        journey, one = every[place]
        mine = source == place
        event[mine] = ids(person[mine], made.event_number(one))
        around = made.visits.get((journey, one.encounter))
        if around is not None and around.is_encounter:
            number = made.numbering.number("encounters", around.occurrence.address)
            encounter[mine] = ids(person[mine], number)
    return event, encounter


def _vaccine(code: str) -> str:
    row = cvx().rows.get(code)
    return row.display if row is not None else code
