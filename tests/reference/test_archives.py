"""Zip files are judged before they are unpacked: by their directory, their sizes, the header."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from healthsim.errors import Refused
from healthsim.reference.archive import Copied
from healthsim.reference.csv_source import open_source

TABLE = b"A,B\n" + b"1,2\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder to unpack to."""
    made = tmp_path / "home"
    made.mkdir()
    return made


def _zip(path: Path, content: bytes, name: str = "table.csv") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return path


def _open(file: Path, folder: Path, **options: Callable[..., object]) -> tuple[str, ...]:
    with open_source(file, "*.csv", folder, lambda what, share: None, **options) as source:  # type: ignore[arg-type]
        return source.header


def _changed(path: Path, change: Callable[[bytearray], None]) -> Path:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def test_a_zip_of_one_table_is_read_and_nothing_of_it_is_left(tmp_path: Path, folder: Path) -> None:
    assert _open(_zip(tmp_path / "a.zip", TABLE), folder) == ("A", "B")
    assert not list(folder.iterdir())


def test_an_empty_zip_is_called_an_empty_zip(tmp_path: Path, folder: Path) -> None:
    empty = tmp_path / "a.zip"
    with zipfile.ZipFile(empty, "w"):
        pass

    with pytest.raises(Refused, match=r"a\.zip: is an empty zip file; download it again"):
        _open(empty, folder)


def test_a_bomb_is_refused_by_what_it_declares_before_a_byte_is_unpacked(
    tmp_path: Path, folder: Path
) -> None:
    told: list[float] = []
    bomb = _zip(tmp_path / "a.zip", TABLE + b"1,2\n" * 5_000_000)

    with (
        pytest.raises(Refused, match=r"bytes that would unpack to 20,000,404, .* unpack it yours"),
        open_source(bomb, "*.csv", folder, lambda what, share: told.append(share)),
    ):
        pass
    assert not told
    assert not list(folder.iterdir())


def test_a_small_table_that_packs_well_is_no_bomb(tmp_path: Path, folder: Path) -> None:
    assert _open(_zip(tmp_path / "a.zip", TABLE + b"1,2\n" * 2_000_000), folder) == ("A", "B")


def test_a_zip_that_declares_less_than_it_holds_is_damaged(tmp_path: Path, folder: Path) -> None:
    def lie(content: bytearray) -> None:
        at = content.rfind(b"PK\x01\x02")
        struct.pack_into("<I", content, at + 24, 100)  # the size that it unpacks to

    with pytest.raises(Refused, match="damaged zip file"):
        _open(_changed(_zip(tmp_path / "a.zip", TABLE), lie), folder)
    assert not list(folder.iterdir())


def test_more_bytes_than_were_declared_are_not_written() -> None:
    target = io.BytesIO()
    copied = Copied("a.csv", io.BytesIO(b"x" * 20), target, 10)

    assert copied.read(10) == b"x" * 10
    with pytest.raises(Refused, match=r"a\.csv: unpacks to more than it says"):
        copied.read(10)
    assert len(target.getvalue()) == 10


@pytest.mark.parametrize(("entries", "length", "fits"), [
    (60_000, 4_000_001, False), (60_000, 4_000_000, True),
])  # fmt: skip
def test_a_directory_that_alone_is_too_long_is_not_read(
    tmp_path: Path, folder: Path, entries: int, length: int, fits: bool
) -> None:
    def claim(content: bytearray) -> None:
        struct.pack_into(
            "<HHI", content, content.rfind(b"PK\x05\x06") + 8, entries, entries, length
        )

    said = "damaged zip file" if fits else "lists 60,000 files, which no publisher's file does"
    with pytest.raises(Refused, match=said):
        _open(_changed(_zip(tmp_path / "a.zip", TABLE), claim), folder)


def test_a_comment_that_looks_like_the_end_of_a_larger_zip_hides_no_directory(
    tmp_path: Path, folder: Path
) -> None:
    harmless = b"PK\x06\x06" + struct.pack("<Q", 44) + bytes(12) + struct.pack("<4Q", 1, 1, 10, 0)
    comment = harmless + bytes(20)

    def hide(content: bytearray) -> None:
        end = content.rfind(b"PK\x05\x06")
        struct.pack_into("<HHIIH", content, end + 8, 1, 1, 5_000_000, 0, len(comment))
        content += comment

    with pytest.raises(Refused, match="lists 1 files, which no publisher's file does"):
        _open(_changed(_zip(tmp_path / "a.zip", TABLE), hide), folder)


@pytest.mark.slow
def test_a_wrong_header_is_refused_after_the_first_block(tmp_path: Path, folder: Path) -> None:
    told: list[float] = []
    packed = _zip(tmp_path / "a.zip", b"A,B\n" + b"\n".join(
        os.urandom(4096).hex().encode() for _ in range(1500)
    ) + b"\n")  # fmt: skip

    def judge(name: str, header: object) -> None:
        raise Refused(name, f"has the columns {header}", "give another file")

    with (
        pytest.raises(Refused, match=r"a\.zip: table\.csv: has the columns \('A', 'B'\)"),
        open_source(
            packed, "*.csv", folder, lambda what, share: told.append(share), judge_header=judge
        ),
    ):
        pass
    assert max(told) < 0.5
    assert not list(folder.iterdir())


def test_a_member_named_as_a_path_or_with_escapes_stays_in_the_folder(
    tmp_path: Path, folder: Path
) -> None:
    assert _open(_zip(tmp_path / "a.zip", TABLE, "../../evil.csv"), folder) == ("A", "B")
    assert not list(tmp_path.rglob("evil*"))
    with pytest.raises(Refused, match=r"could be meant \(a\\x1b\[2J\.txt\)"):
        _open(_zip(tmp_path / "b.zip", TABLE, "a\x1b[2J.txt"), folder)
