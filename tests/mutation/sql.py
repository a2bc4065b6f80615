"""Mutations of SQL: the module's strings that hold a query or the condition of an audit's rule."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from mutation.operators import Change
from mutation.source import Source

_QUERY = re.compile(r"\b(SELECT|FROM|WHERE|JOIN|HAVING|UPDATE|INSERT|CASE|SEMI|ANTI)\b")
_SWAPS = {
    "sql comparison": (
        (r"(?<![<>=!])<(?![<>=])", "<="), (r"<=", "<"), (r"(?<![<>=!])>(?![<>=])", ">="),
        (r">=", ">"), (r"<>", "="), (r"(?<![<>=!])=(?![<>=])", "<>"),
    ),
    "sql boolean": ((r"\bAND\b", "OR"), (r"\bOR\b", "AND"), (r"\bNOT IN\b", "IN")),
    "sql null": (
        (r"\bIS NOT NULL\b", "IS NULL"), (r"\bIS NULL\b", "IS NOT NULL"),
        (r"\bIS DISTINCT FROM\b", "<>"),
    ),
    "sql twin": (
        (r"\bmin\(", "max("), (r"\bmax\(", "min("), (r"\bleast\(", "greatest("),
        (r"\bgreatest\(", "least("), (r"\bDISTINCT (?!FROM)", ""), (r"\bDESC\b", "ASC"),
        (r"(?<= )\+(?= )", "-"), (r"(?<= )-(?= )", "+"),
    ),
    "sql join": (
        (r"\bLEFT JOIN\b", "JOIN"), (r"\bANTI JOIN\b", "SEMI JOIN"),
        (r"\bSEMI JOIN\b", "ANTI JOIN"),
    ),
    "sql number": ((r"(?<![\w.'{:-])\d+(?![\w.'}-])", "number"),),
}  # fmt: skip


def changes(source: Source) -> Iterator[tuple[ast.AST, Change]]:
    """Return the mutations of a module's SQL, each with the node of its string."""
    strings = [one for one in ast.walk(source.tree) if _is_sql(source, one)]
    for token in tokenize.tokenize(io.BytesIO(source.data).readline):
        if token.type == tokenize.STRING:
            start, end = _offsets(source, token)
            around = [one for one in strings if _holds(source, one, start, end)]
            if around:
                for change in _of_token(token.string, start):
                    yield around[0], change


def _of_token(text: str, start: int) -> Iterator[Change]:
    """Return the mutations of one piece of a string; what an f-string fills in stays."""
    hidden = re.sub(r"\{[^{}]*\}", lambda one: "{" + "_" * (len(one[0]) - 2) + "}", text)
    for kind, swaps in _SWAPS.items():
        for old, put in swaps:
            for found in re.finditer(old, hidden):
                written = str(int(found[0]) + 1) if put == "number" else put
                first = start + len(text[: found.start()].encode())
                yield Change(kind, first, first + len(found[0]), written)


def _is_sql(source: Source, node: ast.AST) -> bool:
    """Tell whether a node is the whole of a string (its pieces together) that is SQL."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.JoinedStr | ast.FormattedValue | ast.Expr):
        return False  # a piece of an f-string, or a docstring
    if not isinstance(node, ast.JoinedStr) and not (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    ):
        return False
    if any(isinstance(one, ast.Raise) for one in source.ancestors(node)):
        return False
    return bool(_QUERY.search(source.text(node))) or _is_condition(node, parent)


def _is_condition(node: ast.AST, parent: ast.AST | None) -> bool:
    """The fourth argument of an audit's rule is a query or a condition on a row."""
    return (
        isinstance(parent, ast.Call)
        and ast.unparse(parent.func).endswith("Rule")
        and node in parent.args[3:4]
    )


def _holds(source: Source, node: ast.AST, start: int, end: int) -> bool:
    assert isinstance(node, ast.expr)
    first, last = source.span(node)
    return first <= start and end <= last


def _offsets(source: Source, token: tokenize.TokenInfo) -> tuple[int, int]:
    begun = source.at(token.start[0], len(token.line[: token.start[1]].encode()))
    return begun, begun + len(token.string.encode())
