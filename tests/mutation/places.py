"""Places where a module can be changed by a hair, found in its tree and in its SQL.

Left out is what no test is meant to see: annotations, decorators, docstrings, messages of errors
(all that stands in a `raise`), assertions, guards that only raise TypeError, `__repr__`, and
arguments that change speed or strictness alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mutation import operators, sql
from mutation.source import Source, module_of, path_in_root


@dataclass(frozen=True)
class Place:
    """One mutation: bytes of one module, and what is put instead of them.

    Attributes:
        path: the module's file, from the root of the repository.
        module: its dotted name.
        qualname: function or class that the place stands in; "" at the top of the module.
        kind: what is done, e.g. "comparison".
        line: the place's line.
        start: offset of the first byte replaced.
        end: offset after the last one.
        put: what is put there.
        statement: first and last line of the statement around it, without a body.
    """

    path: str
    module: str
    qualname: str
    kind: str
    line: int
    start: int
    end: int
    put: str
    statement: tuple[int, int]

    def mutated(self, data: bytes) -> bytes:
        """Return the module with the mutation."""
        return data[: self.start] + self.put.encode() + data[self.end :]

    def shown(self, data: bytes) -> tuple[str, str]:
        """Return the lines of the place without and with the mutation, white space as one blank."""
        first = data.rfind(b"\n", 0, self.start) + 1
        last = data.find(b"\n", self.end)
        last = len(data) if last < 0 else last
        after = data[first : self.start] + self.put.encode() + data[self.end : last]
        before = data[first:last]
        return " ".join(before.decode().split()), " ".join(after.decode().split())


def places(source: Source) -> list[Place]:
    """Return every place of a module, in the order of the text; a few do not compile."""
    found = [
        _place(source, node, change)
        for node in _mutable(source, source.tree)
        for change in operators.changes(source, node)
    ]
    found += [_place(source, node, change) for node, change in sql.changes(source)]
    return sorted(found, key=lambda one: (one.start, one.end, one.put))


def _place(source: Source, node: ast.AST, change: operators.Change) -> Place:
    return Place(
        path=path_in_root(source.path),
        module=module_of(source.path),
        qualname=source.qualname(node),
        kind=change.kind,
        line=source.line_of(change.start),
        start=change.start,
        end=change.end,
        put=change.put,
        statement=source.lines_of(node),
    )


def compiles(data: bytes) -> bool:
    """Tell whether a mutated module is still Python."""
    try:
        compile(data, "mutated", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _mutable(source: Source, node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without the parts that are left out."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not _left_out(child, node):
            yield from _mutable(source, child)


def _left_out(child: ast.AST, parent: ast.AST) -> bool:
    return (
        isinstance(child, ast.Raise | ast.Assert | ast.JoinedStr | ast.arg)
        or _annotates(child, parent)
        or _decorates(child, parent)
        or _narrows(child)
        or _names_a_type(child, parent)
        or _is_speed(child, parent)
        or (isinstance(child, ast.FunctionDef) and child.name in ("__repr__", "__hash__"))
        or (isinstance(child, ast.Assign) and _targets(child) & {"__all__", "__slots__"} != set())
        or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test))
        or (isinstance(child, ast.Call) and ast.unparse(child.func).startswith(_LOGGING))
    )


_LOGGING = ("logging.", "logger.", "warnings.")
_SPEED = {"slots", "frozen", "repr", "copy", "daemon", "kw_only", "stacklevel", "description"}
"""Keyword arguments that no row and no answer depends on."""


def _annotates(child: ast.AST, parent: ast.AST) -> bool:
    if isinstance(parent, ast.AnnAssign):
        alias = isinstance(parent.annotation, ast.Name) and parent.annotation.id == "TypeAlias"
        return child is parent.annotation or (alias and child is parent.value)
    return isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and child is parent.returns


def _decorates(child: ast.AST, parent: ast.AST) -> bool:
    """Decorators, base classes and parameters of types."""
    if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
        return child in parent.decorator_list
    if isinstance(parent, ast.ClassDef):
        return child in (*parent.decorator_list, *parent.bases, *parent.keywords)
    return False


def _narrows(child: ast.AST) -> bool:
    """`if …: raise TypeError(…)`: it tells the type checker what callers keep to."""
    if not isinstance(child, ast.If) or len(child.body) != 1:
        return False
    only = child.body[0]
    return (
        isinstance(only, ast.Raise)
        and only.exc is not None
        and ast.unparse(only.exc).startswith(("TypeError", "AssertionError"))
    )


def _names_a_type(child: ast.AST, parent: ast.AST) -> bool:
    """The types in isinstance(), cast() and the like, and those between square brackets."""
    if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name):
        if parent.func.id in ("isinstance", "issubclass"):
            return child in parent.args[1:]
        return parent.func.id in ("cast", "TypeVar", "NewType") and child in parent.args[:1]
    return (
        isinstance(parent, ast.Subscript)
        and child is parent.slice
        and isinstance(parent.value, ast.Name)
        and parent.value.id[:1].isupper()
        and not parent.value.id.isupper()
        and parent.value.id != "Annotated"
    )


def _is_speed(child: ast.AST, parent: ast.AST) -> bool:
    if not isinstance(child, ast.keyword):
        return False
    zipped = isinstance(parent, ast.Call) and ast.unparse(parent.func) == "zip"
    return child.arg in _SPEED or zipped


def _targets(node: ast.Assign) -> set[str]:
    return {one.id for one in node.targets if isinstance(one, ast.Name)}
