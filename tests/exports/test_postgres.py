"""Postgres without a server: addresses, passwords, refusals. `make judges` runs a real one."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client
from typer.testing import CliRunner

from healthsim.app import build_server
from healthsim.cli import app
from healthsim.errors import HealthSimError, NotFound, Refused, StorageError
from healthsim.exports import Filter
from healthsim.exports.postgres import address
from healthsim.exports.postgres.address import VARIABLE
from healthsim.operations import exporting, loading
from healthsim.operations.home import Home
from talking import text_of

SECRET = "correct-horse"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the machine name a database."""
    for name in (VARIABLE, *(one for one in os.environ if one.startswith("PG"))):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def silent() -> Iterator[str]:
    """Return the address of a server that takes connections and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        yield f"postgresql://me:{SECRET}@127.0.0.1:{port}/test?connect_timeout=2"


def _closed() -> str:
    """Return the address of a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"postgresql://me:{SECRET}@127.0.0.1:{probe.getsockname()[1]}/test"


def _error(home: Home, to: str, *, name: str = "birth", schema: str = "") -> HealthSimError:
    with pytest.raises(HealthSimError) as caught:
        loading.load(home, name, to, schema)
    return caught.value


def test_a_server_that_is_not_there_is_said_without_the_password(home: Home) -> None:
    error = _error(home, _closed())

    assert isinstance(error, StorageError)
    assert "database: it cannot be reached (" in str(error)
    assert "nothing was written; check host, port" in str(error)
    assert SECRET not in str(error)


@pytest.mark.slow
def test_a_server_that_never_answers_is_left_at_the_deadline(home: Home, silent: str) -> None:
    error = _error(home, silent)

    assert isinstance(error, StorageError)
    assert "it did not answer within 2 seconds; nothing was written" in str(error)


@pytest.mark.parametrize(
    "to",
    [
        f"postgresql://me:{SECRET}@host:port/db",
        f"postgresql://me:{SECRET}@host/db?nonsense=1",
        f"host=x {SECRET}",
        f"mysql://me:{SECRET}@host/db",
        f"postgresql://me:%zz{SECRET}@host/db",
        f"{SECRET}\0",
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(home: Home, to: str) -> None:
    error = _error(home, to)

    assert isinstance(error, Refused) or (":port/" in to and isinstance(error, StorageError))
    assert SECRET not in str(error)
    assert "postgresql://USER@HOST:PORT/DATABASE" in str(error) or ":port/" in to


def test_no_password_is_in_what_a_server_says_or_in_what_is_shown_of_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", "of-the-environment")
    known = address.address(f"postgresql://me:{SECRET}%21@host/db")

    assert known.masked(f"\n bad {SECRET}! and of-the-environment\nmore") == "bad *** and ***"
    assert SECRET not in repr(known)
    assert known.parameters["connect_timeout"] == "10"


def test_the_driver_that_is_missing_is_named_with_how_to_install_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    error = _error(home, "postgresql://host/db")

    assert isinstance(error, Refused)
    assert "pip install healthsim[postgres]" in str(error)


def test_no_database_is_guessed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--to: no database is named" in str(_error(home, " "))
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    assert address.address().parameters.get("host") is None
    monkeypatch.setenv(VARIABLE, "postgresql://elsewhere/db")
    assert address.address().parameters["host"] == "elsewhere"
    assert address.address("postgresql://here/db").parameters["host"] == "here"


def test_what_is_wrong_with_the_scenario_is_said_before_a_server_is_asked(home: Home) -> None:
    to = _closed()

    assert isinstance(_error(home, to, name="brith"), NotFound)
    assert "--schema: is" in str(_error(home, to, schema="pg_mine"))
    assert "at most 63 bytes" in str(_error(home, to, schema="é" * 32))
    with pytest.raises(NotFound, match="did you mean 'claims'"):
        loading.load(home, "birth", to, tables=["claim"])
    with pytest.raises(Refused, match="finds nobody"):
        loading.load(home, "birth", to, chosen=Filter("900"))


@pytest.mark.anyio
async def test_a_model_reaches_only_the_database_that_the_environment_names(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"name": "birth", "format": "postgres"}
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    async with Client(build_server(home.folder)) as client:
        refused = await client.call_tool("export_scenario", asked)
        monkeypatch.setenv(VARIABLE, _closed())
        reached = await client.call_tool("export_scenario", asked)

    assert refused.is_error
    assert "no database is open to this tool" in text_of(refused)
    assert VARIABLE in text_of(refused)
    assert reached.is_error
    assert "it cannot be reached" in text_of(reached)
    assert SECRET not in text_of(reached)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "postgres", "--out", "x"], "--out: postgres writes into a database"),
        (["--format", "csv", "--to", "postgresql://x/y", "--out", "x"], "--to: csv writes files"),
        (["--format", "postgres"], "--to: no database is named"),
        (["--format", "csv"], "--out: is missing"),
    ],
)
def test_options_of_one_kind_are_refused_for_the_other(
    home: Home, tmp_path: Path, options: list[str], said: str
) -> None:
    done = CliRunner().invoke(app, ["--home", str(home.folder), "export", "birth", *options])

    assert said in str(done.exception)


def test_no_folder_is_made_for_a_database(home: Home, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="postgres writes into a database, and no files"):
        exporting.export_to(home, "birth", tmp_path / "out", "postgres")

    assert list(tmp_path.iterdir()) == []
