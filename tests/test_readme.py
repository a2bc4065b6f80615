"""The README says what is so: its commands exist, its code runs (test_demo: its transcript)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import typer.main

from healthsim import __version__, cli
from healthsim.operations.installing import hosts

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


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
