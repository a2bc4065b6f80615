"""What holds for every test: what it began has ended, and what it counted is in the report."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from healthsim.operations import background, generate
from processes import PATIENCE


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
    """Tell a thread of HealthSim from one that an event loop keeps for later work."""
    return not thread.name.startswith("AnyIO worker thread")
