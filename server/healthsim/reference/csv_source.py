"""Opening a publisher's file: type by its first bytes, unpacking from a zip, and scanning.

A file that is not CSV text is refused here, before anything is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from healthsim.errors import NotFound, Refused
from healthsim.persistence.files import disk_errors, temporary
from healthsim.reference.archive import Copied, is_zip, open_member
from healthsim.reference.scan import ByteSource, CsvScanner, blocks

ReportProgress = Callable[[str, float], None]
"""Called with the name of the work under way and the share of it that is done, 0 to 1."""

JudgeHeader = Callable[[str, Sequence[str]], object]
"""Called with a file's name and columns; raises where it is not the file that is meant."""


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
    file: Path,
    member: str,
    folder: Path,
    report_progress: ReportProgress,
    *,
    judge_header: JudgeHeader = lambda name, header: None,
    latin_1: bool = False,
) -> Iterator[CsvSource]:
    """Scan a file and yield it; an unpacked copy is removed afterwards.

    Args:
        file: a CSV file, or a zip file that holds it.
        member: pattern of the CSV file's name within a zip file.
        folder: in which a zip file is unpacked.
        report_progress: called with the progress.
        judge_header: called before more than the first block is read; raises where it is wrong.
        latin_1: whether the publisher ships Latin-1 text.

    Raises:
        NotFound: there is no such file.
        Refused: it is not a file of text.
    """
    _refuse_absent(file)
    with disk_errors(file.name):
        with file.open("rb") as stream:
            head = stream.read(8)
        if is_zip(head):
            with _unpacked(file, member, folder, report_progress, judge_header, latin_1) as source:
                yield source
            return
        scanner, size = CsvScanner(file.name, latin_1=latin_1), max(file.stat().st_size, 1)
        with file.open("rb") as stream:
            _scan(
                scanner, stream, lambda done: report_progress("checking", done / size), judge_header
            )
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


def _scan(
    scanner: CsvScanner,
    stream: ByteSource,
    report_bytes: Callable[[int], None],
    judge_header: JudgeHeader,
) -> None:
    empty = True
    for block in blocks(stream, report_bytes):
        if empty:
            _refuse_binary(scanner.name, block)
        scanner.take(block)
        if empty:
            judge_header(scanner.name, scanner.header)
        empty = False
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
    file: Path,
    member: str,
    folder: Path,
    report_progress: ReportProgress,
    judge_header: JudgeHeader,
    latin_1: bool,
) -> Iterator[CsvSource]:
    """Unpack the CSV file of a zip file to the disk, and scan it meanwhile."""
    with open_member(file, member, folder) as (info, packed):
        target = temporary(folder / Path(info.filename).name)
        name = f"{file.name}: {Path(info.filename).name}"
        scanner, size = CsvScanner(name, latin_1=latin_1), max(info.file_size, 1)
        try:
            with target.open("wb") as plain:
                _scan(
                    scanner,
                    Copied(name, packed, plain, info.file_size),
                    lambda done: report_progress("unpacking", done / size),
                    judge_header,
                )
            yield CsvSource(target, Path(info.filename).name, name, scanner.header,
                            scanner.encoding, scanner.lines)  # fmt: skip
        finally:
            target.unlink(missing_ok=True)
