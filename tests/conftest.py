"""What holds for every test: what it began has ended, and what it counted is in the report."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Generator, Iterator
from zlib import crc32

import pytest
from anyio._backends._asyncio import WorkerThread
from hypothesis import HealthCheck, settings

from healthsim.operations import background, generate
from processes import PATIENCE
from stand_ins import query_here


def pytest_configure() -> None:
    """Let the processes of tests be interrupted, although who began the tests ignores Ctrl-C.

    A shell lets what it runs in the background ignore it, and all that these begin inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out cases that are marked `proof`, and one era of slow tests about both, by their name.

    `EVERY_CASE=1` leaves nothing out, as in `make proofs`, and neither does naming a test by "::".
    """
    if os.environ.get("EVERY_CASE") or any("::" in argument for argument in config.args):
        return
    left_out = [
        item for item in items if item.get_closest_marker("proof") or _is_of_other_era(item)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while tests are collected: nearly everything stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Keep ten thousand tests and their modules out of every later search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)  # objects that tests make are freed without a search


def pytest_unconfigure() -> None:
    """Let the end of the process free everything.

    DuckDB's binding prints what is left of it then: what a thread or the frozen garbage still held.
    """
    for thread in threading.enumerate():
        if isinstance(thread, WorkerThread):
            thread.stop()
            thread.join(1.0)  # one that works on ends with the process
    gc.unfreeze()


def _is_of_other_era(item: pytest.Item) -> bool:
    """Tell whether a slow test is a pair's half that is left out."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    era = params.get("era", params.get("mode"))
    if era not in _ERAS or item.get_closest_marker("slow") is None:
        return False
    test = item.nodeid.replace(era, "")
    return bool(crc32(test.encode()) & 1) != _ERAS[era]


_ERAS = {"auto": True, "2026-07-28": True, "legacy": False, "2025-11-25": False}
"""Whether an era is the newer one, by the names that tests give it."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted in tokens, before the last line."""
    counted = sorted({
        str(value) for reports in terminalreporter.stats.values() for report in reports
        for name, value in getattr(report, "user_properties", ()) if name == "tokens"
    })  # fmt: skip
    if counted:
        terminalreporter.section("tokens (o200k)")
    for line in counted:
        terminalreporter.line(line)


settings.register_profile(
    "same everywhere", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same everywhere")  # the same examples each time, however slow the machine is


@pytest.fixture(autouse=True)
def queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer queries in this process.

    A file whose subject is the process of a query has a fixture of this name that does nothing.
    """
    query_here(monkeypatch)


@pytest.fixture(autouse=True)
def _no_thread_outlives_its_test() -> Iterator[None]:
    """Stop runs that a test left in the background, and wait until their threads have ended.

    Their open files and connections would otherwise be reported in a later test, or at exit.
    """
    before = set(threading.enumerate())
    yield
    left = [thread for thread in set(threading.enumerate()) - before if _is_ours(thread)]
    if not left:
        return
    generate.stop_all()
    background.interrupt_all()
    for thread in left:
        thread.join(PATIENCE)
    assert [thread.name for thread in left if thread.is_alive()] == []


def _is_ours(thread: threading.Thread) -> bool:
    """Tell a thread of HealthSim from one that an event loop or Dask keeps for later work."""
    return not thread.name.startswith(("AnyIO worker thread", "Dask-"))
