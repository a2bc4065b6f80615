"""Write sides.csv, the codes of one condition that differ only in the side that they name.

Usage: python scripts/books/sides.py

It reads the texts of icd10cm.txt. Codes whose texts are the same but for "right", "left",
"bilateral" and "unspecified" (or "unilateral" alone) are one line. Left out: injuries and external
causes, codes with a seventh character, and texts that two codes of one side share.
"""

import csv
import re
from collections import defaultdict
from pathlib import Path

from healthsim.codes.diagnoses import icd10cm

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
SIDES = {"bilateral": "both", "right": "right", "left": "left"}
WORDS = re.compile(r"\b(right|left|bilateral|unilateral|unspecified)\b")
PARTS = ("eye", "ear", "hip", "knee", "limb", "breast")
"""What texts of one side name and those of both sides may leave out."""
LEFT_OUT = "STVWXYZ"
LONGEST = 7  # characters, with the dot, of a code without a seventh character


def main() -> None:
    """Write a line for each condition that has codes of at least two kinds."""
    found: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in icd10cm().every():
        text = row.display.lower()
        words = WORDS.findall(text)
        billable = not row.header and not row.valid_until
        if words and billable and row.code[0] not in LEFT_OUT and len(row.code) <= LONGEST:
            side = next((SIDES[word] for word in SIDES if word in words), "unspecified")
            found[row.code[:3], without_side(text)][side].append(row.code)
    for (category, text), sides in list(found.items()):
        whole = next((found[category, f"{text} {part}"] for part in PARTS
                      if (category, f"{text} {part}") in found), None)  # fmt: skip
        if [*sides] == ["both"] and whole is not None:
            whole["both"] += sides.pop("both")
    order = ("unspecified", "right", "left", "both")
    with (DATA / "sides.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(order)
        single = filter(_is_single, found.values())
        lines = [["".join(sides.get(side, ())) for side in order] for sides in single]
        out.writerows(sorted(lines, key=lambda line: min(filter(None, line))))


def _is_single(sides: dict[str, list[str]]) -> bool:
    """Tell whether a text has codes of two sides or more, and one code for each."""
    return len(sides) > 1 and all(len(codes) == 1 for codes in sides.values())


def without_side(text: str) -> str:
    """Return a text without its side, and without what side and number change in it.

    >>> without_side("unilateral primary osteoarthritis, right knee")
    'primary osteoarthriti knee'
    >>> without_side("bilateral primary osteoarthritis of knee")
    'primary osteoarthriti knee'
    """
    words = re.findall(r"[^ ,]+", WORDS.sub("", text))
    one = {"feet": "foot"}
    return " ".join(one.get(word, word.removesuffix("s")) for word in words
                    if word not in ("of", "the"))  # fmt: skip


if __name__ == "__main__":
    main()
