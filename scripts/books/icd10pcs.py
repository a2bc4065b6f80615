"""Write icd10pcs.txt.gz: every ICD-10-PCS code that the sources hold, with its title.

The titles of one source come before those of the next; codes that only a grouper holds have none.

Usage: python scripts/books/icd10pcs.py icd_10_pcs.csv icd10pcs.db v43.1.json.xz
"""

import csv
import gzip
import json
import lzma
import re
import sqlite3
import sys
from pathlib import Path

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
SHAPE = re.compile(r"[0-9BCDFGHX][0-9A-HJ-NP-Z]{6}")
UNTITLED = "Procedure of fiscal year 2026 (its title is not in the book)"


def titles_2024(path: Path) -> dict[str, str]:
    """Return the codes of the release of 2024, a CSV without a heading."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row[0]: row[1] for row in csv.reader(file) if row and SHAPE.fullmatch(row[0])}


def titles_2025(path: Path) -> dict[str, str]:
    """Return those of the medical and surgical section of 2025, a table of a SQLite file."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT code, long_name FROM pcs_codes WHERE billable = 1")
        return {code: title for code, title in rows if SHAPE.fullmatch(code)}


def codes_2026(path: Path) -> set[str]:
    """Return the procedure codes that the grouper of 2026 knows."""
    tables = json.loads(lzma.decompress(path.read_bytes()))
    keys = {*tables["prmap"], *tables["orpcsmap"], *tables["neoormap"]}
    return {key for key in keys if SHAPE.fullmatch(key)}


def main(first: Path, second: Path, third: Path) -> None:
    """Write the book; the archive holds no time, so equal codes give equal bytes."""
    found = dict.fromkeys(codes_2026(third), UNTITLED)
    found |= titles_2025(second)
    found |= titles_2024(first)
    text = "".join(f"{code}\t{found[code]}\n" for code in sorted(found))
    (DATA / "icd10pcs.txt.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
