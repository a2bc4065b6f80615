"""Memory of rows that are stored goes back to the system."""

from __future__ import annotations

import gc
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

from healthsim.addresses import BLOCK
from healthsim.execution.passes.rehearsal import settle_population_steps
from healthsim.execution.prepare import prepare
from healthsim.execution.sync.directory_use import DirectoryUse
from healthsim.operations import lake_blocks, memory

PROFILE = {"kind": "profile", "name": "many", "products": ["patientsim"], "detail": "core"}


class _Circle:
    """Something that refers to itself, as what happens to people does."""

    def __init__(self) -> None:
        self.itself, self.rows = self, np.zeros(4_000_000)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc")
def test_what_refers_to_itself_is_freed_and_its_memory_returned() -> None:
    gc.disable()
    try:
        circle = _Circle()
        circle.rows += 1
        before, seen = _resident(), weakref.ref(circle)
        del circle
        memory.give_back()
        assert seen() is None
        assert _resident() < before - 25_000_000
    finally:
        gc.enable()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_the_c_library_of_linux_can_return_memory() -> None:
    trim = memory._trim()

    assert trim is None or trim(0) in {0, 1}


@pytest.mark.parametrize(("units", "times"), [(BLOCK, 1), (BLOCK - 1, 0)])
def test_memory_is_given_back_after_each_whole_block(
    units: int, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[None] = []
    job = prepare(PROFILE | {"count": units}, [])
    used = DirectoryUse.none(job.reference.directory)
    block = lake_blocks.MadeBlock(0, units, {}, {}, (), {})
    monkeypatch.setattr(lake_blocks, "give_back", lambda: called.append(None))
    monkeypatch.setattr(lake_blocks, "_make_block", lambda *_: (block, used))
    lake_blocks.write_blocks(job, settle_population_steps(job), tmp_path, 0, 1)

    assert len(called) == times
