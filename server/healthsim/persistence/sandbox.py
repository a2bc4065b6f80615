"""The process that runs a user's SQL: one statement, read-only, bounded, and killed if need be.

It is started as a file of its own and imports DuckDB and nothing of HealthSim, so that it is up in
a tenth of a second. It reads one JSON request from standard input and writes one JSON answer to
standard output; `operations.query` starts it, and ends it at its deadline.
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
else:
    try:
        import _duckdb as duckdb  # all that is used of it; its package takes 0.1 s more (measured)
    except ImportError:  # another version keeps it elsewhere
        import duckdb

LONGEST_TEXT = 10_000
"""Characters of one value; the rest is cut. In a row of many columns there are fewer."""

_LONGEST_ROW = 250_000  # characters that the values of a row may have together
_SHORTEST_TEXT = 50

MOST_BYTES = 1_000_000
"""Of an answer; rows beyond are left out."""

_ADDRESS_SPACE = 2_000 * 2**20  # of the process; libraries reserve a third of it
_RESIDENT = 900 * 2**20  # where the system keeps no address-space limit
_MEMORY_MB = 400  # of DuckDB's own buffers
_GRACE = 1.0  # seconds after the deadline at which the process ends itself, if nobody ended it
_LARGEST_EXACT = 2**53  # integers beyond travel as text: JSON readers use doubles
_PLACES = 2  # decimals with more travel as text
_PAGE = 2048  # rows fetched at once, one DuckDB vector
_SCENARIO, _OTHER = "scenario", "other"  # names under which files are attached
_ALLOWED = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_EXPLAIN = re.compile(r"\s*explain\s+(analyze\s+)?(\([^)]*\)\s*)?", re.IGNORECASE)
_CLOSED = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
}
_SETTINGS = (
    "SET TimeZone = 'UTC'",  # the same instants on any machine; `_Universal` reads them
    f"SET memory_limit = '{_MEMORY_MB}MB'",
    "SET threads = 2",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_TABLE_FUNCTIONS = frozenset({
    "range", "generate_series", "unnest", "repeat", "json_each", "json_tree", "duckdb_tables",
    "duckdb_columns", "duckdb_views", "duckdb_schemas", "duckdb_functions", "duckdb_types",
    "pragma_table_info", "pragma_show",
})  # fmt: skip
"""Table functions that show the scenario or nothing; all others show files, settings, memory."""

_SYSTEM_VIEW = re.compile(r"(duckdb|pg|pragma)_\w+")
_SHOWN_VIEWS = frozenset({"duckdb_tables", "duckdb_columns", "duckdb_views"})
_HIDDEN_FUNCTIONS = frozenset(
    {"current_setting", "getenv", "getvariable", "json_serialize_plan", "write_log"}
)
_LATE = 4  # the exit code where the deadline has passed and nobody ended the process
_DEEPEST = 50
"""Levels of lists and structures in one value; what carries an answer on stops at some hundred."""

_AS_TEXT = "cast that column to text (CAST(x AS VARCHAR)), or leave it out"
_UNHIDE = "leave it out; SHOW TABLES and DESCRIBE say what a scenario holds"


class QueryRefused(Exception):  # noqa: N818
    """A query that is refused: what was found, and how to mend it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found, self.mend = found, mend


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run one query.

    Args:
        request: `path` of the file, `sql`, and `limit` and `offset` of the rows to return; `other`
            is the path of a second file, shown as the schema `other`, or empty; `seen`, what
            told each file from others when it was judged; `lakes`, for each file nothing, or how a
            lake is shown: `statements`, the `paths` of its Parquet files, which are relative to
            `base`, and what told these from others as `seen`. Instead of `limit` and `offset`,
            `people`: a condition that stands in `sql`, and must be one alone too.

    Returns:
        `columns`, `rows`, `truncated` and `notes`; or, for `people`, all values of the one column
        of whole numbers as `keys`, 8 bytes each, in base64; or `found` and `mend` of a refusal; or
        `storage`, what is wrong with a file, and `file`, its name; or `changed`, the name of a
        file that is not the one that was judged.
    """
    files = {_SCENARIO: Path(request["path"])}
    if request.get("other"):
        files[_OTHER] = Path(request["other"])
    lakes = dict(zip(files, request.get("lakes") or [None] * len(files), strict=True))
    if request.get("base"):
        os.chdir(request["base"])  # so that no statement names the folders above
    reading = files[_SCENARIO]
    try:
        with duckdb.connect(":memory:", config=dict(_CLOSED)) as connection:
            for name, reading in files.items():
                _show(connection, reading, name, lakes[name])
            if changed := _changed(files, request["seen"]) or _changed_lake(files, lakes):
                return {"changed": changed}
            _allow(connection, lakes)
            connection.execute(f"USE {_SCENARIO}")
            return _run(connection, request)
    except QueryRefused as turned:
        return {
            "found": _without_paths(turned.found, files),
            "mend": _without_paths(turned.mend, files),
        }
    except RecursionError:
        return {"found": "it is nested too deep", "mend": "nest fewer lists and brackets"}
    except duckdb.Error as error:
        return {"storage": _without_paths(str(error), files), "file": reading.name}


def _run(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> dict[str, Any]:
    """Check the statement of a request, lock the connection, and answer what it gives."""
    if "people" in request:
        _one_statement(connection, f"SELECT (\n{request['people']}\n)")
    statement = _one_statement(connection, request["sql"])
    for setting in _SETTINGS:
        connection.execute(setting)
    began = time.monotonic()
    try:
        connection.execute(statement)
        if "people" in request:
            return {"keys": _keys(connection)}
        return _page(connection, statement.query, request["limit"], request["offset"], began)
    except duckdb.Error as error:
        raise _explained(connection, error) from error
    except (ArithmeticError, ValueError) as error:
        raise QueryRefused(f"a value too large to show ({error})", _AS_TEXT) from error


def _keys(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the values of a result's one column of whole numbers."""
    (values,) = connection.fetchnumpy().values()
    return base64.b64encode(values.astype("<i8").tobytes()).decode()


def _changed(files: dict[str, Path], judged: list[list[int]]) -> str:
    """Return the name of a file that is not the one that was judged; as `judgement.is_same`."""
    for path, seen in zip(files.values(), judged, strict=True):
        try:
            at = path.lstat()
        except OSError:
            return path.name
        if seen != [at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns]:
            return path.name
    return ""


def _show(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, lake: dict[str, Any] | None
) -> None:
    """Attach a file; show the Parquet files of a lake as its tables."""
    _attach(connection, path, f"{name}_file" if lake else name)
    for statement in lake["statements"] if lake else ():
        connection.execute(statement)


def _changed_lake(files: dict[str, Path], lakes: dict[str, dict[str, Any] | None]) -> str:
    """Return the name of a file whose Parquet files are not those that were judged."""
    for name, lake in lakes.items():
        if lake and _changed({one: Path(one) for one in lake["paths"]}, lake["seen"]):
            return files[name].name
    return ""


def _allow(connection: duckdb.DuckDBPyConnection, lakes: dict[str, dict[str, Any] | None]) -> None:
    """Let the connection read the Parquet files of its lakes, when it may read no others."""
    paths = [path for lake in lakes.values() if lake for path in lake["paths"]]
    if paths:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        connection.execute(f"SET allowed_paths = [{listed}]")


def _without_paths(text: str, files: dict[str, Path]) -> str:
    for path in files.values():
        text = text.replace(str(path), path.name)
    for path in files.values():
        text = text.replace(str(path.parent), "…")
    return text


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    quoted = str(path).replace("'", "''")
    deadline = time.monotonic() + 5.0
    while True:
        try:
            connection.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
            break
        except duckdb.IOException as error:
            if "lock" not in str(error).lower() or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _one_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _explained(connection, error) from error
    if len(statements) != 1:
        raise QueryRefused(
            f"{len(statements)} statements" if statements else "no statement",
            "send exactly one SELECT statement",
        )
    if statements[0].type not in _ALLOWED:
        raise _not_reading(statements[0].type)
    explain = statements[0].type == duckdb.StatementType.EXPLAIN
    _refuse_hidden(connection, _EXPLAIN.sub("", sql, count=1) if explain else sql)
    return statements[0]


def _not_reading(kind: duckdb.StatementType) -> QueryRefused:
    if kind.name == "MULTI":
        return QueryRefused(
            "a PIVOT without its values", "list them: PIVOT … ON column IN (values)"
        )
    article = "an" if kind.name[0] in "AEIOU" else "a"
    return QueryRefused(
        f"{article} {kind.name} statement",
        "send one SELECT (or WITH, FROM, DESCRIBE, SUMMARIZE, EXPLAIN): a scenario is only read "
        "here; to change it, change its specification and run it again",
    )


def _refuse_hidden(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse what shows the server's files and settings, by name, wherever it stands."""
    text = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree = json.loads(text[0]) if text else {"error": True}
    if tree.get("error"):
        raise QueryRefused(
            "a statement that is not a plain SELECT",
            f"send one SELECT ({tree.get('error_message', 'it cannot be read')})",
        )
    for node in _nodes(tree):
        kind = str(node.get("type", ""))
        function = str(node.get("function_name", "")).lower()
        table = str(node.get("table_name", "")).lower()
        if kind == "TABLE_FUNCTION":
            name = str(node.get("function", {}).get("function_name", "")).lower()
            if name not in _TABLE_FUNCTIONS:
                raise QueryRefused(f"the table function {name}(), which is not open here", _UNHIDE)
        if function in _HIDDEN_FUNCTIONS:
            raise QueryRefused(f"the function {function}(), which is not open here", _UNHIDE)
        if kind == "BASE_TABLE" and _SYSTEM_VIEW.fullmatch(table) and table not in _SHOWN_VIEWS:
            raise QueryRefused(f"the system table {table}, which is not open here", _UNHIDE)
        if kind.endswith("_QUERY_NODE"):
            raise QueryRefused(
                f"{kind.split('_')[0]} inside the query", "only read: send one SELECT"
            )


def _nodes(tree: object) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _page(
    connection: duckdb.DuckDBPyConnection, statement: str, limit: int, offset: int, began: float
) -> dict[str, Any]:
    columns = [[name, str(kind)] for name, kind, *_ in connection.description or ()]
    kinds = [kind for _, kind in columns]
    longest = max(_SHORTEST_TEXT, min(LONGEST_TEXT, _LONGEST_ROW // max(1, len(columns))))
    rows: list[list[Any]] = []
    doubts: list[list[bool]] = []
    size = cut = 0
    truncated = False
    for values in _fetched(connection, offset, limit + 1):
        row = [_bounded(plain(value), longest) for value in values]
        size += len(json.dumps(row, ensure_ascii=False).encode()) + 1
        truncated = len(rows) == limit or (bool(rows) and size > MOST_BYTES)
        if truncated:
            break
        cut += sum(isinstance(cell, str) and len(cell) > longest for cell in row)
        rows.append(row)
        doubts.append([_is_unsure(value, kind) for value, kind in zip(values, kinds, strict=True)])
    notes = [f"{cut} value(s) longer than {longest:,} characters were cut"] if cut else []
    if size > MOST_BYTES and truncated:
        notes.append(_LEFT)
    if any(map(any, doubts)):
        sure = [bool(_COMPARED.fullmatch(kind)) for kind in kinds]
        again = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({statement.strip().rstrip(';')}\n)"  # noqa: S608
        is_quick = time.monotonic() - began < _LONGEST_FIRST
        notes += (
            _tell_apart(connection, again, rows, doubts, sure, offset) if is_quick else [_DOUBTFUL]
        )
    return {"columns": columns, "rows": rows, "truncated": truncated, "notes": notes}


_LEFT = f"rows beyond {MOST_BYTES:,} bytes were left out: select fewer columns or rows"
_ENDLESS = "infinity stands for a day without end; isfinite(column) leaves it out"
_DOUBTFUL = (
    "9999-12-31 and 0001-01-01 may stand for infinity, months may be shown as 30 days: "
    "CAST(column AS VARCHAR) tells"
)
_LONGEST_FIRST = 3.0  # seconds of a query that is asked a second time


def _bounded(value: Any, longest: int) -> Any:
    """Return a value, or the beginning of its text; one more character says that it was cut."""
    if isinstance(value, list | dict):
        text = json.dumps(value, ensure_ascii=False)
        value = text if len(text) > longest else value
    return value if not isinstance(value, str) or len(value) <= longest else value[:longest] + "…"


def _tell_apart(
    connection: duckdb.DuckDBPyConnection,
    again: str,
    rows: list[list[Any]],
    doubts: list[list[bool]],
    sure: list[bool],
    offset: int,
) -> list[str]:
    """Put what DuckDB writes in the place of values that Python cannot hold; return notes.

    Python has no infinite day, no months in its time spans and no nanoseconds. A row of the second
    time that is another is left as it was.
    """
    try:
        connection.execute(again)
    except duckdb.Error:
        return [_DOUBTFUL]
    waiting, put = sum(map(any, doubts)), ""
    for row, unsure, texts in zip(
        rows, doubts, _fetched(connection, offset, len(rows)), strict=False
    ):
        if any(unsure) and len(texts) == len(row) and _is_same(row, texts, sure):
            waiting -= 1
            for place in [place for place, doubt in enumerate(unsure) if doubt]:
                if not _EXTREME.match(texts[place] or ""):
                    row[place] = texts[place]
                    put += f" {texts[place]}"
    return [_ENDLESS] * bool(_INFINITE.search(put)) + [_DOUBTFUL] * bool(waiting)


_INEXACT = re.compile(r"INTERVAL|_NS\b")
_COMPARED = re.compile(r"VARCHAR|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_EXTREME = re.compile(r"9999-12-31|0001-01-01")
_INFINITE = re.compile(r"(?<![a-z])infinity(?![a-z])")


def _is_unsure(value: Any, kind: str) -> bool:
    """Return whether DuckDB may have another value than the one that Python got."""
    if isinstance(value, dict):
        return any(_is_unsure(item, kind) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_is_unsure(item, kind) for item in value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value in (date.max, date.min)
    if isinstance(value, datetime) and _EXTREME.match(value.isoformat()):
        return True
    return value is not None and bool(_INEXACT.search(kind))


def _is_same(row: list[Any], texts: tuple[Any, ...], sure: list[bool]) -> bool:
    """Return whether texts are of this row, as far as columns tell that are alike as texts."""
    return all(
        value is text is None or str(value).removesuffix("…") == str(text)[: len(str(value))]
        for value, text, alike in zip(row, texts, sure, strict=True)
        if alike
    )


def _fetched(
    connection: duckdb.DuckDBPyConnection, skip: int, take: int
) -> Iterator[tuple[Any, ...]]:
    while skip > 0 and (page := connection.fetchmany(min(skip, _PAGE))):
        skip -= len(page)
    while skip <= 0 and take > 0 and (page := connection.fetchmany(min(take, _PAGE))):
        take -= len(page)
        yield from page


def plain(value: Any, level: int = 1) -> Any:
    """Return a value as JSON can carry it without loss: dates ISO, large integers as text.

    `level` counts the lists and structures around it.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST_EXACT <= value <= _LARGEST_EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | time_of_day):
        return value.isoformat()
    return _nested(value, level)


def _decimal(value: Decimal) -> Any:
    exponent = value.as_tuple().exponent
    short = isinstance(exponent, int) and -_PLACES <= exponent <= 0
    return float(value) if short and abs(value) * 100 <= _LARGEST_EXACT else str(value)


def _nested(value: Any, level: int) -> Any:
    if level > _DEEPEST:
        raise QueryRefused(f"a value of more than {_DEEPEST} levels of nesting", _AS_TEXT)
    if isinstance(value, dict):
        return {str(key): plain(item, level + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, level + 1) for item in value]
    if isinstance(value, bytes | bytearray):
        return plain(value.hex())
    return plain(str(value) if not isinstance(value, timedelta) else f"{value}")


def _explained(connection: duckdb.DuckDBPyConnection, error: duckdb.Error) -> QueryRefused:
    """Say what DuckDB found, in its own first sentence, and how to mend it."""
    if "Traceback" in str(error) or "Python exception" in str(error):
        return QueryRefused("DuckDB has a value here that it cannot hand over", _AS_TEXT)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = lines[0] if lines else type(error).__name__
    hints = [line for line in lines[1:] if not line.startswith(("LINE ", "^"))]
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryRefused("it needs more memory than a query may use", _SMALLER)
    if isinstance(error, duckdb.PermissionException):
        return QueryRefused(found, "query the scenario's tables only: no files, no settings")
    if "does not exist" in found and "Table" in found:
        return QueryRefused(found, _near_table(connection, found))
    return QueryRefused(
        found, " ".join(hints)[:1000] or "correct the SQL (DuckDB's dialect) and repeat"
    )


_SMALLER = "select fewer columns, filter or aggregate earlier, and repeat"


def _near_table(connection: duckdb.DuckDBPyConnection, found: str) -> str:
    rows = connection.execute(
        "SELECT DISTINCT table_name FROM duckdb_columns() WHERE database_name IN (?, ?) ORDER BY 1",
        [_SCENARIO, _OTHER],
    ).fetchall()
    names = [name for (name,) in rows]
    match = re.search(r"with name \"?([^\s\"]+)\"? does not exist", found)
    near = get_close_matches(match[1].lower(), names, n=3, cutoff=0.6) if match else []
    if near:
        return f"did you mean {' or '.join(repr(name) for name in near)}?"
    return f"tables here: {', '.join(names)}"


def _confine(seconds: float) -> None:
    """Bound this process: its memory by the system or a watchdog, its life by its deadline.

    It ends with the process that started it too; Windows does not say that this has ended.
    """
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  Unix only

        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_watch, args=(seconds + _GRACE,), daemon=True).start()


def _watch(seconds: float) -> None:
    deadline, parent = time.monotonic() + seconds, os.getppid()
    while time.monotonic() < deadline and _resident() < _RESIDENT and os.getppid() == parent:
        time.sleep(0.05)
    os._exit(_LATE if time.monotonic() >= deadline else 3)


def _resident() -> int:
    """Return the most memory that this process has used, in bytes; 0 where a limit does it."""
    if sys.platform == "darwin":
        import resource  # noqa: PLC0415  Unix only

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if sys.platform == "win32":
        return _resident_on_windows()
    return 0


def _resident_on_windows() -> int:
    import ctypes  # noqa: PLC0415  Windows only

    class Counters(ctypes.Structure):
        _fields_ = (
            ("size", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            *((name, ctypes.c_size_t) for name in ("peak", "now", "a", "b", "c", "d", "e", "f")),
        )

    counters = Counters(size=ctypes.sizeof(Counters))
    process = ctypes.windll.kernel32.GetCurrentProcess()  # type: ignore[attr-defined, unused-ignore]
    ctypes.windll.psapi.GetProcessMemoryInfo(  # type: ignore[attr-defined, unused-ignore]
        ctypes.c_void_p(process), ctypes.byref(counters), counters.size
    )
    return int(counters.peak)


class _Universal(tzinfo):
    """Universal time, as DuckDB wants a zone of pytz: with `localize` beside the usual methods."""

    def utcoffset(self, at: datetime | None) -> timedelta:
        return timedelta(0)

    def dst(self, at: datetime | None) -> timedelta:
        return timedelta(0)

    def tzname(self, at: datetime | None) -> str:
        return "UTC"

    def localize(self, at: datetime) -> datetime:
        return at.replace(tzinfo=UTC)


def _lend_zones() -> None:
    """Answer DuckDB's import of pytz, the package it takes zones from, by the standard library."""
    zones = ModuleType("pytz")
    zones.timezone = lambda name: _Universal()  # type: ignore[attr-defined]
    zones.utc = UTC  # type: ignore[attr-defined]
    sys.modules["pytz"] = zones


def main() -> None:
    """Answer the request on standard input."""
    _lend_zones()
    request = json.load(sys.stdin)
    _confine(request["seconds"])
    try:
        answered = answer(request)
    except MemoryError:
        answered = {"found": "it needs more memory than a query may use", "mend": _SMALLER}
    except Exception as error:  # the caller learns its kind: its text may hold folders
        kind = type(error).__name__
        answered = {"found": f"its answer cannot be carried over ({kind})", "mend": _AS_TEXT}
    sys.stdout.write(json.dumps(answered, ensure_ascii=True))
    sys.stdout.flush()
    os._exit(0)  # DuckDB's threads need not be waited for


if __name__ == "__main__":
    main()
