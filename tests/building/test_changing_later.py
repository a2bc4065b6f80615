"""A wish says what became of it when a later change alters the place that it was bound to."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.building import card, journeying, refining, starting
from healthsim.building.draft import Draft
from healthsim.building.ledger import Wish, lost
from healthsim.operations.auditing import not_got
from healthsim.operations.report_judged import fates

OBESE = "clinical.comorbidities[E66.9]"


@pytest.fixture(scope="module")
def people() -> Draft:
    request = "200 women with diabetes, a third of them obese, mostly in Texas"
    return starting.start_profile(request).draft


def _changed(base: Draft, path: str, value: Any, **more: Any) -> Draft:
    return refining.refine(base, [{"op": "set", "path": path, "value": value, **more}])[0]


def _wish(of: Draft, words: str) -> Wish:
    return next(wish for wish in of.wishes if words in wish.words)


def test_a_figure_that_is_changed_later_is_no_longer_told_as_what_was_said(people: Draft) -> None:
    new, told = refining.refine(people, [{"op": "set", "path": f"{OBESE}.share", "value": 0.25}])
    wish = _wish(new, "a third")

    assert (wish.fate, wish.path) == ("changed", OBESE)
    assert wish.note == "obesity in 33.33 %; changed later: share 0.3333 -> 0.25"
    assert any("a third" in line and "0.25" in line for line in told)
    assert lost(new.requests, new.wishes) == []


def test_every_place_that_shows_fates_tells_the_change(people: Draft) -> None:
    new = _changed(people, f"{OBESE}.share", 0.25)
    page, kept = card.page(new, [], []), new.ledger()["wishes"]
    grid = fates(kept)

    assert "| E66.9 | 25 % | said later, in place of 'a third of … obese' |" in page
    assert "## Said, and changed later" in page
    assert [row[1] for row in not_got(kept)] == ["changed"]
    assert grid is not None
    assert [row[1] for row in grid.rows if "third" in row[0]] == ["changed later"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("count", 50, "200"),
        ("demographics.gender", {"M": 1}, "women"),
        ("demographics.gender", {"F": 0.5, "M": 0.5}, "women"),
        ("clinical.comorbidities", [], "a third"),
        ("clinical.comorbidities[E66.9].code", "E66.01", "a third"),
    ],
)
def test_the_change_may_be_of_the_place_itself_of_a_part_or_of_what_it_is_part_of(
    people: Draft, path: str, value: Any, words: str
) -> None:
    assert _wish(_changed(people, path, value), words).fate == "changed"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("seed", 7, "200"),
        ("count", 200, "200"),
        (f"{OBESE}.onset", {"years_before": 3}, "a third"),
        ("clinical.comorbidities[I10]", None, "a third"),
    ],
)
def test_a_change_that_leaves_what_was_said_changes_no_fate(
    people: Draft, path: str, value: Any, words: str
) -> None:
    change = {"op": "set", "path": path, "value": value}
    if value is None:
        item = {"code": "I10", "share": 0.4}
        change = {"op": "append", "path": "clinical.comorbidities", "value": item}
    new, _ = refining.refine(people, [change])

    assert _wish(new, words) == _wish(people, words)


def test_the_first_value_set_again_binds_the_words_again(people: Draft) -> None:
    once = _changed(people, f"{OBESE}.share", 0.25)
    twice = _changed(once, f"{OBESE}.share", 0.2)

    assert _wish(twice, "third").note.endswith("changed later: share 0.3333 -> 0.2")
    assert _wish(_changed(twice, f"{OBESE}.share", 0.3333), "third") == _wish(people, "third")


def test_a_change_stays_told_after_the_draft_was_stored_and_changed_elsewhere(
    people: Draft,
) -> None:
    stored = Draft.of(_changed(people, f"{OBESE}.share", 0.25).document())

    assert _wish(_changed(stored, "seed", 9), "third") == _wish(stored, "third")


def test_words_that_a_change_is_made_for_are_bound_to_what_it_sets(people: Draft) -> None:
    new = _changed(people, f"{OBESE}.share", 0.25, **{"for": "a third of them obese"})

    assert _wish(new, "a third").fate == "bound"


def test_an_answer_about_an_assumed_figure_is_no_change_of_the_words(people: Draft) -> None:
    new = _changed(people, "demographics.location.states", {"TX": 0.9, "OK": 0.1})
    wish = _wish(new, "mostly")

    assert wish.fate == "bound"
    assert "then set: TX 0.8 -> 0.9" in wish.note
    again = _changed(new, "demographics.location.states", {"OK": 1})
    assert _wish(again, "mostly").fate == "changed"


def test_other_shares_of_the_same_payers_plans_leave_the_payer_as_it_was_said() -> None:
    base = starting.start_profile("50 commercial members with gout").draft

    assert _wish(_changed(base, "coverage.plan", {"HDHP": 1}), "commercial").fate == "bound"
    medicaid = _changed(base, "coverage.plan", {"Medicaid-MCO": 1})
    assert _wish(medicaid, "commercial").fate == "changed"


def test_a_journey_that_is_removed_is_told_and_one_that_is_refined_is_not(people: Draft) -> None:
    both = journeying.start_journey(people, "a first-year diabetes journey").draft
    other = _changed(both, "journey.steps[quarter].times", 3)
    gone, _ = refining.refine(both, [{"op": "remove", "path": "journeys[diabetic-first-year]"}])

    words = next(wish.words for wish in both.wishes if wish.path.startswith("journeys"))
    assert _wish(other, words).fate == "bound"
    assert _wish(gone, words).note.endswith("changed later: removed")


ASTHMA = (
    "a year of asthma care, with attacks mostly in September and an ER visit for the worse ones"
)


def test_a_template_named_for_the_same_words_takes_the_place_of_the_empty_journey() -> None:
    base = starting.start_profile("100 children with asthma on Medicaid in Texas").draft
    first = journeying.start_journey(base, ASTHMA)
    second = journeying.start_journey(first.draft, ASTHMA, "pediatric-asthma-year").draft

    assert "near: pediatric-asthma-year" in " ".join(first.hints)
    assert [item["name"] for item in first.draft.journeys] == ["a-year-of-asthma-care"]
    assert [item["name"] for item in second.journeys] == ["pediatric-asthma-year"]
    assert lost(second.requests, second.wishes) == []
    waiting = " ".join(wish.words for wish in second.wishes if wish.fate == "open")
    assert all(word not in waiting for word in ("asthma", "attacks", "September"))
    assert "worse" in waiting


def test_an_empty_journey_of_other_words_or_with_a_step_stays_beside_the_template() -> None:
    base = starting.start_profile("100 children with asthma on Medicaid in Texas").draft
    chess = journeying.start_journey(base, "they play chess").draft
    beside = journeying.start_journey(chess, ASTHMA, "pediatric-asthma-year").draft

    step = {"do": "event", "id": "visit", "type": "encounter", "at": 0,
            "details": {"encounter_class": "office", "procedures": ["99213"]}}  # fmt: skip
    begun, _ = refining.refine(
        journeying.start_journey(base, ASTHMA).draft,
        [{"op": "append", "path": "journeys[0].phases[0].steps", "value": step}],
    )
    kept = journeying.start_journey(begun, ASTHMA, "pediatric-asthma-year").draft

    assert [len(draft.journeys) for draft in (beside, kept)] == [2, 2]
