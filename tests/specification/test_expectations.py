"""Expectations are read at the door: a small grammar, near matches, no room for code."""

from __future__ import annotations

import contextlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from execution.running import diabetic, first_year
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.specification.expectations import ExpectedFigure, read_expectation
from healthsim.specification.language.expressions import BadExpression

GOOD = [
    "share(last('4548-4') < 8 where has('E11')) between 0.6 and 0.8",
    "share(a1c <= 7 or not (a1c > 6 and takes('metformin'))) <= 0.5",
    "count(claims) >= count(encounters)",
    "count(claims where form == '837I') > 0",
    "count(encounters) / count(patients) between 3.5 and 5",
    "0.5 * count(encounters)/count(patients) < 10",
    "sum(claims.plan_paid_usd where claim_status == 'paid') > 0",
    "mean(lab_results.value where loinc == '4548-4') between 6 and 8",
    "count(encounters where start_at >= 20250601 and start_at < 20250701) >= 0",
    "share(happened('initial_visit')) == 1",
    "share(happened('a where b')) < 1",
]

BAD = [
    # text, what the error must hold
    ("", "empty"),
    ("count(claims)", "has no comparison"),
    ("count(claims) > ", "is not a figure"),
    ("count(claims) = 3", "is not a comparison"),
    ("count(claims) != 3", "is not a comparison"),
    ("count(claims) > 1 > 0", "more than one comparison"),
    ("counts(claims) > 1", "did you mean 'count'"),
    ("claims > 1", "write a number or one of share"),
    ("5 > 3", "uses no figure"),
    ("count(claims > 1", "no closing parenthesis"),
    ("share() > 0.5", "does not say of whom"),
    ("share(age >) > 0.5", "cannot be read"),
    ("share(__import__('os').system('x')) > 0", "not a function"),
    ("count(claims.form) > 0", "does not name its table"),
    ("mean(lab_results) > 0", "does not name its table and column"),
    ("share(age > 5) between 0.8", "no second bound"),
    ("share(age > 5) between 0.8 and 0.2", "swap the bounds"),
    ("share(age > 5 where ) > 0", "cannot be read"),
    ("share(age > 5) > 0; count(claims) > 0", "more than one comparison"),
    ("count(claims) > " + "1" * 600, "characters"),
]


@pytest.mark.parametrize("text", [text for text in GOOD if "a where b" not in text])
def test_what_the_grammar_has_is_read_and_kept_as_written(text: str) -> None:
    read = read_expectation(text)
    profile = diabetic()
    job = prepare(profile, [first_year() | {"expectations": [text]}]) if "form ==" in text else None

    assert str(read) == text
    assert job is None or text in job.journey_texts[0]


def test_where_inside_of_quotes_parts_nothing() -> None:
    (figure,) = read_expectation("share(happened('a where b')) < 1").figures()

    assert figure.among is None


@pytest.mark.parametrize(("text", "piece"), BAD)
def test_what_the_grammar_lacks_is_refused_with_the_mend(text: str, piece: str) -> None:
    with pytest.raises(BadExpression) as caught:
        read_expectation(text)

    assert piece in str(caught.value)
    assert caught.value.mend


@pytest.mark.slow
@given(st.text(alphabet="share(count)sum.mean<>= between and where'\"10*/,x", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadExpression):
        assert list(read_expectation(text).figures())


WRONG = [
    # expectation, words of the problem
    ("count(claim) > 1", ("unknown table 'claim'", "'claims'")),
    ("sum(claims.paid_usd) > 1", ("no column 'paid_usd'", "'plan_paid_usd'")),
    ("sum(claims.person_id) > 1", ("cannot be added up", "plan_paid_usd")),
    ("mean(claims.form) > 1", ("cannot be added up", "plan_paid_usd")),
    ("count(claims where from == '837I') > 1", ("from",)),
    ("count(claims where forms == '837I') > 1", ("'forms' is not a known name", "'form'")),
    ("count(claims where form > '837I') > 1", ("only numbers have an order",)),
    ("count(claims where has('E11')) > 1", ("rows of a table have none", "share")),
    ("share(happened('initial_visitt')) > 0.5", ("initial_visitt", "'initial_visit'")),
    ("share(has('E1X')) > 0.5", ("E1X", "known")),
    ("share(agee > 3) > 0.5", ("'agee' is not a known name", "'age'")),
    ("share(age > 3 where controll == 'poor') > 0.5", ("controll", "'control'")),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
@pytest.mark.parametrize("holder", ["profile", "journey"])
def test_names_that_a_run_would_not_have_are_refused(
    text: str, words: tuple[str, ...], holder: str
) -> None:
    expected = {"expectations": [text]}
    profile = diabetic(**(expected if holder == "profile" else {}))
    journey = first_year() | (expected if holder == "journey" else {})
    with pytest.raises(SpecError) as caught:
        prepare(profile, [journey])

    assert "expectations[0]" in str(caught.value)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_table_of_a_product_that_is_left_out_is_refused() -> None:
    profile = diabetic(products=["patientsim"], expectations=["count(claims) > 0"])
    with pytest.raises(SpecError) as caught:
        prepare(profile)

    assert "membersim, which products leaves out" in str(caught.value)


def test_figures_are_compared_exactly() -> None:
    asked = read_expectation("count(claims) / count(patients) == 0.1")
    claims, patients = asked.figures()

    assert asked.judge("here", {claims: Fraction(1), patients: Fraction(10)}).met
    assert not asked.judge("here", {claims: Fraction(3), patients: Fraction(29)}).met


def test_what_cannot_be_computed_says_so_and_is_not_met() -> None:
    asked = read_expectation("share(age > 3 where age < 0) < 2")
    (figure,) = asked.figures()
    judged = asked.judge("here", {figure: figure.value((0, 0))})

    assert (judged.got, judged.met) == (None, False)
    assert "cannot be computed" in judged.expected


def test_two_figures_are_one_where_their_texts_are() -> None:
    one, two = read_expectation("count(claims) == count(claims)").figures()

    assert one == two == ExpectedFigure("count(claims)", "count")
