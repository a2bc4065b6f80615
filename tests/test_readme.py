"""The README says what is so: its transcript is the demo's, its commands exist, its code runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from healthsim import cli

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_transcript_is_what_the_demo_prints(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "healthsim", "--home", str(tmp_path), "demo"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )  # fmt: skip
    printed = [_without_handles(line.rstrip()) for line in done.stdout.splitlines()]
    (transcript,) = blocks("text")
    lines = [_without_handles(line) for line in transcript.splitlines() if line.strip()]

    assert [line for line in lines if line not in printed] == []


def _without_handles(line: str) -> str:
    """Return a line without the end of a draft's handle, a digest of all that the draft keeps."""
    return re.sub(r"(medicare-diabetic)-[0-9a-f]{6}", r"\1", line)


def test_the_desktop_configuration_is_json_that_serves() -> None:
    (config,) = blocks("json")

    assert json.loads(config)["mcpServers"]["healthsim"]["args"] == ["serve"]


def test_every_command_named_exists_with_its_options() -> None:
    group = typer.main.get_command(cli.app)
    said = [line.split()[1:] for line in README.splitlines() if line.startswith("healthsim ")]
    named = {words[0] for words in said} | set(re.findall(r"`healthsim (\w+)", README))

    assert named <= set(group.commands)  # type: ignore[attr-defined]
    for name, *words in said:
        command = group.commands[name]  # type: ignore[attr-defined]
        if hasattr(command, "commands"):  # a group of commands: the second word says which
            command = command.commands[words[0]]
        options = {flag for one in command.params for flag in one.opts}
        assert {word for word in words if word.startswith("--")} <= options
