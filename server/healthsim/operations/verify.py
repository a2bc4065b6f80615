"""Verifies a scenario against its manifest: digests its stored rows, and makes them again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from healthsim.addresses import BLOCK
from healthsim.errors import Problem, Refused
from healthsim.operations import scenarios
from healthsim.operations.home import Home
from healthsim.operations.making import Engine, Progress, default_engine
from healthsim.operations.reference import missing_references, newer_references, reference_for

if TYPE_CHECKING:
    from healthsim.persistence.digest import Digest
    from healthsim.persistence.scenario import Manifest
    from healthsim.products.reference import Reference
    from healthsim.tables import Table

_MOST_LISTED = 5  # blocks of a table that are named


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification.

    Attributes:
        digest: of the whole scenario, as its manifest says.
        changed: tables whose stored rows are not those of the manifest.
        remade: tables that came out differently when they were made again.
        engine_version: version that made the scenario; another one may make other rows.
        missing: imported data that the scenario was made with and that are not imported in the
            same version; the scenario was not made again then.
        since: where it came out differently, imported data that it was made without and that would
            be used now.
        blocks: of each table that differs and is about people, the blocks of units that do.
        sampled: how many of `of_blocks` blocks were looked at; 0 where all were.
    """

    name: str
    digest: str
    changed: tuple[str, ...]
    remade: tuple[str, ...]
    engine_version: str
    missing: tuple[Problem, ...] = ()
    since: tuple[Problem, ...] = ()
    blocks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    sampled: int = 0
    of_blocks: int = 1

    @property
    def differs(self) -> tuple[str, ...]:
        """Every table that differs in either way, sorted."""
        return tuple(sorted({*self.changed, *self.remade}))

    @property
    def same(self) -> bool:
        """Whether it was made again, and no table differs."""
        return not self.differs and not self.missing


@dataclass(frozen=True, slots=True)
class _Found:
    """Digests of tables, and of their blocks."""

    tables: Mapping[str, str]
    blocks: Mapping[str, Mapping[int, str]]

    @classmethod
    def of(cls, digest: Digest, tables: Collection[str]) -> _Found:
        blocks = {name: dict(pairs) for name, pairs in digest.blocks().items()}
        return cls({name: text for name, text in digest.tables().items() if name in tables}, blocks)


def verify(
    home: Home,
    name: str,
    progress: Progress | None = None,
    engine: Engine | None = None,
    sample: int = 0,
) -> Verification:
    """Digest a scenario's stored rows, make them again from its manifest, and compare.

    Args:
        home: where scenarios are kept.
        name: the scenario.
        progress: called with the people done and the people in all.
        engine: makes the rows.
        sample: of so many blocks of units, spread evenly; of everybody where it is 0 or there are
            not more.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        Refused: a sample of a file from before there were blocks.
        SpecError: this version no longer accepts the specification.
        StorageError: the scenario's file cannot be read.
    """
    from healthsim.persistence.digest import digest_stored  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    path = scenarios.path(home, name)
    stored_file = describe_file(path)
    manifest, where = stored_file.manifest, f"scenario {name!r}"
    only, units = _sample(manifest, sample, where), _units(manifest)
    whole = [one.name for one in stored_file.tables if only is None or not _by_person(one)]
    recorded = _Found(
        {table: digest for table, digest in manifest.digests.items() if only is None
         or table in whole},
        {table: dict(pairs) for table, pairs in manifest.blocks.items()},
    )  # fmt: skip
    stored = _Found.of(digest_stored(path, stored_file.tables, units, only), whole)
    missing = tuple(missing_references(home, where, manifest.references))
    remade, now = recorded, manifest.references
    if not missing:
        reference = _reference(home, manifest)
        now = reference.versions
        remade = _remade(reference, manifest, engine or default_engine(), progress, only)
    changed, again = _differing(recorded, stored, only), _differing(recorded, remade, only)
    return Verification(
        name=name,
        digest=manifest.digest,
        changed=tuple(changed),
        remade=tuple(again),
        engine_version=manifest.engine_version,
        missing=missing,
        since=tuple(newer_references(where, manifest.references, now)) if again else (),
        blocks=_joined(changed, again),
        sampled=0 if only is None else len(only),
        of_blocks=_count_blocks(manifest),
    )


def where_differs(found: Verification) -> str:
    """Say in which tables, and in which blocks of them, a scenario differs."""
    return ", ".join(
        f"{name} (block{'s' * (len(blocks) > 1)} {_listed(blocks)} of {found.of_blocks})"
        if (blocks := found.blocks.get(name)) and found.of_blocks > 1
        else name
        for name in found.differs
    )


def _listed(blocks: tuple[int, ...]) -> str:
    more = f" and {len(blocks) - _MOST_LISTED} more" if len(blocks) > _MOST_LISTED else ""
    return ", ".join(map(str, blocks[:_MOST_LISTED])) + more


def _units(manifest: Manifest) -> int:
    """Return how many units a block of a file has; 0 where its tables are not cut into blocks."""
    return BLOCK if manifest.blocks or manifest.count <= BLOCK else 0


def _count_blocks(manifest: Manifest) -> int:
    return max(1, -(-manifest.count // BLOCK))


def _sample(manifest: Manifest, sample: int, where: str) -> tuple[int, ...] | None:
    """Return the blocks to look at, spread evenly; None for all of them.

    Raises:
        Refused: the file is from before there were blocks.
    """
    blocks = _count_blocks(manifest)
    if not 0 < sample < blocks:
        return None
    if not manifest.blocks:
        raise Refused(
            where, "was made before scenarios had digests of blocks",
            "verify it without a sample, or save its run again",
        )  # fmt: skip
    return tuple(place * blocks // sample for place in range(sample))


def _by_person(table: Table) -> bool:
    return "person_id" in table.by_name


def _documents(manifest: Manifest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    profile = json.loads(manifest.profile)
    profile |= {"seed": manifest.seed, "count": manifest.count}
    return profile, [json.loads(text) for text in manifest.journeys]


def _reference(home: Home, manifest: Manifest) -> Reference:
    """Return the reference that a scenario would be made with now."""
    return reference_for(home, *_documents(manifest))


def _remade(
    reference: Reference,
    manifest: Manifest,
    engine: Engine,
    progress: Progress | None,
    only: tuple[int, ...] | None,
) -> _Found:
    """Return the digests of tables and blocks as they come out now."""
    from healthsim.persistence.digest import Digest  # noqa: PLC0415  pyarrow is heavy

    job = engine.prepare(*_documents(manifest), reference)
    by_name = {table.name: table for table in job.tables}
    digest, done = Digest(job.tables, _units(manifest)), 0
    wanted = job.count if only is None else min(job.count, len(only) * BLOCK)
    for chunk in engine.chunks(job, **({} if only is None else {"only": only})):
        for name, columns in chunk.tables.items():
            digest.update(by_name[name], columns)
        done += chunk.count
        if progress is not None:
            progress(done, wanted)
    return _Found.of(digest, by_name if only is None else ())


def _differing(
    one: _Found, other: _Found, only: tuple[int, ...] | None
) -> dict[str, tuple[int, ...]]:
    """Return the tables that differ, by name, and which of their blocks do."""
    tables = {name for name in {*one.tables, *other.tables}
              if one.tables.get(name) != other.tables.get(name)
              and not (only is not None and name not in other.tables)}  # fmt: skip
    found = {name: tuple[int, ...]() for name in tables}
    for name in {*one.blocks, *other.blocks} if one.blocks else ():
        first, second = one.blocks.get(name, {}), other.blocks.get(name, {})
        asked = {*first, *second} if only is None else only
        if apart := tuple(sorted(block for block in asked
                                 if first.get(block) != second.get(block))):  # fmt: skip
            found[name] = apart
    return dict(sorted(found.items()))


def _joined(
    one: Mapping[str, tuple[int, ...]], other: Mapping[str, tuple[int, ...]]
) -> dict[str, tuple[int, ...]]:
    names = sorted({*one, *other})
    both = {name: tuple(sorted({*one.get(name, ()), *other.get(name, ())})) for name in names}
    return {name: blocks for name, blocks in both.items() if blocks}
