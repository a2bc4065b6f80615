"""Ten to 75 times the random journeys, calls, changes and faults of `make test`: `make proofs`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from execution import test_one_by_one
from execution.journeys import journeys
from specification import test_check, test_every_key
from tools import test_fuzz


def _more(test: Callable[..., Any], examples: int, *strategies: Any) -> Callable[..., Any]:
    """Let a test of `make test` try more examples."""
    many = settings(max_examples=examples, deadline=None, derandomize=True,
                    suppress_health_check=list(HealthCheck))  # fmt: skip
    return many(given(*strategies)(test.hypothesis.inner_test))  # type: ignore[attr-defined]


test_every_person_walks_as_if_alone = _more(
    test_one_by_one.test_every_person_walks_as_if_alone, 600, journeys()
)
test_who_shares_a_chunk_changes_nothing = _more(
    test_one_by_one.test_who_shares_a_chunk_changes_nothing,
    60,
    journeys(most=5),
    st.sampled_from([1, 4, 9]),
)
test_no_call_fails_inside = _more(test_fuzz.test_no_call_fails_inside, 240, test_fuzz.calls)
test_any_change_is_made_or_refused_in_words = _more(
    test_fuzz.test_any_change_is_made_or_refused_in_words, 1000, *test_fuzz.CHANGES
)
test_a_document_with_random_faults_is_accepted_or_refused_and_nothing_else = _more(
    test_check.test_a_document_with_random_faults_is_accepted_or_refused_and_nothing_else,
    2500,
    test_check.broken(),
)
test_a_broken_key_is_refused_in_words_or_gives_rows_without_nonsense = _more(
    test_every_key.test_a_broken_key_is_refused_in_words_or_gives_rows_without_nonsense,
    1000,
    test_every_key.broken(),
)
