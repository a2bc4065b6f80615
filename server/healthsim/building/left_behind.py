"""What still names a drug after the step that prescribed it prescribes another.

A response to a drug, a condition on taking it, and what it replaces are written in other steps than
the prescription. Where a person changes the prescription alone, they keep the old drug's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from healthsim.building import paths, templates
from healthsim.building.question import Drafted, Question, set_change

_TAKES = re.compile(r"takes\(\s*['\"]([^'\"]+)['\"]\s*\)")


def questions(draft: Drafted) -> Iterator[Question]:
    """Yield what a draft's journeys still name of the drugs that their templates prescribe."""
    library = {item.name: item for item in templates.load_library() if item.kind == "journey"}
    for number, journey in enumerate(draft.journeys):
        name = str(journey.get("name"))
        if name in draft.templates and name in library:
            yield from since(library[name].fresh(), journey, number)


def since(old: Mapping[str, Any], new: Mapping[str, Any], number: int) -> Iterator[Question]:
    """Yield what a journey still names of the drugs that steps of an older form prescribed.

    Args:
        old: the journey before.
        new: the journey now.
        number: its position in the draft.
    """
    before, now = _prescribed(old), _prescribed(new)
    changed = {step: (drug, now[step]) for step, drug in before.items()
               if step in now and now[step] != drug}  # fmt: skip
    for step, (was, becomes) in changed.items():
        for pieces, name, text in _named(new, []):
            gone = _is_of(name, was) and not any(_is_of(name, drug) for drug in now.values())
            if gone:
                yield _question(step, becomes, name, (number, pieces, text))


def _prescribed(journey: Mapping[str, Any]) -> dict[str, str]:
    """Return step -> the drug that it prescribes."""
    found = {}
    for _, step in paths.steps(dict(journey), []):
        details = step.get("details")
        if step.get("type") == "prescription" and isinstance(details, Mapping):
            found[str(step["id"])] = str(details.get("drug"))
    return found


def _is_of(name: str, drug: str) -> bool:
    """Return whether a drug is, or holds, what a name names."""
    return re.search(rf"\b{re.escape(name.lower())}\b", drug.lower()) is not None


def _named(value: Any, pieces: list[str]) -> Iterator[tuple[list[str], str, str]]:
    """Yield (place, name, text) of each drug that something other than a prescription names."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            here = [*pieces, str(key)]
            if key in ("while_taking", "replaces") and isinstance(inner, str):
                yield here, inner, inner
            elif isinstance(inner, str):
                yield from ((here, name, inner) for name in dict.fromkeys(_TAKES.findall(inner)))
            else:
                yield from _named(inner, here)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _named(inner, [*pieces, paths.counted(list(value), number)])


def _question(step: str, becomes: str, name: str, place: tuple[int, list[str], str]) -> Question:
    number, pieces, text = place
    path = paths.write(["journeys", str(number), *pieces])
    new = _ingredient(becomes)
    return Question(
        path,
        f"{step!r} now prescribes {becomes!r}, and this still names {name!r}: {text!r}. What it "
        "says then never happens through that step. Name the new drug here too?",
        (set_change(path, re.sub(rf"\b{re.escape(name)}\b", new, text)), set_change(path, text)),
        assumed=True,
    )


def _ingredient(drug: str) -> str:
    """Return the ingredient of a drug in the code book, else its first word."""
    from healthsim.codes.drugs import drugs  # noqa: PLC0415  the book is read when asked for

    row = drugs().rows.get(drug)
    return row.ingredient if row is not None else drug.split(" ")[0]
