"""An import that is killed half way leaves the old reference; the next one sweeps what it left."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

import publishing
from healthsim.operations.home import Home
from healthsim.operations.reference import import_file
from healthsim.reference.nppes import PROVIDERS
from healthsim.reference.store import imports
from processes import PATIENCE, started

_ROWS = 5_000


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


HALTING = """
import signal, sys, time
from healthsim.cli import main

# A shell lets what it runs in the background ignore this signal, and that is inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)

class Screen:
    def __init__(self, stream, word):
        self._stream, self._word = stream, word

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        halts = self._word and text.startswith(self._word)
        if halts:  # once, even if the signal comes while this is written: it is then written again
            self._word = ""
        self._stream.write(text)
        self._stream.flush()
        while halts:
            time.sleep(0.01)

sys.stderr = Screen(sys.stderr, sys.argv.pop(1))
main()
"""
"""The command line with a screen that takes nothing more once a word has been shown on it: whatever
wrote it waits there until a signal comes, and its import cannot have ended before."""


@contextmanager
def _importing(home: Path, file: Path, halts: str) -> Iterator[subprocess.Popen[str]]:
    """Import a file in a process, and yield it when it halts."""
    command = [sys.executable, "-c", HALTING, halts, "--home", str(home), "reference", "import"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with started([*command, "nppes", str(file)], **pipes) as process:
        assert process.stderr is not None
        while not process.stderr.readline().startswith(halts):
            assert process.poll() is None
        yield process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("stage", [pytest.param("checking", marks=pytest.mark.proof), "importing"])
def test_a_killed_import_leaves_the_old_reference_and_the_next_one_sweeps(
    tmp_path: Path, big: Path, stage: str
) -> None:
    home = tmp_path / "home"
    old = publishing.nppes(tmp_path, [publishing.provider(1234567893)])
    import_file(Home(home), "nppes", old)
    path = home / "reference.duckdb"
    before, content = imports(path), path.read_bytes()

    with _importing(home, big, stage) as process:
        assert bool(list(home.glob("*.unfinished*"))) is (stage == "importing")
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL

    assert path.read_bytes() == content
    assert imports(path) == before
    assert len(publishing.stored(path, "providers")["npi"]) == 1
    assert bool(list(home.glob(".*.unfinished*"))) is (stage == "importing")
    if stage == "importing":
        again = import_file(Home(home), "nppes", big)
        assert (again.rows, again.vintage) == (_ROWS, "2024-06-09")
        left = {one.name for one in home.iterdir()}
        assert left == {"reference.duckdb", ".reference.duckdb.lock"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="its keyboard interrupts otherwise")
def test_who_stops_an_import_is_told_that_nothing_changed(tmp_path: Path, big: Path) -> None:
    home = tmp_path / "home"
    with _importing(home, big, "importing") as process:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert told.splitlines()[-1] == "import: was stopped; nothing has changed; run it again"
    assert {one.name for one in home.iterdir()} == {".reference.duckdb.lock"}
