"""SQL by which the Parquet files of a lake are shown as the tables of a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from healthsim.persistence.judgement import DICTIONARY, LISTING, MANIFEST, Lake

_KEPT = (MANIFEST, DICTIONARY, LISTING)


def statements(lake: Lake, name: str, base: Path | None = None) -> Iterator[str]:
    """Yield SQL that shows a lake as the schema `name`: its tables as views of its files.

    Its own file must be attached as `NAME_file`, and is not needed after.

    Args:
        lake: as it was judged.
        name: of the schema.
        base: the folder that the names of files begin in, where it is the current one.
    """
    yield f"ATTACH ':memory:' AS {name}"
    for table in _KEPT:
        yield f"CREATE TABLE {name}.{table} AS FROM {name}_file.{table}"
    yield f"DETACH {name}_file"
    folder = lake.folder if base is None else lake.folder.relative_to(base)
    for table, columns in lake.columns.items():
        listed = ", ".join(f'"{column}"' for column, _ in columns)
        if files := lake.files[table]:
            paths = ", ".join(_literal((folder / file).as_posix()) for file in files)
            source = f"SELECT {listed} FROM read_parquet([{paths}], hive_partitioning = false)"  # noqa: S608
        else:
            nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{column}"' for column, kind in columns)
            source = f"SELECT {nothing} WHERE false"
        yield f'CREATE VIEW {name}."{table}" AS {source}'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
