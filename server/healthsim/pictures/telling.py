"""Which outcome is followed where nobody names one: one that happened, and that tells most."""

from __future__ import annotations

from collections.abc import Iterator

from healthsim.pictures.outcomes import (
    DEATH,
    DISENROLMENT,
    READMISSION,
    STAY,
    Outcome,
    has_stays,
    named_outcome,
)
from healthsim.pictures.picture import NothingToDraw
from healthsim.pictures.source import Source

_EVENTS, _AT_RISK = 5, 20  # of an outcome that is followed before others
_MOST = 4  # conditions and steps that are looked at
_UNPLANNED = ("adverse_event", "withdrawal", "birth", "diagnosis", "procedure", "prescription")
"""Types of steps that may be followed: what is planned, such as a test, tells nothing."""


def usual(source: Source, *, randomized: bool = False) -> Outcome:
    """Return the outcome that tells most: the first with some events among enough people.

    Where none has so many, that with most.

    Raises:
        NothingToDraw: nothing happened to anybody.
    """
    best, most = None, 0
    for what in _candidates(source):
        try:
            followed = named_outcome(source, what, randomized=randomized)
        except NothingToDraw:
            continue
        events, number = _size(source, followed)
        if events >= _EVENTS and number >= _AT_RISK:
            return followed
        if events > most:
            best, most = followed, events
    if best is None:
        raise NothingToDraw(source.name, "has no death, stay, end of coverage or event to follow",
                            "draw another kind, such as conditions")  # fmt: skip
    return best


def _candidates(source: Source) -> Iterator[str]:
    """Yield outcomes, the most telling first."""
    if source.has("patients", "death_date"):
        yield DEATH
    if has_stays(source):
        yield READMISSION
        yield STAY
    if source.has("enrollments", "effective_date", "term_date"):
        yield DISENROLMENT
    yield from _new_conditions(source)
    yield from _steps(source)


def _new_conditions(source: Source) -> list[str]:
    """Return the codes that most people got after the first day."""
    if not source.has("conditions", "code", "onset_date"):
        return []
    rows = source.select(
        "SELECT code FROM (SELECT left(code, 20) AS code, person_id, min(onset_date) AS day "  # noqa: S608
        f"FROM conditions GROUP BY ALL) WHERE day > DATE '{source.first_day}' "
        f"GROUP BY code ORDER BY count(*) DESC, code LIMIT {_MOST}"
    )
    return [str(row[0]) for row in rows]


def _steps(source: Source) -> list[str]:
    """Return the unplanned steps that some people got, and others not, the most even first."""
    if not source.has("events", "step", "event_date"):
        return []
    rows = source.select(
        "SELECT step FROM (SELECT left(step, 200) AS step, any_value(type) AS type, "  # noqa: S608
        "count(DISTINCT person_id) AS n FROM events GROUP BY 1), (SELECT count(DISTINCT person_id) "
        "AS everybody FROM events) WHERE list_contains(?::VARCHAR[], type) AND n < everybody "
        f"ORDER BY abs(n - everybody / 2), step LIMIT {_MOST}",
        list(_UNPLANNED),
    )
    return [str(row[0]) for row in rows]


def _size(source: Source, followed: Outcome) -> tuple[int, int]:
    """Return to how many it happened while they were followed, and how many were."""
    horizon = 10**6 if followed.horizon is None else followed.horizon
    ((events, number),) = source.select(
        "SELECT count(*) FILTER (event <= least(ends, coalesce(other, ends), ?)), count(*) "  # noqa: S608
        f"FROM ({followed.sql}) WHERE ends >= 0",
        horizon, *followed.values,
    )  # fmt: skip
    return int(events), int(number)
