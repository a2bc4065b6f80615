"""No word of a request is lost, no figure is cut, and nothing is bound to what was not said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from building import composing, keyed, scoring
from building.scoring import Key
from healthsim.building.journeying import start_journey
from healthsim.building.starting import start_profile

COMPOSED, TENTHS = 2000, 10
JOURNEYS = 30
"""Of the composed requests, those that are given to the journey builder too."""
PARTS = ("nineteen", "concepts", "others")


def faults(keys: list[Key]) -> list[str]:
    """Return a line for every fault in the drafts of requests, with the request."""
    drafts = ((start_profile(key.request).draft, key) for key in keys)
    return [f"{fault}   <- {key.request!r}"
            for draft, key in drafts for fault in scoring.score(draft, key)]  # fmt: skip


def lost(keys: list[Key]) -> list[str]:
    """Return a line for every word of requests that is lost in drafts of journeys."""
    drafts = ((start_journey(None, key.request).draft, key) for key in keys)
    return [fault for draft, key in drafts for fault in scoring.conserved(draft, key.request)]


def told(lines: list[str]) -> str:
    """Return the number of faults, and the first of them, for the message of a test."""
    return "\n".join([f"{len(lines)} faults", *lines[:40]])


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_request_of_a_user_is_bound_as_its_key_says_and_no_word_is_lost(part: str) -> None:
    found = faults(keyed.load(part))

    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.proof) for part in range(1, TENTHS))]
)
def test_a_composed_request_is_bound_as_its_pieces_say_and_no_word_is_lost(part: int) -> None:
    each = COMPOSED // TENTHS
    found = faults(list(composing.compose(part * each, each)))

    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "parts", [PARTS[:1], pytest.param(PARTS[1:], marks=pytest.mark.proof)], ids=["few", "others"]
)
def test_a_request_to_the_journey_builder_loses_no_word_either(parts: Sequence[str]) -> None:
    keys = [*composing.compose(0, JOURNEYS), *(key for part in parts for key in keyed.load(part))]
    found = lost(keys)

    assert not found, told(found)


@pytest.mark.parametrize(
    ("people", "request_", "journey"),
    [
        ("200 Medicare diabetics", "with a first-year journey", "diabetic-first-year"),
        ("200 commercial diabetics", "first year", "diabetic-first-year"),
        ("200 Medicare diabetics", "Add a first-year diabetes journey", "diabetic-first-year"),
        ("200 Medicare diabetics", "new-member-onboarding journey", "new-member-onboarding"),
        ("200 Medicare diabetics", "no diabetes journey, please", ""),
        ("200 Medicare diabetics", "a diabetes journey", ""),
        ("200 people", "a first-year journey", ""),
    ],
)
def test_a_journey_is_chosen_by_its_own_words_and_the_peoples_condition(
    people: str, request_: str, journey: str
) -> None:
    base = start_profile(people).draft
    draft = start_journey(base, request_).draft

    assert draft.templates[len(base.templates) :] == ((journey,) if journey else ())
