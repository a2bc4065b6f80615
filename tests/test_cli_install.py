"""`healthsim install` and `uninstall` on configuration files: shown, asked, copied, undone."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from healthsim.operations.installing.trying import why_not
from test_cli import Done, _run

SAMPLE = (
    b'\xef\xbb\xbf{\r\n\t"globalShortcut": "Ctrl+Space",\r\n\t"mcpServers": {\r\n'
    b'\t\t"files": {"command": "npx", "args": ["-y", "x"], "env": {"KEY": "secret \xc3\xa9"}}\r\n'
    b'\t},\r\n\t"scale": 0\r\n}\r\n'
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration in a folder with a space and a letter beyond ASCII."""
    path = tmp_path / "Größe 1" / "claude_desktop_config.json"
    path.parent.mkdir()
    path.write_bytes(SAMPLE)
    return path


def _install(config: Path, *more: str) -> Done:
    words = ("install", "claude-desktop", "--config", str(config), "--no-check")
    return _run(config.parent, *words, *more)


def _uninstall(config: Path, *more: str) -> Done:
    return _run(config.parent, "uninstall", "claude-desktop", "--config", str(config), *more)


def _files(config: Path) -> set[str]:
    return {path.name for path in config.parent.iterdir()}


def test_install_and_uninstall_give_the_file_back_to_the_byte(config: Path) -> None:
    config.chmod(0o600)
    done = _install(config, "--yes", "--command", "uvx healthsim")
    entered = config.read_bytes()
    document = json.loads(entered.decode("utf-8-sig"))

    assert done.returncode == 0, done.stderr
    assert '+\t\t"healthsim": {' in done.stdout
    assert document["mcpServers"]["healthsim"]["command"] == "uvx"
    assert document["mcpServers"]["files"]["env"] == {"KEY": "secret é"}
    assert entered.startswith(SAMPLE[: SAMPLE.index(b"\r\n\t},")])
    assert entered.count(b"\n") == entered.count(b"\r\n")
    copy = config.with_name(config.name + ".before-healthsim-1")
    assert copy.read_bytes() == SAMPLE
    assert {path.stat().st_mode & 0o777 for path in (config, copy)} == {0o600}

    undone = _uninstall(config, "--yes")
    assert undone.returncode == 0, undone.stderr
    assert config.read_bytes() == SAMPLE
    assert _files(config) == {config.name}, "no copy is left of what is there again"
    assert "its copy is gone" in undone.stdout


def test_repeated_installs_and_removals_leave_no_copy_and_name_older_ones(
    config: Path,
) -> None:
    older = config.with_name(config.name + ".before-healthsim-4")
    older.write_text("{}", encoding="utf-8")
    for _ in range(3):
        _install(config, "--yes", "--command", "uvx healthsim")
        undone = _uninstall(config, "--yes")

    assert _files(config) == {config.name, older.name}
    assert f"older copies, yours to delete: {older}" in undone.stdout


def test_a_second_install_changes_nothing_and_keeps_no_copy(config: Path) -> None:
    _install(config, "--yes", "--command", "uvx healthsim")
    before, names = config.read_bytes(), _files(config)
    done = _install(config, "--yes", "--command", "uvx healthsim")

    assert done.returncode == 0
    assert "already" in done.stdout
    assert (config.read_bytes(), _files(config)) == (before, names)


def test_home_and_read_only_are_entered_by_full_path(config: Path) -> None:
    done = _install(config, "--yes", "--command", "hs", "--home", "my data", "--read-only")
    entry = json.loads(config.read_bytes().decode("utf-8-sig"))["mcpServers"]["healthsim"]

    assert done.returncode == 0, done.stderr
    assert entry["args"] == ["--home", str(Path("my data").absolute()), "serve", "--read-only"]


@pytest.mark.parametrize("more", [("--dry-run",), ("--dry-run", "--yes")])
def test_a_dry_run_shows_the_change_and_writes_nothing(config: Path, more: tuple[str, ...]) -> None:
    done = _install(config, *more)

    assert done.returncode == 0
    assert '"healthsim": {' in done.stdout
    assert "nothing was changed" in done.stdout
    assert (config.read_bytes(), _files(config)) == (SAMPLE, {config.name})


def test_without_a_terminal_and_without_yes_nothing_is_written(config: Path) -> None:
    with Path(os.devnull).open() as nothing, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", nothing)
        done = _install(config)

    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert config.read_bytes() == SAMPLE


@pytest.mark.parametrize(("answer", "written"), [(b"y\n", True), (b"n\n", False)])
def test_on_a_terminal_it_asks(config: Path, answer: bytes, written: bool) -> None:
    ours, theirs = os.openpty()
    os.write(ours, answer)
    with open(theirs) as terminal, pytest.MonkeyPatch.context() as patch:  # noqa: PTH123  a descriptor
        patch.setattr(sys, "stdin", terminal)
        done = _install(config)
    os.close(ours)

    assert done.returncode == 0, done.stderr
    assert "Write it?" in done.stdout
    assert (config.read_bytes() != SAMPLE) is written


def test_an_entry_that_differs_is_shown_and_replaced_only_when_it_is_said(config: Path) -> None:
    mine = {"command": "mine", "args": [], "env": {"A": "1"}, "disabled": True}
    config.write_text(json.dumps({"mcpServers": {"healthsim": mine}}, indent=2), encoding="utf-8")
    before = config.read_bytes()
    refused = _install(config, "--yes", "--command", "hs")

    assert refused.returncode == 2
    assert '-      "command": "mine",' in refused.stdout
    assert "--replace" in refused.stderr
    assert config.read_bytes() == before

    done = _install(config, "--yes", "--replace", "--command", "hs")
    entry = json.loads(config.read_bytes())["mcpServers"]["healthsim"]
    assert done.returncode == 0, done.stderr
    assert entry == {**mine, "command": "hs", "args": ["--home", str(config.parent), "serve"]}
    assert config.with_name(config.name + ".before-healthsim-1").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'{"mcpServers": {"a": 1,}}', "line 1, column 24: a key in double quotes is missing"),
        (b'{\n  // note\n  "mcpServers": {}\n}', "line 2, column 3: a comment"),
        (b'{"mcpServers": []}', "mcpServers is no object"),
        (b'{"mcpServers": {}, "mcpServers": {}}', "stands there 2 times"),
        ('{"a": "é"}'.encode("utf-16"), "is not UTF-8"),
        (b"\x00\x01", "a value is missing"),
    ],
)
def test_a_broken_file_is_answered_with_its_place_and_left_alone(
    config: Path, content: bytes, found: str
) -> None:
    config.write_bytes(content)
    for done in (_install(config, "--yes"), _uninstall(config, "--yes")):
        assert done.returncode == 2
        assert found in done.stderr
        assert "nothing was changed" in done.stderr
    assert (config.read_bytes(), _files(config)) == (content, {config.name})


@pytest.mark.parametrize("content", [b"{}", b"\n", None])
def test_an_empty_or_missing_file_is_made_and_given_back(
    config: Path, content: bytes | None
) -> None:
    config.unlink() if content is None else config.write_bytes(content)
    done = _install(config, "--yes", "--command", "hs")

    assert done.returncode == 0, done.stderr
    assert json.loads(config.read_bytes())["mcpServers"]["healthsim"]["command"] == "hs"
    gone = _uninstall(config, "--yes")
    assert gone.returncode == 0, gone.stderr
    assert ("removed: " in gone.stdout) is (content is None)
    assert (config.read_bytes() if config.exists() else None) == content
    assert _files(config) <= {config.name}


def test_a_file_without_a_byte_needs_no_copy_and_is_none_again(config: Path) -> None:
    config.write_bytes(b"")
    _install(config, "--yes", "--command", "hs")
    assert _files(config) == {config.name}

    _uninstall(config, "--yes")
    assert _files(config) == set()


def test_a_document_in_one_long_line_is_shown_as_far_as_it_can_be_read(config: Path) -> None:
    config.write_text(json.dumps({"note": "x" * 50_000, "mcpServers": {}}), encoding="utf-8")
    done = _install(config, "--yes", "--command", "hs")

    assert done.returncode == 0, done.stderr
    assert len(done.stdout) < 5_500
    assert "characters)" in done.stdout
    assert json.loads(config.read_bytes())["mcpServers"]["healthsim"]["command"] == "hs"


def test_what_was_changed_since_stays_when_it_is_taken_out(config: Path) -> None:
    _install(config, "--yes", "--command", "hs")
    changed = config.read_bytes().replace(b'"scale": 0', b'"scale": 2')
    config.write_bytes(changed)
    done = _uninstall(config, "--yes")

    assert done.returncode == 0, done.stderr
    assert config.read_bytes() == SAMPLE.replace(b'"scale": 0', b'"scale": 2')
    assert config.with_name(config.name + ".before-healthsim-2").read_bytes() == changed


def test_a_link_stays_a_link_and_the_file_behind_it_is_changed(config: Path) -> None:
    link = config.parent / "link.json"
    link.symlink_to(config.name)
    done = _run(config.parent, "install", "claude-desktop", "--config", str(link), "--yes",
                "--no-check")  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert b'"healthsim"' in config.read_bytes()


def test_what_is_no_file_is_refused(config: Path, tmp_path: Path) -> None:
    circle = tmp_path / "circle.json"
    circle.symlink_to(circle.name)
    for path, found in (
        (config.parent, "is a folder, not a file"),
        (tmp_path / "none" / "config.json", "there is no folder"),
        (circle, "cannot be changed"),
        (config / "below.json", "there is no folder"),
    ):
        done = _run(tmp_path, "install", "claude-desktop", "--config", str(path), "--yes")
        assert done.returncode in (1, 2), path
        assert found in done.stderr
    assert config.read_bytes() == SAMPLE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("protected", ["file", "folder"])
def test_what_may_not_be_written_is_left_alone(config: Path, protected: str) -> None:
    target = config if protected == "file" else config.parent
    mode = target.stat().st_mode
    target.chmod(0o500)
    done = _install(config, "--yes")
    target.chmod(mode)

    assert done.returncode == 1
    assert "writ" in done.stderr
    assert (config.read_bytes(), _files(config)) == (SAMPLE, {config.name})


def test_editors_files_keep_their_comments(config: Path) -> None:
    text = '{\n  // mine\n  "servers": {\n    "other": {"command": "x"}, // last\n  },\n}\n'
    config.write_text(text, encoding="utf-8")
    done = _run(config.parent, "install", "vscode", "--config", str(config), "--yes",
                "--command", "hs", "--no-check")  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert '"healthsim": {\n      "type": "stdio",' in config.read_text(encoding="utf-8")
    assert _run(config.parent, "uninstall", "vscode", "--config", str(config), "--yes",
                ).returncode == 0  # fmt: skip
    assert config.read_text(encoding="utf-8") == text


def test_hosts_are_listed_and_a_wrong_one_is_answered_with_the_right(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        folder = tmp_path / ".cursor"
        folder.mkdir()
        installed = _run(tmp_path, "install", "cursor", "--yes", "--command", "hs",
                         "--no-check")  # fmt: skip
        listed = _run(tmp_path, "install")
    wrong = _run(tmp_path, "install", "claude", "--yes")

    assert installed.returncode == 0, installed.stderr
    assert listed.stdout.splitlines()[0] == "host\ttitle\thealthsim\tfile or command"
    rows = {line.split("\t")[0]: line.split("\t")[2] for line in listed.stdout.splitlines()}
    assert (rows["cursor"], rows["claude-desktop"]) == ("yes", "no file")
    assert wrong.returncode == 2
    assert "claude-desktop" in wrong.stderr


@pytest.mark.parametrize(
    ("host", "line", "undone"),
    [
        ("claude-code", "claude mcp add healthsim --env A=b -- uvx healthsim --home {} serve",
         "claude mcp remove healthsim"),
        ("codex", "codex mcp add healthsim --env A=b -- uvx healthsim --home {} serve",
         "codex mcp remove healthsim"),
        ("goose", '    envs: {{"A": "b"}}', "config.yaml"),
    ],
)  # fmt: skip
def test_a_host_with_a_way_of_its_own_is_answered_with_its_own_lines(
    tmp_path: Path, host: str, line: str, undone: str
) -> None:
    words = ("install", host, "--command", "uvx healthsim", "--env", "A=b")
    done = _run(tmp_path, *words)
    scripted = _run(tmp_path, *words, "--yes")
    gone = _run(tmp_path, "uninstall", host, "--yes")

    assert (done.returncode, scripted.returncode) == (0, 2), "a script was not done"
    assert line.format(tmp_path) in done.stdout.splitlines()
    assert "nothing was changed" in done.stdout
    assert undone in gone.stdout
    assert list(tmp_path.iterdir()) == []


def test_variables_go_into_the_entry_beside_those_that_are_there(config: Path) -> None:
    entered = ("--yes", "--command", "hs", "--env", "UV_OFFLINE=1")
    _install(config, *entered)
    _install(config, *entered[:3], "--replace", "--env", "HTTPS_PROXY=http://p:1/?a=b")
    wrong = _install(config, *entered[:3], "--env", "PROXY")
    entry = json.loads(config.read_bytes().decode("utf-8-sig"))["mcpServers"]["healthsim"]

    assert entry["env"] == {"UV_OFFLINE": "1", "HTTPS_PROXY": "http://p:1/?a=b"}
    assert wrong.returncode == 2
    assert "'PROXY' is not NAME=VALUE" in wrong.stderr


def _trying(config: Path, *more: str) -> Done:
    return _run(config.parent, "install", "claude-desktop", "--config", str(config), "--yes", *more)


def test_an_entry_that_does_not_start_is_said_with_its_last_words_and_not_written(
    config: Path,
) -> None:
    script = config.with_name("starter.py")
    script.write_text(
        "import os, sys\nsys.exit(f'first\\nno route to {os.environ.get(\"PX\")}\\n')"
    )
    command = f"{sys.executable} '{script}'"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PX", "mine")
        done = _trying(config, "--command", command)
    given = _trying(config, "--command", command, "--env", "PX=given")
    missing = _trying(config, "--command", "no-such-program-here")

    assert "does not start the server here: no route to None" in done.stderr
    assert "no route to given" in given.stderr
    assert "no-such-program-here: No such file" in missing.stderr
    assert {one.returncode for one in (done, given, missing)} == {1}
    assert config.read_bytes() == SAMPLE


@pytest.mark.slow
def test_an_entry_that_starts_is_tried_and_written(config: Path) -> None:
    done = _trying(config, "--command", f"{sys.executable} -m healthsim", "--env",
                   f"PYTHONPATH={os.pathsep.join(sys.path)}")  # fmt: skip
    entry = json.loads(config.read_bytes().decode("utf-8-sig"))["mcpServers"]["healthsim"]

    assert done.returncode == 0, done.stderr
    assert "it starts" in done.stdout
    assert entry["command"] == sys.executable


def test_an_entry_that_is_there_already_is_tried_again(config: Path) -> None:
    script = config.with_name("answers.py")
    script.write_text('input(); print("{\\"jsonrpc\\": \\"2.0\\", \\"result\\": {}}", flush=True)')
    command = ("--command", f"{sys.executable} '{script}'")
    done, again = _trying(config, *command), _trying(config, *command)
    script.unlink()
    gone = _trying(config, *command)

    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert "it starts" in again.stdout
    assert "already" in again.stdout
    assert gone.returncode != 0
    assert "does not start the server here" in gone.stderr


@pytest.mark.slow
def test_a_server_that_says_nothing_is_given_up() -> None:
    words = [sys.executable, "-c", "import sys, time; sys.stdin.read(); time.sleep(600)"]

    assert why_not(words, patience=0.5) == "no answer within 0.5 seconds"
