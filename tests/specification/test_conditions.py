import contextlib
import itertools
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from healthsim.specification.language.expressions import (
    NUMBER,
    TEXT,
    BadExpression,
    Condition,
    parse,
    type_problems,
)
from healthsim.tables import Coded

NAN = float("nan")


@dataclass
class People:
    """A scope made of plain columns."""

    size: int
    columns: dict[str, object] = field(default_factory=dict)
    answers: dict[tuple[str, str], object] = field(default_factory=dict)

    def name(self, name):
        column = self.columns[name]
        return column if isinstance(column, Coded) else np.array(column, dtype=np.float64)

    def call(self, function, argument):
        return np.array(self.answers[function, argument])


FOUR = People(
    4,
    {
        "age": [30, 65, 80, NAN],
        "bmi": [22.5, 31.0, NAN, 40.0],
        "gender": Coded.of(["F", "M", "F", None]),
        "sex": Coded.of(["M", "M", "F", "F"]),
        "steps": [0, 1, 2, 3],
    },
    {
        ("has", "E11"): [True, False, True, False],
        ("last", "4548-4"): [7.1, NAN, 9.0, 8.0],
        ("count", "visit"): [0.0, 1.0, 2.0, 3.0],
    },
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age >= 65", [0, 1, 1, 0]),
        ("not age >= 65", [1, 0, 0, 0]),
        ("30 < age <= 80", [0, 1, 1, 0]),
        ("age >= 65 and bmi > 30", [0, 1, 0, 0]),
        ("age >= 65 or bmi > 30", [0, 1, 1, 1]),
        ("gender == 'F'", [1, 0, 1, 0]),
        ("gender != 'F'", [0, 1, 0, 0]),
        ("'F' == gender", [1, 0, 1, 0]),
        ("gender in ['F', 'X']", [1, 0, 1, 0]),
        ("gender not in ('F', 'X')", [0, 1, 0, 0]),
        ("gender == sex", [0, 1, 1, 0]),
        ("gender != sex", [1, 0, 0, 0]),
        ("steps in [1, 3]", [0, 1, 0, 1]),
        ("-steps in [-1]", [0, 1, 0, 0]),
        ("has('E11')", [1, 0, 1, 0]),
        ("has('E11') and last('4548-4') > 8", [0, 0, 1, 0]),
        ("has('E11') == (age < 65)", [1, 1, 0, 0]),
        ("(has('E11') == True) != False", [1, 0, 1, 0]),
        ("count('visit') >= 2", [0, 0, 1, 1]),
        ("bmi * 2 - 1 > 60", [0, 1, 0, 1]),
        ("max(steps, 2) == 2", [1, 1, 1, 0]),
        ("min(age, bmi, 31) == 31", [0, 1, 0, 0]),
        ("abs(steps - 2) <= 1", [0, 1, 1, 1]),
        ("1 / steps > 0", [0, 1, 1, 1]),
        ("not 1 / steps > 0", [0, 0, 0, 0]),
        ("True", [1, 1, 1, 1]),
        ("not True or 'a' == 'b'", [0, 0, 0, 0]),
        ("  age\n  >= 65 ", [0, 1, 1, 0]),
    ],
)
def test_a_condition_holds_for_these_people(text, expected):
    assert parse(text).holds(FOUR).tolist() == [bool(one) for one in expected]


TRUTHS = {"yes": "age > 0", "no": "age < 0", "unknown": "bmi > 0"}
ONE = People(1, {"age": [1], "bmi": [NAN]})


def _outcome(text):
    """Tell the three values apart: unknown is what neither holds nor holds negated."""
    if parse(text).holds(ONE)[0]:
        return "yes"
    return "no" if parse(f"not ({text})").holds(ONE)[0] else "unknown"


def test_truth_has_three_values_as_in_sql():
    def both(one, other):
        return "no" if "no" in (one, other) else max(one, other, key=["yes", "unknown"].index)

    def either(one, other):
        if "yes" in (one, other):
            return "yes"
        return max(one, other, key=["no", "unknown"].index)

    for one, other in itertools.product(TRUTHS, repeat=2):
        left, right = TRUTHS[one], TRUTHS[other]
        assert _outcome(f"{left} and {right}") == both(one, other)
        assert _outcome(f"{left} or {right}") == either(one, other)


def test_calculated_numbers_are_compared_as_they_are_written():
    people = People(1, {"a": [0.1], "b": [0.2], "c": [0.3]})

    assert parse("a + b == c").holds(people).all()
    assert parse("a + b == 0.3").holds(people).all()
    assert parse("a + b in [0.3]").holds(people).all()
    assert not parse("a + b > c").holds(people).any()


def test_a_formula_is_missing_where_it_cannot_be_calculated():
    found = parse("5.5 + 0.03 * (bmi - 25) / steps").numbers(FOUR)

    assert np.isnan(found[[0, 2]]).all()
    assert found[[1, 3]] == pytest.approx([5.68, 5.65])


def test_a_formula_without_names_gives_everyone_its_number():
    assert parse("2 * 3").numbers(FOUR).tolist() == [6, 6, 6, 6]


def test_an_overflow_is_missing_and_warns_nobody():
    assert np.isnan(parse(" * ".join(["1e15"] * 30)).numbers(FOUR)).all()


def test_an_expression_tells_what_it_needs():
    found = parse("age > 3 and has('E11') and max(age, bmi) < last('4548-4')")

    assert found.names == {"age", "bmi"}
    assert found.calls == {("has", "E11"), ("last", "4548-4")}


def test_expressions_are_equal_by_text():
    assert parse("age > 3 ") == parse("age > 3")
    assert len({parse("age > 3"), parse(" age > 3"), parse("age>3")}) == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("age ** 2 > 3", "uses **; use + - * /"),
        ("age % 2 == 0", "uses %"),
        ("age // 2 == 0", "uses //"),
        ("age >", "cannot be read; write something like"),
        ("age = 3", "compare with =="),
        ("age > 3 && age < 5", "join with the words and, or, not"),
        ("age > 3 # grown", "has a comment"),
        ("age is 3", "uses 'is'; use == or !="),
        ("'\\d' == 'a'", "has a backslash"),
        ("age.real > 3", "not part of the language"),
        ("age[0] > 3", "not part of the language"),
        ("(lambda: 1)()", "is not a function"),
        ("__import__('os')", "'__import__' is not a function"),
        ("hass('E11')", "did you mean 'has'?"),
        ("has(E11)", "does not have exactly one text in quotes; write has('…')"),
        ("has('E11', 'E10')", "exactly one text"),
        ("has('')", "exactly one text"),
        ("has(x='E11')", "exactly one text"),
        ("has > 3", "'has' is a function without its argument"),
        ("min(age) > 3", "two or more numbers"),
        ("abs(age, 3) > 3", "give one number"),
        ("max(*age, 3) > 3", "not part of the language"),
        ("(x := 3) > 2", "not part of the language"),
        ("f'{age}' == 'a'", "not part of the language"),
        ("[1, 2] == 3", "not part of the language"),
        ("3 if age else 4", "not part of the language"),
        ("gender in 'MF'", "is not a list"),
        ("gender in []", "mixes texts, numbers or other values"),
        ("gender in ['M', 1]", "mixes texts, numbers or other values"),
        ("gender in [True]", "mixes texts, numbers or other values"),
        ("1 < age in [3]", "chains 'in'"),
        ("smoker == true", "write True"),
        ("smoker == None", "not a number or a text"),
        ("age > 3j", "not a number or a text"),
        ("age > 1e16", "beyond 1e15"),
        ("age > 1e999", "beyond 1e15"),
        ("age > " + "9" * 400, "beyond 1e15"),
        ("+age > 3", "before a value"),
        ("a" * 501, "501 characters, more than 500"),
        ("(" * 220 + "1" + ")" * 220, "cannot be read"),
        ("a" + ".a" * 240, "not part of the language"),
        ("-" * 400 + "age", "nested more than 40 deep"),
        ("not " * 100 + "age", "nested more than 40 deep"),
        ("age > 3\0", "cannot be read"),
        ("city == '\ud800'", "cannot be read"),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_a_remedy(text, part):
    with pytest.raises(BadExpression, match="; ") as caught:
        parse(text)
    assert part in str(caught.value)
    assert caught.value.mend


WORDS = st.sampled_from(
    ["age", "bmi", "1", "2.5", "'F'", "has('x')", "and", "or", "not", "in", "(", ")", "[", "]",
     ",", "<", "==", "+", "-", "*", "/", "**", "1e400", "lambda", ":", "#", "if", "is", "\n", "f''"]
)  # fmt: skip


@pytest.mark.slow
@given(st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=25).map(" ".join)))
def test_any_text_at_all_is_read_or_refused_as_a_bad_expression(text):
    found = None
    with warnings.catch_warnings(), contextlib.suppress(BadExpression):
        warnings.simplefilter("ignore")  # Python's own tokenizer on things like 1or 2
        found = parse(text)
    for work in (found.holds, found.numbers) if found else ():
        # names and kinds are examined before anything is worked out
        with contextlib.suppress(BadExpression, KeyError):
            assert work(FOUR).shape == (4,)


def test_chained_comparisons_do_not_multiply_the_work():
    asked = []

    class Counting(People):
        def name(self, name):
            asked.append(name)
            return super().name(name)

    text = "age > 0"
    for _ in range(15):
        text = f"(True == ({text}) == True)"
    assert parse(text).holds(Counting(1, {"age": [1]})).all()
    assert len(asked) == 1


KINDS = {
    "age": NUMBER,
    "bmi": NUMBER,
    "gender": ("F", "M"),
    "control": ("controlled", "uncontrolled"),
    "city": TEXT,
}


def _known_code(argument):
    return None if argument in ("E11", "I10") else f"no code begins with {argument!r}; use E11"


CHECKS = {"has": _known_code, "last": lambda _: None, "count": lambda _: None}


def _examine(text, want="truth"):
    return type_problems(parse(text), kinds=KINDS, functions=CHECKS, want=want)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("age >= 65 and gender == 'F' and not has('E11')", "truth"),
        ("control in ['controlled'] or city == 'Austin'", "truth"),
        ("1 < age <= 2 and city != control", "truth"),
        ("has('E11') == True", "truth"),
        ("5.5 + 0.03 * (bmi - 25) + count('visit')", "number"),
    ],
)
def test_a_sound_expression_has_no_problems(text, want):
    assert _examine(text, want) == []


@pytest.mark.parametrize(
    ("text", "want", "found", "mend"),
    [
        ("agee > 3", "truth", "'agee' is not a known name", "did you mean 'age'?"),
        (
            "control == 'uncontroled'",
            "truth",
            "'uncontroled' is not a value of control",
            "did you mean 'uncontrolled'?",
        ),
        ("gender in ['F', 'W']", "truth", "'W' is not a value of gender", "known: F, M"),
        ("'X' != gender", "truth", "'X' is not a value of gender", "known: F, M"),
        ("gender == control", "truth", "gender and control share no value", "other names"),
        ("age == '65'", "truth", "age is a number and '65' is text", "numbers with numbers"),
        ("age in ['65']", "truth", "age is a number and the list holds texts", "own kind"),
        ("gender in [1]", "truth", "gender is text and the list holds numbers", "own kind"),
        ("has('E11') in [1]", "truth", "has('E11') is true or false", "own kind"),
        ("gender > 'F'", "truth", "only numbers have an order", "use =="),
        ("has('E11') > has('I10')", "truth", "only numbers have an order", "use =="),
        ("city + 1 > 2", "truth", "city is text, not a number", "only with numbers"),
        ("age and has('E11')", "truth", "age is a number, not true or false", "with and"),
        ("not age", "truth", "age is a number, not true or false", "with not"),
        ("age + 1", "truth", "age + 1 is a number, not true or false", "compare it"),
        ("age > 1", "number", "age > 1 is true or false, not a number", "calculate"),
        ("has('E12')", "truth", "no code begins with 'E12'", "use E11"),
        ("takes('metformin')", "truth", "takes() cannot be used here", "known: has, count, last"),
    ],
)
def test_a_fault_is_found_with_a_remedy(text, want, found, mend):
    problems = _examine(text, want)

    assert len(problems) == 1
    assert found in problems[0][0]
    assert mend in problems[0][1]


def test_every_fault_is_found_once_and_none_follows_from_another():
    found = [found for found, _ in _examine("agee > '3' and agee + gendr > 4 or gender == 'f'")]

    assert found == [
        "'agee' is not a known name",
        "'gendr' is not a known name",
        "'f' is not a value of gender",
    ]


class Step(BaseModel):
    when: Condition


def test_a_condition_is_a_field_that_keeps_its_text():
    step = Step.model_validate({"when": " age > 3"})

    assert step.model_dump_json() == '{"when":"age > 3"}'
    assert Step.model_validate_json(step.model_dump_json()) == step
    assert Step.model_json_schema()["properties"]["when"]["type"] == "string"


@pytest.mark.parametrize("value", [3, None, True, ["age"], "age >"])
def test_a_field_refuses_what_is_no_condition(value):
    with pytest.raises(ValueError, match="; "):
        Step.model_validate({"when": value})
