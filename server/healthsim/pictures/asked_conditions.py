"""The share of people that was asked for each condition, from the figures of the audit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from healthsim.pictures.source import Source

_FIGURE = re.compile(r"condition (\S+)(?: \(or ([^)]*)\))?(, .*)?")
_OF_MORE = ("implied by", "without")  # others than these people have it too


def asked_shares(source: Source, total: int, compared: Sequence[Sequence[Any]]) -> dict[str, float]:
    """Return by code the share of all people that was asked for, where it can be said.

    A figure of some people becomes one of all: nobody else can have it. Where the classification
    puts other codes in place of it for some, the code alone has no share that was asked.

    Args:
        source: the scenario.
        total: people of whom shares are.
        compared: what, asked, got, low, high and ok of each figure, as the audit gives them.
    """
    found: dict[str, list[float] | None] = {}
    for what, asked, got, *_ in compared:
        read = _FIGURE.fullmatch(str(what))
        if not read:
            continue
        code, others, whom = read.groups()
        counts = found.setdefault(code, [])
        number = None if counts is None else _asked_people(source, code, asked, got, whom or "",
                                                           total)  # fmt: skip
        if counts is None or number is None or _replaced(source, others or ""):
            found[code] = None
        else:
            counts.append(number)
    return {code: round(sum(counts) / total, 4) for code, counts in found.items()
            if counts is not None}  # fmt: skip


def _asked_people(
    source: Source, code: str, asked: Any, got: Any, whom: str, total: int
) -> float | None:
    """Return how many people were asked for; None where it cannot be said."""
    if not isinstance(asked, int | float) or any(word in whom for word in _OF_MORE):
        return None
    if isinstance(asked, int):
        return float(asked)
    if not whom:
        return asked * total
    if not isinstance(got, int | float) or not got or not source.has("conditions", "event_id"):
        return None
    has = source.select(
        "SELECT count(DISTINCT person_id) FROM conditions WHERE starts_with(code, ?) "
        "AND event_id IS NULL",
        code,
    )[0][0]
    return float(asked * min(total, round(has / got)))


def _replaced(source: Source, others: str) -> bool:
    """Return whether anybody has one of the codes that stand in place of another."""
    listed = [one for one in others.split(", ") if one]
    sql = ("SELECT 1 FROM conditions, (SELECT unnest(?::VARCHAR[]) AS other) "
           "WHERE starts_with(code, other) LIMIT 1")  # fmt: skip
    return bool(listed and source.select(sql, listed))
