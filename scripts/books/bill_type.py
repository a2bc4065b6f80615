"""Write bill_type.csv: kinds of facility and bill, each with the frequencies that it may have.

The digits are those of form locator 4 of the UB-04, the words are ours.
"""

import csv
from itertools import product
from pathlib import Path

DATA = Path(__file__).parents[2] / "server/healthsim/codes/data"
KINDS = {
    "11": "Hospital, inpatient",
    "12": "Hospital, inpatient services paid as outpatient",
    "13": "Hospital, outpatient",
    "14": "Hospital, laboratory of people who are no patients",
    "18": "Hospital, swing bed",
    "21": "Skilled nursing facility, inpatient",
    "22": "Skilled nursing facility, inpatient services paid as outpatient",
    "23": "Skilled nursing facility, outpatient",
    "32": "Home health under a plan of care",
    "34": "Home health without a plan of care",
    "41": "Religious nonmedical institution, inpatient",
    "43": "Religious nonmedical institution, outpatient",
    "71": "Rural health clinic",
    "72": "Dialysis facility",
    "74": "Outpatient rehabilitation facility",
    "75": "Comprehensive outpatient rehabilitation facility",
    "76": "Community mental health center",
    "77": "Federally qualified health center",
    "81": "Hospice outside a hospital",
    "82": "Hospice in a hospital",
    "83": "Ambulatory surgery",
    "84": "Freestanding birthing center",
    "85": "Critical access hospital, outpatient",
    "86": "Residential facility",
    "87": "Opioid treatment program",
}
FREQUENCIES = {
    "0": "no payment asked",
    "1": "whole stay or course",
    "2": "first of several bills",
    "3": "continuing bill",
    "4": "last of several bills",
    "5": "late charges",
    "7": "replaces an earlier bill",
    "8": "voids an earlier bill",
    "9": "final bill of a home health period",
}


def main() -> None:
    """Write every combination; only home health has a final bill of a period."""
    with (DATA / "bill_type.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("code", "display"))
        for kind, frequency in product(KINDS, FREQUENCIES):
            if frequency != "9" or kind == "32":
                out.writerow((kind + frequency, f"{KINDS[kind]}: {FREQUENCIES[frequency]}"))


if __name__ == "__main__":
    main()
