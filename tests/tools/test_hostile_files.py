"""One hostile scenario file of each kind, through every tool and command that takes its name.

Tools come from the server's list and commands from the command line itself, so that a new one is
covered when it is added.
"""

from __future__ import annotations

import inspect
import io
import shutil
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import anyio
import pytest
import typer
from mcp import Client
from mcp.shared.exceptions import MCPError

from healthsim import cli
from healthsim.app import TOOLS, build_server
from healthsim.operations import runs, scenarios
from healthsim.operations.home import Home
from hostile_files import CANARY, IN_ENVIRONMENT, KINDS, PRECIOUS, VARIABLE, Kind, Surroundings
from persistence.saving import kept_run
from talking import text_of

BAD, GOOD = "from-a-stranger", "honest"
RUN = "run-0123456789ab"
PATIENCE = 300.0  # seconds after which a call counts as hung, on any machine

VALUES: Mapping[str, Any] = {
    "sql": "SELECT * FROM patients", "table": "patients", "key": "101", "person": "101",
    "kind": "population_pyramid", "confirm": False, "save_as": "copied",
    "a": GOOD, "b": GOOD, "name": GOOD,
}  # fmt: skip
"""What is given for arguments that must be given; the place of the hostile name comes on top."""

OPEN = {"list_scenarios", "delete_scenario", "scenarios"}
"""Tools and commands that show or delete what cannot be read; they have tests of their own."""


def _tool_places() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every tool with a parameter that takes a scenario, the parameter, and the others."""
    for tool, _ in TOOLS:
        hints = get_type_hints(tool, include_extras=True)
        parameters = [item for item in inspect.signature(tool).parameters.values()
                      if item.name != "ctx"]  # fmt: skip
        needed = {item.name: VALUES.get(item.name) for item in parameters
                  if item.default is inspect.Parameter.empty}  # fmt: skip
        for item in parameters:
            kind, *notes = get_args(hints[item.name]) or (hints[item.name],)
            said = " ".join(str(getattr(note, "description", "")) for note in notes).lower()
            if kind is str and ("scenario" in said and "name" not in said.split()[:1]):
                yield tool.__name__, item.name, needed


def _command_places() -> Iterator[tuple[tuple[str, ...], str, list[str]]]:
    """Yield every command with a parameter that takes a scenario, its words and the others."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(cli.app))]
    while waiting:
        words, command = waiting.pop()
        if inner := getattr(command, "commands", None):
            waiting += [((*words, name), one) for name, one in inner.items()]
            continue
        takes = [item for item in command.params if _takes_scenario(item)]
        yield from ((words, item.name or "", _words(command, item)) for item in takes)


def _takes_scenario(item: Any) -> bool:
    said = str(getattr(item, "help", "") or "").lower()
    named = item.param_type_name == "argument" or item.name == "other"
    return named and ("scenario" in said or "another one" in said)


def _words(command: Any, hostile: Any) -> list[str]:
    """Return the arguments of a command line with the hostile name in its place."""
    words = []
    for item in command.params:
        if item.param_type_name == "argument":
            given = BAD if item is hostile else VALUES.get(item.name or "", GOOD)
            words += [str(given)] if item.required or item is hostile else []
        elif item is hostile:
            words += [item.opts[0], BAD]
        elif item.required or item.name == "out":
            given = VALUES.get(item.name or "", f"{command.name}.html")  # a place of its own
            words += [item.opts[0], str(given)]
    return words


TOOL_PLACES, COMMAND_PLACES = list(_tool_places()), list(_command_places())


DAILY = (
    "a table is a view over a file", "a view nested until DuckDB ends", "no manifest",
    "a text as long as a book", "text", "a truncated file", "a log beside it", "a link",
)  # fmt: skip
"""A kind of each way in which a file is found out; each tool is tried with these."""
FEW = ("a table is a view over a file", "a log beside it")
"""What commands, resources and runs are tried with: they ask what tools ask."""
PROOF = pytest.mark.proof


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_run(tmp_path_factory.mktemp("honest") / "honest.duckdb", count=5)


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    monkeypatch.setenv(VARIABLE, IN_ENVIRONMENT)
    surroundings = Surroundings(tmp_path)
    surroundings.prepare()
    return surroundings


def _each(daily: Collection[str]) -> list[Any]:
    """Return every kind as a case; those that are not of every day are for `make proofs`."""
    return [
        pytest.param(name, id=name.replace(" ", "-"), marks=[] if name in daily else PROOF)
        for name in KINDS
    ]


@pytest.fixture(params=_each(DAILY))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def home(tmp_path: Path, honest: Path, kind: Kind, around: Surroundings) -> Home:
    """Return a home with an honest scenario, a hostile one, and the same file as a run."""
    home = Home(tmp_path / "home")
    home.ensure(home.scenarios)
    home.ensure(home.runs)
    for path in (home.scenarios / f"{GOOD}.duckdb", home.scenarios / f"{BAD}.duckdb"):
        shutil.copyfile(honest, path)
    kind.make(home.scenarios / f"{BAD}.duckdb", around)
    return home


@pytest.fixture
async def client(home: Home) -> AsyncIterator[Client]:
    async with Client(build_server(home.folder)) as opened:
        yield opened


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file below a folder with its size and time stamp."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()
    }  # fmt: skip


def _refuse_leaks(text: str, folder: Path) -> None:
    for secret in (CANARY, IN_ENVIRONMENT, str(folder), "\x1b", "Traceback"):
        assert secret not in text, text


def _run(home: Home, *arguments: str) -> tuple[int, str]:
    """Run a command in this process, as its script would; return its code and all it wrote."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEALTHSIM_HOME", str(home.folder))
        patch.setenv("COLUMNS", "400")
        patch.chdir(home.folder.parent)
        patch.setattr(sys, "argv", ["healthsim", *arguments])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0), out.getvalue() + err.getvalue()
    return 0, out.getvalue() + err.getvalue()


def test_every_tool_and_command_that_takes_a_scenario_is_found() -> None:
    tools = {name for name, _, _ in TOOL_PLACES}
    commands = {words[-1] for words, _, _ in COMMAND_PLACES}

    assert {"describe_scenario", "query_scenario", "compare_scenarios", "show_person",
            "explain_row", "audit_scenario", "export_scenario", "copy_spec"} <= tools  # fmt: skip
    assert {"query", "audit", "export", "compare", "verify", "person",
            "explain"} <= commands  # fmt: skip
    unknown = {
        f"{tool}: {name}"
        for tool, place, needed in TOOL_PLACES
        for name, value in needed.items()
        if value is None and name != place
    }
    assert not unknown, "say in VALUES what these arguments are given"


@pytest.mark.slow
@pytest.mark.anyio
async def test_every_tool_refuses_a_hostile_file_with_a_clear_word_and_touches_nothing(
    client: Client, home: Home, kind: Kind, around: Surroundings
) -> None:
    before = _files(around.folder)

    for tool, place, needed in TOOL_PLACES:
        if tool in OPEN:
            continue
        with anyio.fail_after(PATIENCE):
            answer = await client.call_tool(tool, {**needed, place: BAD})
        assert answer.is_error, tool
        assert kind.is_said(text_of(answer)), (tool, text_of(answer))
        _refuse_leaks(text_of(answer), around.folder)

    assert _files(around.folder) == before
    assert around.victim.read_text() == PRECIOUS


@pytest.mark.slow
@pytest.mark.parametrize("kind", _each(FEW), indirect=True)
def test_every_command_refuses_a_hostile_file_with_a_clear_word_and_touches_nothing(
    home: Home, kind: Kind, around: Surroundings
) -> None:
    before = _files(around.folder)

    for words, _, arguments in COMMAND_PLACES:
        if words[-1] in OPEN | {"delete", "fetch"}:  # these do not read it
            continue
        code, text = _run(home, *words, *arguments)
        assert code in (1, 2), (words, text)
        assert kind.is_said(text), (words, text)
        _refuse_leaks(text, around.folder)

    assert _files(around.folder) == before
    assert around.victim.read_text() == PRECIOUS


@pytest.mark.slow
def test_the_list_says_of_every_hostile_file_what_is_wrong_with_it(
    tmp_path: Path, honest: Path, around: Surroundings
) -> None:
    home = Home(tmp_path / "home")
    home.ensure(home.scenarios)
    kinds = {f"stranger-{number}": kind for number, kind in enumerate(KINDS.values())}
    for name, kind in kinds.items():
        shutil.copyfile(honest, home.scenarios / f"{name}.duckdb")
        kind.make(home.scenarios / f"{name}.duckdb", around)
    shutil.copyfile(honest, home.scenarios / f"{GOOD}.duckdb")

    listed = {one.name: one.broken for one in scenarios.list_all(home)}

    assert listed.pop(GOOD) == ""
    assert listed.keys() == kinds.keys()
    for name, kind in kinds.items():
        assert kind.is_said(listed[name]) != kind.is_listed, (kind.said, listed[name])
        _refuse_leaks(listed[name], around.folder)


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("kind", _each(FEW), indirect=True)
async def test_the_list_says_what_is_wrong_with_a_hostile_file_and_it_can_be_deleted(
    client: Client, home: Home, kind: Kind, around: Surroundings
) -> None:
    listed = await client.call_tool("list_scenarios", {})
    code, text = _run(home, "scenarios")

    assert kind.is_said(text_of(listed)) != kind.is_listed
    assert GOOD in text_of(listed)
    assert (code, GOOD in text, kind.is_said(text)) == (0, True, not kind.is_listed)
    _refuse_leaks(text_of(listed) + text, around.folder)
    first = await client.call_tool("delete_scenario", {"name": BAD})
    assert first.is_error
    assert "confirm" in text_of(first)
    gone = await client.call_tool("delete_scenario", {"name": BAD, "confirm": True})
    assert not gone.is_error, text_of(gone)
    assert [path.name for path in home.scenarios.iterdir()] == [f"{GOOD}.duckdb"]
    assert around.secret.exists()


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("kind", _each(FEW), indirect=True)
async def test_a_hostile_file_in_the_place_of_a_run_is_not_saved(
    client: Client, home: Home, kind: Kind, around: Surroundings
) -> None:
    (home.scenarios / f"{BAD}.duckdb").rename(home.runs / f"{RUN}.duckdb")
    log = home.scenarios / f"{BAD}.duckdb.wal"
    if log.exists():
        log.rename(home.runs / f"{RUN}.duckdb.wal")
    runs.write(home, runs.RunRecord(RUN, runs.DONE, 5, "0123456789ab", done=5))

    for tool, arguments in (
        ("save_scenario", {"run_id": RUN, "name": "kept"}), ("check_run", {"run_id": RUN}),
        ("copy_spec", {"of": RUN}), ("show_person", {"name": RUN, "person": "101"}),
    ):  # fmt: skip
        with anyio.fail_after(PATIENCE):
            answer = await client.call_tool(tool, arguments)
        _refuse_leaks(text_of(answer), around.folder)
        assert answer.is_error, tool

    assert not (home.scenarios / "kept.duckdb").exists()
    assert around.victim.read_text() == PRECIOUS


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("kind", _each(FEW), indirect=True)
async def test_every_resource_of_a_scenario_refuses_a_hostile_file_with_a_clear_word(
    client: Client, kind: Kind, around: Surroundings
) -> None:
    listed = await client.list_resource_templates()
    templates = [one.uri_template for one in listed.resource_templates
                 if "scenario/{name}" in one.uri_template]  # fmt: skip

    assert templates
    for template in templates:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(
                template.replace("{name}", BAD).replace("{table}", "patients")
            )
        assert kind.is_said(str(refused.value)), template
        _refuse_leaks(str(refused.value), around.folder)
