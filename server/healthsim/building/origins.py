"""Where each figure of a draft comes from: the person said it, its template has it, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from healthsim.building import paths, templates
from healthsim.building.draft import Draft
from healthsim.errors import Refused

SAID, TEMPLATE, ASSUMED = "said", "template", "assumed"
AGREED = "said, as in the template"


class Origins:
    """Tells where the figures of one draft come from.

    A figure is *said* where a person settled its place, of the *template* where it is the same as
    there, and *assumed* otherwise: a default, or a figure taken for a vague word. Where a person
    settled what the template has already ("Medicare"), its figures are the template's all the same.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._assumed = {item.path for item in draft.assumptions if not draft.is_settled(item.path)}
        self._profile = self._template("profile", draft.profile or {})

    def of(self, path: str) -> str:
        """Return where the figure at a path of the profile comes from."""
        try:
            pieces = paths.parse(path)
        except Refused:  # an unfinished draft may hold a name that no path can
            return ASSUMED
        if any(path.startswith(one) or one.startswith(path) for one in self._assumed):
            return ASSUMED
        value = paths.find(self._draft.profile, pieces)
        same = value is not None and value == paths.find(self._profile, pieces)
        if self._draft.is_settled(path):
            return AGREED if same else SAID
        return TEMPLATE if same else ASSUMED

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


def _deepest(journey: Mapping[str, Any], pieces: list[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the innermost step on the way to a place, where there is one."""
    steps = [paths.find(journey, pieces[:end]) for end in range(1, len(pieces) + 1)]
    yield from [step for step in steps if isinstance(step, Mapping) and "id" in step][-1:]
