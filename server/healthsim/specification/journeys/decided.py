"""What is measured on the day on which a beat is due, and decides whether it is delayed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.journeys.details import StateResult
from healthsim.specification.journeys.measured import measured_from
from healthsim.specification.journeys.repeats import Protocol, Repeat
from healthsim.specification.journeys.step import StepHead


def deciding_noise(step: Protocol | Repeat) -> Mapping[str, Distribution]:
    """Return state -> noise of its measurement, of the states that a delay asks for.

    A delay is decided by what is measured: the first result inside the beat that is read from the
    state gives the noise. A state that nothing inside measures with noise decides as it is.
    """
    if step.delay is None:
        return {}
    asked, found = step.delay.when.names, dict[str, Distribution]()
    for result in _results(steps for _, steps in step.inner()):
        if result.from_ in asked and result.noise is not None:
            found.setdefault(result.from_, result.noise)
    return found


def _results(parts: Iterable[tuple[StepHead, ...]]) -> Iterator[StateResult]:
    """Yield the results read from states in some lists of steps, and in those inside of them."""
    for steps in parts:
        for step in steps:
            yield from (result for _, result in measured_from(step))
            yield from _results(inner for _, inner in step.inner())
