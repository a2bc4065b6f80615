"""The npm package `fhir` over FHIR exports of five scenarios: part of `make judges`.

    PYTHONPATH=tests:server python -m judges.fhir_npm

It needs Node 20 and npm, from where it comes into .judges/npm.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from judges.fhir import RUNS, exported

LIMIT = 1_000
"""Resources of each file that are judged."""
_FILES = Path(__file__).parent / "npm"
_WORK = Path(__file__).parents[2] / ".judges" / "npm"


def main() -> None:
    """Judge; end with 1 where a resource has an error, or where something is missing."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            sys.exit(f"there is no {program}: install Node 20")
    _WORK.mkdir(parents=True, exist_ok=True)
    for file in _FILES.iterdir():
        shutil.copyfile(file, _WORK / file.name)
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    subprocess.run(["npm", "install", *quiet], cwd=_WORK, check=True)
    with tempfile.TemporaryDirectory() as folder:
        folders = [exported(Path(folder), profile, journeys) for profile, journeys in RUNS]
        command = ["node", "judge.js", str(LIMIT), *map(str, folders)]
        done = subprocess.run(command, cwd=_WORK, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
