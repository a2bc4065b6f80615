"""The suite, run in forked children: every library is imported once, HealthSim in each child.

A child imports HealthSim anew, so a mutation reaches module constants, tables and rules as well as
functions, and no cache of the server outlives a mutant.
"""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mutation import hook
from mutation.source import ROOT, SERVER

_LIBRARIES = (
    "numpy", "scipy.stats", "scipy.special", "duckdb", "pyarrow.parquet", "pydantic", "jinja2",
    "mcp.server", "mcp.client", "typer", "typer.testing", "yaml", "platformdirs", "coverage",
)  # fmt: skip
BROKEN = 70
"""Exit code of a child that could not run the tests: its mutated module cannot be imported."""

_OVERLAY = Path(__file__).parent / "overlay"
_OPTIONS = (
    "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--no-header", "--tb=line",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
    "-o", "addopts=--import-mode=importlib --doctest-modules --doctest-glob=README.md",
)  # fmt: skip


class Order:
    """Keeps only some tests, in a given order; writes what becomes of each to a file."""

    def __init__(self, wanted: Sequence[str] | None, events: Path) -> None:
        self._wanted = None if wanted is None else {one: at for at, one in enumerate(wanted)}
        self._events = events

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self._wanted is None:
            return
        wanted = self._wanted
        items[:] = sorted(
            (one for one in items if one.nodeid in wanted), key=lambda one: wanted[one.nodeid]
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.write("start", nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.write("failed", report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.write("end", nodeid)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.write("failed", f"{report.nodeid} (collection)")

    def write(self, *words: str) -> None:
        """Append one line: what, which test, and the processor time used so far."""
        used = sum(os.times()[:4])  # that of this process, and of those it has waited for
        with self._events.open("a", encoding="utf-8") as file:
            file.write("\t".join((*words, f"{used:.2f}")) + "\n")


def preload() -> None:
    """Import every library that tests and server use; nothing of HealthSim."""
    for name in _LIBRARIES:
        importlib.import_module(name)


def forked(work: Callable[[], int], log: Path, environment: dict[str, str]) -> int:
    """Run something in a child process of a group of its own, its output in a file.

    Returns:
        The child's number; the caller waits for it.
    """
    child = os.fork()
    if child:
        return child
    code = BROKEN
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
        for stream in (1, 2):
            os.dup2(output, stream)
        os.chdir(ROOT)
        paths = [str(_OVERLAY), str(SERVER)]
        os.environ.update(environment, PYTHONPATH=os.pathsep.join(paths))
        sys.path.insert(0, str(SERVER))
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end_group(child: int) -> None:
    """End a child and every process that it started."""
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return
    try:
        os.waitpid(child, 0)
    except ChildProcessError:
        return


def run(
    batches: Sequence[tuple[Sequence[str], Sequence[str] | None]],
    events: Path,
    *plugins: object,
    stop: bool = True,
) -> int:
    """Run tests in this process, batch after batch; return pytest's last exit code.

    Args:
        batches: what is collected, and the tests of it to run, first to last; None for all.
        events: the file that tells which test is under way.
        plugins: more plugins.
        stop: end at the first failure.

    The mutated module is imported before pytest puts its own import hook first, which would load
    a module that is collected for its doctests from its file.
    """
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        phases=[Phase.explicit, Phase.generate],  # one example that fails is enough
    )  # fmt: skip
    settings.load_profile("mutation")
    if os.environ.get(hook.MUTANT):
        importlib.import_module(hook.install(os.environ[hook.MUTANT]))
    folder = tempfile.mkdtemp(prefix="mutation-")
    options = [*_OPTIONS, f"--basetemp={folder}/t", *(["-x"] if stop else [])]
    code = 0
    try:
        for files, order in batches:
            code = int(pytest.main([*options, *files], plugins=[Order(order, events), *plugins]))
            if code and stop:
                break
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return code
