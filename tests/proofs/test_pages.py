"""Pages of `docs/` that take long to make are what the generator makes now: `make proofs`.

`make test` checks the others (test_docs.py, test_requests.py) and every fourth of the timelines.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import pages
import scorecards
import timelines
from healthsim.operations.home import Home
from test_docs import PATTERNS
from test_requests import NOT_ASKED, SECTIONS


@pytest.mark.parametrize("pair", sorted(set(timelines.pairs().values())), ids=" with ".join)
def test_every_page_of_a_template_is_what_the_generator_tells_now(pair: tuple[str, str]) -> None:
    assert timelines.stale(pair) == []


@pytest.mark.parametrize(
    "section",
    [*(SECTIONS[name] for name in NOT_ASKED), *PATTERNS],
    ids=lambda found: found.splitlines()[0],
)
def test_what_runs_with_all_its_products_gives_what_the_page_says(
    section: str, tmp_path: Path
) -> None:
    home = Home(tmp_path)
    saved = pages.save(home, "shown", pages.asked(section) or {})

    assert [one["expectation"] for one in saved.expectations if not one["met"]] == []
    assert pages.written(section, lambda sql: pages.answer(home, "shown", sql)) == section


def test_the_scorecard_is_what_the_templates_make_now_and_names_all_that_is_off() -> None:
    page = scorecards.PAGE.read_text(encoding="utf-8")
    off = [
        one["id"]
        for section in scorecards.pages()
        for one in scorecards.scored(*section)
        if one["status"] == "off"
    ]

    assert scorecards.written() == page
    assert off == ["aam-2022-generic-fills", "bueno-2006-discharged-facility"]
    assert "**generic share of fills**" in page
    assert "nursing facility, because the journey has no other place" in page
