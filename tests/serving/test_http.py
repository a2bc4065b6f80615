"""The server over HTTP beyond loopback: the token, hosts, origins, slow connections, its end."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from anyio.abc import ByteStream
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from healthsim.operations import runs
from healthsim.operations.home import Home
from healthsim.serving.patience import PatientProtocol
from processes import PATIENCE
from serving.forking import Forked, begun
from serving.test_ending import MANY, is_under_way, left, until
from storing import drafted

pytestmark = pytest.mark.anyio

TOKEN = "a-token.of_24~characters"
ASKED = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",' \
    b'"capabilities":{},"clientInfo":{"name":"tests","version":"1"}}}'  # fmt: skip
RIGHT = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Serving:
    """A server that listens on every address of the machine."""

    def __init__(self, process: subprocess.Popen[str] | Forked, home: Home) -> None:
        assert process.stderr is not None
        self.process, self.home, self.said = process, home, ""
        while not (found := re.search(r":(\d+)/mcp", self.said)):
            line = process.stderr.readline()
            assert line, self.said
            self.said += line
        self.url = f"http://127.0.0.1:{found[1]}/mcp"

    def ask(self, **headers: str) -> httpx2.Response:
        given = {"Content-Type": "application/json",
                 "Accept": "application/json, text/event-stream"}  # fmt: skip
        with httpx2.Client(timeout=PATIENCE) as client:
            return client.post(self.url, content=ASKED, headers={**given, **headers})

    @asynccontextmanager
    async def client(self, mode: str) -> AsyncIterator[Client]:
        async with httpx2.AsyncClient(headers=RIGHT, timeout=PATIENCE) as carrier:
            transport = streamable_http_client(self.url, http_client=carrier)
            async with Client(transport, mode=mode) as client:  # type: ignore[arg-type]
                yield client

    def ended(self) -> tuple[int, str]:
        assert self.process.stderr is not None
        return self.process.wait(PATIENCE), self.process.stderr.read()


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with _serving(tmp_path_factory.mktemp("http"), anew=True) as server:
        yield server


@contextmanager
def _serving(folder: Path, *, anew: bool = False) -> Iterator[Serving]:
    token = folder / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    arguments = [
        "-m", "healthsim", "--home", str(folder), "serve",
        "--http", "0.0.0.0:0", "--token-file", str(token), "--allow-host", "Data.Example",
        "--allow-origin", "https://app.example",
    ]  # fmt: skip
    with begun(arguments, "stderr", anew=anew) as process:
        yield Serving(process, Home(folder))


@pytest.mark.slow
def test_plain_http_beyond_loopback_is_warned_of_and_the_token_is_not_said(
    serving: Serving,
) -> None:
    assert "warning: plain HTTP" in serving.said
    assert "with the token" in serving.said
    assert TOKEN not in serving.said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, ""),
        ({"Authorization": "Bearer"}, ', error="invalid_token"'),
        ({"Authorization": f"Bearer {TOKEN}x"}, ', error="invalid_token"'),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, ', error="invalid_token"'),
        ({"Authorization": f"Bearer {TOKEN.upper()}"}, ', error="invalid_token"'),
        ({"Authorization": f"Basic {TOKEN}"}, ', error="invalid_token"'),
        ({"Authorization": TOKEN}, ', error="invalid_token"'),
    ],
)
def test_a_request_without_the_token_is_challenged(
    serving: Serving, headers: dict[str, str], error: str
) -> None:
    answer = serving.ask(**headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="healthsim"{error}'
    assert "Authorization: Bearer" in answer.text
    assert TOKEN not in answer.text


@pytest.mark.slow
def test_other_paths_are_behind_the_token_too(serving: Serving) -> None:
    with httpx2.Client(timeout=PATIENCE) as client:
        assert client.get(serving.url.removesuffix("mcp")).status_code == 401


@pytest.mark.slow
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Authorization": f"bearer {TOKEN}"}, 200),
        ({"Host": "data.example"}, 200),
        ({"Host": "DATA.example:1234"}, 200),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "data.example.evil.example"}, 421),
        ({"Host": "0.0.0.0:1234"}, 421),
        ({"Origin": "https://app.example"}, 200),
        ({"Origin": "http://localhost:1234"}, 200),
        ({"Origin": "http://app.example"}, 403),
        ({"Origin": "https://app.example:444"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_with_the_token_hosts_and_origins_are_still_checked(
    serving: Serving, headers: dict[str, str], status: int
) -> None:
    assert serving.ask(**{**RIGHT, **headers}).status_code == status


@pytest.mark.slow
def test_a_page_that_may_call_is_let_by_its_browser_and_no_other_is(serving: Serving) -> None:
    def asked(origin: str) -> httpx2.Response:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST",
                   "Access-Control-Request-Headers": "authorization"}  # fmt: skip
        with httpx2.Client(timeout=PATIENCE) as client:
            return client.options(serving.url, headers=headers)

    allowed = asked("https://app.example")
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "access-control-allow-origin" not in asked("https://evil.example").headers


@pytest.mark.slow
def test_a_body_over_the_limit_is_refused(serving: Serving) -> None:
    with httpx2.Client(timeout=PATIENCE) as client:
        answer = client.post(serving.url, content=b" " * (5 * 2**20), headers=RIGHT)

    assert answer.status_code == 413


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_with_the_token_calls_tools(serving: Serving, mode: str) -> None:
    async with serving.client(mode) as client:
        result = await client.call_tool("find_templates", {})

    assert not result.is_error


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.proof)]
)
async def test_a_signal_interrupts_the_run_although_a_caller_waits(
    tmp_path: Path, number: signal.Signals
) -> None:
    with _serving(tmp_path) as serving:
        async with anyio.create_task_group() as group:

            async def wait_for_the_run() -> None:
                async with serving.client("auto") as client:
                    spec_id = drafted(serving.home, MANY)
                    await client.call_tool("execute_spec", {"spec_id": spec_id})

            group.start_soon(wait_for_the_run)
            await anyio.to_thread.run_sync(until, lambda: is_under_way(serving.home))
            serving.process.send_signal(number)
            code, said = await anyio.to_thread.run_sync(serving.ended)
            group.cancel_scope.cancel()

    assert code in (-number, 128 + number)
    assert "Traceback" not in said
    (run,) = runs.list_runs(serving.home)
    assert run.status == "interrupted"
    assert left(serving.home) == [".json", ".wishes"]


class Impatient(PatientProtocol):
    """The protocol of the server with little time for requests."""

    request_seconds = 0.2


class Slow:
    """An application that reads a body and answers when it is let."""

    def __init__(self) -> None:
        self.asked, self.may_answer = anyio.Event(), anyio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        self.asked.set()
        if message["type"] == "http.disconnect":
            return
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-length", b"4")]})  # fmt: skip
        await send({"type": "http.response.body", "body": b"done"})


@asynccontextmanager
async def impatient(app: Slow) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, http=Impatient, ws="none", lifespan="off",
                            log_config=None, access_log=False)  # fmt: skip
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as group:
        group.start_soon(server._serve)
        with anyio.fail_after(PATIENCE):
            while not server.started:
                await anyio.sleep(0.01)
            yield server.servers[0].sockets[0].getsockname()[1]
        server.should_exit = True


async def rest_of(stream: ByteStream) -> bytes:
    """Return what comes until the other side closes the connection."""
    received = b""
    try:
        while True:
            received += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return received


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
    ],
    ids=["nothing", "half a head", "half a body"],
)
async def test_a_connection_whose_request_does_not_come_whole_is_closed(part: bytes) -> None:
    async with impatient(Slow()) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        if part:
            await stream.send(part)
        answer = await rest_of(stream)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert int(re.search(rb"content-length: (\d+)", answer)[1]) == len(  # type: ignore[index]
        answer.partition(b"\r\n\r\n")[2]
    )


@pytest.mark.slow
async def test_an_answer_takes_as_long_as_it_takes_and_the_next_request_is_waited_for() -> None:
    app = Slow()
    async with impatient(app) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await app.asked.wait()
        async with await anyio.connect_tcp("127.0.0.1", port) as other:
            await rest_of(other)  # its time is over, and so would be that of the first
        app.may_answer.set()
        answer = b""
        while not answer.endswith(b"done"):
            answer += await stream.receive()
        await stream.send(b"GET / HTTP/1.1\r\nHost")
        second = await rest_of(stream)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"HTTP/1.1 408 ")
