"""What is wrong with a discharge status that a step states."""

from __future__ import annotations

import json
from collections.abc import Iterator

from healthsim.codes.books import DEATHS, discharge
from healthsim.errors import Problem, alike
from healthsim.specification.checks.names import text_problems
from healthsim.specification.distributions.kinds import Distribution

_DIES = {
    "do": "event",
    "id": "dies",
    "type": "death",
    "at": {"after": "<id of the stay>", "edge": "end"},
    "chance": 0.05,
}
_OF_DEATH = ("died", "dies", "dead", "death", "deceased", "expired", "mortality")
_COMMON = ("01", "06", "03", "62", "07", "51")
"""Codes that are suggested, the commonest first."""


def disposition_problems(where: str, stated: Distribution | None) -> Iterator[Problem]:
    """Yield that a discharge status is unknown, or is a death that would not happen.

    A status of death follows from a death step at the end of the stay; stated alone, the person
    would live on.
    """
    labels = tuple(stated.labels) if stated is not None and stated.kind == "text" else ()
    for label in labels:
        if label in DEATHS or label.lower() in _OF_DEATH:
            said = f" ({discharge().display(label).lower()})" if label in DEATHS else ""
            mend = f"leave it out and add a death step at the end of the stay: {json.dumps(_DIES)}"
            yield Problem(where, f"{label}{said} is stated, and nobody dies of it", mend)
        elif label not in discharge():
            yield Problem(where, f"unknown value {label!r}", _suggested(label))
    if not labels:
        yield from text_problems(where, stated)


def _suggested(label: str) -> str:
    """Suggest the codes whose meaning is like a word, and the common ones with their meaning."""
    codes = {row.display: code for code, row in discharge().rows.items() if code not in DEATHS}
    meant = [f"{codes[display]} ({display.lower()})" for display in alike(label, list(codes))[:2]]
    hint = f"did you mean {' or '.join(meant)}? " if meant else ""
    known = ", ".join(f"{code} {discharge().display(code).lower()}" for code in _COMMON)
    return f"{hint}known: {known} and others (look_up); for died, a death step at edge end"
