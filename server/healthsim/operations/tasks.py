"""Tasks: long work on scenarios in the background, known by a handle; any process can join one.

An audit, an export, a comparison or a picture is a task where a tool does it. Its handle is made of
what is asked and of the files that it reads, so that a repeated call joins it. A folder, the shelf,
holds `<task_id>.json`, how far it is and what came of it; `<task_id>.lease`, who works on it;
`<task_id>.cancel`, that it shall stop; and `<task_id>.callers`, who waits for it beside the call
that began it.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from healthsim import ENGINE
from healthsim.errors import Cancelled, NotFound, Refused, StorageError, near, quoted
from healthsim.operations import ending, leases
from healthsim.operations.expiry import Item, expired
from healthsim.operations.home import Home
from healthsim.operations.runs import CANCELLED, DONE, FAILED, INTERRUPTED, NOBODY, RUNNING, SEVERAL
from healthsim.persistence.files import (
    disk_errors,
    fsync_file,
    identity,
    publish_over,
    sweep,
    temporary,
)
from healthsim.persistence.judgement import judge
from healthsim.watching import step

__all__ = ["CANCELLED", "DONE", "FAILED", "INTERRUPTED", "RUNNING"]  # what a task may be

_LATEST = 1e15  # no figure of a record is larger
_KEY = 12  # characters of the digest in a handle
_FILE = re.compile(r"(?P<id>[a-z]+-[0-9a-f]{12})\.[a-z]+")
_HANDLE = re.compile(r"[a-z]+-[0-9a-f]{12}")


def _always(result: Any) -> bool:
    """Let every finished task be given again."""
    del result
    return True


@dataclass(frozen=True, slots=True)
class TaskKind:
    """One kind of task.

    Attributes:
        name: the first word of its handles.
        tool: the tool that begins it.
        do: does it; gives what JSON can hold. Takes the home and what is asked.
        reads: the names in what is asked whose files it reads.
        file: of such a name.
        stands: whether what came of it is still there, and a repeated call need not begin anew.
    """

    name: str
    tool: str
    do: Callable[[Home, Mapping[str, Any]], Any]
    reads: tuple[str, ...]
    file: Callable[[Home, str], Path]
    stands: Callable[[Any], bool] = _always

    def again(self, asked: Mapping[str, Any]) -> str:
        """Return the call that does what is asked."""
        given = ", ".join(f"{name}={quoted(value)}" for name, value in asked.items() if value)
        return f"{self.tool}({given})"


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """How far a task is, and what came of it.

    Attributes:
        asked: the arguments.
        again: the call that does the same again.
        files: by name, which file it reads, so that another in its place is noticed.
        says: what is being done; `done` of `total` is how far.
        error: where, what was found and how to mend it, if it failed.
        result: what came of it, once it is done.
        started_at: seconds since 1970, for bookkeeping only; `finished_at` likewise.
    """

    task_id: str
    kind: str
    asked: Mapping[str, Any]
    again: str
    files: Mapping[str, str] = field(default_factory=dict)
    status: str = RUNNING
    says: str = ""
    done: float = 0.0
    total: float = 0.0
    error: str = ""
    result: Any = None
    started_at: float = 0.0
    finished_at: float = 0.0
    version: str = ENGINE


def plan(home: Home, kind: TaskKind, asked: Mapping[str, Any]) -> TaskRecord:
    """Return the record with which the task begins that does what is asked.

    Raises:
        NotFound: a name is of no scenario; the error suggests near names.
        StorageError: a file cannot be read.
    """
    files, digests = {}, []
    for name in kind.reads:
        path = kind.file(home, asked[name])
        judge(path)
        with disk_errors(f"scenario {asked[name]!r}"):
            files[str(asked[name])] = mark = identity(path)
        digests.append(_digest_of(path, mark))
    books = [[path.name, identity(path)] for path in sorted(home.books.glob("*")) if path.is_file()]
    key = [ENGINE, kind.name, asked, files, digests, books]
    mark = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return TaskRecord(f"{kind.name}-{mark[:_KEY]}", kind.name, asked, kind.again(asked), files,
                      started_at=time.time())  # fmt: skip


@lru_cache(maxsize=1_000)
def _digest_of(path: Path, mark: str) -> str:
    """Return the digest that a file's manifest states; `mark` tells the file from others."""
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    del mark
    return describe_file(path).manifest.digest


def claim(shelf: Path, kind: TaskKind, planned: TaskRecord) -> tuple[TaskRecord, bool]:
    """Join a task, or take it on.

    Returns:
        The task, and whether the caller is to work on it. One that failed, was cancelled,
        abandoned or interrupted is taken on afresh.

    Raises:
        Cancelled: this process is ending, or the call is given up.
    """
    expire(shelf, time.time())
    name = planned.task_id
    while True:
        if ending.has_begun():
            raise Cancelled(kind.name, "this process is ending", "start it in another")
        step(f"{kind.name}: waiting for its turn")
        record = _readable(shelf, name)
        if record and record.status == DONE and kind.stands(record.result):
            return record, False
        if leases.is_held(_path(shelf, name, "lease")):
            if record and record.status == RUNNING and share(shelf, name):
                return record, False
            time.sleep(0.02)  # its holder is just beginning or just ending
            continue
        if leases.take(_path(shelf, name, "lease")):
            try:
                for rest in ("cancel", "callers"):
                    _path(shelf, name, rest).unlink(missing_ok=True)
                write(shelf, planned)
            except BaseException:
                release(shelf, name)
                raise
            return planned, True


def get(shelf: Path, kind: TaskKind, name: str) -> TaskRecord:
    """Return how far a task is, as any process can see it.

    Raises:
        NotFound: no such task, or it has expired.
    """
    record = _read(shelf, name)
    if record is None or record.kind != kind.name:
        known = [path.stem for path in shelf.glob(f"{kind.name}-*.json")]
        like = f"; {near(name, known)}" if known else ""
        raise NotFound(
            f"{kind.name} {name!r}", "no such handle, or it has expired",
            f"call {kind.tool} again, which gives its answer or a new handle{like}",
        )  # fmt: skip
    if record.status == RUNNING and not leases.is_held(_path(shelf, name, "lease")):
        again = _read(shelf, name)  # it may have ended between the two reads
        record = again if again and again.status != RUNNING else interrupted(record)
    return record


def interrupted(record: TaskRecord) -> TaskRecord:
    """Return the record of a task whose process has ended."""
    return replace(record, status=INTERRUPTED, finished_at=time.time(),
                   error=f"{record.task_id}: the server that worked on it ended; "
                         f"{record.again} starts it again")  # fmt: skip


def refuse_changed(home: Home, kind: TaskKind, record: TaskRecord) -> None:
    """Refuse a task that has read other files than those that are there now.

    Raises:
        Refused: a scenario was replaced or deleted.
    """
    for name, mark in record.files.items():
        try:
            now = identity(kind.file(home, name))
        except (NotFound, FileNotFoundError):
            raise Refused(
                f"{kind.name} {record.task_id!r}", f"{name!r} was deleted since it was begun",
                "list_scenarios shows what there is",
            ) from None  # fmt: skip
        if now != mark:
            raise Refused(
                f"{kind.name} {record.task_id!r}", f"{name!r} was replaced since it was begun",
                f"{record.again} takes the new one",
            )  # fmt: skip


def share(shelf: Path, name: str) -> bool:
    """Say that more than one call asks for a task, and return whether it goes on for them."""
    return leases.first_word(_path(shelf, name, "callers"), SEVERAL) == SEVERAL


def abandon(shelf: Path, name: str) -> None:
    """Stop a task whose only caller gives it up; one that others ask for goes on."""
    if leases.first_word(_path(shelf, name, "callers"), NOBODY) == NOBODY:
        _path(shelf, name, "cancel").touch()


def cancel(shelf: Path, kind: TaskKind, name: str) -> TaskRecord:
    """Ask a task to stop, whichever process works on it; one that has ended is left alone."""
    record = get(shelf, kind, name)
    if record.status == RUNNING:
        with disk_errors(name):
            _path(shelf, name, "cancel").touch()
    return record


def is_cancelled(shelf: Path, name: str) -> bool:
    """Return whether a task was asked to stop."""
    return _path(shelf, name, "cancel").exists()


def write(shelf: Path, record: TaskRecord) -> None:
    """Write how far a task is; readers see the old record or the new one."""
    target = _path(shelf, record.task_id, "json")
    unfinished = temporary(target)
    with disk_errors(record.task_id):
        try:
            unfinished.write_text(json.dumps(asdict(record)), encoding="utf-8")
            durable = record.status != RUNNING
            if durable:
                fsync_file(unfinished)
            publish_over(unfinished, target, durable=durable)
        finally:
            unfinished.unlink(missing_ok=True)


def heartbeat(shelf: Path, name: str) -> None:
    """Say that somebody still works on a task."""
    with suppress(FileNotFoundError):
        leases.refresh(_path(shelf, name, "lease"))


def release(shelf: Path, name: str) -> None:
    """Say that nobody works on a task any more; the lease goes last, for then it can be taken."""
    for rest in ("cancel", "callers", "lease"):
        _path(shelf, name, rest).unlink(missing_ok=True)


def items(shelf: Path) -> list[Item]:
    """Return all tasks with the bytes and the age of their records."""
    found = []
    for path in shelf.glob("*.json"):
        match = _FILE.fullmatch(path.name)
        if match and not path.is_symlink():
            with suppress(FileNotFoundError):
                about = path.stat()
                held = leases.is_held(path.with_suffix(".lease"))
                found.append(Item("task", match["id"], about.st_size, about.st_mtime, held))
    return found


def expire(shelf: Path, now: float) -> list[str]:
    """Delete the tasks that have expired, and name them; one that somebody works on stays.

    Args:
        shelf: their folder.
        now: seconds since 1970.
    """
    sweep(shelf)
    gone = [item.name for item in expired(items(shelf), now)]
    for name in gone:
        for rest in ("json", "cancel", "callers", "lease"):
            _path(shelf, name, rest).unlink(missing_ok=True)
    return gone


def _path(shelf: Path, name: str, rest: str) -> Path:
    return shelf / f"{name}.{rest}"


def _read(shelf: Path, name: str) -> TaskRecord | None:
    if not _HANDLE.fullmatch(name):
        return None
    try:
        document = json.loads(_path(shelf, name, "json").read_text(encoding="utf-8"))
        if document.get("version") != ENGINE:
            return None  # another version's answer may have another shape
        record = TaskRecord(**document)
        _check_types(name, record)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(
            name, f"its record is damaged ({str(error)[:100]})", "call the tool that began it again"
        ) from error
    return record


def _check_types(name: str, record: TaskRecord) -> None:
    """Raise a TypeError unless what a record says of a task is of its types."""
    texts = (record.kind, record.again, record.says, record.error, *record.files.values())
    numbers = (record.done, record.total, record.started_at, record.finished_at)
    if not (
        isinstance(record.asked, dict)
        and record.task_id == name
        and record.status in (CANCELLED, DONE, FAILED, INTERRUPTED, RUNNING)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int | float) and abs(number) < _LATEST for number in numbers)
    ):
        raise TypeError("it is not what it should be")


def forget(shelf: Path, name: str) -> None:
    """Take away the record of a task whose result cannot be read, so that it is done anew."""
    _path(shelf, name, "json").unlink(missing_ok=True)


def _readable(shelf: Path, name: str) -> TaskRecord | None:
    """Read a record; a damaged one counts as none, for it is about to be written anew."""
    try:
        return _read(shelf, name)
    except StorageError:
        return None
