"""Whether problem lists live: whether visits begin conditions, and conditions end by themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

ProblemList = Annotated[
    Literal["usual", "none"],
    Field(exclude_if=lambda given: given == "usual"),
]
"""usual: by `medicine/data/problem_list.csv`; none: only diagnoses and `stop` steps change them."""
