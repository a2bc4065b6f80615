"""Which service of a plan's benefits a line of a claim is, and what is preventive by law."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from healthsim.billing.datafiles import rows


def services_of(texts: Sequence[str], by: str, services: Sequence[str]) -> NDArray[np.int32]:
    """Return the service of each code, int32, shape (n,); -1 where it is none of its own.

    Args:
        texts: procedure codes, revenue codes or encounter classes.
        by: which of them: procedure, revenue or class.
        services: names of services; a service's number is its place here.

    >>> names = ("laboratory", "imaging")
    >>> services_of(["80053", "71046", "99213"], "procedure", names).tolist()
    [0, 1, -1]
    """
    patterns = _patterns(by)
    found = [_longest(text, patterns) for text in texts]
    places = [services.index(name) if name in services else -1 for name in found]
    return np.array(places, dtype=np.int32)


def preventive(codes: Sequence[str], *, medicare: bool) -> NDArray[np.bool_]:
    """Return which procedure codes cost a member nothing as preventive services, bool, (n,).

    >>> preventive(["G0439", "77067", "99213"], medicare=True).tolist()
    [True, True, False]
    """
    listed = _preventive(medicare)
    return np.array([code.startswith(listed) for code in codes], dtype=np.bool_)


@cache
def _patterns(by: str) -> dict[str, str]:
    return {row["pattern"]: row["service"] for row in rows("benefit_services.csv")
            if row["by"] == by}  # fmt: skip


@cache
def _preventive(medicare: bool) -> tuple[str, ...]:
    column = "medicare" if medicare else "others"
    return tuple(row["pattern"] for row in rows("preventive_services.csv")
                 if row[column] == "true")  # fmt: skip


def _longest(text: str, patterns: dict[str, str]) -> str:
    sizes = range(len(text), 0, -1)
    return next((patterns[text[:size]] for size in sizes if text[:size] in patterns), "")
