"""Pictures of a saved scenario or a finished run, by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from healthsim.errors import HealthSimError, NotFound, Refused, near
from healthsim.execution.prepare import last_day
from healthsim.operations import auditing
from healthsim.operations.home import Home
from healthsim.operations.person_ids import person_of
from healthsim.operations.stored import StoredRows, open_stored
from healthsim.persistence.database import open_read
from healthsim.persistence.files import DamagedFile
from healthsim.persistence.scenario import Manifest
from healthsim.pictures import (
    asked,
    conditions,
    cost,
    incidence,
    journey,
    population,
    series,
    telling,
)
from healthsim.pictures import person as people
from healthsim.pictures.picture import NothingToDraw, Picture
from healthsim.pictures.source import Source
from healthsim.specification.document import read
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec

_FROM_TABLES: Mapping[str, Callable[..., Picture]] = MappingProxyType({
    population.KIND: population.population_pyramid,
    cost.KIND: cost.cost_by_month,
    journey.KIND: journey.journey,
    series.KIND: series.series,
    incidence.KIND: incidence.cumulative_incidence,
})  # fmt: skip
_TAKES: Mapping[str, tuple[str, ...]] = MappingProxyType({
    population.KIND: ("by",),
    conditions.KIND: ("what",),
    journey.KIND: ("what",),
    series.KIND: ("what", "by"),
    incidence.KIND: ("what", "by"),
    cost.KIND: ("by",),
    asked.KIND: (),
    people.KIND: ("what",),
})  # fmt: skip
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    population.KIND: ("patients", "members"),
    conditions.KIND: ("conditions",),
    journey.KIND: ("events",),
    series.KIND: ("lab_results", "vital_signs"),
    incidence.KIND: ("events", "enrollments"),
    cost.KIND: ("claims", "fills"),
    people.KIND: ("patients", "members", "rx_members"),
})  # fmt: skip
"""Tables of which one must have rows; a kind without needs fits every scenario."""

KINDS = tuple(_TAKES)
"""Every kind of picture."""


def draw(home: Home, name: str, kind: str, *, what: str = "", by: str = "") -> Picture:
    """Draw one picture.

    Args:
        home: where scenarios are kept.
        name: a scenario, or a run_id.
        kind: one of `KINDS`.
        what: what of it: a code, a test, a step, a person; each kind says what it takes.
        by: what is compared, such as plan or arm.

    Raises:
        NotFound: no such scenario, kind, group or person; the error suggests near names.
        NothingToDraw: the scenario has no row that the picture would show.
        Refused: the kind does not take an option that is given.
        StorageError: the file cannot be read.
    """
    if kind not in KINDS:
        raise NotFound("kind", f"there is no picture {kind[:40]!r}", near(kind, KINDS))
    options = {key: value for key, value in (("what", what), ("by", by)) if value.strip()}
    for key in options:
        if key not in _TAKES[kind]:
            takes = " and ".join(_TAKES[kind]) or "no option"
            raise Refused(key, f"{kind} does not take it", f"it takes {takes}; leave {key} out")
    stored = open_stored(home, name)
    try:
        return _drawn(stored, kind, options)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        raise DamagedFile(name, f"its rows cannot be drawn ({type(error).__name__}: {error})",
                          "generate it again from its specification") from error  # fmt: skip


def _drawn(stored: StoredRows, kind: str, options: Mapping[str, str]) -> Picture:
    if kind == asked.KIND:
        return asked.asked_against_got(stored.name, auditing.compared_run(stored.path))
    with _source(stored) as source:
        if kind == conditions.KIND:
            return conditions.conditions(source, **options, compared=lambda: _compared(stored))
        if kind == people.KIND:
            who = options.get("what", "")
            person = person_of(stored, who) if who else people.busiest(source)
            return people.person_timeline(source, person)
        return _FROM_TABLES[kind](source, **options)


def _compared(stored: StoredRows) -> list[list[Any]]:
    """Return the figures of the audit; none where this version cannot compare the file."""
    try:
        return auditing.compared_run(stored.path)
    except HealthSimError:
        return []


def pictures_for(home: Home, name: str) -> list[str]:
    """Return the kinds of pictures that make sense for a scenario; raises as `draw` does."""
    return kinds_of(open_stored(home, name))


def kinds_of(stored: StoredRows) -> list[str]:
    """Return the kinds of pictures for which a file has rows."""
    found = [kind for kind in KINDS if kind not in _NEEDS
             or any(stored.manifest.rows.get(table, 0) for table in _NEEDS[kind]
                    if table in stored.tables)]  # fmt: skip
    if incidence.KIND in found and not _has_outcome(stored):
        found.remove(incidence.KIND)
    return found


def _has_outcome(stored: StoredRows) -> bool:
    """Return whether anything happened to anybody that can be followed over time."""
    with _source(stored) as source:
        try:
            return bool(telling.usual(source))
        except NothingToDraw:
            return False


@contextmanager
def opened(home: Home, name: str) -> Iterator[Source]:
    """Open a scenario or run as pictures read it; raises as `draw` does."""
    with _source(open_stored(home, name)) as source:
        yield source


@contextmanager
def _source(stored: StoredRows) -> Iterator[Source]:
    with open_read(stored.path) as connection:
        yield Source(connection, stored.name, stored.manifest, stored.tables,
                     _last_day(stored.manifest))  # fmt: skip


def _last_day(manifest: Manifest) -> date | None:
    """Return the last day of the data; None where the specifications cannot be read."""
    try:
        profile = read(ProfileSpec, manifest.profile, "profile")
        journeys = [read(JourneySpec, text, "journey") for text in manifest.journeys]
    except HealthSimError:
        return None
    return date(1970, 1, 1) + timedelta(days=last_day(profile, journeys))
