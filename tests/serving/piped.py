"""A server as a process of its own, spoken to line by line, so that its end can be watched."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from processes import PATIENCE
from serving.forking import Forked, begun

ERAS = ("2025-11-25", "2026-07-28")
_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": ERAS[1],
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Piped:
    """A client of one era at the pipes of a server."""

    def __init__(self, process: subprocess.Popen[str] | Forked, era: str) -> None:
        self.process, self._era, self._last = process, era, 0
        if era == ERAS[0]:
            about = {"protocolVersion": era, "capabilities": {}, "clientInfo": {"name": "tests",
                     "version": "1"}}  # fmt: skip
            self.answer(self.send("initialize", about))
            self._write({"method": "notifications/initialized"})

    def send(self, method: str, params: dict[str, Any]) -> int:
        """Send a request, and return its number."""
        self._last += 1
        if self._era == ERAS[1]:
            params = {**params, "_meta": _ENVELOPE}
        self._write({"id": self._last, "method": method, "params": params})
        return self._last

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        if self._era == ERAS[1]:
            params = {**params, "_meta": _ENVELOPE}
        self._write({"method": method, "params": params})

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer to a request."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
        raise AssertionError("the server has ended without an answer")

    def begin(self, tool: str, **arguments: Any) -> int:
        """Call a tool without waiting for its answer."""
        return self.send("tools/call", {"name": tool, "arguments": arguments})

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool, and return its structured answer."""
        result = self.answer(self.begin(tool, **arguments))
        assert not result.get("isError"), result
        return dict(result.get("structuredContent", {}))

    def leave(self) -> tuple[int, str]:
        """Close the server's input, and return its exit code and what it wrote on stderr."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait for the end of the server, and return its exit code and what it wrote on stderr."""
        assert self.process.stderr is not None
        return self.process.wait(PATIENCE), self.process.stderr.read()

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()


@contextmanager
def piped(home: Path, era: str, program: str = "", *, anew: bool = False) -> Iterator[Piped]:
    """Begin a server on a home, or a program that serves it, and speak to it in one era.

    Args:
        home: its folder.
        era: the version of the protocol.
        program: what serves in place of `healthsim serve`.
        anew: Python is started for it; else it is a fork, where there are any.
    """
    arguments = ["-c", program, str(home)] if program else [
        "-m", "healthsim", "--home", str(home), "serve",
    ]  # fmt: skip
    with begun(arguments, "stdin", "stdout", "stderr", anew=anew) as process:
        yield Piped(process, era)
