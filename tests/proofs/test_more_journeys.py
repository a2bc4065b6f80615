"""Many more journeys than `make test` walks one person at a time: `make proofs`."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from execution.journeys import PEOPLE, journeys
from execution.test_one_by_one import EXAMPLES, assert_told_alike
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare


@settings(max_examples=10 * EXAMPLES, deadline=None, derandomize=True,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(documents=journeys())
def test_every_person_walks_as_if_alone(documents: list[dict[str, Any]]) -> None:
    try:
        job = prepare(PEOPLE, documents)
    except SpecError:
        assume(False)
    assert_told_alike(job)
