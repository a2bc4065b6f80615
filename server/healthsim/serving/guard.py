"""What stands before the server over HTTP: the token of every request, and pages that may call."""

from __future__ import annotations

import logging
import re

from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from healthsim.serving.access import Access, same_token

_HERE = ("127.0.0.1", "localhost", "[::1]")
_METHODS = ("GET", "POST", "DELETE")
_CHALLENGE = 'Bearer realm="healthsim"'

_PLACE = rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::[0-9]{1,5})?"
_HOST = re.compile(_PLACE)
_ORIGIN = re.compile(rb"null|[A-Za-z][A-Za-z0-9+.-]*://(?:" + _PLACE + rb")?")

_log = logging.getLogger("healthsim")


def security(access: Access) -> TransportSecuritySettings:
    """Return the hosts and origins that the SDK checks: always, wherever the server listens."""
    hosts: tuple[str, ...] = _HERE
    if access.address.is_loopback:  # by the name that it was given too
        name = access.address.host.lower()
        hosts = (*_HERE, f"[{name}]" if ":" in name else name)
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*(f"{host}:*" for host in hosts), *hosts, *access.hosts],
        allowed_origins=[
            *(f"http://{host}:*" for host in hosts), *(f"http://{host}" for host in hosts),
            *access.origins,
        ],
    )  # fmt: skip


def guarded(app: ASGIApp, access: Access) -> ASGIApp:
    """Put the guard of an access before an application."""
    guard: ASGIApp = Guard(app, access.token)
    if access.origins:  # a browser asks first, without the token
        guard = CORSMiddleware(
            guard, allow_origins=access.origins, allow_methods=_METHODS, allow_headers=["*"],
            expose_headers=["Mcp-Session-Id", "WWW-Authenticate"],
        )  # fmt: skip
    return guard


class Guard:
    """Refuses requests without the token, and lets hosts be written in capitals.

    Args:
        app: what the others reach.
        token: every request must bring it, as `Authorization: Bearer`; none need if it is empty.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "http":
            if self._token and (problem := self._problem(scope)):
                _log.warning("a request was refused: %s", problem)
                challenge = _CHALLENGE if problem == _MISSING else _WRONG_CHALLENGE
                response = PlainTextResponse(
                    f"{problem}; send the header Authorization: Bearer <the server's token>\n",
                    status_code=401, headers={"WWW-Authenticate": challenge},
                )  # fmt: skip
                await response(scope, receive, send)
                return
            if refusal := _misaddressed(scope):
                _log.warning("a request was refused: %s", refusal[1])
                refused = PlainTextResponse(f"{refusal[1]}\n", status_code=refusal[0])
                await refused(scope, receive, send)
                return
            scope = {**scope, "headers": [_lowered(*header) for header in scope["headers"]]}
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> str:
        """Return what is wrong with the token of a request, without any of it."""
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if not given:
            return _MISSING
        scheme, _, token = given[0].partition(b" ")
        if len(given) > 1 or scheme.lower() != b"bearer":
            return "the authorization is not one bearer token"
        return "" if same_token(token.strip(), self._token) else "the token is not the server's"


_MISSING = "a token is missing"
_WRONG_CHALLENGE = f'{_CHALLENGE}, error="invalid_token"'


def _misaddressed(scope: Scope) -> tuple[int, str] | None:
    """Return the status and the reason for a Host or Origin that says no one place.

    The SDK compares them as texts: `127.0.0.1:1.evil.example` begins as one of this machine does.
    """
    given = scope["headers"]
    hosts = [value for name, value in given if name == b"host"]
    origins = [value for name, value in given if name == b"origin"]
    if len(hosts) > 1 or not all(map(_HOST.fullmatch, hosts)):
        return 421, "the Host is not one name with a port"
    if len(origins) > 1 or not all(map(_ORIGIN.fullmatch, origins)):
        return 403, "the Origin is not one scheme, name and port"
    return None


def _lowered(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return (name, value.lower()) if name in (b"host", b"origin") else (name, value)
