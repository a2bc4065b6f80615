"""Assessments of tumours: target lesions of each person, their sums, and the response."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from healthsim.dates import NO_DAY
from healthsim.execution.people.draws import Draws, Rows
from healthsim.execution.timeline.facts import TumorFacts
from healthsim.execution.timeline.lesions import Tumors
from healthsim.execution.timeline.step_call import StepCall, StepResult
from healthsim.medicine.tumors import (
    BASELINE,
    MOST_LESIONS,
    PD,
    choices,
    course,
    figure,
    responses,
)
from healthsim.specification.journeys.events import TumorAssessment

Floats = NDArray[np.float64]
_EXACT = 6  # decimals of normal deviates: processors differ in later ones


def assess(call: StepCall[TumorAssessment]) -> StepResult:
    """Measure everyone's target lesions; the first assessment finds them."""
    trial, record, rows = call.trial.id, call.record, call.rows
    tumors = record.tumors.setdefault(trial, Tumors.of(len(record.people)))
    _find(call, tumors)
    weeks = (call.days - tumors.first[rows]) / 7.0
    shrinks, grows = (_rate(call, name) for name in ("shrinks_per_week", "grows_per_week"))
    change = course(np.ones(len(rows)), shrinks, grows, weeks)
    lesions = _measured(call, tumors.base[:, rows], change, weeks)
    total = lesions.sum(axis=0)
    later = weeks > 0
    new = later & _new_lesion(call)
    nadir, baseline = tumors.nadir[rows].copy(), tumors.baseline[rows]
    response = np.where(later, responses(total, baseline, nadir, new), BASELINE).astype(np.int32)
    known = tumors.best[rows]
    best = np.where(later & ((known == BASELINE) | (response < known)), response, known)
    progresses = (response == PD) & ~tumors.progressed[rows]
    tumors.best[rows], tumors.nadir[rows] = best, np.minimum(nadir, total)
    tumors.progressed[rows] |= progresses
    return call.result(TumorFacts(
        has=tuple(tumors.base[:, rows] > 0), lesions=tuple(lesions),
        organs=_organs(record.draws, trial, rows), total=total,
        baseline=baseline, nadir=nadir, new_lesion=new, response=response,
        best=best.astype(np.int32), progresses=progresses,
    ))  # fmt: skip


def _rate(call: StepCall[TumorAssessment], name: str) -> Floats:
    """Return everyone's share a week, the same at every assessment of one arm."""
    distribution = getattr(call.step.details, name)
    decision = f"~trial/{call.trial.id}/tumor/{name}"
    return np.nan_to_num(call.record.draws.numbers(decision, distribution, call.rows, call.scope))


def _find(call: StepCall[TumorAssessment], tumors: Tumors) -> None:
    """Find the target lesions of those who are assessed for the first time."""
    new = np.flatnonzero(tumors.first[call.rows] == NO_DAY)
    if not len(new):
        return
    details, trial, draws = call.step.details, call.trial.id, call.record.draws
    drawn = draws.numbers(f"~trial/{trial}/tumor/baseline", details.baseline_mm, call.rows,
                          call.scope)[new]  # fmt: skip
    rows = call.rows[new]
    values, edges = choices("lesions")
    number = np.array([int(value) for value in values])[
        np.searchsorted(edges, draws.uniform(f"~trial/{trial}/tumor/lesions", rows), side="right")
    ]
    least = figure("least_mm")
    number = np.clip(np.minimum(number, drawn // least), 1, MOST_LESIONS)
    weight = np.stack([
        np.where(place < number, 0.3 + draws.uniform(f"~trial/{trial}/tumor/part/{place}", rows), 0)
        for place in range(MOST_LESIONS)
    ])  # fmt: skip
    spare = np.maximum(drawn - least * number, 0.0)
    size = np.where(weight > 0, least, 0.0) + weight / weight.sum(axis=0) * spare
    tumors.base[:, rows] = size
    whole = np.rint(size)
    tumors.first[rows] = call.days[new]
    tumors.baseline[rows] = tumors.nadir[rows] = whole.sum(axis=0)


def _measured(
    call: StepCall[TumorAssessment], base: Floats, change: Floats, weeks: Floats
) -> Floats:
    """Return the diameters that are read, whole mm, shape (5, n); 0 where nothing is seen."""
    found = np.zeros_like(base)
    for place in range(MOST_LESIONS):
        u = call.record.draws.uniform(f"{call.occurrence.address}/lesion/{place + 1}", call.rows)
        error = np.where(weeks > 0, np.round(ndtri(u), _EXACT) * figure("error"), 0.0)
        size = base[place] * change * np.exp(error)
        found[place] = np.where(size < figure("vanished_mm"), 0.0, np.rint(np.round(size, _EXACT)))
    return found


def _new_lesion(call: StepCall[TumorAssessment]) -> NDArray[np.bool_]:
    """Draw who has a lesion that was not there before."""
    share = np.nan_to_num(call.numbers("new_lesion", call.step.details.new_lesion))
    u = call.record.draws.uniform(f"{call.occurrence.address}/new_lesion/drawn", call.rows)
    found: NDArray[np.bool_] = u < share
    return found


def _organs(draws: Draws, trial: str, rows: Rows) -> tuple[NDArray[np.int32], ...]:
    """Return the organ of each target lesion, as positions in the table."""
    _, edges = choices("organ")
    return tuple(
        np.searchsorted(edges, draws.uniform(f"~trial/{trial}/tumor/organ/{place}", rows),
                        side="right").astype(np.int32)
        for place in range(MOST_LESIONS)
    )  # fmt: skip
