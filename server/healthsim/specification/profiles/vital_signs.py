"""How often vital signs are taken that no journey states."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from healthsim.specification.document import Strict


class VitalSigns(Strict):
    """Usual vital signs in stays.

    Attributes:
        inpatient_hours: hours between two measurements of a stay in hospital; default: on
            arrival, once a day and on leaving.
    """

    inpatient_hours: Annotated[int, Field(strict=True, ge=1, le=24)] | None = None


VitalSignsChoice: TypeAlias = Literal["usual", "none"] | VitalSigns
"""Those usual in each class of encounter, none, or the usual ones with their frequency."""
