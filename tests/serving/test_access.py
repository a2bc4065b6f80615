"""Who may reach the server over HTTP: refused with words that mend it, or let in with care."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from healthsim.errors import Refused
from healthsim.serving.access import access, read_address, same_token
from healthsim.serving.guard import Guard, security
from healthsim.serving.http import listen, worth_a_line

TOKEN = "abcdefghijklmnop"  # 16 characters
OPEN = ("0.0.0.0:8000", "[::]:8000", "203.0.113.7:8000", "0.0.0.0:0")


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEALTHSIM_TOKEN", raising=False)


@pytest.mark.parametrize("http", OPEN)
def test_beyond_loopback_a_token_and_hosts_are_asked_for_with_how_to_give_them(http: str) -> None:
    with pytest.raises(Refused) as refused:
        access(http)

    said = str(refused.value)
    assert said.startswith(f"--http: {http} can be reached from other machines; give a token")
    for mend in ("$HEALTHSIM_TOKEN", "--token-file", "--allow-host NAME", "secrets.token_urlsafe",
                 "or listen on 127.0.0.1"):  # fmt: skip
        assert mend in said


@pytest.mark.parametrize("http", OPEN)
def test_beyond_loopback_what_is_missing_alone_is_asked_for(
    http: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="give a token") as refused:
        access(http, hosts=["data.example"])
    assert "--allow-host" not in str(refused.value)
    monkeypatch.setenv("HEALTHSIM_TOKEN", TOKEN)
    with pytest.raises(Refused, match="give --allow-host"):
        access(http)


@pytest.mark.parametrize("http", OPEN)
def test_beyond_loopback_a_token_and_hosts_open_the_door_with_a_warning_of_plain_http(
    http: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHSIM_TOKEN", TOKEN)
    found = access(http, hosts=["Data.Example", "data.example:8443", "fe80::1", "[fe80::2]:80"])

    assert found.token == TOKEN
    assert found.hosts == ("data.example", "data.example:*", "data.example:8443", "[fe80::1]",
                           "[fe80::1]:*", "[fe80::2]:80")  # fmt: skip
    assert any(warning.startswith("plain HTTP") for warning in found.warnings)


@pytest.mark.parametrize(
    "http", ["127.0.0.1:8000", "127.8.9.10:1", "[::1]:8000", "localhost:0", ":8000"]
)
def test_on_this_machine_alone_nothing_is_asked_for(http: str) -> None:
    found = access(http)

    assert (found.token, found.hosts, found.warnings) == ("", (), ())


def test_a_proxy_without_a_token_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    (said,) = access("127.0.0.1:0", hosts=["data.example"]).warnings
    (likewise,) = access("127.0.0.1:0", origins=["https://app.example"]).warnings
    monkeypatch.setenv("HEALTHSIM_TOKEN", TOKEN)

    assert said == likewise
    assert "needs no token" in said
    assert access("127.0.0.1:0", hosts=["data.example"]).warnings == ()


def test_the_token_is_taken_out_of_the_environment_and_is_in_no_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEALTHSIM_TOKEN", TOKEN)
    found = access("127.0.0.1:0")

    assert found.token == TOKEN
    assert "HEALTHSIM_TOKEN" not in os.environ
    assert TOKEN not in repr(found)


def test_an_option_is_stronger_than_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}-of-file\r\n")
    file.chmod(0o600)
    monkeypatch.setenv("HEALTHSIM_TOKEN", f"{TOKEN}-of-environment")

    found = access("127.0.0.1:0", token_file=file)

    assert (found.token, found.warnings) == (f"{TOKEN}-of-file", ())


def test_a_token_that_others_can_see_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(0o644)

    (seen,) = access("127.0.0.1:0", token=TOKEN).warnings
    assert "--token is seen by all users of this machine" in seen
    if sys.platform != "win32":
        (readable,) = access("127.0.0.1:0", token_file=file).warnings
        assert "can be read by other users" in readable


@pytest.mark.parametrize(
    ("token", "found"),
    [
        ("abcdefghijklmno", "it has too few characters"),
        ("ab" * 20, "it repeats a few characters"),
        ("abcdefgh ijklmnopq", "characters other than letters"),
        ("abcdefghijklmnöpq", "characters other than letters"),
        ("abcdefghijklmnop\n", "characters other than letters"),
        ("abcdefghijklmnop" * 33, "it has too many characters"),
    ],
)
def test_a_weak_token_is_refused_and_not_quoted(token: str, found: str) -> None:
    with pytest.raises(Refused) as refused:
        access("127.0.0.1:0", token=token)

    assert found in str(refused.value)
    assert "makes one" in str(refused.value)
    assert token not in str(refused.value)


@pytest.mark.parametrize("text", ["", "\n", f"{TOKEN}\nmore\n", f"{TOKEN}\x00"])
def test_a_file_without_one_token_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)

    with pytest.raises(Refused, match="--token-file"):
        access("127.0.0.1:0", token_file=file)


def test_an_empty_variable_is_no_token_and_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHSIM_TOKEN", "")

    with pytest.raises(Refused, match=r"\$HEALTHSIM_TOKEN: it is empty"):
        access("127.0.0.1:0")


def test_a_file_that_is_not_there_and_two_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        access("127.0.0.1:0", token_file=tmp_path / "none")
    with pytest.raises(Refused, match="cannot be read"):
        access("127.0.0.1:0", token_file=tmp_path)
    with pytest.raises(Refused, match="give --token-file alone"):
        access("127.0.0.1:0", token=TOKEN, token_file=tmp_path / "none")


@pytest.mark.parametrize("host", ["*", "*.example", "", "a b", "http://x", "x:y", "x/y", "[::1"])
def test_a_host_that_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="--allow-host: is"):
        access("127.0.0.1:0", hosts=[host])


@pytest.mark.parametrize(
    "origin", ["*", "null", "app.example", "https://app.example/page", "https://*.example", ""]
)
def test_an_origin_that_is_no_page_of_one_host_is_refused(origin: str) -> None:
    with pytest.raises(Refused, match="--allow-origin: is"):
        access("127.0.0.1:0", origins=[origin])


def test_origins_are_compared_as_browsers_write_them() -> None:
    found = access("127.0.0.1:0", origins=["HTTPS://App.Example:8443/", "vscode-webview://x"])

    assert found.origins == ("https://app.example:8443", "vscode-webview://x")


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("8000", "give HOST:PORT"),
        ("127.0.0.1", "give HOST:PORT"),
        ("127.0.0.1:", "give HOST:PORT"),
        ("127.0.0.1:x", "give HOST:PORT"),
        ("127.0.0.1:65536", "give HOST:PORT"),
        ("127.0.0.1:-1", "give HOST:PORT"),
        ("::1:8000", r"brackets: \[::1\]:8000"),
        ("[127.0.0.1]:80", "no IPv6 address"),
        ("http://127.0.0.1:80", "leave out the scheme"),
        ("*:80", "0.0.0.0 is every address"),
        ("a b:80", "no host"),
        ("no-such-host.invalid:80", "there is no host"),
        (f"{'a' * 300}:80", "no host"),
    ],
)
def test_an_address_of_another_form_is_refused_with_the_right_one(text: str, mend: str) -> None:
    with pytest.raises(Refused, match=mend):
        read_address(text)


def test_an_address_that_is_mapped_to_loopback_is_loopback() -> None:
    assert read_address("[::ffff:127.0.0.1]:0").is_loopback
    assert not read_address("[::ffff:192.0.2.1]:0").is_loopback


def test_the_name_by_which_a_loopback_is_called_is_an_allowed_host() -> None:
    hosts = security(access("127.8.9.10:0")).allowed_hosts

    assert {"127.8.9.10:*", "localhost:*", "[::1]:*", "127.0.0.1"} <= set(hosts)


def test_a_host_beyond_is_not_allowed_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEALTHSIM_TOKEN", TOKEN)
    allowed = security(access("0.0.0.0:0", hosts=["data.example"]))

    assert allowed.enable_dns_rebinding_protection
    assert "data.example:*" in allowed.allowed_hosts
    assert not any("0.0.0.0" in host for host in allowed.allowed_hosts)


def test_tokens_are_the_same_byte_for_byte() -> None:
    assert same_token(b"one", b"one")
    assert not same_token(b"one", b"One")
    assert not same_token(b"one", b"one ")


def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"port {port} of 127.0.0.1 is taken .* choose another"):
            listen(read_address(f"127.0.0.1:{port}"))


def test_an_address_of_another_machine_is_said_to_be() -> None:
    with pytest.raises(Refused, match="give an address of this machine"):
        listen(read_address("203.0.113.7:0"))


def test_a_free_port_is_the_same_for_all_addresses_of_a_name() -> None:
    sockets = listen(read_address("localhost:0"))
    try:
        assert len({opened.getsockname()[1] for opened in sockets}) == 1
    finally:
        for opened in sockets:
            opened.close()


HERE = (b"host", b"127.0.0.1:8000")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([HERE], 0),
        ([(b"host", b"[::1]:8000")], 0),
        ([HERE, (b"origin", b"http://localhost:3000")], 0),
        ([HERE, (b"origin", b"null")], 0),  # the SDK refuses these two
        ([HERE, (b"origin", b"file://")], 0),
        ([(b"host", b"127.0.0.1:1.evil.example")], 421),
        ([(b"host", b"localhost:80@evil.example")], 421),
        ([(b"host", b"127.0.0.1:")], 421),
        ([(b"host", b"")], 421),
        ([HERE, (b"host", b"evil.example")], 421),
        ([HERE, (b"origin", b"http://127.0.0.1:1.evil.example")], 403),
        ([HERE, (b"origin", b"http://localhost:3000/evil")], 403),
        ([HERE, (b"origin", b"")], 403),
        ([HERE, (b"origin", b"http://localhost"), (b"origin", b"http://evil.example")], 403),
    ],
)
async def test_a_host_or_origin_that_says_no_one_place_reaches_nothing(
    headers: list[tuple[bytes, bytes]], status: int
) -> None:
    said: list[MutableMapping[str, Any]] = []

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 0})

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": headers}
    await Guard(reached, "")(scope, receive, send)

    assert said[0]["status"] == status


def test_a_client_that_leaves_before_it_has_asked_fills_no_log() -> None:
    def record(error: BaseException) -> logging.LogRecord:
        return logging.LogRecord("mcp", logging.ERROR, "", 1, "failed", (),
                                 (type(error), error, None))  # fmt: skip

    assert not worth_a_line(record(ClientDisconnect()))
    assert worth_a_line(record(ValueError("a fault")))
