"""Which tests are run against a mutant, and in which order."""

from __future__ import annotations

import ast
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mutation.places import Place
from mutation.recording import IMPORT, Unit
from mutation.source import PACKAGE, ROOT, Source, module_of

_FIRST_FILES = 3
_FIRST_SECONDS = 3.0
_PINNED = "tests/golden/"
_TESTS = ROOT / "tests"
_QUICK, _SLOW = 0.3, 3.0  # seconds that part quick, middling and slow tests


@dataclass(frozen=True)
class Test:
    """A test of the record.

    Attributes:
        name: its pytest node id.
        unit: number of its unit.
        number: its place in the unit.
        seconds: processor time that it took, under coverage.
    """

    name: str
    unit: int
    number: int
    seconds: float


def batches(tests: Sequence[Test]) -> list[tuple[list[str], list[str]]]:
    """Cut tests into batches of files and tests; a kill in the first files spares the others.

    Files cost time to collect. So the first batch has tests of a few files, each other one of
    twice as many as the one before.
    """
    found: list[tuple[list[str], list[str]]] = [([], [])]
    for one in tests:
        file = one.name.split("::")[0]
        files, names = found[-1]
        if file not in files and len(files) == _FIRST_FILES * 2 ** (len(found) - 1):
            files, names = [], []
            found.append((files, names))
        if file not in files:
            files.append(file)
        names.append(one.name)
    return found


def within(tests: list[Test], budget: float) -> list[Test]:
    """Return the first tests that fit into a budget of seconds, at least one."""
    kept: list[Test] = []
    spent = 0.0
    for one in tests:
        spent += one.seconds
        if kept and spent > budget:
            break
        kept.append(one)
    return kept


class Reach:
    """The record of every unit, as it is asked for a place."""

    def __init__(self, units: list[Unit]) -> None:
        self.units = units
        self._tests: list[list[Test]] = []
        self._reached: list[dict[str, Any]] = []
        self.red: list[str] = []
        for at, unit in enumerate(units):
            kept = json.loads(unit.record.read_text(encoding="utf-8"))
            tests = [Test(name, at, no, took) for no, (name, took, _) in enumerate(kept["tests"])]
            red = {name for name, _, passed in kept["tests"] if not passed}
            self.red += sorted(red)
            self._tests.append([one for one in tests if one.name not in red])
            self._reached.append(kept["reached"])

    def candidates(self, place: Place, source: Source) -> list[Test]:
        """Return the tests that may tell a mutant, in the order in which they are run.

        First those that reach its line, then the others of the same files (they may use what one
        of them has made). What is reached only while modules are imported is used by the tests
        of the modules that import it: the nearer first. Quick tests go before slow ones, those of
        the same room before others, and first those of files with the module's name or much about
        the place. After
        some seconds of these come the pinned rows, columns and tools: they notice most.
        """
        direct, imported = self._direct(place, source)
        steps = [direct, {one for test in direct for one in self._tests[test.unit]}]
        if imported:
            steps += self._users(place)
        stage: dict[Test, int] = {}
        for number, tests in enumerate(steps):
            for one in tests:
                stage.setdefault(one, number)
        room = f"/{place.module.split('.')[1]}/"
        of_unit = Counter(one.unit for one in stage if stage[one] == 0)
        about = [of_unit[at] / max(len(tests), 1) for at, tests in enumerate(self._tests)]

        stem = place.path.rpartition("/")[2].removesuffix(".py")

        def key(one: Test) -> tuple[int, int, bool, bool, float, int, int]:
            tier = (one.seconds >= _QUICK) + (one.seconds >= _SLOW)
            far = room not in one.name, stem not in one.name.partition("::")[0]
            return stage[one], tier, *far, -about[one.unit], one.unit, one.number

        ordered = sorted(stage, key=key)
        pinned = [one for one in ordered if one.name.startswith(_PINNED)]
        apart = set(pinned)
        others = [one for one in ordered if one not in apart]
        first = within(others, _FIRST_SECONDS)
        return first + pinned + others[len(first) :]

    def _direct(self, place: Place, source: Source) -> tuple[set[Test], bool]:
        """Return the tests that reach a place, and whether importing its module does."""
        around = [one for one in source.functions if one.first <= place.line <= one.last]
        if not around:
            return set(), True
        inner = max(around, key=lambda one: one.first)
        found: set[Test] = set()
        known = [one.get(place.path, {}).get(inner.qualname) for one in self._reached]
        imported = not any(known)  # the function may have had another name in the record
        for at, (digest, lines) in enumerate(one or ("", {}) for one in known):
            for distance, numbers in lines.items():
                line = inner.first + int(distance)
                if digest != inner.digest or place.statement[0] <= line <= place.statement[1]:
                    imported |= IMPORT in numbers
                    those = set(numbers)
                    found |= {one for one in self._tests[at] if one.number in those}
        return found, imported

    def _users(self, place: Place) -> list[set[Test]]:
        """Return tests that use a module: its own, those one import away, and those two away."""
        near = self._importers.get(place.module, set())
        far = {two for one in near for two in self._importers.get(one, set())}
        return [
            self._of_units_that_import({place.module}) | self._of_modules({place.module}),
            self._of_units_that_import(near) | self._of_modules(near),
            self._of_modules(far),
        ]

    def _of_modules(self, modules: set[str]) -> set[Test]:
        """Return the tests that reach a function of some modules."""
        return {one for module in modules for one in self._of_module.get(module, ())}

    @cached_property
    def _of_module(self) -> dict[str, set[Test]]:
        """For each module of the server, the tests that reach one of its functions."""
        found: dict[str, set[Test]] = defaultdict(set)
        for at, reached in enumerate(self._reached):
            by_number = {one.number: one for one in self._tests[at]}
            for path, functions in reached.items():
                numbers: set[int] = set()
                for _, lines in functions.values():
                    numbers.update(*lines.values())
                found[module_of(ROOT / path)] |= {
                    by_number[no] for no in numbers & by_number.keys()
                }
        return found

    def _of_units_that_import(self, modules: set[str]) -> set[Test]:
        return {
            one for at, names in enumerate(self._unit_imports) if names & modules
            for one in self._tests[at]
        }  # fmt: skip

    @cached_property
    def _unit_imports(self) -> list[set[str]]:
        """For each unit, the modules that its test file and the tests' helpers of it import."""
        helpers = {
            ".".join(path.relative_to(_TESTS).with_suffix("").parts): _imports_of(path)
            for path in _TESTS.rglob("*.py")
            if not path.name.startswith("test_")
        }
        found = []
        for unit in self.units:
            names: set[str] = set()
            waiting = [_imports_of(ROOT / one) for one in unit.files if one.startswith("tests/")]
            while waiting:
                new = waiting.pop() - names
                names |= new
                waiting += [helpers[one] for one in new & helpers.keys()]
            found.append(names)
        return found

    @cached_property
    def _importers(self) -> dict[str, set[str]]:
        """For each module of the server, the modules that import it."""
        found: dict[str, set[str]] = defaultdict(set)
        for path in sorted(PACKAGE.rglob("*.py")):
            for module in _imports_of(path):
                found[module].add(module_of(path))
        return found


def _imports_of(path: Path) -> set[str]:
    """Return the modules that a file imports, and what it imports from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{one.name}" for one in node.names)
    return found
