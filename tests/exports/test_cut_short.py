"""Exports that are cut short: the folder is complete or absent, and the scenario as it was."""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from healthsim.errors import Cancelled
from healthsim.exports import FORMATS, Format
from healthsim.operations import exporting, scenarios
from healthsim.operations.home import Home
from healthsim.watching import Watch, watched_by

FILES: tuple[Format, ...] = tuple(
    form for form, facts in FORMATS.items() if facts.files and form != "html"
)
ONE_OF_EACH: tuple[Format, ...] = ("parquet", "xlsx", "duckdb", "fhir-bundles")
"""A format of each writer. `make proofs` cuts the others short too, `fhir/test_writing.py` FHIR."""
FULL = """
import resource, sys
from pathlib import Path
from healthsim.errors import StorageError
from healthsim.operations import exporting
from healthsim.operations.home import Home

sys.dont_write_bytecode = True  # else what is imported from here on is cut short for everybody
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
for form in sys.argv[3:]:
    try:
        exporting.export_to(Home(Path(sys.argv[1])), "birth", Path(sys.argv[2]), form)
    except StorageError as error:
        print(form, error)
"""


class Stopping(Watch):
    """A watch that stops the work as it says something for the third time."""

    def __init__(self) -> None:
        super().__init__("export birth")
        self.said: list[str] = []

    def say(self, says: str, done: float, total: float, since: float = 0.0) -> None:
        """Note what is said, and stop."""
        super().say(says, done, total, since)
        self.said.append(says)
        if len(self.said) == 3:
            self.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "forms", [ONE_OF_EACH, pytest.param(FILES, marks=pytest.mark.proof)], ids=["few", "all"]
)
def test_a_disk_that_fills_half_way_leaves_nothing_behind(
    home: Home, tmp_path: Path, forms: tuple[Format, ...]
) -> None:
    pytest.importorskip("resource")
    folder = tmp_path / "out"
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(home.folder), str(folder), *forms],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip

    assert [line.split()[0] for line in said] == list(forms)
    for line in said:
        assert "file-size limit" in line
        assert "out: " in line
        assert ".export-" not in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "form",
    [form if form in ONE_OF_EACH else pytest.param(form, marks=pytest.mark.proof)
     for form in FILES],
)  # fmt: skip
def test_an_export_that_is_stopped_leaves_nothing_behind_and_the_scenario_as_it_was(
    home: Home, tmp_path: Path, form: Format
) -> None:
    path = scenarios.path(home, "birth")
    before = sha256(path.read_bytes()).hexdigest()
    watch = Stopping()
    with watched_by(watch), pytest.raises(Cancelled, match="export birth: it was cancelled"):
        exporting.export_to(home, "birth", tmp_path / "out", form)

    assert len(watch.said) == 3
    assert list(tmp_path.iterdir()) == []
    assert sha256(path.read_bytes()).hexdigest() == before
