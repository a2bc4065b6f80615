"""Runs pairs of templates with 1,000 people, one after the other, and writes down what each breaks.

``PYTHONPATH=tests:server python -m pair_runs TABLE [--only TEXT] [--again TEXT] [--count N]``

TABLE is a file of lines ``pair, commit, seconds, findings`` parted by tabs. A pair that has a line
is left out, so that a run which was stopped goes on where it was; `--again` runs such pairs anew.
Journeys with many kinds of events come first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from healthsim.persistence.database import open_read
from template_runs import (
    JOURNEYS,
    PROFILES,
    TOGETHER,
    broken_rules,
    is_pair,
    load,
    stored,
    unmet,
)

PEOPLE = 1_000


def kinds(name: str) -> int:
    """Return how many kinds of steps, classes of visits, codes and drugs a journey states."""
    found: set[str] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key in {"do", "type", "encounter_class", "code", "drug", "loinc", "cvx"}:
                    found.add(f"{key} {item}")
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look(load(name))
    return len(found)


def pairs() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every profile with each journey that it is a pair with, then several journeys."""
    walked = [name for name in JOURNEYS if load(name).get("begins") != "birth"]
    for journey in sorted(walked, key=kinds, reverse=True):
        for profile in PROFILES:
            if is_pair(profile, journey):
                yield profile, (journey,)
    yield from TOGETHER


def faults(folder: Path, profile: str, journeys: tuple[str, ...], count: int = PEOPLE) -> list[str]:
    """Run a pair; return what it expects and does not get, and the audit's rules that it breaks.

    Where several journeys run together, what each expects alone is not asked.
    """
    file = stored(folder, profile, journeys, count)
    with open_read(file) as connection:
        tables = {name for (name,) in connection.execute("SHOW TABLES").fetchall()}
        happened = "events" in tables and connection.execute("FROM events LIMIT 1").fetchall()
    expected = unmet(file) if len(journeys) == 1 else []
    found = [*([] if happened else ["nothing happened"]), *expected, *broken_rules(file)]
    file.unlink()
    return found


def named(profile: str, journeys: tuple[str, ...]) -> str:
    """Return the name of a pair in the table."""
    return f"{profile} x {'+'.join(journeys)}"


def main() -> int:
    """Run what has no line in the table yet; return 1 where anything is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--only", default="", help="pairs whose name has this in it")
    parser.add_argument("--again", action="store_true", help="also pairs that have a line")
    parser.add_argument("--count", type=int, default=PEOPLE)
    asked = parser.parse_args()
    lines = asked.table.read_text().splitlines() if asked.table.exists() else []
    done = set() if asked.again else {line.split("\t")[0] for line in lines}
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    broken = 0
    for profile, journeys in pairs():
        pair = named(profile, journeys)
        if pair in done or asked.only not in pair:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = faults(Path(folder), profile, journeys, asked.count)
        broken += bool(found)
        seconds = f"{time.monotonic() - began:.1f}"
        line = "\t".join((pair, commit, seconds, " | ".join(found) or "none"))
        with asked.table.open("a") as table:
            table.write(line + "\n")
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
