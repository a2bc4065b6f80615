"""Serving over HTTP at /mcp: who may call, how slow connections may be, how many there are."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
from types import FrameType
from typing import Any

import anyio
import anyio.to_thread
import uvicorn
from mcp.server.mcpserver import MCPServer
from starlette.requests import ClientDisconnect

from healthsim.errors import Refused
from healthsim.serving import stopping
from healthsim.serving.access import Access, Address
from healthsim.serving.guard import guarded, security
from healthsim.serving.patience import PatientProtocol
from healthsim.serving.stdio import THREADS

_IDLE_SECONDS = 60  # that a connection is kept open between two requests
_CONNECTIONS = 500  # at once; more are answered 503
_SESSIONS = 1_000  # of the older protocol, at once
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_SESSION_SECONDS = 15 * 60  # in which a session without a request ends


def serve_http(server: MCPServer[Any], access: Access) -> None:
    """Serve until a signal ends it, and end the process then; does not return.

    Raises:
        Refused: it cannot listen there.
    """
    sockets = listen(access.address)
    port = sockets[0].getsockname()[1]
    host = f"[{access.address.host}]" if ":" in access.address.host else access.address.host
    for warning in access.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    asks = "with the token" if access.token else "without a token"
    sys.stderr.write(f"HealthSim serves MCP at http://{host}:{port}/mcp, {asks}\n")
    sys.stderr.flush()
    logging.getLogger("mcp.server.streamable_http").addFilter(worth_a_line)
    stopping.end_on_signals()
    anyio.run(_serve, server, access, sockets)
    stopping.end_now()


def worth_a_line(record: logging.LogRecord) -> bool:
    """Return whether a record is written: a client that leaves before it has asked is no fault."""
    return not (record.exc_info and isinstance(record.exc_info[1], ClientDisconnect))


async def _serve(server: MCPServer[Any], access: Access, sockets: list[socket.socket]) -> None:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    app = server.streamable_http_app(
        transport_security=security(access), session_idle_timeout=_SESSION_SECONDS,
        max_sessions=_SESSIONS,
    )  # fmt: skip
    config = uvicorn.Config(
        guarded(app, access), http=PatientProtocol, ws="none", log_config=None, access_log=False,
        timeout_keep_alive=_IDLE_SECONDS, limit_concurrency=_CONNECTIONS, server_header=False,
    )  # fmt: skip
    await _Server(config).serve(sockets=sockets)


class _Server(uvicorn.Server):
    """uvicorn's own, whose end does not wait for answers that take long."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end: runs are interrupted at once, answers have a moment."""
        stopping.end_soon(by=signal.Signals(sig))
        super().handle_exit(sig, frame)


def listen(address: Address) -> list[socket.socket]:
    """Open the sockets of an address; port 0 is the same free port for all of them.

    Raises:
        Refused: the port is taken, or the address is not one of this machine.
    """
    opened: list[socket.socket] = []
    failed, port = OSError("it has no address"), address.port
    for family, place in address.places:
        try:
            opened.append(_open(family, (place[0], port, *place[2:])))
            port = opened[0].getsockname()[1]
        except OSError as error:
            failed = error
            if error.errno not in _ABSENT:  # a name may have addresses that this machine has not
                for each in opened:
                    each.close()
                raise _refusal(address, error) from None
    if not opened:
        raise _refusal(address, failed)
    return opened


def _open(family: socket.AddressFamily, place: tuple[Any, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there, it would let two servers have one port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.bind(place)
        made.listen(_CONNECTIONS)
    except OSError:
        made.close()
        raise
    return made


def _refusal(address: Address, error: OSError) -> Refused:
    if error.errno == errno.EADDRINUSE:
        return Refused(
            "--http", f"port {address.port} of {address.host} is taken by another program",
            "choose another port, or 0 for any that is free",
        )  # fmt: skip
    if error.errno in (errno.EACCES, errno.EPERM):
        return Refused(
            "--http", f"port {address.port} may not be used ({error.strerror})",
            "choose a port of 1024 or more",
        )  # fmt: skip
    return Refused(
        "--http", f"it cannot listen on {address.host} ({error.strerror})",
        "give an address of this machine, such as 127.0.0.1",
    )  # fmt: skip
