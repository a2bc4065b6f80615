"""Serving over stdin and stdout: the server ends with its input."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.stdio import stdio_server

from healthsim.serving import stopping

THREADS = 100
"""Threads of calls; one more call than threads could not even be cancelled."""


def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve until the input ends, and end the process then; does not return."""
    # Output of libraries must not reach the protocol: the SDK diverts it to stderr, but only
    # what is not buffered.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(write_through=True)
    stopping.end_on_signals()
    try:
        anyio.run(_serve, server)
    except BaseExceptionGroup as failures:
        lost, others = failures.split((BrokenPipeError, anyio.BrokenResourceError))
        if others is not None:
            raise others from None
        assert lost is not None  # the client has gone while it was answered
    stopping.end_now()


async def _serve(server: MCPServer[Any]) -> None:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    core = server._lowlevel_server
    async with stdio_server() as (incoming, outgoing):
        watched = _Watched(incoming, stopping.end_soon)
        try:
            await core.run(watched, outgoing, core.create_initialization_options())
        finally:  # also where nobody reads the answers: the SDK would wait for the next line
            stopping.end_soon()


class _Watched:
    """A stream that says when it has ended, before anybody is told who reads from it."""

    def __init__(self, stream: Any, at_end: Callable[[], None]) -> None:
        self._stream, self._at_end = stream, at_end

    @property
    def last_context(self) -> Any:
        """The context of whoever sent the last item."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        """Return the next item."""
        try:
            return await self._stream.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            self._at_end()
            raise

    async def aclose(self) -> None:
        """Close the stream."""
        await self._stream.aclose()

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> _Watched:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
