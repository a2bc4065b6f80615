"""Expectations: what should be true of a run's rows, parsed before the run and compared after it.

``share(last('4548-4') < 8 where has('E11')) between 0.6 and 0.8``,
``count(claims) >= count(encounters)``, ``count(encounters) / count(patients) between 3 and 5``.

A figure is two whole numbers that every chunk of people adds to; they are compared as fractions,
so that neither the order nor the size of chunks can change the result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Literal, NoReturn, TypeAlias

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from healthsim.errors import near
from healthsim.specification.language.expressions import LONGEST, BadExpression, Expression, parse

Function: TypeAlias = Literal["share", "count", "sum", "mean"]
FUNCTIONS: tuple[Function, ...] = ("share", "count", "sum", "mean")
_COMPARISONS = ("<=", ">=", "==", "<", ">", "between")
_EXAMPLE = "write something like: share(happened('visit')) between 0.6 and 0.8"
_SHOWN = 6  # decimals of a figure that is shown

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE]-?[0-9]{1,2})?")
_WORD = re.compile(r"[A-Za-z_]\w*")
_SIGN = re.compile(r"<=|>=|==|!=|<|>|=|\*|/")
_OF_TABLE = re.compile(r"([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?")


@dataclass(frozen=True, slots=True)
class ExpectedFigure:
    """One figure of a run. Two are equal when their texts are.

    Attributes:
        text: as written.
        holds: condition of `share`: true for the people who are counted.
        among: condition after `where`, on people or on rows of the table.
        table, column: of the other functions; `count` has no column.
    """

    text: str
    function: Function = field(compare=False)
    holds: Expression | None = field(compare=False, default=None)
    among: Expression | None = field(compare=False, default=None)
    table: str = field(compare=False, default="")
    column: str = field(compare=False, default="")

    def value(self, tally: tuple[int, int], scale: int = 1) -> Fraction | None:
        """Return the value of a tally; None where it would be divided by zero.

        Args:
            tally: (what was counted or summed, scaled; of how many people or rows).
            scale: what one unit of a summed column was multiplied by.
        """
        total, among = tally
        if self.function == "count":
            return Fraction(total)
        if self.function == "sum":
            return Fraction(total, scale)
        return Fraction(total, among * scale) if among else None


Factor: TypeAlias = ExpectedFigure | Fraction


@dataclass(frozen=True, slots=True)
class FigureProduct:
    """Figures and numbers, multiplied and divided from left to right."""

    factors: tuple[Factor, ...]
    signs: tuple[str, ...]
    text: str

    def value(self, values: Mapping[ExpectedFigure, Fraction | None]) -> Fraction | None:
        """Return its value; None where a figure has none or is divided by zero."""
        total: Fraction | None = None
        for sign, factor in zip(("*", *self.signs), self.factors, strict=True):
            value = values[factor] if isinstance(factor, ExpectedFigure) else factor
            if value is None or (sign == "/" and value == 0):
                return None
            total = value if total is None else total * value if sign == "*" else total / value
        return total


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """The result of one expectation.

    Attributes:
        where: its path.
        expected: the value of its right side.
        got: the value of its left side; None where it cannot be computed.
    """

    where: str
    text: str
    expected: str
    got: float | None
    met: bool

    def plain(self) -> dict[str, str | float | bool | None]:
        """Return it as plain data, as a manifest stores it."""
        return {"where": self.where, "expectation": self.text, "expected": self.expected,
                "got": self.got, "met": self.met}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ParsedExpectation:
    """A parsed expectation. Two are equal when their texts are.

    Attributes:
        operator: < <= > >= == or between.
        right: one product, or the two bounds of `between`, both included.
    """

    text: str
    left: FigureProduct = field(compare=False)
    operator: str = field(compare=False)
    right: tuple[FigureProduct, ...] = field(compare=False)

    def __str__(self) -> str:
        return self.text

    def figures(self) -> Iterator[ExpectedFigure]:
        """Yield the figures that it uses."""
        for product in (self.left, *self.right):
            yield from (factor for factor in product.factors if isinstance(factor, ExpectedFigure))

    def judge(
        self, where: str, values: Mapping[ExpectedFigure, Fraction | None]
    ) -> ExpectationResult:
        """Compare the figures of a run; an expectation that cannot be computed is not met."""
        got, bounds = self.left.value(values), [product.value(values) for product in self.right]
        sides = zip(self.right, bounds, strict=True)
        texts = [_bound_text(product, bound) for product, bound in sides]
        expected = f"{self.operator} {' and '.join(texts)}"
        if got is None:
            expected += "; it cannot be computed: there is nothing to divide by"
        shown = None if got is None else round(float(got), _SHOWN)
        return ExpectationResult(
            where, self.text, expected, shown, _holds(self.operator, got, bounds)
        )


def _bound_text(product: FigureProduct, value: Fraction | None) -> str:
    if _is_constant(product):
        return product.text
    number = "nothing" if value is None else f"{round(float(value), _SHOWN):.15g}"
    return f"{number} ({product.text})"


def _holds(operator: str, got: Fraction | None, bounds: Sequence[Fraction | None]) -> bool:
    if got is None or None in bounds:
        return False
    first, *others = [bound for bound in bounds if bound is not None]
    if operator == "between":
        return first <= got <= others[0]
    return {
        "<": got < first, "<=": got <= first, ">": got > first, ">=": got >= first,
        "==": got == first,
    }[operator]  # fmt: skip


def read_expectation(text: str) -> ParsedExpectation:
    """Parse one expectation.

    Raises:
        BadExpression: it uses what is not part of the grammar.

    >>> read_expectation("count(claims) >= count(encounters)").operator
    '>='
    """
    text = " ".join(text.split())
    if not text:
        raise BadExpression("the expectation is empty", _EXAMPLE)
    if len(text) > LONGEST:
        raise BadExpression(
            f"the expectation has {len(text)} characters, more than {LONGEST}", "split it in two"
        )
    expectation = _Reader(text).expectation()
    if not list(expectation.figures()):
        raise BadExpression(f"{text!r} uses no figure", _EXAMPLE)
    return expectation


class _Reader:
    """Reads an expectation from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def expectation(self) -> ParsedExpectation:
        left = self.product()
        operator = self.operator()
        right = [self.product()]
        if operator == "between":
            if self.taken(_WORD) != "and":
                raise BadExpression("between has no second bound", "write between 0.6 and 0.8")
            right.append(self.product())
        if self.rest():
            self.refuse("is more than one comparison", "split it into several expectations")
        self.ordered(operator, right)
        return ParsedExpectation(self.text, left, operator, tuple(right))

    def ordered(self, operator: str, right: list[FigureProduct]) -> None:
        """Refuse bounds that are in the wrong order."""
        low, high = (
            bound.value({}) if _is_constant(bound) else None for bound in (right[0], right[-1])
        )
        if operator == "between" and low is not None and high is not None and low > high:
            found = f"no number is between {float(low):g} and {float(high):g}"
            raise BadExpression(found, "swap the bounds")

    def product(self) -> FigureProduct:
        self.rest()
        start = self.at
        factors, signs = [self.factor()], list[str]()
        while self.rest()[:1] in ("*", "/"):
            signs.append(self.taken(_SIGN))
            factors.append(self.factor())
        return FigureProduct(tuple(factors), tuple(signs), self.text[start : self.at].strip())

    def factor(self) -> Factor:
        number = self.taken(_NUMBER)
        if number:
            return Fraction(number)
        start, name = self.at, self.taken(_WORD)
        if name in FUNCTIONS and self.rest().startswith("("):
            return self.figure(next(known for known in FUNCTIONS if known == name), start)
        if name:
            self.at = start
            self.refuse("is not a figure", near(name, FUNCTIONS) if self.calls() else
                        f"write a number or one of {', '.join(FUNCTIONS)} with (…)")  # fmt: skip
        return self.refuse("is not a figure", _EXAMPLE)

    def calls(self) -> bool:
        """Tell whether a name with a parenthesis comes next."""
        return re.match(r"[A-Za-z_]\w*\(", self.rest()) is not None

    def figure(self, function: Function, start: int) -> ExpectedFigure:
        inside = self.inside()
        what, among = _split_where(inside)
        text = self.text[start : self.at].strip()
        condition = None if among is None else parse(among)
        if function == "share":
            if not what:
                raise BadExpression(f"{text!r} does not say of whom", "write share(has('E11'))")
            return ExpectedFigure(text, function, holds=parse(what), among=condition)
        named = _OF_TABLE.fullmatch(what)
        column = function != "count"
        if named is None or (named[2] is not None) is not column:
            shape = f"{function}(table.column)" if column else "count(table)"
            raise BadExpression(f"{text!r} does not name its {_named(column)}", f"write {shape}, "
                                "with where and a condition on its columns if need be")  # fmt: skip
        return ExpectedFigure(
            text, function, among=condition, table=named[1], column=named[2] or ""
        )

    def inside(self) -> str:
        """Take the text inside the parentheses that open here."""
        start = self.at = self.at + len(self.text[self.at :]) - len(self.rest())
        for place, depth in _depths(self.text, start):
            if depth == 0:
                self.at = place + 1
                return self.text[start + 1 : place].strip()
        return self.refuse("has no closing parenthesis", "add )")

    def operator(self) -> str:
        rest = self.rest()
        for sign in _COMPARISONS:
            if rest.startswith(sign):
                self.at += len(sign)
                return sign
        if not rest:
            raise BadExpression(f"{self.text!r} has no comparison", _EXAMPLE)
        return self.refuse("is not a comparison", f"use one of {', '.join(_COMPARISONS)}")

    def taken(self, pattern: re.Pattern[str]) -> str:
        """Take what a pattern matches next, else nothing."""
        self.rest()
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match[0] if match else ""

    def rest(self) -> str:
        """Skip blanks, and return the rest."""
        self.at += len(self.text[self.at :]) - len(self.text[self.at :].lstrip())
        return self.text[self.at :]

    def refuse(self, found: str, mend: str) -> NoReturn:
        raise BadExpression(f"{(self.rest() or self.text)[:60]!r} {found}", mend)


def _is_constant(product: FigureProduct) -> bool:
    return not any(isinstance(factor, ExpectedFigure) for factor in product.factors)


def _named(column: bool) -> str:
    return "table and column" if column else "table"


def _depths(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield (place, depth of parentheses after it) of each character outside of quotes."""
    depth, quote = 0, ""
    for place in range(start, len(text)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
            continue
        if sign in "'\"":
            quote = sign
            continue
        depth += (sign in "([") - (sign in ")]")
        yield place, depth


def _split_where(inside: str) -> tuple[str, str | None]:
    """Split the text before `where` from the condition after it."""
    for place, depth in _depths(inside, 0):
        if depth == 0 and inside.startswith(" where ", place):
            return inside[:place].strip(), inside[place + len(" where ") :].strip()
    return inside, None


def _read(value: object) -> ParsedExpectation:
    if isinstance(value, ParsedExpectation):
        return value
    if isinstance(value, str):
        return read_expectation(value)
    raise BadExpression(f"{str(value)[:40]!r} is not an expectation in quotes", _EXAMPLE)


Expectation = Annotated[
    ParsedExpectation,
    PlainValidator(_read),
    PlainSerializer(lambda expectation: expectation.text, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": LONGEST,
            "description": "share(condition [where condition]), count(table [where condition on "
            "its columns]), sum(table.column …), mean(table.column …), joined by * and /, compared "
            "by < <= > >= == or between a and b with numbers or other figures.",
        }
    ),
]
"""An expectation as a field of a specification: text in JSON, parsed when validated."""

Expectations = Annotated[tuple[Expectation, ...], Field(max_length=50)]
"""What a document expects of a run."""
