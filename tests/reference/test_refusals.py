"""A file that is not what it should be is refused: where, what, the mend; the old data stay."""

from __future__ import annotations

import codecs
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import publishing
from healthsim.errors import NotFound, Refused
from healthsim.reference import kinds
from healthsim.reference.kind import ImportRequest
from healthsim.reference.store import imports


def _bring(path: Path, kind: str, file: Path, year: int | None = None, as_of: str = "") -> None:
    stop = threading.Event()
    kinds.import_source(
        kind, ImportRequest(path, file, year, as_of, lambda what, share: None, stop)
    )


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a reference that holds one import of each kind that the tests try to replace."""
    folder = tmp_path_factory.mktemp("full")
    path = folder / "reference.duckdb"
    _bring(path, "census-population", publishing.census_alldata(folder))
    _bring(path, "cdc-svi", publishing.svi(folder))
    return path


def _edited(file: Path, old: bytes, new: bytes, times: int = 1) -> Path:
    """Replace bytes in a file."""
    text = file.read_bytes()
    assert old in text
    file.write_bytes(text.replace(old, new, times))
    return file


def _census(change: Callable[[list[str]], list[str]]) -> Callable[[Path], Path]:
    """Return what writes a Census file with its lines changed."""

    def made(folder: Path) -> Path:
        file = publishing.census_alldata(folder)
        lines = file.read_text("latin-1").splitlines(keepends=True)
        file.write_text("".join(change(lines)), "latin-1", newline="")
        return file

    return made


def _svi(old: bytes, new: bytes) -> Callable[[Path], Path]:
    return lambda folder: _edited(publishing.svi(folder), old, new)


def _bytes(name: str, content: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return made


def _zipped(folder: Path, *names: str) -> Path:
    path = folder / "download.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "A,B\n1,2\n")
    return path


def _nppes(**cells: str) -> Callable[[Path], Path]:
    rows = [publishing.provider(1234567893), publishing.provider(1000000002, **cells)]
    return lambda folder: publishing.nppes(folder, rows)


def _tract(folder: Path) -> Path:
    return publishing.write(
        folder / "PLACES__Census_Tract_Data.csv",
        ["StateAbbr", "CountyFIPS", "TractFIPS", "DIABETES_CrudePrev"],
        [["TX", "48201", "48201100000", 11.4]],
    )


CASES: dict[str, tuple[str, Callable[[Path], Path], str, str]] = {
    # name: kind, what writes the file, what the error says of where and what, how to mend it
    "empty": ("cdc-svi", _bytes("svi.csv", b""), "svi.csv: is empty", "download it again"),
    "blank lines": ("cdc-svi", _bytes("svi.csv", b"\n\n"), "is empty", "download"),
    "folder": ("cdc-svi", lambda folder: folder, "is a folder", "give the file itself"),
    "Excel": ("cdc-svi", lambda folder: _zipped(folder, "[Content_Types].xml", "xl/a.csv"),
              "is an Excel workbook", "CSV file"),
    "old Excel": ("cdc-svi", _bytes("svi.xls", b"\xd0\xcf\x11\xe0\xa1\xb1"),
                  "is an Excel workbook", "CSV file"),
    "zero bytes": ("cdc-svi", _bytes("svi.csv", b"ST,FIPS\n01,\x00\x01\n"),
                   "svi.csv, line 2, column FIPS: a zero byte", "download"),
    "gzip": ("cdc-svi", _bytes("svi.csv.gz", b"\x1f\x8b\x08"), "packed by gzip", "unpack"),
    "UTF-16": ("cdc-svi", _bytes("svi.csv", "ST,FIPS\n".encode("utf-16")), "UTF-16", "UTF-8"),
    "web page": ("cdc-svi", _bytes("svi.csv", b"<!DOCTYPE html>"), "is a web page", "fetch it"),
    "damaged zip": ("nppes", _bytes("a.zip", b"PK\x03\x04nothing"), "damaged zip", "download"),
    "zip without CSV": ("nppes", lambda folder: _zipped(folder, "a.txt"),
                        "holds 0 CSV files that could be meant (a.txt)", "npidata_pfile"),
    "zip of many": ("nppes", lambda folder: _zipped(folder, "a.csv", "b.csv"),
                    "holds 2 CSV files that could be meant (a.csv, b.csv)", "unpack it"),
    "missing column": ("census-population",
                       _census(lambda lines: [lines[0].replace("TOT_MALE", "TOTMALE"), *lines[1:]]),
                       "line 1: lacks 1 column of Census county population, cc-estYYYY-alldata: "
                       "TOT_MALE (near ones: TOTMALE)", "as its publisher ships it"),
    "no column at all": ("cdc-svi", _bytes("svi.csv", b"a,b,c\n1,2,3\n"),
                         "has none of the columns of CDC SVI county; it begins with a, b, c",
                         "healthsim reference kinds"),
    "column twice": ("cdc-svi", _svi(b"AREA_SQMI", b"STCNTY"), "names column STCNTY twice",
                     "remove one"),
    "tabs": ("cdc-svi", lambda folder: _edited(publishing.svi(folder), b",", b"\t", 999),
             "line 1: separates its columns by tabs, not commas", "as its publisher ships it"),
    "semicolons": ("cdc-svi", lambda folder: _edited(publishing.svi(folder), b",", b";", 999),
                   "separates its columns by semicolons", "as its publisher ships it"),
    "another kind": ("cdc-svi", publishing.places_long, "looks like CDC PLACES county, long form",
                     "healthsim reference import cdc-places FILE"),
    "another kind, wide": ("census-population", publishing.places_wide,
                           "looks like CDC PLACES county, GIS-friendly", "import cdc-places FILE"),
    "by tract": ("cdc-places", _tract, "looks like CDC PLACES by census tract", "counties"),
    "SVI by tract": ("cdc-svi", _svi(b",48201,Harris", b",48201100000,Harris"),
                     "line 2, column STCNTY: is '48201100000'", "the file of counties"),
    "mixed line ends": ("cdc-svi", _svi(b"\n", b"\r\n"),
                        "line 2: ends with LF (Unix), and the first line with CR LF (Windows)",
                        "one kind of line end"),
    "lone CR": ("cdc-svi", _svi(b"0.6543\n", b"0.6543\r"), "ends with CR (old Macintosh)",
                "one kind of line end"),
    "only CR": ("cdc-svi", lambda folder: _edited(publishing.svi(folder), b"\n", b"\r", 99),
                "ends with CR (old Macintosh)", "one kind of line end"),
    "latin-1": ("cdc-svi", lambda folder: _edited(
                    publishing.svi(folder), "Doña".encode(), b"Do\xf1a"),
                "line 3, column COUNTY: byte 0xF1 is not UTF-8 text", "save it as UTF-8"),
    "cut within a row": ("census-population", _census(lambda lines: [*lines[:-1], lines[-1][:30]]),
                         "line 172: the last line has 5 fields, and the header has 24: the",
                         "download it again"),
    "cut within quotes": ("nppes", lambda folder: _edited(
                              _nppes()(folder), b'"","",""\n', b'"","","', 1),
                          "a quotation mark is opened and not closed", "download it again"),
    "cut between rows": ("census-population", _census(lambda lines: lines[:-5]),
                         "county 50007 has 14 of 19 age groups", "cut off or was changed"),
    "short lines": ("census-population", _census(lambda lines: [lines[0], *["1,2\n"] * 1_000_000]),
                    "line 2: has 2 fields, and the header has 24", "download it again"),
    "no rows": ("cdc-svi", lambda folder: _bytes(
                    "svi.csv", publishing.svi(folder).read_bytes().split(b"\n")[0] + b"\n")(folder),
                "has a header and no rows", "download it again"),
    "no number": ("cdc-svi", _svi(b",0.25,", b",a lot,"),
                  "line 2, column RPL_THEME1: is 'a lot', neither a rank from 0 to 1", "download"),
    "above one": ("cdc-svi", _svi(b",0.75,", b",75,"),
                  "line 2, column RPL_THEME3: is '75', neither a rank", "download"),
    "no such state": ("cdc-svi", _svi(b",48201,Harris", b",99201,Harris"),
                      "column STCNTY: is '99201', not the five digits of a county", "download"),
    "county twice": ("cdc-svi", _svi(b",35013,Do", b",48201,Do"),
                     "line 3: county 48201 is also in line 2", "once"),
    "percentage": ("cdc-places", lambda folder: _edited(
                       publishing.places_wide(folder), b"11.4", b"114"),
                   "line 2, column DIABETES_CRUDEPREV: is '114', not a percentage", "download"),
    "sums": ("census-population", _census(
                 lambda lines: [*lines[:5], lines[5].replace(",4,", ",5,", 0)
                                .replace(lines[5].split(",")[7], "999", 1), *lines[6:]]),
             "line 6, column TOT_POP: is '999', which is not TOT_MALE + TOT_FEMALE", "download"),
    "no estimate": ("census-population",
                    lambda folder: publishing.census_alldata(folder, codes=(1,)),
                    "has no estimate of July 2023 (it has: none)", "--year"),
    "no release": ("census-population",
                   lambda folder: publishing.census_alldata(folder, "counties.csv"),
                   "its name does not state its release", "--as-of"),
    "NPI": ("nppes", _nppes(NPI="12"), "line 3, column NPI: is '12', not a number of ten digits",
            "download"),
    "NPI twice": ("nppes", _nppes(NPI="1234567893"),
                  "line 3: NPI 1234567893 is also in line 2", "once"),
    "entity type": ("nppes", _nppes(**{"Entity Type Code": "3"}),
                    "line 3, column Entity Type Code: is '3'", "download"),
    "date": ("nppes", _nppes(**{"NPI Deactivation Date": "soon"}),
             "line 3, column NPI Deactivation Date: is 'soon', not a date", "download"),
    "nobody active": ("nppes", lambda folder: publishing.nppes(folder, [publishing.provider(
                          1234567893, **{"NPI Deactivation Date": "01/05/2020"})]),
                      "has no row that can be used", "as it was published"),
    "one line": ("cdc-svi", _bytes("svi.csv", b"Access Denied"),
                 "svi.csv, line 1: the whole file is one line that does not end", "CSV file"),
    "long row": ("cdc-svi", _svi(b"Harris County", b"H" * 2_000_000),
                 "line 2: the fields of a row are together longer than 2,000,000 bytes",
                 "download"),
    "hospital": ("cms-hospitals", lambda folder: _edited(
                     publishing.hospitals(folder), b"459901", b"45"),
                 "line 2, column Facility ID: is '45'", "download"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_with_place_and_mend_and_the_old_data_stay(
    full: Path, tmp_path: Path, name: str
) -> None:
    kind, made, found, mend = CASES[name]
    before = full.read_bytes()

    with pytest.raises(Refused) as refused:
        _bring(full, kind, made(tmp_path))

    problem = refused.value.problem
    assert found in f"{problem.where}: {problem.found}"
    assert mend in problem.mend
    assert full.read_bytes() == before
    left = {one.name for one in full.parent.iterdir() if one.suffix != ".csv"}
    assert left == {full.name, f".{full.name}.lock"}


def test_a_file_that_is_not_there_is_said_so(full: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"svi\.csv: there is no such file"):
        _bring(full, "cdc-svi", tmp_path / "svi.csv")


def test_a_year_is_refused_where_a_file_has_one(full: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="one year only"):
        _bring(full, "cdc-svi", publishing.svi(tmp_path), year=2022)


@pytest.mark.slow
def test_a_byte_order_mark_is_no_part_of_the_first_column(full: Path, tmp_path: Path) -> None:
    file = publishing.svi(tmp_path)
    before = imports(full)
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())

    _bring(full, "cdc-svi", file)

    assert imports(full) == before


@pytest.mark.slow
def test_windows_line_ends_are_the_same_file(full: Path, tmp_path: Path) -> None:
    before = imports(full)
    file = publishing.svi(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    _bring(full, "cdc-svi", file)

    assert imports(full) == before


@pytest.mark.slow
def test_a_last_line_without_an_end_counts(full: Path, tmp_path: Path) -> None:
    before = imports(full)
    file = publishing.svi(tmp_path)
    file.write_bytes(file.read_bytes().removesuffix(b"\n"))

    _bring(full, "cdc-svi", file)

    assert imports(full) == before


def test_a_disk_that_is_full_is_said_before_unpacking(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "svi.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(publishing.svi(tmp_path), "SVI_2022_US_county.csv")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1))

    with pytest.raises(Refused, match="the disk of the home folder has"):
        _bring(full, "cdc-svi", packed)
