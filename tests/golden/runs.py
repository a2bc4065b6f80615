"""Small runs of the templates whose rows are pinned: what they are, and their digests.

`digests.json` holds what each of them came to when it was last written: one digest of the whole
run, and for each table its number of rows and the first digits of its digest. Whoever changes
generated rows on purpose writes it anew with `make golden`, and names the change in the commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from healthsim import library
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
from healthsim.persistence.digest import Digest

FILE = Path(__file__).parent / "digests.json"
PEOPLE = 40
ALL = "all tables"
_DIGITS = 12
_MARK_DIGITS = 8
_SHELF = Path(str(library.library_folder("templates")))

Pinned: TypeAlias = dict[str, str]
"""Table -> rows and digest; under `ALL` the digest of the whole run."""

JOURNEYS_OF: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "bariatric-candidates": (("bariatric-episode",), ("outpatient-procedure-episode",)),
    "cardiac-surgery-candidates": (("cardiac-surgery-episode",), ("heart-failure-exacerbation",)),
    "chip-children": (("disenrolment",), ("well-child-schedule",)),
    "commercial-diabetic": (("bariatric-episode",), ("diabetic-annual",), ("phase-3-trial",)),
    "commercial-family": (
        ("annual-wellness",),
        ("care-transition",),
        ("new-member-onboarding",),
        ("pediatric-asthma-year",),
    ),
    "commercial-healthy": (("emergency-visit-episode",), ("statin-adherence",)),
    "commercial-high-cost": (("ckd-lifecycle",), ("oncology-treatment-cycle",)),
    "commercial-maternity": (("pregnancy",), ("pregnancy", "emergency-visit-episode")),
    "commercial-pediatric": (("pediatric-asthma-year",), ("well-child-schedule",)),
    "diabetes-trial-candidates": (("phase-3-trial",), ("diabetic-first-year",)),
    "medicaid-adult": (("emergency-visit-episode",), ("disenrolment",)),
    "medicaid-diabetic": (("hero-infarction",), ("diabetic-annual",)),
    "medicaid-pediatric": (
        ("new-member-onboarding",),
        ("pediatric-asthma-year", "well-child-schedule", "disenrolment"),
    ),
    "medicare-advantage-complex": (
        ("annual-enrolment",),
        ("copd-year", "heart-failure-first-year"),
    ),
    "medicare-ckd": (("ckd-lifecycle",), ("surgical-episode",)),
    "medicare-copd": (("copd-year",), ("outpatient-procedure-episode",)),
    "medicare-diabetic": (
        ("diabetic-first-year",),
        ("new-member-onboarding", "diabetic-first-year", "surgical-episode"),
        ("diabetic-annual", "care-transition", "emergency-visit-episode"),
    ),
    "medicare-general": (("annual-enrolment",), ("annual-wellness",)),
    "medicare-heart-failure": (("heart-failure-exacerbation",), ("heart-failure-first-year",)),
    "newborn": (("well-child-schedule",),),
    "oncology-trial-candidates": (
        ("phase-1-dose-escalation",),
        ("oncology-treatment-cycle", "phase-1-dose-escalation"),
    ),
    "woman-58": (("hero-infarction",), ("statin-adherence",), ("cardiac-surgery-episode",)),
}
"""Profile -> the journeys that its people walk, one run each; every profile is run alone too."""


LONG = (
    "commercial-high-cost x ckd-lifecycle",
    "oncology-trial-candidates x oncology-treatment-cycle x phase-1-dose-escalation",
)
"""Runs of journeys that others pin too, and that take some seconds: `make proofs` makes them."""


def runs_of(profile: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name and the journeys of each pinned run of a profile."""
    for journeys in ((), *JOURNEYS_OF[profile]):
        yield " x ".join((profile, *journeys)), journeys


def digests_of(profile: str, *, long: bool | None = None) -> dict[str, Pinned]:
    """Run a profile with the journeys of each of its pinned runs; return the digests by run.

    Args:
        profile: its name.
        long: only runs that are long, or only those that are not; all if None.
    """
    return {
        name: _digests(profile, journeys)
        for name, journeys in runs_of(profile)
        if long in (None, name in LONG)
    }


def pinned() -> dict[str, Pinned]:
    """Return what the file holds, by run."""
    found: dict[str, Pinned] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def changes(before: Mapping[str, Pinned], after: Mapping[str, Pinned]) -> list[str]:
    """Return one line for each table of a run that is not what it was."""
    lines: list[str] = []
    for name in sorted({*before, *after}):
        old, new = before.get(name, {}), after.get(name, {})
        lines += [
            f"{name}, {table}: {_moved(old.get(table), new.get(table))}"
            for table in sorted({*old, *new} - {ALL})
            if old.get(table) != new.get(table)
        ]
    return lines


def _moved(old: str | None, new: str | None) -> str:
    """Say what became of a table: its rows before and now, and whether it is new or gone."""
    rows = " -> ".join(one.split()[0] if one else "-" for one in (old, new))
    return f"{rows} rows, {'new' if old is None else 'gone' if new is None else 'changed'}"


def _digests(profile: str, journeys: tuple[str, ...]) -> Pinned:
    document, walked = template(profile) | {"count": PEOPLE}, [template(one) for one in journeys]
    if any("trial" in one for one in walked):
        document["products"] = list(dict.fromkeys([*document["products"], "trialsim"]))
    job = prepare(document, walked)
    found = Digest(job.tables)
    tables = {table.name: table for table in job.tables}
    for chunk in chunks(job, threads=1):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)
    short = {name: digest[:_DIGITS] for name, digest in found.tables().items()}
    return {ALL: found.total()} | {name: f"{found.rows[name]} {short[name]}" for name in short}


def template(name: str) -> dict[str, Any]:
    """Return a template of the library."""
    (path,) = _SHELF.glob(f"*/{name}.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def mark_of(runs: Mapping[str, Pinned]) -> str:
    """Return the mark of pinned rows, which is part of the version of the engine."""
    text = "\n".join(f"{name} {run[ALL]}" for name, run in sorted(runs.items()))
    return sha256(text.encode()).hexdigest()[:_MARK_DIGITS]
