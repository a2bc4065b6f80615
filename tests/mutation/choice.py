"""The choice of places: seeded, spread over rooms and files, and steady while the code changes.

Each place has a key made of the seed and of its own text. The smallest keys are taken, so a
change of one function moves hardly any place of another.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from pathlib import Path

from mutation.places import Place, compiles, places
from mutation.source import PACKAGE, Source

ROOMS = ("execution", "products", "persistence", "audit", "tools")
MOST_OF_A_FILE = 4


def room_of(place: Place) -> str:
    """Return the room of the server that a place is in."""
    return place.module.split(".")[1]


def chosen(seed: int, number: int, only: str | None = None) -> list[tuple[Place, Source]]:
    """Return places of the rooms, at most some of each file, by room in proportion to lines.

    Args:
        seed: another seed chooses other places.
        number: how many.
        only: this room alone.
    """
    rooms = [only] if only else list(ROOMS)
    files = {room: sorted((PACKAGE / room).rglob("*.py")) for room in rooms}
    found: list[tuple[Place, Source]] = []
    for room, quota in _quotas(files, number).items():
        found += _of_room([Source(path) for path in files[room]], quota, seed)
    return found


def _quotas(files: dict[str, list[Path]], number: int) -> dict[str, int]:
    """Share a number between rooms by their lines, the remainder to the largest fractions."""
    lines = {room: sum(len(one.read_bytes().splitlines()) for one in files[room]) for room in files}
    exact = {room: number * lines[room] / sum(lines.values()) for room in files}
    quotas = {room: int(exact[room]) for room in files}
    for room in sorted(files, key=lambda one: quotas[one] - exact[one]):
        if sum(quotas.values()) < number:
            quotas[room] += 1
    return quotas


def _of_room(sources: list[Source], quota: int, seed: int) -> list[tuple[Place, Source]]:
    keyed: list[tuple[float, Place, Source]] = []
    for source in sources:
        mine = places(source)
        kinds = Counter(one.kind for one in mine)
        lines = len(source.data.splitlines())
        weight = lines / max(len(kinds), 1)
        same: Counter[tuple[str, ...]] = Counter()
        for one in mine:
            name = (one.qualname, *one.shown(source.data))
            same[name] += 1
            drawn = _uniform(seed, one.module.rsplit(".", 1)[-1], *name, str(same[name]))
            keyed.append((-math.log(drawn) * kinds[one.kind] / weight, one, source))
    keyed.sort(key=lambda one: (one[0], one[1].path, one[1].start, one[1].put))
    taken: Counter[str] = Counter()
    found: list[tuple[Place, Source]] = []
    for _, place, source in keyed:
        if len(found) == quota:
            break
        if taken[place.path] < MOST_OF_A_FILE and compiles(place.mutated(source.data)):
            taken[place.path] += 1
            found.append((place, source))
    return found


def _uniform(seed: int, *parts: str) -> float:
    """Return a number above 0 and at most 1 that these words alone decide."""
    digest = hashlib.blake2b("\0".join((str(seed), *parts)).encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") + 1) / 2**64
