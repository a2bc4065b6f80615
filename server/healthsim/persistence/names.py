"""Names of saved scenarios, as their files in a folder have them; no file is opened."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIX = ".duckdb"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a scenario may be called."""


def names_in(folder: Path) -> list[str]:
    """Return the names of all scenarios in a folder, sorted; none where there is no folder."""
    stems = (path.stem for path in folder.glob(f"*{SUFFIX}") if path.is_file())
    return sorted(stem for stem in stems if NAME.fullmatch(stem))


def changed_at(folder: Path, name: str) -> float:
    """Return when a scenario's file was last changed, in seconds since 1970; 0 if it is gone."""
    try:
        return (folder / f"{name}{SUFFIX}").stat().st_mtime
    except OSError:
        return 0.0
