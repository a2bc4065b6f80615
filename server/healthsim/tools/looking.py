"""Look up what a specification may say, before it is said: codes."""

from __future__ import annotations

from typing import Annotated, Literal

from mcp.types import CallToolResult
from pydantic import Field

from healthsim.tools.answers import LookedUp, reply, rows


def look_up(
    about: Annotated[Literal["codes"], Field(description="What to look up.")],
    query: Annotated[
        str,
        Field(description="Words (heart attack, a1c), a code or its beginning, goes with E11."),
    ],
    kind: Annotated[
        str, Field(description="Only icd10cm, loinc, drug, hcpcs, cvx, drg, specialty...")
    ] = "",
    limit: Annotated[int, Field(ge=1, le=50, description="Most rows.")] = 8,
) -> Annotated[CallToolResult, LookedUp]:
    """Look up medical codes by words before writing them; never guess a code.

    Finds diagnoses, labs, drugs, vaccines, supplies, says whether a code is valid, and which labs
    and drugs go with a condition.
    """
    from healthsim.operations import codes  # noqa: PLC0415  the books are read when asked for

    found = codes.look(query, kind, limit, "kind")
    return reply(
        LookedUp(
            found=rows(list(found.columns), found.rows),
            note=found.note,
            next="Write `code` into the draft with refine_spec.",
        )
    )
