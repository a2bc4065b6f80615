"""Codes that say more of a condition: by the table of sides, and by a few pairs besides."""

from __future__ import annotations

import pytest

from healthsim.codes.diagnoses import icd10cm
from healthsim.codes.exact_codes import _sides, exact_pairs, says_more
from healthsim.codes.icd10cm import mutually_exclusive


@pytest.mark.parametrize(
    ("vague", "exact"),
    [("I25.10", "I25.118"), ("I25.119", "I25.110"), ("H25.10", "H25.11"), ("H25.11", "H25.13"),
     ("H25.10", "H25.13"), ("M16.31", "M16.2"), ("M17.10", "M17.0"), ("C50.919", "C50.912"),
     ("I83.90", "I83.91"), ("M75.100", "M75.102"), ("G56.01", "G56.03"), ("H90.5", "H90.3")],
)  # fmt: skip
def test_a_code_that_says_more_excludes_the_one_that_says_less(vague: str, exact: str) -> None:
    assert says_more(exact, vague)
    assert not says_more(vague, exact)
    assert mutually_exclusive(vague, exact)


@pytest.mark.parametrize(
    ("one", "other"),
    [("H25.11", "H25.12"), ("C50.911", "C50.912"), ("M17.11", "M16.0"), ("M17.11", "M17.11"),
     ("H25.10", "H25.23"), ("E11.9", "I10")],
)  # fmt: skip
def test_two_sides_and_two_conditions_go_together(one: str, other: str) -> None:
    assert not says_more(one, other)
    assert not says_more(other, one)


def test_pairs_of_some_codes_are_those_of_which_one_says_more() -> None:
    codes = ["I10", "M17.11", "I25.118", "M17.0", "I25.10", "H25.11", "H25.12"]

    assert [*exact_pairs(codes)] == [("I25.10", "I25.118"), ("M17.11", "M17.0")]


@pytest.mark.slow
def test_a_line_of_the_table_of_sides_has_codes_of_one_category_that_exist() -> None:
    book = icd10cm()
    for code, (family, _) in _sides().items():
        assert code in book.codes
        assert family.count(code[:3]) == family.count(".")
