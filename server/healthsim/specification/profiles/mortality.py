"""Who dies besides those whose death a journey states, and who is in how many beds."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from healthsim.specification.document import Strict


class MortalityRatio(Strict):
    """Background mortality other than the life table's.

    Attributes:
        ratio: hazard of death relative to the life table's; 1 is usual.
    """

    ratio: Annotated[float, Field(strict=True, gt=0, le=100)]


Mortality: TypeAlias = Literal["usual", "none"] | MortalityRatio
"""Deaths by the life table of age and sex and by conditions, none, or more or fewer of them."""


def ratio_of(mortality: Mortality) -> float:
    """Return how many times the life table's hazard is meant; 0 is no background mortality.

    >>> ratio_of("usual")
    1.0
    """
    if isinstance(mortality, MortalityRatio):
        return mortality.ratio
    return 1.0 if mortality == "usual" else 0.0
