"""Whether a DuckDB file may be read at all: asked before any operation reads it.

A file may come from anybody. What it looks like from outside is judged here; what it consists of
is judged by `judging.py`, in a process of its own, because a file can be made so that DuckDB ends
or hangs while it opens it. What was judged, or written by this process, is not judged again until
its size, its time stamps or its place on the disk changes. Whoever attaches it compares that once
more, so that no other file is read than the one that was judged.
"""

from __future__ import annotations

import atexit
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

from healthsim.errors import HealthSimError, NotFound, Problem, StorageError
from healthsim.persistence.files import (
    DamagedFile,
    disk_errors,
    display_name,
    unreadable,
    without_folders,
)
from healthsim.persistence.names import lake_of

if TYPE_CHECKING:
    from healthsim.tables import Table

SCENARIO = "scenario"
"""What the file of a scenario or run is called."""

MANIFEST = "healthsim_manifest"
DICTIONARY = "healthsim_columns"
LISTING = "healthsim_files"
"""The table of a lake's file that lists its Parquet files."""

MANIFEST_COLUMNS: Mapping[str, str] = {"key": "VARCHAR", "value": "VARCHAR"}
DICTIONARY_COLUMNS: Mapping[str, str] = {
    "table_name": "VARCHAR", "column_name": "VARCHAR", "type": "VARCHAR", "meaning": "VARCHAR",
    "required": "BOOLEAN", "decimals": "INTEGER", "reference": "VARCHAR", "source": "VARCHAR",
    "position": "INTEGER", "product": "VARCHAR", "grain": "VARCHAR", "key": "VARCHAR",
}  # fmt: skip
LISTING_COLUMNS: Mapping[str, str] = {
    "table_name": "VARCHAR", "file": "VARCHAR", "first_block": "BIGINT", "blocks": "BIGINT",
    "rows": "BIGINT", "size_bytes": "BIGINT", "sha256": "VARCHAR", "footer": "VARCHAR",
}  # fmt: skip

_SECONDS = 20.0  # that the opening of a file may take
_MAGIC, _MAGIC_AT = b"DUCK", 8
_ENCRYPTED_AT = 20  # byte of the first block whose lowest bit says that the file is encrypted
TRIES = 3  # at a file that changes while it is opened
_REMEMBERED = 10_000
_MOST_LAKES = 50
_AT_ONCE = 25  # files that are judged together
_CONSOLE = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW
_PROGRAM = Path(__file__).with_name("judging.py")

Seen: TypeAlias = tuple[int, int, int, int, int]
"""What tells a file from another, or from itself before a change."""


@dataclass(frozen=True)
class Lake:
    """The Parquet files of a lake that was judged fit.

    Attributes:
        folder: where they are.
        columns: of each table, in order: pairs of a name and a type, in DuckDB's words.
        files: of each table, in the order of its rows: names in the folder.
        seen: what told each file from others when it was judged, by its name.
    """

    folder: Path
    columns: Mapping[str, Sequence[tuple[str, str]]]
    files: Mapping[str, Sequence[str]]
    seen: Mapping[str, Seen]

    @property
    def paths(self) -> list[Path]:
        """Every file."""
        return [self.folder / name for names in self.files.values() for name in names]


@dataclass(frozen=True)
class Rules:
    """What a kind of file may consist of.

    Attributes:
        what: such a file, for errors.
        tables: names of the tables that it may have.
        exact: columns and their types of some tables, which must have these and no others.
        needs: the table without which it is no such file.
        texts: tables that are read as a whole, and the most rows that they may have.
        dictionary: the one of them that names tables and columns; empty if there is none.
        is_listed: only `texts` will be read, and the texts of other tables are not judged.
        lake: the table that lists Parquet files, which a file may have; empty if it may not.
    """

    what: str
    tables: frozenset[str]
    exact: Mapping[str, Mapping[str, str]]
    needs: str
    texts: Mapping[str, int] = field(default_factory=dict)
    dictionary: str = ""
    is_listed: bool = False
    lake: str = ""

    def is_met_by(self, judged: str | None) -> bool:
        """Return whether a file that was judged fit, as this, is fit by these rules."""
        return judged == self.what or (self.is_listed and judged == self.fit)

    @property
    def fit(self) -> str:
        """What a file is called that was judged fit by these rules."""
        return f"{self.what} to be listed" if self.is_listed else self.what

    def request(self, files: Sequence[tuple[Path, int]]) -> dict[str, Any]:
        """Return what the judging process is asked about files of this kind."""
        from healthsim.tables import Type  # noqa: PLC0415  numpy is heavy

        return {
            "files": [(str(path), size) for path, size in files], "what": self.what,
            "tables": sorted(self.tables),
            "exact": {name: dict(columns) for name, columns in self.exact.items()},
            "needs": self.needs, "types": get_args(Type), "texts": list(self.texts.items()),
            "dictionary": self.dictionary, "is_listed": self.is_listed, "lake": self.lake,
            "folders": [str(lake_of(path)) for path, _ in files],
        }  # fmt: skip


@cache
def scenario_rules() -> Rules:
    """Return what a scenario's or run's file may consist of: the tables of every product."""
    from healthsim.products.attributes import FORMER_NAME  # noqa: PLC0415  numpy is heavy
    from healthsim.products.catalogue import TABLES  # noqa: PLC0415  numpy is heavy

    return Rules(
        what=SCENARIO,
        tables=frozenset(
            {table.name for table in TABLES} | {FORMER_NAME, MANIFEST, DICTIONARY, LISTING}
        ),
        exact={
            MANIFEST: MANIFEST_COLUMNS,
            DICTIONARY: DICTIONARY_COLUMNS,
            LISTING: LISTING_COLUMNS,
        },
        needs=MANIFEST,
        texts={MANIFEST: 200, DICTIONARY: 20_000, LISTING: 100_000},
        dictionary=DICTIONARY,
        lake=LISTING,
    )


def rules_of(what: str, needs: Table, others: Iterable[Table]) -> Rules:
    """Return the rules of another kind of file.

    Args:
        what: such a file, for errors.
        needs: the table that each has, with these columns and no others.
        others: tables that it may have.
    """
    return Rules(
        what=what,
        tables=frozenset(table.name for table in (needs, *others)),
        exact={needs.name: {column.name: column.type for column in needs.columns}},
        needs=needs.name,
    )


_fit: dict[Seen, str] = {}  # what was judged fit -> as what
_lakes: dict[Seen, Lake] = {}  # those of them that are lakes
_unfit: dict[tuple[Seen, str, str], Problem] = {}


def judge(path: Path, rules: Rules | None = None) -> Seen:
    """Refuse a file that should not be read; return what tells the one that may from others.

    Args:
        path: of the file.
        rules: what it may consist of; by default, what a scenario may.

    Raises:
        NotFound: there is no such file.
        DamagedFile: it is no file, no DuckDB file, or holds what no such file has.
        StorageError: it cannot be read now.
    """
    rules = rules or scenario_rules()
    for _ in range(TRIES):
        refusal = judge_all([path], rules)[0]
        if refusal is not None:
            raise refusal
        with disk_errors(display_name(path)):
            seen = _look(path)
        if rules.is_met_by(_fit.get(seen)):
            return seen
    raise changed(path)


def lake_seen(seen: Seen) -> Lake | None:
    """Return the Parquet files of a file that was judged fit, if it is a lake."""
    return _lakes.get(seen)


def is_same(path: Path, seen: Seen, *, alone: bool = False) -> bool:
    """Return whether a file is still the one that was judged.

    Args:
        path: the file.
        seen: what told it from others.
        alone: the Parquet files of a lake do not matter.
    """
    try:
        return _print(path.lstat()) == seen and (alone or _has_same_lake(seen))
    except OSError:
        return False


def _has_same_lake(seen: Seen) -> bool:
    """Return whether the folder of a lake holds what was judged, and nothing else."""
    lake = _lakes.get(seen)
    return lake is None or _files_of(lake.folder) == lake.seen


def _files_of(folder: Path) -> dict[str, Seen]:
    """Return what tells the files below a folder from others, by their names in it."""
    found: dict[str, Seen] = {}
    waiting = [(folder, "")]
    while waiting:
        place, below = waiting.pop()
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((place / entry.name, f"{below}{entry.name}/"))
                else:
                    found[f"{below}{entry.name}"] = _print(entry.stat(follow_symlinks=False))
    return found


def changed(path: Path) -> StorageError:
    """Return the error of a file that was another each time it was opened."""
    return StorageError(
        display_name(path),
        "it was changed while it was being opened",
        "try again; if that does not help, end the program that changes it",
    )


def judge_all(paths: Sequence[Path], rules: Rules | None = None) -> list[HealthSimError | None]:
    """Judge many files at once, which is quicker; return why each may not be read, or None."""
    rules = rules or scenario_rules()
    refusals: list[HealthSimError | None] = [None] * len(paths)
    asked: dict[int, Seen] = {}
    beside: dict[int, dict[str, Seen]] = {}
    for number, path in enumerate(paths):
        try:
            seen = _seen(path)
        except HealthSimError as error:
            refusals[number] = error
            continue
        if known := _unfit.get((seen, rules.what, path.name)):
            refusals[number] = DamagedFile(known.where, known.found, known.mend)
        elif not rules.is_met_by(_fit.get(seen)) or not (rules.is_listed or _has_same_lake(seen)):
            asked[number] = seen
            beside[number] = _files_of(lake_of(path)) if rules.lake else {}
    waiting = list(asked)
    for start in range(0, len(waiting), _AT_ONCE):
        numbers = waiting[start : start + _AT_ONCE]
        answers = _answers([(paths[number], asked[number][2]) for number in numbers], rules)
        for number, answer in zip(numbers, answers, strict=True):
            refusals[number] = _refusal(paths[number], answer, asked[number], rules)
            if refusals[number] is None and answer and answer.get("lake"):
                _keep_lake(paths[number], asked[number], answer["lake"], beside[number])
    return refusals


def _keep_lake(
    path: Path, seen: Seen, answer: Mapping[str, Any], beside: Mapping[str, Seen]
) -> None:
    """Remember the Parquet files of a lake, as they were before they were judged."""
    within = f"{answer['generation']}/"
    while len(_lakes) >= _MOST_LAKES:
        oldest = next(iter(_lakes))
        del _lakes[oldest]
        _fit.pop(oldest, None)
    _lakes[seen] = Lake(
        lake_of(path) / answer["generation"],
        {table: [(name, kind) for name, kind in columns]
         for table, (columns, _) in answer["tables"].items()},
        {table: files for table, (_, files) in answer["tables"].items()},
        {name.removeprefix(within): one for name, one in beside.items() if name.startswith(within)},
    )  # fmt: skip


def _answers(files: Sequence[tuple[Path, int]], rules: Rules) -> list[Mapping[str, Any] | None]:
    """Return what the judging process says of files, None of one that was the end of it."""
    answers = _JUDGE.ask(rules.request(files))
    if answers is not None and len(answers) == len(files):
        return list(answers)
    if len(files) == 1:
        return [None]
    return [answer for file in files for answer in _answers([file], rules)]  # one is to blame


def trust(path: Path, what: str = SCENARIO) -> None:
    """Remember that this process itself has written a file: it need not be judged.

    That of a lake is judged all the same: its Parquet files are known by that.
    """
    with suppress(OSError):
        if what == SCENARIO and lake_of(path).is_dir():
            return
        _remember(_print(path.lstat()), what)


def _refusal(
    path: Path, answer: Mapping[str, Any] | None, seen: Seen, rules: Rules
) -> HealthSimError | None:
    """Return what an answer about a file means, and remember it where it will not pass."""
    where = display_name(path)
    if answer is None:
        refusal: StorageError = DamagedFile(
            where,
            "DuckDB did not open it: it ended, or took too long",
            "do not trust it: delete it and save the scenario again",
        )
    elif "storage" in answer:
        refusal = unreadable(where, without_folders(answer["storage"], path))
    elif "found" in answer:
        refusal = DamagedFile(where, answer["found"], answer["mend"])
    else:
        _remember(seen, rules.fit)
        return None
    is_lasting = not (answer or {}).get("of_lake")
    if isinstance(refusal, DamagedFile) and is_lasting and len(_unfit) < _REMEMBERED:
        _unfit[seen, rules.what, path.name] = refusal.problem
    return refusal


def _remember(seen: Seen, what: str) -> None:
    while len(_fit) >= _REMEMBERED:
        oldest = next(iter(_fit))
        del _fit[oldest]
        _lakes.pop(oldest, None)
    _fit[seen] = what


def _print(about: os.stat_result) -> Seen:
    # The last is the time at which it got its name too, but for Windows.
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _seen(path: Path) -> Seen:
    """Refuse a file for what it is from outside; return what tells it from others."""
    with disk_errors(display_name(path)):
        seen = _look(path)
        if seen not in _fit:
            _refuse_by_head(path)
    return seen


def _look(path: Path) -> Seen:
    """Refuse what is no regular file, or has a log beside it; return what tells it from others."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        raise NotFound(
            path.name, "there is no such file", "list what is kept and choose from it"
        ) from None
    if not stat.S_ISREG(about.st_mode):
        raise DamagedFile(
            display_name(path),
            f"it is {_kind(about.st_mode)}, not a file",
            "put the file itself in its place, or delete it",
        )
    log = path.with_name(path.name + ".wal")
    if os.path.lexists(log):
        raise DamagedFile(
            display_name(path),
            f"a log of changes lies beside it ({log.name}): another program is changing it, or "
            "did not close it",
            "close that program; if none has it open and you trust it, this puts the log into "
            """the file: python -c "import duckdb; duckdb.connect('FILE').close()\"""",
        )
    return _print(about)


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISLNK, "a link to another place"), (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"),
    )  # fmt: skip
    return next((name for test, name in kinds if test(mode)), "a device")


def _refuse_by_head(path: Path) -> None:
    """Refuse what DuckDB did not write, and what it wrote encrypted, by the first bytes."""
    again = "restore it from a copy, or delete it and save the scenario again"
    with path.open("rb") as file:
        head = file.read(_ENCRYPTED_AT + 1)
    if not head:
        raise DamagedFile(display_name(path), "it is empty, not a DuckDB file", again)
    if head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] != _MAGIC:
        raise DamagedFile(display_name(path), "it is not a DuckDB file", again)
    if len(head) > _ENCRYPTED_AT and head[_ENCRYPTED_AT] & 1:
        raise DamagedFile(
            display_name(path),
            "it is encrypted, which no scenario is",
            "ask for it without encryption, or decrypt it with DuckDB",
        )


class _Judge:
    """The judging process: started when it is needed, and again where it ended."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._late = False  # the last file took too long

    def ask(self, request: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """Return its answers, or None where a file was the end of it."""
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            if self._process is not None:  # it may have ended for lack of requests
                answer = self._exchange(self._process, line)
                if answer is not None or self._late:
                    return answer
            self._process = self._start()
            return self._exchange(self._process, line)

    def close(self) -> None:
        """End the process, where there is one."""
        with self._lock:
            if self._process is not None:
                self._end(self._process)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=_CONSOLE,
        )

    def _exchange(
        self, process: subprocess.Popen[bytes], line: bytes
    ) -> list[dict[str, Any]] | None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._late = False

        def end() -> None:
            self._late = True
            process.kill()

        timer = Timer(_SECONDS, end)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            reply = process.stdout.readline()
        except OSError:
            reply = b""
        finally:
            timer.cancel()
        if reply.endswith(b"]\n"):
            answers: list[dict[str, Any]] = json.loads(reply)
            return answers
        self._end(process)
        return None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        process.kill()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout)):
            with suppress(OSError, ValueError):  # what was not sent any more
                stream.close()


_JUDGE = _Judge()
atexit.register(_JUDGE.close)
