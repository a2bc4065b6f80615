"""Connections over HTTP that are given up when a request does not come in time."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 15.0
"""In which a request must have come whole, and in which the first must have come."""

_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: text/plain\r\n"
    b"content-length: 39\r\n\r\nthe request did not come whole in time\n"
)


class PatientProtocol(H11Protocol):
    """uvicorn's own, which waits for a request without end, with an end.

    Between two requests `timeout_keep_alive` counts, as in uvicorn; an answer takes as long as it
    takes.
    """

    request_seconds = REQUEST_SECONDS
    _expected: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on with what has come of the next request."""
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._forget()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Wait for the rest of a request that has come in part."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._forget()
        elif self._expected is None and not self.transport.is_closing():
            self._expect()

    def _expect(self) -> None:
        self._expected = self.loop.call_later(self.request_seconds, self._give_up)

    def _forget(self) -> None:
        if self._expected is not None:
            self._expected.cancel()
            self._expected = None

    def _give_up(self) -> None:
        self._expected = None
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete:
            unanswered = self.conn.their_state is h11.IDLE
        else:
            unanswered = not cycle.response_started
        if unanswered:
            self.transport.write(_TOO_SLOW)
        self.transport.close()
