"""A module of the server as text and as a tree, with what a mutation has to know of its nodes."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server"
PACKAGE = SERVER / "healthsim"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)


@dataclass(frozen=True)
class Function:
    """A function as the record of reached lines knows it.

    Attributes:
        qualname: its name with those of the classes and functions around it.
        first: first line of its body; what stands before it is reached when it is defined.
        last: its last line.
        digest: of its text, so that a record can tell whether it is still the same.
    """

    qualname: str
    first: int
    last: int
    digest: str


class Source:
    """One module: its bytes, its tree, and where nodes stand in the bytes."""

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self.path = path
        self.data = path.read_bytes() if data is None else data
        self.tree = ast.parse(self.data)
        self._starts = [0]
        for line in self.data.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def functions(self) -> list[Function]:
        """Every function, outer ones before those inside them."""
        return [
            self._function(node) for node in ast.walk(self.tree) if isinstance(node, _FUNCTIONS)
        ]

    def at(self, line: int, column: int) -> int:
        """Return the offset of a line and column (both as `ast` counts them, columns in bytes)."""
        return self._starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Return the offsets at which a node begins and ends."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return (
            self.at(node.lineno, node.col_offset),
            self.at(node.end_lineno, node.end_col_offset),
        )

    def text(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.data[start:end].decode()

    def line_of(self, offset: int) -> int:
        """Return the number of the line that an offset lies on."""
        return self.data.count(b"\n", 0, offset) + 1

    def ancestors(self, node: ast.AST) -> list[ast.AST]:
        """Return what stands around a node, the nearest first."""
        found = []
        while node in self.parents:
            node = self.parents[node]
            found.append(node)
        return found

    def qualname(self, node: ast.AST) -> str:
        """Return the names of the functions and classes around a node; "" at the top."""
        around = [one.name for one in self.ancestors(node) if isinstance(one, _SCOPES)]
        return ".".join(reversed(around))

    def lines_of(self, node: ast.AST) -> tuple[int, int]:
        """Return first and last line of the statement that a node is part of, without its body."""
        for one in [node, *self.ancestors(node)]:
            if isinstance(one, ast.comprehension | ast.ExceptHandler | ast.match_case):
                continue
            if isinstance(one, ast.stmt):
                body = getattr(one, "body", None)
                last = one.end_lineno or one.lineno
                if isinstance(body, list) and body:
                    last = max(one.lineno, body[0].lineno - 1)
                return one.lineno, last
        return 1, 1

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
        first, last = node.body[0].lineno, node.end_lineno or node.lineno
        text = self.data[self.at(first, 0) : self._starts[last]]
        own = [one for one in (self.qualname(node), node.name) if one]
        return Function(".".join(own), first, last, hashlib.sha256(text).hexdigest()[:12])


def path_in_root(path: Path) -> str:
    """Return a path as the tables of a run show it: from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """Return the dotted name of a module of the server."""
    parts = path.relative_to(SERVER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
