"""Makes small runs, and, started as a program, saves two of them in turn until it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import healthsim
from healthsim.persistence.arrow import to_arrow
from healthsim.persistence.database import Writer
from healthsim.persistence.digest import Digest, digest_stored
from healthsim.persistence.scenario import Manifest, write_manifest
from healthsim.persistence.state import StateManager, describe_file
from operations import small_engine as small
from processes import started


def kept_run(path: Path, count: int, size: int = 16) -> Path:
    engine = small.SmallEngine(size)
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
    return describe_file(path).manifest


def end_a_saver(folder: Path, old: Path, new: Path, seconds: float) -> str:
    """Start a process that saves over and over, kill it, and return the digest of what is there.

    It is killed so many seconds after its first save began; the scenario must be whole.
    """
    paths = [str(Path(healthsim.__file__).parents[1]), str(Path(__file__).parents[1])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    states = StateManager(folder)
    if not states.exists("one"):
        states.save(old, manifest_of(old).named("one", "", (), ""))
    command = [sys.executable, __file__, str(folder), str(old), str(new)]
    with started(command, stdout=subprocess.PIPE, env=environment) as saver:
        assert saver.stdout is not None
        assert saver.stdout.readline() == b"begun\n"
        time.sleep(seconds)
    found = states.describe("one")
    again = digest_stored(states.path("one"), found.tables).total()
    assert again == found.manifest.digest, "half a scenario"
    return again


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
