"""Ten times the composed requests of `make test`: for `make proofs`."""

from __future__ import annotations

import pytest

from building import composing
from building.test_conservation import COMPOSED, JOURNEYS, faults, lost, told


@pytest.mark.parametrize("part", range(20))
def test_a_composed_request_is_bound_as_its_pieces_say_and_no_word_is_lost(part: int) -> None:
    each = COMPOSED // 2
    found = faults(list(composing.compose(COMPOSED + part * each, each)))

    assert not found, told(found)


def test_a_request_to_the_journey_builder_loses_no_word_either() -> None:
    found = lost(list(composing.compose(JOURNEYS, 1000)))

    assert not found, told(found)
