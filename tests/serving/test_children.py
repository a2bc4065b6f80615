"""Processes that the server starts end with it, however it ends and whatever they do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import healthsim
from serving.test_ending import is_running, until

PACKAGE = Path(healthsim.__file__).parent
CHILD = """
import sys, time
sys.path.insert(0, sys.argv.pop(1))
import {module} as program
program._IDLE = 1e6
print("up", flush=True)
time.sleep(float(sys.argv.pop(1)))
program.main()
"""
PARENT = """
import os, subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", *sys.argv[1:], str(os.getpid())], stdout=subprocess.PIPE
)
assert child.stdout.readline() == b"up\\n"
print(child.pid, flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="looks for processes of Linux")
@pytest.mark.parametrize(
    ("folder", "module", "starts_after"),
    [
        pytest.param("persistence", "judging", "0.5", id="judging, before it began"),
        pytest.param("pictures", "drawing_process", "0", id="drawing, at once"),
        pytest.param("persistence", "judging", "0", marks=pytest.mark.proof),
        pytest.param("pictures", "drawing_process", "0.5", marks=pytest.mark.proof),
    ],
)
def test_a_process_that_is_still_asked_ends_when_its_parent_has(
    folder: str, module: str, starts_after: str
) -> None:
    reading, asking = os.pipe()
    child_program = CHILD.format(module=module)
    command = [sys.executable, "-c", PARENT, child_program, str(PACKAGE / folder), starts_after]
    try:
        with subprocess.Popen(
            command, stdin=reading, stdout=subprocess.PIPE, text=True
        ) as parent:  # the child has the same input, which stays open
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            assert is_running(child)
            parent.kill()
            parent.wait()
            until(lambda: not is_running(child))
    finally:
        os.close(reading)
        os.close(asking)
