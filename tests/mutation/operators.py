"""Mutations of a node of the tree: what of its text is replaced by what."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mutation.source import Source


@dataclass(frozen=True)
class Change:
    """Bytes of a module and what is put instead of them."""

    kind: str
    start: int
    end: int
    put: str


_COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"), ast.Is: ("is", "is not"), ast.IsNot: (r"is\s+not", "is"),
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"), ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "*"), ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}  # fmt: skip
_TWINS = {
    "minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "any": "all",
    "all": "any", "floor": "ceil", "ceil": "floor", "zeros": "ones", "ones": "zeros",
    "argmin": "argmax", "argmax": "argmin", "first": "last", "union": "intersection",
    "logical_and": "logical_or", "logical_or": "logical_and", "cumsum": "cumprod",
    "zeros_like": "ones_like", "startswith": "endswith", "endswith": "startswith",
    "extend": "append", "left": "right", "right": "left",
}  # fmt: skip
_OPTIONAL = {
    "side", "kind", "minlength", "key", "reverse", "default", "initial", "where", "axis",
    "return_inverse", "keepdims", "sep", "exist_ok", "missing_ok", "parents", "flags",
}  # fmt: skip
"""Keyword arguments that a call does without; others might be owed, and fail at once."""

_DEFAULTS = {"side='left'", "reverse=False", "default=None", "axis=None"}
"""Said although they hold anyway."""


def changes(source: Source, node: ast.AST) -> Iterator[Change]:
    """Return the mutations of one node, without those of the nodes inside it."""
    for kind, mutate in _MUTATORS.items():
        if isinstance(node, kind):
            yield from mutate(source, node)


def _between(source: Source, left: ast.expr, right: ast.expr, old: str, put: str) -> Iterator[Any]:
    """Return where an operator stands between two nodes, as a span and what replaces it."""
    start, end = source.span(left)[1], source.span(right)[0]
    gap = re.sub(rb"#[^\n]*", lambda one: b" " * len(one[0]), source.data[start:end])
    found = re.search(old.encode(), gap)
    if found:
        yield start + found.start(), start + found.end(), put


def _compare(source: Source, node: ast.Compare) -> Iterator[Change]:
    terms = [node.left, *node.comparators]
    for left, operator, right in zip(terms, node.ops, terms[1:], strict=False):
        old, put = _COMPARISONS[type(operator)]
        for span in _between(source, left, right, old, put):
            yield Change("comparison", *span)


def _binary(source: Source, node: ast.BinOp) -> Iterator[Change]:
    if type(node.op) not in _ARITHMETIC or any(map(_is_no_number, (node.left, node.right))):
        return
    old, put = _ARITHMETIC[type(node.op)]
    kind = "mask" if isinstance(node.op, ast.BitAnd | ast.BitOr) else "arithmetic"
    for span in _between(source, node.left, node.right, re.escape(old), put):
        yield Change(kind, *span)


def _is_no_number(node: ast.expr) -> bool:
    """Tell whether a node is surely a text, a list or a type: no arithmetic is done on it."""
    texts = isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str))
    lists = isinstance(
        node, ast.JoinedStr | ast.List | ast.Tuple | ast.Dict | ast.ListComp | ast.DictComp
    )
    return texts or lists or (isinstance(node, ast.Name) and node.id in ("str", "int", "float"))


def _boolean(source: Source, node: ast.BoolOp) -> Iterator[Change]:
    old, put = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        for span in _between(source, left, right, old, put):
            yield Change("boolean", *span)


def _unary(source: Source, node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not | ast.Invert | ast.USub):
        start, _ = source.span(node)
        end, _ = source.span(node.operand)
        opened = source.data[start:end].count(b"(")  # a bracket around the operand stays
        if not opened:
            yield Change("negation", start, end, "")


def _constant(source: Source, node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield Change("truth", *source.span(node), str(not value))
    elif isinstance(value, int):
        yield Change("number", *source.span(node), str(value + 1))
    elif isinstance(value, float):
        yield Change(
            "number", *source.span(node), repr(value + 1 if value in (0, 1) else value / 2)
        )


def _chosen(source: Source, node: ast.IfExp) -> Iterator[Change]:
    for one in (node.body, node.orelse):
        yield Change("choice", *source.span(node), f"({source.text(one)})")


def _test(source: Source, node: ast.If) -> Iterator[Change]:
    yield Change("condition", *source.span(node.test), "False")
    if node.orelse:
        yield Change("condition", *source.span(node.test), "True")


def _filtered(source: Source, node: ast.comprehension) -> Iterator[Change]:
    for one in node.ifs:
        yield Change("condition", *source.span(one), "True")


def _call(source: Source, node: ast.Call) -> Iterator[Change]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in _TWINS:
        _, end = source.span(function)
        yield Change("twin", end - len(name), end, _TWINS[name])
    listed: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for before, keyword in itertools.pairwise(listed):
        if (
            isinstance(keyword, ast.keyword)
            and keyword.arg in _OPTIONAL
            and ast.unparse(keyword) not in _DEFAULTS
        ):
            yield Change("argument", source.span(before)[1], source.span(keyword)[1], "")


def _effect(source: Source, node: ast.Expr) -> Iterator[Change]:
    called = node.value.value if isinstance(node.value, ast.Await) else node.value
    if isinstance(called, ast.Call):
        yield Change("effect", *source.span(node), "pass")


def _stored(source: Source, node: ast.Assign) -> Iterator[Change]:
    if len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript | ast.Attribute):
        yield Change("effect", *source.span(node), "pass")


def _added(source: Source, node: ast.AugAssign) -> Iterator[Change]:
    if type(node.op) in _ARITHMETIC and not _is_no_number(node.value):
        old, put = _ARITHMETIC[type(node.op)]
        for span in _between(source, node.target, node.value, re.escape(old) + "=", put + "="):
            yield Change("arithmetic", *span)


def _jump(source: Source, node: ast.Break | ast.Continue) -> Iterator[Change]:
    yield Change("jump", *source.span(node), "pass")


_MUTATORS: dict[Any, Callable[[Source, Any], Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.UnaryOp: _unary,
    ast.Constant: _constant,
    ast.IfExp: _chosen,
    ast.If: _test,
    ast.comprehension: _filtered,
    ast.Call: _call,
    ast.Expr: _effect,
    ast.Assign: _stored,
    ast.AugAssign: _added,
    (ast.Break, ast.Continue): _jump,
}
