"""Zip files, judged before anything of them is unpacked: a small one can hold a whole disk."""

from __future__ import annotations

import fnmatch
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from healthsim.errors import Refused

_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_LONGEST_DIRECTORY = 4_000_000  # bytes; a publisher's has some hundred
_RATIO = 100  # bytes that a packed byte may become; figures as text become 5 to 20
_ALWAYS = 10_000_000  # bytes that any file may unpack to
_AGAIN = "download it again from its publisher"
_YOURSELF = "if it is what its publisher offers, unpack it yourself and give the CSV file"


def is_zip(head: bytes) -> bool:
    """Say whether a file that begins so is a zip file, an empty one included."""
    return head.startswith(_BEGINNINGS)


@contextmanager
def open_member(
    file: Path, pattern: str, folder: Path
) -> Iterator[tuple[zipfile.ZipInfo, IO[bytes]]]:
    """Open the one CSV file that a zip file holds; what it declares is judged first.

    Args:
        file: the zip file.
        pattern: of the name of the CSV file, where there are several.
        folder: to which it will be unpacked, whose disk must have room for it.

    Raises:
        Refused: it is empty, damaged, holds no or several CSV files, or would unpack to too much.
    """
    try:
        _judge_directory(file)
        with zipfile.ZipFile(file) as archive:
            info = _member(file, archive, pattern)
            _judge_sizes(file, info, folder)
            with _opened(file, archive, info) as packed:
                yield info, packed
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused(file.name, f"is a damaged zip file ({error})",
                      f"{_AGAIN}: it is cut short or damaged") from None  # fmt: skip


def _judge_directory(file: Path) -> None:
    """Refuse an empty zip file, and one whose list of files alone is too long to be read."""
    with file.open("rb") as stream:
        # zipfile's own: a search of ours could find another record than the one that it reads.
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
    if not end:
        return  # zipfile says what is wrong with it
    entries, length = end[zipfile._ECD_ENTRIES_TOTAL], end[zipfile._ECD_SIZE]  # type: ignore[attr-defined]
    if not entries and not length:
        raise Refused(file.name, "is an empty zip file", _AGAIN)
    if length > _LONGEST_DIRECTORY:
        raise Refused(file.name, f"lists {entries:,} files, which no publisher's file does",
                      _YOURSELF)  # fmt: skip


def _judge_sizes(file: Path, info: zipfile.ZipInfo, folder: Path) -> None:
    packed, plain = min(info.compress_size, file.stat().st_size), info.file_size
    if plain > max(packed * _RATIO, _ALWAYS):
        raise Refused(
            file.name,
            f"holds {packed:,} bytes that would unpack to {plain:,}, which is no table's doing",
            _YOURSELF,
        )
    free = shutil.disk_usage(folder).free
    if free < plain:
        raise Refused(
            file.name,
            f"unpacks to {plain / 1e9:.1f} GB, and the disk of the home folder has "
            f"{free / 1e9:.1f}",
            "free some space, or unpack it elsewhere and give the CSV file",
        )


def _opened(file: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> IO[bytes]:
    try:
        return archive.open(info)
    except RuntimeError as error:  # a password, or a compression that Python lacks
        raise Refused(file.name, f"is packed in a way that cannot be read ({error})",
                      "unpack it and give the CSV file") from None  # fmt: skip


def _member(file: Path, archive: zipfile.ZipFile, pattern: str) -> zipfile.ZipInfo:
    names = {info.filename: info for info in archive.infolist() if not info.is_dir()}
    if "[Content_Types].xml" in names:
        raise Refused(file.name, "is an Excel workbook", "give the publisher's CSV file")
    tables = [name for name in names if name.lower().endswith(".csv") and "fileheader" not in name]
    fitting = [name for name in tables if fnmatch.fnmatch(Path(name).name.lower(), pattern.lower())]
    candidates = fitting or tables
    if len(candidates) == 1:
        return names[candidates[0]]
    listed = ", ".join(ascii(name[:60])[1:-1] for name in (candidates or sorted(names))[:4])
    raise Refused(
        file.name,
        f"holds {len(candidates)} CSV files that could be meant ({listed or 'nothing'})",
        f"unpack it and give the file {pattern}",
    )


class Copied:
    """A stream whose bytes are written to a file as they are read, and counted.

    Args:
        name: of the stream, for errors.
        source: the stream.
        target: the file.
        most: bytes that it may have.
    """

    def __init__(self, name: str, source: IO[bytes], target: BinaryIO, most: int) -> None:
        self._name, self._source, self._target, self._left = name, source, target, most

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, none at the end; refuse more than there may be."""
        block = self._source.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise Refused(self._name, "unpacks to more than it says", f"{_AGAIN}: it is damaged")
        self._target.write(block)
        return block
