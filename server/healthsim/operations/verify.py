"""Verifies a scenario against its manifest: digests its stored rows, and makes them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from healthsim.errors import Problem
from healthsim.operations import scenarios
from healthsim.operations.home import Home
from healthsim.operations.making import Engine, Progress, default_engine
from healthsim.operations.reference import missing_references, newer_references, reference_for

if TYPE_CHECKING:
    from healthsim.persistence.scenario import Manifest
    from healthsim.products.reference import Reference


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
    """

    name: str
    digest: str
    changed: tuple[str, ...]
    remade: tuple[str, ...]
    engine_version: str
    missing: tuple[Problem, ...] = ()
    since: tuple[Problem, ...] = ()

    @property
    def differs(self) -> tuple[str, ...]:
        """Every table that differs in either way, sorted."""
        return tuple(sorted({*self.changed, *self.remade}))

    @property
    def same(self) -> bool:
        """Whether it was made again, and no table differs."""
        return not self.differs and not self.missing


def verify(
    home: Home, name: str, progress: Progress | None = None, engine: Engine | None = None
) -> Verification:
    """Digest a scenario's stored rows, make them again from its manifest, and compare.

    Raises:
        NotFound: no such scenario; the error suggests near names.
        SpecError: this version no longer accepts the specification.
        StorageError: the scenario's file cannot be read.
    """
    from healthsim.persistence.digest import digest_stored  # noqa: PLC0415  pyarrow is heavy
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  duckdb is heavy

    path = scenarios.path(home, name)
    stored_file = describe_file(path)
    stored = digest_stored(path, stored_file.tables)
    recorded = stored_file.manifest.digests
    where, made_with = f"scenario {name!r}", stored_file.manifest.references
    missing = tuple(missing_references(home, where, made_with))
    remade_digests, now = recorded, made_with
    if not missing:
        reference = _reference(home, stored_file.manifest)
        now = reference.versions
        remade_digests = _remade_digests(
            reference, stored_file.manifest, engine or default_engine(), progress
        )
    remade = _differing(recorded, remade_digests)
    return Verification(
        name=name,
        digest=stored_file.manifest.digest,
        changed=_differing(recorded, stored.tables()),
        remade=remade,
        engine_version=stored_file.manifest.engine_version,
        missing=missing,
        since=tuple(newer_references(where, made_with, now)) if remade else (),
    )


def _documents(manifest: Manifest) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    profile = json.loads(manifest.profile)
    profile |= {"seed": manifest.seed, "count": manifest.count}
    return profile, [json.loads(text) for text in manifest.journeys]


def _reference(home: Home, manifest: Manifest) -> Reference:
    """Return the reference that a scenario would be made with now."""
    return reference_for(home, *_documents(manifest))


def _remade_digests(
    reference: Reference, manifest: Manifest, engine: Engine, progress: Progress | None
) -> Mapping[str, str]:
    """Return the digest of each table as it comes out now."""
    from healthsim.persistence.digest import Digest  # noqa: PLC0415  pyarrow is heavy

    job = engine.prepare(*_documents(manifest), reference)
    by_name = {table.name: table for table in job.tables}
    digest, done = Digest(job.tables), 0
    for chunk in engine.chunks(job):
        for name, columns in chunk.tables.items():
            digest.update(by_name[name], columns)
        done += chunk.count
        if progress is not None:
            progress(done, job.count)
    return digest.tables()


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in sorted({*one, *other}) if one.get(name) != other.get(name))
