"""The snippets of docs/install.md are what each host reads, and start the server."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from healthsim import cli
from healthsim.operations.installing.hosts import HOSTS

PAGE = (Path(__file__).parents[2] / "docs" / "install.md").read_text(encoding="utf-8")
WORDS = ["uvx", "healthsim", "serve"]
READERS = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
BLOCKS = {
    name: (kind, text)
    for kind, name, text in re.findall(r"^```(\w+) host ([\w-]+)\n(.*?)^```", PAGE, re.M | re.S)
}


def read(name: str) -> Any:
    """Return the document that a snippet is."""
    kind, text = BLOCKS[name]
    return READERS[kind](text)


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_a_snippet_is_what_the_command_would_enter(host: Any) -> None:
    assert read(host.name) == {host.key: {"healthsim": host.entry(WORDS)}}


def test_the_snippets_of_other_hosts_start_the_server() -> None:
    codex = read("codex")["mcp_servers"]["healthsim"]
    goose = read("goose")["extensions"]["healthsim"]

    assert [codex["command"], *codex["args"]] == WORDS
    assert [goose["cmd"], *goose["args"]] == WORDS
    assert set(BLOCKS) == {"codex", "goose", *(host.name for host in HOSTS)}


def test_every_command_on_the_page_exists_with_its_options() -> None:
    group = typer.main.get_command(cli.app)
    named = set(re.findall(r"\bhealthsim ((?:un)?install|serve|demo)\b", PAGE))
    options = {flag for one in group.commands["install"].params for flag in one.opts}  # type: ignore[attr-defined]

    assert named == {"install", "uninstall", "serve"}
    assert set(re.findall(r"^\| `(--[\w-]+)", PAGE, re.M)) <= options


def test_every_host_that_the_command_knows_is_named_on_the_page() -> None:
    (said,) = re.findall(r"It knows (.*?)\. ", PAGE, re.S)

    assert re.split(r", | and ", said) == [host.name for host in HOSTS]
