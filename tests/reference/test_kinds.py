"""Publishers' files, as they ship them, become columns by county; what is not kept is counted."""

from __future__ import annotations

import csv
import threading
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import pytest

import publishing
from healthsim.errors import Cancelled, NotFound
from healthsim.reference import kinds, read
from healthsim.reference.kind import ImportRequest
from healthsim.reference.store import ImportRecord, imports
from healthsim.tables import Coded, Columns

Imported = Callable[[str, Callable[[Path], Path]], tuple[Path, ImportRecord]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home / "reference.duckdb"


def bring(
    path: Path, kind: str, file: Path, year: int | None = None, as_of: str = ""
) -> ImportRecord:
    """Import a file, telling nobody."""
    stop = threading.Event()
    return kinds.import_source(
        kind, ImportRequest(path, file, year, as_of, lambda what, share: None, stop)
    )


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Return what imports what a function writes into a reference of its own, once."""

    @cache
    def once(kind: str, made: Callable[[Path], Path]) -> tuple[Path, ImportRecord]:
        folder = tmp_path_factory.mktemp(kind)
        path = folder / "home" / "reference.duckdb"
        path.parent.mkdir()
        return path, bring(path, kind, made(folder))

    return once


def rows(columns: Columns) -> list[tuple[Any, ...]]:
    """Return columns as rows of plain values, NaN as None."""
    values = [
        one.texts() if isinstance(one, Coded)
        else [None if value != value else value for value in one.tolist()]
        for one in columns.values()
    ]  # fmt: skip
    return list(zip(*values, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("file", [publishing.census_alldata, publishing.census_agesex])
def test_both_census_layouts_give_the_same_people(imported: Imported, file: Any) -> None:
    path, done = imported("census-population", file)

    found = publishing.stored(path, "county_people")

    assert done.vintage == "release 2023, 1 July 2023"
    assert done.rows == len(publishing.COUNTIES) * 18 * 2
    want = {
        (fips, sex, 5 * band, 100 if band == 17 else 5 * band + 5, number(fips, band, 5))
        for fips in publishing.COUNTIES
        for band in range(18)
        for sex, number in (("M", publishing.men), ("F", publishing.women))
    }
    assert set(rows(found)) == want
    assert done.checks["people"] == int(np.sum(found["people"]))
    assert (done.checks["counties"], done.checks["states"]) == (3, 3)


@pytest.mark.slow
def test_the_two_census_layouts_have_the_same_version(imported: Imported) -> None:
    _, one = imported("census-population", publishing.census_alldata)
    path, other = imported("census-population", publishing.census_agesex)

    assert one.digest == other.digest
    assert read.versions(path) == {"census-population": one.digest}


@pytest.mark.slow
def test_an_older_july_can_be_chosen(path: Path, tmp_path: Path) -> None:
    file = publishing.census_alldata(tmp_path)

    done = bring(path, "census-population", file, year=2022)

    assert done.vintage == "release 2023, 1 July 2022"
    assert ("48201", "M", 0, 5, publishing.men("48201", 0, 4)) in rows(
        publishing.stored(path, "county_people")
    )


def test_a_census_file_of_another_name_needs_its_release(path: Path, tmp_path: Path) -> None:
    file = publishing.census_alldata(tmp_path, "counties.csv")

    assert bring(path, "census-population", file, as_of="2023").vintage.startswith("release 2023")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "year"), [(publishing.places_wide, None), (publishing.places_long, 2022)]
)
def test_both_places_layouts_give_crude_prevalence(
    imported: Imported, file: Any, year: int | None
) -> None:
    path, done = imported("cdc-places", file)

    found = rows(publishing.stored(path, "county_measures", ["diabetes"], ["48201", "50007"]))

    number = -(2**31) if year is None else year
    source = "CDC PLACES 2024 release"
    assert found == [
        ("48201", "diabetes", 0.114, 0.104, 0.124, number, source),
        ("50007", "diabetes", 0.114, 0.104, 0.124, number, source),
    ]
    assert done.checks["measures"] == 3


@pytest.mark.slow
def test_what_is_not_published_of_a_county_is_left_out(imported: Imported) -> None:
    path, _ = imported("cdc-places", publishing.places_wide)

    found = publishing.stored(path, "county_measures", ["obesity"])["fips"]

    assert isinstance(found, Coded)
    assert found.texts() == ["35013", "48201"]


def test_names_in_small_letters_are_the_same_columns(
    imported: Imported, path: Path, tmp_path: Path
) -> None:
    file = publishing.places_wide(tmp_path)
    header, rest = file.read_text().split("\n", 1)
    _, one = imported("cdc-places", publishing.places_wide)

    file.write_text(header.lower() + "\n" + rest)

    assert bring(path, "cdc-places", file).digest == one.digest


@pytest.mark.slow
def test_minus_999_is_missing(path: Path, tmp_path: Path) -> None:
    done = bring(path, "cdc-svi", publishing.svi(tmp_path))

    found = rows(publishing.stored(path, "county_svi"))

    assert found[1:] == [
        ("48201", 0.6543, 0.25, 0.5, 0.75, 1.0, 4321),
        ("50007", None, 0.25, 0.5, 0.75, 1.0, 4321),
    ]
    assert (done.vintage, done.checks["without_rank"]) == ("SVI 2022", 1)


@pytest.mark.slow
def test_a_hospital_is_placed_by_its_countys_name_else_by_its_zip(
    path: Path, tmp_path: Path
) -> None:
    done = bring(path, "cms-hospitals", publishing.hospitals(tmp_path))

    found = publishing.stored(path, "hospitals")

    counties, names = found["county_fips"], found["name"]
    assert isinstance(counties, Coded)
    assert isinstance(names, Coded)
    placed = dict(zip(names.texts(), counties.texts(), strict=True))
    assert placed["MADE UP, GENERAL"] == "48201"
    assert placed["NO PLACE"] is None
    assert (done.rows, done.checks["states"]) == (3, 3)
    assert np.asarray(found["emergency"]).tolist() == [True, True, False]


def _providers() -> list[list[str]]:
    foreign = {f"{publishing.PRACTICE} Country Code (If outside U.S.)": "MX"}
    return [
        publishing.provider(1234567893),
        publishing.provider(1000000002, **{"Entity Type Code": "2"}),
        publishing.provider(1000000004, **{"NPI Deactivation Date": "01/05/2020"}),
        publishing.provider(1000000006, **{"NPI Deactivation Date": "01/05/2020",
                                           "NPI Reactivation Date": "03/09/2021"}),
        publishing.provider(1000000008, **foreign),
        publishing.provider(1000000009, **{
            "Healthcare Provider Primary Taxonomy Switch_1": "N",
            "Healthcare Provider Taxonomy Code_2": "207RC0000X",
            "Healthcare Provider Primary Taxonomy Switch_2": "Y"}),
        publishing.provider(1000000010, **{
            f"{publishing.PRACTICE} Postal Code": "00001",
            "Healthcare Provider Primary Taxonomy Switch_1": "X"}),
    ]  # fmt: skip


def _registry(folder: Path) -> Path:
    return publishing.nppes(folder, _providers())


@pytest.mark.slow
def test_providers_are_those_who_are_active_and_here(imported: Imported) -> None:
    path, done = imported("nppes", _registry)

    found = publishing.stored(path, "providers")

    assert np.asarray(found["npi"]).tolist() == [
        1000000002, 1000000006, 1000000009, 1234567893, 1000000010,
    ]  # fmt: skip
    assert done.vintage == "2024-05-12"
    assert done.checks == {
        "rows": 7, "deactivated": 1, "outside_states_and_territories": 1, "people": 4,
        "organisations": 1, "without_county": 1, "without_specialty": 0,
        "check_digit_right_share": 0.2,
    }  # fmt: skip


@pytest.mark.slow
def test_the_switch_tells_which_taxonomy_is_primary(imported: Imported) -> None:
    path, _ = imported("nppes", _registry)

    hearts = publishing.stored(path, "providers", ["48201"], ["cardiology"])
    families = publishing.stored(path, "providers", ["48201"], ["family medicine"])

    assert np.asarray(hearts["npi"]).tolist() == [1000000009]
    assert len(families["npi"]) == 3


def test_the_monthly_zip_is_read_as_it_comes(
    imported: Imported, path: Path, tmp_path: Path
) -> None:
    file = _registry(tmp_path)
    packed = tmp_path / "NPPES_Data_Dissemination_May_2024.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, file.name)
        archive.writestr("npidata_pfile_20050523-20240512_fileheader.csv", "NPI\n")
        archive.writestr("othername_pfile_20050523-20240512.csv", "NPI\n")
        archive.writestr("NPPES_Data_Dissemination_Readme.pdf", b"%PDF")

    done = bring(path, "nppes", packed)

    assert done.digest == imported("nppes", _registry)[1].digest
    assert done.vintage == "2024-05-12"
    assert {one.name for one in path.parent.iterdir()} == {path.name, f".{path.name}.lock"}


@pytest.mark.slow
def test_importing_twice_gives_the_same_version_whatever_the_order(
    imported: Imported, path: Path, tmp_path: Path
) -> None:
    file = _registry(tmp_path)
    before, one = imported("nppes", _registry)
    copyfile(before, path)
    with file.open(newline="") as stream:
        header, *lines = csv.reader(stream)

    other = bring(path, "nppes", publishing.write(file, header, lines[::-1], end="\r\n"))

    assert other == one
    assert imports(path) == (one,)


@pytest.mark.slow
def test_one_import_leaves_the_others(path: Path, tmp_path: Path) -> None:
    bring(path, "cdc-svi", publishing.svi(tmp_path))
    bring(path, "cdc-places", publishing.places_long(tmp_path))

    removed = kinds.remove(path, "cdc-places")

    assert removed.name == "cdc-places"
    assert set(read.versions(path)) == {"cdc-svi"}
    assert len(publishing.stored(path, "county_svi")["fips"]) == 3
    with pytest.raises(NotFound, match="cdc-svi"):
        kinds.remove(path, "cdc-swi")


@pytest.mark.slow
def test_an_import_that_is_stopped_leaves_the_old(
    imported: Imported, path: Path, tmp_path: Path
) -> None:
    file = _registry(tmp_path)
    before, old = imported("nppes", _registry)
    copyfile(before, path)
    stop = threading.Event()

    def tell(what: str, share: float) -> None:
        if what == "importing":
            stop.set()

    with pytest.raises(Cancelled, match="as it was"):
        kinds.import_source("nppes", ImportRequest(path, file, None, "", tell, stop))

    assert imports(path) == (old,)
    assert len(publishing.stored(path, "providers")["npi"]) == 5


def test_a_kind_that_is_not_known_is_named_with_near_ones(path: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'nppes'"):
        bring(path, "npes", tmp_path / "x.csv")


def test_every_kind_says_where_it_comes_from_and_what_it_enables() -> None:
    for name, kind in kinds.KINDS.items():
        assert kind.name == name
        assert kind.title
        assert kind.offered
        assert kind.enables
