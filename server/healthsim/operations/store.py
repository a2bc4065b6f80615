"""How a run keeps its rows: in one DuckDB file, or as a lake of Parquet files beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from healthsim.errors import Refused
from healthsim.operations.destination import Destination
from healthsim.operations.making import Engine, Progress, make
from healthsim.persistence.names import is_address

if TYPE_CHECKING:
    from healthsim.execution.job import Job
    from healthsim.operations.lake_making import BlockMaker
    from healthsim.operations.runs import RunRecord
    from healthsim.operations.workers.runner import Runner
    from healthsim.operations.working import Work

FILE, LAKE = "file", "lake"
LAKE_FROM = 250_000
"""Units from which a run is a lake by itself."""


@dataclass(frozen=True)
class Store:
    """How the rows of a run are kept, and what makes them.

    Attributes:
        kind: `FILE`, `LAKE`, or empty: a lake from `LAKE_FROM` units on.
        resume: of a lake, keep what an attempt that was stopped has made.
        maker: of a lake, what makes its blocks; threads of this process by default.
        destination: of a lake, the object store that gets it; nothing of it stays here then.
    """

    kind: str = ""
    resume: bool = False
    maker: BlockMaker | None = None
    destination: Destination | None = None

    def by(self, runner: Runner) -> Store:
        """Return a lake whose blocks the workers of a runner make.

        Raises:
            Refused: rows are to be kept in one file, into which one process writes.
        """
        from healthsim.operations.workers.blocks import MadeBy  # noqa: PLC0415  numpy is heavy

        if self.kind == FILE:
            raise Refused("--on", "workers write a lake, and --store is file",
                          "leave out one of the two")  # fmt: skip
        return replace(self, kind=LAKE, maker=MadeBy(runner))

    def is_lake(self, units: int) -> bool:
        """Return whether a run of so many units becomes a lake."""
        return self.kind == LAKE or (not self.kind and units >= LAKE_FROM)

    def key(self, job: Job) -> str:
        """Return the key of a run, hexadecimal; runs that are kept differently are two."""
        if not self.is_lake(job.count):
            return job.key
        there = self.destination
        where = LAKE if there is None else "\n".join((there.address, there.name, there.description))
        return hashlib.sha256(f"{job.key}\n{where}".encode()).hexdigest()

    def make(
        self, job: Job, work: Work, engine: Engine, progress: Progress | None = None
    ) -> RunRecord:
        """Make the rows of a job; raises as `making.make` does."""
        if not self.is_lake(job.count):
            return make(job, work, engine, progress)
        from healthsim.operations.lake_making import make_lake  # noqa: PLC0415  numpy is heavy

        return make_lake(
            job, work, self.maker, progress, resume=self.resume, destination=self.destination
        )


USUAL = Store()
"""One file below `LAKE_FROM` units, and a lake from there on."""


def store_named(
    kind: str, *, resume: bool = False, name: str = "", description: str = "", replace: bool = False
) -> Store:
    """Return how rows are kept, as a person calls it.

    Args:
        kind: ``file``, ``lake``, or the address of an object store; empty for the usual.
        resume: keep what an attempt that was stopped has made.
        name: of the scenario in an object store.
        description: likewise.
        replace: the scenario that is there; likewise.

    Raises:
        Refused: there is no such way.
    """
    if is_address(kind):
        return Store(
            LAKE, resume, destination=Destination(kind.rstrip("/"), name, description, replace)
        )
    if kind not in ("", FILE, LAKE):
        raise Refused(
            "store", f"is {kind[:40]!r}", f"choose {FILE!r} (one DuckDB file), {LAKE!r} "
            "(Parquet files beside a small one), or an object store, s3://BUCKET/PREFIX",
        )  # fmt: skip
    return Store(kind, resume)
