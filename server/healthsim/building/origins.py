"""Where each figure of a draft comes from: the person said it, its template has it, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from healthsim.building import paths, templates
from healthsim.building.draft import Draft
from healthsim.building.phrases import line
from healthsim.building.vocabulary import PAYERS
from healthsim.errors import Refused

SAID, TEMPLATE, ASSUMED = "said", "template", "assumed"


class Origins:
    """Tells where the figures of one draft come from.

    A figure is *said* where a person settled its place, of the *template* where it is the same as
    there, and *assumed* otherwise: a default, or a figure taken for a vague word. Where words
    without a figure settled a place ("Medicare"), it is told whose the figures are.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._assumed = {item.path for item in draft.assumptions if not draft.is_settled(item.path)}
        self._profile = self._template("profile", draft.profile or {})

    def of(self, path: str) -> str:
        """Return where the figure at a path of the profile comes from, with the person's words."""
        try:
            pieces = paths.parse(path)
        except Refused:  # an unfinished draft may hold a name that no path can
            return ASSUMED
        words, changed = self._words(path), self._words(path, "changed")
        if any(_meet(path, one) for one in self._assumed):
            return f"{ASSUMED} for {words}" if words else ASSUMED
        value = paths.find(self._draft.profile, pieces)
        same = value is not None and value == paths.find(self._profile, pieces)
        if not words and not self._draft.is_settled(path):
            return TEMPLATE if same else ASSUMED
        if changed and not words:
            return f"{SAID} later, in place of {changed}"
        said = f"{SAID} {words}".strip()
        if same and not any(letter.isdigit() for letter in words):
            return f"{said}, as in the template"
        usual = path == "coverage.plan" and any(value == dict(one.plans) for one in PAYERS)
        return f"{said}, shares assumed" if usual and words and len(value) > 1 else said

    def _words(self, path: str, fate: str = "bound") -> str:
        """Return what the person said of a path, in quotes; empty where it was set directly."""
        wishes = [wish for wish in self._draft.wishes if wish.fate == fate and wish.path]
        words = [line(wish.words) for wish in wishes if _meet(wish.path, path)]
        return ", ".join(f"{word!r}" for word in dict.fromkeys(words[:_MOST_WORDS]))

    def template_of(self, journey: Mapping[str, Any]) -> str:
        """Return the name of the template that a journey is a copy of, or nothing."""
        return str(self._template("journey", journey).get("name", ""))

    def said_steps(self, number: int) -> frozenset[int]:
        """Return the `id()` of the steps of a journey in which a person settled something.

        Args:
            number: position of the journey in the draft.
        """
        journey = self._draft.journeys[number]
        places = [paths.parse(path) for path in self._draft.settled]
        mine = [pieces[2:] for pieces in places if pieces[:2] == ["journeys", str(number)]]
        return frozenset(id(step) for pieces in mine for step in _deepest(journey, pieces))

    def _template(self, kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
        for template in templates.load_library():
            if template.kind != kind or template.name not in self._draft.templates:
                continue
            if document.get("name") == template.name:
                return template.fresh()
        return {}


def _meet(one: str, other: str) -> bool:
    """Return whether two paths name the same place, or one a part of the other's."""
    return one == other or any(
        inner.startswith((f"{outer}.", f"{outer}["))
        for inner, outer in ((one, other), (other, one))
    )


_MOST_WORDS = 3  # pieces of what was said that are quoted


def _deepest(journey: Mapping[str, Any], pieces: list[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the innermost step on the way to a place, where there is one."""
    steps = [paths.find(journey, pieces[:end]) for end in range(1, len(pieces) + 1)]
    yield from [step for step in steps if isinstance(step, Mapping) and "id" in step][-1:]
