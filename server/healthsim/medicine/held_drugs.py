"""Which drugs a stay holds: not given while it lasts, though people take them at home.

The rules are rows of ``data/held_on_wards.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from healthsim.codes.drugs import drugs
from healthsim.medicine.datafiles import rows

FILE = "held_on_wards.csv"


@dataclass(frozen=True)
class HeldDrugs:
    """Drugs that are held in stays with a diagnosis, with a result, or, without these, in all.

    Attributes:
        name: in words joined by hyphens; unique.
        ingredients: of the drugs.
        diagnoses: regular expression for the beginning of a diagnosis of the stay; "" for none.
        principal: whether that is the stay's first diagnosis.
        labs: LOINC codes of one test.
        below: a result below this holds the drugs.
        days: how many days before the stay a result still counts.
        unless: regular expression for the beginning of a condition with which they are given.
        words: why they are held.
    """

    name: str
    ingredients: frozenset[str]
    diagnoses: str
    principal: bool
    labs: tuple[str, ...]
    below: float
    days: int
    unless: str
    words: str


@cache
def held_drugs() -> tuple[HeldDrugs, ...]:
    """Return every row of the table.

    >>> [one.name for one in held_drugs() if "lisinopril" in one.ingredients][0]
    'kidney-injury'
    """
    return tuple(
        HeldDrugs(
            name=row["name"],
            ingredients=_ingredients(row["drugs"].split(";")),
            diagnoses=row["diagnoses"],
            principal=row["principal"] == "yes",
            labs=tuple(filter(None, row["lab"].split(";"))),
            below=float(row["below"] or 0),
            days=int(row["days"] or 0),
            unless=row["unless"],
            words=row["words"],
        )
        for row in rows(FILE)
    )


def _ingredients(groups: list[str]) -> frozenset[str]:
    """Return ingredients, those of a class for ``class:`` and its name."""
    classes = {
        drug.ingredient for drug in drugs().rows.values() if f"class:{drug.drug_class}" in groups
    }
    return frozenset(classes | {one for one in groups if not one.startswith("class:")})
