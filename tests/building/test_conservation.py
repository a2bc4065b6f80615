"""No word of a request is lost, no figure is cut, and nothing is bound to what was not said."""

from __future__ import annotations

import pytest

from building import composing, keyed, scoring
from building.scoring import Key
from healthsim.building.starting import start_profile

COMPOSED = 5000


def faults(keys: list[Key]) -> list[str]:
    """Return a line for every fault in the drafts of requests, with the request."""
    drafts = ((start_profile(key.request).draft, key) for key in keys)
    return [f"{fault}   <- {key.request!r}"
            for draft, key in drafts for fault in scoring.score(draft, key)]  # fmt: skip


def told(lines: list[str]) -> str:
    """Return the number of faults, and the first of them, for the message of a test."""
    return "\n".join([f"{len(lines)} faults", *lines[:40]])


@pytest.mark.parametrize("part", ["nineteen", "concepts", "others"])
def test_a_request_of_a_user_is_bound_as_its_key_says_and_no_word_is_lost(part: str) -> None:
    found = faults(keyed.load(part))

    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize("quarter", range(4))
def test_a_composed_request_is_bound_as_its_pieces_say_and_no_word_is_lost(quarter: int) -> None:
    each = COMPOSED // 4
    found = faults(list(composing.compose(quarter * each, each)))

    assert not found, told(found)
