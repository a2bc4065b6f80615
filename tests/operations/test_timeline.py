"""The timeline of one sample person, and the page that every template has."""

from __future__ import annotations

from functools import cache

import pytest

import timelines
from healthsim.building import templates
from healthsim.errors import Refused
from healthsim.operations.timeline import PersonStory, person_story

DAILY = sorted(set(timelines.pairs().values()))[:1]
"""A pair whose page is checked here; `make proofs` checks all of them (proofs/test_pages.py)."""
NAMES = [template.name for template in templates.load_library()]


@cache
def _hero(**asked: int) -> PersonStory:
    return person_story(
        templates.load("woman-58").fresh(), [templates.load("hero-infarction").fresh()], **asked
    )


@pytest.mark.slow
@pytest.mark.parametrize("pair", DAILY, ids=" with ".join)
def test_every_page_of_a_template_is_what_the_generator_tells_now(pair: tuple[str, str]) -> None:
    assert timelines.stale(pair) == []


def test_every_page_shows_a_pair_of_its_template_and_what_happens_to_one_person() -> None:
    for name, pair in timelines.pairs().items():
        page = (timelines.FOLDER / f"{name}.md").read_text(encoding="utf-8")

        assert name in pair
        assert page.count("\n| 20") >= 3
        assert page.count("\n") <= 60


def test_every_template_has_a_page_and_nothing_else_has_one() -> None:
    pages = sorted(path.stem for path in timelines.FOLDER.glob("*.md"))

    assert pages == sorted(timelines.pairs()) == sorted(NAMES)


@pytest.mark.slow
def test_a_line_tells_the_visit_what_was_done_and_who_paid() -> None:
    told = _hero()
    by_step = {line.step: line for line in told.lines}

    assert "Stent in an infarction" in by_step["stay"].what
    assert "837I" in by_step["stay"].money
    assert by_step["fill of clopidogrel"].money.endswith("plan")
    assert [line.day for line in told.lines] == sorted(line.day for line in told.lines)


@pytest.mark.slow
def test_what_comes_again_and_again_is_cut_short_and_counted() -> None:
    short, whole = _hero(most=10), _hero()

    assert len(short.lines) <= 10 < len(whole.lines)
    assert len(short.lines) + short.left_out == len(whole.lines) + whole.left_out


@pytest.mark.slow
def test_a_person_is_the_same_alone_and_among_others() -> None:
    profile = templates.load("medicare-diabetic").fresh()
    journeys = [templates.load("diabetic-first-year").fresh()]
    chosen = person_story(profile, journeys)

    assert person_story(profile, journeys, person=chosen.person_id // 100) == chosen


def test_somebody_who_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="give a number from 1 to 1"):
        _hero(person=2)
