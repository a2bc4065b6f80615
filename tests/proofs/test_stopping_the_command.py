"""Two commands that make the same people: stopping the first does not stop the second."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from healthsim.operations import runs
from healthsim.operations.home import Home
from processes import PATIENCE, started
from serving.test_ending import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def command(folder: Path, name: str) -> list[str]:
    return [
        sys.executable, "-m", "healthsim", "--home", str(folder), "generate",
        "--profile", "commercial-healthy", "--count", "2000000", "--save", name,
    ]  # fmt: skip


def stopped(process: subprocess.Popen[str]) -> str:
    """Stop a command as a person does, and return what it says."""
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Traceback" not in said
    return said


@contextmanager
def two_commands(home: Home) -> Iterator[tuple[subprocess.Popen[str], subprocess.Popen[str]]]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(command(home.folder, "first"), text=True, **pipes) as first:
        until(lambda: any(home.runs.glob("*.lease")))
        with started(command(home.folder, "second"), text=True, **pipes) as second:
            until(lambda: any(home.runs.glob("*.callers")))
            yield first, second


def test_a_command_makes_the_run_anew_whose_own_command_is_stopped(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with two_commands(home) as (first, second):
        (began,) = runs.list_runs(home)
        assert "run: was stopped; nothing was saved" in stopped(first)
        until(lambda: runs.list_runs(home)[0].started_at > began.started_at)
        assert runs.get(home, began.run_id).status == "running"
        assert "run: was stopped; nothing was saved" in stopped(second)

    assert runs.get(home, began.run_id).status == "cancelled"


def test_stopping_a_command_that_only_waits_leaves_the_run_to_the_other(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with two_commands(home) as (first, second):
        (began,) = runs.list_runs(home)
        assert "goes on in the process that began it" in stopped(second)
        assert runs.get(home, began.run_id).status == "running"
        stopped(first)

    assert runs.get(home, began.run_id).status == "interrupted"
