"""Makes small runs, and, started as a program, saves two of them in turn until it is killed."""

from __future__ import annotations

import sys
from pathlib import Path

from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import Writer
from healthsim.persistence.digest import Digest
from healthsim.persistence.scenario import Manifest, write_manifest
from healthsim.persistence.state import StateManager, described
from operations import small_engine as small


def kept_run(path: Path, count: int) -> Path:
    engine = small.SmallEngine()
    job = engine.prepare({**small.PROFILE, "count": count}, [])
    digest = Digest(job.tables)
    with Writer(path, job.tables) as writer:
        for chunk in engine.chunks(job):
            for table in job.tables:
                if table.name in chunk.tables:
                    rows = to_arrow(table, chunk.tables[table.name])
                    digest.update_arrow(table.name, rows)
                    writer.append(table.name, rows)
        writer.flush()
        manifest = Manifest(
            profile=job.profile_text,
            journeys=job.journey_texts,
            seed=job.seed,
            count=job.count,
            engine_version="0",
            engine_key=job.key,
            rows=digest.rows,
            digests=digest.tables(),
            digest=digest.total(),
        )
        write_manifest(writer.connection, manifest, job.tables)
    return path


def manifest_of(path: Path) -> Manifest:
    return described(path).manifest


def main() -> None:
    folder, *runs = map(Path, sys.argv[1:])
    manifests = [manifest_of(run).named("one", "", (), "") for run in runs]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    while True:
        for run, manifest in zip(runs, manifests, strict=True):
            StateManager(folder).save(run, manifest, replace=True)


if __name__ == "__main__":
    main()
