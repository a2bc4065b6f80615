"""The scan of a text file before its import: encoding, line ends, zero bytes."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from typing import Protocol

from healthsim.errors import Refused

BLOCK = 2**22
"""Bytes read at once."""
_LONGEST_HEADER = 2**20
_ENDS = re.compile(rb"\r\n|\r|\n")
_ALIKE = "give the file as it was published, or save it with one kind of line end"
_NAMES = {b"\r\n": "CR LF (Windows)", b"\n": "LF (Unix)", b"\r": "CR (old Macintosh)"}


class ByteSource(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes; none at the end."""


class CsvScanner:
    """Scans a file block by block, and refuses it at the first invalid byte.

    Args:
        name: the file's own name, for error texts.
        latin_1: whether the publisher ships Latin-1 text, which is then accepted.

    Attributes:
        name: the file's own name.
        header: the columns that the first line names; known after the first block.
        encoding: ``"utf-8"``, or ``"latin-1"`` after a byte that UTF-8 does not allow.
        lines: number of line ends so far.
    """

    def __init__(self, name: str, *, latin_1: bool) -> None:
        self.header: tuple[str, ...] = ()
        self.encoding = "utf-8"
        self.lines = 0
        self.name = name
        self._latin_1 = latin_1
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._started = False
        self._line_end = b""  # line end of the first line
        self._pending = b""  # a CR at the end of a block, perhaps the first half of CR LF
        self._feeds = 0  # line feeds in the current block

    def take(self, block: bytes) -> None:
        """Scan the next bytes."""
        if not self._started:
            self._start(block)
        block, self._pending = self._pending + block, b""
        if block.endswith(b"\r"):
            block, self._pending = block[:-1], b"\r"
        self._scan(block)

    def finish(self) -> None:
        """Finish the scan after the last bytes."""
        if self._pending:
            self._pending = b""
            self._scan(b"\r")
        if self.encoding == "utf-8":
            self._decode(b"", final=True)

    def _scan(self, block: bytes) -> None:
        zero = block.find(b"\0")
        if zero >= 0:
            raise self._refused(block, zero, "a zero byte: this is no text file",
                                "download the CSV file again")  # fmt: skip
        self._check_ends(block)
        if self.encoding == "utf-8":
            self._decode(block)
        self.lines += self._feeds

    def _start(self, block: bytes) -> None:
        self._started = True
        if not block.strip():
            raise Refused(self.name, "is empty", "download it again")
        line, end = first_line(block)
        if not end and len(block) >= _LONGEST_HEADER:
            raise Refused(self.name, "has no line end in its first megabyte",
                          "give the publisher's CSV file")  # fmt: skip
        if not end:
            raise Refused(at_line(self.name, 1), "the whole file is one line that does not end",
                          "give the publisher's CSV file: this one was cut short, or is an "
                          "error page")  # fmt: skip
        self._line_end = end
        text = line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
        self.header = tuple(name.strip() for name in next(csv.reader([text]), []))

    def _check_ends(self, block: bytes) -> None:
        """Refuse line ends that differ from the first one."""
        self._feeds = block.count(b"\n")
        if self._line_end == b"\r":
            raise self._refused(block, 0, f"ends with {_NAMES[self._line_end]}", _ALIKE, whole=True)
        if self._line_end == b"\n" and b"\r" not in block:
            return
        if self._line_end == b"\r\n" and self._feeds == block.count(b"\r\n") == block.count(b"\r"):
            return
        other = next(match for match in _ENDS.finditer(block) if match[0] != self._line_end)
        found = f"ends with {_NAMES[other[0]]}, and the first line with {_NAMES[self._line_end]}"
        raise self._refused(block, other.start(), found, _ALIKE, whole=True)

    def _decode(self, block: bytes, *, final: bool = False) -> None:
        if block.isascii() and not final and not self._decoder.getstate()[0]:
            return
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError as error:
            if self._latin_1:
                self.encoding = "latin-1"
                return
            raise self._refused(
                error.object, error.start,
                f"byte 0x{error.object[error.start]:02X} is not UTF-8 text",
                "its publisher ships UTF-8: download it again, or save it as UTF-8",
            ) from None  # fmt: skip

    def _refused(
        self, block: bytes, at: int, found: str, mend: str, *, whole: bool = False
    ) -> Refused:
        """Return the refusal of a byte of a block, with its line, and its column if not `whole`."""
        start = block.rfind(b"\n", 0, at) + 1
        line = self.lines + block.count(b"\n", 0, at) + 1
        fields = next(csv.reader([block[start:at].decode("latin-1").rstrip("\r") + "x"]), [""])
        field = len(fields) - 1
        in_block = start > 0 or self.lines == 0  # else the line began in an earlier block
        named = not whole and in_block and line > 1 and field < len(self.header)
        column = self.header[field] if named else ""
        return Refused(at_line(self.name, line, column), found, mend)


def at_line(name: str, line: int, column: str = "") -> str:
    """Return a place in a file, for an error text.

    >>> at_line("a.csv", 3, "YEAR")
    'a.csv, line 3, column YEAR'
    """
    return f"{name}, line {line:,}" + (f", column {column}" if column else "")


def first_line(block: bytes) -> tuple[bytes, bytes]:
    r"""Return the first line of a block, and its line end.

    >>> first_line(b"a,b\r\n1,2\r\n")
    (b'a,b', b'\r\n')
    """
    match = re.search(rb"\r\n|\r|\n", block)
    return (block[: match.start()], match[0]) if match else (block, b"")


def blocks(file: ByteSource, report_bytes: Callable[[int], None]) -> Iterator[bytes]:
    """Yield a file block by block, and report how many bytes have been read."""
    done = 0
    while block := file.read(BLOCK):
        done += len(block)
        report_bytes(done)
        yield block
