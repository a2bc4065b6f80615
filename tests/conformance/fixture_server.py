"""The product's own server with the fixtures of the suite, over HTTP: `HOME` is its home."""

from __future__ import annotations

import sys
from pathlib import Path

from conformance.fixtures import add_fixtures
from healthsim.app import build_server
from healthsim.serving.access import access
from healthsim.serving.http import serve_http

if __name__ == "__main__":
    server = build_server(Path(sys.argv[1]))
    add_fixtures(server)
    serve_http(server, access("127.0.0.1:0"))
