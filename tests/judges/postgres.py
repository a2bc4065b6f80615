"""A real Postgres takes scenarios of 200 people: `make judges`.

    PYTHONPATH=tests:server python -m judges.postgres

It runs a server of its own on the loopback address, in a folder that is gone afterwards, and
installs Debian's package where there is none. What it shows: every value of every table comes back
equal, sums too, and nothing is half-written where the server refuses, is full, hangs or is left.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from healthsim.errors import Cancelled, HealthSimError, Refused, StorageError
from healthsim.exports import Filter
from healthsim.exports.postgres import link
from healthsim.operations import generate, loading, scenarios
from healthsim.operations.home import Home
from healthsim.watching import Watch, watched_by
from template_runs import job_of

PEOPLE = 200
RUNS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "birth": ("commercial-maternity", ("pregnancy",)),
    "heart": ("medicare-advantage-complex", ("heart-failure-exacerbation", "annual-enrolment")),
    "annual": ("medicare-diabetic", ("diabetic-annual",)),
    "child": ("medicaid-pediatric", ("pediatric-asthma-year", "well-child-schedule")),
    "surgery": ("medicare-general", ("surgical-episode",)),
}
SUMS = {
    "people": "SELECT count(*) FROM {}patients",
    "paid by plans": "SELECT sum(plan_paid_usd) FROM {}claims",
    "results by LOINC": "SELECT loinc, count(*) FROM {}lab_results GROUP BY loinc ORDER BY loinc",
}
PASSWORD = "correct-horse"  # of a server that nobody else reaches
_USER = "judge"
_OWN = ("data_dictionary", "synthetic_test_data")


class Server:
    """A running server.

    Attributes:
        address: of its database, for `healthsim export --to`.
        folder: where its files are.
        user: the account of the machine that it runs as; empty for this one.
    """

    def __init__(self, folder: Path, port: int, user: str) -> None:
        self.folder, self.port, self.user = folder, port, user
        self.address = self.of(_USER, PASSWORD)

    def of(self, user: str, password: str, more: str = "") -> str:
        """Return the address for a user."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/postgres{more}"

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows, if it has any."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def schemas(self) -> list[str]:
        """Return the names of the schemas that somebody has made."""
        found = self.ask("SELECT nspname FROM pg_namespace ORDER BY 1")
        return [name for (name,) in found if not name.startswith(("pg_", "information", "public"))]


@contextmanager
def server() -> Iterator[Server]:
    """Run a server on the loopback address until the block ends."""
    programs = _programs()
    user = "postgres" if os.geteuid() == 0 else ""
    with tempfile.TemporaryDirectory(prefix="judge-postgres-") as spare:
        folder = Path(spare)
        if user:
            shutil.chown(folder, user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        data = folder / "data"
        _run(user, programs / "initdb", "-D", data, "-U", _USER, "-A", "scram-sha-256",
             f"--pwfile={folder / 'password'}", "--no-sync", "-E", "UTF8",
             "--locale=C")  # fmt: skip
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
        control = (user, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log")
        _run(*control, "-o", options, "start")
        try:
            yield Server(folder, port, user)
        finally:
            _run(*control, "-m", "immediate", "stop")


def _programs() -> Path:
    """Return the folder of the server's programs, installed where they are missing."""
    for attempt in range(2):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if found:
            return found[-1].parent
        if here := shutil.which("initdb"):
            return Path(here).parent
        if attempt == 0 and os.geteuid() == 0 and shutil.which("apt-get"):
            subprocess.run(["apt-get", "-qq", "update"], check=False)
            subprocess.run(["apt-get", "-qq", "-y", "install", "postgresql"], check=True)
    sys.exit("there is no Postgres server: install Debian's package postgresql, or its like")


def _run(user: str, *command: object) -> None:
    """Run a program as a user of the machine; the server refuses to run as root."""
    before = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    done = subprocess.run(
        [*before, *map(str, command)], check=False, text=True, cwd="/",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{command[0]} failed: {done.stdout[-2000:]}")


def main() -> None:
    """Judge; end with 1 where something is not as it should be."""
    with tempfile.TemporaryDirectory() as folder, server() as running:
        home = Home(Path(folder) / "home")
        for name, (profile, journeys) in RUNS.items():
            run = generate.run(home, job_of(profile, journeys, PEOPLE))
            scenarios.save_run(home, run.run_id, name)
            _judge_rows(home, running, name)
        wrong = [trial.__doc__ for trial in TRIALS if not _holds(trial, home, running)]
    sys.exit("\n".join(f"NOT SO: {line}" for line in wrong if line))


def _judge_rows(home: Home, running: Server, name: str) -> None:
    """Load a scenario, and compare every value with the scenario's own."""
    begun = time.perf_counter()
    loaded = loading.load(home, name, running.address)
    took = time.perf_counter() - begun
    path = scenarios.path(home, name)
    with (
        duckdb.connect(str(path), read_only=True) as own,
        psycopg.connect(running.address) as theirs,
    ):
        for what, query in SUMS.items():
            mine = own.execute(query.format("")).fetchall()
            got = theirs.execute(query.format(f'"{name}".').encode()).fetchall()
            if got != mine:
                sys.exit(f"{name}: {what} differ: {got[:3]} for {mine[:3]}")
            sys.stdout.write(f"{name}: {what} {mine[0] if len(mine) == 1 else len(mine)}\n")
        for table in loaded.tables:
            order = ", ".join(_key(own, table))
            mine = own.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()
            query = f'SELECT * FROM "{name}".{table} ORDER BY {_bytewise(own, table)}'
            got = theirs.execute(query.encode()).fetchall()
            if got != mine:
                pairs = zip(got, mine, strict=False)
                first = next((pair for pair in pairs if pair[0] != pair[1]), (len(got), len(mine)))
                sys.exit(f"{name}: {table} differs: {first}")
    rows = sum(loaded.tables.values())
    sys.stdout.write(f"{name}: {rows:,} rows of {len(loaded.tables)} tables equal, {took:.1f} s\n")


def _key(own: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    found = own.execute(
        "SELECT DISTINCT key FROM healthsim_columns WHERE table_name = ?", [table]
    ).fetchall()
    return [str(name) for name in json.loads(found[0][0])]


def _bytewise(own: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return the key's columns, texts in the order of their bytes."""
    texts = {
        name for (name,) in own.execute(
            "SELECT column_name FROM healthsim_columns WHERE table_name = ? AND type = 'VARCHAR'",
            [table]).fetchall()
    }  # fmt: skip
    return ", ".join(f'{one} COLLATE "C"' if one in texts else one for one in _key(own, table))


def _holds(trial: Any, home: Home, running: Server) -> bool:
    before = running.schemas()
    holds = bool(trial(home, running))
    said = (trial.__doc__ or "").strip()
    sys.stdout.write(f"{'yes' if holds else 'NO '} {said}\n")
    return holds and running.schemas() == before


def _said(
    home: Home, to: str, name: str = "birth", schema: str = "new", *, replace: bool = False,
    chosen: Sequence[str] = (),
) -> HealthSimError | None:  # fmt: skip
    """Return the error of a load, if there is one."""
    try:
        loading.load(home, name, to, schema, chosen, Filter(), replace=replace)
    except HealthSimError as error:
        return error
    return None


def a_second_load_is_refused_and_replaces_where_told_to(home: Home, running: Server) -> bool:
    """A second load of a name is refused; it replaces the first where told to."""
    refused = _said(home, running.address, schema="birth")
    done = _said(home, running.address, schema="birth", replace=True, chosen=["patients"])
    tables = running.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'birth'")
    return isinstance(refused, Refused) and done is None and tables == [(3,)]


def a_schema_of_somebody_else_is_never_replaced(home: Home, running: Server) -> bool:
    """A schema that no export made, or that holds others' tables, is never replaced."""
    running.ask("CREATE SCHEMA mine")
    running.ask("CREATE TABLE heart.notes (note text)")
    running.ask("CREATE VIEW public.busy AS SELECT person_id FROM annual.patients")
    try:
        said = [_said(home, running.address, schema=name, replace=True)
                for name in ("mine", "heart", "annual", "public")]  # fmt: skip
    finally:
        running.ask("DROP SCHEMA mine; DROP TABLE heart.notes; DROP VIEW public.busy")
    kept = running.ask("SELECT count(*) FROM annual.patients")
    return all(isinstance(one, Refused) for one in said) and kept == [(PEOPLE,)]


def a_login_that_is_refused_shows_no_password(home: Home, running: Server) -> bool:
    """A login that is refused is an error that shows no password."""
    said = _said(home, running.of(_USER, "another-secret"))
    return isinstance(said, Refused) and "another-secret" not in str(said)


def who_may_not_make_schemas_is_told_so(home: Home, running: Server) -> bool:
    """Who may not make schemas is told which right is missing."""
    running.ask(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    said = _said(home, running.of("guest", PASSWORD))
    return isinstance(said, Refused) and "GRANT CREATE ON DATABASE" in str(said)


class _Stopping(Watch):
    """A watch that stops the work when it says that it sends a table."""

    def say(self, says: str, done: float, total: float, since: float = 0.0) -> None:
        super().say(says, done, total, since)
        if says.startswith("table vital_signs"):
            self.stop()


def who_cancels_leaves_nothing_behind(home: Home, running: Server) -> bool:
    """A load that is cancelled half-way leaves nothing behind."""
    with watched_by(_Stopping("export birth")), suppress(Cancelled):
        loading.load(home, "birth", running.address, "new")
        return False
    return not _others(running)


def a_server_that_hangs_is_left(home: Home, running: Server) -> bool:
    """A server that hangs half-way is left at a deadline, and undoes what it had."""
    stopped: list[int] = []

    class Hanging(Watch):
        def say(self, says: str, done: float, total: float, since: float = 0.0) -> None:
            super().say(says, done, total, since)
            if says.startswith("table claims") and not stopped:
                stopped.extend(_others(running))
                for process in stopped:
                    os.kill(process, signal.SIGSTOP)

    usual, loading_module = link.SHORT, sys.modules["healthsim.exports.postgres.loading"]
    begun = time.monotonic()
    try:
        vars(loading_module)["SHORT"] = vars(link)["SHORT"] = 2.0
        with watched_by(Hanging("export birth")):
            vars(loading_module)["LONG"] = 2.0
            said = _said(home, running.address)
    finally:
        vars(loading_module)["SHORT"] = vars(link)["SHORT"] = usual
        vars(loading_module)["LONG"] = link.LONG
        for process in stopped:
            os.kill(process, signal.SIGCONT)
    quick = time.monotonic() - begun < 30
    return bool(stopped) and quick and "did not answer for 2" in str(said) and not _gone(running)


def a_disk_that_is_full_leaves_nothing_behind(home: Home, running: Server) -> bool:
    """A disk of the server that fills up half-way leaves nothing behind."""
    small = running.folder / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0777", "tmpfs", str(small)], check=False
    )
    if mounted.returncode:
        sys.stdout.write("    (not tried: no small disk can be mounted here)\n")
        return True
    try:
        space = small / "space"
        space.mkdir()
        shutil.chown(space, running.user)
        running.ask(f"CREATE TABLESPACE small LOCATION '{space}'")
        more = "?options=-c%20default_tablespace%3Dsmall"
        said = _said(home, running.of(_USER, PASSWORD, more))
        running.ask("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
    return isinstance(said, StorageError) and "its disk is full; nothing was written" in str(said)


def _others(running: Server) -> list[int]:
    """Return the processes of the server that work for HealthSim."""
    found = running.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'healthsim'")
    return [process for (process,) in found]


def _gone(running: Server) -> list[int]:
    """Wait until no process of the server works for HealthSim; return those that stay."""
    deadline = time.monotonic() + 20
    while (left := _others(running)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


TRIALS = (
    a_second_load_is_refused_and_replaces_where_told_to,
    a_schema_of_somebody_else_is_never_replaced,
    a_login_that_is_refused_shows_no_password,
    who_may_not_make_schemas_is_told_so,
    who_cancels_leaves_nothing_behind,
    a_server_that_hangs_is_left,
    a_disk_that_is_full_leaves_nothing_behind,
)

if __name__ == "__main__":
    main()
