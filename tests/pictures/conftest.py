"""Small scenarios and the process of a renderer that all tests of pictures share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from healthsim.pictures import render
from template_runs import load

RUNS: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {
    "diabetes": ("medicare-diabetic", ("diabetic-first-year",), {"count": 60, "mortality": "none"}),
    "kidneys": ("medicare-ckd", ("ckd-lifecycle",), {"count": 24, "seed": 5}),
    "births": (
        "commercial-maternity",
        ("pregnancy",),
        {"count": 20, "products": ["patientsim"]},
    ),
    "trial": ("diabetes-trial-candidates", ("phase-3-trial",), {"count": 30}),
    "leaving": ("medicaid-pediatric", ("disenrolment",), {"count": 40}),
    "payer": (
        "medicare-general",
        (),
        {"count": 20, "products": ["membersim"], "mortality": "none"},
    ),
}
SHORTER = {"kidneys": {"duration_days": 2190}}
"""Journeys of which some years are enough: with this seed there are deaths, dialyses and stays."""


@pytest.fixture(scope="session", autouse=True)
def _one_renderer() -> Iterator[None]:
    """Render everything in one process, but what is about the process itself."""
    with render.session():
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    for name, (profile, journeys, changed) in RUNS.items():
        document = load(profile) | {"expectations": [], "detail": "core"} | changed
        if name == "trial":
            document["products"] = list(dict.fromkeys([*document["products"], "trialsim"]))
        walked = {"expectations": []} | SHORTER.get(name, {})
        job = prepare(document, [load(one) | walked for one in journeys])
        scenarios.save_run(home, generate.run(home, job).run_id, name)
    return home
