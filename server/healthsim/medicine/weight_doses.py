"""Doses by weight or body surface: what a rule comes to in milligrams and in units to take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from healthsim.codes.books import hcpcs
from healthsim.codes.drugs import drugs
from healthsim.medicine.datafiles import rows
from healthsim.medicine.dosing import doses

Floats = NDArray[np.float64]
_MILLIGRAMS = MappingProxyType({"mg": 1.0, "mcg": 0.001, "g": 1000.0})
_STRENGTH = re.compile(r"(?P<amount>[0-9.]+) (?P<unit>mg|mcg|g)\b(?: per (?P<ml>[0-9.]*) ?mL)?")
_SERVICE = re.compile(r"(?:per )?(?P<amount>[0-9.]+) ?(?P<unit>mg|mcg|g|gm)\b")
_MOSTELLER = 3600.0  # body surface in m2 = sqrt(cm x kg / 3600): Mosteller, NEJM 1987


class WeightDose(NamedTuple):
    """A dose by weight or by body surface.

    Attributes:
        mg_per_kg: milligrams of one dose for each kg; NaN where it goes by body surface.
        mg_per_m2: milligrams of one dose for each m2; NaN where it goes by weight.
        most_mg: most milligrams of one dose; infinite where there is no such limit.
        mg_per_unit: milligrams in one unit of the drug's usual dose.
        step: units to which an amount is rounded, at least one of them.
    """

    mg_per_kg: float
    mg_per_m2: float
    most_mg: float
    mg_per_unit: float
    step: float

    def milligrams(self, kg: Floats, cm: Floats) -> Floats:
        """Return everyone's dose in whole milligrams, at least one; float64, shape of `kg`."""
        dose: Floats = self.mg_per_kg * kg
        if np.isnan(self.mg_per_kg):
            dose = self.mg_per_m2 * body_surface(kg, cm)
        return np.rint(np.clip(np.round(dose, 6), 1.0, self.most_mg))

    def units(self, milligrams: Floats) -> Floats:
        """Return how many units come nearest to doses, in whole steps, at least one; float64."""
        steps = np.maximum(np.rint(np.round(milligrams / self.mg_per_unit / self.step, 6)), 1.0)
        return np.round(steps * self.step, 4)


def body_surface(kg: Floats, cm: Floats) -> Floats:
    """Return body surfaces, m2, float64, in hundredths.

    >>> body_surface(np.array([80.0]), np.array([180.0])).tolist()
    [2.0]
    """
    return np.round(np.sqrt(cm * kg / _MOSTELLER), 2).astype(np.float64)


@cache
def weight_doses() -> Mapping[str, WeightDose]:
    """Return the medicines that are usually dosed by weight or surface, by name in the book."""
    return MappingProxyType(
        {
            row["drug"]: WeightDose(
                float(row["mg_per_kg"] or "nan"),
                float(row["mg_per_m2"] or "nan"),
                float(row["most_mg"] or "inf"),
                float(row["mg_per_unit"]),
                float(row["step"]),
            )
            for row in rows("weight_doses.csv")
        }
    )


@cache
def mg_per_unit(drug: str) -> float | None:
    """Return the milligrams in one unit of a drug's usual dose; None where its name says none.

    >>> mg_per_unit("metformin 500 mg tablet"), mg_per_unit("cetirizine 5 mg per 5 mL solution")
    (500.0, 1.0)
    """
    if drug in weight_doses():
        return weight_doses()[drug].mg_per_unit
    found = _STRENGTH.search(drugs().find(drug, "drug").display)
    unit = doses()[drug].unit
    if found is None or (unit == "mL") != (found["ml"] is not None):
        return None
    milligrams = float(found["amount"]) * _MILLIGRAMS[found["unit"]]
    if unit == "mL":
        return milligrams / float(found["ml"] or 1)
    return milligrams if unit in ("tablet", "capsule") else None


@cache
def mg_per_service(code: str) -> float | None:
    """Return the milligrams that one unit of an HCPCS code bills; None where its text says none.

    >>> mg_per_service("J9263"), mg_per_service("J9206"), mg_per_service("99213")
    (0.5, 20.0, None)
    """
    row = hcpcs().rows.get(code)
    found = None if row is None else _SERVICE.search(row.display)
    if found is None:
        return None
    return float(found["amount"]) * _MILLIGRAMS[found["unit"].replace("gm", "g")]


@cache
def substance(code: str) -> str:
    """Return what an injection's HCPCS text calls the drug, without its salt's dose.

    >>> substance("J9263"), substance("J2469")
    ('Oxaliplatin', 'Palonosetron HCl')
    """
    row = hcpcs().rows.get(code)
    text = "" if row is None else row.display.removeprefix("Injection, ")
    return text.split(",")[0].strip().capitalize().replace(" hcl", " HCl")
