"""Each limit of a specification is accepted, and one step beyond it is refused for that limit."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from specification.limits import OF_DOCUMENTS, OF_JOURNEYS, Limit

LIMITS = (*OF_DOCUMENTS, *OF_JOURNEYS)


def said_of(limit: Limit, value: Any) -> str:
    """Return what a job is refused with; nothing where it is not."""
    profile, *journeys = limit[1](value)
    try:
        prepare(profile, journeys)
    except SpecError as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit[0])
def test_a_limit_is_accepted_and_what_lies_beyond_it_is_refused(limit: Limit) -> None:
    _, _, within, beyond, words = limit
    refused = {str(value): said_of(limit, value) for value in within}
    accepted = {str(value): said_of(limit, value) for value in beyond}

    assert {value: said for value, said in refused.items() if words in said} == {}
    assert {value: said for value, said in accepted.items() if words not in said} == {}
