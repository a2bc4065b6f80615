"""Target lesions and responses of trials, as tables of TrialSim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.people.row_layout import RowLayout
from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.numbering import lesion_addresses
from healthsim.execution.sync.records import cause_columns
from healthsim.execution.sync.trials.adverse_events import TrialRecord
from healthsim.execution.sync.trials.subjects import SubjectColumns
from healthsim.execution.timeline.facts import TumorFacts
from healthsim.medicine.tumors import RESPONSES, choices
from healthsim.specification.journeys import events
from healthsim.tables import Coded, Columns


def _facts(record: TrialRecord) -> TumorFacts:
    return record.source.facts_as(TumorFacts)


@dataclass(frozen=True, eq=False)
class LesionRows(TrialRecord):
    """One target lesion at one assessment, of the subjects who have so many; from 0."""

    place: int

    @cached_property
    def at(self) -> NDArray[np.intp]:
        """Positions in the assessment of those who have the lesion."""
        return np.flatnonzero(_facts(self).has[self.place])


def lesions(ctx: SyncContext, trials: Sequence[SubjectColumns]) -> Iterator[LesionRows]:
    """Yield every target lesion of every assessment; one that is gone is measured as 0."""
    for subjects in trials:
        for source in subjects.happened(ctx, events.TumorAssessment):
            for place, address in enumerate(lesion_addresses(source.occurrence.address)):
                number = ctx.numbering.number("tumor_measurements", address)
                yield LesionRows(source, number, subjects, place)


def lesion_columns(ctx: SyncContext, layout: RowLayout[LesionRows]) -> Columns:
    """Return the columns of target lesions."""
    organs, _ = choices("organ")
    organ = layout.row_values(lambda one: _facts(one).organs[one.place][one.at])
    return {
        "subject_id": layout.segment_ids(lambda one: one.subjects.number),
        "trial": layout.segment_texts(lambda one: one.subjects.trial.id),
        "lesion": layout.segment_values(lambda one: one.place + 1, np.int32),
        "organ": Coded(organ.astype(np.int32), organs),
        "diameter_mm": layout.row_values(
            lambda one: _facts(one).lesions[one.place][one.at].astype(np.int32)
        ),
        "assessed_date": layout.row_values(lambda one: one.days),
        **cause_columns(ctx, layout),
    }


def response_columns(ctx: SyncContext, layout: RowLayout[TrialRecord]) -> Columns:
    """Return the columns of responses other than subject, trial, event and encounter."""
    del ctx

    def whole(name: str) -> NDArray[np.int32]:
        return layout.row_values(lambda one: getattr(_facts(one), name).astype(np.int32))

    return {
        "assessed_date": layout.row_values(lambda one: one.days),
        "sum_mm": whole("total"),
        "baseline_sum_mm": whole("baseline"),
        "nadir_sum_mm": whole("nadir"),
        "new_lesion": layout.row_values(lambda one: _facts(one).new_lesion),
        "response": Coded(whole("response"), RESPONSES),
        "best_response": Coded(whole("best"), RESPONSES),
    }
