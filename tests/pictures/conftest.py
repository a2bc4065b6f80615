"""Small scenarios that all tests of pictures share."""

from __future__ import annotations

import pytest

from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios
from healthsim.operations.home import Home
from template_runs import load

RUNS = {
    "diabetes": ("medicare-diabetic", ("diabetic-first-year",), 60),
}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    for name, (profile, journeys, count) in RUNS.items():
        document = load(profile) | {"count": count, "expectations": []}
        job = prepare(document, [load(one) | {"expectations": []} for one in journeys])
        scenarios.save_run(home, generate.run(home, job).run_id, name)
    return home
