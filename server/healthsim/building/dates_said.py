"""The days of a draft in words: when people begin, and from when to when there are records.

A draft may be unfinished: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

YEAR = 364
"""Days after `as_of` that a profile without journeys covers."""


def as_of(profile: Mapping[str, Any] | None) -> date:
    """Return the day on which a draft's people are described."""
    return _day((profile or {}).get("as_of")) or date(2025, 1, 1)


def beginning(journey: Mapping[str, Any], profile: Mapping[str, Any] | None) -> str:
    """Say on which days people begin a journey, and until when the last of them are in it."""
    begins, days = journey.get("begins"), journey.get("duration_days")
    if begins == "birth":
        return ", of those born in the run, from birth"
    first, last = window(journey, profile)
    until = f", until {_later(last, days)} at the latest" if isinstance(days, int) else ""
    if profile is None and not isinstance(begins, Mapping):
        return ": everybody begins on the day as of which the people are described"
    if first == last:
        return f": everybody begins on {first}{until}"
    return f": begins on a day from {first} to {last}, all equally likely{until}"


def window(journey: Mapping[str, Any], profile: Mapping[str, Any] | None) -> tuple[date, date]:
    """Return the first and the last day on which people begin a journey."""
    begins = journey.get("begins")
    given = begins if isinstance(begins, Mapping) else {}
    first = _day(given.get("earliest")) or as_of(profile)
    return first, max(first, _day(given.get("latest")) or first)


def records(profile: Mapping[str, Any], journeys: Sequence[Mapping[str, Any]]) -> tuple[date, date]:
    """Return the first and the last day of a draft's records, those before `as_of` left aside."""
    first, through = as_of(profile), _day(profile.get("through"))
    if through is not None:
        return first, max(first, through)
    # numpy comes with layouts, and this module is on the way to tools/list
    from healthsim.specification.journeys.nominal_days import ROOM_DAYS  # noqa: PLC0415

    last = first if journeys else _later(first, YEAR)
    for journey in sorted(journeys, key=lambda one: one.get("begins") == "birth"):
        days = journey.get("duration_days")
        begins = last if journey.get("begins") == "birth" else window(journey, profile)[1]
        last = max(last, _later(begins, (days if isinstance(days, int) else 0) + ROOM_DAYS))
    return first, last


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
