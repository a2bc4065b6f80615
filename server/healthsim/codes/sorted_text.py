"""A large table as one text, sorted by its first field, in which lines are found by halving."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path


class SortedText:
    """Lines of tab-separated fields, sorted by the bytes of the first one.

    Reading it costs one read of the file, unpacked where its name ends in ``.gz``; a line is
    split only when it is asked for.
    """

    def __init__(self, path: Path) -> None:
        read = path.read_bytes()
        self._text = gzip.decompress(read) if path.suffix == ".gz" else read

    def __len__(self) -> int:
        return self._text.count(b"\n")

    def find(self, key: str) -> list[str] | None:
        """Return the fields of the line with this key, or None."""
        line = next(self.since(key), None)
        return line if line is not None and line[0] == key else None

    def below(self, prefix: str) -> Iterator[list[str]]:
        """Yield the lines whose key begins so, in order."""
        for line in self.since(prefix):
            if not line[0].startswith(prefix):
                return
            yield line

    def since(self, key: str = "") -> Iterator[list[str]]:
        """Yield the lines from the first one on whose key is not less."""
        text, place = self._text, self._place(key.encode(errors="surrogatepass"))
        while place < len(text):
            end = text.index(b"\n", place)
            yield text[place:end].decode().split("\t")
            place = end + 1

    def _place(self, key: bytes) -> int:
        """Return where the first line begins whose key is not less."""
        text, low, high = self._text, 0, len(self._text)
        while low < high:
            middle = max(low, text.rfind(b"\n", low, (low + high) // 2) + 1)
            if text[middle : text.index(b"\t", middle)] < key:
                low = text.index(b"\n", middle) + 1
            else:
                high = middle
        return low
