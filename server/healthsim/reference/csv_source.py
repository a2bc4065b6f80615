"""Opening a publisher's file: type by its first bytes, unpacking from a zip, and scanning.

A file that is not CSV text is refused here, before anything is changed.
"""

from __future__ import annotations

import fnmatch
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from healthsim.errors import NotFound, Refused
from healthsim.persistence.files import disk_errors, temporary
from healthsim.reference.scan import ByteSource, CsvScanner, blocks

ReportProgress = Callable[[str, float], None]
"""Called with the name of the work under way and the share of it that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A CSV file that has been scanned.

    Attributes:
        path: of its text.
        name: the publisher's name of the CSV file.
        shown: the name that the user gave, for error texts.
        header: its columns.
        encoding: ``"utf-8"`` or ``"latin-1"``.
        lines: number of its lines, with the header.
    """

    path: Path
    name: str
    shown: str
    header: tuple[str, ...]
    encoding: str
    lines: int


_MAGIC = (
    (b"\x1f\x8b", "is packed by gzip", "unpack it (gunzip) and give the CSV file"),
    (b"\xff\xfe", "is UTF-16 text", "save it as UTF-8"),
    (b"\xfe\xff", "is UTF-16 text", "save it as UTF-8"),
    (b"%PDF", "is a PDF document", "give the publisher's CSV file"),
    (b"PAR1", "is a Parquet file", "give the publisher's CSV file"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook", "give the publisher's CSV file"),
    (b"<", "is a web page or XML, no CSV file",
     "the download went wrong: fetch it again from its publisher"),
    (b"{", "is JSON, no CSV file", "give the publisher's CSV file"),
)  # fmt: skip


@contextmanager
def open_source(
    file: Path, member: str, folder: Path, report_progress: ReportProgress, *, latin_1: bool = False
) -> Iterator[CsvSource]:
    """Scan a file and yield it; an unpacked copy is removed afterwards.

    Args:
        file: a CSV file, or a zip file that holds it.
        member: pattern of the CSV file's name within a zip file.
        folder: in which a zip file is unpacked.
        report_progress: called with the progress.
        latin_1: whether the publisher ships Latin-1 text.

    Raises:
        NotFound: there is no such file.
        Refused: it is not a file of text.
    """
    _refuse_absent(file)
    with disk_errors(file.name):
        with file.open("rb") as stream:
            head = stream.read(8)
        if head.startswith(b"PK\x03\x04"):
            with _unpacked(file, member, folder, report_progress, latin_1) as source:
                yield source
            return
        scanner, size = CsvScanner(file.name, latin_1=latin_1), max(file.stat().st_size, 1)
        with file.open("rb") as stream:
            _scan(scanner, stream, lambda done: report_progress("checking", done / size))
    yield CsvSource(file, file.name, file.name, scanner.header, scanner.encoding, scanner.lines)


def _refuse_absent(file: Path) -> None:
    if file.is_dir():
        tables = sorted(path.name for path in file.glob("*.csv"))[:3]
        hint = f", such as {', '.join(tables)}" if tables else ""
        raise Refused(file.name or str(file), "is a folder", f"give the file itself{hint}")
    if not file.exists():
        raise NotFound(file.name, "there is no such file", "give the path of the downloaded file")
    if not file.is_file():
        raise Refused(file.name, "is not a regular file", "give the path of the downloaded file")


def _scan(scanner: CsvScanner, stream: ByteSource, report_bytes: Callable[[int], None]) -> None:
    empty = True
    for block in blocks(stream, report_bytes):
        if empty:
            _refuse_binary(scanner.name, block)
        empty = False
        scanner.take(block)
    if empty:
        raise Refused(scanner.name, "is empty", "download it again")
    scanner.finish()


def _refuse_binary(name: str, block: bytes) -> None:
    start = block.removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, found, mend in _MAGIC:
        if start.startswith(magic):
            raise Refused(name, found, mend)


@contextmanager
def _unpacked(
    file: Path, member: str, folder: Path, report_progress: ReportProgress, latin_1: bool
) -> Iterator[CsvSource]:
    """Unpack the CSV file of a zip file to the disk, and scan it meanwhile."""
    with _archive(file) as archive:
        info = _member(file, archive, member)
        target = temporary(folder / Path(info.filename).name)
        _refuse_full(file, folder, info.file_size)
        name = f"{file.name}: {Path(info.filename).name}"
        scanner, size = CsvScanner(name, latin_1=latin_1), max(info.file_size, 1)
        try:
            with _opened(file, archive, info) as packed, target.open("wb") as plain:
                _scan(
                    scanner,
                    _Copied(packed, plain),
                    lambda done: report_progress("unpacking", done / size),
                )
            yield CsvSource(target, Path(info.filename).name, name, scanner.header,
                            scanner.encoding, scanner.lines)  # fmt: skip
        finally:
            target.unlink(missing_ok=True)


class _Copied:
    """A stream whose bytes are written to a file as they are read."""

    def __init__(self, source: IO[bytes], target: BinaryIO) -> None:
        self._source, self._target = source, target

    def read(self, size: int, /) -> bytes:
        block = self._source.read(size)
        self._target.write(block)
        return block


@contextmanager
def _archive(file: Path) -> Iterator[zipfile.ZipFile]:
    mend = "download it again: it is cut short or damaged"
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused(file.name, f"is a damaged zip file ({error})", mend) from None


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
    listed = ", ".join((candidates or sorted(names))[:4]) or "nothing"
    raise Refused(file.name, f"holds {len(candidates)} CSV files that could be meant ({listed})",
                  f"unpack it and give the file {pattern}")  # fmt: skip


def _refuse_full(file: Path, folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise Refused(
            file.name,
            f"unpacks to {size / 1e9:.1f} GB, and the disk of the home folder has {free / 1e9:.1f}",
            "free some space, or unpack it elsewhere and give the CSV file",
        )
