"""Add to hcpcs.csv what CMS's BETOS file and risk adjustment's list of services hold.

Rows that are already there stay as they are: their texts are fuller.

Usage: python scripts/books/hcpcs.py betos_code_map.json ra_eligible_cpt_hcpcs_2026.csv
"""

import csv
import json
import re
import sys
from pathlib import Path

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
LEVEL_II = re.compile(r"[A-CE-V]\d{4}")  # D is dental and the dentists' own
KINDS = {
    "D1A": "supply", "D1B": "hospital bed", "D1C": "oxygen", "D1D": "wheelchair",
    "D1E": "equipment", "D1F": "orthosis or prosthesis", "D1G": "inhaled drug",
    "O1A": "transport", "O1B": "chiropractic", "O1C": "nutrition", "O1D": "chemotherapy",
    "O1E": "injected drug", "O1F": "hearing and speech", "O1G": "vaccine", "M": "visit",
    "I": "imaging", "T": "test", "P": "procedure",
}  # fmt: skip
"""Our words for groups of the Berenson-Eggers type of service, by code or first letter."""


def kind(code: str) -> str:
    """Return our word for a type of service."""
    return KINDS.get(code) or KINDS.get(code[0], "other")


def main(betos: Path, eligible: Path) -> None:
    """Write the book anew: rows that it has, then those of either file that it lacks."""
    path = DATA / "hcpcs.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    known = {row[0]: row for row in rows}
    for code, (found, *_) in json.loads(betos.read_text(encoding="utf-8")).items():
        if LEVEL_II.fullmatch(code):
            known.setdefault(code, [code, found["description"], kind(found["code"])])
    for code in eligible.read_text(encoding="utf-8").split():
        if LEVEL_II.fullmatch(code):
            words = "Service that counts for risk adjustment in 2026 (its text is not in the book)"
            known.setdefault(code, [code, words, "other"])
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerows([head, *(known[code] for code in sorted(known))])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
