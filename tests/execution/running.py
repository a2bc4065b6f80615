"""Specifications of the tests, and their rows as plain Python."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np

from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.execution.run import CHUNK, chunks
from healthsim.tables import Coded, Columns, Texts, stack

_DATA = Path(__file__).parent.parent / "data"
Document = dict[str, Any]


def diabetic(**changes: Any) -> Document:
    """A profile of people with diabetes, with some of its keys changed."""
    return {**json.loads((_DATA / "diabetic.json").read_text()), **copy.deepcopy(changes)}


def patients(**changes: Any) -> Document:
    """The same people, of whom only charts are made: for tests that look at no bill."""
    return diabetic(**{"products": ["patientsim"], **changes})


def first_year() -> Document:
    """Their first year: visits with jitter, a branch on what was measured, a second drug."""
    found: Document = json.loads((_DATA / "first-year.json").read_text())
    return found


def journey(*steps: Document, **changes: Any) -> Document:
    """A journey of these steps."""
    phases = [{"name": "all", "steps": list(steps)}]
    return {"kind": "journey", "name": "short", "duration_days": 365, "phases": phases, **changes}


def event(id: str, type: str, at: Any = 0, **details: Any) -> Document:
    """An event; what is neither its id, its type nor its day is a detail."""
    return {"do": "event", "id": id, "type": type, "at": at, "details": details}


def lab(id: str, at: Any = 0, **result: Any) -> Document:
    """An HbA1c; `result` says what it reads."""
    details = {"loinc": "4548-4"} | ({"result": result} if result else {})
    return event(id, "lab", at, **details)


def visit(id: str, at: Any = 0, **details: Any) -> Document:
    """An office visit."""
    return event(id, "encounter", at, **{"procedures": ["99213"], **details})


def run(
    profile: Document, *journeys: Document, size: int = CHUNK, threads: int = 1
) -> dict[str, Columns]:
    """Return every table of a job, its chunks put below each other.

    Unless the profile states its `detail`, the tables that only a full chart has are left out: no
    other table differs, and they take half of the time.
    """
    job = prepare({"detail": "core"} | profile, journeys)
    parts: dict[str, list[Columns]] = {}
    for chunk in chunks(job, size=size, threads=threads):
        for name, columns in chunk.tables.items():
            parts.setdefault(name, []).append(columns)
    return {name: stack(found) for name, found in parts.items()}


def charted(
    profile: Document, *journeys: Document, size: int = CHUNK, threads: int = 1
) -> dict[str, Columns]:
    """Return what `run` does, and the tables that only a full chart has."""
    return run({"detail": "full"} | profile, *journeys, size=size, threads=threads)


def attempted(profile: Document, *journeys: Document) -> dict[str, Columns] | str:
    """Return the tables of a job, or what it was refused with before it ran."""
    try:
        prepare(profile, journeys)
    except SpecError as error:
        return str(error)
    return run(profile, *journeys)


def listed(columns: Columns, *names: str) -> list[tuple[Any, ...]]:
    """Return rows of some columns (default: all) as tuples; null and NaN are None."""
    chosen = [_plain(columns[name]) for name in names or columns]
    return list(zip(*chosen, strict=True))


def _plain(array: Any) -> list[Any]:
    if isinstance(array, Coded | Texts):
        return array.texts()
    if array.dtype.kind == "f":
        return [None if np.isnan(value) else value for value in array.tolist()]
    return list(array.tolist())


def days(tables: dict[str, Columns], *steps: str) -> dict[tuple[int, str], int]:
    """Return (person, step) -> day of its first occurrence."""
    rows = listed(tables["events"], "person_id", "step", "event_date")
    found: dict[tuple[int, str], int] = {}
    for person, step, day in rows:
        if not steps or step in steps:
            found[person, step] = min(day, found.get((person, step), day))
    return found


def within_three_errors(found: int, of: int, share: float) -> bool:
    """Tell whether a count is within three standard errors of a share."""
    return bool(abs(found / of - share) <= 3 * np.sqrt(share * (1 - share) / of))
