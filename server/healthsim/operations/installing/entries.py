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
        comments: whether the reader of the document allows comments.
    """

    def __init__(self, text: str, key: str, comments: bool = False) -> None:
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
        return dict(_plain(self.text, member.value, self._scanner.comments))

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
        place = holder.members.index(member)
        start, end = member.start, member.value.end
        line = self.text.rfind("\n", 0, start) + 1
        alone = line > holder.start and not self.text[line:start].strip()
        if alone:
            start = line - (2 if self.text[line - 2 : line] == "\r\n" else 1)
        if place < len(holder.members) - 1 or holder.comma:
            end = self._comma_after(end) + 1
            if not alone:
                end += len(self.text[end:]) - len(self.text[end:].lstrip(" \t"))
            return self._closed(holder, self.text[:start], self.text[end:])
        if place:
            comma = self._comma_after(holder.members[place - 1].value.end)
            kept = self.text[comma + 1 : start].rstrip(" \t") if not alone else None
            between = self.text[comma + 1 : start] if kept is None else kept
            return self.text[:comma] + between + self.text[end:]
        return self._closed(holder, self.text[:start], self.text[end:])

    def _closed(self, holder: Value, head: str, rest: str) -> str:
        """Join two halves; an object that is left with nothing but space becomes ``{}``."""
        if len(holder.members) == 1 and head[holder.start + 1 :].strip() == "":
            closing = rest.find("}")
            if rest[:closing].strip() == "":
                return head[: holder.start + 1] + rest[closing:]
        return head + rest

    def _comma_after(self, place: int) -> int:
        return self._scanner.skip(place)

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
