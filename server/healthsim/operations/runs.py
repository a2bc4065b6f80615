"""The run registry: files in the home folder, so that any process can join, check or cancel a run.

`<run_id>.json` says how far a run is, `<run_id>.lease` who works on it (its time stamp is the
heartbeat), `<run_id>.cancel` that it shall stop, `<run_id>.callers` who waits for it beside the
call that began it, `<run_id>.duckdb` holds what a finished run made, `<run_id>.compared` how that
compares with what was asked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from healthsim.errors import NotFound, StorageError, near
from healthsim.operations import leases
from healthsim.operations.expiry import Item, expired
from healthsim.operations.home import Home
from healthsim.persistence.files import disk_errors, fsync_file, publish_over, sweep, temporary
from healthsim.persistence.names import LAKE

RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
INTERRUPTED = "interrupted"
"""Nobody works on it any more; a repeated call starts it again."""
COUNTING, MAKING, STORING = "counting", "making", "storing"
"""Phases of a run: everybody is counted, rows are made chunk by chunk, the file is completed."""
SEVERAL, NOBODY = "several", "nobody"
"""Who waits for a run beside the call that began it; the first of the two to be written stands."""

_KEY = 12  # characters of the key in a run_id
_RUN_FILE = re.compile(r"run-[0-9A-Za-z]+\.[a-z.]+")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How far a run is, and what came out of it.

    Attributes:
        key: digest of what it runs; `run_id` begins with it, so that a repeated call joins it.
        done: people generated so far, of `total`; `rows` are theirs.
        phase: what is being done; empty before and after.
        counts: rows by table, once it is done.
        error: where, what was found and how to mend it, if it failed.
        started_at: seconds since 1970, for bookkeeping only; `finished_at` likewise.
    """

    run_id: str
    status: str
    total: int
    key: str
    done: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    error: str = ""
    started_at: float = 0.0
    finished_at: float = 0.0
    phase: str = ""
    rows: int = 0
    address: str = ""


def run_id(key: str) -> str:
    """Return the handle of the run of this key.

    >>> run_id("00ff00ff00ff00ff")
    'run-00ff00ff00ff'
    """
    return f"run-{key[:_KEY]}"


def file(home: Home, name: str) -> Path:
    """Return the file of a finished run.

    Raises:
        NotFound: no such run, or it has not made a file.
    """
    record = get(home, name)
    path = _path(home, name, "duckdb")
    if record.address:
        raise NotFound(
            f"run {name!r}",
            f"its rows are in an object store, at {record.address}",
            f"bring them here: healthsim fetch {record.address} NAME",
        )
    if record.status != DONE or not path.is_file():
        raise NotFound(
            f"run {name!r}",
            f"it has no rows: it is {record.status}",
            "wait for it with check_run" if record.status == RUNNING else "execute_spec again",
        )
    return path


def keep_wishes(home: Home, name: str, document: Mapping[str, Any]) -> None:
    """Keep the requests and wishes of the draft that a run was last asked for with."""
    keep(home, name, "wishes", document)


def keep(home: Home, name: str, ending: str, document: Mapping[str, Any]) -> None:
    """Keep a document beside a run, as long as the run."""
    target = _path(home, name, ending)
    unfinished = temporary(target)
    with disk_errors(f"run {name!r}"):
        try:
            unfinished.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
            publish_over(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)


def kept(home: Home, name: str, ending: str) -> Mapping[str, Any]:
    """Return what `keep` kept; nothing where that cannot be read."""
    try:
        document = json.loads(_path(home, name, ending).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def wishes(home: Home, name: str) -> Mapping[str, Any]:
    """Return what `keep_wishes` kept; nothing where a run was not asked for by a draft."""
    document = kept(home, name, "wishes")
    kinds = {"requests": str, "wishes": dict}
    whole = all(
        isinstance(items := document.get(key, []), list)
        and all(isinstance(item, kind) for item in items)
        for key, kind in kinds.items()
    )
    return document if whole else {}


def get(home: Home, name: str) -> RunRecord:
    """Return how far a run is, as any process can see it.

    Raises:
        NotFound: no such run, or it has expired.
    """
    record, unwritten = _read(home, name), _UNWRITTEN.get((home, name))
    if unwritten and (record is None or record.started_at <= unwritten.started_at):
        record = unwritten  # else another process has taken it on since
    if record is None:
        known = [path.stem for path in home.runs.glob("run-*.json")]
        raise NotFound(f"run {name!r}", "no such run, or it has expired", near(name, known))
    if record.status == RUNNING and not leases.is_held(_path(home, name, "lease")):
        again = _read(home, name)  # it may have ended between the two reads
        record = again if again and again.status != RUNNING else replace(record, status=INTERRUPTED)
    return record


def list_runs(home: Home) -> list[RunRecord]:
    """Return all runs, newest first."""
    records = [_readable(home, path.stem) for path in home.runs.glob("run-*.json")]
    return sorted((run for run in records if run), key=lambda run: -run.started_at)


def claim(home: Home, key: str, total: int) -> tuple[RunRecord, bool]:
    """Join the run of this key, or take it on.

    Returns:
        The run, and whether the caller is to work on it. A finished run is joined, one that
        failed, was cancelled, abandoned or interrupted is taken on afresh.
    """
    name = run_id(key)
    home.ensure(home.runs)
    expire(home, time.time())
    while True:
        record = _readable(home, name)
        if record and record.status == DONE and _path(home, name, "duckdb").is_file():
            return record, False
        if leases.is_held(_path(home, name, "lease")):
            if record and record.status == RUNNING and _joined(home, record):
                return record, False
            time.sleep(0.02)  # its holder is just beginning or just ending
            continue
        if leases.take(_path(home, name, "lease")):
            try:
                return _begin(home, key, total), True
            except BaseException:
                release(home, name)
                raise


def _joined(home: Home, record: RunRecord) -> bool:
    """Join a run that is under way; one that its only caller has just given up is not joined."""
    if not share(home, record.run_id):
        return False
    again = _readable(home, record.run_id)  # it may have ended, or begun anew, meanwhile
    return bool(again and (again.status, again.started_at) == (RUNNING, record.started_at))


def share(home: Home, name: str) -> bool:
    """Say that more than one call asks for a run, and return whether it goes on for them."""
    return leases.first_word(_path(home, name, "callers"), SEVERAL) == SEVERAL


def abandon(home: Home, name: str) -> bool:
    """Stop a run whose only caller gives it up, and return whether it is stopped.

    A run that another call has asked for, in this process or another, goes on for that one.
    """
    if leases.first_word(_path(home, name, "callers"), NOBODY) != NOBODY:
        return False
    cancel(home, name)
    return True


def _begin(home: Home, key: str, total: int) -> RunRecord:
    name = run_id(key)
    _UNWRITTEN.pop((home, name), None)
    for ending in ("cancel", "callers", "compared", "duckdb"):
        _path(home, name, ending).unlink(missing_ok=True)
    record = RunRecord(name, RUNNING, total, key, started_at=time.time())
    write(home, record)
    return record


def write(home: Home, record: RunRecord) -> None:
    """Write how far a run is; readers see the old record or the new one."""
    target = _path(home, record.run_id, "json")
    unfinished = temporary(target)
    with disk_errors(f"run {record.run_id!r}"):
        try:
            unfinished.write_text(json.dumps(asdict(record)), encoding="utf-8")
            durable = record.status != RUNNING  # how far a run is may be lost, how it ended not
            if durable:
                fsync_file(unfinished)
            publish_over(unfinished, target, durable=durable)
        finally:
            unfinished.unlink(missing_ok=True)


_UNWRITTEN: dict[tuple[Home, str], RunRecord] = {}
"""How runs of this process failed whose records the disk did not take."""


def write_failure(home: Home, record: RunRecord) -> None:
    """Write how a run failed; where the disk does not take it, this process keeps it in mind."""
    try:
        write(home, record)
    except StorageError:
        _UNWRITTEN[home, record.run_id] = record


def heartbeat(home: Home, name: str) -> None:
    """Say that somebody still works on a run."""
    lease = _path(home, name, "lease")
    if lease.exists():
        os.utime(lease)


def release(home: Home, name: str) -> None:
    """Say that nobody works on a run any more; the lease goes last, for then it can be taken."""
    for ending in ("cancel", "callers", "lease"):
        _path(home, name, ending).unlink(missing_ok=True)


def cancel(home: Home, name: str) -> RunRecord:
    """Ask a run to stop, whichever process works on it; one that has ended is left alone."""
    record = get(home, name)
    if record.status == RUNNING:
        with disk_errors(f"run {name!r}"):
            _path(home, name, "cancel").touch()
    return record


def is_cancelled(home: Home, name: str) -> bool:
    """Return whether a run was asked to stop."""
    return _path(home, name, "cancel").exists()


def items(home: Home) -> list[Item]:
    """Return all runs, damaged ones too, with the bytes and the age of their files.

    Files and folders that are not called as those of a run are left alone.
    """
    files: dict[str, list[Path]] = {}
    for path in home.runs.glob("run-*"):
        if not _RUN_FILE.fullmatch(path.name):
            continue
        if path.is_symlink() or path.is_file():
            files.setdefault(path.name.split(".")[0], []).append(path)
        elif path.suffix == LAKE and path.is_dir():
            files.setdefault(path.name.split(".")[0], []).extend(path.rglob("*"))
    return [_item(home, name, paths) for name, paths in files.items()]


def _item(home: Home, name: str, paths: list[Path]) -> Item:
    record, sizes, times = _readable(home, name), [0], [0.0]
    for path in paths:
        with suppress(FileNotFoundError):  # it ended or was deleted meanwhile
            about = path.stat()
            sizes.append(about.st_size)
            times.append(about.st_mtime)
    used_at = (record.finished_at or record.started_at) if record else max(times)
    return Item("run", name, sum(sizes), used_at, leases.is_held(_path(home, name, "lease")))


def expire(home: Home, now: float) -> list[str]:
    """Delete the runs that have expired, and name them; one that somebody works on stays.

    Args:
        home: the home folder.
        now: seconds since 1970.
    """
    sweep(home.runs)
    for folder in home.runs.glob(f"run-*{LAKE}/*"):
        sweep(folder)
    gone = []
    for item in expired(items(home), now):
        if not leases.is_held(_path(home, item.name, "lease")):
            shutil.rmtree(_path(home, item.name, LAKE[1:]), ignore_errors=True)
            for path in home.runs.glob(f"{item.name}.*"):
                with suppress(OSError):  # gone already, or a folder of somebody's own
                    path.unlink()
            gone.append(item.name)
    return gone


def _path(home: Home, name: str, ending: str) -> Path:
    return home.runs / f"{name}.{ending}"


def _read(home: Home, name: str) -> RunRecord | None:
    if not name.startswith("run-") or not name[4:].isalnum():
        return None
    path = _path(home, name, "json")
    try:
        record = RunRecord(**json.loads(path.read_text(encoding="utf-8")))
        if not all(isinstance(at, int | float) for at in (record.started_at, record.finished_at)):
            raise TypeError("its times are no numbers")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise StorageError(
            f"run {name!r}", f"its record is damaged ({error})", "execute_spec again"
        ) from error
    return record


def _readable(home: Home, name: str) -> RunRecord | None:
    """Read a record; a damaged one counts as none, for it is about to be written anew."""
    try:
        return _read(home, name)
    except StorageError:
        return None
