"""The commit hook says what is wrong in words, also where there is no environment to check with."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for repo in CONFIG["repos"] for hook in repo["hooks"]}

pytestmark = pytest.mark.skipif(
    not (shutil.which("sh") and shutil.which("git")), reason="needs sh and git"
)


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return subprocess.run(
        command, cwd=folder, env=plain, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a git repository that has the hook, one Python file, and no environment."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "hook", tmp_path / "scripts" / "hook")
    (tmp_path / "one.py").write_text('"""A module."""\n', encoding="utf-8")
    assert _run(tmp_path, "git", "init", "-q").returncode == 0
    _run(tmp_path, "git", "config", "user.name", "Somebody")
    _run(tmp_path, "git", "config", "user.email", "somebody@example.com")
    return tmp_path


def _with_tools(checkout: Path) -> None:
    """Give a checkout the tools of the environment that runs the tests."""
    made = checkout / ".venv" / "bin"
    made.mkdir(parents=True)
    for tool in ("ruff", "mypy", "lint-imports"):
        (made / tool).symlink_to(Path(sys.executable).with_name(tool))


def _commit(checkout: Path) -> subprocess.CompletedProcess[str]:
    _run(checkout, "git", "add", "one.py")
    return _run(checkout, "git", "commit", "-m", "Add one")


def test_every_hook_of_the_configuration_is_local_and_runs_the_script() -> None:
    assert [repo["repo"] for repo in CONFIG["repos"]] == ["local"]
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}
    assert {hook["entry"] for hook in HOOKS.values()} == {
        "sh scripts/hook lint", "sh scripts/hook types", "sh scripts/hook contracts"
    }  # fmt: skip


@pytest.mark.parametrize("hook", [*HOOKS, "staged"])
def test_a_hook_without_the_environment_says_what_is_missing_and_the_command_that_makes_it(
    checkout: Path, hook: str
) -> None:
    command = HOOKS[hook]["entry"] if hook in HOOKS else "sh scripts/hook"
    done = _run(checkout, *shlex.split(command), *(["one.py"] if hook == "lint" else []))

    assert done.returncode == 1
    assert "the environment is missing" in done.stderr
    assert "Nothing was checked. Run 'make setup' in" in done.stderr


def test_make_has_the_target_that_the_hook_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()

    assert any(line.startswith("setup:") for line in makefile)
    assert any(line.startswith("hooks:") for line in makefile)


def test_an_installed_hook_refuses_a_commit_without_the_environment(checkout: Path) -> None:
    assert _run(checkout, "sh", "scripts/hook", "install").returncode == 0

    refused = _commit(checkout)

    assert refused.returncode != 0
    assert "Run 'make setup' in" in refused.stderr


def test_an_installed_hook_lets_a_clean_file_pass_and_names_the_fault_of_another(
    checkout: Path,
) -> None:
    _with_tools(checkout)
    _run(checkout, "sh", "scripts/hook", "install")
    clean = _commit(checkout)
    (checkout / "one.py").write_text("import os\n", encoding="utf-8")
    faulty = _commit(checkout)

    assert clean.returncode == 0, clean.stderr
    assert faulty.returncode != 0
    assert "F401" in faulty.stdout + faulty.stderr
    assert "stage and commit again" in faulty.stderr


def test_installing_leaves_a_hook_of_somebody_else_alone(checkout: Path) -> None:
    theirs = checkout / ".git" / "hooks" / "pre-commit"
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")

    done = _run(checkout, "sh", "scripts/hook", "install")

    assert done.returncode == 1
    assert "exists and is not ours" in done.stderr
    assert theirs.read_text(encoding="utf-8") == "#!/bin/sh\nexit 0\n"


def test_an_unknown_check_is_refused_with_those_that_exist(checkout: Path) -> None:
    done = _run(checkout, "sh", "scripts/hook", "everything")

    assert done.returncode == 1
    assert "use lint, types, contracts or install" in done.stderr
