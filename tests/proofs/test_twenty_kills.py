"""Twenty savers of a larger scenario are killed at moments spread over a save: `make proofs`.

`make test` kills savers of a small one (`persistence/test_state.py`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.saving import end_a_saver, kept_run, manifest_of

KILLS = 20
PEOPLE = 100_000
SECONDS = 0.5  # the kills are spread over so long


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return (
        kept_run(folder / "old.run", count=PEOPLE, size=PEOPLE),
        kept_run(folder / "new.run", count=PEOPLE + 1, size=PEOPLE),
    )


@pytest.mark.parametrize("kill", range(KILLS))
def test_a_killed_saver_leaves_the_old_scenario_or_the_new_one(
    tmp_path: Path, runs: tuple[Path, Path], kill: int
) -> None:
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()

    found = end_a_saver(scenarios, *runs, SECONDS * kill / KILLS)

    assert found in {manifest_of(run).digest for run in runs}
