"""Who may reach the server over HTTP: where it listens, the token, the hosts and origins."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import socket
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from healthsim.errors import Refused

TOKEN_VARIABLE = "HEALTHSIM_TOKEN"
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 512
"""Characters of a token."""

_LEAST_DISTINCT = 6  # characters of a token that differ
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe(32))" makes one'
_PORT = re.compile(r"[0-9]{1,5}")
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?")
_LARGEST_PORT = 65_535
_FORM = "give HOST:PORT, such as 127.0.0.1:8000 or [::1]:8000 (port 0 is any that is free)"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Attributes:
        host: as it was given, without brackets.
        places: family and socket address of each; a name may have several.
        is_loopback: whether this machine alone can reach all of them.
    """

    host: str
    port: int
    places: tuple[tuple[socket.AddressFamily, tuple[Any, ...]], ...]
    is_loopback: bool


@dataclass(frozen=True, slots=True)
class Access:
    """Where a server listens, and whom it answers.

    Attributes:
        token: what every request must bring; none where empty.
        hosts: names by which clients may call it, beside those of this machine itself.
        origins: pages that may call it, beside those of this machine itself.
        warnings: what whoever starts the server should know.
    """

    address: Address
    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def access(
    http: str,
    token: str = "",
    token_file: Path | None = None,
    hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> Access:
    """Decide who may reach a server, or refuse to start it.

    Args:
        http: HOST:PORT.
        token: given on the command line, where other users of the machine can see it.
        token_file: holds the token; else $HEALTHSIM_TOKEN may.
        hosts: names by which clients call the server, each with a port or for any.
        origins: pages that may call it.

    Raises:
        Refused: something is wrong, or others could reach the server without a token.
    """
    address = read_address(http)
    warnings: list[str] = []
    secret = _token(token, token_file, warnings)
    allowed = tuple(allowed for host in hosts for allowed in _host(host))
    pages = tuple(_origin(origin) for origin in origins)
    if not address.is_loopback:
        _refuse_open_door(http, address, bool(secret), bool(allowed))
        warnings.append(
            "plain HTTP: whoever is on the network between can read the token and all answers; put "
            "a proxy with TLS in front, or listen on 127.0.0.1 and forward the port by ssh"
        )
    elif (allowed or pages) and not secret:
        warnings.append(
            "whoever reaches it through a proxy or a page needs no token; set one in "
            f"${TOKEN_VARIABLE} or --token-file"
        )
    return Access(address, secret, allowed, pages, tuple(warnings))


def _refuse_open_door(http: str, address: Address, has_token: bool, has_hosts: bool) -> None:
    missing = [] if has_token else [
        f"a token of {SHORTEST_TOKEN} characters or more in ${TOKEN_VARIABLE} or --token-file "
        f"({_MAKE_ONE})"
    ]  # fmt: skip
    if not has_hosts:
        missing.append("--allow-host NAME for each name by which clients call this machine")
    if missing:
        raise Refused(
            "--http", f"{http} can be reached from other machines",
            f"give {' and '.join(missing)}; or listen on 127.0.0.1:{address.port}, which only "
            "this machine can reach",
        )  # fmt: skip


def read_address(text: str) -> Address:
    """Read HOST:PORT and find the addresses of the host.

    Raises:
        Refused: it has another form, or there is no such host.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.fullmatch(port) or int(port) > _LARGEST_PORT:
        raise Refused("--http", f"is {text!r}", _FORM)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host:
            raise Refused("--http", f"{host!r} in brackets is no IPv6 address", _FORM)
    elif "/" in host:
        raise Refused("--http", f"is {text!r}", f"leave out the scheme: {_FORM}")
    elif ":" in host:
        raise Refused(
            "--http", f"is {text!r}", f"write an IPv6 address in brackets: [{host}]:{port}"
        )
    host = host or "127.0.0.1"
    if not (_NAME.fullmatch(host) or ":" in host):
        raise Refused("--http", f"{host!r} is no host", f"{_FORM}; 0.0.0.0 is every address")
    try:
        found = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused("--http", f"there is no host {host!r} ({reason})", _FORM) from None
    places: tuple[tuple[socket.AddressFamily, tuple[Any, ...]], ...] = tuple(
        dict.fromkeys((family, place) for family, _, _, _, place in found)
    )
    loopback = all(is_loopback(str(place[0])) for _, place in places)
    return Address(host, int(port), places, loopback)


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an IP address.

    >>> [is_loopback(each) for each in ("127.0.0.2", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::")]
    [True, True, True, False, False]
    """
    number = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(number, "ipv4_mapped", None)
    return bool((mapped or number).is_loopback)


def _token(given: str, file: Path | None, warnings: list[str]) -> str:
    """Return the token from the one place that has it, and take it out of the environment."""
    inherited = os.environ.pop(TOKEN_VARIABLE, None)  # no process that we start shall have it
    if given and file:
        raise Refused("--token", "a token and a file of one are given", "give --token-file alone")
    if given:
        warnings.append(
            f"--token is seen by all users of this machine; use ${TOKEN_VARIABLE} or --token-file"
        )
        return _checked("--token", given)
    if file:
        return _checked("--token-file", _token_of(file, warnings))
    return "" if inherited is None else _checked(f"${TOKEN_VARIABLE}", inherited)


def _token_of(file: Path, warnings: list[str]) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(LONGEST_TOKEN + 3)
            mode = os.fstat(opened.fileno()).st_mode
    except OSError as error:
        raise Refused(
            "--token-file", f"{file} cannot be read ({error.strerror})", "name a file with a token"
        ) from None
    if sys.platform != "win32" and stat.S_ISREG(mode) and mode & 0o077:
        warnings.append(f"{file} can be read by other users of this machine; chmod 600 mends that")
    return text.decode("ascii", "replace").removesuffix("\n").removesuffix("\r")


def _checked(where: str, token: str) -> str:
    """Refuse a token that is easily guessed or cannot travel; its text is never quoted."""
    found = ""
    if not token:
        found = "it is empty"
    elif not _TOKEN.fullmatch(token):
        found = (
            "it has spaces, line ends or characters other than letters, digits and . _ ~ + / = -"
        )
    elif not SHORTEST_TOKEN <= len(token) <= LONGEST_TOKEN:
        found = f"it has too {'few' if len(token) < SHORTEST_TOKEN else 'many'} characters"
    elif len(set(token)) < _LEAST_DISTINCT:
        found = "it repeats a few characters"
    if found:
        raise Refused(
            where, found, f"use a random one of {SHORTEST_TOKEN} to {LONGEST_TOKEN} characters; "
            f"{_MAKE_ONE}",
        )  # fmt: skip
    return token


def same_token(one: bytes, other: bytes) -> bool:
    """Compare two tokens in a time that says nothing about either."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())


def _host(text: str) -> Iterable[str]:
    """Return what a Host header may be: as given, or with any port where none was."""
    host, port = text.strip().lower(), ""
    if not host.startswith("[") and host.count(":") == 1:
        host, _, port = host.partition(":")
    elif host.startswith("[") and "]:" in host:
        host, _, port = host.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in bare:
        host = f"[{bare}]"
    fits = _is_ip(bare) if ":" in bare else bool(_NAME.fullmatch(host))
    if not fits or (port and not _PORT.fullmatch(port)):
        raise Refused(
            "--allow-host", f"is {text!r}",
            "give a name or address by which clients call this machine, such as data.example or "
            "data.example:8000; patterns are not taken",
        )  # fmt: skip
    return (f"{host}:{port}",) if port else (host, f"{host}:*")


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _origin(text: str) -> str:
    origin = text.strip().lower().rstrip("/")
    if not _ORIGIN.fullmatch(origin):
        raise Refused(
            "--allow-origin", f"is {text!r}",
            "give scheme and host of a page, such as https://app.example; null and patterns are "
            "not taken",
        )  # fmt: skip
    return origin
