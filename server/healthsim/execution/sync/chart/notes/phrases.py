"""Templates of notes as pieces of text and slots, so that one template fills a whole column.

A template is rendered once, with a mark for each slot; what is between the marks is joined with
columns of texts, never note by note. So no word of a person or of a specification is ever read
as a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, FileSystemLoader, Undefined

Strings: TypeAlias = pa.StringArray
"""Texts, shape (n,); null where there is nothing to say."""

_DATA = Path(__file__).parent / "data"
_OPEN, _CLOSE = "\x01", "\x02"  # around the name of a slot
_MAYBE, _END = "\x03", "\x04"  # around what is left out where one of its slots is null
_MARK = re.compile(f"({_OPEN}[^{_CLOSE}]+{_CLOSE}|{_MAYBE}|{_END})")


@cache
def constant(text: str | None) -> pa.StringScalar:
    """Return a text for all rows, or null; made once, as pyarrow looks for pandas each time."""
    return pa.scalar(text, pa.string())


def glued(*parts: Strings | str) -> Strings:
    """Return texts one after the other; null where one of them is."""
    given = (constant(part) if isinstance(part, str) else part for part in parts)
    return pc.binary_join_element_wise(*given, constant(""), null_handling="emit_null")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a column goes."""

    name: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Pieces of text, slots, and phrases that are left out where one of their slots is null."""

    parts: tuple[str | Slot | Phrase, ...]

    def slots(self) -> tuple[str, ...]:
        """Return the names of its slots, also of those in phrases inside, each once."""
        named: dict[str, None] = {}
        for part in self.parts:
            inside = (part.name,) if isinstance(part, Slot) else ()
            named |= dict.fromkeys(part.slots() if isinstance(part, Phrase) else inside)
        return tuple(named)

    def of(self, columns: Mapping[str, Strings]) -> Strings:
        """Return the phrase for each row; null where a slot of its own is null.

        Args:
            columns: texts by the name of their slot, shape (n,) each.

        Raises:
            KeyError: a slot has no column.
        """
        said = [self._said(part, columns) for part in self.parts]
        return glued(*said)

    @staticmethod
    def _said(part: str | Slot | Phrase, columns: Mapping[str, Strings]) -> Strings | str:
        if isinstance(part, str):
            return part
        if isinstance(part, Slot):
            return columns[part.name]
        return pc.fill_null(part.of(columns), constant(""))


class _Marked(Undefined):
    """A slot, as Jinja renders it: every name of a template that it does not define itself."""

    def __str__(self) -> str:
        return f"{_OPEN}{self._undefined_name}{_CLOSE}"


def maybe(caller: Callable[[], str]) -> str:
    """Return a part of a template that is left out where one of its slots is null."""
    return f"{_MAYBE}{caller()}{_END}"


def section(title: str, caller: Callable[[], str]) -> str:
    """Return a part of a note under a heading, left out where one of its slots is null."""
    return f"{_MAYBE}\n\n{title}\n{caller().strip()}{_END}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_DATA),
        undefined=_Marked,
        autoescape=False,  # notes are plain text
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"maybe": maybe, "section": section}
    return made


@cache
def note(name: str) -> Phrase:
    """Return the template of a kind of note: the file of its name in `data`."""
    rendered = _environment().get_template(f"{name}.j2").render()
    return parse(
        re.sub(rf"\s+({_MAYBE}|$)", r"\1", re.sub(rf"{_END}\n(?={_MAYBE})", _END, rendered))
    )


@cache
def line(name: str) -> Phrase:
    """Return the template of a line: the block of its name in ``lines.j2``."""
    template = _environment().get_template("lines.j2")
    return parse("".join(template.blocks[name](template.new_context({}))).strip("\n"))


def parse(rendered: str) -> Phrase:
    """Return the phrase of a rendered template.

    Raises:
        ValueError: a part that may be left out has no end, or no beginning.
    """
    inside: list[list[str | Slot | Phrase]] = [[]]
    for piece in filter(None, _MARK.split(rendered)):
        if piece == _MAYBE:
            inside.append([])
        elif piece == _END:
            if len(inside) == 1:
                raise ValueError("a part ends that did not begin")
            done = Phrase(tuple(inside.pop()))
            inside[-1].append(done)
        else:
            inside[-1].append(Slot(piece[1:-1]) if piece[0] == _OPEN else piece)
    if len(inside) > 1:
        raise ValueError("a part does not end")
    return Phrase(tuple(inside[0]))


def said(name: str, /, **columns: Any) -> Strings:
    """Return a line of ``lines.j2`` for each row; null where a slot of its own is null."""
    return line(name).of(columns)
