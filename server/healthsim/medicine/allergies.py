"""What people are allergic to or do not bear, how often, and how they react: tables as data."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from healthsim.medicine.datafiles import rows
from healthsim.medicine.safety import SafetyRule, safety_rules

CHILD, ADULT, OLD = 1, 18, 65
"""Ages in completed years from which the three shares of a substance hold; below, nobody has it."""


class Substance(NamedTuple):
    """Something that people may be allergic to.

    Attributes:
        name: in words; unique.
        code, display, system: RxNorm ingredient, or UNII of the FDA; a member of a class stands
            for it.
        category: medication, food or environment.
        kind: allergy or intolerance.
        shares: of children, adults and those of 65 or more who have it on their list, 0 to 1.
        women: how many times as often women have it as men.
        first_year: year from which there is the substance: nobody's allergy begins before it.
        onset: ages in years between which it begins.
        outgrown: share of those who had it whose allergy is resolved when they are older.
        reactions: name of the group of reactions.
        implied: beginnings of ICD-10-CM codes that say that a person has it.
        source: of the shares.
    """

    name: str
    code: str
    display: str
    system: str
    category: str
    kind: str
    shares: tuple[float, float, float]
    women: float
    first_year: int
    onset: tuple[float, float]
    outgrown: float
    reactions: str
    implied: tuple[str, ...]
    source: str

    @property
    def rules(self) -> tuple[SafetyRule, ...]:
        """The rules of safe drugs that say what must not be given."""
        return _rules_of(self.name)


class Reaction(NamedTuple):
    """How some react to a substance.

    Attributes:
        display: in words; None where the list names none.
        weight: share of those with the allergy, 0 to 1.
        mild, moderate: shares of severity; the rest are severe.
        high: whether it may kill, so that the allergy is of high criticality.
    """

    display: str | None
    weight: float
    mild: float
    moderate: float
    high: bool


@cache
def substances() -> dict[str, Substance]:
    """Return every substance by name, in the order of the table.

    >>> substances()["penicillin"].implied
    ('Z88.0',)
    """
    return {row["substance"]: _substance(row) for row in rows("allergies.csv")}


def _substance(row: dict[str, str]) -> Substance:
    return Substance(
        name=row["substance"],
        code=row["code"],
        display=row["display"],
        system=row["system"],
        category=row["category"],
        kind=row["kind"],
        shares=(float(row["child"]), float(row["adult"]), float(row["old"])),
        women=float(row["women"]),
        first_year=int(row["first_year"]),
        onset=(float(row["onset_low"]), float(row["onset_high"])),
        outgrown=float(row["outgrown"]),
        reactions=row["reactions"],
        implied=tuple(code for code in row["implied"].split(";") if code),
        source=row["source"],
    )


@cache
def reactions(group: str) -> tuple[Reaction, ...]:
    """Return the reactions of a group; their weights add up to 1."""
    return tuple(
        Reaction(
            row["reaction"] or None,
            float(row["weight"]),
            float(row["mild"] or 0),
            float(row["moderate"] or 0),
            row["high"] == "1",
        )
        for row in rows("allergic_reactions.csv")
        if row["reactions"] == group
    )


@cache
def _rules_of(name: str) -> tuple[SafetyRule, ...]:
    return tuple(
        rule for rule in safety_rules().rules if rule.kind == "allergy" and name in rule.keys
    )
