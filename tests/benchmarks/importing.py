"""A file of the NPPES layout with made-up rows, imported: seconds, processor time, peak memory.

    python tests/benchmarks/importing.py [--rows 1000000] [--zip]

The file has all 330 columns, every field in quotes and most of them empty, as the monthly file
ships. The import runs in a process of its own, as the command does, so that its peak is its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROWS = 1_000_000
NAME = "npidata_pfile_20050523-20240512.csv"
_FIRST = 100_000_000  # of the nine digits before the check digit


def make(path: Path, rows: int) -> None:
    """Write the file: four people to one organisation, some deactivated, all over the country."""
    import duckdb
    import pyarrow as pa

    sys.path.insert(0, str(Path(__file__).parent.parent))
    import publishing
    from healthsim.products.populationsim.reference import geography

    here = geography()
    letters = [here.states[here.county_state[county]] for county in here.place_county]
    zips = pa.table({"number": pa.array(range(len(letters))), "zip": pa.array(here.place_zip),
                     "state": pa.array(letters)})  # fmt: skip
    said = {
        "NPI": f"({_FIRST} + i)::VARCHAR || {_check_digit()}",
        "Entity Type Code": "CASE WHEN i % 5 = 0 THEN '2' ELSE '1' END",
        "Provider Organization Name (Legal Business Name)":
            "CASE WHEN i % 5 = 0 THEN 'MADE UP CLINIC, NUMBER ' || i END",
        "Provider Last Name (Legal Name)": "CASE WHEN i % 5 > 0 THEN 'INVENTED' || i % 9973 END",
        "Provider First Name": "CASE WHEN i % 5 > 0 THEN 'NOBODY' || i % 997 END",
        "Provider Credential Text": "'M.D.'",
        "Provider First Line Business Mailing Address": "i || ' SYNTHETIC OAK LANE'",
        "Provider First Line Business Practice Location Address": "i || ' SYNTHETIC OAK LANE'",
        f"{publishing.PRACTICE} City Name": "'NOWHERE'",
        f"{publishing.PRACTICE} State Name": "state",
        f"{publishing.PRACTICE} Postal Code": "zip || '1234'",
        f"{publishing.PRACTICE} Country Code (If outside U.S.)": "'US'",
        f"{publishing.PRACTICE} Telephone Number": "'7135550100'",
        "Provider Enumeration Date": "'05/23/2006'",
        "Last Update Date": "'07/08/2007'",
        "NPI Deactivation Date": "CASE WHEN i % 33 = 0 THEN '01/05/2020' END",
        "Healthcare Provider Taxonomy Code_1":
            "['207Q00000X', '207R00000X', '363L00000X', '2084P0800X'][1 + i % 4]",
        "Provider License Number_1": "'X' || i",
        "Healthcare Provider Primary Taxonomy Switch_1": "if(i % 7 = 0, 'N', 'Y')",
        "Healthcare Provider Taxonomy Code_2": "CASE WHEN i % 7 = 0 THEN '207RC0000X' END",
        "Healthcare Provider Primary Taxonomy Switch_2": "CASE WHEN i % 7 = 0 THEN 'Y' END",
        "Is Sole Proprietor": "'N'",
        "Certification Date": "'05/23/2020'",
    }  # fmt: skip
    cells = ", ".join(
        f"coalesce({said.get(name, 'NULL')}, '') AS \"{name}\"" for name in publishing.NPPES
    )
    with duckdb.connect(":memory:") as connection:
        connection.register("zips", zips)
        connection.execute(
            f"COPY (SELECT {cells} FROM range({rows}) AS r(i) JOIN zips "
            f"ON zips.number = (i * 7919) % {len(letters)}) TO '{path}' (FORCE_QUOTE *)"
        )


def _check_digit() -> str:
    digits = [f"(({_FIRST} + i) // {10**place} % 10)" for place in range(9)]
    doubled = [f"(2 * {digit} // 10 + 2 * {digit} % 10)" for digit in digits[0::2]]
    return f"((1000 - 24 - {' - '.join([*doubled, *digits[1::2]])}) % 10)::VARCHAR"


def measure(file: Path, home: Path) -> dict[str, float]:
    """Import the file once; return seconds, rows and the peak."""
    from healthsim.operations.home import Home
    from healthsim.operations.reference import import_file

    begun = time.perf_counter()
    done = import_file(Home(home), "nppes", file)
    took = time.perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": took,
        "processor": used.ru_utime + used.ru_stime,
        "rows": done.rows,
        "peak_gb": used.ru_maxrss / 2**20,
        "file_mb": (home / "reference.duckdb").stat().st_size / 2**20,
    }


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--zip", action="store_true", help="import the zip file, as it ships")
    parser.add_argument("--file", type=Path, help="import this file and print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.file:
            print(json.dumps(measure(arguments.file, Path(folder))))
            return
        file = Path(folder) / NAME
        make(file, arguments.rows)
        size = file.stat().st_size / 2**20
        if arguments.zip:
            packed = file.with_suffix(".zip")
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                archive.write(file, file.name)
            file.unlink()
            file = packed
        command = [sys.executable, __file__, "--file", str(file)]
        one = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        print(f"import nppes: {arguments.rows:,} rows of 330 columns ({size:,.0f} MB"
              f"{', zipped' if arguments.zip else ''}), {one['rows']:,} kept, "
              f"{one['seconds']:.1f} s ({one['processor']:.1f} s of processor time), "
              f"peak {one['peak_gb']:.2f} GB, "
              f"reference {one['file_mb']:.0f} MB", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
