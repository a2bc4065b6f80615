"""Reading code books that are tables: LOINC, RxNorm, NDC, HCPCS, CPT, taxonomy, MS-DRG."""

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
_HEAD = 2_000  # characters at the beginning that contain the year of a table


@dataclass(frozen=True, slots=True)
class _Form:
    """The format of one publisher's table, and SQL of its codes.

    Attributes:
        layout: its columns.
        code: SQL of the code in a row of the staging table.
        text: SQL of its display.
        facts: SQL of each fact that is kept, null where a row has none.
        where: SQL of the rows to import.
        grouped: whether several rows make one code; text and facts are then aggregates.
        checks: that every row must pass.
        text_format: of the file.
        names: the columns of a file without a header.
        left_out: name in the report and SQL of the rows that are left out and counted.
    """

    layout: Layout
    code: str
    text: str
    facts: tuple[str, ...] = ()
    where: str = "true"
    grouped: bool = False
    checks: tuple[RowCheck, ...] = ()
    text_format: TextFormat = COMMAS
    names: tuple[str, ...] = ()
    left_out: tuple[str, str] | None = None


_TABS = TextFormat(mark="\t", quoted=False)


def _fact(name: str, value: str) -> str:
    """Return SQL of a fact with a value."""
    return f"'{name}=' || nullif(trim(translate({value}, ';=', ',:')), '')"


def _form_check(column: str, shape: str, what: str) -> RowCheck:
    """Return the check that a column has a form."""
    return RowCheck(
        column, f"NOT coalesce(regexp_full_match(upper({quoted(column)}), '{shape}'), false)", what
    )


def _empty_check(column: str) -> RowCheck:
    return RowCheck(column, f"{quoted(column)} IS NULL", "is {}")


def _ndc(column: str, sizes: Sequence[int]) -> str:
    """Return SQL of an NDC without its dashes, each part padded with zeros."""
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
        _fact("unit", "split_part(\"EXAMPLE_UCUM_UNITS\", ';', 1)"),
        'CASE WHEN "CLASSTYPE" = \'2\' AND regexp_matches("CLASS", '
        "'^(BP|HRTRATE|BDY|RESP|VITAL)') THEN 'vital' END",
    ),
    where="coalesce(\"STATUS\", '') <> 'DEPRECATED'",
    checks=(
        _form_check("LOINC_NUM", "[0-9]{1,7}-[0-9]", "is {}, not a LOINC code"),
        _empty_check("LONG_COMMON_NAME"),
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
    checks=(_form_check("RXCUI", "[0-9]{1,8}", "is {}, not an RXCUI"),),
    text_format=TextFormat(mark="|", quoted=False, headed=False),
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
    checks=(_form_check("PRODUCTNDC", "[0-9]{4,5}-[0-9]{3,4}", "is {}, not the NDC of a product"),),
    text_format=_TABS,
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
    checks=(
        _form_check(
            "NDCPACKAGECODE", "[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}", "is {}, not the NDC of a package"
        ),
    ),
    text_format=_TABS,
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
    checks=(_form_check("RECID", "[3478]", "is {}, not a kind of record (3, 4, 7 or 8)"),),
    left_out=("ended", '"TERM DT" IS NOT NULL'),
)
_CPT = _Form(
    Layout("a CPT list", (("code", "CPT", "CPT code"), ("description", "descriptor", "text"))),
    code='upper("code")',
    text='"description"',
    checks=(
        replace(
            _form_check("code", "[0-9]{4}[0-9AFMTU]", "is {}, not a CPT number"),
            mend="write five characters, such as 99213",
        ),
        _empty_check("description"),
    ),
)
SNOMED_MAP = _Form(
    Layout(
        "a map to SNOMED CT",
        (("code", "source code"), ("snomed", "SNOMED CT", "concept id")),
        takes=(("system", "source system"), ("display", "term", "description")),
    ),
    code="lower(coalesce(\"system\", 'icd10cm')) || '|' || upper(\"code\")",
    text='"display"',
    facts=("'line=' || line", "'snomed=' || coalesce(\"snomed\", '')"),
    checks=(_empty_check("code"),),
)
"""A user's own map; its facts have the line too, for errors about it."""
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
        _fact("trade", 'lower("Classification")'),
    ),
    checks=(_form_check("Code", "[0-9]{3}[0-9A-Z]{6}X", "is {}, not a taxonomy code"),
            _empty_check("Classification")),
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
    content, newest = read_table(source, _LOINC, 'max(TRY_CAST("VersionLastChanged" AS DOUBLE))')
    release = as_of or (f"LOINC, changed last in {newest}" if newest else "")
    return replace(content, version=release or release_of(source.name, ""))


def rxnorm(source: CsvSource, as_of: str) -> BookContent:
    """Return the ingredients, clinical drugs, brands and packs of RXNCONSO.RRF."""
    content, _ = read_table(source, _RXNCONSO)
    return replace(content, version=as_of or "RxNorm, release not stated")


def ndc(source: CsvSource, as_of: str) -> BookContent:
    """Return the products (nine digits) or packages (eleven) of the FDA's directory."""
    header = _header(source, "\t", ("PRODUCTNDC",))[0]
    form = _PACKAGES if "NDCPACKAGECODE" in header else _PRODUCTS
    content, _ = read_table(source, form)
    return replace(content, version=as_of or "NDC directory, release not stated")


def hcpcs(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of CMS's HCPCS sheet saved as CSV."""
    content, _ = read_table(source, _HCPCS)
    return replace(content, version=release_of(source.name, as_of))


def cpt(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of a user's own CPT list."""
    content, _ = read_table(source, _CPT)
    return replace(content, version=release_of(source.name, as_of) or "the user's own list")


def taxonomy(source: CsvSource, as_of: str) -> BookContent:
    """Return the codes of NUCC's file."""
    content, _ = read_table(source, _TAXONOMY)
    named = re.search(r"_(\d\d)(\d)\b", source.name)
    return replace(content, version=as_of or (f"NUCC {named[1]}.{named[2]}" if named else "NUCC"))


def msdrg(source: CsvSource, as_of: str) -> BookContent:
    """Return the groups of table 5 that have a weight and a stay."""
    with source.path.open(encoding=source.encoding) as file:
        head = file.read(_HEAD)
    mark = "\t" if "\t" in head else ","
    named = re.search(r"\b(?:FY\s*)?(20\d\d)\b", f"{as_of} {head} {source.name}")
    if not named:
        raise Refused(source.shown, "does not state its fiscal year",
                      "say it: --as-of 'FY 2027'")  # fmt: skip
    content, _ = read_table(source, replace(_MSDRG, text_format=TextFormat(mark=mark)))
    rows = [(code, text, f"{facts};year={named[1]}") for code, text, facts in content.rows]
    return BookContent(as_of or f"FY {named[1]}", rows, content.checks)


def read_table(source: CsvSource, form: _Form, newest: str = "NULL") -> tuple[BookContent, object]:
    """Return the content of a table, without a version, and the value of the SQL of `newest`."""
    header, titles = form.names, 0
    if form.names:
        _refuse_width(source, form)
    else:
        header, titles = _header(source, form.text_format.mark, form.layout.needs[0])
    table = replace(source, header=header)
    choose_layout(source.shown, header, (form.layout,), ())
    left_out_name, left_out_sql = form.left_out or ("", "false")
    with duckdb.connect(":memory:") as connection:
        stage(connection, table, form.layout, replace(form.text_format, titles=titles))
        refuse(connection, table, form.checks)
        if not form.grouped:
            refuse_twice(connection, table, (form.code,), "code {}")
        rows = connection.execute(
            f"SELECT {form.code}, {form.text}, concat_ws(';', {', '.join(form.facts) or 'NULL'}) "
            f"FROM {STAGED} WHERE {form.where} {'GROUP BY 1' * form.grouped}"
        ).fetchall()
        extra = connection.execute(
            f"SELECT {newest}, count(*) FILTER ({left_out_sql}) FROM {STAGED}"
        ).fetchone()
    assert extra is not None
    content = [(str(code), str(text or ""), str(facts or "")) for code, text, facts in rows]
    return BookContent("", content, {left_out_name: extra[1]} if left_out_name else {}), extra[0]


def _header(
    source: CsvSource, mark: str, names_expected: Sequence[str]
) -> tuple[tuple[str, ...], int]:
    """Return the columns of a table, and the number of lines of titles above them."""
    expected = {name.casefold() for name in names_expected}
    with source.path.open(encoding=source.encoding, newline="") as file:
        head_lines = [line for line, _ in zip(file, range(_MOST_TITLES), strict=False)]
    for position, line in enumerate(head_lines):
        names = tuple(name.strip() for name in next(csv.reader([line.lstrip("\ufeff")],
                                                               delimiter=mark), []))  # fmt: skip
        if expected & {name.casefold() for name in names}:
            return names, position
    first_line = head_lines[0] if head_lines else ""
    for other, name in _MARKS.items():
        if other != mark and first_line.count(other) > first_line.count(mark):
            raise Refused(
                at_line(source.shown, 1),
                f"separates its columns by {name}, not {_MARKS[mark]}",
                "give the file as its publisher ships it",
            )
    return tuple(name.strip() for name in next(csv.reader([first_line], delimiter=mark), [])), 0


def _refuse_width(source: CsvSource, form: _Form) -> None:
    """Refuse a file without a header whose first line lacks fields."""
    with source.path.open(encoding=source.encoding) as file:
        fields = file.readline().rstrip("\r\n").split(form.text_format.mark)
    if len(fields) != len(form.names):
        raise Refused(
            at_line(source.shown, 1),
            f"has {len(fields)} of the {len(form.names)} fields of {form.layout.title}, divided by "
            f"{_MARKS[form.text_format.mark]}",
            "give the file as its publisher ships it",
        )
