"""How safe the drugs of a profile's people are."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from healthsim.specification.document import Strict, each_once


class Safety(Strict):
    """What is kept of the rules of safe drugs.

    Attributes:
        allow_violations: share of contraindications that are overlooked, for those who test
            decision support: the drug is given all the same, and a row of `planted_violations`
            says which rule that breaks.
        without: names of rules that do not hold, such as "nsaid-heart-failure".
    """

    allow_violations: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.0
    without: Annotated[tuple[str, ...], Field(max_length=200), AfterValidator(each_once)] = ()


SafetyChoice: TypeAlias = Literal["usual", "none"] | Safety
"""Whether drugs that a person must not take are refused and stopped, and which not."""
