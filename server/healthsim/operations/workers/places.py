"""Where a run is made, as a person says it: ``local[4]`` or ``dask://host:8786``."""

from __future__ import annotations

import os
import re

from healthsim.errors import Refused
from healthsim.operations.workers.runner import Runner

MOST_PROCESSES = 1024
_LOCAL = re.compile(r"local(?:\[(?P<workers>[0-9]{1,6}|\*)\])?")
_DASK = re.compile(r"dask://(?P<address>(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5})/?")
_OTHERS = {
    "ray": "Ray is not built in (docs/decisions/0059-dask-for-clusters.md)",
    "spark": "Spark is not built in; docs/cluster.md shows how its tasks make blocks",
    "yarn": "YARN is not built in; Dask runs on it",
}


def runner_at(place: str) -> Runner:
    """Return who makes blocks at a place.

    Args:
        place: ``local`` (a process for each core), ``local[N]``, or ``dask://HOST:PORT``.

    Raises:
        Refused: there is no such place, or nobody answers there.
    """
    local, dask = _LOCAL.fullmatch(place), _DASK.fullmatch(place)
    if local is not None:
        from healthsim.operations.workers.processes import Processes  # noqa: PLC0415  when asked

        return Processes(_count(place, local["workers"]))
    if dask is not None:
        from healthsim.operations.workers.dask_cluster import DaskCluster  # noqa: PLC0415

        return DaskCluster(dask["address"])
    found = _OTHERS.get(place.partition(":")[0].lower(), f"{place!r} is no place to run")
    raise Refused("--on", found, "give local[N] with a number of processes, or dask://HOST:PORT")


def _count(place: str, workers: str | None) -> int:
    number = (os.cpu_count() or 1) if workers in (None, "*") else int(workers)
    if not 1 <= number <= MOST_PROCESSES:
        raise Refused("--on", f"{place!r} asks for {number:,} processes",
                      f"give a number from 1 to {MOST_PROCESSES:,}")  # fmt: skip
    return number
