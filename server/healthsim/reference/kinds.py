"""The kinds of files that can be imported, and their import."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from healthsim.errors import Cancelled, NotFound, Refused, near
from healthsim.persistence.database import ddl
from healthsim.persistence.digest import CENTS, Digest, add_stored
from healthsim.persistence.files import sweep
from healthsim.reference import books, census, hospitals, nppes, places, state_codes, svi
from healthsim.reference.csv_source import CsvSource, ReportProgress, open_source
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
"""Fills a table from the staging table; returns the vintage and the checks with results."""

_INTERVAL = 0.1  # seconds between two reports of progress


@dataclass(frozen=True, slots=True)
class _Files:
    """The publisher's files of a table.

    Attributes:
        table: that they fill.
        layouts: each with the function that loads it.
        member: pattern of the file's name within a zip file.
        latin_1: whether the publisher ships Latin-1 text.
        years: whether a file has several years, of which one is imported.
    """

    table: Table
    layouts: tuple[tuple[Layout, Load], ...]
    member: str
    latin_1: bool = False
    years: bool = False

    def load(self, kind: ImportKind, request: ImportRequest) -> ImportRecord:
        """Import a file into the table; if it is refused, the old rows stay."""
        if request.year is not None and not self.years:
            raise Refused("--year", f"a file of {kind.name} has one year only", "leave it out")
        sweep(request.path.parent)
        layouts = dict(self.layouts)

        def choose(shown: str, header: Sequence[str]) -> Layout:
            return choose_layout(shown, header, tuple(layouts), known_files())

        with open_source(
            request.file,
            self.member,
            request.path.parent,
            _stopping(request),
            judge_header=choose,
            latin_1=self.latin_1,
        ) as source:
            layout = choose(source.shown, source.header)
            with edit_reference(
                request.path, lambda record: record.table == self.table.name
            ) as connection:
                return _watched(
                    connection, request,
                    lambda: self._fill(connection, kind, request, source, layout, layouts[layout]),
                )  # fmt: skip

    def _fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        kind: ImportKind,
        request: ImportRequest,
        source: CsvSource,
        layout: Layout,
        load: Load,
    ) -> ImportRecord:
        state_codes.register(connection)
        stage(connection, source, layout)
        connection.execute(ddl(self.table))
        vintage, checks = load(connection, source, request.year, request.as_of)
        connection.execute(f"DROP TABLE {STAGED}")
        digest = Digest([self.table])
        for name, value in CENTS.items():
            connection.execute(f"SET {name} = {value}")
        add_stored(digest, connection, [self.table])
        rows = digest.rows[self.table.name]
        if not rows:
            raise Refused(source.shown, "has no row that can be used",
                          "give the file as it was published")  # fmt: skip
        record = ImportRecord(kind.name, kind.name, self.table.name, request.file.name,
                              digest.tables()[self.table.name], rows, vintage, checks)  # fmt: skip
        record_import(connection, record)
        return record


def _stopping(request: ImportRequest) -> ReportProgress:
    """Return a report of progress that raises as soon as a stop is requested."""

    def tell(what: str, share: float) -> None:
        _refuse_stopped(request)
        request.report_progress(what, share)

    return tell


def _refuse_stopped(request: ImportRequest) -> None:
    if request.stop.is_set():
        raise Cancelled("import", "was stopped", "the reference is as it was; run it again")


def _watched(
    connection: duckdb.DuckDBPyConnection, request: ImportRequest, work: Callable[[], ImportRecord]
) -> ImportRecord:
    """Run queries in a thread, report their progress, and stop them on request."""
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
    records: list[ImportRecord] = []
    failed: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            records.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="healthsim-import", daemon=True).start()
    try:
        request.report_progress("importing", 0.0)
        while not ended.wait(_INTERVAL):
            _refuse_stopped(request)
            request.report_progress("importing", max(0.0, connection.query_progress()) / 100)
        _refuse_stopped(request)
    except BaseException:
        while not ended.wait(_INTERVAL):  # a query may begin after an interrupt
            connection.interrupt()
        failed.clear()  # its traceback would keep the connection for ever
        raise
    if failed:
        raise failed.pop()
    return records[0]


def known_files() -> list[RecognizedFile]:
    """Return every file that can be imported, to be recognized by its columns."""
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
    kind.name: kind
    for kind in (
        ImportKind(
            "census-population",
            "County population by age and sex (Census Bureau, Population Estimates Program)",
            "census.gov, Population and Housing Unit Estimates, Datasets, County population by "
            "characteristics: cc-estYYYY-alldata.csv or cc-estYYYY-agesex-all.csv, all states",
            "ages and sexes of the people of each county: {\"type\": \"population\", \"measure\": "
            "\"age\"} with a location",
            _FILES["census-population"].load,
        ),
        ImportKind(
            "cdc-places",
            "Prevalence of chronic diseases, risks and screening by county (CDC PLACES)",
            "data.cdc.gov, PLACES: Local Data for Better Health, County Data, either the "
            "GIS-friendly file or the long one, exported as CSV",
            "prevalence by county: {\"type\": \"population\", \"measure\": \"diabetes\"} with a "
            "location",
            _FILES["cdc-places"].load,
        ),
        ImportKind(
            "cdc-svi",
            "Social vulnerability by county (CDC/ATSDR SVI)",
            "the SVI data page of CDC/ATSDR: United States, County, CSV: SVI_YYYY_US_county.csv",
            "ranks of social vulnerability by county, to be looked up",
            _FILES["cdc-svi"].load,
        ),
        ImportKind(
            "nppes",
            "Every provider with a National Provider Identifier (CMS NPPES)",
            "the NPI files page of CMS: Full Replacement Monthly NPI File; the zip as it comes, "
            "or npidata_pfile_….csv from it",
            "real providers instead of the synthetic directory: \"network\": {\"source\": "
            "\"nppes\"}",
            _FILES["nppes"].load,
        ),
        ImportKind(
            "cms-hospitals",
            "Hospitals registered with Medicare (CMS Hospital General Information)",
            "data.cms.gov, Provider Data Catalog, Hospitals: Hospital General Information, CSV",
            "real hospitals, with \"network\": {\"source\": \"nppes\"}",
            _FILES["cms-hospitals"].load,
        ),
        *(
            ImportKind(name, book.title, book.offered, book.enables, books.import_book)
            for name, book in books.BOOKS.items()
        ),
    )
}  # fmt: skip
"""Every kind, by name."""


def find(name: str) -> ImportKind:
    """Return a kind, or refuse its name with near ones."""
    if name not in KINDS:
        raise NotFound(f"kind {name!r}", "nothing of this kind can be imported", near(name, KINDS))
    return KINDS[name]


def import_source(name: str, request: ImportRequest) -> ImportRecord:
    """Import a file.

    Raises:
        NotFound: no such kind, or no such file.
        Refused: the file is not valid; the error says where and how to mend it.
        Cancelled: `request.stop` was set.
        StorageError: the reference cannot be read or written.
    """
    return find(name).load(find(name), request)


def imported(path: Path) -> tuple[ImportRecord, ...]:
    """Return all imports, of figures, providers and code books, sorted by name."""
    records = (*imports(path), *books.list_imported_books(path))
    return tuple(sorted(records, key=lambda record: record.name))


def remove(path: Path, name: str) -> ImportRecord:
    """Remove the import with a name, and return its record.

    Raises:
        NotFound: nothing was imported under this name.
    """
    records = {record.name: record for record in imported(path)}
    if name in records and name in books.BOOKS:
        return books.remove(path, name)
    if name not in records:
        raise NotFound(
            f"import {name!r}", "nothing was imported under this name", near(name, records)
        )
    with edit_reference(path, lambda record: record.name == name):
        pass
    return records[name]
