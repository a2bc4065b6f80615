"""Doses that a specification states by weight or by body surface."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from healthsim.specification.document import Strict

_Milligrams = Annotated[float, Field(strict=True, ge=0.0001, le=100_000)]
_PerWeight = Annotated[float, Field(strict=True, ge=0.0001, le=5_000)]  # 2 g/kg: immunoglobulin
_PerSurface = Annotated[float, Field(strict=True, ge=0.0001, le=20_000)]  # 12 g/m2: methotrexate


class DoseRule(Strict):
    """A dose by weight or by body surface, of each person on the day.

    Attributes:
        mg_per_kg: milligrams of one dose for each kg.
        mg_per_m2: milligrams of one dose for each m2 of body surface (Mosteller).
        most_mg: most milligrams of one dose.
    """

    mg_per_kg: _PerWeight | None = None
    mg_per_m2: _PerSurface | None = None
    most_mg: _Milligrams | None = None

    @model_validator(mode="after")
    def _by_one(self) -> DoseRule:
        if (self.mg_per_kg is None) == (self.mg_per_m2 is None):
            given = "neither" if self.mg_per_kg is None else "both"
            raise ValueError(
                f"a dose goes by weight or by body surface, and {given} is given; give one of "
                "mg_per_kg and mg_per_m2, or state quantity or units for a dose without weight"
            )
        return self
