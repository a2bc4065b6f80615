"""Places in a document: `clinical.comorbidities[I10].share` or `/clinical/comorbidities/0/share`.

A list item is named by its key (a code, an id, a name, a drug, the target of a move) or
by its number. Where a figure may be either, as with stages 1 to 5, `["2"]` is the name and `[#2]`
the number, and `[2]` is refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from healthsim.errors import Refused, near

LONGEST = 1000
"""Characters of a path."""
_KEYS = ("id", "code", "name", "drug", "to")
_HOLDERS = frozenset(
    ("phases", "steps", "with", "options", "visits", "unscheduled", "delay", "stages", "otherwise",
     "newborn", "parts")
)  # fmt: skip
"""Keys of a journey document that hold steps, before its parts are copied in."""
_PIECE = re.compile(r"\[([^\]]*)\]|\[\"([^\"]*)\"\]|([^.\[\]]+)")


class Quoted(str):
    """A piece in quotes: a name, even if it is a number."""

    __slots__ = ()


def parse(path: str) -> list[str]:
    """Split a dotted path or a JSON pointer into its pieces.

    >>> parse("clinical.comorbidities[I10].share")
    ['clinical', 'comorbidities', 'I10', 'share']
    >>> parse("/clinical/comorbidities/0/share")
    ['clinical', 'comorbidities', '0', 'share']
    """
    text = path.strip()
    if len(text) > LONGEST:
        raise Refused("path", f"is {len(text):,} characters long", f"at most {LONGEST} are read")
    if text.startswith("/"):
        pieces = [piece.replace("~1", "/").replace("~0", "~") for piece in text[1:].split("/")]
    else:
        text = text.removeprefix("$").removeprefix(".")
        pieces = [
            _bare((match[1] if match[1] is not None else match[3]).strip())
            for match in _PIECE.finditer(text)
        ]
    if not pieces or "" in pieces:
        raise Refused(
            "path",
            f"{path!r} names no place",
            "write it like demographics.age.mean or steps[id].at",
        )
    return pieces


def _bare(piece: str) -> str:
    bare = piece.strip("\"' ")
    return Quoted(bare) if bare != piece and bare.isdigit() else bare


def write(pieces: list[str]) -> str:
    """Write pieces as a dotted path.

    >>> write(["clinical", "comorbidities", "I10"])
    'clinical.comorbidities[I10]'
    """
    text = ""
    for piece in pieces:
        plain = re.fullmatch(r"[A-Za-z_][\w-]*", piece) and not re.fullmatch(r"[A-Z]\d\w", piece)
        shown = f'"{piece}"' if isinstance(piece, Quoted) else piece
        text += (f".{piece}" if text else piece) if plain else f"[{shown}]"
    return text


def find(document: Any, pieces: list[str]) -> Any:
    """Return the value at a place, or None."""
    value = document
    for piece in pieces:
        if isinstance(value, dict):
            value = value.get(piece)
        elif isinstance(value, list):
            place = _place(value, piece)
            value = None if place is None else value[place]
        else:
            return None
    return value


def change(document: Any, op: str, pieces: list[str], value: Any) -> tuple[Any, Any]:
    """Set, remove or append at a place of `document`, in place.

    Returns:
        The value before and the value now (None for nothing).
    """
    parent = _parent(document, pieces, make=op != "remove")
    last = pieces[-1]
    if op == "append":
        return _append(parent, last, value, write(pieces))
    if isinstance(parent, dict):
        before = parent.get(last)
        if op == "remove":
            if last not in parent:
                raise Refused(write(pieces), "is not there", near(last, parent))
            del parent[last]
            return before, None
        parent[last] = value
        return before, value
    if isinstance(parent, list):
        place = _place(parent, last)
        if place is None:
            raise Refused(write(pieces), f"the list has no {last!r}", _items(parent, last))
        before = parent[place]
        if op == "remove":
            del parent[place]
            return before, None
        parent[place] = value
        return before, value
    raise Refused(write(pieces[:-1]), f"is {parent!r}", "it has no parts; set it as a whole")


def _append(parent: Any, last: str, value: Any, path: str) -> tuple[Any, Any]:
    if last == "-" and isinstance(parent, list):
        parent.append(value)
        return None, value
    if isinstance(parent, list):
        place = _place(parent, last)
        target = None if place is None else parent[place]
    else:
        target = parent.setdefault(last, []) if isinstance(parent, dict) else None
    if not isinstance(target, list):
        raise Refused(path, "is not a list", "append to a list, or use op set")
    target.append(value)
    return None, value


def _parent(document: Any, pieces: list[str], *, make: bool) -> Any:
    """Return the container of a place; with `make`, create missing objects on the way."""
    value = document
    for number, piece in enumerate(pieces[:-1]):
        where = write(pieces[: number + 1])
        if isinstance(value, dict):
            if value.get(piece) is None:
                if not make:
                    raise Refused(where, "is not there", near(piece, value))
                value[piece] = {}
            value = value[piece]
        elif isinstance(value, list):
            place = _place(value, piece)
            if place is None:
                raise Refused(where, f"the list has no {piece!r}", _items(value, piece))
            value = value[place]
        else:
            raise Refused(where, "has no parts", f"set {write(pieces[:number])} as a whole")
    return value


def _place(items: list[Any], piece: str) -> int | None:
    """Return the position of a list item that is named by its key or by its number.

    Raises:
        Refused: a figure is the number of one item and the name of another.
    """
    number = piece.removeprefix("#")
    counts = re.fullmatch(r"[0-9]{1,6}", number) and int(number) < len(items)
    place = int(number) if counts and not isinstance(piece, Quoted) else None
    if piece.startswith("#") and place is not None:
        return place
    named = next(
        (place for place, item in enumerate(items)
         if isinstance(item, dict) and any(item.get(key) == piece for key in _KEYS)), None
    )  # fmt: skip
    if named is not None and place is not None and named != place:
        raise Refused(
            f"[{piece}]", "may be the item's number, from 0, or another's name",
            f'write ["{piece}"] for the one of this name, [#{piece}] for the one of this number',
        )  # fmt: skip
    return place if named is None else named


def items_by_name(items: list[Any]) -> dict[str, Any] | None:
    """Return the items of a list by the names that paths call them by; None if not all have one.

    >>> items_by_name([{"code": "I10"}, {"code": "E78.5"}])
    {'I10': {'code': 'I10'}, 'E78.5': {'code': 'E78.5'}}
    """
    named: dict[str, Any] = {}
    for item in items:
        names = [item[key] for key in _KEYS if key in item] if isinstance(item, dict) else []
        if not names or not isinstance(names[0], str) or names[0] in named:
            return None
        name = Quoted(names[0]) if names[0].isdigit() else names[0]
        named[name] = item
    return named


def _items(items: list[Any], piece: str) -> str:
    names = [
        next((str(item[key]) for key in _KEYS if key in item), str(number))
        for number, item in enumerate(items)
        if isinstance(item, dict)
    ]
    alike = near(piece, names)
    if alike.startswith("did"):
        return alike
    return f"it holds {', '.join(names)}" if names else f"it has {len(items)} items, from 0"


def parts_of(value: Any, path: str, longest: int, most: int = 40) -> list[str]:
    """Return the paths of the parts of a value, each with its characters, as a reader may ask.

    A part of more than `longest` characters is replaced by its own parts.

    >>> parts_of([{"id": "a"}, [3, 4]], "steps", 100), parts_of([[3, 4]], "steps", 5)
    (['steps[a] (11)', 'steps[1] (6)'], ['steps[0][0] (1)', 'steps[0][1] (1)'])
    """
    sized = list(islice(_sized(value, path, longest), most + 1))
    return [*sized[:most], *(["and more"] if len(sized) > most else [])]


def _sized(value: Any, path: str, longest: int) -> Iterator[str]:
    if isinstance(value, dict):
        named = ((f"{path}.{key}", inner) for key, inner in value.items())
    else:
        named = (
            (f"{path}[{name}]", inner) for name, inner in zip(_names(value), value, strict=True)
        )
    for name, inner in named:
        size = len(json.dumps(inner))
        if size > longest and isinstance(inner, dict | list):
            yield from _sized(inner, name, longest)
        else:
            yield f"{name} ({size:,})"


def _names(items: list[Any]) -> Iterator[str]:
    """Yield what names each item of a list: its key where no other item has it, else its number."""
    objects = [item for item in items if isinstance(item, dict)]
    times = Counter(
        name for item in objects for name in {str(item[key]) for key in _KEYS if key in item}
    )
    for number, item in enumerate(items):
        own = [str(item[key]) for key in _KEYS if key in item] if isinstance(item, dict) else []
        plain = own and times[own[0]] == 1 and not own[0].isdigit() and "]" not in own[0]
        figure = str(number)
        yield own[0] if plain else f"#{figure}" if figure in times else figure


def steps(value: Any, pieces: list[str]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield (place, step) of every step below a journey document, in document order.

    Visits of a protocol and its unscheduled ones count; stages and options hold steps and are none.
    """
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield pieces, value
        for key, inner in value.items():
            if key == "parts" and isinstance(inner, dict):
                for name, part in inner.items():
                    yield from steps(part, [*pieces, key, name])
            elif key in _HOLDERS:
                yield from steps(inner, [*pieces, key])
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from steps(item, [*pieces, counted(value, number)])


def counted(items: list[Any], number: int) -> str:
    """Return the number of a list item as a piece that cannot be read as a name."""
    figure = str(number)
    named = any(isinstance(item, dict) and figure in map(item.get, _KEYS) for item in items)
    return f"#{figure}" if named else figure


def step(journey: dict[str, Any], name: str) -> list[str]:
    """Return the place of the step with this id.

    `quarter/visit` is the `visit` below `quarter`, or of the part that `quarter` includes; without
    such a one, and for a `visit` alone, the first of that id.
    """
    places = list(steps(journey, []))
    ids = [piece.split("#")[0] for piece in name.split("/")]
    above: list[str] = []
    for outer in ids[:-1]:
        above = next((_below(place, step, journey) for place, step in places
                      if step["id"] == outer and place[: len(above)] == above), above)  # fmt: skip
    named = [place for place, step in places if step["id"] == ids[-1]]
    best = next((place for place in named if place[: len(above)] == above), None)
    if best is None and not named:
        existing = dict.fromkeys(step["id"] for _, step in places)
        raise Refused(f"steps[{name[:80]}]", "no step has this id", near(ids[-1], list(existing)))
    return best or named[0]


def _below(place: list[str], step: dict[str, Any], journey: dict[str, Any]) -> list[str]:
    """Return the place of the steps below a step: of an include, its part's place."""
    part, parts = step.get("part"), journey.get("parts")
    is_include = isinstance(part, str) and isinstance(parts, dict) and part in parts
    return ["parts", str(part)] if is_include else place
