"""The command by which a host starts this HealthSim: the one that was run, by full paths.

Hosts that are started from a desktop have another search path than a terminal, so that a bare
name is often not found there.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePath
from urllib.parse import urlsplit
from urllib.request import url2pathname

from healthsim.errors import Refused

_CACHED = ("archive-v", "environments-v", "builds-v")  # folders of uv's cache


@dataclass(frozen=True)
class Started:
    """How the program that runs was started.

    Attributes:
        prefix: folder of its environment.
        executable: its Python.
        scripts: folder of the environment's commands.
        environment: the environment variables.
        origin: wheel, checkout or address that it was installed from; empty if from an index.
    """

    prefix: Path
    executable: Path
    scripts: Path
    environment: Mapping[str, str]
    origin: str = ""

    @classmethod
    def here(cls) -> Started:
        """Return how this process was started."""
        executable = Path(sys.executable)
        return cls(Path(sys.prefix), executable, executable.parent, os.environ, _origin())

    @property
    def passing(self) -> bool:
        """Whether the environment is one that uvx made, which may be cleaned away."""
        settings = self.prefix / "pyvenv.cfg"
        made = settings.is_file() and "\nuv = " in "\n" + settings.read_text(encoding="utf-8")
        cached = any(part.startswith(_CACHED) for part in self.prefix.parts)
        return made and cached

    def command(self) -> list[str]:
        """Return the words that start it again, without arguments of its own."""
        if self.passing:
            source = ["--from", self.origin] if self.origin else []
            return [*self._uvx(), *source, "healthsim"]
        for name in ("healthsim.exe", "healthsim"):
            script = self.scripts / name
            if script.is_file():
                return [str(script)]
        return [str(self.executable), "-m", "healthsim"]

    def _uvx(self) -> list[str]:
        uv = self.environment.get("UV", "")
        if not uv:
            return ["uvx"]
        sibling = Path(uv).with_name("uvx" + Path(uv).suffix)
        return [str(sibling)] if sibling.is_file() else [uv, "tool", "run"]


def _origin() -> str:
    """Return what this HealthSim was installed from; empty if from an index."""
    try:
        return origin_of(metadata.distribution("healthsim").read_text("direct_url.json") or "")
    except metadata.PackageNotFoundError:
        return ""


def origin_of(said: str) -> str:
    """Return what uvx takes for the origin that an installation notes (direct_url.json).

    Args:
        said: the note; empty where there is none.
    """
    if not said:
        return ""
    note = json.loads(said)
    url, source = str(note.get("url", "")), note.get("vcs_info")
    if source:
        return f"{source['vcs']}+{url}@{source['commit_id']}"
    return url2pathname(urlsplit(url).path) if url.startswith("file:") else url


def split_command(text: str, platform: str = sys.platform) -> list[str]:
    """Return the words of a command that a person gave.

    Raises:
        Refused: it has no words, or a quote is not closed.
    """
    try:
        words = shlex.split(text, posix=platform != "win32")
    except ValueError as error:
        raise Refused("--command", f"cannot be read ({error})", "close the quote") from None
    words = [word.strip('"') for word in words] if platform == "win32" else words
    if not words or not words[0]:
        raise Refused("--command", "is empty", 'give one, such as --command "uvx healthsim"')
    return words


def split_variables(given: Sequence[str]) -> dict[str, str]:
    """Return the variables that were given as NAME=VALUE.

    Raises:
        Refused: one has no name or no equals sign.
    """
    for one in given:
        if not one.partition("=")[0].strip() or "=" not in one:
            mend = "give one, such as --env HTTPS_PROXY=http://proxy.example:8080"
            raise Refused("--env", f"{one!r} is not NAME=VALUE", mend)
    return {name.strip(): value for name, _, value in (one.partition("=") for one in given)}


def launch_words(
    command: list[str], home: PurePath | None = None, read_only: bool = False
) -> list[str]:
    """Return command and arguments of a server, as a host gives them."""
    folder = ["--home", str(home)] if home else []
    return [*command, *folder, "serve", *(["--read-only"] if read_only else [])]
