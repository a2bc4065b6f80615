"""The template library: find a template by words, load it by name."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from healthsim import library
from healthsim.building.vocabulary import ALIKE, EMPTY
from healthsim.errors import NotFound, near

KINDS = ("profile", "journey")


@dataclass(frozen=True, slots=True)
class Template:
    """A valid specification to start from."""

    name: str
    kind: str
    title: str
    description: str
    document: str

    def fresh(self) -> dict[str, Any]:
        """Return a new copy of its document."""
        document: dict[str, Any] = json.loads(self.document)
        return document


@cache
def load_library(folder: Path | None = None) -> tuple[Template, ...]:
    """Read every template, profiles first, by name."""
    root = folder or library.library_folder("templates")
    loaded = []
    for kind in KINDS:
        for path in sorted((root / f"{kind}s").glob("*.json")):
            text = path.read_text(encoding="utf-8")
            head = json.loads(text)
            loaded.append(
                Template(
                    head["name"], kind, head.get("title", ""), head.get("description", ""), text
                )
            )
    return tuple(loaded)


def load(name: str, kind: str = "") -> Template:
    """Return the template of this name.

    Raises:
        NotFound: with near matches; also if it is of another kind.
    """
    plain_name = name.strip().lower().removesuffix(".json")
    for template in load_library():
        if template.name == plain_name and kind in ("", template.kind):
            return template
    names = [template.name for template in load_library() if kind in ("", template.kind)]
    other = [template.kind for template in load_library() if template.name == plain_name]
    if other:
        raise NotFound("template", f"{name!r} is a {other[0]}", near("", names))
    label = f"{kind} template" if kind else "template"
    raise NotFound("template", f"no {label} is called {name!r}", near(plain_name, names))


def find(query: str = "", kind: str = "") -> list[tuple[float, Template]]:
    """Rank the templates by the words they share with `query`; all of them for no query.

    A word of the name counts four times, of the title three times, of the description once; a
    word shared in its first five letters ("diabetic", "diabetes") counts half. A word that means
    another ("kids", "CHF") counts as the other where that is more. The sum is then lessened by
    the share of words that are not met at all. Of equals, people come before what happens to them.
    """
    words = [word for word in _split(query) if word not in EMPTY]
    scored = [
        (_score(words, template), template)
        for template in load_library()
        if kind in ("", "any", template.kind)
    ]
    if not words:
        return scored
    return sorted(
        [item for item in scored if item[0] > 0],
        key=lambda item: (-item[0], KINDS.index(item[1].kind), item[1].name),
    )


def fitting(query: str = "", kind: str = "") -> list[Template]:
    """Return the templates that fit `query`, best first; all of them for no query.

    A template fits if its name, title or description meets at least half of the words that say
    something: no figures, and no words such as "patients" or "template".
    """
    words = _telling(query)
    return [
        template
        for _, template in find(query, kind)
        if not words or 2 * sum(_meets(word, template) for word in words) >= len(words)
    ]


def mentioning(query: str, kind: str = "") -> list[tuple[str, Template]]:
    """Return (word, template) of words of `query` that stand only inside the documents.

    For example a drug that some of the people take, of whom the template is not about that drug.
    """
    return [
        (word, template)
        for word in dict.fromkeys(_telling(query))
        for template in load_library()
        if kind in ("", "any", template.kind) and word in _split(template.document)
    ]


_OF_LIBRARY = frozenset({"template", "templates", "profile", "profiles", "journey", "journeys"})


def _telling(query: str) -> list[str]:
    """Return the words of a query that say what a template should be about."""
    return [word for word in _split(query)
            if word not in EMPTY and word not in _OF_LIBRARY and not word.isdigit()]  # fmt: skip


def _meets(word: str, template: Template) -> bool:
    text = f"{template.name} {template.title} {template.description}"
    return _match(word, set(_split(text))) > 0


def _score(words: list[str], template: Template) -> float:
    total, matched = 0.0, set()
    for weight, text in ((4, template.name), (3, template.title), (1, template.description)):
        present = set(_split(text))
        for word in words:
            match = _match(word, present)
            total += weight * match
            matched |= {word} if match else set()
    return total * len(matched) / max(len(set(words)), 1)


def _match(word: str, present: set[str]) -> float:
    """Return 1 where a word or one that means the same is present, 0.5 where its stem is."""
    stems = {other[:5] for other in present if len(other) >= 5}
    synonyms = {word, ALIKE.get(word, word)}
    return max(
        1.0 if synonym in present else 0.5 if synonym[:5] in stems else 0.0 for synonym in synonyms
    )


def _split(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
