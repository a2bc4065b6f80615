"""How records become rows, and what is looked up for them without changing anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from execution.running import diabetic, event, journey, visit
from healthsim.addresses import ids
from healthsim.execution.job import Job
from healthsim.execution.passes.rehearsal import settle_population_steps, walk_chunk
from healthsim.execution.people.row_layout import lay_out_rows
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.execution.sync.bills.build import build_bills
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.sync import synced_tables
from healthsim.products.catalogue import NOT_PER_PERSON, TABLES
from healthsim.tables import Coded, Texts

PERSON_ID = np.array([101, 201, 301, 401], dtype=np.int64)
COUNT = 60
EMERGENCY = journey(
    event("collapse", "encounter", 10, encounter_class="emergency", procedures=["99285"]),
    event("stay", "encounter", 10, encounter_class="inpatient", drg="291"),
    visit("after", 40),
)


@dataclass(frozen=True)
class _Segment:
    number: int
    people: tuple[int, ...]

    @property
    def rows(self) -> NDArray[np.intp]:
        return np.array(self.people, dtype=np.intp)


@pytest.fixture(scope="module")
def job() -> Job:
    products = ["patientsim", "membersim", "rxmembersim", "trialsim"]
    profile = diabetic(count=COUNT, products=products, safety={"allow_violations": 0.5})
    return prepare(profile, [EMERGENCY])


@pytest.fixture
def ctx(job: Job) -> SyncContext:
    timeline = walk_chunk(job, settle_population_steps(job), 0, COUNT)
    return SyncContext.of(job.profile, timeline, job.networks, job.numbering, job.through)


def test_rows_stand_by_person_and_then_by_the_number_of_their_record() -> None:
    late, none, early = _Segment(9, (0, 2)), _Segment(5, ()), _Segment(3, (0, 1, 2))

    layout = lay_out_rows([late, none, early], lambda segment: segment.number, PERSON_ID)

    assert layout.segments == (early, late)
    assert layout.rows.tolist() == [0, 0, 1, 2, 2]
    assert layout.segment.tolist() == [0, 1, 0, 0, 1]
    assert layout.person_id.tolist() == [101, 101, 201, 301, 301]
    assert layout.ids.tolist() == ids(layout.person_id, np.array([3, 9, 3, 3, 9])).tolist()


def test_columns_of_segments_follow_their_rows() -> None:
    segments = [_Segment(9, (0, 2)), _Segment(3, (0, 1, 2))]

    layout = lay_out_rows(segments, lambda segment: segment.number, PERSON_ID)
    own = layout.row_values(lambda segment: segment.rows * 10 + segment.number)
    texts = layout.row_texts(lambda segment: Coded.constant(str(segment.number), len(segment.rows)))

    assert own.tolist() == [3, 9, 13, 23, 29]
    assert texts.texts() == ["3", "9", "3", "3", "9"]
    assert layout.segment_texts(lambda segment: str(segment.number)).texts() == texts.texts()
    assert layout.segment_values(lambda segment: segment.number, np.int32).tolist() == [
        3, 9, 3, 3, 9,
    ]  # fmt: skip


def test_people_beyond_the_sixteenth_bit_stand_in_their_order_too() -> None:
    person_id = np.arange(2**16 + 3, dtype=np.int64)
    segments = [_Segment(2, (1, 2**16 + 2)), _Segment(1, (2, 2**16 + 1))]

    layout = lay_out_rows(segments, lambda segment: segment.number, person_id)

    assert layout.rows.tolist() == [1, 2, 2**16 + 1, 2**16 + 2]


def test_without_people_there_are_no_rows() -> None:
    layout = lay_out_rows([_Segment(1, ())], lambda segment: segment.number, PERSON_ID)

    assert len(layout) == 0
    assert layout.segments == ()
    assert layout.ids.tolist() == []


def test_a_stay_begins_in_the_hospital_of_its_emergency_visit_when_that_has_ended(
    ctx: SyncContext,
) -> None:
    (admission,) = ctx.admissions
    emergency, stay = ctx.visits[admission.emergency], ctx.visits[admission.stay]
    before, after = emergency.position_of(admission.rows), stay.position_of(admission.rows)

    assert len(admission.rows) == COUNT
    assert np.array_equal(stay.facility[after], emergency.facility[before])
    assert np.array_equal(stay.start_at[after], emergency.end_at[before])
    assert np.all(stay.end_at >= stay.start_at)


@pytest.mark.slow
def test_every_table_of_people_is_filled_by_a_function(ctx: SyncContext) -> None:
    filled = {*synced_tables(ctx), *NOT_PER_PERSON}

    assert filled == {table.name for table in TABLES}


@pytest.mark.slow
def test_tables_can_be_made_twice_from_one_chunk_and_are_the_same(ctx: SyncContext) -> None:
    first, second = synced_tables(ctx), synced_tables(ctx)

    assert first.keys() == second.keys()
    for name, columns in first.items():
        for column, values in columns.items():
            again = second[name][column]
            if isinstance(values, Coded | Texts):
                assert isinstance(again, Coded | Texts)
                assert values.texts() == again.texts(), (name, column)
            else:
                assert np.array_equal(values, again, equal_nan=values.dtype.kind == "f")  # type: ignore[arg-type]


def test_the_facility_lines_of_an_emergency_are_on_the_bill_of_its_stay_alone(
    ctx: SyncContext,
) -> None:
    (admission,) = ctx.admissions
    institutional = [bill for bill in build_bills(ctx) if bill.institutional]
    emergency_event = ctx.event_number(ctx.visits[admission.emergency].occurrence)

    (bill,) = institutional
    assert bill.visit.key == admission.stay
    moved = [line for line in bill.lines if line.event == emergency_event]
    assert [(line.code, line.revenue) for line in moved] == [(None, "0450")]


@pytest.mark.slow
def test_the_tables_of_the_network_hold_what_the_rows_of_all_chunks_refer_to(job: Job) -> None:
    references: dict[str, set[int]] = {}
    network: dict[str, set[int]] = {}
    for chunk in chunks(job, size=25, threads=1):
        for table in job.tables:
            columns = chunk.tables.get(table.name, {})
            for column in table.columns if columns else ():
                values = columns[column.name]
                if isinstance(values, Coded | Texts):
                    continue
                if column.references.endswith((".npi", ".facility_id")):
                    references.setdefault(column.references, set()).update(values.tolist())
                network.setdefault(f"{table.name}.{column.name}", set()).update(values.tolist())

    null = int(np.iinfo(np.int64).min)
    assert set(references) == {
        "providers.npi", "facilities.npi", "facilities.facility_id", "pharmacies.npi",
    }  # fmt: skip
    for reference, values in references.items():
        assert values - {null} <= network[reference], reference
    assert network["providers.npi"] == references["providers.npi"] - {null}
    assert network["pharmacies.npi"] == references["pharmacies.npi"] - {null}
