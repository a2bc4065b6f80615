"""The demo: the main job end to end, twice on the same home, as the README shows it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from healthsim import demo
from stand_ins import ask_few_rules
from test_cli import _run

README = Path(__file__).parents[1] / "README.md"


@pytest.mark.slow
def test_the_command_prints_what_the_readme_shows(tmp_path: Path) -> None:
    done = _run(tmp_path, "demo")
    printed = [_without_handles(line.rstrip()) for line in done.stdout.splitlines()]
    (transcript,) = re.findall(r"^```text\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    lines = [_without_handles(line) for line in transcript.splitlines() if line.strip()]

    assert done.returncode == 0, done.stderr
    assert "CHECK OK" in done.stdout
    assert "200 patients, 200 members, 200 rx_members" in " ".join(done.stdout.split())
    assert done.stdout.count("query_scenario") == 4
    assert (tmp_path / "scenarios" / f"{demo.NAME}.duckdb").is_file()
    assert [line for line in lines if line not in printed] == []
    demo._refuse_foreign(tmp_path)  # a second demo takes the scenario for its own


@pytest.mark.slow
@pytest.mark.proof
def test_the_demo_can_be_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is there is answered with again, and saved again, in `main-job.yaml` daily."""
    ask_few_rules(monkeypatch)
    for _ in range(2):
        screen = Console(file=io.StringIO(), width=200)
        assert demo.run(tmp_path, screen) == 0, screen.file.getvalue()


def _without_handles(line: str) -> str:
    """Return a line without the end of a draft's handle, a digest of all that the draft keeps."""
    return re.sub(r"(medicare-diabetic)-[0-9a-f]{6}", r"\1", line)
