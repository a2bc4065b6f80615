"""Small runs of the templates whose rows are pinned: what they are, and their digests.

`digests.json` holds what each of them came to when it was last written: one digest of the whole
run, and for each table its number of rows and the first digits of its digest. Whoever changes
generated rows on purpose writes it anew with `make golden`, and names the change in the commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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
MEND = (
    "make golden writes the file anew: do so only if these rows were to change, and say why; then "
    "make docs writes what pages show, and make proofs checks all that may have moved"
)
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


DAILY = (
    "cardiac-surgery-candidates",
    "chip-children x well-child-schedule",
    "bariatric-candidates x outpatient-procedure-episode",
    "commercial-diabetic x bariatric-episode",
    "commercial-family x annual-wellness",
    "commercial-healthy x statin-adherence",
    "commercial-high-cost x oncology-treatment-cycle",
    "commercial-pediatric x pediatric-asthma-year",
    "diabetes-trial-candidates x phase-3-trial",
    "medicaid-adult x disenrolment",
    "medicaid-diabetic x hero-infarction",
    "medicaid-pediatric",
    "medicare-advantage-complex x copd-year x heart-failure-first-year",
    "medicare-ckd x ckd-lifecycle",
    "medicare-copd",
    "medicare-diabetic x diabetic-annual x care-transition x emergency-visit-episode",
    "medicare-general x annual-enrolment",
    "medicare-heart-failure x heart-failure-exacerbation",
    "newborn",
    "oncology-trial-candidates x phase-1-dose-escalation",
    "woman-58 x cardiac-surgery-episode",
)
"""Runs that `make test` makes besides those that it audits (`template_runs.AUDITED`): together
every profile and every journey. `make proofs` makes all others."""


def named(profile: str, journeys: tuple[str, ...]) -> str:
    """Return the name of a pinned run."""
    return " x ".join((profile, *journeys))


def every_run() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return profile and journeys of each pinned run, by its name."""
    return {
        named(profile, journeys): (profile, journeys)
        for profile in JOURNEYS_OF
        for journeys in ((), *JOURNEYS_OF[profile])
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


def digests_of(profile: str, journeys: tuple[str, ...]) -> Pinned:
    """Run a profile with journeys, and return the digests."""
    document, walked = template(profile) | {"count": PEOPLE}, [template(one) for one in journeys]
    if any("trial" in one for one in walked):
        document["products"] = list(dict.fromkeys([*document["products"], "trialsim"]))
    job = prepare(document, walked)
    found = Digest(job.tables)
    tables = {table.name: table for table in job.tables}
    for chunk in chunks(job, threads=1):
        for name, columns in chunk.tables.items():
            found.update(tables[name], columns)
    return as_pinned(found.total(), found.rows, found.tables())


def as_pinned(total: str, rows: Mapping[str, int], digests: Mapping[str, str]) -> Pinned:
    """Write the digest of a run, and rows and digests of its tables, as they are pinned."""
    return {ALL: total} | {name: f"{rows[name]} {digests[name][:_DIGITS]}" for name in digests}


def template(name: str) -> dict[str, Any]:
    """Return a template of the library."""
    (path,) = _SHELF.glob(f"*/{name}.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def mark_of(runs: Mapping[str, Pinned]) -> str:
    """Return the mark of pinned rows, which is part of the version of the engine."""
    text = "\n".join(f"{name} {run[ALL]}" for name, run in sorted(runs.items()))
    return sha256(text.encode()).hexdigest()[:_MARK_DIGITS]
