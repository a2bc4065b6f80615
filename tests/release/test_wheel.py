"""The wheel holds what the product needs to run, and nothing else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from healthsim import __version__

ROOT = Path(__file__).parents[2]
INFO = f"healthsim-{__version__}.dist-info"
SOURCES = {ROOT / "server" / "healthsim": "healthsim", ROOT / "skills": "healthsim/skills",
           ROOT / "templates": "healthsim/templates"}  # fmt: skip
_MOST_BYTES = 6_000_000

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = folder.glob("*.whl")
    assert built.name == f"healthsim-{__version__}-py3-none-any.whl"
    assert built.stat().st_size < _MOST_BYTES
    return zipfile.ZipFile(built)


def kept(folder: Path) -> set[str]:
    """Return the files below a folder that git keeps, or would."""
    said = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name for name in said.stdout.splitlines() if (folder / name).is_file()}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a checkout")
def test_the_wheel_holds_every_file_of_package_skills_and_templates_and_no_other(
    wheel: zipfile.ZipFile,
) -> None:
    ours = {f"{place}/{name}" for folder, place in SOURCES.items() for name in kept(folder)}

    assert {name for name in wheel.namelist() if not name.startswith(INFO)} == ours


def test_the_wheel_has_no_tests_no_bytecode_and_no_path_of_a_machine(
    wheel: zipfile.ZipFile,
) -> None:
    for name in wheel.namelist():
        assert not set(name.split("/")) & {"tests", "__pycache__", ".mypy_cache", "packaging"}, name
        assert not name.endswith((".pyc", ".duckdb", ".whl", "~"))
        if not name.endswith(".gz"):
            assert str(ROOT).encode() not in wheel.read(name), name


def test_the_record_lists_every_file_with_its_digest(wheel: zipfile.ZipFile) -> None:
    rows = list(csv.reader(io.StringIO(wheel.read(f"{INFO}/RECORD").decode())))

    assert {row[0] for row in rows} == set(wheel.namelist())
    for name, digest, size in rows:
        if digest:
            content = wheel.read(name)
            found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            assert (f"sha256={found.decode()}", str(len(content))) == (digest, size), name


def test_licences_and_notices_go_with_it(wheel: zipfile.ZipFile) -> None:
    metadata = wheel.read(f"{INFO}/METADATA").decode()

    assert wheel.read(f"{INFO}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
    assert f"{INFO}/licenses/server/healthsim/codes/data/NOTICE.md" in wheel.namelist()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata


def test_it_brings_one_command(wheel: zipfile.ZipFile) -> None:
    scripts = wheel.read(f"{INFO}/entry_points.txt").decode().split()

    assert scripts == ["[console_scripts]", "healthsim", "=", "healthsim.cli:main"]
