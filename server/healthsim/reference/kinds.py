"""What can be imported: a table of kinds, and the one way in for each of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from healthsim.errors import Cancelled, NotFound, Refused, near
from healthsim.persistence.database import ddl
from healthsim.persistence.digest import Digest, add_stored
from healthsim.persistence.files import sweep
from healthsim.reference import books, census, hospitals, nppes, places, state_codes, svi
from healthsim.reference.csv_source import CsvSource, Tell, open_source
from healthsim.reference.kind import ImportKind, ImportRequest
from healthsim.reference.layouts import Layout, RecognizedFile, choose_layout
from healthsim.reference.staging import STAGED, stage
from healthsim.reference.store import ImportRecord, edit_reference, imports, record_import
from healthsim.reference.tables import (
    COUNTY_MEASURES,
    COUNTY_PEOPLE,
    COUNTY_SVI,
    HOSPITALS,
    NPI_PROVIDERS,
)
from healthsim.tables import Table

Load = Callable[
    [duckdb.DuckDBPyConnection, CsvSource, int | None, str], tuple[str, dict[str, object]]
]
"""Fills a table from the staging table; returns the vintage and what was checked."""

_LOOK = 0.1  # seconds between two looks at how far a query is


@dataclass(frozen=True, slots=True)
class _Files:
    """The publisher's files of a table.

    Attributes:
        table: what they fill.
        layouts: each with what loads it.
        member: pattern of the file's name within a zip file.
        latin_1: whether the publisher ships Latin-1 text.
        years: whether a file holds several years, of which one is taken.
    """

    table: Table
    layouts: tuple[tuple[Layout, Load], ...]
    member: str
    latin_1: bool = False
    years: bool = False

    def bring(self, kind: ImportKind, asked: ImportRequest) -> ImportRecord:
        """Import a file into the table; the old rows stay where it is refused."""
        if asked.year is not None and not self.years:
            raise Refused("--year", f"a file of {kind.name} has one year only", "leave it out")
        sweep(asked.path.parent)
        with open_source(
            asked.file, self.member, asked.path.parent, _stopping(asked), latin_1=self.latin_1
        ) as source:
            layouts = dict(self.layouts)
            layout = choose_layout(source.shown, source.header, tuple(layouts), known_files())
            with edit_reference(asked.path, lambda one: one.table == self.table.name) as connection:
                return _watched(
                    connection, asked,
                    lambda: self._filled(connection, kind, asked, source, layout, layouts[layout]),
                )  # fmt: skip

    def _filled(
        self,
        connection: duckdb.DuckDBPyConnection,
        kind: ImportKind,
        asked: ImportRequest,
        source: CsvSource,
        layout: Layout,
        load: Load,
    ) -> ImportRecord:
        state_codes.register(connection)
        stage(connection, source, layout)
        connection.execute(ddl(self.table))
        vintage, checks = load(connection, source, asked.year, asked.as_of)
        connection.execute(f"DROP TABLE {STAGED}")
        digest = Digest([self.table])
        add_stored(digest, connection, [self.table])
        rows = digest.rows[self.table.name]
        if not rows:
            raise Refused(source.shown, "has no row that can be used",
                          "give the file as it was published")  # fmt: skip
        done = ImportRecord(kind.name, kind.name, self.table.name, asked.file.name,
                      digest.tables()[self.table.name], rows, vintage, checks)  # fmt: skip
        record_import(connection, done)
        return done


def _stopping(asked: ImportRequest) -> Tell:
    """Return a listener that stops as soon as that is wished."""

    def tell(what: str, share: float) -> None:
        _refuse_stopped(asked)
        asked.report_progress(what, share)

    return tell


def _refuse_stopped(asked: ImportRequest) -> None:
    if asked.stop.is_set():
        raise Cancelled("import", "was stopped", "the reference is as it was; run it again")


def _watched(
    connection: duckdb.DuckDBPyConnection, asked: ImportRequest, work: Callable[[], ImportRecord]
) -> ImportRecord:
    """Do the work of queries in a thread, telling how far it is and stopping it when wished."""
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
    made: list[ImportRecord] = []
    failed: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            made.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="healthsim-import", daemon=True).start()
    try:
        asked.report_progress("importing", 0.0)
        while not ended.wait(_LOOK):
            _refuse_stopped(asked)
            asked.report_progress("importing", max(0.0, connection.query_progress()) / 100)
        _refuse_stopped(asked)
    except BaseException:
        while not ended.wait(_LOOK):  # a query may begin between two looks
            connection.interrupt()
        failed.clear()  # its traceback would keep the connection for ever
        raise
    if failed:
        raise failed.pop()
    return made[0]


def known_files() -> list[RecognizedFile]:
    """Return every file that can be imported, told by its columns."""
    return [
        RecognizedFile(
            tuple(names[0] for names in layout.needs)
            + tuple(f"DIABETES{ending}" for ending in layout.endings[:1]),
            layout.title,
            f"use: healthsim reference import {name} FILE",
        )
        for name, files in _FILES.items()
        for layout, _ in files.layouts
    ]


_FILES: Mapping[str, _Files] = MappingProxyType({
    "census-population": _Files(
        COUNTY_PEOPLE,
        ((census.ALLDATA, census.load_alldata), (census.AGESEX, census.load_agesex)),
        "cc-est*.csv", latin_1=True, years=True,
    ),
    "cdc-places": _Files(
        COUNTY_MEASURES, ((places.WIDE, places.load_wide), (places.LONG, places.load_long)),
        "*places*.csv",
    ),
    "cdc-svi": _Files(COUNTY_SVI, ((svi.COUNTY, svi.load),), "svi*county*.csv"),
    "nppes": _Files(NPI_PROVIDERS, ((nppes.PROVIDERS, nppes.load),), "npidata_pfile_*.csv"),
    "cms-hospitals": _Files(
        HOSPITALS, ((hospitals.GENERAL, hospitals.load),), "hospital_general_information*.csv"
    ),
})  # fmt: skip

KINDS: dict[str, ImportKind] = {
    one.name: one
    for one in (
        ImportKind(
            "census-population",
            "County population by age and sex (Census Bureau, Population Estimates Program)",
            "census.gov, Population and Housing Unit Estimates, Datasets, County population by "
            "characteristics: cc-estYYYY-alldata.csv or cc-estYYYY-agesex-all.csv, all states",
            "ages and sexes of the people of each county: {\"type\": \"population\", \"measure\": "
            "\"age\"} with a location",
            _FILES["census-population"].bring,
        ),
        ImportKind(
            "cdc-places",
            "Prevalence of chronic diseases, risks and screening by county (CDC PLACES)",
            "data.cdc.gov, PLACES: Local Data for Better Health, County Data, either the "
            "GIS-friendly file or the long one, exported as CSV",
            "prevalence by county: {\"type\": \"population\", \"measure\": \"diabetes\"} with a "
            "location",
            _FILES["cdc-places"].bring,
        ),
        ImportKind(
            "cdc-svi",
            "Social vulnerability by county (CDC/ATSDR SVI)",
            "the SVI data page of CDC/ATSDR: United States, County, CSV: SVI_YYYY_US_county.csv",
            "ranks of social vulnerability by county, to be looked up",
            _FILES["cdc-svi"].bring,
        ),
        ImportKind(
            "nppes",
            "Every provider with a National Provider Identifier (CMS NPPES)",
            "the NPI files page of CMS: Full Replacement Monthly NPI File; the zip as it comes, "
            "or npidata_pfile_….csv from it",
            "real providers instead of the synthetic directory: \"network\": {\"source\": "
            "\"nppes\"}",
            _FILES["nppes"].bring,
        ),
        ImportKind(
            "cms-hospitals",
            "Hospitals registered with Medicare (CMS Hospital General Information)",
            "data.cms.gov, Provider Data Catalog, Hospitals: Hospital General Information, CSV",
            "real hospitals, with \"network\": {\"source\": \"nppes\"}",
            _FILES["cms-hospitals"].bring,
        ),
        *(
            ImportKind(name, book.title, book.offered, book.enables, books.import_book)
            for name, book in books.BOOKS.items()
        ),
    )
}  # fmt: skip
"""Every kind by name; a further kind is one more entry."""


def find(name: str) -> ImportKind:
    """Return a kind, or refuse its name with near ones."""
    if name not in KINDS:
        raise NotFound(f"kind {name!r}", "nothing of this kind can be imported", near(name, KINDS))
    return KINDS[name]


def import_source(name: str, asked: ImportRequest) -> ImportRecord:
    """Import a file.

    Raises:
        NotFound: no such kind, or no such file.
        Refused: the file is not what it should be; the error says where and how to mend it.
        Cancelled: `asked.stop` was set.
        StorageError: the reference cannot be read or written.
    """
    return find(name).load(find(name), asked)


def imported(path: Path) -> tuple[ImportRecord, ...]:
    """Return what was imported, figures, providers and code books, by name."""
    found = (*imports(path), *books.list_imported_books(path))
    return tuple(sorted(found, key=lambda one: one.name))


def remove(path: Path, name: str) -> ImportRecord:
    """Remove what was imported under a name, and return what it was.

    Raises:
        NotFound: nothing was imported under this name.
    """
    held = {one.name: one for one in imported(path)}
    if name in held and name in books.BOOKS:
        return books.remove(path, name)
    if name not in held:
        raise NotFound(f"import {name!r}", "nothing was imported under this name", near(name, held))
    with edit_reference(path, lambda one: one.name == name):
        pass
    return held[name]
