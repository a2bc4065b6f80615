"""The syntax tree of conditions and formulas, and how each node is evaluated on whole columns.

Values inside an expression are numbers (float64, NaN = missing), text (`Coded`, code -1 =
missing) or truth values in three-valued logic, as in SQL (Kleene): true, false and unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from healthsim.tables import Coded

COMPARED_DECIMALS = 9  # assumption: finer than any declared decimals, coarser than float error

FUNCTIONS: Mapping[str, Literal["truth", "number"]] = {
    "has": "truth",  # an active condition, by code prefix
    "takes": "truth",  # an active ingredient
    "happened": "truth",  # a step
    "count": "number",  # how often a step happened
    "days_since": "number",  # days since a step last happened; missing if it never did
    "last": "number",  # latest result by LOINC; missing if there is none
}
"""Functions of one text in quotes, and what each gives."""

BUILT_INS = ("age", "gender", "race", "ethnicity", "us_state", "plan", "day", "month")
"""Names that every condition may use and that no specification may shadow."""


class BadExpression(ValueError):  # noqa: N818
    """A condition or formula that cannot be read, as "found; mend"."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(f"{found}; {mend}")
        self.found, self.mend = found, mend


class Scope(Protocol):
    """The values of names and functions for the people of one chunk on one day."""

    @property
    def size(self) -> int:
        """Number of people, n."""

    def name(self, name: str) -> NDArray[np.float64] | Coded | Truth:
        """Return an attribute, state, built-in or column, shape (n,); NaN or code -1 is missing."""

    def call(self, function: str, argument: str) -> NDArray[np.float64] | NDArray[np.bool_]:
        """Return a function's value, shape (n,): bool (always known) or float64 (NaN missing)."""


Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Three-valued truth of each row: known to be true, known to be false, or unknown.

    Attributes:
        yes: bool, shape (n,) or (); known to be true.
        no: bool, shape (n,) or (); known to be false.
    """

    yes: NDArray[np.bool_]
    no: NDArray[np.bool_]

    @classmethod
    def where(cls, answer: NDArray[np.bool_], known: NDArray[np.bool_]) -> Truth:
        """Return `answer` where it is known, unknown elsewhere."""
        return cls(answer & known, ~answer & known)

    def inverted(self) -> Truth:
        """Return the negation; unknown stays unknown."""
        return Truth(self.no, self.yes)


Value: TypeAlias = Truth | Numbers | Coded | str


class Node(Protocol):
    """One node of the syntax tree."""

    @property
    def parts(self) -> tuple[Node, ...]:
        """Its child nodes."""

    def value(self, scope: Scope) -> Value:
        """Evaluate the node for every person of the scope."""


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute, a state variable or a built-in name."""

    name: str
    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return self.name

    def value(self, scope: Scope) -> Value:
        """Return the column of the name."""
        return scope.name(self.name)


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """A number as written."""

    number: float
    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return f"{self.number:g}"

    def value(self, scope: Scope) -> Value:
        """Return the number, shape ()."""
        return np.asarray(self.number, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class TextLiteral:
    """A text as written, in quotes."""

    text: str
    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return repr(self.text)

    def value(self, scope: Scope) -> Value:
        """Return the text itself."""
        return self.text


@dataclass(frozen=True, slots=True)
class TruthLiteral:
    """`True` or `False` as written."""

    truth: bool
    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return str(self.truth)

    def value(self, scope: Scope) -> Value:
        """Return the truth, shape ()."""
        return Truth.where(np.asarray(self.truth), np.asarray(True))


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one text, such as ``has('E11')``."""

    function: str
    argument: str
    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return f"{self.function}({self.argument!r})"

    def value(self, scope: Scope) -> Value:
        """Return the function's value; a bool is always known."""
        answer = scope.call(self.function, self.argument)
        if answer.dtype == np.bool_:
            truth = answer.astype(np.bool_, copy=False)
            return Truth(truth, ~truth)
        return answer.astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """Arithmetic on numbers; missing if any part is, if divided by zero, or if not finite."""

    function: str
    parts: tuple[Node, ...]
    text: str

    def __str__(self) -> str:
        return self.text

    def value(self, scope: Scope) -> Value:
        """Apply the function to whole columns, from left to right."""
        columns = [numbers(part, scope) for part in self.parts]
        with np.errstate(all="ignore"):
            result = _apply(self.function, columns)
            return np.where(np.isfinite(result), result, np.nan)


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or` of several parts, or `not` of one, in three-valued logic."""

    function: Literal["and", "or", "not"]
    parts: tuple[Node, ...]
    text: str

    def __str__(self) -> str:
        return self.text

    def value(self, scope: Scope) -> Value:
        """Combine the parts."""
        truths = [truth(part, scope) for part in self.parts]
        if self.function == "and":
            return every(truths)
        if self.function == "or":
            return every([part.inverted() for part in truths]).inverted()
        return truths[0].inverted()


@dataclass(frozen=True, slots=True)
class Chain:
    """Chained comparisons, such as ``1 < x <= 2``; every operand is evaluated once."""

    operators: tuple[str, ...]
    parts: tuple[Node, ...]
    text: str

    def __str__(self) -> str:
        return self.text

    def value(self, scope: Scope) -> Value:
        """Return whether every comparison holds."""
        sides = [_rounded(part, scope) for part in self.parts]
        pairs = zip(self.operators, pairwise(sides), strict=True)
        return every([_compare(operator, left, right) for operator, (left, right) in pairs])


@dataclass(frozen=True, slots=True)
class Member:
    """`in` or `not in` a list of texts or a list of numbers."""

    part: Node
    among: tuple[float, ...] | tuple[str, ...]
    negated: bool
    text: str

    @property
    def parts(self) -> tuple[Node, ...]:
        """The part whose value is looked up in the list."""
        return (self.part,)

    def __str__(self) -> str:
        return self.text

    def value(self, scope: Scope) -> Value:
        """Look each value up; a missing value gives unknown."""
        column = _rounded(self.part, scope)
        if isinstance(column, Coded | str):
            among = {item for item in self.among if isinstance(item, str)}
            result = _text_among(column, among)
        elif isinstance(column, np.ndarray):
            listed = np.array([item for item in self.among if not isinstance(item, str)])
            result = Truth.where(np.isin(column, listed), ~np.isnan(column))
        else:
            raise BadExpression(f"{self.part} is true or false", "'in' looks for text or numbers")
        return result.inverted() if self.negated else result


def numbers(node: Node, scope: Scope) -> Numbers:
    """Return a part's numbers, float64, shape (n,) or (); NaN is missing."""
    value = node.value(scope)
    if not isinstance(value, np.ndarray):
        raise BadExpression(f"{node} is not a number", "calculate only with numbers")
    return value


def truth(node: Node, scope: Scope) -> Truth:
    """Return a part's three-valued truth."""
    value = node.value(scope)
    if not isinstance(value, Truth):
        raise BadExpression(f"{node} is not true or false", "compare it with something")
    return value


def every(truths: Iterable[Truth]) -> Truth:
    """Return the three-valued `and`: false if any is false, true if all are true."""
    yes, no = np.asarray(True), np.asarray(False)
    for part in truths:
        yes, no = yes & part.yes, no | part.no
    return Truth(yes, no)


def walk(node: Node) -> Iterable[Node]:
    """Yield a part and everything inside it, in document order."""
    yield node
    for part in node.parts:
        yield from walk(part)


def _apply(function: str, columns: list[Numbers]) -> Numbers:
    if function == "negative":
        return np.negative(columns[0])
    if function == "abs":
        return np.absolute(columns[0])
    result = columns[0]
    for column in columns[1:]:
        result = _BINARY[function](result, column)
    return result


_BINARY: Mapping[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "min": np.minimum,
    "max": np.maximum,
}

_COMPARED: Mapping[str, np.ufunc] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _rounded(node: Node, scope: Scope) -> Value:
    """Round what was calculated, so that 0.1 + 0.2 equals 0.3 on every processor."""
    value = node.value(scope)
    if isinstance(node, Operation) and isinstance(value, np.ndarray):
        return np.round(value, COMPARED_DECIMALS)
    return value


def _compare(operator: str, left: Value, right: Value) -> Truth:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        known = ~(np.isnan(left) | np.isnan(right))
        return Truth.where(_COMPARED[operator](left, right), known)
    if operator not in ("==", "!="):
        raise BadExpression("only numbers have an order", "use ==, !=, in or not in")
    if isinstance(left, Truth) and isinstance(right, Truth):
        same = Truth(
            (left.yes & right.yes) | (left.no & right.no),
            (left.yes & right.no) | (left.no & right.yes),
        )
    elif isinstance(left, Coded | str) and isinstance(right, Coded | str):
        same = _same_text(left, right)
    else:
        raise BadExpression(
            "text, a number or a truth is compared with another kind", "compare values of one kind"
        )
    return same if operator == "==" else same.inverted()


def _same_text(left: Coded | str, right: Coded | str) -> Truth:
    if isinstance(right, str):
        return _text_among(left, {right})
    if isinstance(left, str):
        return _text_among(right, {left})
    code = {word: number for number, word in enumerate(right.vocabulary)}
    table = np.array([code.get(word, -2) for word in left.vocabulary] + [-2], dtype=np.int32)
    known = (left.codes >= 0) & (right.codes >= 0)
    return Truth.where(table[left.codes] == right.codes, known)


def _text_among(column: Coded | str, among: set[str]) -> Truth:
    if isinstance(column, str):
        return Truth.where(np.asarray(column in among), np.asarray(True))
    table = np.array([word in among for word in column.vocabulary] + [False], dtype=np.bool_)
    return Truth.where(table[column.codes], column.codes >= 0)
