"""Looking through a file block by block says the same as looking at it at once."""

from __future__ import annotations

import pytest

from healthsim.errors import Refused
from healthsim.reference.scan import CsvScanner

HEADER = b"A,B\n"
TEXTS = [
    b"1,2\n3,4\n",
    b"1,2\n3,4",
    "1,Doña\n3,→4\n".encode(),
    b"1,Do\xf1a\n3,4\n",
    b"1,2\n3,\xc3",
    b"1,2\n3,4\r\n",
    b"1,2\n3,4\r",
    b"1,2\n3,\x004\n",
]
WINDOWS = [b"1,2\r\n3,4\r\n", b"1,2\r\n3,4\n", b"1,2\r\n3,4\r5,6\r\n", b'1,"2"\r\n']


def _said(header: bytes, text: bytes, size: int, *, latin_1: bool = False) -> object:
    """Return what a scanner says of a text in blocks of a size: its state, or line and fault."""
    scanner = CsvScanner("a.csv", latin_1=latin_1)
    try:
        scanner.take(header + text[:size])
        for start in range(size, len(text), size):
            scanner.take(text[start : start + size])
        scanner.finish()
    except Refused as error:
        return error.problem.where.split(", column")[0], error.problem.found
    return scanner.header, scanner.encoding, scanner.lines


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("text", TEXTS)
def test_blocks_leave_no_trace(text: bytes, size: int) -> None:
    assert _said(HEADER, text, size) == _said(HEADER, text, 100)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("text", WINDOWS)
def test_blocks_leave_no_trace_where_lines_end_in_two_bytes(text: bytes, size: int) -> None:
    header = HEADER.replace(b"\n", b"\r\n")

    assert _said(header, text, size) == _said(header, text, 100)


def test_faults_are_told_by_their_line() -> None:
    assert _said(HEADER, TEXTS[3], 100) == ("a.csv, line 2", "byte 0xF1 is not UTF-8 text")
    assert _said(HEADER, TEXTS[4], 100) == ("a.csv, line 3", "byte 0xC3 is not UTF-8 text")
    where, found = _said(HEADER, TEXTS[7], 100)  # type: ignore[misc]
    assert (where, found[:11]) == ("a.csv, line 3", "a zero byte")


def test_latin_1_is_taken_where_the_publisher_ships_it() -> None:
    assert _said(HEADER, TEXTS[3], 100, latin_1=True) == (("A", "B"), "latin-1", 3)
    assert _said(HEADER, TEXTS[2], 100, latin_1=True) == (("A", "B"), "utf-8", 3)
