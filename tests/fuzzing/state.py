"""What is kept in a home, to see that no call damages it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeAlias

from healthsim.errors import HealthSimError
from healthsim.operations import scenarios, specs
from healthsim.operations.home import Home

Kept: TypeAlias = dict[str, str]
"""Path in the home -> digest of the file."""


def kept(home: Home) -> Kept:
    """Return what people keep: scenarios, drafts and exports; runs come and go."""
    found = {}
    for folder in (home.scenarios, home.specs, home.exports):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                found[str(path.relative_to(home.folder))] = _digest(path)
    return found


def _digest(path: Path) -> str:
    stat = path.stat()
    if stat.st_size > 200_000:  # scenarios: their times tell
        return f"{stat.st_size} {stat.st_mtime_ns}"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def damage(home: Home) -> list[str]:
    """Return what of a home can no longer be read."""
    found = []
    for name in scenarios.names(home):
        try:
            scenarios.describe(home, name)
        except HealthSimError as error:
            found.append(f"scenario {name}: {error}")
    for spec_id in specs.names(home):
        try:
            specs.load(home, spec_id)
        except HealthSimError as error:
            found.append(f"draft {spec_id}: {error}")
    return found
