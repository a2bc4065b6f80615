"""A diagnosis code of a profile, and when a condition began."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from healthsim.specification.distributions.kinds import Distribution
from healthsim.specification.document import Strict

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-]{0,19}$")]
"""A diagnosis code; the code book is checked later."""


class Onset(Strict):
    """When a condition began: years or days before `as_of`.

    Attributes:
        years_before: years before `as_of`.
        days_before: days before `as_of`.
    """

    years_before: Distribution | None = None
    days_before: Distribution | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Onset:
        if (self.years_before is None) == (self.days_before is None):
            raise ValueError("give one of years_before and days_before; remove or add one")
        return self
