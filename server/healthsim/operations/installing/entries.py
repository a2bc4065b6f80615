"""Puts one entry into a JSON document or takes it out; every other character stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from healthsim.operations.installing.json_text import BrokenJson, Member, Scanner, Value

_UNIT = "  "


class Misshapen(Exception):  # noqa: N818  a state of the document, told by whoever asks
    """A document that is JSON, but in which an entry has no one place."""


class Entries:
    """The entries below one key of a document, such as ``mcpServers``.

    Attributes:
        text: the document; empty where there is none yet.
        key: the key that holds the entries.
    """

    def __init__(self, text: str, key: str, comments: bool = False) -> None:
        """Find the entries; with `comments`, in a document as editors allow it.

        Raises:
            BrokenJson: the text is no JSON.
            Misshapen: the entries have no one place in it.
        """
        self.text = text
        self.key = key
        self._scanner = Scanner(text, comments)
        self._root = self._scanner.document() if text.strip() else None
        self._holder = self._only(self._root, key) if self._root else None
        if self._holder and not self._holder.value.is_object:
            raise Misshapen(f"{key} is no object")

    def get(self, name: str) -> dict[str, Any] | None:
        """Return an entry, or None where there is none of that name."""
        member = self._only(self._holder.value, name) if self._holder else None
        if member is None:
            return None
        if not member.value.is_object:
            raise Misshapen(f"{self.key}.{name} is no object")
        try:
            entry = dict(_plain(self.text, member.value, self._scanner.comments))
            json.dumps(entry, ensure_ascii=False).encode()
        except ValueError:
            raise Misshapen(
                f"{self.key}.{name} holds half a character or a number of thousands of digits"
            ) from None
        return entry

    def with_entry(self, name: str, entry: Mapping[str, Any]) -> str:
        """Return the document with an entry, in the place of an older one of that name."""
        if self._root is None:
            return json.dumps({self.key: {name: entry}}, indent=2, ensure_ascii=False) + "\n"
        if self._holder is None:
            return self._added(self._root, self.key, {name: entry})
        member = self._only(self._holder.value, name)
        if member is None:
            return self._added(self._holder.value, name, entry)
        inner = self._indent_of(member.start)
        own = self._inline(self._holder.value)
        shown = self._shown(entry, own, inner)
        return self.text[: member.value.start] + shown + self.text[member.value.end :]

    def without(self, name: str) -> str:
        """Return the document without an entry."""
        holder = self._holder.value if self._holder else None
        member = self._only(holder, name) if holder else None
        if holder is None or member is None:
            return self.text
        start, end = member.start, member.value.end
        place, text, blank = holder.members.index(member), self.text, " \t\r\n"
        if place < len(holder.members) - 1 or holder.comma:
            comma = self._scanner.skip(end)
            if not text[end:comma].strip(blank):
                comma, end = -1, comma + 1
        else:
            comma = self._scanner.skip(holder.members[place - 1].value.end) if place else -1
        start, end = self._with_its_line(holder, start, end)
        if 0 <= comma < start and not text[comma + 1 : start].strip(" \t"):
            start, comma = comma, -1
        spans = sorted([(start, end), *([(comma, comma + 1)] if comma >= 0 else [])])
        for first, last in reversed(spans):
            text = text[:first] + text[last:]
        inner = holder.end - sum(last - first for first, last in spans) - 1
        alone = len(holder.members) == 1 and not text[holder.start + 1 : inner].strip(blank)
        return text[: holder.start + 1] + text[inner:] if alone else text

    def _with_its_line(self, holder: Value, start: int, end: int) -> tuple[int, int]:
        """Widen a span by its line, if nothing else is on it; else by the space after it."""
        space = len(self.text[end:]) - len(self.text[end:].lstrip(" \t"))
        line = self.text.rfind("\n", holder.start, start)
        last = self.text[end + space : end + space + 2]
        if line >= 0 and not self.text[line:start].strip() and last[:1] in "\r\n":
            return line - (self.text[line - 1] == "\r"), end + space
        return start, end + (space if self.text[end - 1] == "," else 0)

    def _only(self, value: Value, key: str) -> Member | None:
        if not value.is_object:
            raise Misshapen("the document is no object")
        found = value.named(key)
        if len(found) > 1:
            raise Misshapen(f"the key {key} stands there {len(found)} times")
        return found[0] if found else None

    def _added(self, holder: Value, name: str, entry: Mapping[str, Any]) -> str:
        text = self.text
        tail = self._scanner.tail(holder)
        key = json.dumps(name, ensure_ascii=False)
        if self._inline(holder):
            member = f"{key}: {json.dumps(entry, ensure_ascii=False)}"
            place = holder.members[-1].value.end if holder.members else holder.start + 1
            return f"{text[:place]}{', ' if holder.members else ''}{member}{text[place:]}"
        outer = self._indent_of(holder.start)
        inner = self._indent_of(holder.members[0].start) if holder.members else outer + self._unit()
        newline = self._newline()
        member = f"{newline}{inner}{key}: {self._shown(entry, False, inner)}"
        member += "," if holder.comma else ""
        if "\n" not in text[tail : holder.end]:
            member += newline + outer
        if holder.members and not holder.comma:
            end = holder.members[-1].value.end
            return text[:end] + "," + text[end:tail] + member + text[tail:]
        closing = text[tail : holder.end] if "\n" in text[tail : holder.end] else "}"
        return text[:tail] + member + closing + text[holder.end :]

    def _inline(self, holder: Value) -> bool:
        """Say whether the members of an object stand on the line of its opening brace."""
        if holder.members:
            return "\n" not in self.text[holder.start : holder.members[0].start]
        root = self._root
        return bool(root and root is not holder and root.members and self._inline(root))

    def _shown(self, entry: Mapping[str, Any], inline: bool, indent: str) -> str:
        if inline:
            return json.dumps(entry, ensure_ascii=False)
        lines = json.dumps(entry, indent=self._unit(), ensure_ascii=False).split("\n")
        return (self._newline() + indent).join(lines)

    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _unit(self) -> str:
        """Return what one level is indented by: that of the first member of the document."""
        if self._root and self._root.members:
            found = self._indent_of(self._root.members[0].start)
            return found if found and not self._inline(self._root) else _UNIT
        return _UNIT

    def _indent_of(self, place: int) -> str:
        """Return the space that a line begins with."""
        line = self.text[self.text.rfind("\n", 0, place) + 1 : place]
        return line[: len(line) - len(line.lstrip(" \t"))]


def _plain(text: str, value: Value, comments: bool) -> Any:
    """Return a value as Python has it, without comments and commas that editors allow."""
    if value.is_object:
        return {member.key: _plain(text, member.value, comments) for member in value.members}
    part = text[value.start : value.end]
    if not comments or not part.startswith("["):
        return json.loads(part)
    return _array(text, value)


def _array(text: str, value: Value) -> list[Any]:
    scanner, items = Scanner(text, comments=True), []
    place = scanner.skip(value.start + 1)
    while text[place] != "]":
        item = scanner.item(place)
        items.append(_plain(text, item, True))
        place = scanner.skip(item.end)
        place = scanner.skip(place + 1) if text[place] == "," else place
    return items


__all__ = ["BrokenJson", "Entries", "Misshapen"]
