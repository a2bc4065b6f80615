"""Reads code books that are tables of text: LOINC, RxNorm, NDC, HCPCS, CPT, taxonomy, MS-DRG."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from healthsim.errors import Refused
from healthsim.persistence.database import quoted
from healthsim.reference.book_content import BookContent, release_of
from healthsim.reference.csv_source import CsvSource
from healthsim.reference.layouts import Layout, choose_layout, needs
from healthsim.reference.scan import at_line
from healthsim.reference.staging import (
    COMMAS,
    STAGED,
    RowCheck,
    TextFormat,
    refuse,
    refuse_twice,
    stage,
)

_MARKS = {",": "commas", "\t": "tabs", "|": "bars", ";": "semicolons"}
_MOST_TITLES = 10  # lines before the header of a table
_HEAD = 2_000  # characters in which a table says its year


@dataclass(frozen=True, slots=True)
class _Form:
    """How one publisher's table is written, and what its codes are.

    Attributes:
        layout: its columns.
        code: SQL of the code in a row of the staging table.
        text: SQL of what it stands for.
        facts: SQL of each fact that is kept, null where a row has none.
        where: SQL of the rows that are taken.
        grouped: whether several rows make one code; text and facts are then of all of them.
        wrongs: tests that no row may fail.
        writing: how it is written.
        names: the columns of a file without a header.
        left_out: SQL of the rows that are left out and counted, by their name in the report.
    """

    layout: Layout
    code: str
    text: str
    facts: tuple[str, ...] = ()
    where: str = "true"
    grouped: bool = False
    wrongs: tuple[RowCheck, ...] = ()
    writing: TextFormat = COMMAS
    names: tuple[str, ...] = ()
    left_out: tuple[str, str] | None = None


_TABS = TextFormat(mark="\t", quoted=False)


def _said(name: str, value: str) -> str:
    """Return SQL of a fact with a value."""
    return f"'{name}=' || nullif(trim(translate({value}, ';=', ',:')), '')"


def _unless(column: str, shape: str, what: str) -> RowCheck:
    """Refuse rows in which a column has not a shape."""
    return RowCheck(
        column, f"NOT coalesce(regexp_full_match(upper({quoted(column)}), '{shape}'), false)", what
    )


def _empty(column: str) -> RowCheck:
    return RowCheck(column, f"{quoted(column)} IS NULL", "is {}")


def _ndc(column: str, sizes: Sequence[int]) -> str:
    """Return SQL of an NDC without its dashes, each part filled up with zeros."""
    parts = (
        f"lpad(split_part({quoted(column)}, '-', {place}), {size}, '0')"
        for place, size in enumerate(sizes, 1)
    )
    return " || ".join(parts)


_LOINC = _Form(
    Layout(
        "the LOINC table",
        needs("LOINC_NUM", "LONG_COMMON_NAME", "CLASS", "STATUS"),
        takes=needs("EXAMPLE_UCUM_UNITS", "CLASSTYPE", "VersionLastChanged"),
    ),
    code='"LOINC_NUM"',
    text='"LONG_COMMON_NAME"',
    facts=(
        _said("unit", "split_part(\"EXAMPLE_UCUM_UNITS\", ';', 1)"),
        'CASE WHEN "CLASSTYPE" = \'2\' AND regexp_matches("CLASS", '
        "'^(BP|HRTRATE|BDY|RESP|VITAL)') THEN 'vital' END",
    ),
    where="coalesce(\"STATUS\", '') <> 'DEPRECATED'",
    wrongs=(
        _unless("LOINC_NUM", "[0-9]{1,7}-[0-9]", "is {}, no LOINC code"),
        _empty("LONG_COMMON_NAME"),
    ),
    left_out=("deprecated", "\"STATUS\" = 'DEPRECATED'"),
)
_RXNCONSO = _Form(
    Layout("RXNCONSO", needs("RXCUI", "SAB", "TTY", "STR", "SUPPRESS")),
    code='"RXCUI"',
    text='min("STR")',
    facts=("'kind=' || min(\"TTY\")",),
    where="\"SAB\" = 'RXNORM' AND coalesce(\"SUPPRESS\", 'N') = 'N' AND \"TTY\" IN "
    "('IN', 'PIN', 'MIN', 'BN', 'SCD', 'SBD', 'GPCK', 'BPCK')",
    grouped=True,
    wrongs=(_unless("RXCUI", "[0-9]{1,8}", "is {}, no RXCUI"),),
    writing=TextFormat(mark="|", quoted=False, headed=False),
    names=("RXCUI", "LAT", "TS", "LUI", "STT", "SUI", "ISPREF", "RXAUI", "SAUI", "SCUI", "SDUI",
           "SAB", "TTY", "CODE", "STR", "SRL", "SUPPRESS", "CVF", "end"),
)  # fmt: skip
_LISTED = "coalesce(\"NDC_EXCLUDE_FLAG\", 'N') = 'N'"
_PRODUCTS = _Form(
    Layout(
        "the NDC products",
        needs("PRODUCTNDC", "PROPRIETARYNAME", "NONPROPRIETARYNAME", "DOSAGEFORMNAME"),
        takes=needs("ACTIVE_NUMERATOR_STRENGTH", "ACTIVE_INGRED_UNIT", "NDC_EXCLUDE_FLAG"),
    ),
    code=_ndc("PRODUCTNDC", (5, 4)),
    text='min(concat_ws(\' \', coalesce("NONPROPRIETARYNAME", "PROPRIETARYNAME"), '
    '"ACTIVE_NUMERATOR_STRENGTH", "ACTIVE_INGRED_UNIT", lower("DOSAGEFORMNAME"), '
    "'(' || \"PROPRIETARYNAME\" || ')'))",
    where=_LISTED,
    grouped=True,
    wrongs=(_unless("PRODUCTNDC", "[0-9]{4,5}-[0-9]{3,4}", "is {}, no product's NDC"),),
    writing=_TABS,
    left_out=("excluded_by_FDA", f"NOT ({_LISTED})"),
)
_PACKAGES = _Form(
    Layout(
        "the NDC packages",
        needs("NDCPACKAGECODE", "PACKAGEDESCRIPTION"),
        takes=needs("NDC_EXCLUDE_FLAG"),
    ),
    code=_ndc("NDCPACKAGECODE", (5, 4, 2)),
    text='min("PACKAGEDESCRIPTION")',
    where=_LISTED,
    grouped=True,
    wrongs=(
        _unless("NDCPACKAGECODE", "[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}", "is {}, no package's NDC"),
    ),
    writing=_TABS,
    left_out=("excluded_by_FDA", f"NOT ({_LISTED})"),
)
_LAST_DAY = "coalesce(try_strptime(\"TERM DT\", '%Y%m%d'), try_strptime(\"TERM DT\", '%m/%d/%Y'))"
_HCPCS = _Form(
    Layout(
        "the HCPCS table",
        needs("HCPC", "RECID", "LONG DESCRIPTION"),
        takes=(("TERM DT", "TERM DATE", "TERMINATION DATE"),),
    ),
    code='"HCPC"',
    text="string_agg(\"LONG DESCRIPTION\", ' ' ORDER BY line)",
    facts=(f"'until=' || strftime(max({_LAST_DAY}), '%Y-%m-%d')",),
    where="regexp_full_match(\"HCPC\", '[A-Z][0-9]{4}') AND \"RECID\" IN ('3', '4')",
    grouped=True,
    wrongs=(_unless("RECID", "[3478]", "is {}, no kind of record (3, 4, 7 or 8)"),),
    left_out=("ended", '"TERM DT" IS NOT NULL'),
)
_CPT = _Form(
    Layout("a CPT list", (("code", "CPT", "CPT code"), ("description", "descriptor", "text"))),
    code='upper("code")',
    text='"description"',
    wrongs=(
        replace(
            _unless("code", "[0-9]{4}[0-9AFMTU]", "is {}, no CPT number"),
            mend="write five characters, such as 99213",
        ),
        _empty("description"),
    ),
)
_TAXONOMY = _Form(
    Layout(
        "the NUCC taxonomy",
        needs("Code", "Grouping", "Classification", "Specialization", "Section"),
        takes=needs("Display Name"),
    ),
    code='"Code"',
    text='coalesce("Display Name", concat_ws(\', \', "Classification", "Specialization"))',
    facts=(
        "'kind=' || CASE \"Section\" WHEN 'Individual' THEN 'person' ELSE 'organisation' END",
        _said("trade", 'lower("Classification")'),
    ),
    wrongs=(_unless("Code", "[0-9]{3}[0-9A-Z]{6}X", "is {}, no taxonomy code"),
            _empty("Classification")),
)  # fmt: skip
_MSDRG = _Form(
    Layout(
        "table 5 of MS-DRGs",
        (
            ("MS-DRG",),
            ("TYPE",),
            ("MS-DRG Title", "MS-DRG Description"),
            ("Weights", "Weights - After Cap", "Relative Weight", "Relative Weights", "Weight"),
            ("Geometric mean LOS", "GMLOS"),
        ),
    ),
    code="lpad(\"MS-DRG\", 3, '0')",
    text='"MS-DRG Title"',
    facts=(
        "'weight=' || \"Weights\"",
        "'stay=' || \"Geometric mean LOS\"",
        "'kind=' || CASE WHEN left(upper(\"TYPE\"), 1) IN ('S', 'P') THEN 'surgical' "
        "ELSE 'medical' END",
    ),
    where='TRY_CAST("Weights" AS DOUBLE) > 0 AND TRY_CAST("Geometric mean LOS" AS DOUBLE) > 0',
    left_out=("without_a_weight", 'coalesce(TRY_CAST("Weights" AS DOUBLE), 0) <= 0'),
)


def loinc(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of Loinc.csv or LoincTableCore.csv that are not deprecated."""
    found, newest = _read(source, _LOINC, 'max(TRY_CAST("VersionLastChanged" AS DOUBLE))')
    release = as_of or (f"LOINC, changed last in {newest}" if newest else "")
    return replace(found, version=release or release_of(source.name, ""))


def rxnorm(source: CsvSource, as_of: str) -> BookContent:
    """Return the ingredients, clinical drugs, brands and packs of RXNCONSO.RRF."""
    found, _ = _read(source, _RXNCONSO)
    return replace(found, version=as_of or "RxNorm, release not stated")


def ndc(source: CsvSource, as_of: str) -> BookContent:
    """Return the products (nine digits) or packages (eleven) of the FDA's directory."""
    header = _header(source, "\t", ("PRODUCTNDC",))[0]
    form = _PACKAGES if "NDCPACKAGECODE" in header else _PRODUCTS
    found, _ = _read(source, form)
    return replace(found, version=as_of or "NDC directory, release not stated")


def hcpcs(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of CMS's HCPCS sheet saved as CSV."""
    found, _ = _read(source, _HCPCS)
    return replace(found, version=release_of(source.name, as_of))


def cpt(source: CsvSource, as_of: str) -> BookContent:
    """Return the numbers of a user's own CPT list."""
    found, _ = _read(source, _CPT)
    return replace(found, version=release_of(source.name, as_of) or "the user's own list")


def taxonomy(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of NUCC's file."""
    found, _ = _read(source, _TAXONOMY)
    named = re.search(r"_(\d\d)(\d)\b", source.name)
    return replace(found, version=as_of or (f"NUCC {named[1]}.{named[2]}" if named else "NUCC"))


def msdrg(source: CsvSource, as_of: str) -> BookContent:
    """Return the groups of table 5 that have a weight and a stay."""
    with source.path.open(encoding=source.encoding) as file:
        head = file.read(_HEAD)
    mark = "\t" if "\t" in head else ","
    named = re.search(r"\b(?:FY\s*)?(20\d\d)\b", f"{as_of} {head} {source.name}")
    if not named:
        raise Refused(source.shown, "does not say its fiscal year",
                      "say it: --as-of 'FY 2027'")  # fmt: skip
    found, _ = _read(source, replace(_MSDRG, writing=TextFormat(mark=mark)))
    rows = [(code, text, f"{facts};year={named[1]}") for code, text, facts in found.rows]
    return BookContent(as_of or f"FY {named[1]}", rows, found.checks)


def _read(source: CsvSource, form: _Form, newest: str = "NULL") -> tuple[BookContent, object]:
    """Return the content of a table, with no version yet, and the answer to one question more."""
    header, titles = form.names, 0
    if form.names:
        _refuse_width(source, form)
    else:
        header, titles = _header(source, form.writing.mark, form.layout.needs[0])
    table = replace(source, header=header)
    choose_layout(source.shown, header, (form.layout,), ())
    what, counted = form.left_out or ("", "false")
    with duckdb.connect(":memory:") as connection:
        stage(connection, table, form.layout, replace(form.writing, titles=titles))
        refuse(connection, table, form.wrongs)
        if not form.grouped:
            refuse_twice(connection, table, (form.code,), "code {}")
        rows = connection.execute(
            f"SELECT {form.code}, {form.text}, concat_ws(';', {', '.join(form.facts) or 'NULL'}) "
            f"FROM {STAGED} WHERE {form.where} {'GROUP BY 1' * form.grouped}"
        ).fetchall()
        said = connection.execute(
            f"SELECT {newest}, count(*) FILTER ({counted}) FROM {STAGED}"
        ).fetchone()
    assert said is not None
    content = [(str(code), str(text or ""), str(facts or "")) for code, text, facts in rows]
    return BookContent("", content, {what: said[1]} if what else {}), said[0]


def _header(source: CsvSource, mark: str, telling: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Return the columns of a table, and how many lines of titles stand before them."""
    wanted = {name.casefold() for name in telling}
    with source.path.open(encoding=source.encoding, newline="") as file:
        first = [line for line, _ in zip(file, range(_MOST_TITLES), strict=False)]
    for number, line in enumerate(first):
        names = tuple(name.strip() for name in next(csv.reader([line.lstrip("\ufeff")],
                                                              delimiter=mark), []))  # fmt: skip
        if wanted & {name.casefold() for name in names}:
            return names, number
    whole = first[0] if first else ""
    for other, name in _MARKS.items():
        if other != mark and whole.count(other) > whole.count(mark):
            raise Refused(
                at_line(source.shown, 1),
                f"separates its columns by {name}, not {_MARKS[mark]}",
                "give the file as its publisher ships it",
            )
    return tuple(name.strip() for name in next(csv.reader([whole], delimiter=mark), [])), 0


def _refuse_width(source: CsvSource, form: _Form) -> None:
    """Refuse a file without a header whose first line has not its fields."""
    with source.path.open(encoding=source.encoding) as file:
        found = file.readline().rstrip("\r\n").split(form.writing.mark)
    if len(found) != len(form.names):
        raise Refused(
            at_line(source.shown, 1),
            f"has {len(found)} of the {len(form.names)} fields of {form.layout.title}, divided by "
            f"{_MARKS[form.writing.mark]}",
            "give the file as its publisher ships it",
        )
