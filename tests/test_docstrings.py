"""Docstrings say what is so: every module loads, and what they describe exists under that name."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "server" / "healthsim"
MODULES = [
    ".".join(["healthsim", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    )
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "__main__.py"
]
_ENTRY = re.compile(r"^    (\*{0,2}\w+(?:, \*{0,2}\w+)*):", re.MULTILINE)


def _section(docstring: str, title: str) -> list[str]:
    """Return the names that a section of a Google docstring describes."""
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)*)", docstring + "\n", re.MULTILINE)
    entries = _ENTRY.findall(found[1]) if found else []
    return [name.strip(" *") for entry in entries for name in entry.split(",")]


def _own(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield the functions, methods and classes that a module defines, by dotted name."""
    for name, found in list(vars(module).items()):
        if getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(found):
            yield name, found
        elif inspect.isclass(found):
            yield name, found
            for inner, method in list(vars(found).items()):
                plain = inspect.unwrap(getattr(method, "__func__", method))
                if inspect.isfunction(plain):
                    yield f"{name}.{inner}", plain


@cache
def _assigned(module: str) -> frozenset[str]:
    """Return every name that a module reads or sets on `self`."""
    text = Path(sys.modules[module].__file__ or "").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\bself\.(\w+)", text))


def _attributes(model: type) -> set[str]:
    """Return the names that a class gives its instances: annotated, assigned, or properties."""
    found: set[str] = set()
    for one in model.__mro__[:-1]:
        found |= set(vars(one)) | set(vars(one).get("__annotations__", {}))
        if one.__module__.startswith("healthsim"):
            found |= _assigned(one.__module__)
    return found


def _wrong(name: str) -> Iterator[str]:
    """Yield what docstrings of a module describe and what is not there."""
    for place, found in _own(importlib.import_module(name)):
        docstring = inspect.getdoc(found) or ""
        described = _section(docstring, "Attributes" if inspect.isclass(found) else "Args")
        if not described:
            continue
        known = (
            _attributes(found) if inspect.isclass(found) else inspect.signature(found).parameters
        )
        yield from (f"{name}.{place}: {one}" for one in described if one not in known)


@pytest.mark.slow
def test_a_docstring_describes_parameters_and_attributes_that_exist() -> None:
    wrong = [one for name in MODULES for one in _wrong(name)]

    assert wrong == [], "these describe what does not exist; rename or remove it"
