"""Specifications of tests/data, run by the real engine and kept by the real operations."""

from __future__ import annotations

import json
from atexit import register
from functools import cache
from pathlib import Path
from shutil import copyfile, copytree, rmtree
from tempfile import mkdtemp
from typing import Any

from healthsim.building.draft import Draft
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios, specs
from healthsim.operations.home import Home
from healthsim.persistence.judgement import trust

_DATA = Path(__file__).parent / "data"


def spec(name: str, **changed: Any) -> dict[str, Any]:
    """Return a specification of tests/data, some of its parts changed."""
    document: dict[str, Any] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return document | changed


def stored(folder: Path, profile: dict[str, Any], *journeys: dict[str, Any]) -> Path:
    """Return the file of a finished run of specifications, in a home of its own.

    What this process has run before is copied, and need not be judged.
    """
    made = _made(json.dumps(profile), *map(json.dumps, journeys))
    copytree(made.parent, Home(folder).runs, dirs_exist_ok=True)
    run = Home(folder).runs / made.name
    trust(run)
    return run


def saved(folder: Path, name: str, profile: dict[str, Any], *journeys: dict[str, Any]) -> Home:
    """Put a finished run and the scenario that was saved from it into the home of a folder.

    What this process has saved before is copied, and need not be judged. Its manifest says `saved`.
    """
    home = Home(folder)
    stored(folder, profile, *journeys)
    made = _saved(json.dumps(profile), *map(json.dumps, journeys))
    target = home.ensure(home.scenarios) / f"{name}.duckdb"
    copyfile(made, target)
    trust(target)
    return home


def first_year(folder: Path) -> Path:
    """Return the file of a run that files of tests share: ten people in their first year."""
    return stored(folder, spec("diabetic", count=10, seed=1, detail="core"), spec("first-year"))


def drafted(home: Home, profile: dict[str, Any], *journeys: dict[str, Any]) -> str:
    """Put a draft of specifications into a home, and return its handle."""
    return specs.create(home, "draft", Draft(profile, journeys).document()).spec_id


@cache
def _made(profile: str, *journeys: str) -> Path:
    folder = mkdtemp(prefix="stored-")
    register(rmtree, folder, ignore_errors=True)
    home = Home(Path(folder))
    record = generate.run(home, prepare(json.loads(profile), [json.loads(one) for one in journeys]))
    return home.runs / f"{record.run_id}.duckdb"


@cache
def _saved(profile: str, *journeys: str) -> Path:
    run = _made(profile, *journeys)
    home = Home(run.parent.parent)
    scenarios.save_run(home, run.stem, "saved")
    return home.scenarios / "saved.duckdb"
