"""Scenarios that the tests of several formats share."""

from __future__ import annotations

import pytest

from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from template_runs import job_of

JOBS = {
    "family": ("commercial-family", ("annual-wellness",), 10),
    "birth": ("commercial-maternity", ("pregnancy",), 6),
    "heart": ("medicare-advantage-complex", ("heart-failure-exacerbation", "annual-enrolment"), 6),
}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the scenarios of `JOBS`; tests only read them."""
    found = Home(tmp_path_factory.mktemp("home"))
    for name, job in JOBS.items():
        run = generate.run(found, job_of(*job))
        scenarios.save_run(found, run.run_id, name)
    return found
