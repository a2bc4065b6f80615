"""What was measured, done, prescribed and diagnosed, as tables of PatientSim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.addresses import ids
from healthsim.codes.icd10pcs import icd10pcs
from healthsim.codes.procedures import procedure_system
from healthsim.dates import NO_DAY, whole_months
from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.conditions import conditions
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.drugs.dosage import Injected, injected
from healthsim.execution.sync.immunizations import immunization_columns
from healthsim.execution.sync.numbering import billed_procedures
from healthsim.execution.sync.records import (
    RecordRows,
    RecordTable,
    by_name,
    cause_columns,
    event_ids,
    event_table,
    source_values,
)
from healthsim.execution.sync.reported import share_of_wait, turnaround_of
from healthsim.execution.sync.results import ResultRows, results_of
from healthsim.execution.sync.visits.visits import DAY
from healthsim.execution.timeline.facts import CarePlanFacts
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.studies import procedure_words
from healthsim.medicine.turnaround import is_there_at_once, slow_results
from healthsim.medicine.visit_lengths import taken_over, waits
from healthsim.products.patientsim import tables as chart
from healthsim.products.patientsim.generate import (
    describe_codes,
    lab_columns,
)
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import (
    CarePlanDetails,
    ReferralDetails,
)
from healthsim.tables import Coded, Columns

_HOUR = 60


def _lab_result_columns(ctx: SyncContext, layout: RowLayout[ResultRows]) -> Columns:
    loinc = layout.segment_texts(lambda result: result.loinc)
    collected = _collected_at(ctx, layout)
    value = layout.row_values(lambda result: result.value)
    sex = ctx.people.gender.take(layout.rows)
    months = whole_months(ctx.people.birth[layout.rows], (collected // DAY).astype(np.int32))
    hours = (collected - ctx.born_at[layout.rows]) / _HOUR
    return {
        "loinc": loinc,
        **lab_columns(loinc, value, sex, months, hours),
        "panel": layout.segment_texts(lambda result: result.panel),
        "collected_at": collected,
        "resulted_at": collected + _reported_after(ctx, layout),
        "value": value,
        "value_text": layout.row_texts(lambda result: result.text),
        "ordering_npi": ctx.npi(source_values(layout, ctx.treating_provider)),
        **cause_columns(ctx, layout),
    }


def _collected_at(ctx: SyncContext, layout: RowLayout[ResultRows]) -> NDArray[np.int64]:
    """Return when specimens were taken: soon in the visit, or as long after as the test asks.

    What somebody is asked is asked before the visit ends.
    """
    wait = layout.segment_values(lambda result: waits().get(result.loinc, 0), np.int64)
    soon = source_values(layout, ctx.performed_at)
    due = layout.row_values(lambda result: _due_after_birth(ctx, result))
    collected: NDArray[np.int64] = np.maximum(soon + wait, due)
    collected = np.minimum(collected, (soon // DAY + 1) * DAY - 1)
    return np.where(
        _at_once(layout), np.minimum(collected, source_values(layout, ctx.ends_at)), collected
    )


def _at_once(layout: RowLayout[ResultRows]) -> NDArray[np.bool_]:
    """Return which results are there at once, bool, shape (n,): they have no specimen."""
    return layout.segment_values(lambda result: is_there_at_once(result.loinc), np.bool_)


def _due_after_birth(ctx: SyncContext, result: ResultRows) -> NDArray[np.int64]:
    """Return when a test is due that waits for some hours of life, minutes; 0 where none does.

    It is so in the stay of the birth, and before its end.
    """
    wait, visit = waits("birth").get(result.loinc), ctx.visit_of(result.source)
    if wait is None or visit is None or visit.details.encounter_class != "inpatient":
        return np.zeros(len(result.rows), dtype=np.int64)
    at = visit.position_of(result.rows)
    born_here = visit.first[at] == ctx.people.birth[result.rows]
    u = ctx.record.draws.uniform(f"{result.source.occurrence.address}/due", result.rows)
    later = np.floor(u * taken_over(result.loinc)).astype(np.int64)
    due = np.minimum(visit.start_at[at] + wait + later, visit.end_at[at] - _HOUR)
    return np.where(born_here, due, 0)


def _reported_after(ctx: SyncContext, layout: RowLayout[ResultRows]) -> NDArray[np.int64]:
    """Return the minutes from specimen to report; short waits are more frequent than long ones.

    They are 0 of what has no specimen.
    """

    def share(source: OccurrenceRows) -> NDArray[np.float64]:
        return share_of_wait(ctx, source)

    times = {id(one): turnaround_of(ctx, one.source, one.loinc) for one in layout.segments}
    least = layout.segment_values(lambda result: times[id(result)].least, np.int64)
    most = layout.segment_values(lambda result: times[id(result)].most, np.int64)
    for place, time in enumerate(slow_results().values(), 1):
        slow = layout.row_values(_slow).astype(np.int64) == place
        least, most = np.where(slow, time.least, least), np.where(slow, time.most, most)
    after = least + np.floor(source_values(layout, share) * (most - least)).astype(np.int64)
    return np.where(_at_once(layout), 0, after)


def _slow(result: ResultRows) -> NDArray[np.int64]:
    """Return which of the slow results of the table each one is, int64, from 1; 0 for none."""
    found, text = np.zeros(len(result.rows), dtype=np.int64), None
    for place, (loinc, slow) in enumerate(slow_results(), 1):
        if loinc == result.loinc:
            text = result.text if text is None else text
            found[text.equals(slow)] = place
    return found


@dataclass(frozen=True, eq=False)
class ProcedureRows(RecordRows):
    """One procedure of an event."""

    code: str
    display: str | None
    specialty: str | None
    dose: Injected | None = None

    @property
    def displays(self) -> Coded:
        """What was done, for each of the people."""
        if self.dose is None:
            return Coded.constant(self.display, len(self.rows))
        return self.dose.display

    @property
    def milligrams(self) -> NDArray[np.float64]:
        """The dose by weight or body surface, float64; NaN where there is none."""
        return np.full(len(self.rows), np.nan) if self.dose is None else self.dose.milligrams


def _procedures(ctx: SyncContext) -> Iterator[ProcedureRows]:
    def number(address: str) -> int:
        return ctx.numbering.number("procedures", address)

    for source in ctx.of_type(events.Procedure, events.Encounter):
        step, address = source.occurrence.step, source.occurrence.address
        if isinstance(step, events.Procedure):
            details = step.details
            yield ProcedureRows(source, number(address), details.code,
                                details.display or _text(details.code), details.specialty,
                                injected(ctx, source))  # fmt: skip
        elif isinstance(step, events.Encounter):
            for place, code in enumerate(step.details.icd10pcs):
                yield ProcedureRows(source, number(f"{address}/{place}"), code, _text(code),
                                    step.details.specialty)  # fmt: skip
            inside = ctx.by_visit.get((source.journey, source.occurrence.number), ())
            own = {one.occurrence.step.details.code for one in inside
                   if isinstance(one.occurrence.step, events.Procedure)}  # fmt: skip
            for billed, code in billed_procedures(address, step.details):
                if code not in own:
                    yield ProcedureRows(source, number(billed), code, _text(code), None)


def _text(code: str) -> str | None:
    """Return the text of an ICD-10-PCS code, or our own words for another; None where none are."""
    book, system = icd10pcs(), procedure_system(code) or ""
    known = system == "ICD-10-PCS" and code in book
    return book.rows[code].display if known else procedure_words(system, code)


def _procedure_columns(ctx: SyncContext, layout: RowLayout[ProcedureRows]) -> Columns:
    code = layout.segment_texts(lambda procedure: procedure.code)
    performer = layout.row_values(lambda procedure: _performers(ctx, procedure))
    return {
        "code": code,
        "system": describe_codes(code, procedure_system),
        "display": layout.row_texts(lambda procedure: procedure.displays),
        "dose_mg": layout.row_values(lambda procedure: procedure.milligrams),
        "performed_date": layout.row_values(lambda procedure: procedure.days),
        "performer_npi": ctx.npi(performer),
        "encounter_id": layout.row_values(lambda procedure: _encounter_ids(ctx, procedure)),
        "event_id": event_ids(ctx, layout),
    }


def _performers(ctx: SyncContext, procedure: ProcedureRows) -> NDArray[np.int32]:
    """Return who did a procedure, directory rows: who treats in the encounter that lists it."""
    own = ctx.visits.get((procedure.source.journey, procedure.source.occurrence.number))
    if own is None or procedure.specialty is not None:
        return ctx.treating_provider(procedure.source, procedure.specialty)
    return own.provider[own.position_of(procedure.rows)]


def _encounter_ids(ctx: SyncContext, procedure: ProcedureRows) -> NDArray[np.int64]:
    """Return the encounter, int64, of a procedure: the one that lists it, or the one around it."""
    own = ctx.visits.get((procedure.source.journey, procedure.source.occurrence.number))
    if own is None:
        return ctx.encounter_ids(procedure.source)
    return ids(ctx.person_id[procedure.rows], ctx.encounter_number(own))


def _referral_columns(ctx: SyncContext, layout: RowLayout[RecordRows]) -> Columns:
    def details(record: RecordRows) -> ReferralDetails:
        return record.source.step_as(events.Referral).details

    referred_to = layout.row_values(
        lambda record: ctx.treating_provider(record.source, details(record).specialty)
    )
    return {
        "specialty": layout.segment_texts(lambda record: details(record).specialty),
        "reason": layout.segment_texts(lambda record: details(record).reason or None),
        "referred_date": layout.row_values(lambda record: record.days),
        "referring_npi": ctx.npi(source_values(layout, ctx.treating_provider)),
        "referred_to_npi": ctx.npi(referred_to),
    }


def _care_plan_columns(ctx: SyncContext, layout: RowLayout[RecordRows]) -> Columns:
    def details(record: RecordRows) -> CarePlanDetails:
        return record.source.step_as(events.CarePlan).details

    stop = layout.row_values(lambda record: record.source.facts_as(CarePlanFacts).stop)
    stop = np.minimum(stop, ctx.record.death[layout.rows])
    over = stop <= ctx.through
    return {
        "display": layout.segment_texts(lambda record: details(record).display),
        "code": layout.segment_texts(lambda record: details(record).code),
        "start_date": layout.row_values(lambda record: record.days),
        "end_date": np.where(over, stop, NO_DAY).astype(np.int32),
        "status": Coded(over.astype(np.int32), ("active", "completed")),
    }


CLINICAL_TABLES = by_name(
    conditions,
    RecordTable(chart.PROCEDURES, _procedures, _procedure_columns),
    event_table(chart.IMMUNIZATIONS, events.Immunization, immunization_columns),
    RecordTable(
        chart.LAB_RESULTS, lambda ctx: results_of(ctx, events.Lab, "lab_results"),
        _lab_result_columns,
    ),
    event_table(chart.REFERRALS, events.Referral, _referral_columns),
    event_table(chart.CARE_PLANS, events.CarePlan, _care_plan_columns),
)  # fmt: skip
"""How each table of the chart is filled whose records follow from events or conditions."""
