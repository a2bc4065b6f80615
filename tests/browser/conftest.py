"""A real browser, and pages made of real scenarios; skipped with the reason where there is none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from browser.visiting import TOOLS, Visit
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, reporting, runs, scenarios
from healthsim.operations.home import Home
from report.hostile import CANARIES
from template_runs import load

_KNOWN = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_CELLS = ("conditions.display", "conditions.code", "lab_results.display", "enrollments.plan_id",
          "claims.plan_id", "events.option")  # fmt: skip
"""Where pictures take their words from."""
_WISHES = [
    {"request": 0, "words": "200 patients", "fate": "bound", "path": "count", "note": "200 people"},
    {"request": 0, "words": "denials", "fate": "not_built", "path": "", "note": CANARIES[1]},
    {"request": 0, "words": CANARIES[0], "fate": "open", "path": "", "note": ""},
]


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> None:
    """Let threads be: those of the browser live as long as it does."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start Chromium: $CHROMIUM, the machine's own, or the one of playwright."""
    driver = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: run `make browser`"
    )
    if not (TOOLS / "axe-core").is_dir():
        pytest.skip("axe-core is not installed: run `make browser`")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _KNOWN)), None)
    with driver.sync_playwright() as playwright:
        if found is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("there is no Chromium: install one, or give its path in CHROMIUM")
        # A browser that runs as root, as in a container, has no sandbox of its own.
        options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=found, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Open pages; whatever a page complained of fails the test that opened it."""
    visiting = Visit(browser)
    yield visiting
    visiting.close()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with a scenario of 200 people whose texts try to become markup."""
    home = Home(tmp_path_factory.mktemp("home"))
    hostile = {"title": CANARIES[0], "description": " ".join(CANARIES[:10])}
    profile = load("medicare-diabetic") | {"count": 200, "expectations": []}
    journey = load("diabetic-first-year") | {"expectations": []}
    for name, changed in (("diabetes", {}), ("hostile", hostile)):
        run = generate.run(home, prepare(profile | changed, [journey | changed]))
        asked = {"requests": ["200 patients, with denials"], "wishes": _WISHES[:2]}
        if changed:
            asked = {"requests": list(CANARIES[:10]), "wishes": _WISHES}
        runs.keep_wishes(home, run.run_id, asked)
        scenarios.save_run(
            home, run.run_id, name,
            description=hostile["description"] if changed else "200 people in their first year",
        )  # fmt: skip
    with duckdb.connect(str(home.scenarios / "hostile.duckdb")) as connection:
        for column in _CELLS:
            table, name = column.split(".")
            connection.execute(
                f"UPDATE {table} SET {name} = {name} || ? WHERE hash(person_id) % 2 = 0",
                [CANARIES[1]],
            )
    return home


@pytest.fixture(scope="session")
def report(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a harmless scenario."""
    return _report(home, tmp_path_factory, "diabetes")


@pytest.fixture(scope="session")
def hostile_report(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a scenario all of whose texts try to become markup."""
    return _report(home, tmp_path_factory, "hostile")


def _report(home: Home, factory: pytest.TempPathFactory, name: str) -> Path:
    file = factory.mktemp("report") / f"{name}.html"
    reporting.write(home, name, file)
    return file
