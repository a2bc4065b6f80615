"""The process that renders: vl-convert, alone, so that a fault in it ends nothing else.

It reads one request a line from stdin and writes one answer a line, both JSON, until stdin closes.
A request has the specification, `form` (svg or png) and, for png, the scales to try, the largest
first, and the most bytes and pixels of height. An answer has `svg`, or `png` in base64, or `error`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import struct
import sys
import threading
import time
import zlib
from typing import Any

_TWO_UNITS = re.compile("[\U00010000-\U0010ffff]")
_LOOK = 0.1  # seconds between two looks for the process that started this one
_HEIGHT = 20  # bytes from the start of a PNG to its height


def answer(request: dict[str, Any]) -> dict[str, str]:
    """Return what was rendered, or why nothing was."""
    try:
        import vl_convert  # noqa: PLC0415  this is where it may be missing
    except (ImportError, OSError) as error:
        return {"missing": str(error)}
    try:
        return _drawn(vl_convert, request)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        narrow = _in_one_unit(request["spec"])
        if narrow == request["spec"]:
            return {"error": str(error)[:300]}
        return answer(request | {"spec": narrow})


def _drawn(renderer: Any, request: dict[str, Any]) -> dict[str, str]:
    if request["form"] == "svg":
        return {"svg": renderer.vegalite_to_svg(request["spec"], allowed_base_urls=[])}
    return {"png": base64.b64encode(_png(renderer, request)).decode("ascii")}


def _in_one_unit(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification without characters that take two units of UTF-16, such as emoji.

    Vega shortens a text that is too long by units, and half a character is an error. Whether a
    text is too long depends on the fonts of the machine.
    """
    narrow: dict[str, Any] = json.loads(
        _TWO_UNITS.sub("\N{REPLACEMENT CHARACTER}", json.dumps(spec, ensure_ascii=False))
    )
    return narrow


def _png(renderer: Any, request: dict[str, Any]) -> bytes:
    """Return the sharpest PNG that is neither too large nor too tall."""
    image = b""
    for scale in request["scales"]:
        drawn = renderer.vegalite_to_png(request["spec"], scale=scale, allowed_base_urls=[])
        image = smaller(drawn)
        (tall,) = struct.unpack_from(">I", image, _HEIGHT)
        if len(image) <= request["bytes"] and tall <= request["tall"]:
            break
    return image


def smaller(image: bytes) -> bytes:
    """Return the same PNG packed better: vl-convert packs for speed, a quarter is enough."""
    packed, kept, at = b"", [image[:8]], 8
    while at < len(image):
        (length,) = struct.unpack_from(">I", image, at)
        kind, chunk = image[at + 4 : at + 8], image[at : at + 12 + length]
        at += 12 + length
        if kind == b"IDAT":
            packed += chunk[8:-4]
            continue
        if kind == b"IEND":
            body = b"IDAT" + zlib.compress(zlib.decompress(packed), 6)
            kept.append(struct.pack(">I", len(body) - 4) + body
                        + struct.pack(">I", zlib.crc32(body)))  # fmt: skip
        kept.append(chunk)
    return b"".join(kept)


def _end_with_parent() -> None:
    """End this process when the one that started it has ended; Windows does not say that.

    The first argument is the number of that process, which may have ended before this line. On
    Windows a process may lie between the two.
    """
    parent = os.getppid() if sys.platform == "win32" else int(sys.argv[1])

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Answer requests until there are no more."""
    _end_with_parent()
    for line in sys.stdin.buffer:
        reply = json.dumps(answer(json.loads(line)))
        sys.stdout.buffer.write(reply.encode("utf-8", "surrogatepass") + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
