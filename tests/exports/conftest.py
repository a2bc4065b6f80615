"""Scenarios that the tests of several formats share."""

from __future__ import annotations

import pytest

from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from template_runs import job_of


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the scenarios `family` and `birth`; tests only read them."""
    found = Home(tmp_path_factory.mktemp("home"))
    for name, profile, journey in (
        ("family", "commercial-family", "annual-wellness"),
        ("birth", "commercial-maternity", "pregnancy"),
    ):
        run = generate.run(found, job_of(profile, (journey,), 12))
        scenarios.save_run(found, run.run_id, name)
    return found
