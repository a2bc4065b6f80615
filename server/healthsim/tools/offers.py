"""What a server says names only tools that it offers: the rest is left out of every text.

A read-only server leaves tools out. Texts are written for a server that has them all, so the
clauses that name a missing tool are cut, wherever the text comes from.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

READ_ONLY = "This server runs read-only: it makes and changes nothing."

_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_CODE = re.compile(r"```.*?```", re.DOTALL)
_BLOCK = re.compile(r"(```.*?```\n?|\n\s*\n|\n(?=\s*(?:[-*|>#]|\d+\.)\s?))", re.DOTALL)
_ITEM = re.compile(r"\s*(?:[-*]\s+|\d+\.\s+|#+\s+)?")
_SENTENCE = re.compile(r"(?<=[.;!?])(\s+)(?=\S)")
_PART = re.compile(r"(,\s+(?:or|then|and)\s+|,\s+)")
DATA = frozenset({
    "rows", "people", "sample", "requests", "description", "row", "lines", "who", "section",
    "scenarios", "templates", "columns",
})  # fmt: skip
"""Parts of answers that are data, and are never cut."""


@dataclass(frozen=True)
class Offer:
    """The tools that a server does not offer, and how texts are freed of them."""

    missing: Collection[str] = ()

    @cached_property
    def _named(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{'|'.join(sorted(self.missing))})\b" if self.missing else r"(?!)")

    def names_missing(self, text: str) -> bool:
        """Say whether a text names a tool that is not offered."""
        return bool(self._named.search(text))

    def text(self, text: str) -> str:
        """Return a text without the clauses that name a tool that is not offered.

        >>> Offer(["save_scenario"]).text("It is done. save_scenario keeps it; get_spec shows it.")
        'It is done. get_spec shows it.'
        >>> Offer(["cancel_run"]).text("Call check_run, or cancel_run to stop.")
        'Call check_run.'
        """
        if not self.names_missing(text):
            return text
        pieces = _BLOCK.split(self._sections(text))
        kept = ""
        for block, separator in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            rest = self._block(block)
            if not (block and not rest and separator == "\n"):  # a row or an item is gone
                rest += self._block(separator)
            kept += rest
        return re.sub(r"\n{3,}", "\n\n", kept).strip()

    def _sections(self, text: str) -> str:
        """Return a guide without the sections that show a call of a missing tool."""
        head, *sections = _SECTION.split(text)
        calls = ("".join(_CODE.findall(section)) for section in sections)
        kept = (
            section
            for section, call in zip(sections, calls, strict=True)
            if not self.names_missing(call)
        )
        return head + "".join(kept)

    def _block(self, block: str) -> str:
        """Return a paragraph or an item of a list without what names a missing tool.

        Code, and rows of tables, are left out whole.
        """
        if not self.names_missing(block):
            return block
        if block.startswith("```") or block.lstrip().startswith("|"):
            return ""
        head = _ITEM.match(block)
        start = head[0] if head else ""
        kept = self._sentences(block[len(start) :])
        return start + kept if kept.strip() else ""

    def _sentences(self, text: str) -> str:
        pieces = _SENTENCE.split(text)
        kept = ""
        for sentence, space in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            rest = sentence if not self.names_missing(sentence) else self._parts(sentence)
            kept += rest + space if rest else ""
        kept = kept.rstrip()
        if not kept.endswith(";"):
            return kept
        ending = text.rstrip()[-1:]
        return kept[:-1] + (ending if ending in ".;!?" else "")

    def _parts(self, sentence: str) -> str:
        """Return a sentence without the alternatives that name a missing tool, if one is left."""
        end = sentence[-1] if sentence[-1:] in ".;!?" else ""
        head, colon, listed = _introduced(sentence.removesuffix(end))
        kept, joint = "", ""
        pieces = _PART.split(listed)
        for part, following in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            if self.names_missing(part):
                break
            kept, joint = kept + joint + part, following
        return head + colon + kept + end if kept and not self.names_missing(head) else ""

    def error(self, text: str) -> str:
        """Return an error without mends that nobody can follow here; it says why they are gone.

        >>> Offer(["execute_spec"]).error("run 'a': no such run; execute_spec makes it")
        "run 'a': no such run; this server runs read-only: it makes and changes nothing"
        """
        kept = self.text(text)
        why = READ_ONLY[0].lower() + READ_ONLY[1:-1]
        return kept if kept == text else f"{kept.rstrip(' ;.')}; {why}".lstrip("; ")

    def guide(self, text: str) -> str:
        """Return a guide that names only tools that are offered, and says what is left out."""
        kept = self.text(text)
        return kept if kept == text else f"{kept}\n\n{READ_ONLY} How to is left out above.\n"

    def answer(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return an answer whose texts name only tools that are offered; data stays as it is."""
        said = {key: item if key in DATA else self._said(item) for key, item in answer.items()}
        if "text" in said:
            said["text"] = self.guide(answer["text"])
        if "next" in said and not said["next"]:
            said["next"] = READ_ONLY
        return said

    def _said(self, item: Any) -> Any:
        if isinstance(item, str):
            return self.text(item)
        if isinstance(item, list):
            return [kept for part in item if (kept := self._said(part)) != "" or part == ""]
        if isinstance(item, dict):
            return {key: self._said(part) for key, part in item.items()}
        return item


def _introduced(sentence: str) -> tuple[str, str, str]:
    """Return what introduces a list, the colon, and the list: a list that is gone takes both."""
    head, colon, listed = sentence.rpartition(": ")
    return head, colon, listed
