"""Write drg.csv from table 5 of a final rule, the tab-separated text that CMS publishes.

Usage: python scripts/books/drg.py TABLE_5.txt 2026
"""

import csv
import sys
from pathlib import Path

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
KINDS = {"MED": "medical", "SURG": "surgical"}


def main(table: Path, year: int) -> None:
    """Write every group that has a weight; the weight is the one after the cap on its fall."""
    with table.open(encoding="cp1252", errors="replace", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter="\t") if row and row[0].isdigit()]
    with (DATA / "drg.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("code", "display", "weight", "gmlos_days", "kind", "fiscal_year"))
        for row in sorted(rows):
            code, kind, title, weight, days = row[0], row[4], row[5], row[7], row[8]
            if kind in KINDS:
                out.writerow((code, title.strip(), weight, days, KINDS[kind], year))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
