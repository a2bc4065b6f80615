"""Formulas as text, so that one line of a table is computed in NumPy and judged in SQL.

A formula is arithmetic on names: ``+ - * /``, comparisons, brackets and the functions `least`,
`greatest`, `power`, `sqrt`, `exp`, `ln` and `choose(condition, where it holds, elsewhere)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Column: TypeAlias = NDArray[Any]

_BINARY: Mapping[type[ast.operator], tuple[str, Callable[..., Any]]] = {
    ast.Add: ("+", np.add),
    ast.Sub: ("-", np.subtract),
    ast.Mult: ("*", np.multiply),
    ast.Div: ("/", np.divide),
}
_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, Callable[..., Any]]] = {
    ast.Gt: (">", np.greater),
    ast.GtE: (">=", np.greater_equal),
    ast.Lt: ("<", np.less),
    ast.LtE: ("<=", np.less_equal),
}
_FUNCTIONS: Mapping[str, tuple[int, Callable[..., Any]]] = {
    "least": (2, np.minimum),
    "greatest": (2, np.maximum),
    "power": (2, np.power),
    "sqrt": (1, np.sqrt),
    "exp": (1, np.exp),
    "ln": (1, np.log),
    "choose": (3, np.where),
}


class FormulaError(ValueError):
    """A formula that is not one; the message says which part and why."""


@dataclass(frozen=True)
class Expression:
    """A formula that was read.

    Attributes:
        text: as it was written.
        names: what it needs, each once, in order of appearance.

    >>> parse("10 * hematocrit / cell_volume").names
    ('hematocrit', 'cell_volume')
    """

    text: str
    names: tuple[str, ...]
    _tree: ast.expr

    def value(self, columns: Mapping[str, Column]) -> Column:
        """Compute it.

        Args:
            columns: every one of `names`; arrays that broadcast to one shape.

        Returns:
            The formula's values; NaN or infinity where arithmetic has none, without a warning.
        """
        with np.errstate(all="ignore"):
            result: Column = np.asarray(_value(self._tree, columns))
        return result

    def sql(self, columns: Mapping[str, str]) -> str:
        """Write it as SQL.

        Args:
            columns: SQL of every one of `names`; it is put in brackets.

        >>> parse("100 - spo2").sql({"spo2": "value"})
        '(100.0::double - (value))'
        """
        return _sql(self._tree, columns)


@cache
def parse(text: str) -> Expression:
    """Read a formula.

    Raises:
        FormulaError: it is not arithmetic, or uses a function that formulas do not have.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise FormulaError(f"{text!r} is not arithmetic: {error.msg}") from None
    names: dict[str, None] = {}
    _check(tree, text, names)
    return Expression(text.strip(), tuple(names), tree)


def _check(node: ast.expr, text: str, names: dict[str, None]) -> None:
    """Refuse what formulas do not have; collect the names."""
    match node:
        case ast.Name(id=name):
            names[name] = None
        case ast.Constant(value=value) if type(value) in (int, float):
            pass
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, text, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left, text, names)
            _check(right, text, names)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            _check(left, text, names)
            _check(right, text, names)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if (
            name in _FUNCTIONS and len(arguments) == _FUNCTIONS[name][0]
        ):
            for argument in arguments:
                _check(argument, text, names)
        case _:
            raise FormulaError(f"{text!r} holds {ast.unparse(node)!r}, which formulas do not have")


def _value(node: ast.expr, columns: Mapping[str, Column]) -> Any:
    match node:
        case ast.Name(id=name):
            return columns[name]
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(operand=operand):
            return np.negative(_value(operand, columns))
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)][1](_value(left, columns), _value(right, columns))
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            compare = _COMPARISONS[type(comparison)][1]
            return compare(_value(left, columns), _value(right, columns))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name][1](*(_value(argument, columns) for argument in arguments))
    raise AssertionError(ast.dump(node))  # `_check` let it through


def _sql(node: ast.expr, columns: Mapping[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return f"({columns[name]})"
        case ast.Constant(value=value):
            return f"{float(value)!r}::double"  # type: ignore[arg-type]  # `_check`: a number
        case ast.UnaryOp(operand=operand):
            return f"(-{_sql(operand, columns)})"
        case ast.BinOp(left=left, op=op, right=right):
            return f"({_sql(left, columns)} {_BINARY[type(op)][0]} {_sql(right, columns)})"
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            sign = _COMPARISONS[type(comparison)][0]
            return f"({_sql(left, columns)} {sign} {_sql(right, columns)})"
        case ast.Call(func=ast.Name(id="choose"), args=[condition, yes, no]):
            parts = [_sql(part, columns) for part in (condition, yes, no)]
            return "(case when {} then {} else {} end)".format(*parts)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{name}({', '.join(_sql(argument, columns) for argument in arguments)})"
    raise AssertionError(ast.dump(node))  # `_check` let it through
