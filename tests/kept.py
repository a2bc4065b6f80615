"""A tiny scenario, run once for all tests of a process and saved into any home by copying."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from healthsim.persistence.judgement import trust
from template_runs import load

PEOPLE = 3


@cache
def _home() -> Home:
    home = Home(Path(mkdtemp(prefix="kept-")))
    document = load("commercial-healthy") | {"count": PEOPLE, "expectations": [], "detail": "core"}
    run = generate.run(home, prepare(document, [load("annual-wellness")]))
    scenarios.save_run(home, run.run_id, "kept", description="Three people.")
    return home


def keep(folder: Path, *names: str) -> Home:
    """Put the scenario into the home of this folder under each name, with its run.

    Files are copies of what this process has made: it need not judge them.
    """
    home = Home(folder)
    shutil.copytree(_home().runs, home.runs, dirs_exist_ok=True)
    for run in home.runs.glob("*.duckdb"):
        trust(run)
    home.scenarios.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copyfile(_home().scenarios / "kept.duckdb", home.scenarios / f"{name}.duckdb")
        trust(home.scenarios / f"{name}.duckdb")
    return home


def run_id() -> str:
    """Return the handle of the scenario's run."""
    return next(_home().runs.glob("*.json")).stem
