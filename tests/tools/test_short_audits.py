"""An audit names what was not judged once for each reason, and every judged figure by itself."""

from __future__ import annotations

from typing import Any

from healthsim.tools.querying import _shorter, _without_spreads

JUDGED = ["age: mean", 40, 41, 38, 43, True]
SEEN = ["lab: mean", "not judged: it depends on the day", 93.1, None, None, None]


def _unseen(name: str, reason: str = "born") -> list[Any]:
    return [name, f"not judged: {reason}", None, None, None, None]


def test_many_figures_that_have_no_verdict_for_one_reason_have_one_row() -> None:
    unseen = [_unseen(f"condition {number}") for number in range(9)]

    assert _shorter([JUDGED, *unseen, SEEN]) == [
        JUDGED,
        SEEN,
        ["9 figures: condition 0; condition 1; condition 2; condition 3; …", "not judged: born",
         None, None, None, None],
    ]  # fmt: skip


def test_a_few_figures_and_those_of_other_reasons_keep_their_rows() -> None:
    few = [_unseen("a"), _unseen("b"), _unseen("c"), _unseen("d", "other")]

    assert _shorter([JUDGED, *few]) == [JUDGED, *few]


def test_a_figure_that_was_seen_keeps_its_row_whatever_the_reason() -> None:
    seen = [[name, *SEEN[1:]] for name in "abcdef"]

    assert _shorter(seen) == seen


def test_a_spread_that_fits_is_counted_and_one_that_is_off_keeps_its_row() -> None:
    fits = ["age: standard deviation", 9, 9.1, 8, 10, True]
    oldest = ["age: oldest", 90, 90, None, 90, True]
    off = ["a1c, standard deviation", 2, 9.1, 1, 3, False]

    assert _without_spreads([JUDGED, fits, oldest, off, SEEN]) == (
        [JUDGED, off, SEEN], "2 spreads that fit are not listed"
    )  # fmt: skip
    assert _without_spreads([JUDGED]) == ([JUDGED], "")
