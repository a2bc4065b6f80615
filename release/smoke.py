"""Installs what a release has, alone, and holds the README's conversation with each over stdio.

    python release/smoke.py [--only venv,uvx,bundle,install] [--python python3.12]

Each way starts in an empty folder with a space and letters beyond ASCII in its name, without
anything of the checkout on its path. The environment that runs this is the host; the server is
what was installed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from rich.console import Console

import releasing
from healthsim import demo

ROOT = releasing.ROOT
SAMPLE = (
    b'{\r\n\t"mcpServers": {\r\n\t\t"files": {"command": "npx"}\r\n\t},\r\n\t"scale": 0\r\n}\r\n'
)


def outside() -> dict[str, str]:
    """Return the environment variables of somebody who has no checkout."""
    ours = {"PYTHONPATH", "VIRTUAL_ENV", "HEALTHSIM_HOME", "PYTHONHOME"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def server(words: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> Any:
    """Return how a host starts a server by words, in a folder."""
    environment = {**outside(), **(more or {})}
    return StdioServerParameters(command=words[0], args=list(words[1:]), cwd=str(folder),
                                 env=environment)  # fmt: skip


def converse(started: Any, home: Path) -> None:
    """Hold the conversation; it must end well and be the README's, digest included."""
    screen = Console(file=io.StringIO(), width=100, color_system=None)
    ended = demo.run(home, screen, started)
    said = screen.file.getvalue()
    if ended != 0:
        sys.exit(said)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (digest,) = set(re.findall(r"digest ([0-9a-f]{16})", readme))
    if digest not in said:
        sys.exit(f"another digest than the README's, {digest}:\n{said}")


async def listed(started: Any) -> tuple[list[str], list[str]]:
    """Return the names of a server's tools and prompts."""
    async with Client(started) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        return tools, [prompt.name for prompt in (await client.list_prompts()).prompts]


def in_venv(wheel: Path, folder: Path, python: str) -> Path:
    """Install the wheel alone in a new environment and converse; return its command."""
    place = folder / "my env é"
    if python:
        subprocess.run([python, "-m", "venv", str(place)], check=True)
    else:
        venv.create(place, with_pip=True)
    scripts = place / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", str(wheel)]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt")], check=True, env=outside())
    command = shutil.which("healthsim", path=str(scripts)) or ""
    empty = _empty(folder, "venv")
    converse(server([command, "--home", str(folder / "home"), "serve"], empty), folder / "home")
    bare = subprocess.run([command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          cwd=empty, check=False)  # fmt: skip
    if bare.returncode != 2 or bare.stdout or "healthsim serve" not in bare.stderr:
        sys.exit(f"healthsim alone said: {bare}")
    _still_empty(empty)
    return Path(command)


def by_uvx(wheel: Path, folder: Path) -> None:
    """Start the wheel as `uvx healthsim serve` would start it, and converse."""
    uvx = shutil.which("uvx", path=str(Path(sys.executable).parent)) or "uvx"
    empty, home = _empty(folder, "uvx"), folder / "home uvx"
    words = [uvx, "--from", str(wheel), "healthsim", "--home", str(home), "serve"]
    converse(server(words, empty), home)
    _still_empty(empty)


def by_bundle(packed: Path, folder: Path) -> None:
    """Unpack the bundle, start it as its manifest says, and converse."""
    place, home = folder / "my bundle é", folder / "home bundle"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(place)
    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    chosen = {"home": str(home), "read_only": "false"}
    started = _as_host(manifest, place, chosen, folder)
    said = anyio.run(listed, started)
    named = tuple([one["name"] for one in manifest[part]] for part in ("tools", "prompts"))
    if said != named:
        sys.exit(f"the manifest names {named}, the server {said}")
    converse(started, home)
    fewer, _ = anyio.run(listed, _as_host(manifest, place, {"read_only": "true"}, folder))
    if not fewer or len(fewer) >= len(said[0]):
        sys.exit(f"read only, it offers {fewer}")


def _as_host(manifest: Any, place: Path, chosen: Mapping[str, str], folder: Path) -> Any:
    """Return how a host starts a bundle: with the names in its configuration replaced."""
    values = {"__dirname": str(place), **{f"user_config.{key}": text
                                          for key, text in chosen.items()}}  # fmt: skip

    def filled(text: str) -> str:
        return re.sub(r"\$\{([^}]+)\}", lambda match: values.get(match[1], match[0]), text)

    config = manifest["server"]["mcp_config"]
    uv = shutil.which(config["command"], path=str(Path(sys.executable).parent))
    words = [uv or config["command"], *map(filled, config["args"])]
    more = {key: filled(text) for key, text in config["env"].items()}
    return server(words, _empty(folder, f"bundle {len(chosen)}"), more)


def by_install(command: Path, folder: Path) -> None:
    """Enter the server in a sample configuration, start what it says there, and take it out."""
    config = folder / "Größe" / "claude_desktop_config.json"
    config.parent.mkdir()
    config.write_bytes(SAMPLE)
    words = ["claude-desktop", "--config", str(config), "--yes"]
    home = ["--home", str(folder / "home install"), "--read-only"]
    subprocess.run([command, "install", *words, *home], check=True, env=outside())
    entry = json.loads(config.read_text(encoding="utf-8"))["mcpServers"]["healthsim"]
    tools, _ = anyio.run(listed, server([entry["command"], *entry["args"]], config.parent))
    subprocess.run([command, "uninstall", *words], check=True, env=outside())
    if config.read_bytes() != SAMPLE or not tools:
        sys.exit(f"{config} was not given back")


def _empty(folder: Path, name: str) -> Path:
    made = folder / f"empty {name} ü"
    made.mkdir()
    return made


def _still_empty(folder: Path) -> None:
    if left := [path.name for path in folder.iterdir()]:
        sys.exit(f"it wrote into the folder that it was started in: {left}")


def main() -> None:
    """Build, install, converse; say how long each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="venv,install,uvx,bundle")
    parser.add_argument("--python", default="", help="the Python of the new environment")
    arguments = parser.parse_args()
    ways = set(arguments.only.split(","))
    with tempfile.TemporaryDirectory(prefix="health sim ü ") as name:
        folder = Path(name)
        wheel = releasing.wheel(folder / "dist")
        begun = time.monotonic()

        def done(way: str) -> None:
            sys.stdout.write(f"{way}: {time.monotonic() - begun:.0f} s\n")
            sys.stdout.flush()

        if ways & {"venv", "install"}:
            command = in_venv(wheel, folder, arguments.python)
            done("the wheel in a new environment, over stdio")
            by_install(command, folder)
            done("entered in a configuration, started from it, taken out")
        if "uvx" in ways:
            by_uvx(wheel, folder)
            done("the wheel by uvx, over stdio")
        if "bundle" in ways:
            by_bundle(releasing.bundle(folder / "dist"), folder)
            done("the bundle, unpacked, as its manifest says")


if __name__ == "__main__":
    main()
