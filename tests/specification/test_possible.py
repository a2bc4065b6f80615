"""What a condition can come to is never less than what it comes to for anybody."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthsim.specification.language.expressions import parse
from healthsim.specification.language.nodes import truth
from healthsim.specification.language.ranges import (
    ANYTHING,
    NEVER,
    Interval,
    LabelSet,
    PossibleTruths,
    ValueSet,
    can_hold,
    explain_impossible,
    narrow,
    truths_of,
)
from healthsim.tables import Coded


@dataclass
class Some:
    """A world of a few names, and of functions by what they are asked."""

    names: dict[str, ValueSet] = field(default_factory=dict)
    calls: dict[str, ValueSet] = field(default_factory=dict)

    def name(self, name: str) -> ValueSet:
        return self.names.get(name, ANYTHING)

    def call(self, function: str, argument: str) -> ValueSet:
        return self.calls.get(f"{function}({argument!r})", ANYTHING)


WORLD = Some(
    {
        "age": Interval(65, 95, missing=False),
        "bmi": Interval(20, 40),
        "dose": Interval(5, 5, missing=False),
        "gender": LabelSet(frozenset({"F"}), missing=False),
        "plan": LabelSet(frozenset({"HMO", "PPO"})),
        "growing": Interval(3, math.inf),
        "never": NEVER,
    },
    {
        "has('E11')": PossibleTruths(yes=False, no=True, unknown=False),
        "has('I10')": PossibleTruths(yes=True, no=True, unknown=False),
        "last('4548-4')": Interval(5, 13),
        "days_since('x')": NEVER,
    },
)
CASES = [
    # condition, can be true, can be false, can be unknown
    ("age >= 65", True, False, False),
    ("age > 95", False, True, False),
    ("age < 65", False, True, False),
    ("age <= 65", True, True, False),
    ("60 < age <= 64", False, True, False),
    ("age == 70", True, True, False),
    ("age != 120", True, False, False),
    ("age in [1, 2, 200]", False, True, False),
    ("age not in [1, 2]", True, False, False),
    ("dose == 5", True, False, False),
    ("dose in [4, 5]", True, False, False),
    ("bmi > 40", False, True, True),
    ("bmi + age > 135.1", False, True, True),
    ("bmi + age > 134", True, True, True),
    ("bmi / age > 0.7", False, True, True),
    ("age * 0 > 1", False, True, False),
    ("age / (dose - 5) > 1000", True, True, True),
    ("max(bmi, age) < 64.9", False, True, True),
    ("min(bmi, dose) > 5.1", False, True, True),
    ("abs(0 - age) < 60", False, True, False),
    ("-age > 0", False, True, False),
    ("growing > 1000000", True, True, True),
    ("growing < 3", False, True, True),
    ("gender == 'M'", False, True, False),
    ("gender != 'M'", True, False, False),
    ("gender in ['M', 'F']", True, False, False),
    ("plan == 'HMO'", True, True, True),
    ("plan == 'EPO'", False, True, True),
    ("plan in ['EPO', 'POS']", False, True, True),
    ("has('E11')", False, True, False),
    ("not has('E11')", True, False, False),
    ("has('I10') and not has('I10')", True, True, False),
    ("has('E11') or age > 90", True, True, False),
    ("age > 80 and age < 70", False, True, False),
    ("age > 80 and (age < 85 or gender == 'M')", True, True, False),
    ("gender == 'F' and gender == 'M'", False, True, False),
    ("bmi > 30 and bmi in [21, 22]", False, True, True),
    ("last('4548-4') > 8 and last('4548-4') < 7", False, True, True),
    ("last('4548-4') > 14", False, True, True),
    ("days_since('x') < 30", False, False, True),
    ("never > 3 or age >= 65", True, False, True),
    ("unheard > 3", True, True, True),
    ("unheard == 'a' and age > 200", False, True, True),
    ("True", True, False, False),
    ("not (False or False)", True, False, False),
]


@pytest.mark.parametrize(("text", "yes", "no", "unknown"), CASES, ids=[case[0] for case in CASES])
def test_a_condition_can_be_what_its_names_can_be(
    text: str, yes: bool, no: bool, unknown: bool
) -> None:
    found = truths_of(parse(text).root, WORLD)

    assert found.yes is yes
    assert found.no or not no
    assert found.unknown or not unknown
    if not no and "or" not in text and "*" not in text:
        assert not found.no


def test_what_holds_for_some_narrows_what_can_hold_for_them() -> None:
    old = narrow(parse("age >= 80 and plan == 'HMO'").root, WORLD)

    assert not can_hold(parse("age < 75").root, old)
    assert not can_hold(parse("plan == 'PPO'").root, old)
    assert can_hold(parse("age < 85").root, old)
    assert can_hold(parse("age < 75").root, WORLD)


def test_why_a_condition_is_never_true_is_said_of_the_part_that_is_not() -> None:
    assert explain_impossible(parse("age > 99 and has('I10')").root, WORLD) == "age is 65 to 95"
    assert explain_impossible(parse("has('E11')").root, WORLD) == "has('E11') is never true"
    assert explain_impossible(parse("gender == 'M'").root, WORLD) == "gender is F"
    assert (
        explain_impossible(parse("days_since('x') < 3").root, WORLD)
        == "days_since('x') never has a value"
    )


NUMBERS = st.sampled_from([-2.0, 0.0, 1.0, 1.5, 3.0, 10.0])
OPERANDS = st.one_of(
    st.sampled_from(["a", "b"]), NUMBERS.map(str),
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from("+-*/"),
              st.sampled_from(["a", "b", "2", "-1"])).map(" ".join),
    st.tuples(st.sampled_from(["min", "max"]), st.sampled_from(["a", "3"])).map(
        lambda pair: f"{pair[0]}({pair[1]}, b)"),
)  # fmt: skip
LEAVES = st.one_of(
    st.tuples(OPERANDS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), OPERANDS).map(
        " ".join
    ),
    st.sampled_from(["t == 'x'", "t != 'x'", "t in ['x', 'z']", "t not in ['y']", "t == s",
                     "a in [1, 3]", "b not in [0, 10]", "has('E11')"]),
)  # fmt: skip
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        inner.map(lambda part: f"not ({part})"),
    ),
    max_leaves=6,
)


@dataclass
class One:
    """One person: what each name is; NaN and None are missing."""

    values: dict[str, Any]
    size: int = 1

    def name(self, name: str) -> Any:
        value = self.values[name]
        return np.array([value]) if isinstance(value, float) else Coded.of([value])

    def call(self, function: str, argument: str) -> Any:
        return np.array([self.values["has"]])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Some, One]:
    """A world, and somebody who lives in it."""
    names: dict[str, ValueSet] = {}
    values: dict[str, Any] = {}
    for name in ("a", "b"):
        low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
        missing = draw(st.booleans())
        names[name] = Interval(low, high, missing)
        values[name] = math.nan if missing and draw(st.booleans()) else draw(
            st.floats(low, high, allow_nan=False))  # fmt: skip
    for name in ("t", "s"):
        texts = draw(st.sets(st.sampled_from("xyz"), min_size=1))
        missing = draw(st.booleans())
        names[name] = LabelSet(frozenset(texts), missing)
        values[name] = None if missing and draw(st.booleans()) else draw(
            st.sampled_from(sorted(texts)))  # fmt: skip
    has = draw(st.booleans())
    values["has"] = has
    verdicts = PossibleTruths(yes=has or draw(st.booleans()), no=not has or draw(st.booleans()),
                       unknown=False)  # fmt: skip
    return Some(names, {"has('E11')": verdicts}), One(values)


@pytest.mark.slow
@given(worlds(), CONDITIONS)
def test_nobody_is_what_was_said_to_be_impossible(pair: tuple[Some, One], text: str) -> None:
    world, person = pair
    root = parse(text).root
    found, really = truths_of(root, world), truth(root, person)

    assert found.yes or not really.yes.all()
    assert found.no or not really.no.all()
    assert found.unknown or (really.yes | really.no).all()


@pytest.mark.slow
@given(worlds(), CONDITIONS, CONDITIONS)
def test_somebody_for_whom_a_condition_holds_lives_in_its_narrowed_world(
    pair: tuple[Some, One], first: str, second: str
) -> None:
    world, person = pair
    one, other = parse(first).root, parse(second).root
    if truth(one, person).yes.all() and truth(other, person).yes.all():
        assert can_hold(other, narrow(one, world))
