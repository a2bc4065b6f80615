"""The hosts that are known: where each keeps its JSON file, or by which lines it is told."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from healthsim.errors import NotFound, near

ENTRY = "healthsim"
"""The name of the entry in every host."""


@dataclass(frozen=True)
class Machine:
    """What a host's folders depend on.

    Attributes:
        platform: as `sys.platform` has it: ``darwin``, ``win32``, ``linux``.
        environment: the environment variables.
        home: the user's own folder.
    """

    platform: str
    environment: Mapping[str, str]
    home: PurePath

    @classmethod
    def here(cls) -> Machine:
        """Return this machine."""
        return cls(sys.platform, os.environ, Path.home())

    def named(self, variable: str, *otherwise: str) -> PurePath:
        """Return the folder that a variable names, or one below the user's own folder."""
        value = self.environment.get(variable, "")
        return type(self.home)(value) if value else self.home.joinpath(*otherwise)

    def settings(self) -> PurePath:
        """Return the folder in which programs keep their settings."""
        if self.platform == "win32":
            return self.named("APPDATA", "AppData", "Roaming")
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        return self.named("XDG_CONFIG_HOME", ".config")


@dataclass(frozen=True)
class Host:
    """A host, and how it is told about a server.

    Attributes:
        name: what people give to the command.
        title: what the host is called.
        folders: returns the folders in which its file may be, the likeliest first.
        file: name of the file.
        key: the key that holds the servers.
        also: what each entry has besides command and arguments.
        comments: whether the host reads comments in the file.
        after: what to do so that the host reads the file again.
    """

    name: str
    title: str
    folders: Callable[[Machine], Sequence[PurePath]]
    file: str
    key: str = "mcpServers"
    also: Mapping[str, Any] = field(default_factory=dict)
    comments: bool = True
    after: str = "restart it"

    def entry(self, command: Sequence[str]) -> dict[str, Any]:
        """Return the entry that starts a server with a command."""
        return {**self.also, "command": command[0], "args": list(command[1:])}


@dataclass(frozen=True)
class Elsewhere:
    """A host that is told in another way: by a command of its own, or in a file that is not JSON.

    Attributes:
        name: what people give to the command.
        title: what the host is called.
        how: one sentence before the lines.
        lines: returns the lines for a command and variables.
        undone: how it is taken out again.
    """

    name: str
    title: str
    how: str
    lines: Callable[[Sequence[str], Mapping[str, str]], str]
    undone: str


def _typed(words: Sequence[str]) -> str:
    """Return words as they are typed into a terminal."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _own_command(program: str, flag: str) -> Callable[[Sequence[str], Mapping[str, str]], str]:
    """Return what writes a host's own command: `PROGRAM mcp add healthsim [FLAG A=B] -- ...`."""

    def lines(words: Sequence[str], variables: Mapping[str, str]) -> str:
        given = [part for name, value in variables.items() for part in (flag, f"{name}={value}")]
        return _typed([program, "mcp", "add", ENTRY, *given, "--", *words])

    return lines


def _goose(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return the lines of Goose's file; JSON's text and lists are YAML too."""
    values = {"type": "stdio", "name": ENTRY, "enabled": True, "cmd": words[0],
              "args": list(words[1:]), "envs": dict(variables), "timeout": 300}  # fmt: skip
    lines = [f"    {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["extensions:", f"  {ENTRY}:", *lines])


ELSEWHERE = (
    Elsewhere("claude-code", "Claude Code", "has its own command; run",
              _own_command("claude", "--env"), "claude mcp remove healthsim"),
    Elsewhere("codex", "Codex", "has its own command; run",
              _own_command("codex", "--env"), "codex mcp remove healthsim"),
    Elsewhere("goose", "Goose",
              "reads YAML; put this into ~/.config/goose/config.yaml "
              r"(Windows: %APPDATA%\Block\goose\config\config.yaml)",
              _goose, "take the lines below healthsim: out of its config.yaml"),
)  # fmt: skip
"""Hosts whose files the command does not edit, and what it says instead."""


def _claude(machine: Machine) -> list[PurePath]:
    """Return Claude Desktop's folders.

    On Windows its package keeps settings in a folder of its own, and does not read the one in the
    user's settings, which an older installation uses.
    """
    usual = machine.settings() / "Claude"
    if machine.platform != "win32":
        return [usual]
    packages = machine.named("LOCALAPPDATA", "AppData", "Local") / "Packages"
    found = sorted(packages.glob("Claude_*")) if isinstance(packages, Path) else []
    packaged = [one / "LocalCache" / "Roaming" for one in found]
    return [*(one / "Claude" for one in packaged if one.is_dir()), usual]


def _zed(machine: Machine) -> list[PurePath]:
    if machine.platform == "win32":
        return [machine.settings() / "Zed"]
    return [machine.named("XDG_CONFIG_HOME", ".config") / "zed"]


HOSTS = (
    Host("claude-desktop", "Claude Desktop", _claude, "claude_desktop_config.json", comments=False,
         after="quit Claude Desktop and start it again"),
    Host("cursor", "Cursor", lambda machine: [machine.home / ".cursor"], "mcp.json"),
    Host("gemini-cli", "Gemini CLI", lambda machine: [machine.home / ".gemini"], "settings.json"),
    Host("vscode", "VS Code", lambda machine: [machine.settings() / "Code" / "User"], "mcp.json",
         key="servers", also={"type": "stdio"},
         after='in VS Code, run "MCP: List Servers" and start healthsim'),
    Host("windsurf", "Windsurf",
         lambda machine: [machine.home / ".codeium" / "windsurf"], "mcp_config.json"),
    Host("zed", "Zed", _zed, "settings.json", key="context_servers", also={},
         after="look at the agent panel's settings"),
)  # fmt: skip
"""Every host that the command knows, by name."""


def host_named(name: str) -> Host | Elsewhere:
    """Return the host of a name.

    Raises:
        NotFound: there is none.
    """
    known: dict[str, Host | Elsewhere] = {host.name: host for host in (*HOSTS, *ELSEWHERE)}
    if name not in known:
        other = 'any other host: command "uvx", arguments "healthsim" and "serve"'
        raise NotFound("host", f"there is no {name!r}", f"{near(name, known)} ({other})")
    return known[name]


def files_of(host: Host, machine: Machine) -> list[PurePath]:
    """Return where a host's file may be: those that exist first, then the likeliest."""
    files = [folder / host.file for folder in host.folders(machine)]
    return sorted(files, key=lambda file: not (isinstance(file, Path) and file.is_file()))
