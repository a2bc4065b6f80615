"""A cold start to the list of tools, against `import mcp` alone; memory of an idle server.

    python tests/benchmarks/starting.py [--rounds 5]

Processor time is counted, not the clock: other programs of the machine do not matter much. Of all
rounds the median is shown. Idle memory is what the server holds after its tools were listed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

MOST_TIMES, MOST_MB = 1.4, 80
_BEGIN = {"protocolVersion": "2025-11-25", "capabilities": {},
          "clientInfo": {"name": "bench", "version": "1"}}  # fmt: skip


def processor_seconds(pid: int) -> float:
    """Return the processor time of a child, its end awaited."""
    _, _, used = os.wait4(pid, 0)
    return used.ru_utime + used.ru_stime


def compiled(folder: str) -> dict[str, str]:
    """Return an environment in which modules are compiled once, into a folder, and then kept."""
    known = {name: value for name, value in os.environ.items()
             if name != "PYTHONDONTWRITEBYTECODE"}  # fmt: skip
    return {**known, "PYTHONPYCACHEPREFIX": folder}


def importing(environment: dict[str, str]) -> float:
    """Return the processor seconds of `import mcp` in a new process."""
    process = subprocess.Popen([sys.executable, "-c", "import mcp"], env=environment)
    seconds = processor_seconds(process.pid)
    process.returncode = 0
    return seconds


def serving(home: str, environment: dict[str, str]) -> tuple[float, float]:
    """Start a server, list its tools, end it: processor seconds, and megabytes when idle."""
    command = [sys.executable, "-m", "healthsim", "--home", home, "serve"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def tell(**message: Any) -> None:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        process.stdin.flush()

    tell(id=1, method="initialize", params=_BEGIN)
    assert b"serverInfo" in process.stdout.readline()
    tell(method="notifications/initialized")
    tell(id=2, method="tools/list")
    assert b"find_templates" in process.stdout.readline()
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    held = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    process.stdin.close()
    seconds = processor_seconds(process.pid)
    process.returncode = 0
    return seconds, held / 1024


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    imported, started, held = [], [], []
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        environment = compiled(folder)
        serving(home, environment)  # compiles
        for _ in range(rounds):  # by turns: the machine is the same for both
            imported.append(importing(environment))
            seconds, megabytes = serving(home, environment)
            started.append(seconds)
            held.append(megabytes)
    alone, served = statistics.median(imported), statistics.median(started)
    print(f"start to the list of tools: {served:.2f} s of processor time, "
          f"{served / alone:.2f} times import mcp ({alone:.2f} s; at most {MOST_TIMES}); "
          f"idle {statistics.median(held):.0f} MB (at most {MOST_MB})", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
