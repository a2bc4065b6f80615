"""Families of people who are not in the data: whom they call, and what their relatives had."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.codes.icd10cm import icd10cm
from healthsim.medicine.datafiles import rows


class Contact(NamedTuple):
    """Whom people without a spouse name for emergencies.

    Attributes:
        role: HL7 v3 RoleCode of a man of the pair (SONC, BRO, FTH), or FRND; empty for nobody.
        weight: share of people of the ages.
        women: share of these contacts who are women, 0 to 1.
        younger_low, younger_high: between how many years they are younger (negative: older).
        women_other_name, men_other_name: shares whose surname is another.
    """

    role: str
    weight: float
    women: float
    younger_low: float
    younger_high: float
    women_other_name: float
    men_other_name: float


@cache
def contacts() -> tuple[tuple[int, int, tuple[Contact, ...]], ...]:
    """Return (lowest age, highest age, choices) in years, in the order of the table."""
    groups: dict[tuple[int, int], list[Contact]] = {}
    for row in rows("contacts.csv"):
        group = groups.setdefault((int(row["age_low"]), int(row["age_high"])), [])
        group.append(Contact(
            row["role"], float(row["weight"]), float(row["women"]), float(row["younger_low"]),
            float(row["younger_high"]), float(row["women_other_name"]),
            float(row["men_other_name"]),
        ))  # fmt: skip
    return tuple((low, high, tuple(choices)) for (low, high), choices in groups.items())


class FamilyCondition(NamedTuple):
    """A condition that family histories name.

    Attributes:
        code, display: ICD-10-CM.
        linked: beginnings of codes by which a person has it.
        said: beginning of the code by which a person has a relative with it; empty for none.
        women, men: shares of relatives who have it in a long life, 0 to 1.
        mean, sd: of the age at which it begins, years.
        times: how many times as often relatives of those who have it have it too.
    """

    code: str
    display: str
    linked: tuple[str, ...]
    said: str
    women: float
    men: float
    mean: float
    sd: float
    times: float


@cache
def family_conditions() -> tuple[FamilyCondition, ...]:
    """Return the conditions that family histories name, in the order of the table."""
    return tuple(
        FamilyCondition(
            row["code"], icd10cm().display(row["code"]), tuple(row["linked"].split(";")),
            row["said"],
            float(row["women"]), float(row["men"]), float(row["mean"]), float(row["sd"]),
            float(row["times"]),
        )
        for row in rows("family_history.csv")
    )  # fmt: skip
