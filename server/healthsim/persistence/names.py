"""Names of saved scenarios, as their files in a folder have them; no file is opened."""

from __future__ import annotations

import os
import re
from pathlib import Path

from healthsim.persistence.files import display_name, is_device

SUFFIX = ".duckdb"
LAKE = ".lake"
"""Ending of the folder beside a scenario's file that holds its Parquet files, if it is a lake."""
SCHEME = "s3://"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a scenario may be called."""


def names_in(folder: Path) -> list[str]:
    """Return the names of all scenarios in a folder, sorted; none where there is no folder."""
    stems = (path.stem for path in folder.glob(f"*{SUFFIX}") if is_there(path))
    return sorted(stem for stem in stems if is_name(stem))


def lake_of(path: Path) -> Path:
    """Return the folder of the Parquet files of a scenario's or run's file, if it is a lake.

    >>> lake_of(Path("many.duckdb")).name, lake_of(Path(".many.duckdb.12-34.unfinished")).name
    ('many.lake', 'many.lake')
    """
    return path.with_name(display_name(path).removesuffix(SUFFIX) + LAKE)


def is_address(text: str) -> bool:
    """Return whether a text is meant as the address of an object store."""
    return text.lower().startswith(SCHEME)


def is_name(name: str) -> bool:
    """Say whether a scenario may be called so, on any platform."""
    return bool(NAME.fullmatch(name)) and not is_device(name)


def is_there(path: Path) -> bool:
    """Say whether something lies there that could be taken for a file, a link or pipe included."""
    return os.path.lexists(path) and (path.is_symlink() or not path.is_dir())


def changed_at(folder: Path, name: str) -> float:
    """Return when a scenario's file was last changed, in seconds since 1970; 0 if it is gone."""
    try:
        return (folder / f"{name}{SUFFIX}").stat().st_mtime
    except OSError:
        return 0.0
