"""What charts hold of how people live: which facts, how often, and what codes say of smoking."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows

SMOKING = ("Smokes tobacco daily", "Occasional tobacco smoker", "Ex-smoker", "Never smoked tobacco")
"""Smoking statuses, in the words of SNOMED CT; current smokers are the first two."""
DAILY, SOMETIMES, FORMER, NEVER = range(4)


class Fact(NamedTuple):
    """A kind of observation about a person.

    Attributes:
        kind: its name; unique.
        loinc, display: what is observed.
        category: of the observation, in FHIR's and US Core's words.
        share: of those whom it may be about of whom it is known, 0 to 1.
        age_low, age_high: completed years.
        sex: whose fact it is; empty for both.
    """

    kind: str
    loinc: str
    display: str
    category: str
    share: float
    age_low: int
    age_high: int
    sex: str


class Answer(NamedTuple):
    """One value of a fact.

    Attributes:
        text, code, system: the value; code and system may be empty.
        weight: relative to others of the same group.
    """

    text: str
    code: str
    system: str
    weight: float


class AnswerGroup(NamedTuple):
    """The values among which people of some ages and a sex have one."""

    sex: str
    age_low: int
    age_high: int
    answers: tuple[Answer, ...]


class Occupation(NamedTuple):
    """An occupation with the industry in which most have it; codes of SOC 2018 and NAICS 2022.

    Attributes:
        weight: people employed, millions.
        degree: whether it needs more than a high school degree.
    """

    occupation: str
    soc: str
    industry: str
    naics: str
    weight: float
    degree: bool


class SmokingShares(NamedTuple):
    """Shares of current and of former smokers of a sex from an age in years on."""

    sex: str
    age_from: int
    current: float
    former: float


class SmokingCode(NamedTuple):
    """What an ICD-10-CM code's beginning says of smoking: current, former, or other shares."""

    code: str
    says: str
    current: float
    former: float


@cache
def facts() -> dict[str, Fact]:
    """Return the kinds of observations, by name, in the order of the table.

    >>> facts()["smoking_status"].loinc
    '72166-2'
    """
    return {
        row["kind"]: Fact(
            row["kind"], row["loinc"], row["display"], row["category"], float(row["share"]),
            int(row["age_low"]), int(row["age_high"]), row["sex"],
        )
        for row in rows("observations.csv")
    }  # fmt: skip


@cache
def answer_groups(kind: str) -> tuple[AnswerGroup, ...]:
    """Return the values of a fact by group of people; no two groups overlap."""
    groups: dict[tuple[str, int, int], list[Answer]] = {}
    for row in rows("observation_values.csv"):
        if row["kind"] == kind:
            group = groups.setdefault((row["sex"], int(row["age_low"]), int(row["age_high"])), [])
            group.append(Answer(row["value"], row["code"], row["system"], float(row["weight"])))
    return tuple(AnswerGroup(*whose, tuple(answers)) for whose, answers in groups.items())


@cache
def occupations() -> tuple[Occupation, ...]:
    """Return the occupations."""
    return tuple(
        Occupation(row["occupation"], row["soc"], row["industry"], row["naics"],
                   float(row["weight"]), row["degree"] == "1")
        for row in rows("occupations.csv")
    )  # fmt: skip


@cache
def smoking_shares() -> tuple[SmokingShares, ...]:
    """Return shares of smokers by sex and age."""
    return tuple(
        SmokingShares(row["sex"], int(row["age_from"]), float(row["current"]), float(row["former"]))
        for row in rows("smoking.csv")
    )


@cache
def smoking_codes() -> tuple[SmokingCode, ...]:
    """Return what codes say of smoking; of several that a code begins with, the first counts."""
    return tuple(
        SmokingCode(row["code"], row["says"], float(row["current"] or 0), float(row["former"] or 0))
        for row in rows("smoking_codes.csv")
    )


def says_of_smoking(code: str) -> str:
    """Return what an ICD-10-CM code says of smoking: current or former; else nothing.

    >>> says_of_smoking("F17.210"), says_of_smoking("F17.211"), says_of_smoking("J44.9")
    ('current', 'former', '')
    """
    found = next((one.says for one in smoking_codes() if code.startswith(one.code)), "")
    return found if found != "shares" else ""
