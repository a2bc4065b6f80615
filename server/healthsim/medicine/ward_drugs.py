"""Drugs that are given in stays and by procedures: which, to whom, how much and at which hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from healthsim.medicine.datafiles import rows

HOURS: Mapping[str, tuple[int, ...]] = {
    "QD": (9,), "Q24H": (9,), "QHS": (21,), "BID": (9, 21), "Q12H": (9, 21), "TID": (8, 14, 20),
    "Q8H": (6, 14, 22), "QID": (8, 12, 17, 21), "Q6H": (0, 6, 12, 18),
    "Q4H": (1, 5, 9, 13, 17, 21), "ONCE": (),
}  # fmt: skip
"""Frequency -> hours of the day at which a ward gives it: usual rounds (assumption)."""

EVENING = "QHS"
"""Frequency at whose hour a ward gives once a day what was begun nearer to it than to the morning;
what is swallowed once a day is given in the morning."""

ORDERS_CHANGE = 12 * 60
"""Minute of the day from which a prescription of that day is given, and the one that it ends no
more: orders change in the morning (assumption)."""
OXYGEN = "oxygen"
"""Ingredient that a low saturation calls for, and that goes on without a round."""
AT_HOME = r"Z99\.81|J96\.1"
"""Beginnings of ICD-10-CM codes of people who have oxygen at home (`device_causes.csv`)."""
LEAVING_HOME = ("01", "06")
"""Statuses (UB-04 FL17) of a discharge home, alone or with an agency's care."""
HOME_ROUTES = ("oral", "inhaled", "subcutaneous")
NOT_GIVEN = {"b": "away", "c": "asleep", "d": "vomiting"}
"""Code of HL7's reasons why a drug was not given -> its words."""
SLEEPING_ROUTES = ("oral", "inhaled")
"""Routes of drugs for which who sleeps is not woken, unless their time matters: assumption."""
PROPHYLAXIS = "surgical prophylaxis"
"""Group of the drugs that are given once before an operation."""
_NEVER = 999
_FROM = "from "
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class WardDrug:
    """A drug that a stay gets; of one `group`, the first that a person may have.

    Attributes:
        drug: with its strength.
        group: what it is for.
        rxnorm: RxNorm ingredient.
        classes: of encounters.
        diagnoses: regular expression for the beginning of a diagnosis of the stay; or empty.
        principal: of the principal diagnosis of the stay; or empty.
        procedures: of a procedure in the stay, on whose day it is first given; or empty.
        sign: LOINC code of a vital sign whose first value under `below`, or from `least` on, it
            answers; or empty.
        below, least: in the unit of the sign; infinite where there is none.
        frequency: a key of `HOURS`.
        days: how many it is given at most.
        share: of those whom it suits, 0 to 1.
        least_age, below_age: completed years.
        not_allergic: substances to which a person must not be allergic.
        allergic: substances to one of which a person must be allergic; or none.
        not_with: ingredients of which a person must have no prescription.
        first_hours: hours from arrival to the first dose, at least; of procedures on a later day
            from the first case of that day.
    """

    drug: str
    group: str
    ingredient: str
    rxnorm: str
    classes: tuple[str, ...]
    diagnoses: str
    principal: str
    procedures: str
    sign: str
    below: float
    least: float
    dose: float
    unit: str
    route: str
    frequency: str
    days: int
    share: float
    least_age: int
    below_age: int
    not_allergic: tuple[str, ...]
    allergic: tuple[str, ...]
    not_with: tuple[str, ...]
    first_hours: float


@dataclass(frozen=True, slots=True)
class ProcedureDrug:
    """A drug that a HCPCS code injects, with the usual dose where no other is stated.

    `order` is its place in a regimen: 1 before the infusions, then one after another; 0 of what is
    given by itself.
    """

    code: str
    ingredient: str
    rxnorm: str
    dose: float
    unit: str
    route: str
    order: int


def _limits(text: str) -> dict[str, float]:
    """Return `below` and `least` of a limit: `90` is below 90, `from 39` is 39 and more.

    >>> _limits("90"), _limits("from 39")
    ({'below': 90.0, 'least': inf}, {'below': -inf, 'least': 39.0})
    """
    if text.startswith(_FROM):
        return {"below": float("-inf"), "least": float(text.removeprefix(_FROM))}
    return {"below": float(text or "inf"), "least": float("inf")}


@cache
def ward_drugs() -> tuple[WardDrug, ...]:
    """Return every drug of stays, in the order of `medicine/data/ward_drugs.csv`."""
    return tuple(
        WardDrug(
            drug=row["drug"], group=row["group"], ingredient=row["ingredient"],
            rxnorm=row["rxnorm"], classes=tuple(row["classes"].split("|")),
            diagnoses=row["diagnoses"], principal=row["principal"], procedures=row["procedures"],
            sign=row["sign"], **_limits(row["below"]),
            dose=float(row["dose"]), unit=row["unit"], route=row["route"],
            frequency=row["frequency"], days=int(row["days"]), share=float(row["share"]),
            least_age=int(row["least_age"] or 0), below_age=int(row["below_age"] or _NEVER),
            not_allergic=tuple(filter(None, row["not_allergic"].split("|"))),
            allergic=tuple(filter(None, row["allergic"].split("|"))),
            not_with=tuple(filter(None, row["not_with"].split("|"))),
            first_hours=float(row["first_hours"]),
        )
        for row in rows("ward_drugs.csv")
    )  # fmt: skip


@cache
def procedure_drugs() -> Mapping[str, ProcedureDrug]:
    """Return HCPCS code -> its drug (`medicine/data/procedure_drugs.csv`)."""
    return {
        row["code"]: ProcedureDrug(row["code"], row["ingredient"], row["rxnorm"],
                                   float(row["dose"]), row["unit"], row["route"],
                                   int(row["order"] or 0))
        for row in rows("procedure_drugs.csv")
    }  # fmt: skip


@cache
def least_minutes(frequency: str) -> int:
    """Return the minutes between a first dose and the next round, at least: half of the usual time.

    Standard hours of hospitals: a round sooner than half of the time between doses is left out
    (ISMP guideline on timely administration, 2011; the half is usual practice, from memory).

    >>> least_minutes("Q24H"), least_minutes("Q6H")
    (720, 180)
    """
    per_day = next(float(row["per_day"]) for row in rows("frequencies.csv")
                   if row["code"] == ("QD" if frequency == "Q24H" else frequency))  # fmt: skip
    return round(_DAY / per_day / 2)


@dataclass(frozen=True, slots=True)
class AfterOperation:
    """Drugs that wait after an operation.

    Attributes:
        ingredients: of the drugs.
        operations: regular expression for the beginning of a procedure; "" for any operation.
        minutes: since the operating room was left, until they are given.
    """

    ingredients: tuple[str, ...]
    operations: str
    minutes: int


@cache
def after_operations() -> tuple[AfterOperation, ...]:
    """Return the rows of ``data/after_operations.csv``; the first that fits holds.

    >>> [one.minutes // 60 for one in after_operations() if "apixaban" in one.ingredients]
    [48, 12, 24]
    """
    return tuple(
        AfterOperation(
            tuple(row["drugs"].split(";")), row["operations"], round(60 * float(row["hours"]))
        )
        for row in rows("after_operations.csv")
    )


@cache
def nothing_by_mouth() -> Mapping[str, int]:
    """Return unit after the operating room -> minutes in it until drugs are swallowed again.

    The rows are in ``data/nothing_by_mouth.csv``.

    >>> nothing_by_mouth()["recovery"]
    120
    """
    return {row["unit"]: round(60 * float(row["hours"])) for row in rows("nothing_by_mouth.csv")}


@cache
def time_critical() -> frozenset[str]:
    """Return ingredients for which people are woken (`medicine/data/time_critical.csv`).

    >>> {"apixaban", "levetiracetam"} <= time_critical(), "atorvastatin" in time_critical()
    (True, False)
    """
    return frozenset(row["ingredient"] for row in rows("time_critical.csv"))
