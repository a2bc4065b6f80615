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

from healthsim import __version__, cli
from healthsim.operations.installing import hosts

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_the_configuration_is_json_that_serves() -> None:
    (config,) = blocks("json")

    assert json.loads(config)["mcpServers"]["healthsim"] == hosts.HOSTS[0].entry(
        ["uvx", "healthsim", "serve"]
    )


def test_every_host_that_the_command_knows_is_named() -> None:
    known = {host.title for host in (*hosts.HOSTS, *hosts.ELSEWHERE)}
    (others,) = re.findall(r"For any other host \((.*?)\)", README, re.DOTALL)

    assert {*re.split(r",\s+", others), "Claude Desktop"} == known


def test_every_command_named_exists_with_its_options() -> None:
    group = typer.main.get_command(cli.app)
    lines = [line.removeprefix("uvx ").partition("#")[0] for line in README.splitlines()]
    said = [line.split()[1:] for line in lines if line.startswith("healthsim ")]
    named = {words[0] for words in said} | set(re.findall(r"`healthsim (\w+)", README))

    assert named <= set(group.commands)  # type: ignore[attr-defined]
    for name, *words in said:
        command = group.commands[name]  # type: ignore[attr-defined]
        if hasattr(command, "commands"):  # a group of commands: the second word says which
            command = command.commands[words[0]]
        options = {flag for one in command.params for flag in one.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_every_name_of_a_wheel_or_bundle_has_the_version() -> None:
    pages = [README, (DOCS / "install.md").read_text(encoding="utf-8")]
    named = [version for page in pages for version in re.findall(r"healthsim-(\d[\d.]*\d)", page)]

    assert named
    assert set(named) == {__version__}
