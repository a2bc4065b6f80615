"""A Dask cluster of this machine for tests: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from processes import started

_LIMIT = "1.5GB"
_SCHEDULER = (
    "import asyncio, sys\n"
    "from distributed import Scheduler\n"
    "async def main():\n"
    "    async with Scheduler(host='127.0.0.1', port=0, dashboard_address=':0') as one:\n"
    "        print(one.address, flush=True)\n"
    "        await one.finished()\n"
    "asyncio.run(main())\n"
)


@contextmanager
def dask_cluster(folder: Path, workers: int, home: Path) -> Iterator[str]:
    """Start a cluster; return its address.

    Workers have one thread and 1.5 GB each. A nanny starts one again that has died.
    """
    path = os.pathsep.join(one for one in sys.path if one)
    environment = {**os.environ, "PYTHONPATH": path, "HEALTHSIM_HOME": str(home),
                   "DASK_DISTRIBUTED__DASHBOARD__LINK": ""}  # fmt: skip
    with ExitStack() as stack:
        scheduler = stack.enter_context(
            started([sys.executable, "-c", _SCHEDULER], stdout=subprocess.PIPE, text=True,
                    env=environment)
        )  # fmt: skip
        assert scheduler.stdout is not None
        address = scheduler.stdout.readline().strip()
        command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1",
                   "--memory-limit", _LIMIT, "--no-dashboard", "--local-directory",
                   str(folder)]  # fmt: skip
        for _ in range(workers):
            stack.enter_context(started(command, env=environment, stderr=subprocess.DEVNULL))
        yield address.removeprefix("tcp://")
