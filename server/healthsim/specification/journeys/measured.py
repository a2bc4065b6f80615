"""Results that a step reads from states."""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.events import Lab, Vital
from healthsim.specification.journeys.step import StepHead


def measured_from(step: StepHead) -> Iterator[tuple[str, StateResult]]:
    """Yield (LOINC code, result) of everything that a step measures from a state."""
    if not isinstance(step, Lab | Vital):
        return
    if isinstance(step.details.result, StateResult):
        yield step.details.loinc or "", step.details.result
    if isinstance(step, Lab):
        for code, result in step.details.results.items():
            if isinstance(result, StateResult):
                yield code, result
