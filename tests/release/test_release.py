"""One version, a manifest made of the server, and a description that the registry accepts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import anyio
import pytest

import releasing
import smoke
from healthsim import __version__
from healthsim.app import build_server
from processes import PATIENCE

ROOT = releasing.ROOT
SERVER = json.loads((ROOT / "server.json").read_text(encoding="utf-8"))


def test_every_place_that_names_the_version_names_the_same() -> None:
    assert set(releasing.versions().values()) == {__version__}
    assert len(releasing.versions()) == 4


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return releasing.manifest()


def test_the_manifest_names_what_the_server_offers(
    manifest: dict[str, Any], tmp_path: Path
) -> None:
    tools, prompts = anyio.run(smoke.listed, build_server(tmp_path))

    assert [one["name"] for one in manifest["tools"]] == tools
    assert [one["name"] for one in manifest["prompts"]] == prompts
    assert manifest["version"] == __version__
    for one in manifest["tools"]:
        assert 10 < len(one["description"]) < 200, one["name"]
    for one in manifest["prompts"]:
        for name in one["arguments"]:
            assert f"${{arguments.{name}}}" in one["text"], one["name"]


def test_the_manifest_starts_what_the_bundle_holds_with_what_a_person_chose(
    manifest: dict[str, Any],
) -> None:
    server = manifest["server"]
    config = server["mcp_config"]
    used = set(re.findall(r"\$\{user_config\.(\w+)\}", json.dumps(config)))

    assert (server["type"], config["args"][-1]) == ("uv", server["entry_point"])
    assert used == set(manifest["user_config"])
    assert manifest["user_config"]["home"]["type"] == "directory"
    assert manifest["user_config"]["read_only"]["type"] == "boolean"
    assert manifest["license"] == "Apache-2.0"


def test_the_project_in_the_bundle_pins_what_it_was_tested_with(tmp_path: Path) -> None:
    text = releasing.project(tmp_path / "healthsim-1-py3-none-any.whl")
    project = tomllib.loads(text)
    pins = {
        pin.partition("==")[0].lower() for pin in project["tool"]["uv"]["constraint-dependencies"]
    }

    assert {"mcp", "duckdb", "numpy", "pydantic_core", "vl-convert-python"} <= pins
    assert not {"pytest", "ruff", "hypothesis"} & pins
    assert project["tool"]["uv"]["sources"]["healthsim"]["path"].endswith(".whl")
    assert "://" not in text


def test_the_icon_is_a_png_of_the_size_that_hosts_ask_for() -> None:
    made = releasing.icon()

    assert made[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(made[at : at + 4], "big") for at in (16, 20)] == [512, 512]
    assert len(made) < 60_000


def test_the_description_for_the_registry_is_of_the_shape_that_it_asks_for() -> None:
    """What the published schema of 2025-12-11 asks; `make release-check` has all of it checked."""
    (package,) = SERVER["packages"]

    assert SERVER["$schema"].endswith("/2025-12-11/server.schema.json")
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert 1 <= len(SERVER["description"]) <= 100
    assert package["registryType"] == "pypi"
    assert package["identifier"] == "healthsim"
    assert package["transport"] == {"type": "stdio"}
    assert [one["value"] for one in package["packageArguments"]] == ["serve"]
    assert set(package) <= {"registryType", "identifier", "version", "runtimeHint", "transport",
                            "packageArguments", "environmentVariables"}  # fmt: skip


def test_the_readme_has_the_mark_by_which_the_registry_knows_the_owner() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"<!-- mcp-name: {SERVER['name']} -->" in readme


def test_a_description_with_the_bundle_has_its_address_and_digest(tmp_path: Path) -> None:
    packed = tmp_path / "healthsim.mcpb"
    packed.write_bytes(b"bundle")
    pypi, bundle = releasing.described("https://example.com/healthsim.mcpb", packed)["packages"]

    assert pypi == SERVER["packages"][0]
    assert bundle["identifier"] == "https://example.com/healthsim.mcpb"
    assert re.fullmatch(r"[0-9a-f]{64}", bundle["fileSha256"])
    assert bundle["version"] == __version__


@pytest.mark.slow
@pytest.mark.parametrize(
    "unset",
    ["${user_config.read_only}", " ", pytest.param("", marks=pytest.mark.proof)],
)
def test_a_choice_that_nobody_made_is_none(unset: str) -> None:
    """A host leaves its name as it is; the command would take it for a wrong yes or no."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "release" / "mcpb" / "main.py"), "--http", "nowhere"],
        env={**os.environ, "HEALTHSIM_READ_ONLY": unset, "HEALTHSIM_HOME": "${user_config.home}"},
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip

    assert done.returncode == 2
    assert "HOST:PORT" in done.stderr
    assert not Path("${user_config.home}").exists()
