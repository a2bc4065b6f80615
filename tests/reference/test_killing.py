"""An import that is killed half way leaves the old reference; the next one sweeps what it left."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

import publishing
from healthsim.operations.home import Home
from healthsim.operations.reference import import_file
from healthsim.reference import read
from healthsim.reference.nppes import PROVIDERS
from healthsim.reference.store import imports

_ROWS = 150_000


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of many providers, with the columns that are read and no others."""
    path = tmp_path_factory.mktemp("big") / "npidata_pfile_20050523-20240609.csv"
    row = dict(zip(publishing.NPPES, publishing.provider(0), strict=True))
    cells = [
        "(1000000000 + i)::VARCHAR" if name == "NPI" else f"'{row[name]}'"
        for (name, *_) in PROVIDERS.needs
    ]
    columns = ", ".join(
        f'{cell} AS "{names[0]}"' for cell, names in zip(cells, PROVIDERS.needs, strict=True)
    )
    duckdb.execute(
        f"COPY (SELECT {columns} FROM range({_ROWS}) AS r(i)) TO '{path}' (FORCE_QUOTE *)"
    )
    return path


def _start(home: Path, file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "healthsim", "--home", str(home), "reference", "import"]
    return subprocess.Popen(
        [*command, "nppes", str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("stage", ["checking", "importing"])
def test_a_killed_import_leaves_the_old_reference(tmp_path: Path, big: Path, stage: str) -> None:
    home = tmp_path / "home"
    old = publishing.nppes(tmp_path, [publishing.provider(1234567893)])
    import_file(Home(home), "nppes", old)
    path = home / "reference.duckdb"
    before, content = imports(path), path.read_bytes()

    process = _start(home, big)
    assert process.stderr is not None
    while not process.stderr.readline().startswith(stage):
        assert process.poll() is None
    while stage == "importing" and not list(home.glob("*.unfinished*")):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)

    assert process.wait() == -signal.SIGKILL
    process.communicate()
    assert path.read_bytes() == content
    assert imports(path) == before
    assert len(read.providers(path)["npi"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="its keyboard interrupts otherwise")
def test_who_stops_an_import_is_told_that_nothing_changed(tmp_path: Path, big: Path) -> None:
    home = tmp_path / "home"
    process = _start(home, big)
    assert process.stderr is not None
    while not process.stderr.readline().startswith("importing"):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)

    _, told = process.communicate()

    assert process.returncode == 1
    assert told.splitlines()[-1] == "import: was stopped; nothing has changed; run it again"
    assert {one.name for one in home.iterdir()} == {".reference.duckdb.lock"}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_after_a_kill_the_next_import_works_and_sweeps(tmp_path: Path, big: Path) -> None:
    home = tmp_path / "home"
    process = _start(home, big)
    while not list(home.glob(".*.unfinished*")):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert list(home.glob(".*.unfinished*"))

    again = _start(home, big)
    out, _ = again.communicate()

    assert again.returncode == 0
    assert f"nppes: {_ROWS:,} rows, 2024-06-09" in out
    assert {one.name for one in home.iterdir()} == {"reference.duckdb", ".reference.duckdb.lock"}
