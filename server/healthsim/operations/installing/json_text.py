"""Where the parts of a JSON document stand in its text, so that one of them can be edited alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_ATOM = re.compile(r"(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])")
_SPACE = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_DEEPEST = 100


class BrokenJson(Exception):  # noqa: N818  a state of the text, told by whoever asks
    """A text that is not JSON.

    Attributes:
        line: line of the place, from 1.
        column: column of the place, from 1.
        found: what is wrong there.
    """

    def __init__(self, text: str, place: int, found: str) -> None:
        self.line = text.count("\n", 0, place) + 1
        self.column = place - (text.rfind("\n", 0, place) + 1) + 1
        self.found = found
        super().__init__(f"line {self.line}, column {self.column}: {found}")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the document and where it stands.

    Attributes:
        start: position of its first character.
        end: position after its last character.
        members: of an object, in the order of the text.
        is_object: whether it is an object.
        comma: whether a comma stands after the last member.
    """

    start: int
    end: int
    members: tuple[Member, ...] = ()
    is_object: bool = False
    comma: bool = False

    def named(self, key: str) -> list[Member]:
        """Return the members of one key: none, one, or several where the key is repeated."""
        return [member for member in self.members if member.key == key]


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object, its value, and the position of the key's quote."""

    key: str
    start: int
    value: Value


class Scanner:
    """Reads one document; with `comments` as editors do: comments, commas after the last item."""

    def __init__(self, text: str, comments: bool = False) -> None:
        self.text = text
        self.comments = comments

    def document(self) -> Value:
        """Return the value that the text holds.

        Raises:
            BrokenJson: the text holds no value, or something after it.
        """
        value = self._value(self.skip(0), 0)
        rest = self.skip(value.end)
        if rest < len(self.text):
            raise BrokenJson(self.text, rest, "something stands after the end")
        return value

    def skip(self, place: int) -> int:
        """Return the position of what comes next: space and comments are skipped."""
        while True:
            match = _SPACE.match(self.text, place)
            place = match.end() if match else place
            comment = _COMMENT.match(self.text, place)
            if comment is None:
                return place
            if not self.comments:
                raise BrokenJson(self.text, place, "a comment, which JSON does not have")
            place = comment.end()

    def tail(self, value: Value) -> int:
        """Return the position after the last thing within an object: member, comma or comment."""
        place = last = value.members[-1].value.end if value.members else value.start + 1
        while place < value.end - 1:
            match = _SPACE.match(self.text, place)
            place = match.end() if match else place
            if self.text[place] == ",":
                last = place = place + 1
                continue
            comment = _COMMENT.match(self.text, place)
            if comment is None:
                return last
            last = place = comment.end()
        return last

    def item(self, place: int) -> Value:
        """Return the value that begins at a position."""
        return self._value(place, 0)

    def _value(self, place: int, depth: int) -> Value:
        if depth > _DEEPEST:
            raise BrokenJson(self.text, place, f"more than {_DEEPEST} levels")
        opening = self.text[place : place + 1]
        if opening == "{":
            return self._object(place, depth)
        if opening == "[":
            return self._array(place, depth)
        match = (_STRING if opening == '"' else _ATOM).match(self.text, place)
        if match is None:
            raise BrokenJson(self.text, place, self._instead("a value", place))
        return Value(place, match.end())

    def _object(self, start: int, depth: int) -> Value:
        members: list[Member] = []
        place, comma = self.skip(start + 1), False
        while self.text[place : place + 1] != "}" or (comma and not self.comments):
            match = _STRING.match(self.text, place)
            if match is None or (members and not comma):
                wanted = "a key in double quotes" if comma or not members else "a comma or }"
                raise BrokenJson(self.text, place, self._instead(wanted, place))
            colon = self.skip(match.end())
            if self.text[colon : colon + 1] != ":":
                raise BrokenJson(self.text, colon, self._instead("a colon", colon))
            value = self._value(self.skip(colon + 1), depth + 1)
            members.append(Member(json.loads(match[0]), place, value))
            place, comma = self._after(value.end)
        return Value(start, place + 1, tuple(members), is_object=True, comma=comma)

    def _array(self, start: int, depth: int) -> Value:
        place, comma, first = self.skip(start + 1), False, True
        while self.text[place : place + 1] != "]" or (comma and not self.comments):
            if not (first or comma):
                raise BrokenJson(self.text, place, self._instead("a comma or ]", place))
            place, comma = self._after(self._value(place, depth + 1).end)
            first = False
        return Value(start, place + 1)

    def _after(self, end: int) -> tuple[int, bool]:
        """Return where the next item or the end stands, and whether a comma came before it."""
        place = self.skip(end)
        if self.text[place : place + 1] == ",":
            return self.skip(place + 1), True
        return place, False

    def _instead(self, wanted: str, place: int) -> str:
        found = self.text[place : place + 1]
        return f"{wanted} is missing, found {found!r}" if found else f"the end; {wanted} is missing"
