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
from healthsim.operations.installing.hosts import ELSEWHERE, HOSTS

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

    assert [codex["command"], *codex["args"]] == WORDS
    assert {name for name in BLOCKS if not name.endswith("-http")} == {
        "codex", "goose", *(host.name for host in HOSTS),
    }  # fmt: skip


def test_the_snippets_over_http_send_a_token_and_hold_none() -> None:
    server = {
        name: next(iter(document.values()))["healthsim"]
        for name, document in ((name, read(name)) for name in BLOCKS if name.endswith("-http"))
    }
    addresses = {name: one.get("url") or one.get("httpUrl") for name, one in server.items()}
    sent = {name: one.get("headers", {}).get("Authorization", "") for name, one in server.items()}
    (asked,) = read("vscode-http")["inputs"]

    assert set(server) == {"vscode-http", "cursor-http", "codex-http", "gemini-cli-http"}
    assert set(addresses.values()) == {"https://data.example.com/mcp"}
    assert server["codex-http"]["bearer_token_env_var"] == "HEALTHSIM_TOKEN"
    assert sent == {
        "vscode-http": f"Bearer ${{input:{asked['id']}}}",
        "cursor-http": "Bearer ${env:HEALTHSIM_TOKEN}",
        "gemini-cli-http": "Bearer $HEALTHSIM_TOKEN",
        "codex-http": "",
    }
    assert asked["password"] is True


def test_every_command_on_the_page_exists_with_its_options() -> None:
    group = typer.main.get_command(cli.app)
    named = set(re.findall(r"\bhealthsim ((?:un)?install|serve|demo)\b", PAGE))
    options, serving = (
        {flag for one in group.commands[name].params for flag in one.opts}  # type: ignore[attr-defined]
        for name in ("install", "serve")
    )
    served = re.findall(r"^healthsim serve (.*)$", PAGE, re.M)

    assert named == {"install", "uninstall", "serve"}
    assert set(re.findall(r"^\| `(--[\w-]+)", PAGE, re.M)) <= options
    assert set(re.findall(r"--[\w-]+", " ".join(served))) == {
        "--http", "--token-file", "--allow-host",
    } <= serving  # fmt: skip


def test_every_host_that_the_command_knows_is_named_on_the_page() -> None:
    (said,) = re.findall(r"It knows (.*?)\. ", PAGE, re.S)

    assert re.split(r", | and ", said) == [host.name for host in HOSTS]


def test_the_lines_of_hosts_with_a_way_of_their_own_are_what_the_command_says() -> None:
    said = {host.name: host.lines(WORDS, {}) for host in ELSEWHERE}

    assert yaml.safe_load(said.pop("goose")) == read("goose")
    assert set(said) == {"claude-code", "codex"}
    for name, line in said.items():
        assert line in PAGE
        assert f"`{name}`" in PAGE
