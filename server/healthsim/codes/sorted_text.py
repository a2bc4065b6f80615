"""A large table as one text, sorted by its first field, with lines found by binary search."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path


class SortedText:
    """Lines of tab-separated fields, sorted by the bytes of the first one.

    The file is read once, and decompressed if its name ends in ``.gz``. A line is split into
    fields only when it is needed.
    """

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        self._text = gzip.decompress(content) if path.suffix == ".gz" else content

    def __len__(self) -> int:
        return self._text.count(b"\n")

    def find(self, key: str) -> list[str] | None:
        """Return the fields of the line with this key, or None."""
        line = next(self.since(key), None)
        return line if line is not None and line[0] == key else None

    def below(self, prefix: str) -> Iterator[list[str]]:
        """Yield the lines whose key begins with a text, in order."""
        for line in self.since(prefix):
            if not line[0].startswith(prefix):
                return
            yield line

    def since(self, key: str = "") -> Iterator[list[str]]:
        """Yield the lines from the first whose key is not less than `key`."""
        text, place = self._text, self._place(key.encode(errors="surrogatepass"))
        while place < len(text):
            end = text.index(b"\n", place)
            yield text[place:end].decode().split("\t")
            place = end + 1

    def _place(self, key: bytes) -> int:
        """Return the position of the first line whose key is not less than `key`."""
        text, low, high = self._text, 0, len(self._text)
        while low < high:
            middle = max(low, text.rfind(b"\n", low, (low + high) // 2) + 1)
            if text[middle : text.index(b"\t", middle)] < key:
                low = text.index(b"\n", middle) + 1
            else:
                high = middle
        return low
