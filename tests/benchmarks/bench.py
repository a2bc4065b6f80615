"""The reference job at three sizes, stored, against DuckDB copying the same tables; then others.

    python tests/benchmarks/bench.py [--counts 10000,100000,1000000] [--jobs lifecycle,stages,trial]

`lifecycle` is ten years of kidney disease, stored; `stages` is a lifecycle in which nothing but
the stages happens, made and not stored; `trial` is a trial with all its visits, stored. A
person-year is one person over one year of the window, whether they live to its end or not.

Each size runs in a process of its own, so that its peak memory is its own. A program that prints,
not a test: the machine decides the seconds, the ratio to the copy decides the engine.
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
from typing import Any

PROFILE, JOURNEY = "medicare-diabetic", "diabetic-first-year"
COUNTS = (10_000, 100_000, 1_000_000)
YEARS = 10
JOBS = {"lifecycle": 10_000, "stages": 200_000, "trial": 10_000}
"""Jobs besides the reference, and how many people each has."""
DATA = Path(__file__).parent.parent / "data"


def measure(count: int, folder: Path, detail: str = "full") -> dict[str, float]:
    """Run and store the reference job once; copy its tables once; return what it took."""
    from healthsim.building import templates
    from healthsim.execution.prepare import prepare
    from healthsim.operations import generate
    from healthsim.operations.home import Home

    home = Home(folder)
    profile = templates.load(PROFILE, "profile").fresh() | {"detail": detail}
    journeys = [templates.load(JOURNEY, "journey").fresh()]
    generate.run(home, prepare(profile | {"count": 200}, journeys))  # imports and code books
    begun = time.perf_counter()
    job = prepare(profile | {"count": count}, journeys)
    record = generate.run(home, job)
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    path = home.runs / f"{record.run_id}.duckdb"
    return {
        "count": count,
        "rows": sum(record.counts.values()),
        "seconds": took,
        "copy_seconds": copy_seconds(path, folder / "copy.duckdb"),
        "peak_gb": peak,
        "file_mb": path.stat().st_size / 2**20,
    }


def job_of(name: str, count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the documents of a job besides the reference."""
    from healthsim.building import templates

    if name == "lifecycle":
        profile = templates.load("medicare-ckd", "profile").fresh()
        journey = templates.load("ckd-lifecycle", "journey").fresh()
    elif name == "stages":
        profile = {"kind": "profile", "name": "many", "products": ["patientsim"],
                   "through": f"{2025 + YEARS}-12-31"}  # fmt: skip
        journey = json.loads((Path(__file__).parent / "stages.json").read_text())
    else:
        profile = json.loads((DATA / "trial-candidates.json").read_text())
        journey = json.loads((DATA / "trial.json").read_text())
    return profile | {"count": count}, [journey]


def measure_job(name: str, count: int, folder: Path) -> dict[str, float]:
    """Run a job once, warm; return people, rows, seconds, and the units that it is counted by."""
    from healthsim.execution.prepare import prepare
    from healthsim.execution.run import chunks
    from healthsim.operations import generate
    from healthsim.operations.home import Home

    home = Home(folder)
    generate.run(home, prepare(*job_of(name, 300)))  # imports and code books
    begun = time.perf_counter()
    job = prepare(*job_of(name, count))
    if name == "stages":
        made = [chunk.tables for chunk in chunks(job)]
        rows = {"events": sum(len(tables["events"]["event_id"]) for tables in made[:-1])}
    else:
        rows = dict(generate.run(home, job).counts)
    took = time.perf_counter() - begun
    units = rows["subjects"] if name == "trial" else count * YEARS
    return {"count": count, "rows": sum(rows.values()), "seconds": took, "units": units}


def copy_seconds(source: Path, target: Path) -> float:
    """Return how long DuckDB takes to copy every table of a file into a new file."""
    import duckdb

    target.unlink(missing_ok=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{source}' AS old (READ_ONLY)")
        found = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'old'"
        ).fetchall()
        begun = time.perf_counter()
        connection.execute(f"ATTACH '{target}' AS new")
        for (name,) in found:
            connection.execute(f'CREATE TABLE new."{name}" AS SELECT * FROM old."{name}"')
        connection.execute("CHECKPOINT new")
        connection.execute("DETACH new")
        return time.perf_counter() - begun


def execute_spec_seconds() -> float:
    """Return how long `execute_spec` takes for 200 people, warm, through a real MCP client."""
    import anyio
    from mcp import Client

    from healthsim.app import build_server

    async def go() -> float:
        with tempfile.TemporaryDirectory() as folder:
            async with Client(build_server(Path(folder))) as client:

                async def call(tool: str, **arguments: object) -> dict[str, object]:
                    answer = await client.call_tool(tool, arguments)
                    assert not answer.is_error, answer.content
                    return dict(answer.structured_content or {})

                built = await call("start_profile_builder", request="200", template=PROFILE)
                spec = built["spec_id"]
                await call("start_journey_builder", request="", spec_id=spec, template=JOURNEY)
                await call("execute_spec", spec_id=spec, seed=1)
                begun = time.perf_counter()
                await call("execute_spec", spec_id=spec, seed=2)
                return time.perf_counter() - begun

    return anyio.run(go)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default=",".join(map(str, COUNTS)))
    parser.add_argument("--one", type=int, help="measure one size and print JSON")
    parser.add_argument("--detail", default="full", help="how much of a chart: core, coded, full")
    parser.add_argument("--jobs", default=",".join(JOBS))
    parser.add_argument("--job", choices=JOBS, help="measure one job and print JSON")
    parser.add_argument("--warm", action="store_true", help="time execute_spec and print JSON")
    arguments = parser.parse_args()
    if arguments.warm:
        print(json.dumps(execute_spec_seconds()))
        return
    if arguments.job:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure_job(arguments.job, JOBS[arguments.job], Path(folder))))
        return
    if arguments.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(arguments.one, Path(folder), arguments.detail)))
        return
    print(f"{PROFILE} × {JOURNEY}, all products, detail {arguments.detail}, stored")
    print(f"{'people':>10} {'rows':>12} {'seconds':>8} {'people/s':>9} {'rows/s':>10} "
          f"{'copy s':>7} {'ratio':>6} {'peak GB':>8} {'file MB':>8}")  # fmt: skip
    for count in map(int, filter(None, arguments.counts.split(","))):
        command = [sys.executable, __file__, "--one", str(count), "--detail", arguments.detail]
        one = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        took = one["seconds"]
        print(f"{count:>10,} {one['rows']:>12,} {took:>8.2f} {count / took:>9,.0f} "
              f"{one['rows'] / took:>10,.0f} {one['copy_seconds']:>7.2f} "
              f"{took / one['copy_seconds']:>6.2f} {one['peak_gb']:>8.2f} "
              f"{one['file_mb']:>8.0f}", flush=True)  # fmt: skip
    for name in filter(None, arguments.jobs.split(",")):
        command = [sys.executable, __file__, "--job", name]
        one = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        unit = "subjects" if name == "trial" else "person-years"
        print(f"{name}: {one['count']:,} people, {one['rows']:,} rows, {one['seconds']:.2f} s, "
              f"{one['units'] / one['seconds']:,.0f} {unit}/s", flush=True)  # fmt: skip
    command = [sys.executable, __file__, "--warm"]
    seconds = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    print(f"execute_spec, 200 people, warm: {seconds:.2f} s", flush=True)
    for more in ("importing.py", "starting.py", "exporting.py"):
        subprocess.run([sys.executable, str(Path(__file__).with_name(more))], check=True)


if __name__ == "__main__":
    main()
