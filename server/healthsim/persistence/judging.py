"""The process that opens a DuckDB file before HealthSim does, and says what should not be in it.

A file may be made so that DuckDB ends or never returns while it opens it. So it is opened here
first, in a process that may end. It is started as a file of its own and imports DuckDB and nothing
of HealthSim. It reads requests from standard input, one JSON object a line, answers each with one
line, and ends itself when nobody asks any more. No table is read before all of them are known to
be tables; no view, macro or expression of the file is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
else:
    try:
        import _duckdb as duckdb  # all that is used of it; its package takes 0.1 s more (measured)
    except ImportError:  # another version keeps it elsewhere
        import duckdb

_FILE = "judged_"  # names under which the files are attached begin so
_LOOK = 0.1  # seconds between two looks for the process that started this one
_IDLE = 5.0  # seconds without a request after which the process ends
_ADDRESS_SPACE = 2_000 * 2**20  # of the process; libraries reserve a third of it
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CLOSED = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
}
_SETTINGS = (
    "SET memory_limit = '200MB'",
    "SET threads = 1",
    "SET temp_directory = ''",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
_STRANGE = (
    ("a view", "view_name", "duckdb_views()", "NOT internal"),
    ("a macro", "function_name", "duckdb_functions()", "NOT internal"),
    ("a trigger", "trigger_name", "duckdb_triggers()", "true"),
    ("a type of its own", "type_name", "duckdb_types()", "NOT internal"),
    ("a sequence", "sequence_name", "duckdb_sequences()", "true"),
    ("an index", "index_name", "duckdb_indexes()", "true"),
    ("a coordinate system", "crs_name", "duckdb_coordinate_systems()", "true"),
    ("a schema beside main", "schema_name", "duckdb_schemas()",
     "NOT internal AND schema_name <> 'main'"),
    ("a table with a constraint", "table_name", "duckdb_constraints()",
     "constraint_type <> 'NOT NULL'"),
    ("a column with a collation", "table_name", "duckdb_tables()", "contains(sql, ' COLLATE ')"),
    ("a computed column", "table_name || '.' || column_name", "duckdb_columns()", "is_generated"),
    ("a column with a default", "table_name || '.' || column_name", "duckdb_columns()",
     "column_default IS NOT NULL"),
)  # fmt: skip
"""What a file is refused for, in this order: what it is called, and where its names are found."""

_DROP = "drop that with DuckDB if you know what it is for; else delete the file"
_AGAIN = "restore it from a copy, or delete it and save the scenario again"
_MUCH = "it needs too much memory to be opened"
_MOST_COLUMNS = 300  # of one table
_LONGEST = 32 * 2**20  # bytes of text of a table that is read as a whole
_LONGEST_VALUE = 10_000  # bytes of one text in any other table; ours have some hundred
_LONGEST_FOOTER = 16 * 2**20  # bytes of a Parquet file's footer
_GENERATION = re.compile(r"[0-9a-z]{1,40}")
_ROWS_PER_BYTE = 16  # of the blocks in use; honest rows take a byte and more


class Unfit(Exception):  # noqa: N818
    """Something that no file of its kind has: what was found, and how to mend it."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found)
        self.found, self.mend = found, mend


def judge(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Open files and look at what they consist of.

    Args:
        request: `files`, pairs of a path and its size in bytes; `tables` that each may have;
            `exact`, the columns and types of some of them; `types` of the columns of the others;
            `needs`, a table without which it is no `what`; `texts`, pairs of a table that is
            read as a whole and its most rows; `dictionary`, the one of these that names
            tables and columns, or nothing; `lake`, the one that lists Parquet files, or nothing;
            and `folders`, for each file the folder of its Parquet files.

    Returns:
        For each file nothing where it is fit, or of a lake, `lake`: its `generation`, and of each
            of its `tables` the columns with their types and the files; else `found` and `mend`, or
            `storage`: why it could not be opened.
    """
    answers: list[dict[str, Any]] = [{} for _ in request["files"]]
    with duckdb.connect(":memory:", config=dict(_CLOSED)) as connection:
        for number, (path, _) in enumerate(request["files"]):
            try:
                _attach(connection, path, number)
            except duckdb.Error as error:
                answers[number] = {"storage": str(error)}
        quoted = ", ".join("'" + text.replace("'", "''") + "/'" for text in request["folders"])
        connection.execute(f"SET allowed_directories = [{quoted}]")
        for setting in _SETTINGS:
            connection.execute(setting)
        strange = _strange(connection)
        tables = _by_file(connection, "table_name, estimated_size, column_count", "duckdb_tables()")
        columns = _by_file(connection, "table_name, column_name, data_type", "duckdb_columns()")
        blocks = _by_file(connection, "used_blocks * block_size", "pragma_database_size()")
        for number, (_, size) in enumerate(request["files"]):
            if answers[number]:
                continue
            try:
                if number in strange:
                    what = f"{strange[number]}, which no {request['what']} has"
                    raise Unfit(f"it has {what}", _DROP)
                used = min(size, blocks[number][0][0])  # a hole at the end counts for nothing
                _judge_tables(tables.get(number, []), used, request)
                _judge_columns(columns.get(number, []), request)
                _judge_lengths(connection, f"{_FILE}{number}", columns.get(number, []), request)
                there = {str(row[0]) for row in tables.get(number, [])}
                _judge_texts(connection, f"{_FILE}{number}", there, request)
                _judge_dictionary(connection, f"{_FILE}{number}", request)
                if request["lake"] in there:
                    answers[number] = {"of_lake": True}  # may be mended beside the file
                    folder = request["folders"][number]
                    lake = _judge_lake(connection, f"{_FILE}{number}", folder, request)
                    answers[number] = {"lake": lake}
            except Unfit as unfit:
                answers[number] |= {"found": unfit.found, "mend": unfit.mend}
            except duckdb.Error as error:
                is_full = isinstance(error, duckdb.OutOfMemoryException)
                answers[number] = (
                    {"found": _MUCH, "mend": _AGAIN} if is_full else {"storage": str(error)}
                )
    return answers


def _attach(connection: duckdb.DuckDBPyConnection, path: str, number: int) -> None:
    escaped = path.replace("'", "''")
    deadline = time.monotonic() + 5.0
    while True:
        try:
            connection.execute(f"ATTACH '{escaped}' AS {_FILE}{number} (READ_ONLY, TYPE duckdb)")
            return
        except duckdb.IOException as error:
            if "lock" not in str(error).lower() or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def _by_file(
    connection: duckdb.DuckDBPyConnection, columns: str, source: str, where: str = "true"
) -> dict[int, list[tuple[Any, ...]]]:
    """Return rows of a system table about the files, by number of the file."""
    rows = connection.execute(
        f"SELECT database_name, {columns} FROM {source} "
        f"WHERE starts_with(database_name, '{_FILE}') AND {where}"
    ).fetchall()
    found: dict[int, list[tuple[Any, ...]]] = {}
    for database, *row in rows:
        found.setdefault(int(database.removeprefix(_FILE)), []).append(tuple(row))
    return found


def _strange(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    """Return by number of a file the first thing in it that no file has, with its name."""
    strange: dict[int, str] = {}
    for what, name, source, where in _STRANGE:
        for number, rows in _by_file(connection, name, source, where).items():
            strange.setdefault(number, f"{what}, {_shown(min(str(row[0]) for row in rows))}")
    return strange


def _judge_tables(rows: list[tuple[Any, ...]], size: int, request: dict[str, Any]) -> None:
    names = {str(row[0]) for row in rows}
    if request["needs"] not in names:
        raise Unfit(
            f"it is a DuckDB file, but not a {request['what']}",
            "open it with the program that made it, or delete it and save again",
        )
    for name in sorted(names - set(request["tables"])):
        kind = "that HealthSim does not know" if _PLAIN.fullmatch(name) else "with a strange name"
        raise Unfit(f"it has a table {kind}, {_shown(name)}",
                    f"{_DROP}; where a newer HealthSim made it, install that one")  # fmt: skip
    for name, count, columns in rows:
        if columns > _MOST_COLUMNS:
            raise Unfit(f"its table {name} has {columns:,} columns", _AGAIN)
        if count > max(size, 1) * _ROWS_PER_BYTE:
            raise Unfit(f"its table {name} claims {count:,} rows in a file of {size:,} bytes",
                        _AGAIN)  # fmt: skip


def _judge_columns(rows: list[tuple[Any, ...]], request: dict[str, Any]) -> None:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = kind
        if not _PLAIN.fullmatch(column):
            raise Unfit(f"its table {table} has a column with a strange name, {_shown(column)}",
                        _DROP)  # fmt: skip
        if kind not in request["types"]:
            raise Unfit(
                f"its column {table}.{column} has a type that no {request['what']} has, "
                f"{_shown(kind)}", _DROP,
            )  # fmt: skip
    for table, columns in request["exact"].items():
        if table == request["lake"] and table not in found:
            continue
        if list(found.get(table, {}).items()) != list(columns.items()):
            raise Unfit(f"its table {table} does not have the columns that it should", _AGAIN)


def _judge_lengths(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    rows: list[tuple[Any, ...]],
    request: dict[str, Any],
) -> None:
    """Refuse tables with a text that is longer than any of ours, by what DuckDB noted of it."""
    texts: dict[str, list[str]] = {}
    for table, column, kind in [] if request["is_listed"] else rows:
        if kind == "VARCHAR" and table not in dict(request["texts"]):
            texts.setdefault(table, []).append(column)
    for table, columns in texts.items():
        noted = ", ".join(f'stats("{column}")' for column in columns)
        row = connection.execute(f'SELECT {noted} FROM {database}."{table}" LIMIT 1').fetchone()
        for column, about in zip(columns, row or (), strict=False):
            longest = about.get("max_string_length") if isinstance(about, dict) else None
            if longest and longest > _LONGEST_VALUE:
                raise Unfit(
                    f"its column {table}.{column} has a text of {longest:,} bytes, and may have "
                    f"{_LONGEST_VALUE:,}", _AGAIN,
                )  # fmt: skip


def _judge_texts(
    connection: duckdb.DuckDBPyConnection,
    database: str,
    there: set[str],
    request: dict[str, Any],
) -> None:
    """Refuse tables that are read as a whole and that are too long for it."""
    for table, most in request["texts"]:
        if table == request["lake"] and table not in there:
            continue
        columns = [name for name, kind in request["exact"][table].items() if kind == "VARCHAR"]
        lengths = " + ".join(f'strlen("{column}")' for column in columns)
        row = connection.execute(
            f'SELECT count(*), sum({lengths}) FROM {database}."{table}"'
        ).fetchone()
        count, size = row or (0, 0)
        if count > most or (size or 0) > _LONGEST:
            raise Unfit(
                f"its table {table} has {count:,} rows with {size or 0:,} bytes of text, and may "
                f"have {most:,} with {_LONGEST:,}", _AGAIN,
            )  # fmt: skip


def _judge_dictionary(
    connection: duckdb.DuckDBPyConnection, database: str, request: dict[str, Any]
) -> None:
    """Refuse a dictionary that names what no such file has: an export names files after it."""
    if not request["dictionary"]:
        return
    rows = connection.execute(
        f"SELECT DISTINCT table_name, column_name, type FROM {database}.{request['dictionary']}"
    ).fetchall()
    for table, column, kind in rows:
        strange = (
            ("table", table) if table not in request["tables"]
            else ("column", column) if not _PLAIN.fullmatch(column)
            else ("type", kind) if kind not in request["types"]
            else None
        )  # fmt: skip
        if strange:
            raise Unfit(
                f"its dictionary names a {strange[0]} that HealthSim does not know, "
                f"{_shown(strange[1])}", _AGAIN,
            )  # fmt: skip


def _judge_lake(
    connection: duckdb.DuckDBPyConnection, database: str, folder: str, request: dict[str, Any]
) -> dict[str, Any]:
    """Refuse a lake whose Parquet files are not those that its file lists; return what they are."""
    rows = connection.execute(
        f"SELECT table_name, column_name, type FROM {database}.{request['dictionary']} "
        "ORDER BY rowid"
    ).fetchall()
    columns: dict[str, list[list[str]]] = {}
    for table, column, kind in rows:
        columns.setdefault(table, []).append([column, kind])
    own = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [database]
    ).fetchall()
    kept = dict(request["texts"])
    for (name,) in own:
        if name not in kept:
            raise Unfit(f"it lists Parquet files, and has a table {_shown(name)} of its own", _DROP)
    listed = connection.execute(
        f"SELECT table_name, file, first_block, rows, size_bytes, footer FROM "
        f"{database}.{request['lake']} ORDER BY rowid"
    ).fetchall()
    generation = _generation(connection, database, request)
    files: dict[str, list[str]] = {table: [] for table in columns}
    for table, file, first, *_ in listed:
        if table not in files or file != f"{table}/{first:06}.parquet" or first < 0:
            raise Unfit(f"it lists a Parquet file with a strange name, {_shown(file)}", _AGAIN)
        files[table].append(file)
    root = os.path.join(folder, generation)  # noqa: PTH118  only duckdb and what is small
    if request["is_listed"]:
        return {}
    _judge_folder(root, {row[1]: (row[4], row[5]) for row in listed}, len(listed))
    counts = {row[1]: row[3] for row in listed}
    for table, names in files.items():
        _judge_parquet(connection, root, names, columns[table], counts)
        if sum(counts[name] for name in names) > 2**40:
            raise Unfit(f"its table {table} claims too many rows", _AGAIN)
    tables = {table: [columns[table], names] for table, names in files.items()}
    return {"generation": generation, "tables": tables}


def _generation(
    connection: duckdb.DuckDBPyConnection, database: str, request: dict[str, Any]
) -> str:
    """Return the name of the folder in which the Parquet files of a lake are."""
    rows = connection.execute(
        f"SELECT value FROM {database}.{request['needs']} WHERE key = 'lake'"
    ).fetchall()
    text = str(rows[0][0]).strip('"') if len(rows) == 1 else ""
    if not _GENERATION.fullmatch(text):
        raise Unfit("it lists Parquet files, and does not say in which folder they are", _AGAIN)
    return text


def _judge_folder(root: str, listed: dict[str, tuple[int, str]], count: int) -> None:
    """Refuse a folder whose files are not those that are listed, or not as they are listed."""
    if len(listed) != count:
        raise Unfit("it lists a Parquet file twice", _AGAIN)
    there = dict(_entries(root, ""))
    for name, about in there.items():
        if name not in listed:
            raise Unfit(f"its folder holds what it does not list, {_shown(name)}",
                        "move that away if you know what it is; else delete all of it")  # fmt: skip
        if not stat.S_ISREG(about.st_mode):
            raise Unfit(f"its {_shown(name)} is no regular file", _AGAIN)
    for name, (size, footer) in listed.items():
        if name not in there:
            raise Unfit(f"its Parquet file {_shown(name)} is missing", _AGAIN)
        if there[name].st_size != size:
            raise Unfit(f"its Parquet file {_shown(name)} has {there[name].st_size:,} bytes, and "
                        f"should have {size:,}: it was cut short or changed", _AGAIN)  # fmt: skip
        if footer_of(os.path.join(root, name)) != footer:  # noqa: PTH118
            raise Unfit(f"its Parquet file {_shown(name)} is not the one that it lists", _AGAIN)


def _entries(root: str, below: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every file of a lake's folder with its name there; folders are gone into once."""
    try:
        with os.scandir(os.path.join(root, below)) as found:  # noqa: PTH118
            entries = list(found)
    except OSError:
        return
    for entry in entries:
        name = f"{below}/{entry.name}" if below else entry.name
        if not below and entry.is_dir(follow_symlinks=False):
            yield from _entries(root, name)
        else:
            yield name, entry.stat(follow_symlinks=False)


def footer_of(path: str) -> str:
    """Return the SHA-256 of a Parquet file's footer, hexadecimal; empty if it has none.

    The footer says where every page is, how long, and between which values: no other rows have it.
    """
    with open(path, "rb") as file:  # noqa: PTH123
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 8, 0))
        tail = file.read(8)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != b"PAR1" or not 0 < length <= min(size - 12, _LONGEST_FOOTER):
            return ""
        file.seek(size - 8 - length)
        return hashlib.sha256(file.read(length)).hexdigest()


def _judge_parquet(
    connection: duckdb.DuckDBPyConnection,
    root: str,
    names: list[str],
    columns: list[list[str]],
    counts: dict[str, int],
) -> None:
    """Refuse Parquet files of a table that have other columns or another number of rows."""
    if not names:
        return
    paths = [os.path.join(root, name) for name in names]  # noqa: PTH118
    try:
        shapes = connection.execute(
            "SELECT file_name, list(name ORDER BY column_id NULLS FIRST), "
            "list(duckdb_type ORDER BY column_id NULLS FIRST), max(num_children) "
            "FROM parquet_schema(?) GROUP BY file_name",
            [paths],
        ).fetchall()
        sizes = connection.execute(
            "SELECT file_name, num_rows FROM parquet_file_metadata(?)", [paths]
        ).fetchall()
    except duckdb.Error as error:
        raise Unfit(f"a Parquet file of {names[0].split('/')[0]} cannot be read", _AGAIN) from error
    wanted = [[name for name, _ in columns], [kind for _, kind in columns]]
    for path, found, kinds, children in shapes:
        if [found[1:], kinds[1:]] != wanted or children != len(columns):
            raise Unfit(f"its Parquet file {_shown(os.path.relpath(path, root))} has other columns "
                        "than its dictionary says", _AGAIN)  # fmt: skip
    for path, rows in sizes:
        name = os.path.relpath(path, root).replace(os.sep, "/")
        if rows != counts[name] or rows > os.path.getsize(path) * _ROWS_PER_BYTE:  # noqa: PTH202
            raise Unfit(f"its Parquet file {_shown(name)} claims {rows:,} rows, and should have "
                        f"{counts[name]:,}", _AGAIN)  # fmt: skip


def _shown(name: object) -> str:
    """Return a name of the file as it may be shown: quoted, short, without control characters."""
    text = str(name)
    return ascii(text if len(text) <= 60 else f"{text[:59]}…")


def _requests() -> Iterator[dict[str, Any]]:
    """Yield what is asked, line by line; end the process when nobody asks for a while."""
    while True:
        idle = threading.Timer(_IDLE, os._exit, (0,))
        idle.daemon = True
        idle.start()
        line = sys.stdin.readline()
        idle.cancel()
        if not line:
            return
        yield json.loads(line)


def _end_with_parent() -> None:
    """End this process when the one that started it has ended; Windows does not say that.

    The first argument is the number of that process, which may have ended before this line. On
    Windows a process may lie between the two.
    """
    parent = os.getppid() if sys.platform == "win32" else int(sys.argv[1])

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Answer until standard input is closed."""
    _end_with_parent()
    if sys.platform == "linux":
        import resource  # noqa: PLC0415  Unix only

        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for request in _requests():
        try:
            answer = judge(request)
        except MemoryError:
            answer = [{"found": _MUCH, "mend": _AGAIN}]
        except Exception as error:  # its text may hold folders
            answer = [{"found": f"it cannot be judged ({type(error).__name__})", "mend": _AGAIN}]
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    os._exit(0)  # DuckDB's threads need not be waited for


if __name__ == "__main__":
    main()
