"""The commands about codes: find them by words, judge them, see what goes with a condition."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from healthsim.cli_screen import Json, errors, print_json, print_rows, print_table, say, screen
from healthsim.errors import Refused

if TYPE_CHECKING:
    from healthsim.operations.codes import CodeQuery

# The books are imported inside their commands: `--help` needs none of them.

app = typer.Typer(
    help="Look up codes: diagnoses, labs, drugs, supplies, vaccines, groups, places, specialties.",
    no_args_is_help=True,
)

_System = Annotated[
    list[str] | None,
    typer.Option("--system", help="Only this book, such as icd10cm, loinc or drug; may repeat."),
]


@app.command()
def find(
    words: Annotated[list[str], typer.Argument(help="Words in any order, or how a code begins.")],
    system: _System = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number of codes.")] = 10,
    as_json: Json = False,
) -> None:
    """Find codes by words, lay words and abbreviations included: heart attack, a1c, flu shot."""
    from healthsim.codes import search  # noqa: PLC0415  see the top

    result = search.search(" ".join(words), system or (), limit, "--system")
    if as_json:
        print_json(
            {"found": [hit._asdict() for hit in result.hits], "totals": dict(result.totals),
             "unmatched": list(result.unmatched), "partly": result.partly}
        )  # fmt: skip
        return
    print_rows(search.SearchHit._fields, result.hits, as_json=False)
    for remark in search.remarks(result):
        errors.print(remark, highlight=False, markup=False)


@app.command()
def classify(
    codes: Annotated[list[str] | None, typer.Argument(help="Codes.")] = None,
    system: Annotated[
        str, typer.Option(help="Code system of them all; default: the likely one of each.")
    ] = "",
    sex: Annotated[str, typer.Option(help="For a person of this sex: M or F.")] = "",
    age: Annotated[str, typer.Option(help="For a person of this age, in years.")] = "",
    on: Annotated[
        str, typer.Option(metavar="DATE", help="Valid on this day, such as 2026-01-31.")
    ] = "",
    file: Annotated[
        str,
        typer.Option(
            help="CSV file with a column code, and optionally system, sex, age, on; other columns "
            "are ignored; - is stdin."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Say for each code if it can be used, what it means, and which code was probably meant.

    A status is valid, header, retired, not_yet, unknown, wrong_sex, wrong_age or wrong_system. A
    table on a terminal, CSV when piped. Exit code 0 for every verdict, 2 for wrong options.
    """
    from healthsim.operations import codes as code_queries  # noqa: PLC0415  see the top

    defaults = code_queries.QueryDefaults(
        code_queries.system_named(system, "--system"), code_queries.sex_of(sex, "--sex"),
        code_queries.age_of(age, "--age"), code_queries.day_of(on, "--on"),
    )  # fmt: skip
    queries = [
        code_queries.CodeQuery(code, defaults.system, defaults.sex, defaults.age, defaults.on)
        for code in codes or ()
    ]
    if file:
        queries += code_queries.read_codes(*_text(file), defaults)
    if not queries:
        raise Refused("classify", "was given no code", "name codes, or a CSV file with --file")
    _print_verdicts(queries, as_json)


def _text(file: str) -> tuple[str, str]:
    """Return a file's name and text; `-` is stdin."""
    name = "stdin" if file == "-" else Path(file).name
    try:
        if file == "-":
            return name, sys.stdin.read()
        return name, Path(file).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Refused(name, f"cannot be read ({error.strerror})", "give a CSV file") from None
    except UnicodeDecodeError:
        raise Refused(name, "is not UTF-8 text", "save it as UTF-8") from None


def _print_verdicts(queries: list[CodeQuery], as_json: bool) -> None:
    from healthsim.operations import codes as code_queries  # noqa: PLC0415  see the top

    rows = [code_queries.row_of(verdict) for verdict in code_queries.judge_all(queries)]
    if as_json:
        print_json([dict(zip(code_queries.VERDICT, row, strict=True)) for row in rows])
        return
    plain = [[" ".join(cell) if isinstance(cell, list) else cell for cell in row] for row in rows]
    if screen.is_terminal:
        print_table(code_queries.VERDICT, plain)
        return
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([code_queries.VERDICT, *plain])
    say(text.getvalue(), nl=False)


@app.command(name="goes-with")
def goes_with(
    condition: Annotated[
        list[str], typer.Argument(help="A diagnosis code, how it begins, or words.")
    ],
    as_json: Json = False,
) -> None:
    """Say which labs, drugs, procedures, specialties and diagnoses go with a condition."""
    from healthsim.operations import codes as code_queries  # noqa: PLC0415  see the top

    related = code_queries.related_codes(" ".join(condition))
    if as_json:
        rows = [dict(zip(code_queries.TOGETHER, row, strict=True)) for row in related.rows]
        print_json(
            {"code": related.code, "display": related.display, "sources": list(related.sources),
             "goes_with": rows}
        )  # fmt: skip
        return
    print_rows(code_queries.TOGETHER, related.rows, as_json=False)
    errors.print(f"{related.code} {related.display}; source: {', '.join(related.sources)}",
                 highlight=False, markup=False)  # fmt: skip


@app.command()
def books(as_json: Json = False) -> None:
    """List the code books: rows, version, source, licence, and which of them were imported."""
    from healthsim.codes import listing  # noqa: PLC0415  see the top

    print_rows(listing.BookListing._fields, listing.list_books(), as_json)
