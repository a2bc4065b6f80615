"""Where each host keeps its file on each platform, and which command starts the server."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from healthsim.errors import NotFound, Refused
from healthsim.operations.installing.hosts import (
    ELSEWHERE,
    HOSTS,
    Host,
    Machine,
    files_of,
    host_named,
)
from healthsim.operations.installing.launching import (
    Started,
    launch_words,
    origin_of,
    split_command,
)

ROAMING = r"D:\Profiles\Zoë Müller\Roaming"
WINDOWS = Machine(
    "win32",
    {"APPDATA": ROAMING, "LOCALAPPDATA": r"C:\Users\Zoë Müller\AppData\Local"},
    PureWindowsPath(r"C:\Users\Zoë Müller"),
)
BARE_WINDOWS = Machine("win32", {}, PureWindowsPath(r"C:\Users\Ann"))
MAC = Machine("darwin", {}, PurePosixPath("/Users/ann"))
LINUX = Machine("linux", {}, PurePosixPath("/home/ann"))
MOVED = Machine("linux", {"XDG_CONFIG_HOME": "/srv/ann config"}, PurePosixPath("/home/ann"))


@pytest.mark.parametrize(
    ("name", "machine", "file"),
    [
        ("claude-desktop", WINDOWS, ROAMING + r"\Claude\claude_desktop_config.json"),
        ("claude-desktop", BARE_WINDOWS,
         r"C:\Users\Ann\AppData\Roaming\Claude\claude_desktop_config.json"),
        ("claude-desktop", MAC,
         "/Users/ann/Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", LINUX, "/home/ann/.config/Claude/claude_desktop_config.json"),
        ("claude-desktop", MOVED, "/srv/ann config/Claude/claude_desktop_config.json"),
        ("vscode", WINDOWS, ROAMING + r"\Code\User\mcp.json"),
        ("vscode", MAC, "/Users/ann/Library/Application Support/Code/User/mcp.json"),
        ("vscode", LINUX, "/home/ann/.config/Code/User/mcp.json"),
        ("cursor", WINDOWS, r"C:\Users\Zoë Müller\.cursor\mcp.json"),
        ("cursor", MAC, "/Users/ann/.cursor/mcp.json"),
        ("windsurf", LINUX, "/home/ann/.codeium/windsurf/mcp_config.json"),
        ("gemini-cli", LINUX, "/home/ann/.gemini/settings.json"),
        ("zed", WINDOWS, ROAMING + r"\Zed\settings.json"),
        ("zed", MAC, "/Users/ann/.config/zed/settings.json"),
    ],
)  # fmt: skip
def test_a_hosts_file_is_where_the_host_looks_on_that_platform(
    name: str, machine: Machine, file: str
) -> None:
    host = host_named(name)
    assert isinstance(host, Host)
    assert [str(one) for one in files_of(host, machine)] == [file]


def test_on_windows_the_packaged_claude_desktop_is_preferred(tmp_path: Path) -> None:
    machine = Machine("win32", {"APPDATA": str(tmp_path / "Roaming")}, tmp_path)
    package = tmp_path / "AppData" / "Local" / "Packages" / "Claude_pzs8sxrjxfjjc"
    packaged = package / "LocalCache" / "Roaming" / "Claude" / "claude_desktop_config.json"
    usual = tmp_path / "Roaming" / "Claude" / "claude_desktop_config.json"
    host = host_named("claude-desktop")

    assert isinstance(host, Host)
    assert files_of(host, machine) == [usual]
    package.mkdir(parents=True)
    assert files_of(host, machine) == [usual], "what is left of a package is none"
    packaged.parent.parent.mkdir(parents=True)
    assert files_of(host, machine) == [packaged, usual]
    usual.parent.mkdir(parents=True)
    usual.write_text("{}")
    packaged.parent.mkdir()
    packaged.write_text("{}")
    assert files_of(host, machine) == [packaged, usual]


def test_an_unknown_host_is_answered_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(NotFound, match="did you mean 'claude-desktop'"):
        host_named("claude_desktop")


def test_every_host_has_a_name_of_its_own_and_an_entry_that_starts_the_server() -> None:
    assert len({host.name for host in (*HOSTS, *ELSEWHERE)}) == len(HOSTS) + len(ELSEWHERE)
    for host in HOSTS:
        entry = host.entry(["uvx", "healthsim", "serve"])
        assert (entry["command"], entry["args"]) == ("uvx", ["healthsim", "serve"])


def _started(prefix: Path, **more: object) -> Started:
    scripts = prefix / "bin"
    scripts.mkdir(parents=True)
    settings = {"environment": {}, **more}
    return Started(prefix, scripts / "python", scripts, **settings)  # type: ignore[arg-type]


def test_an_environment_that_stays_is_started_by_its_own_command(tmp_path: Path) -> None:
    started = _started(tmp_path / "my env é")
    assert started.command() == [str(started.executable), "-m", "healthsim"]

    (started.scripts / "healthsim").touch()
    assert started.command() == [str(started.scripts / "healthsim")]
    (started.scripts / "healthsim.exe").touch()
    assert started.command() == [str(started.scripts / "healthsim.exe")]


@pytest.mark.parametrize("cached", ["archive-v0", "environments-v2", "builds-v0"])
@pytest.mark.parametrize("origin", ["", "/srv/my wheels/healthsim-0.1.0-py3-none-any.whl"])
def test_an_environment_of_uvx_is_started_by_uvx_again(
    tmp_path: Path, origin: str, cached: str
) -> None:
    uv = tmp_path / "tools" / "uv"
    started = _started(
        tmp_path / "cache" / cached / "x", environment={"UV": str(uv)}, origin=origin
    )
    (started.prefix / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9.0\n", encoding="utf-8")
    (started.scripts / "healthsim").touch()
    source = ["--from", origin] if origin else []

    assert started.command() == [str(uv), "tool", "run", *source, "healthsim"]
    uv.parent.mkdir()
    uv.with_name("uvx").touch()
    assert started.command() == [str(uv.with_name("uvx")), *source, "healthsim"]


def test_an_environment_that_uv_made_for_good_is_no_passing_one(tmp_path: Path) -> None:
    started = _started(tmp_path / "tools" / "healthsim")
    (started.prefix / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9.0\n", encoding="utf-8")

    assert not started.passing


def test_the_words_that_start_a_server_name_home_and_what_it_may_do() -> None:
    assert launch_words(["uvx", "healthsim"]) == ["uvx", "healthsim", "serve"]
    assert launch_words(["h.exe"], PureWindowsPath(r"D:\my data"), read_only=True) == [
        "h.exe", "--home", r"D:\my data", "serve", "--read-only",
    ]  # fmt: skip


def test_a_command_keeps_spaces_in_quotes_and_backslashes_of_windows() -> None:
    assert split_command('"/my tools/uvx" healthsim', "linux") == ["/my tools/uvx", "healthsim"]
    assert split_command(r'"C:\my tools\uvx.exe" healthsim', "win32") == [
        r"C:\my tools\uvx.exe", "healthsim",
    ]  # fmt: skip
    for wrong in ("", "  ", '"x'):
        with pytest.raises(Refused, match="--command"):
            split_command(wrong, "linux")


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("", ""),
        ('{"url": "file:///srv/my%20wheels/100%2525.whl", "archive_info": {}}',
         "/srv/my wheels/100%25.whl"),
        ('{"url": "https://example.com/h.git", "vcs_info": {"vcs": "git", "commit_id": "ab12"}}',
         "git+https://example.com/h.git@ab12"),
        ('{"url": "https://example.com/h.whl"}', "https://example.com/h.whl"),
    ],
)  # fmt: skip
def test_uvx_is_given_the_origin_that_it_was_started_from(said: str, origin: str) -> None:
    assert origin_of(said) == origin
