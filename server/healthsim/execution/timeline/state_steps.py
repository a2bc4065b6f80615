"""Steps that change a state variable."""

from __future__ import annotations

import numpy as np

from healthsim.execution.people.logs import LogEntry
from healthsim.execution.timeline.calendar_days import add_length
from healthsim.execution.timeline.state import AR1Noise, DrugResponse, LinearTrend, StateChange
from healthsim.execution.timeline.step_call import StepCall, StepResult
from healthsim.specification.journeys.changes import Change, NoiseOf


def change_state(call: StepCall[Change]) -> StepResult:
    """Add a change to its state variable."""
    call.record.variables[call.step.state].add_change(_change(call))
    return call.result()


def _change(call: StepCall[Change]) -> StateChange:
    step = call.step
    if step.noise is not None:
        return _noise(call, step.noise)
    name = next(name for name in ("by", "to", "per_year") if getattr(step, name) is not None)
    entry = LogEntry(call.rows, call.days, call.numbers(name, getattr(step, name)))
    if step.per_year is not None:
        last = None if step.lasts is None else add_length(call.days, step.lasts)
        return LinearTrend(entry, last=last, scope_ends=call.scope_ends)
    over_days = step.over.days if step.over is not None else 0
    if step.while_taking is not None:
        return DrugResponse(
            entry,
            over_days=over_days,
            ingredient=step.while_taking,
            washout_days=step.washout_days,
            courses=call.record.courses,
        )
    return StateChange(entry, step.to is not None, over_days)


def _noise(call: StepCall[Change], noise: NoiseOf) -> AR1Noise:
    address, draws, lasts = call.occurrence.address, call.record.draws, call.step.lasts
    return AR1Noise(
        LogEntry(call.rows, call.days, np.zeros(len(call.rows))),
        last=None if lasts is None else add_length(call.days, lasts),
        scope_ends=call.scope_ends,
        sd=noise.sd,
        every_days=noise.every_days,
        keeps=noise.keeps,
        uniform=lambda period: draws.uniform(f"{address}/noise#{period}"),
    )
