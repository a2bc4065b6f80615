"""Says how long a run takes on many workers, by simulation of its tasks with measured times.

    PYTHONPATH=server:tests python tests/benchmarks/cluster.py [--people 40000000] [--measure]

The simulation has what a run has: a client that sends tasks and takes results one at a time,
workers that prepare the job once and then make one range of blocks after another, and the end on
the client. Times of blocks are drawn from those that were measured, which `--measure` does anew.
"""

from __future__ import annotations

import argparse
import heapq
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from execution.running import diabetic, first_year
from healthsim.addresses import BLOCK
from healthsim.execution.prepare import prepare
from healthsim.execution.run import run_chunk
from healthsim.operations.workers.census import packed
from healthsim.streams import Streams

WORKERS = (1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000)


@dataclass(frozen=True)
class Times:
    """What was measured, in seconds (2 cores, 2026, others working on them).

    Of the client 0.05 ms were measured for taking a record and 0.1 ms for adding it; writing how
    far the run is, and the list of files, is assumed to take the rest.

    Attributes:
        blocks: of making, digesting and writing one block.
        start: of a worker's first task: imports, reading books, preparing the job.
        send: of the client and the scheduler for one task: they do one after the other.
        receive: of the client for the record of one block.
        finish: of the client for one block's part of manifest and list, at the end.
    """

    blocks: Sequence[float] = (1.9, 2.0, 2.0, 2.1, 2.1, 2.2, 2.3, 2.6)
    start: float = 4.0
    send: float = 0.002
    receive: float = 0.0005
    finish: float = 0.0005


def ranges(blocks: int, workers: int) -> list[int]:
    """Return the numbers of blocks of the tasks that a run is cut into."""
    size = max(1, blocks // max(64, 8 * workers))
    return [min(size, blocks - first) for first in range(0, blocks, size)]


def simulated(people: int, workers: int, times: Times, ahead: int = 2) -> tuple[float, float]:
    """Return the seconds that a run takes, and the share of the workers' time that makes rows."""
    blocks = -(-people // BLOCK)
    uniforms = Streams(1).uniform("simulation", 0, blocks)
    each = np.asarray(times.blocks)[np.floor(uniforms * len(times.blocks)).astype(int)]
    tasks, place = [], 0
    for size in ranges(blocks, workers):
        tasks.append((size, float(each[place : place + size].sum())))
        place += size
    free = [(times.start, worker) for worker in range(workers)]
    client, ends = 0.0, list[tuple[float, int]]()
    for size, seconds in tasks:
        if len(ends) >= ahead * workers:  # a task is sent when a result has come
            done, of = heapq.heappop(ends)
            client = max(client, done) + times.receive * of
        client += times.send
        begin, worker = heapq.heappop(free)
        end = max(begin, client) + seconds
        heapq.heappush(free, (end, worker))
        heapq.heappush(ends, (end, size))
    while ends:
        done, of = heapq.heappop(ends)
        client = max(client, done) + times.receive * of
    whole = client + times.finish * blocks
    return whole, float(each.sum()) / (workers * whole)


def measured(blocks: int = 3) -> Times:
    """Measure blocks of a year of people with diabetes on this machine."""
    begun = time.perf_counter()
    job = prepare(diabetic(count=100 * BLOCK), [first_year()])
    run_chunk(job, 0, 1)
    start = time.perf_counter() - begun
    found = []
    for block in range(blocks):
        begun = time.perf_counter()
        run_chunk(job, block * BLOCK, BLOCK)
        found.append(time.perf_counter() - begun)
    print(f"blocks {[round(one, 2) for one in found]}, start {start:.2f}")
    print(f"nobody's ranks: {len(packed(_nobody())):,} bytes a task")
    return Times(blocks=found, start=start)


def _nobody():  # type: ignore[no-untyped-def]
    from healthsim.execution.people.population_pass import PopulationPass

    return PopulationPass()


def main() -> None:
    """Print the curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40_000_000)
    parser.add_argument("--measure", action="store_true")
    asked = parser.parse_args()
    times = measured() if asked.measure else Times()
    print(f"{asked.people:,} people, blocks of {BLOCK:,}")
    print(f"{'workers':>8}{'tasks':>8}{'minutes':>10}{'people/s':>12}{'efficiency':>12}")
    blocks = -(-asked.people // BLOCK)
    for workers in WORKERS:
        seconds, efficiency = simulated(asked.people, workers, times)
        print(f"{workers:>8}{len(ranges(blocks, workers)):>8}{seconds / 60:>10.1f}"
              f"{asked.people / seconds:>12,.0f}{efficiency:>12.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
