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
from healthsim.execution.people.draws import Rows
from healthsim.execution.people.gather import Gathered, gather
from healthsim.execution.sync.encounters import Chart
from healthsim.execution.sync.numbering import analytes, result_address
from healthsim.execution.sync.visits import DAY
from healthsim.execution.timeline.work import Happening
from healthsim.products.patientsim import tables as chart
from healthsim.products.patientsim.generate import (
    described,
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
class Result:
    """One analyte of one order, as it befell some people."""

    happening: Happening
    loinc: str
    panel: str | None
    number: int

    @cached_property
    def found(self) -> NDArray[np.intp]:
        """Which of the happening's people have a result; a formula may lack what it needs."""
        value = self.happening.facts[self.loinc]
        if isinstance(value, Coded):
            return np.flatnonzero(value.codes >= 0)
        return np.flatnonzero(~np.isnan(np.asarray(value, dtype=np.float64)))

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.happening.rows[self.found]


def _results(made: Chart, kind: type[events.Lab] | type[events.Vital], table: str) -> list[Result]:
    return [
        Result(
            one, code, getattr(step.details, "panel", None),
            made.numbering.number(
                table, result_address(one.occurrence.address, step.details, code)
            ),
        )
        for one in made.of_type(kind)
        if isinstance(step := one.occurrence.step, events.Lab | events.Vital)
        for code in analytes(step.details)
    ]  # fmt: skip


def _value(one: Result) -> NDArray[np.float64]:
    found = one.happening.facts[one.loinc]
    if isinstance(found, Coded):
        return np.full(len(one.found), np.nan)
    return np.asarray(found, dtype=np.float64)[one.found]


def _value_text(one: Result) -> Coded:
    found = one.happening.facts[one.loinc]
    return (
        found.take(one.found) if isinstance(found, Coded) else Coded.constant(None, len(one.rows))
    )


def vital_signs(made: Chart) -> Columns:
    """Fill `vital_signs`."""
    found = gather(_results(made, events.Vital, "vital_signs"), lambda one: one.rows, _number)
    if not len(found):
        return chart.VITAL_SIGNS.empty()
    person = made.person_id[found.rows]
    loinc = found.word(lambda one: one.loinc)
    return chart.VITAL_SIGNS.complete({
        "vital_sign_id": ids(person, found.whole(_number, np.int64)),
        "person_id": person,
        "loinc": loinc,
        **observation_columns(loinc),
        "measured_at": found.each(lambda one: made.minutes(one.happening)[one.found]),
        "value": found.each(_value),
        "encounter_id": found.each(lambda one: made.encounter_ids(one.happening)[one.found]),
        "event_id": _event_ids(made, found, person),
    })  # fmt: skip


def lab_results(made: Chart) -> Columns:
    """Fill `lab_results`."""
    found = gather(_results(made, events.Lab, "lab_results"), lambda one: one.rows, _number)
    if not len(found):
        return chart.LAB_RESULTS.empty()
    person = made.person_id[found.rows]
    loinc = found.word(lambda one: one.loinc)
    collected = found.each(lambda one: made.minutes(one.happening)[one.found])
    value = found.each(_value)
    people = made.timeline.record.people
    sex = people.gender.take(found.rows)
    months = whole_months(people.birth[found.rows], (collected // DAY).astype(np.int32))
    after = found.whole(lambda one: _REPORTED_AFTER[_in_facility(made, one.happening)], np.int64)
    return chart.LAB_RESULTS.complete({
        "lab_result_id": ids(person, found.whole(_number, np.int64)),
        "person_id": person,
        "loinc": loinc,
        **lab_columns(loinc, value, sex, months),
        "panel": found.word(lambda one: one.panel),
        "collected_at": collected,
        "resulted_at": collected + after,
        "value": value,
        "value_text": found.texts(_value_text),
        "ordering_npi": made.npi(
            found.each(lambda one: made.treating(one.happening)[one.found])
        ),
        "encounter_id": found.each(lambda one: made.encounter_ids(one.happening)[one.found]),
        "event_id": _event_ids(made, found, person),
    })  # fmt: skip


def _number(one: Result) -> int:
    return one.number


def _in_facility(made: Chart, one: Happening) -> bool:
    around = made.around(one)
    return around is not None and bool((around.facility >= 0).any())


def _event_ids(
    made: Chart, found: Gathered[Result], person: NDArray[np.int64]
) -> NDArray[np.int64]:
    return ids(
        person, found.whole(lambda one: made.event_number(one.happening.occurrence), np.int64)
    )


@dataclass(frozen=True)
class Done:
    """One procedure, as it was done to some people."""

    happening: Happening
    code: str
    display: str | None
    specialty: str | None
    number: int

    @property
    def rows(self) -> Rows:
        """Positions of the people in the chunk, ascending."""
        return self.happening.rows


def _procedures(made: Chart) -> Iterator[Done]:
    for one in made.of_type(events.Procedure, events.Encounter):
        step, address = one.occurrence.step, one.occurrence.address
        if isinstance(step, events.Procedure):
            number = made.numbering.number("procedures", address)
            told = step.details.display or None
            yield Done(one, step.details.code, told, step.details.specialty, number)
        elif isinstance(step, events.Encounter):
            for place, code in enumerate(step.details.icd10pcs):
                number = made.numbering.number("procedures", f"{address}/{place}")
                yield Done(one, code, None, step.details.specialty, number)


def procedures(made: Chart) -> Columns:
    """Fill `procedures`."""
    found = gather(list(_procedures(made)), lambda one: one.rows, lambda one: one.number)
    if not len(found):
        return chart.PROCEDURES.empty()
    person = made.person_id[found.rows]
    code = found.word(lambda one: one.code)
    return chart.PROCEDURES.complete({
        "procedure_id": ids(person, found.whole(lambda one: one.number, np.int64)),
        "person_id": person,
        "code": code,
        "system": described(code, procedure_system),
        "display": found.word(lambda one: one.display),
        "performed_date": found.each(lambda one: one.happening.days),
        "performer_npi": made.npi(
            found.each(lambda one: made.treating(one.happening, one.specialty))
        ),
        "encounter_id": found.each(lambda one: _own_encounter(made, one.happening)),
        "event_id": ids(
            person, found.whole(lambda one: made.event_number(one.happening.occurrence), np.int64)
        ),
    })  # fmt: skip


def _own_encounter(made: Chart, one: Happening) -> NDArray[np.int64]:
    if isinstance(one.occurrence.step, events.Encounter):
        number = made.numbering.number("encounters", one.occurrence.address)
        return ids(made.person_id[one.rows], number)
    return made.encounter_ids(one)


def immunizations(made: Chart) -> Columns:
    """Fill `immunizations`."""
    found = _of_step(made, events.Immunization, "immunizations")
    if not len(found):
        return chart.IMMUNIZATIONS.empty()
    person = made.person_id[found.rows]
    vaccine = found.word(lambda one: one.occurrence.step.details.cvx)  # type: ignore[attr-defined]
    return chart.IMMUNIZATIONS.complete({
        **_heads(made, found, person, "immunizations", "immunization_id"),
        "cvx": vaccine,
        "display": described(vaccine, _vaccine),
        "dose": found.whole(_dose, np.int32),
        "given_date": found.each(lambda one: one.days),
        "performer_npi": made.npi(found.each(made.treating)),
    })  # fmt: skip


def _dose(one: Happening) -> int:
    step = one.occurrence.step
    dose = step.details.dose if isinstance(step, events.Immunization) else None
    return int(NO_DAY) if dose is None else dose


def referrals(made: Chart) -> Columns:
    """Fill `referrals`."""
    found = _of_step(made, events.Referral, "referrals")
    if not len(found):
        return chart.REFERRALS.empty()
    person = made.person_id[found.rows]
    return chart.REFERRALS.complete({
        **_heads(made, found, person, "referrals", "referral_id"),
        "specialty": found.word(_specialty),
        "reason": found.word(lambda one: one.occurrence.step.details.reason or None),  # type: ignore[attr-defined]
        "referred_date": found.each(lambda one: one.days),
        "referring_npi": made.npi(found.each(made.treating)),
        "referred_to_npi": made.npi(found.each(lambda one: made.treating(one, _specialty(one)))),
    })  # fmt: skip


def care_plans(made: Chart) -> Columns:
    """Fill `care_plans`."""
    found = _of_step(made, events.CarePlan, "care_plans")
    if not len(found):
        return chart.CARE_PLANS.empty()
    person = made.person_id[found.rows]
    stop = found.each(lambda one: np.asarray(one.facts["stop"], dtype=np.int32))
    death = made.timeline.record.death[found.rows]
    stop = np.minimum(stop, death)
    over = stop <= made.through
    return chart.CARE_PLANS.complete({
        **_heads(made, found, person, "care_plans", "care_plan_id"),
        "display": found.word(lambda one: one.occurrence.step.details.display),  # type: ignore[attr-defined]
        "code": found.word(lambda one: one.occurrence.step.details.code),  # type: ignore[attr-defined]
        "start_date": found.each(lambda one: one.days),
        "end_date": np.where(over, stop, NO_DAY).astype(np.int32),
        "status": Coded(over.astype(np.int32), ("active", "completed")),
    })  # fmt: skip


def _specialty(one: Happening) -> str:
    step = one.occurrence.step
    return step.details.specialty if isinstance(step, events.Referral) else ""


def _of_step(made: Chart, kind: type[StepHead], table: str) -> Gathered[Happening]:
    return gather(
        made.of_type(kind),
        lambda one: one.rows,
        lambda one: made.numbering.number(table, one.occurrence.address),
    )


def _heads(
    made: Chart, found: Gathered[Happening], person: NDArray[np.int64], table: str, key: str
) -> Columns:
    """Return the columns that every record of a step has: its id, person, encounter, event."""
    return {
        key: ids(
            person,
            found.whole(lambda one: made.numbering.number(table, one.occurrence.address), np.int64),
        ),
        "person_id": person,
        "encounter_id": found.each(made.encounter_ids),
        "event_id": ids(
            person, found.whole(lambda one: made.event_number(one.occurrence), np.int64)
        ),
    }


@dataclass(frozen=True)
class Coding:
    """One condition's code, as the classification states it, for some people."""

    rows: Rows
    code: str
    onset: Days
    source: NDArray[np.int32]
    number: int
    abated: Days


def conditions(made: Chart) -> Columns:
    """Fill `conditions`: every problem, coded in the light of all that the person ends up with."""
    found = gather(list(_codings(made)), lambda one: one.rows, lambda one: one.number)
    if not len(found):
        return chart.CONDITIONS.empty()
    person = made.person_id[found.rows]
    code = found.word(lambda one: one.code)
    onset = found.each(lambda one: one.onset).astype(np.int32)
    abated = found.each(lambda one: one.abated)
    over = abated <= made.through
    event, encounter = sources(made, found.each(lambda one: one.source), person)
    return chart.CONDITIONS.complete({
        "condition_id": ids(person, found.whole(lambda one: one.number, np.int64)),
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


def _codings(made: Chart) -> Iterator[Coding]:
    problems, record = made.timeline.record.problems, made.timeline.record
    last = np.minimum(record.death, np.int32(made.through))
    people = len(record.people)
    held = np.zeros(people, dtype=np.int64)
    for place, problem in enumerate(problems.found):
        has = (problem.onset != NO_DAY) & (problem.onset <= last)
        has &= problem.abated > last
        held |= has.astype(np.int64) << np.int64(place)
    patterns, chosen = np.unique(held, return_inverse=True)
    for place, problem in enumerate(problems.found):
        coded: dict[tuple[str, str], list[int]] = {}
        for number, bits in enumerate(patterns.tolist()):
            if bits >> place & 1:
                for stated in _codes_of(problem.code, problems.held(bits)):
                    coded.setdefault(stated, []).append(number)
        for (code, address), numbers in coded.items():
            rows = np.flatnonzero(np.isin(chosen, numbers))
            yield Coding(
                rows, code, problem.onset[rows], problem.source[rows],
                made.numbering.number("conditions", address), problem.abated[rows],
            )  # fmt: skip
        over = np.flatnonzero((problem.onset != NO_DAY) & (problem.abated <= last))
        yield Coding(
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
    made: Chart, source: NDArray[np.int32], person: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return event and encounter of the occurrences that caused records; null for none."""
    event, encounter = np.full(len(person), NO_NUMBER), np.full(len(person), NO_NUMBER)
    every = [
        (journey, one)
        for journey, plan in enumerate(made.timeline.record.walked)
        for one in plan.occurrences
    ]
    for place in np.unique(source[source >= 0]).tolist():
        journey, one = every[place]
        mine = source == place
        event[mine] = ids(person[mine], made.event_number(one))
        around = made.visits.get((journey, one.encounter))
        if around is not None and around.charted:
            number = made.numbering.number("encounters", around.occurrence.address)
            encounter[mine] = ids(person[mine], number)
    return event, encounter


def _vaccine(code: str) -> str:
    row = cvx().rows.get(code)
    return row.display if row is not None else code
