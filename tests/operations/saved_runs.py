"""Scenarios that several files of tests read: each run is made once in a process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from healthsim.operations.home import Home
from storing import saved
from template_runs import load

RUNS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "diabetes": ("medicare-diabetic", ("diabetic-first-year",), 30),
    "births": ("commercial-maternity", ("pregnancy",), 3),
    "trial": ("diabetes-trial-candidates", ("phase-3-trial",), 10),
    "babies": ("newborn", ("well-child-schedule",), 16),
}
"""Templates and how many people; `diabetes` has every product of its profile, others charts."""


def put(folder: Path, run: str, name: str = "") -> Home:
    """Put a run and the scenario of it into a home, under the name of the run or another."""
    profile, *journeys = documents(run)
    return saved(folder, name or run, profile, *journeys)


def documents(run: str) -> list[dict[str, Any]]:
    """Return the profile and the journeys of a run."""
    profile, journeys, count = RUNS[run]
    document = load(profile) | {"count": count, "expectations": [], "detail": "core"}
    if run != "diabetes":
        document["products"] = ["patientsim", *(["trialsim"] if run == "trial" else [])]
    return [document, *(load(one) | {"expectations": []} for one in journeys)]
