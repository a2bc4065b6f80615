"""The first pass: which test reaches which line of the server, and how long it takes.

Each test file is run in a child of its own under coverage.py, so that what a cache holds is reached
again in every file. Lines are kept by function and by their distance from its beginning: the record
outlives a change elsewhere in the module, and a function that has changed is known as a whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage

from mutation import hook, suite
from mutation.source import PACKAGE, ROOT, Function, Source, path_in_root

KEPT = ROOT / ".mutants"
"""What a run keeps; not part of the repository."""

_NOT_OF_MAKE_TEST = ("benchmarks", "proofs")

IMPORT = -1
"""Instead of a test's number: the line is reached while modules are imported."""


@dataclass(frozen=True)
class Unit:
    """Tests that are recorded together in one process: a test file, or all doctests.

    Attributes:
        name: as it is kept.
        files: what pytest collects, from the root of the repository.
    """

    name: str
    files: tuple[str, ...]

    @property
    def record(self) -> Path:
        """The file of its record."""
        return KEPT / "record" / f"{self.name.replace('/', '.')}.json"

    @property
    def digest(self) -> str:
        """Of its text; a record of another text is not used."""
        text = b"".join((ROOT / one).read_bytes() for one in self.files if "server" not in one)
        return hashlib.sha256(text).hexdigest()[:16]

    def is_recorded(self) -> bool:
        """Tell whether there is a record of just this text."""
        if not self.record.exists():
            return False
        return bool(json.loads(self.record.read_text(encoding="utf-8"))["digest"] == self.digest)


def units() -> list[Unit]:
    """Return the units of the suite; the doctests of the server and of README are one."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    tests = [one for one in files if one.parent.name not in _NOT_OF_MAKE_TEST]
    spoken = [one for one in sorted(PACKAGE.rglob("*.py")) if ">>> " in one.read_text("utf-8")]
    doctests = ("README.md", *map(path_in_root, spoken))
    named = [Unit(path_in_root(one), (path_in_root(one),)) for one in tests]
    return [*named, Unit("doctests", doctests)]


@dataclass
class Recording:
    """The recording of one unit; work of a lane."""

    unit: Unit
    _folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="record-")))
    _child: int = 0

    def begin(self) -> None:
        """Fork the child that runs the unit."""
        self._child = suite.forked(
            lambda: _recorded(self.unit, self._folder),
            self._folder / "log",
            {hook.RECORD: str(self._folder)},
        )

    def has_ended(self) -> bool:
        """Tell whether the record is there."""
        done, status = os.waitpid(self._child, os.WNOHANG)
        if done and status:
            log = (self._folder / "log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{self.unit.name} cannot be recorded:\n{log[-3000:]}")
        if done:
            self.end()
        return bool(done)

    def end(self) -> None:
        """End the child and what it has started."""
        suite.end_group(self._child)
        shutil.rmtree(self._folder, ignore_errors=True)


class _Contexts:
    """A pytest plugin: the lines that are reached from here on belong to this test."""

    def __init__(self, lines: coverage.Coverage) -> None:
        self._lines = lines

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._lines.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._lines.switch_context("")


def _recorded(unit: Unit, folder: Path) -> int:
    """Run a unit under coverage and keep its record; meant for a forked child."""
    events = folder / "events"
    lines = coverage.Coverage(
        data_file=str(folder / "lines"), data_suffix="main", config_file=False,
        source=[str(PACKAGE)], messages=False,
    )  # fmt: skip
    lines.set_option("run:disable_warnings", ["no-data-collected", "couldnt-parse"])
    lines.start()
    lines.switch_context("")
    suite.run([(unit.files, None)], events, _Contexts(lines), stop=False)
    lines.stop()
    lines.save()
    tests = _tests(events)
    numbers = {name: number for number, (name, _, _) in enumerate(tests)}
    reached = {}
    for path, contexts in _reached(folder):
        found = _by_function(Source(path), contexts, numbers)
        if found:
            reached[path_in_root(path)] = found
    unit.record.parent.mkdir(parents=True, exist_ok=True)
    kept = {"digest": unit.digest, "tests": tests, "reached": reached}
    unit.record.write_text(json.dumps(kept), encoding="utf-8")
    return 0


def _tests(events: Path) -> list[tuple[str, float, bool]]:
    """Return each test, the seconds of processor time it took, and whether it passed."""
    begun: dict[str, float] = {}
    took: dict[str, float] = {}
    failed = set()
    for line in events.read_text(encoding="utf-8").splitlines():
        what, test, used = line.split("\t")
        if what == "start":
            begun[test] = float(used)
        elif what == "end":
            took[test] = float(used) - begun[test]
        else:
            failed.add(test)
    return [(one, round(took.get(one, 0.0), 2), one not in failed) for one in begun]


def _reached(folder: Path) -> Iterator[tuple[Path, dict[int, set[str]]]]:
    """Return the reached lines of each module with the tests that reach them."""
    merged: dict[Path, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for file in folder.glob("lines.*"):
        data = coverage.CoverageData(str(file))
        try:
            data.read()
            found = [(one, data.contexts_by_lineno(one)) for one in data.measured_files()]
        except coverage.CoverageException:
            continue  # a test killed the process while it wrote
        for path, lines in found:
            for line, contexts in lines.items():
                merged[Path(path)][line].update(contexts)
    yield from ((path, lines) for path, lines in merged.items() if path.suffix == ".py")


def _by_function(
    source: Source, contexts: dict[int, set[str]], numbers: dict[str, int]
) -> dict[str, Any]:
    """Return, for each function, its digest and the tests at each distance from its first line."""
    inner: dict[int, Function] = {}
    for function in source.functions:
        inner.update(dict.fromkeys(range(function.first, function.last + 1), function))
    found: dict[str, Any] = {}
    for line, names in sorted(contexts.items()):
        here = inner.get(line)
        tests = sorted({numbers.get(one, IMPORT) for one in names})
        if here is not None:
            _, lines = found.setdefault(here.qualname, (here.digest, {}))
            lines[str(line - here.first)] = tests
    return found
