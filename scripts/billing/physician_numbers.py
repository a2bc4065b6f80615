"""Take from CMS's public files the figures of the numbers that HealthSim names.

CPT numbers belong to the American Medical Association: only those are taken that templates, skills
and rules of this project name, and no text of theirs. HCPCS level II is public and taken whole,
where it has relative values. Everybody who holds a licence can run this with a longer list.

Usage: python scripts/billing/physician_numbers.py FOLDER

FOLDER holds mpfs_rvu25d_numbers.csv, clfs_2025q2_numbers.csv, anesthesia_base_units_2025.csv,
ncci_mue_2026_numbers.csv and ncci_ptp_2026_used_codes.csv: CMS's files, cut to numbers.
"""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DATA = ROOT / "server/healthsim/billing/data"
LEVEL_II = re.compile(r"[A-CE-V]\d{4}")
NAMED = re.compile(r'"(\d{4}[\dT])"')
FAMILIES = (
    ("20604", "20611"), ("45378", "45398"), ("71045", "71048"), ("72040", "72040"),
    ("73030", "73030"), ("73560", "73565"), ("73600", "73630"), ("76801", "76817"),
    ("77065", "77067"), ("80047", "80076"), ("81000", "81003"), ("82270", "82274"),
    ("85013", "85027"), ("87804", "87811"), ("87880", "87880"), ("90460", "90474"),
    ("90785", "90792"), ("90832", "90838"), ("90951", "90970"), ("92002", "92014"),
    ("93000", "93018"), ("93040", "93042"), ("93224", "93227"), ("93303", "93308"),
    ("96360", "96379"), ("96401", "96417"), ("97110", "97168"), ("99151", "99157"),
    ("99202", "99215"), ("99217", "99239"), ("99281", "99292"), ("99304", "99316"),
    ("99341", "99350"), ("99381", "99397"), ("99406", "99409"), ("99460", "99480"),
    ("99483", "99498"), ("G0008", "G0010"),
)  # fmt: skip
"""Numbers that rules of this project name as families: from, to."""
OPERATED = (
    "19301", "22551", "22612", "22630", "23472", "27130", "27236", "29827", "29881", "33405",
    "47562", "47563", "49505", "49650", "52332", "58571", "59025", "63047", "66982", "69436",
    "70450", "70551", "72148", "74176", "93015", "93880", "93970", "17000", "11102", "12001",
    "69210", "36415", "32551", "31500", "36556", "55700", "52000", "64483", "62323",
)  # fmt: skip
"""Common services besides: rules for operations, the decision to operate and minor procedures."""
FEES = (
    "hcpcs", "component", "work_rvu", "pe_nonfac_rvu", "pe_fac_rvu", "mp_rvu", "pctc_ind",
    "global_days", "intra_share", "mult_proc", "bilat", "asst_surg", "endo_base",
)  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def named() -> set[str]:
    """Return the numbers that templates, skills and rules name."""
    found = {"99291", "99292", *OPERATED}
    for folder in ("templates", "skills"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".json", ".md"}:
                found.update(NAMED.findall(path.read_text(encoding="utf-8")))
    return found


def is_taken(code: str, names: set[str]) -> bool:
    """Tell whether the figures of a code are taken."""
    return code in names or any(low <= code <= high for low, high in FAMILIES)


def write(name: str, header: Iterable[str], found: Iterable[Iterable[str]]) -> None:
    """Write a table."""
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(found)


def physician(folder: Path, names: set[str]) -> Iterator[list[str]]:
    """Yield the rows of the physician fee schedule that are taken."""
    for row in rows(folder / "mpfs_rvu25d_numbers.csv"):
        code, component = row["hcpcs"], row["modifier"]
        if component not in ("", "26", "TC", "53"):
            continue
        amount = sum(float(row[name]) for name in FEES[2:6])
        if (LEVEL_II.fullmatch(code) and amount > 0) or is_taken(code, names):
            yield [code, component, *(row[name] for name in FEES[2:])]


def main(folder: Path) -> None:
    """Write the tables."""
    names = named()
    write("physician_fees.csv", FEES, physician(folder, names))
    write("laboratory_fees.csv", ("hcpcs", "usd"), (
        [row["hcpcs"], row["rate_usd"]] for row in rows(folder / "clfs_2025q2_numbers.csv")
        if not row["modifier"] and float(row["rate_usd"] or 0) > 0
        and (LEVEL_II.fullmatch(row["hcpcs"]) or is_taken(row["hcpcs"], names))
    ))  # fmt: skip
    write("most_units.csv", ("hcpcs", "units", "mai"), (
        [row["hcpcs"], row["max_units"], row["mai"]]
        for row in rows(folder / "ncci_mue_2026_numbers.csv")
        if LEVEL_II.fullmatch(row["hcpcs"]) or is_taken(row["hcpcs"], names)
    ))  # fmt: skip
    write("procedure_pairs.csv", ("column_1", "column_2", "modifier_allowed"), (
        [row["column1"], row["column2"], row["modifier_indicator"]]
        for row in rows(folder / "ncci_ptp_2026_used_codes.csv")
    ))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
