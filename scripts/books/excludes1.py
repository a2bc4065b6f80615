"""Write excludes1.csv, the Excludes1 notes of the tabular list that hold without a condition.

Usage: python scripts/books/excludes1.py DIR

DIR holds simple-icd-10-cm 1.5.0 under ``2026``, as `icd10cm.py` says. A note is taken if it ends in
plain codes and says nothing like "unless", "without", "unspecified" or "NOS". Left out: notes of
blocks and chapters, ranges of codes, and a code and what is below it.
"""

import csv
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
CONDITIONAL = re.compile(
    r"unless|\bif\b|except|without|symptom|code to|code the|unspecified|NOS|NEC|final character|"
    r"other than|specified|due to|classif|see ",
    re.IGNORECASE,
)
CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?(\.?-)?")


def main(packages: Path) -> None:
    """Write each pair once, under the lesser of the two."""
    path = packages / "2026/simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml"
    found: dict[str, set[str]] = defaultdict(set)
    for code, other in pairs(ElementTree.parse(path).getroot()):
        first, second = min(code, other), max(code, other)
        if not second.startswith(first):
            found[first].add(second)
    with (DATA / "excludes1.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("code", "excluded"))
        out.writerows((code, " ".join(sorted(found[code]))) for code in sorted(found))


def pairs(above: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield a code and a code that a note under it excludes."""
    for category in above.iter("diag"):
        code = category.findtext("name") or ""
        for note in category.findall("excludes1/note"):
            text = note.text or ""
            named = re.search(r"\(([^()]*)\)\s*$", text)
            codes = [one.strip() for one in named.group(1).split(",")] if named else []
            if not CONDITIONAL.search(text) and all(CODE.fullmatch(one) for one in codes):
                yield from ((code, one.rstrip("-").rstrip(".")) for one in codes)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
