"""FHIR export of the reference job: resources per second, wall and processor, and peak memory.

    python tests/benchmarks/exporting.py [--people 20000]

The export runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROFILE, JOURNEY = "medicare-diabetic", "diabetic-first-year"


def made(people: int, detail: str, folder: Path) -> Path:
    """Run the reference job and return its file."""
    from healthsim.building import templates
    from healthsim.execution.prepare import prepare
    from healthsim.operations import generate
    from healthsim.operations.home import Home

    home = Home(folder)
    profile = templates.load(PROFILE, "profile").fresh() | {"count": people, "detail": detail}
    record = generate.run(home, prepare(profile, [templates.load(JOURNEY, "journey").fresh()]))
    return home.runs / f"{record.run_id}.duckdb"


def measure(path: Path, folder: Path) -> dict[str, float]:
    """Export a file, and return what it took."""
    from healthsim.exports.fhir import bulk

    folder.mkdir()
    begun, busy = time.perf_counter(), time.process_time()
    written = bulk.export(path, "bench", folder)
    took, used = time.perf_counter() - begun, time.process_time() - busy
    manifest = json.loads((folder / bulk.MANIFEST).read_text("utf-8"))
    return {
        "resources": sum(one["count"] for one in manifest["output"]),
        "seconds": took,
        "processor": used,
        "gb": sum(file.stat().st_size for file in written) / 1e9,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def main() -> None:
    """Print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--detail", default="full")
    parser.add_argument("--one", type=Path, help="export this file and print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if arguments.one:
            print(json.dumps(measure(arguments.one, folder / "out")))
            return
        path = made(arguments.people, arguments.detail, folder)
        command = [sys.executable, __file__, "--one", str(path)]
        one = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    print(
        f"fhir, {arguments.people:,} people: {one['resources']:,} resources, {one['gb']:.1f} GB, "
        f"{one['seconds']:.1f} s, {one['resources'] / one['seconds']:,.0f} resources/s, "
        f"{one['resources'] / one['processor']:,.0f} per processor second, "
        f"peak {one['peak_gb']:.2f} GB",
        flush=True,
    )


if __name__ == "__main__":
    main()
