"""Pictures of a saved scenario or a finished run, by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from healthsim.errors import NotFound, near
from healthsim.operations.home import Home
from healthsim.operations.stored import open_stored
from healthsim.persistence.database import open_read
from healthsim.pictures import population
from healthsim.pictures.picture import Picture
from healthsim.pictures.source import Source

KINDS: Mapping[str, Callable[..., Picture]] = MappingProxyType({
    population.KIND: population.population_pyramid,
})  # fmt: skip
"""Every kind of picture, and the function that makes it from a source and options."""


def draw(home: Home, name: str, kind: str, **options: Any) -> Picture:
    """Draw one picture.

    Args:
        home: where scenarios are kept.
        name: a scenario, or a run_id.
        kind: one of `KINDS`.
        options: what the kind takes.

    Raises:
        NotFound: no such scenario or kind; the error suggests near names.
        NothingToDraw: the scenario has no row that the picture would show.
        StorageError: the file cannot be read.
    """
    if kind not in KINDS:
        raise NotFound("kind", f"there is no picture {kind[:40]!r}", near(kind, KINDS))
    with _opened(home, name) as source:
        return KINDS[kind](source, **options)


def pictures_for(home: Home, name: str) -> list[str]:
    """Return the kinds of pictures that make sense for a scenario; raises as `draw` does."""
    with _opened(home, name) as source:
        return [kind for kind in KINDS if _makes_sense(source, kind)]


def _makes_sense(source: Source, kind: str) -> bool:
    needs: Mapping[str, tuple[str, ...]] = {population.KIND: ("patients", "members")}
    return any(table in source.tables for table in needs[kind])


@contextmanager
def _opened(home: Home, name: str) -> Iterator[Source]:
    stored = open_stored(home, name)
    with open_read(stored.path) as connection:
        yield Source(connection, name, stored.manifest, stored.tables)
