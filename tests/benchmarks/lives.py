"""Whole lives, and Synthea's beside them in one run, in person-years a processor second.

    python tests/benchmarks/lives.py [--people 100,1000] [--synthea 100]

`life.json` is a life of 36,524 days: well-child visits, yearly preventive visits, seven acute and
eight chronic illnesses and four kinds of stays, twenty-one streams in
a chart of detail `core` with claims and fills. Rows are made and not stored.

`--synthea` runs Synthea 3.3.0 with so many people too. It needs Java 17 and Maven, which downloads
it (`org.mitre.synthea:synthea`). Its lives are written as CSV with their whole history; the time
that Java takes to start is in its figure. A program that prints, not a test: quote ratios.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

YEAR_DAYS = 365.25
REFERENCE_DAY = date(2026, 1, 1)
_POM = """<project><modelVersion>4.0.0</modelVersion>
<groupId>healthsim</groupId><artifactId>lives</artifactId><version>1</version><dependencies>
<dependency><groupId>org.mitre.synthea</groupId><artifactId>synthea</artifactId>
<version>3.3.0</version></dependency></dependencies></project>"""


def measure(count: int) -> dict[str, float]:
    """Make the rows of so many lives once, in one chunk; return what it took."""
    import numpy as np

    from healthsim.execution.passes.rehearsal import settle_population_steps, walk_chunk
    from healthsim.execution.prepare import prepare
    from healthsim.execution.run import context_of, tables_of_chunk

    document = json.loads((Path(__file__).parent / "life.json").read_text())
    job = prepare(document["profile"] | {"count": count}, [document["journey"]])
    begun = time.process_time()
    timeline = walk_chunk(job, settle_population_steps(job), 0, count)
    walked = time.process_time()
    tables = tables_of_chunk(job, context_of(job, timeline))
    made = time.process_time()
    lived = np.minimum(timeline.record.death, job.through) - timeline.start_days[0]
    return {
        "lives": count,
        "person_years": float(lived.sum() / YEAR_DAYS),
        "rows": sum(len(next(iter(columns.values()))) for columns in tables.values()),
        "walk_s": walked - begun,
        "seconds": made - begun,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def measure_synthea(count: int, folder: Path) -> dict[str, float]:
    """Run Synthea with so many living people; return what it took, of all its lives."""
    (folder / "pom.xml").write_text(_POM)
    subprocess.run(["mvn", "-q", "dependency:copy-dependencies"], cwd=folder, check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        ["java", "-cp", "target/dependency/*", "App", "-p", str(count), "-s", "1",
         "-r", REFERENCE_DAY.strftime("%Y%m%d"), "--exporter.csv.export=true",
         "--exporter.fhir.export=false", "--exporter.years_of_history=0"],
        cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    days, lives, rows = 0, 0, 0
    for path in sorted((folder / "output" / "csv").glob("*.csv")):
        with path.open(newline="") as lines:
            for row in csv.DictReader(lines):
                rows += 1
                if path.name == "patients.csv":
                    end = date.fromisoformat(row["DEATHDATE"]) if row["DEATHDATE"] else None
                    days += ((end or REFERENCE_DAY) - date.fromisoformat(row["BIRTHDATE"])).days
                    lives += 1
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"lives": lives, "person_years": days / YEAR_DAYS, "rows": rows, "seconds": seconds,
            "walk_s": float("nan"), "peak_gb": after.ru_maxrss / 2**20}  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", default="100,1000")
    parser.add_argument("--synthea", type=int, help="run Synthea too, with so many people")
    parser.add_argument("--one", type=int, help="measure one size and print JSON")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.one)))
        return
    print(f"{'':>9} {'lives':>7} {'person-years':>12} {'rows':>11} {'CPU s':>8} {'walk s':>8} "
          f"{'years/CPU s':>11} {'rows/CPU s':>10} {'peak GB':>8}")  # fmt: skip
    for count in map(int, filter(None, arguments.people.split(","))):
        command = [sys.executable, __file__, "--one", str(count)]
        found = subprocess.run(command, check=True, capture_output=True).stdout
        _show("healthsim", json.loads(found))
    if arguments.synthea:
        with tempfile.TemporaryDirectory() as folder:
            _show("synthea", measure_synthea(arguments.synthea, Path(folder)))


def _show(name: str, one: dict[str, float]) -> None:
    seconds = one["seconds"]
    print(f"{name:>9} {one['lives']:>7,} {one['person_years']:>12,.0f} {one['rows']:>11,} "
          f"{seconds:>8.1f} {one['walk_s']:>8.1f} {one['person_years'] / seconds:>11,.0f} "
          f"{one['rows'] / seconds:>10,.0f} {one['peak_gb']:>8.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
