"""When specimens are taken in a visit, and when their results are reported."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from healthsim.execution.sync.context import SyncContext
from healthsim.execution.sync.visits.visits import DAY
from healthsim.execution.timeline.step_call import OccurrenceRows
from healthsim.medicine.turnaround import Turnaround, setting_of, turnaround
from healthsim.medicine.visit_lengths import waits
from healthsim.specification.journeys import events

Minutes = NDArray[np.int64]


def reported_at(ctx: SyncContext, source: OccurrenceRows, loinc: str) -> Minutes:
    """Return when the results of a culture are reported, minutes, for each person of a source.

    Args:
        ctx: the chunk.
        source: what a step of type `lab` did.
        loinc: of a test with a specimen that waits for no hour of life.
    """
    soon = ctx.performed_at(source)
    taken = np.minimum(soon + waits().get(loinc, 0), (soon // DAY + 1) * DAY - 1)
    time = turnaround_of(ctx, source, loinc)
    wait = np.floor(share_of_wait(ctx, source) * (time.most - time.least)).astype(np.int64)
    reported: Minutes = taken + time.least + wait
    return reported


def share_of_wait(ctx: SyncContext, source: OccurrenceRows) -> NDArray[np.float64]:
    """Return which part of the usual span people wait, 0 to 1: short waits are more frequent."""
    drawn = ctx.record.draws.uniform(f"{source.occurrence.address}/resulted", source.rows)
    share: NDArray[np.float64] = drawn**2
    return share


def turnaround_of(ctx: SyncContext, source: OccurrenceRows, loinc: str) -> Turnaround:
    """Return how long a result of a source takes from specimen to report."""
    return turnaround(loinc, _setting(ctx, source))


def _setting(ctx: SyncContext, source: OccurrenceRows) -> str:
    visit = ctx.visit_of(source)
    if visit is None:
        return setting_of(None)
    listed = [one if isinstance(one, str) else one.code for one in visit.details.procedures or ()]
    steps = (other.occurrence.step for other in ctx.by_visit.get(visit.key, ()))
    during = [step.details.code for step in steps if isinstance(step, events.Procedure)]
    done = [*listed, *during]
    return setting_of(visit.details.encounter_class, done, visit.details.specialty or "")
