"""What goes out: no answer is longer than hosts carry, and one that would be says what is left out.

A tool keeps its own answer short where it knows what matters. This is for all that it does not
foresee: the room of an answer is shared out among its parts, small ones whole, large ones cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from mcp.types import CallToolResult, ContentBlock, TextContent

from healthsim.errors import cut
from healthsim.tools.answers import compact

LONGEST = 40_000
"""Characters of a whole result as it is sent, the data and their text; pictures are not counted."""

_ENVELOPE = 600  # characters that the protocol puts around a result
_NOTES = 1_500  # characters kept free to say what was cut
_PLACES = 6  # that are named where something was cut
_SHORTEST = 40  # characters that are left of a cut text at least
_LONGEST_KEY = 120
_LEAST_FIELD = 12  # that any field has at least, its name included
_LEAST = 160  # characters, both copies, that a field or a cell has at least


def bounded(result: CallToolResult) -> CallToolResult:
    """Return a result that can be sent: itself, or what fits of it with `cut`, what was left out.

    Data and text stay equal, and valid JSON.
    """
    if size(result) <= LONGEST:
        return result
    data = result.structured_content
    copies = [block for block in result.content if _is_text_of(block, data)]
    others = _shorter_texts([block for block in result.content if block not in copies])
    if data is None:
        return result.model_copy(update={"content": others})
    room = LONGEST - _ENVELOPE - sum(map(_length, others))
    shorter = shortened(data, room)
    text = [TextContent(type="text", text=compact(shorter))] if copies else []
    return result.model_copy(update={"content": [*text, *others], "structured_content": shorter})


def size(result: CallToolResult) -> int:
    """Return the characters of a result as it is sent, without its pictures."""
    return sum(map(_length, result.content)) + len(compact(result.structured_content)) + _ENVELOPE


def weight(value: Any) -> int:
    """Return the characters that a value costs in an answer: once as data, once as text."""
    text = compact(value)
    return len(text) + len(compact(text))


def shortened(data: dict[str, Any], room: int) -> dict[str, Any]:
    """Return what fits of data, with `cut`: where something was left out, and how much."""
    for share in (1.0, 0.8, 0.5, 0.25):
        cutter = Cutter()
        fitting: dict[str, Any] = cutter.fit(data, int((room - _NOTES) * share), "")
        last = {"next": fitting.pop("next")} if "next" in fitting else {}
        found = fitting | {"cut": cutter.said()} | last
        if weight(found) <= room:
            return found
    return {"cut": ["everything: it is too long; ask for less"]}


class Cutter:
    """Shares out room among the parts of data, and remembers what it cut."""

    def __init__(self) -> None:
        self._notes: list[str] = []

    def said(self) -> list[str]:
        """Say what was cut, the first places by name."""
        more = len(self._notes) - _PLACES
        return self._notes[:_PLACES] + ([f"and in {more:,} more places"] if more > 0 else [])

    def fit(self, value: Any, room: int, path: str) -> Any:
        """Return what fits of a value."""
        if not isinstance(value, str | list | dict) or weight(value) <= room:
            return value
        if isinstance(value, str):
            return self._text(value, room, path)
        if isinstance(value, list):
            return self._list(value, room, path)
        return self._table(value, room, path) if _is_table(value) else self._dict(value, room, path)

    def _dict(self, value: dict[str, Any], room: int, path: str) -> dict[str, Any]:
        """Return the fields that fit: small ones whole, the others cut to equal shares."""
        names = self._names(list(value)[: max(1, room // _LEAST_FIELD)], path)
        weights = {key: weight(name) + weight(value[key]) for key, name in names.items()}
        least = accumulate(min(each, _LEAST) for each in weights.values())
        kept = [key for key, needed in zip(names, least, strict=True) if needed <= room]
        self._left(path, len(kept), len(value), "fields")
        shared = zip(kept, _shares([weights[key] for key in kept], room), strict=True)
        return {
            names[key]: self.fit(value[key], share - weight(names[key]), f"{path}.{names[key]}")
            for key, share in shared
        }

    def _names(self, keys: list[str], path: str) -> dict[str, str]:
        """Return keys as they are shown: long ones cut, with a number where two would be alike."""
        names = {key: cut(key, _LONGEST_KEY) for key in keys}
        for number, (key, name) in enumerate(names.items()):
            if key != name:
                names[key] = f"{name} #{number}"
                self._notes.append(f"{path.lstrip('.')}: the name of field {number}")
        return names

    def _text(self, value: str, room: int, path: str) -> str:
        most = min(len(value), max(_SHORTEST, room // 2 - _SHORTEST))
        while most > _SHORTEST and weight(value[:most]) > room - _SHORTEST:
            most = max(_SHORTEST, most * 3 // 4)
        if most == len(value):
            return value
        self._notes.append(f"{path.lstrip('.')}: {most:,} of {len(value):,} characters")
        return f"{value[:most]}…"

    def _list(self, value: list[Any], room: int, path: str) -> list[Any]:
        """Return the first items that fit, one at least; a large one is cut to a quarter."""
        most = room if len(value) == 1 else max(room // 4, _LEAST)
        kept = self.first(value, room, lambda item, number: self.fit(
            item, most, f"{path}[{number}]"
        ))  # fmt: skip
        self._left(path, len(kept), len(value), "items")
        return kept

    def first(self, items: list[Any], room: int, fitted: Callable[[Any, int], Any]) -> list[Any]:
        """Return the first items, fitted, as far as there is room, one at least."""
        kept: list[Any] = []
        for number, item in enumerate(items):
            noted = len(self._notes)
            fitting = fitted(item, number)
            room -= weight(fitting)
            if room < 0 and kept:
                del self._notes[noted:]
                break
            kept.append(fitting)
        return kept

    def _table(self, value: dict[str, Any], room: int, path: str) -> dict[str, Any]:
        """Return the columns and rows that fit: each row has a cell for each column that is left.

        Lists of the same length beside the columns, such as their types, are cut like them.
        """
        total = len(value["columns"])
        wide = min(total, max(1, room // 2 // _LEAST))
        self._left(f"{path}.columns", wide, total, "columns")
        lists = [key for key, item in value.items() if _is_of(item, total)]
        heads = {
            key: self.row(value[key][:wide], room // 3, f"{path}.{key}")
            for key in lists if key != "rows"
        }  # fmt: skip
        others = {key: item for key, item in value.items() if key not in (*lists, "rows")}
        kept: dict[str, Any] = heads | self._dict(others, room // 3, path)
        left = room - weight(kept)
        rows = self.first(value["rows"], left, lambda row, number: self.row(
            row[:wide], left, f"{path}.rows[{number}]"
        ))  # fmt: skip
        self._left(f"{path}.rows", len(rows), len(value["rows"]), "rows")
        kept["rows"] = rows
        return {key: kept[key] for key in value if key in kept}

    def row(self, cells: list[Any], room: int, path: str, names: Sequence[str] = ()) -> list[Any]:
        """Return a row with all of its cells: small ones whole, large ones cut to equal shares.

        Args:
            cells: of the row.
            room: characters that it may cost; each cell has a few in any case.
            path: of the row, for what is said.
            names: of the cells, likewise; their numbers if none are given.
        """
        shared = _shares([weight(cell) for cell in cells], room)
        places = names or range(len(cells))
        return [
            self._cell(cell, max(share, _LEAST), f"{path}[{place}]")
            for place, cell, share in zip(places, cells, shared, strict=True)
        ]

    def _cell(self, value: Any, room: int, path: str) -> Any:
        """Return a cell: a list or an object that is too long as the beginning of its text."""
        is_long = isinstance(value, list | dict) and weight(value) > room
        return self.fit(compact(value) if is_long else value, room, path)

    def _left(self, path: str, kept: int, total: int, what: str) -> None:
        if kept < total:
            self._notes.append(f"{path.lstrip('.') or 'answer'}: {kept:,} of {total:,} {what}")


def _shares(weights: Sequence[int], room: int) -> list[int]:
    """Share out room: what needs least has what it needs, what is left is shared equally.

    >>> _shares([10, 500, 20, 500], 230)
    [10, 100, 20, 100]
    """
    shares = [0] * len(weights)
    for rank, place in enumerate(sorted(range(len(weights)), key=lambda place: weights[place])):
        shares[place] = min(weights[place], max(0, room) // (len(weights) - rank))
        room -= shares[place]
    return shares


def _is_of(value: Any, total: int) -> bool:
    return isinstance(value, list) and len(value) == total


def _is_table(value: dict[str, Any]) -> bool:
    columns, rows = value.get("columns"), value.get("rows")
    return (
        isinstance(columns, list)
        and isinstance(rows, list)
        and all(isinstance(row, list) and len(row) == len(columns) for row in rows)
    )


def _is_text_of(block: ContentBlock, data: Any) -> bool:
    return isinstance(block, TextContent) and data is not None and block.text == compact(data)


def _length(block: ContentBlock) -> int:
    if block.type in ("image", "audio"):
        return 0
    return len(block.model_dump_json(by_alias=True, exclude_none=True))


def _shorter_texts(blocks: Sequence[ContentBlock]) -> list[ContentBlock]:
    """Return blocks whose texts have half of the room at most, said where one is cut."""
    shared = _shares([_length(block) for block in blocks], LONGEST // 2)
    return [
        _shorter_text(block, share) if isinstance(block, TextContent) else block
        for block, share in zip(blocks, shared, strict=True)
    ]


def _shorter_text(block: TextContent, room: int) -> TextContent:
    text = block.text
    while _length(TextContent(type="text", text=text)) > room and len(text) > _SHORTEST:
        text = text[: max(_SHORTEST, len(text) * 3 // 4)]
    if text == block.text:
        return block
    return block.model_copy(update={"text": f"{text}… ({len(block.text):,} characters)"})
