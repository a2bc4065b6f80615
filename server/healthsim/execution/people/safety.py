"""What a chunk knows of safe drugs: the rules that are kept, and where one was overlooked."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from healthsim.dates import Days
from healthsim.execution.people.allergies import Allergies
from healthsim.execution.people.draws import Rows
from healthsim.medicine.safety import SafetyBook, SafetyRule


@dataclass(frozen=True, eq=False)
class Overlooked:
    """A rule that was broken on purpose, for some people; arrays of shape (n,).

    Attributes:
        address: of the prescription, ``~profile/`` and the drug's name for what the profile states;
            of the step for a treatment.
        what: the medicine's name in the book, or the HCPCS code of the treatment.
        rows: ascending positions in the chunk.
        days: int32, the day from which the rule is broken.
        value: float64, the result, age or weight found; NaN where there is none.
    """

    address: str
    what: str
    rule: SafetyRule
    rows: Rows
    days: Days
    value: NDArray[np.float64]


@dataclass
class SafetyLog:
    """The rules of a chunk.

    Attributes:
        book: the rules that are kept.
        share: of contraindications that are overlooked, 0 to 1.
        overlooked: those that were, in the order in which they were found.
        allergies: of the people; None before the first journey.
    """

    book: SafetyBook = field(default_factory=SafetyBook)
    share: float = 0.0
    overlooked: list[Overlooked] = field(default_factory=list)
    allergies: Allergies | None = None
