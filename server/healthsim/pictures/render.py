"""Renders pictures as SVG and PNG by vl-convert, a renderer of Vega-Lite without a browser.

It runs in a process of its own: it is native code, and a fault of it must not end a server. Where
it cannot be installed, everything else of a picture is there: its sentence, its table and its
Vega-Lite specification.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from threading import Timer
from typing import Any

from healthsim.errors import HealthSimError, Refused
from healthsim.pictures.picture import Picture
from healthsim.pictures.theme import Theme, config
from healthsim.watching import stoppable

WIDTH = 760
"""Pixels of a picture whose width nobody gives."""
MOST_BYTES = 700_000
"""Of a PNG: as text in an answer it is a third longer, and stays below 1 MB."""

_NARROWEST, _WIDEST = 280, 2_000
_MARGIN = 24  # left and right padding together
_LEGEND = 150  # pixels of one name in the legend
_SCALES = (2.0, 1.5, 1.0, 0.75, 0.5)
_TALLEST = 2_400  # pixels of a PNG; models see larger ones smaller
_LONGEST_TEXT = 400  # characters of one text in a picture; much longer ones take minutes
_SECONDS = 60.0  # for one picture; a busy machine needs three
_PROGRAM = Path(__file__).with_name("drawing_process.py")
_CONSOLE = 0x08000000 if sys.platform == "win32" else 0  # CREATE_NO_WINDOW
_MEND = "use the table and the Vega-Lite specification that the picture has"


class NoRenderer(HealthSimError):  # noqa: N818
    """vl-convert is not installed, or could not render a picture."""


def svg(
    picture: Picture, theme: Theme = "light", width: int = WIDTH, *, heading: bool = True
) -> str:
    """Return a picture as SVG text.

    Args:
        picture: what is drawn.
        theme: light or dark.
        width: pixels; long titles are broken and labels thinned out to fit.
        heading: whether title and subtitle are in it; a page has them as text of its own.

    Raises:
        NoRenderer: it cannot be rendered; the picture's table is the answer instead.
        Refused: the width is out of range.
    """
    spec = sized(picture, theme, width)
    if not heading:
        del spec["title"]
    return _rendered({"form": "svg", "spec": spec})


def png(picture: Picture, theme: Theme = "light", width: int = WIDTH) -> bytes:
    """Return a picture as a PNG of at most `MOST_BYTES`, sharp where that fits; raises as `svg`."""
    request = {"form": "png", "spec": sized(picture, theme, width), "scales": _SCALES,
               "bytes": MOST_BYTES, "tall": _TALLEST}  # fmt: skip
    return base64.b64decode(_rendered(request))


def sized(picture: Picture, theme: Theme = "light", width: int = WIDTH) -> dict[str, Any]:
    """Return a picture's specification with its look and its width, and texts that are printable.

    Raises:
        Refused: the width is out of range.
    """
    if not _NARROWEST <= width <= _WIDEST:
        raise Refused("width", f"is {width}", f"give {_NARROWEST} to {_WIDEST} pixels")
    look = config(theme)
    look["legend"]["columns"] = max(1, (width - _MARGIN) // _LEGEND)
    look["axisY"] = {"labelLimit": 0.4 * width}
    spec: dict[str, Any] = _printable(picture.spec)
    spec |= {"config": look, "title": _heading(picture, width)}
    if "layer" in spec or "mark" in spec:
        spec |= {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    return spec


def _heading(picture: Picture, width: int) -> dict[str, Any]:
    """Return title and subtitle in lines that fit the width."""
    heading = dict(_printable(picture.spec.get("title", {"text": picture.title})))
    for part, letter in (("text", 9.2), ("subtitle", 6.6)):
        if heading.get(part):
            heading[part] = textwrap.wrap(heading[part], int((width - _MARGIN) / letter))
    return heading


def _printable(node: Any) -> Any:
    """Return a specification whose texts hold no control characters, which no SVG may hold."""
    if isinstance(node, str):
        text = node if node.isprintable() else "".join(
            sign if sign.isprintable() else " " for sign in node)  # fmt: skip
        return text[:_LONGEST_TEXT]
    if isinstance(node, Mapping):
        return {key: _printable(value) for key, value in node.items()}
    return [_printable(value) for value in node] if isinstance(node, list | tuple) else node


class _Process:
    """One rendering process: it answers one request after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=_CONSOLE,
        )

    def ask(self, request: Mapping[str, Any]) -> dict[str, str]:
        """Return its answer; an empty one where the request was the end of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = Timer(_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            with stoppable(self._process.kill):
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
                reply = self._process.stdout.readline()
        except OSError:
            reply = b""
        finally:
            timer.cancel()
        answer: dict[str, str] = json.loads(reply) if reply.endswith(b"}\n") else {}
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for stream in filter(None, (self._process.stdin, self._process.stdout)):
            with suppress(OSError):  # what was not sent any more
                stream.close()


_SESSION: ContextVar[list[_Process] | None] = ContextVar("rendering session", default=None)


@contextmanager
def session() -> Iterator[None]:
    """Let all pictures that the block renders share one process, which begins with the first."""
    processes: list[_Process] = []
    before = _SESSION.set(processes)
    try:
        yield
    finally:
        _SESSION.reset(before)
        for process in processes:
            process.close()


def _rendered(request: Mapping[str, Any]) -> str:
    """Return SVG, or PNG in base64.

    Raises:
        NoRenderer: there is no vl-convert, or it could not render this.
    """
    if find_spec("vl_convert") is None:
        raise NoRenderer(
            "picture", "vl-convert, which renders it, is not on this machine",
            f"{_MEND}, or install vl-convert-python",
        )  # fmt: skip
    processes = _SESSION.get()
    if processes is None:
        with session():
            return _rendered(request)
    processes += [_Process()] if not processes else []
    answer = processes[0].ask(request)
    if not answer:
        processes.pop().close()
        raise NoRenderer("picture", "rendering it ended in a fault, or took too long", _MEND)
    if "missing" in answer or "error" in answer:
        found = answer.get("missing") or answer["error"]
        raise NoRenderer("picture", f"vl-convert could not render it ({found})", _MEND)
    return answer[str(request["form"])]
