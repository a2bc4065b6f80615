"""The process that renders: vl-convert, alone, so that a fault in it ends nothing else.

It reads one request a line from stdin and writes one answer a line, both JSON, until stdin closes.
A request has the specification, `form` (svg or png) and, for png, the scales to try, the largest
first, and the most bytes and pixels of height. An answer has `svg`, or `png` in base64, or `error`.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import sys
import threading
import time
import zlib
from typing import Any

_LOOK = 0.1  # seconds between two looks for the process that started this one
_HEIGHT = 20  # bytes from the start of a PNG to its height


def answer(request: dict[str, Any]) -> dict[str, str]:
    """Return what was rendered, or why nothing was."""
    try:
        import vl_convert  # noqa: PLC0415  this is where it may be missing
    except (ImportError, OSError) as error:
        return {"missing": str(error)}
    try:
        if request["form"] == "svg":
            svg = vl_convert.vegalite_to_svg(request["spec"], allowed_base_urls=[])
            return {"svg": svg}
        return {"png": base64.b64encode(_png(vl_convert, request)).decode("ascii")}
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        return {"error": str(error)[:300]}


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
    """End this process when the one that started it has ended; Windows does not say that."""
    parent = os.getppid()

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
