"""A real server that speaks S3, in this process, with one bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Thread
from typing import Any

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

SECRET = "not-to-be-seen-5f2c"
BUCKET = "lakes"
ADDRESS = f"s3://{BUCKET}/some/where"


class Busy:
    """Answers some requests with 503, and hands all others to the store."""

    def __init__(self) -> None:
        self.left = self.refused = 0
        self._store = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        if self.left <= 0:
            return self._store(environ, start_response)
        self.left -= 1
        self.refused += 1
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("503 Slow Down", [("Content-Length", "0")])
        return [b""]


BUSY = Busy()


@contextmanager
def object_server() -> Iterator[str]:
    """Serve until the block ends; give the endpoint."""
    server = make_server("127.0.0.1", 0, BUSY, threaded=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def empty_bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give an empty bucket; the environment has its keys."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    found = _store(endpoint).Bucket(BUCKET)
    found.create()
    yield found
    found.objects.all().delete()
    found.delete()


@cache
def _store(endpoint: str) -> Any:
    return boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1")
