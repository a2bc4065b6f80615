"""`make fuzz`: many seeded calls, what came of them, and each fault with how to make it again."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from fuzzing.talk import Figures, chapter, prepare

_CALLS = 250  # of one chapter, in a home of its own
_SHOWN = 40


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__)
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--chapter", type=int, help="only this one")
    asked = parser.parse_args()
    chapters = range(-(-asked.calls // _CALLS)) if asked.chapter is None else [asked.chapter]
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder) / "home")
        for number in chapters:
            done = chapter(Path(folder) / "home", asked.seed, number, _CALLS)
            figures.add(done)
            for fault in done.faults[:_SHOWN]:
                sys.stdout.write(f"FAULT {fault}\n")
            sys.stdout.write(f"chapter {number}: {_summary(done)}")
            sys.stdout.flush()
    sys.stdout.write(_summary(figures))
    return 1 if figures.faults else 0


def _summary(figures: Figures) -> str:
    total = sum(figures.counts.values())
    slowest, tool = figures.slowest
    return (
        f"{total:,} calls, {len(figures.faults)} faults ({dict(sorted(figures.counts.items()))}); "
        f"longest answer {figures.longest_answer:,} characters, error {figures.longest_error:,}; "
        f"longest silence {figures.longest_silence:.1f} s; slowest {tool} {slowest:.1f} s\n"
    )


if __name__ == "__main__":
    sys.exit(main())
