"""Long commands: what a terminal shows of them, and what Ctrl-C leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from healthsim.operations import scenarios
from healthsim.operations.home import Home
from processes import PATIENCE, started
from stand_ins import FEW_RULES, ask_few_rules
from storing import spec, stored
from test_cli import _run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal and signals of Unix"),
]

ENDLESS = """
import signal, sys, tempfile
from pathlib import Path
from healthsim import cli, cli_screen
from healthsim.persistence.database import open_read

def work():
    with tempfile.TemporaryDirectory(dir=sys.argv[2]), open_read(Path(sys.argv[1])) as connection:
        print("reading", flush=True)
        connection.execute("SELECT count(*) FROM range(1000000) AS a, range(10000000) AS b")

signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it
cli.app = lambda: cli_screen.attended(work, "export one")
cli.main()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("home")
    run = stored(folder, spec("diabetic", count=5, products=["patientsim"], detail="core"))
    scenarios.save_run(Home(folder), run.stem, "one")
    return Home(folder)


def _command(home: Home, *words: str) -> list[str]:
    return [sys.executable, "-c", FEW_RULES, "--home", str(home.folder), *words]


def _on_terminal(command: list[str]) -> tuple[str, str]:
    """Run a command whose errors go to a terminal; return its output and what that shows."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with started(
        command, stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # the terminal's other end is closed
                break
            if not part:
                break
            shown += part
        output, _ = process.communicate(timeout=PATIENCE)
        os.close(ours)
        assert process.returncode == 0
    return output, shown.decode(errors="replace")


def test_an_audit_shows_on_a_terminal_what_it_does_and_nothing_when_piped(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, shown = _on_terminal(_command(home, "audit", "one"))
    ask_few_rules(monkeypatch)
    piped = _run(home.folder, "audit", "one")

    assert "checks hold" in output
    assert "rule " in shown
    assert "\x1b" not in output
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, output, "")


def test_ctrl_c_ends_the_query_and_leaves_nothing_behind(home: Home, tmp_path: Path) -> None:
    file = scenarios.path(home, "one")
    with started(
        [sys.executable, "-c", ENDLESS, str(file), str(tmp_path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        assert list(tmp_path.iterdir())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert said.strip() == "export one: was stopped; nothing is half-done; run it again"
    assert list(tmp_path.iterdir()) == []
