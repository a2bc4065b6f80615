"""Audits, exports and comparisons as tasks: handles, joined work, stops, changes meanwhile."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from healthsim.app import build_server
from healthsim.operations import background, scenarios, tasks
from healthsim.operations.home import Home
from healthsim.persistence.judgement import trust
from healthsim.tools import querying
from kept import keep, run_id
from processes import PATIENCE
from stand_ins import report_often
from storing import first_year
from talking import text_of

pytestmark = pytest.mark.anyio

CALLS = {
    "audit": ("audit_scenario", {"name": "one"}),
    "export": ("export_scenario", {"name": "one", "format": "parquet"}),
    "compare": ("compare_scenarios", {"a": "one", "b": "two"}),
    "draw": ("draw", {"name": "one", "kind": "conditions"}),
}
QUICK = ("export_scenario", {"name": "one", "format": "csv", "tables": ["patients"]})
"""What is asked for where it does not matter what."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with two scenarios, which tests copy."""
    folder = tmp_path_factory.mktemp("saved")
    keep(folder, "two")
    scenarios.save_run(Home(folder), first_year(folder).stem, "one")
    return folder


@pytest.fixture
def home(saved: Path, tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    shutil.copytree(saved / "scenarios", home.scenarios)
    for path in home.scenarios.iterdir():
        trust(path)
    return home


def _client(home: Home, era: str = "auto", **options: Any) -> Client:
    return Client(build_server(home.folder, **options), mode=era)


async def _call(client: Client, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return dict(result.structured_content)


async def _error(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    return text_of(result)


def _held(home: Home, kind: str, **changed: Any) -> tasks.TaskRecord:
    """Leave a task behind that this process holds and does not work on."""
    tool = {"audit": querying.AUDIT, "export": querying.EXPORT}[kind]
    asked = CALLS[kind][1] | ({"tables": []} if kind == "export" else {})
    shelf = background.shelf_of(home)
    record, ours = tasks.claim(shelf, tool.kind, tasks.plan(home, tool.kind, asked))
    assert ours
    if changed:
        record = tasks.TaskRecord(**{**_fields(record), **changed})
        tasks.write(shelf, record)
    return record


def _fields(record: tasks.TaskRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in tasks.TaskRecord.__dataclass_fields__}


def _let_go(home: Home, record: tasks.TaskRecord) -> None:
    """Let a task look as if the process that worked on it had been killed."""
    (home.tasks / f"{record.task_id}.lease").unlink()


@pytest.mark.slow
async def test_a_tool_that_waits_no_longer_gives_a_handle_and_check_run_its_answer(
    home: Home, era: str
) -> None:
    async with _client(home, era) as client, _client(home, era, patience=0) as hasty:
        for kind, (tool, arguments) in CALLS.items():
            begun = await _call(hasty, tool, arguments)
            assert begun["run_id"].startswith(f"{kind}-")
            assert begun["status"] == "running"
            assert begun["run_id"] in begun["next"]
            checked = await _call(hasty, "check_run", {"run_id": begun["run_id"]})
            assert checked == await _call(client, tool, arguments)

    assert sorted(path.name for path in (home.exports / "one-parquet").iterdir())[-1] == (
        "vital_signs.parquet"
    )


async def test_a_repeated_call_joins_the_same_work_also_in_another_server(home: Home) -> None:
    held = _held(home, "audit", says="rule 3 of 9, table claims", done=23.0, total=100.0)
    async with _client(home, patience=0) as one, _client(home, patience=0) as other:
        states = [await _call(client, *CALLS["audit"]) for client in (one, other, one)]

    assert {state["run_id"] for state in states} == {held.task_id}
    assert states[0]["notes"] == ["rule 3 of 9, table claims"]
    assert (states[0]["done"], states[0]["total"]) == (23, 100)


async def test_finished_work_is_answered_again_and_not_done_again(home: Home) -> None:
    async with _client(home) as client:
        first = await _call(client, *QUICK)
        (record,) = home.tasks.glob("export-*.json")
        before = record.stat().st_mtime_ns
        again = await _call(client, *QUICK)

    assert again == first
    assert record.stat().st_mtime_ns == before


@pytest.mark.slow
async def test_an_export_whose_files_are_no_longer_there_is_made_again(home: Home) -> None:
    async with _client(home) as client:
        first = await _call(client, *CALLS["export"])
        kept = Path(first["folder"]) / "patients.parquet"
        written = kept.stat().st_ino
        await _call(client, *CALLS["export"])
        assert kept.stat().st_ino == written
        kept.unlink()
        again = await _call(client, *CALLS["export"])

    assert again == first
    assert kept.is_file()


@pytest.mark.slow
async def test_progress_of_an_audit_says_which_rule_and_only_grows(home: Home, era: str) -> None:
    told: list[tuple[float, str]] = []

    async def hear(done: float, total: float | None, message: str | None) -> None:
        told.append((done, str(message)))
        if total is not None:
            assert done <= total == 100

    async with _client(home, era) as client:
        tool, arguments = CALLS["audit"]
        result = await client.call_tool(tool, arguments, progress_callback=hear)

    assert not result.is_error
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == 100


@pytest.mark.slow
async def test_progress_comes_while_a_task_says_nothing_new(
    home: Home, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_often(monkeypatch)
    held = _held(home, "audit", says="rule 3 of 9, table claims", done=23.0, total=100.0)
    told: list[tuple[float, str]] = []
    enough = anyio.Event()

    async def hear(done: float, total: float | None, message: str | None) -> None:
        told.append((done, str(message)))
        if len(told) == 3:
            enough.set()

    with anyio.fail_after(PATIENCE):
        async with _client(home, era) as client, anyio.create_task_group() as group:

            async def check() -> None:
                arguments = {"run_id": held.task_id, "wait_seconds": 40}
                await client.call_tool("check_run", arguments, progress_callback=hear)

            group.start_soon(check)
            await enough.wait()
            group.cancel_scope.cancel()

    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][1].startswith("rule 3 of 9, table claims, ")
    assert not tasks.is_cancelled(home.tasks, held.task_id)


@pytest.mark.slow
async def test_a_caller_that_joined_and_gives_up_leaves_the_task_to_the_others(
    home: Home, era: str
) -> None:
    held = _held(home, "audit")
    async with _client(home, era) as client:
        with anyio.move_on_after(0.5):
            await client.call_tool(*CALLS["audit"])

    assert not tasks.is_cancelled(home.tasks, held.task_id)


async def test_cancel_run_stops_a_task_of_any_process(home: Home) -> None:
    held = _held(home, "export")

    async def end_when_asked() -> None:
        with anyio.fail_after(PATIENCE):
            while not tasks.is_cancelled(home.tasks, held.task_id):
                await anyio.sleep(0.02)
        stopped = {**_fields(held), "status": tasks.CANCELLED, "error": "it was cancelled"}
        tasks.write(home.tasks, tasks.TaskRecord(**stopped))
        tasks.release(home.tasks, held.task_id)

    async with _client(home) as client, anyio.create_task_group() as group:
        group.start_soon(end_when_asked)
        stopped = await _call(client, "cancel_run", {"run_id": held.task_id})
        checked = await _call(client, "check_run", {"run_id": held.task_id})

    again = "export_scenario(name='one', format='parquet') starts it again."
    assert (stopped["done"], stopped["next"]) == ("cancelled", again)
    assert (checked["status"], checked["next"]) == ("cancelled", again)


async def test_cancel_run_of_finished_work_says_where_its_answer_is(home: Home) -> None:
    async with _client(home) as client:
        await _call(client, *QUICK)
        (record,) = home.tasks.glob("export-*.json")
        stopped = await _call(client, "cancel_run", {"run_id": record.stem})

    assert stopped["done"] == "done"
    assert "check_run" in stopped["next"]


@pytest.mark.slow
async def test_work_of_a_server_that_ended_is_interrupted_and_done_again_when_asked(
    home: Home,
) -> None:
    held = _held(home, "audit")
    _let_go(home, held)
    async with _client(home) as client:
        state = await _call(client, "check_run", {"run_id": held.task_id})
        answer = await _call(client, *CALLS["audit"])

    assert state["status"] == "interrupted"
    assert "ended" in state["error"]
    assert state["next"] == "audit_scenario(name='one') starts it again."
    assert answer["ok"]


@pytest.mark.slow
@pytest.mark.parametrize("change", ["replaced", "deleted"])
async def test_a_scenario_that_was_changed_since_is_noticed(home: Home, change: str) -> None:
    async with _client(home, patience=0) as client:
        begun = await _call(client, *QUICK)
        await _call(client, "check_run", {"run_id": begun["run_id"]})
        if change == "replaced":
            shutil.copyfile(home.scenarios / "two.duckdb", home.scenarios / "one.duckdb")
        else:
            await _call(client, "delete_scenario", {"name": "one", "confirm": True})
        error = await _error(client, "check_run", {"run_id": begun["run_id"]})

    assert f"'one' was {change} since" in error
    assert ("export_scenario(name='one'" if change == "replaced" else "list_scenarios") in error


@pytest.mark.parametrize(
    ("handle", "found", "mend"),
    [
        ("audit-0123456789ab", "no such handle, or it has expired", "call audit_scenario again"),
        ("export-nonsense", "no such handle, or it has expired", "call export_scenario again"),
        ("compare-", "no such handle, or it has expired", "call compare_scenarios again"),
        ("draw-0123456789ab", "no such handle, or it has expired", "call draw again"),
    ],
)
async def test_a_handle_that_nothing_has_says_what_to_call(
    home: Home, handle: str, found: str, mend: str
) -> None:
    async with _client(home) as client:
        for tool in ("check_run", "cancel_run"):
            error = await _error(client, tool, {"run_id": handle})
            assert found in error
            assert mend in error


@pytest.mark.slow
async def test_a_record_that_is_damaged_is_said_to_be_and_written_anew(home: Home) -> None:
    async with _client(home, patience=0) as client:
        handle = (await _call(client, *QUICK))["run_id"]
        answer = await _call(client, "check_run", {"run_id": handle})
        record = home.tasks / f"{handle}.json"
        document = json.loads(record.read_text())
        odd = ({"result": {"odd": 1}}, {"result": None}, {"status": "odd"}, {"started_at": "odd"})
        for text in ("{", "[]", *(json.dumps({**document, **change}) for change in odd)):
            record.write_text(text)
            error = await _error(client, "check_run", {"run_id": handle})
            assert "its record is damaged" in error
            await _call(client, *QUICK)
            assert await _call(client, "check_run", {"run_id": handle}) == answer


@pytest.mark.slow
async def test_a_home_that_is_only_read_gets_no_file_and_handles_work(home: Home) -> None:
    async with _client(home, patience=0, read_only=True) as client:
        begun = await _call(client, *CALLS["audit"])
        answer = await _call(client, "check_run", {"run_id": begun["run_id"]})

    assert answer["checked"] > 0
    assert not home.tasks.exists()


async def test_an_error_of_the_work_is_the_error_of_the_call(home: Home) -> None:
    async with _client(home) as client:
        unknown = await _error(client, "audit_scenario", {"name": "ome"})
        table = await _error(client, "export_scenario", {"name": "one", "tables": ["patents"]})
        same = await _error(client, "compare_scenarios", {"a": "one", "b": "one"})

    assert "known: one, two" in unknown
    assert "did you mean 'patients'" in table
    assert "name two" in same


async def test_finished_tasks_expire_as_runs_do(home: Home) -> None:
    async with _client(home) as client:
        await _call(client, *QUICK)
    (record,) = home.tasks.glob("export-*.json")
    aged = record.stat().st_mtime - 8 * 86_400
    os.utime(record, (aged, aged))
    (item,) = tasks.items(home.tasks)

    assert tasks.expire(home.tasks, aged + 8 * 86_400) == [item.name] == [record.stem]
    assert not list(home.tasks.iterdir())


@pytest.mark.slow
async def test_a_handle_of_another_kind_is_said_to_be_one_with_the_call_that_takes_it(
    home: Home, era: str
) -> None:
    async with _client(home, era, patience=0) as client:
        asked = {"request": "20 adults in Texas"}
        draft = (await _call(client, "start_profile_builder", asked))["spec_id"]
        run, audit = run_id(), _held(keep(home.folder), "audit").task_id
        for name, takes in (
            ("one", "'one' is a saved scenario, which is finished: query_scenario(name='one'"),
            (draft, f"{draft!r} is a draft: execute_spec(spec_id={draft!r}) runs it"),
        ):
            for tool in ("check_run", "cancel_run"):
                assert takes in await _error(client, tool, {"run_id": name})
        takes = f"{audit!r} is the handle of an audit: check_run(run_id={audit!r})"
        for tool, arguments in (
            ("query_scenario", {"name": audit, "sql": "SELECT 1"}),
            ("save_scenario", {"run_id": audit, "name": "three"}),
            ("get_spec", {"spec_id": audit}),
            ("compare_scenarios", {"a": "one", "b": audit}),
        ):
            assert takes in await _error(client, tool, arguments)
        assert f"save_scenario(run_id={run!r}" in await _error(
            client, "audit_scenario", {"name": run}
        )
