"""The DRGs of stays: derived from what each is coded with, or stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.drg.definitions import versions_of
from healthsim.billing.drg.grouping import Stay, group
from healthsim.codes.procedures import procedure_system
from healthsim.execution.sync.visits.visit_coding import distinct
from healthsim.execution.sync.visits.visits import DAY, VisitRows
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.coding import MOST_CODES, is_exempt_from_poa
from healthsim.specification.journeys import events
from healthsim.specification.journeys.details import NO_DRG
from healthsim.tables import Coded

DERIVED, STATED, NOT_GROUPED = "derived", "stated", "not grouped"
_SOURCES = (DERIVED, STATED, NOT_GROUPED)


@dataclass(frozen=True, eq=False)
class StayDrgs:
    """The DRGs of the stays of one visit; arrays of shape (n,), one entry for each of its people.

    Attributes:
        paid: the stated one where the specification states one, else the derived one; null where
            neither is there.
        derived: what the stay's own diagnoses and procedures give; null where not grouped.
        source: derived, stated, or not grouped: where `paid` is from.
    """

    paid: Coded
    derived: Coded
    source: Coded


def stay_drgs(
    visit: VisitRows, during: Sequence[OccurrenceRows], status: Coded, sex: Coded
) -> StayDrgs:
    """Return the DRGs of inpatient stays.

    Args:
        visit: an inpatient one.
        during: what happened during the visit.
        status: discharge status, shape (n,).
        sex: of everybody of the chunk.
    """
    stays, chosen = _distinct_stays(visit, during, status, sex.take(visit.rows))
    groups = Coded.of([group(stay).drg for stay in stays])
    derived = groups.take(chosen)
    stated = visit.details.drg
    if stated is None:
        grouped = derived.codes >= 0
        source = np.where(grouped, _SOURCES.index(DERIVED), _SOURCES.index(NOT_GROUPED))
        return StayDrgs(derived, derived, Coded(source.astype(np.int32), _SOURCES))
    if stated == NO_DRG:
        none = Coded.constant(None, len(visit.rows))
        return StayDrgs(none, derived, Coded.constant(NOT_GROUPED, len(visit.rows)))
    paid = Coded.constant(stated, len(visit.rows))
    return StayDrgs(paid, derived, Coded.constant(STATED, len(visit.rows)))


def _distinct_stays(
    visit: VisitRows, during: Sequence[OccurrenceRows], status: Coded, sex: Coded
) -> tuple[list[Stay], NDArray[np.int64]]:
    """Return the stays that differ in what they are grouped by, and which one each person's is."""
    codes = visit.diagnoses
    done, listed = _procedures(visit, during)
    discharged = versions_of((visit.end_at // DAY).astype(np.int32))
    columns = [codes.chosen, *done, status.codes, sex.codes, discharged]
    places, chosen = distinct([np.asarray(column, dtype=np.int64) for column in columns])
    always = tuple(getattr(visit.details, "icd10pcs", ()))
    stays = []
    for place in places.tolist():
        of = int(codes.chosen[place])
        diagnoses = codes.lists[of][:MOST_CODES]
        late = codes.late[of] if codes.late else frozenset()
        stays.append(Stay(
            principal=diagnoses[0] if diagnoses else "",
            secondary=diagnoses[1:],
            late=frozenset(code for code in late if not is_exempt_from_poa(code)),
            procedures=(*always, *(code for held, code in zip(done, listed, strict=True)
                                   if held[place])),
            sex=_text(sex, place),
            status=_text(status, place),
            version=int(discharged[place]),
        ))  # fmt: skip
    return stays, chosen


def _procedures(
    visit: VisitRows, during: Sequence[OccurrenceRows]
) -> tuple[list[NDArray[np.int64]], list[str]]:
    """Return who had which ICD-10-PCS procedure during the stay, beyond those it lists for all."""
    had: dict[str, NDArray[np.int64]] = {}
    for source in during:
        step = source.occurrence.step
        if (
            isinstance(step, events.Procedure)
            and procedure_system(step.details.code) == "ICD-10-PCS"
        ):
            done = had.setdefault(step.details.code, np.zeros(len(visit.rows), dtype=np.int64))
            done[visit.position_of(source.rows)] = 1
    return list(had.values()), list(had)


def _text(column: Coded, place: int) -> str:
    code = int(column.codes[place])
    return column.vocabulary[code] if code >= 0 else ""
