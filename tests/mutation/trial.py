"""One mutant against the tests that reach it: a forked child, and what becomes of it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from mutation import hook, suite
from mutation.places import Place
from mutation.reach import Test, batches
from mutation.source import ROOT, Source

KILLED, SURVIVED, UNREACHED = "killed", "survived", "no test reaches it"
_OWN = 5.0  # times the processor time that a test took in the record, before it counts as endless
_SPARE = 40.0  # seconds of processor time on top; what caches held in the record is made anew
_STILL = 300.0  # seconds in which a test uses no processor time at all: it waits for ever
_MOST_MEMORY = 6 * 2**30


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        verdict: killed, survived, or no test reaches it.
        by: the test that killed it, and how if not by failing.
        tests: how many were to be run.
        left_out: how many more reach the place but were beyond the budget.
        seconds: how long it took.
    """

    verdict: str
    by: str = ""
    tests: int = 0
    left_out: int = 0
    seconds: float = 0.0


@dataclass
class Trial:
    """A mutant and the tests that it is run against; work of a lane.

    Attributes:
        place: the mutation.
        source: the module.
        tests: the tests, in their order.
        left_out: how many more reach the place but are beyond the budget.
        outcome: what became of it, once it has ended.
    """

    place: Place
    source: Source
    tests: list[Test]
    left_out: int = 0
    outcome: Outcome | None = None
    _folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="mutant-")))
    _child: int = 0
    _begun: float = 0.0
    _test: str = ""
    _at: float = 0.0
    _seen: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        """Fork the child that runs the tests."""
        mutant = self._folder / "mutant.json"
        text = self.place.mutated(self.source.data).decode()
        said = {"module": self.place.module, "path": str(ROOT / self.place.path), "text": text}
        mutant.write_text(json.dumps(said), encoding="utf-8")
        self._events.touch()
        self._begun = time.monotonic()
        self._seen = (0.0, self._begun)
        self._child = suite.forked(
            lambda: suite.run(batches(self.tests), self._events),
            self._folder / "log",
            {hook.MUTANT: str(mutant)},
        )

    def has_ended(self) -> bool:
        """Look at the child; end it where it is beyond its limits."""
        done, status = os.waitpid(self._child, os.WNOHANG)
        if done:
            self._ended(*self._became(os.waitstatus_to_exitcode(status)))
        elif (why := self._beyond()) is not None:
            self._ended(KILLED, f"{self._test or 'import'} ({why})")
        return self.outcome is not None

    def end(self) -> None:
        """End the child and what it has started."""
        suite.end_group(self._child)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ended(self, verdict: str, by: str) -> None:
        took = round(time.monotonic() - self._begun, 1)
        self.outcome = Outcome(verdict, by, len(self.tests), self.left_out, took)
        self.end()

    def _became(self, code: int) -> tuple[str, str]:
        failed = [line.split("\t")[1] for line in self._lines() if line.startswith("failed")]
        if failed:
            return KILLED, failed[0]
        if code == 0:
            return SURVIVED, ""
        if code == suite.BROKEN and not self._lines():
            return KILLED, "import"
        if code in (5, suite.BROKEN):  # nothing was collected, or this package is at fault
            log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(
                f"{self.place.path}:{self.place.line}: pytest: {code}\n{log[-3000:]}"
            )
        return KILLED, f"{self._last() or 'import'} (the process ended with {code})"

    def _beyond(self) -> str | None:
        """Return which limit the child has passed, if any."""
        used, memory = usage(self._child)
        last, now = self._last(), time.monotonic()
        if last != self._test:
            self._test, self._at, self._seen = last, used, (used, now)
        if used > self._seen[0] + 0.05:
            self._seen = (used, now)
        own = next((one.seconds for one in self.tests if one.name == last), 0.0)
        longest = max(one.seconds for one in self.tests)
        if used - self._at > _OWN * own + _SPARE + longest:
            return "it does not end"
        if now - self._seen[1] > _STILL:
            return "it waits for ever"
        return "it needs too much memory" if memory > _MOST_MEMORY else None

    def _last(self) -> str:
        started = [line.split("\t")[1] for line in self._lines() if line.startswith("start")]
        return started[-1] if started else ""

    @property
    def _events(self) -> Path:
        return self._folder / "events"

    def _lines(self) -> list[str]:
        return self._events.read_text(encoding="utf-8").splitlines()


def usage(child: int) -> tuple[float, int]:
    """Return the seconds of processor time that a process has used, and its bytes of memory."""
    try:
        fields = Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0, 0
    ticks = sum(map(int, fields[11:15]))  # of itself and of children that it has waited for
    return ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
