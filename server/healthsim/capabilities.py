"""What HealthSim can do and what it cannot, and the words that people use for it: one table."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

Built = Literal["yes", "partly", "no"]

_TABLE = Path(__file__).with_name("capabilities.toml")
_BETWEEN = r"[\s\-/._]+"
_ENDING = re.compile(r"\(([^()|]+(?:\|[^()|]+)*)\)")
_LONGEST_CHOICE = 200
_NUMBER = re.compile(r"\d{3}")
_FILE_AFTER = re.compile(
    r"\s*(?:(?:,|/|&|and|or)\s*(?:the\s*)?\d{3}[pid]?\s*)?(?:files?|formats?|transactions?)\b"
)
_FILE_BEFORE = re.compile(r"(?:\b(?:the|an|as|x12|edi)\s*|\d{3}[pid]?\s*(?:,|/|&|and|or)\s*)$")
_NOUN_AFTER = re.compile(r"\s*(?!(?:and|or|for|from|of|please)\b)[a-z]")


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that people ask for.

    Attributes:
        key: its name in the table.
        name: what it is called, in one short line.
        words: phrases that people use for it, as `mentioned` reads them.
        built: whether HealthSim does it: "yes", "partly" or "no".
        how: where it is built: parts separated by "; "; empty where it is not.
        nearest: what is nearest, or which part is not built; empty where all is.
    """

    key: str
    name: str
    words: tuple[str, ...]
    built: Built
    how: str = ""
    nearest: str = ""

    @property
    def answer(self) -> str:
        """What to say to a person who asks for it.

        >>> table()["wrong_units"].answer
        'not built; nearest: each LOINC has one unit (lab_results.unit)'
        >>> table()["mail_order"].answer.split(";")[0]
        'built: profile coverage.plans.*.network.mail_order_share'
        """
        if self.built == "yes":
            return f"built: {self.how}"
        if self.built == "partly":
            return f"partly built ({self.how}): {self.nearest}"
        return f"not built; nearest: {self.nearest}"


class Mention(NamedTuple):
    """A capability that a text names, and where.

    Attributes:
        span: start and end of the words in the text.
        capability: what they name.
    """

    span: tuple[int, int]
    capability: Capability


@cache
def table() -> Mapping[str, Capability]:
    """Return every capability by its key, in the order of the table."""
    rows = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {
        key: Capability(key, **{**row, "words": tuple(row["words"])}) for key, row in rows.items()
    }


def answer(key: str) -> str:
    """Return what to say about a capability: "not built; nearest: …" where it is not built.

    Raises:
        KeyError: the table has no such key.
    """
    return table()[key].answer


def not_built(choice: str) -> str:
    """Return what is not built among the things that a refused choice names; else nothing.

    >>> not_built("xpt").partition(";")[0]
    'SDTM and ADaM datasets, XPT, Define-XML: not built'
    >>> not_built("no such thing")
    ''
    """
    return unbuilt(f"as {choice[:_LONGEST_CHOICE]}")


def unbuilt(text: str) -> str:
    """Return what a text names that is not built, or not wholly, and what is nearest.

    >>> unbuilt("DRG 837")
    ''
    """
    named = {one.key: one for _, one in mentioned(text)}
    return "; ".join(f"{one.name}: {one.answer}" for one in named.values() if one.built != "yes")


def mentioned(text: str) -> list[Mention]:
    """Find the capabilities that a text names, in the order of the text.

    Whole words count, in capitals or not; the longest phrase wins, and no word is used twice.

    >>> text = "5 % of claims denied; export as FHIR R4 bundles, and the 835"
    >>> [(text[slice(*span)], one.key) for span, one in mentioned(text)]
    [('claims denied', 'denials'), ('FHIR R4 bundles', 'fhir'), ('835', 'x12')]
    >>> mentioned("837 members with knee replacements")
    []
    """
    found: list[Mention] = []
    for match, capability in sorted(_matches(text), key=lambda one: -len(one[0][0])):
        start, end = match.span()
        if all(end <= one.span[0] or start >= one.span[1] for one in found):
            found.append(Mention((start, end), capability))
    return sorted(found, key=lambda one: one.span)


def _matches(text: str) -> Iterator[tuple[re.Match[str], Capability]]:
    small = text.lower()
    for begins, pattern, capability in _patterns():
        for match in pattern.finditer(text) if begins in small else ():
            if not _NUMBER.fullmatch(match[0]) or _is_file(small, *match.span()):
                yield match, capability


def _is_file(text: str, start: int, end: int) -> bool:
    """Say whether a number alone is a kind of file and no count ("837 members").

    It is where "files" or the like follows, or where an article, "as" or another such number is
    before it and no noun after it.
    """
    if _FILE_AFTER.match(text, end):
        return True
    return bool(_FILE_BEFORE.search(text, 0, start)) and not _NOUN_AFTER.match(text, end)


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], Capability], ...]:
    """Return each phrase: how it begins, in small letters, its pattern, and what it names."""
    return tuple(
        (re.split(r"[\W_]", words.lower())[0], _pattern(words), capability)
        for capability in table().values() for words in capability.words
    )  # fmt: skip


def _pattern(words: str) -> re.Pattern[str]:
    """Return a phrase of the table as a pattern of whole words."""
    written = _BETWEEN.join(_ENDING.sub(_choice, word) for word in words.split(" "))
    case = 0 if words != words.lower() else re.IGNORECASE
    return re.compile(rf"(?<!\w){written}(?!\w)", case)


def _choice(ending: re.Match[str]) -> str:
    choices = ending[1].split("|")
    return f"(?:{'|'.join(choices)}){'' if len(choices) > 1 else '?'}"
