"""Names of saved scenarios, as their files in a folder have them; no file is opened."""

from __future__ import annotations

import os
import re
from pathlib import Path

from healthsim.persistence.files import is_device

SUFFIX = ".duckdb"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a scenario may be called."""


def names_in(folder: Path) -> list[str]:
    """Return the names of all scenarios in a folder, sorted; none where there is no folder."""
    stems = (path.stem for path in folder.glob(f"*{SUFFIX}") if is_there(path))
    return sorted(stem for stem in stems if is_name(stem))


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
