"""How medicines are taken: the usual dose, its route, how often, and the words of the label."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from healthsim.codes.drugs import Drug
from healthsim.medicine.datafiles import rows

_PLURALS = MappingProxyType({"mL": "mL", "mg": "mg", "g": "g", "patch": "patches"})
_DIVIDED = ("tablet", "mL", "unit", "mg")  # units of which a part may be taken
_SMALLEST_SHARE = 0.25  # of the most that the label allows: what is taken when needed


class Dose(NamedTuple):
    """The usual dose of one medicine of the book.

    Attributes:
        amount: of one dose, in `unit`, > 0.
        unit: what a patient counts: tablet, mL, unit, puff, drop, …
        route: a route of `routes.csv`.
        frequency: a code of `frequencies.csv`.
        as_needed: taken when needed, at most so often.
        billing_units: the pharmacy's billing units in one `unit`, averaged over the days that a
            fill covers.
    """

    amount: float
    unit: str
    route: str
    frequency: str
    as_needed: bool
    billing_units: float

    @property
    def per_day(self) -> float:
        """Doses a day; below 1 where it is taken less often."""
        return frequencies()[self.frequency].per_day

    @property
    def daily_billing_units(self) -> float:
        """The pharmacy's billing units a day, at the most where it is taken when needed."""
        return self.amount * self.per_day * self.billing_units


class Frequency(NamedTuple):
    """How often something is taken.

    Attributes:
        per_day: doses a day; below 1 where it is taken less often.
        words: as a label says it.
        half: the code of about half as often; empty where there is none.
    """

    per_day: float
    words: str
    half: str


@cache
def frequencies() -> Mapping[str, Frequency]:
    """Return how often medicines are taken, by code."""
    return MappingProxyType(
        {
            row["code"]: Frequency(float(row["per_day"]), row["words"], row["half"])
            for row in rows("frequencies.csv")
        }
    )


@cache
def routes() -> Mapping[str, tuple[str, str]]:
    """Return the verb and the words of a label, by route."""
    return MappingProxyType(
        {row["route"]: (row["verb"], row["words"]) for row in rows("routes.csv")}
    )


@cache
def doses() -> Mapping[str, Dose]:
    """Return the usual dose of each medicine, by its name in the book.

    >>> doses()["metformin 500 mg tablet"].frequency
    'BID'
    """
    return MappingProxyType(
        {
            row["drug"]: Dose(
                float(row["dose"]),
                row["unit"],
                row["route"],
                row["frequency"],
                row["as_needed"] == "1",
                float(row["billing_units"]),
            )
            for row in rows("doses.csv")
        }
    )


def faults(dose: Dose, drug: Drug) -> list[str]:
    """Return what is wrong with a usual dose: units that do not exist or do not come out.

    Args:
        dose: the row of `doses.csv`.
        drug: the row of the book of medicines, whose `units_per_day` it has to lead to.
    """
    found = []
    if dose.route not in routes():
        found.append(f"{dose.route} is no route of routes.csv")
    if dose.frequency not in frequencies():
        return [*found, f"{dose.frequency} is no code of frequencies.csv"]
    share = drug.units_per_day / dose.daily_billing_units
    least = _SMALLEST_SHARE if dose.as_needed else 0.9
    if dose.frequency != "PRN" and not least <= share <= 1.1:
        found.append(
            f"{drug.display}: {dose.amount:g} {dose.unit} {dose.frequency} is "
            f"{dose.daily_billing_units:g} billing units a day, and the book says "
            f"{drug.units_per_day:g}; mend billing_units or units_per_day"
        )
    return found


def instruction(dose: Dose, amount: float) -> str:
    """Return the words of a label (the sig), with the amount that this person takes.

    >>> instruction(doses()["metformin 500 mg tablet"], 1.0)
    'Take 1 tablet by mouth twice a day.'
    >>> instruction(doses()["albuterol 90 mcg inhaler"], 2.0)
    'Inhale 2 puffs every 4 hours as needed.'
    """
    verb, where = routes()[dose.route]
    often = frequencies()[dose.frequency].words
    needed = "as needed" if dose.as_needed and dose.frequency != "PRN" else ""
    words = (verb, f"{amount:g}", counted(dose.unit, amount), where, often, needed)
    return " ".join(word for word in words if word) + "."


def scaled(dose: Dose, times: float) -> Dose:
    """Return a dose as it is taken at a share of the usual: less at a time, else less often.

    >>> scaled(doses()["atenolol 50 mg tablet"], 0.5).amount
    0.5
    >>> scaled(doses()["pregabalin 100 mg capsule"], 0.5).frequency
    'QD'
    """
    if times == 1:
        return dose
    if dose.unit in _DIVIDED:
        return dose._replace(amount=round(dose.amount * times, 2))
    half = frequencies()[dose.frequency].half
    return dose._replace(frequency=half or dose.frequency)


def counted(unit: str, amount: float) -> str:
    """Return a unit as it is written after an amount.

    >>> counted("puff", 2), counted("tablet", 0.5), counted("mL", 10)
    ('puffs', 'tablet', 'mL')
    """
    return unit if amount <= 1 else _PLURALS.get(unit, f"{unit}s")


@cache
def indications(ingredient: str, drug_class: str) -> tuple[str, ...]:
    """Return what a medicine is usually given for: beginnings of ICD-10-CM codes, in order.

    Those of the ingredient, where the table has it; else those of its class.
    """
    by_name = {(row["of"], row["drug"]): tuple(row["codes"].split(";"))
               for row in rows("indications.csv")}  # fmt: skip
    of_class = by_name.get(("class", drug_class), ())
    return by_name.get(("ingredient", ingredient), of_class)


@cache
def goes_on(ingredient: str) -> int:
    """Return for how many days a medicine goes on after what it is given for is over.

    >>> goes_on("prenatal vitamin"), goes_on("labetalol")
    (42, 0)
    """
    return next((int(row["days_after"]) for row in rows("indications.csv")
                 if row["drug"] == ingredient and row["days_after"]), 0)  # fmt: skip
