"""The commands about codes: find them by words."""

from __future__ import annotations

from typing import Annotated

import typer

from healthsim.cli_screen import Json, errors, print_json, print_rows

# The books are imported inside their commands: `--help` needs none of them.

app = typer.Typer(
    help="Look codes up: diagnoses, labs, drugs, supplies, vaccines, groups, places, specialties.",
    no_args_is_help=True,
)

_System = Annotated[
    list[str] | None,
    typer.Option("--system", help="Only this book, such as icd10cm, loinc or drug; may repeat."),
]


@app.command()
def find(
    words: Annotated[list[str], typer.Argument(help="Words in any order, or a code's beginning.")],
    system: _System = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most codes.")] = 10,
    as_json: Json = False,
) -> None:
    """Find codes by words, lay words and abbreviations included: heart attack, a1c, flu shot."""
    from healthsim.codes import search  # noqa: PLC0415  see the top

    found = search.search(" ".join(words), system or (), limit, "--system")
    if as_json:
        print_json(
            {"found": [hit._asdict() for hit in found.hits], "totals": dict(found.totals),
             "unmatched": list(found.unmatched), "partly": found.partly}
        )  # fmt: skip
        return
    print_rows(search.Hit._fields, found.hits, as_json=False)
    for remark in search.remarks(found):
        errors.print(remark, highlight=False, markup=False)


@app.command()
def books(as_json: Json = False) -> None:
    """List the code books: rows, version, source, licence, and which of them were imported."""
    from healthsim.codes import listing  # noqa: PLC0415  see the top

    print_rows(listing.Listed._fields, listing.listed(), as_json)
