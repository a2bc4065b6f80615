"""The command that takes a scenario out: as files, or into a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from healthsim.cli_screen import Json, attended, home, print_json, print_rows, say
from healthsim.errors import Refused
from healthsim.exports import FORMATS, Filter

COLUMNS = ["format", "holds", "needs", "leaves out", "at most", "tables", "people"]
_EACH = "\n\n".join(f"{form}: {escape(facts.sentence)}" for form, facts in FORMATS.items())
HELP = (
    f"Take a scenario out, in one of these formats.\n\n{_EACH}\n\nPeople are chosen by --people, "
    "--where or both; those whom they point at (who holds their coverage, relatives in the data) "
    "and the providers that they use come with them."
)
"""What the command line says of it, from the one table of formats."""


def export(
    name: Annotated[str, typer.Argument(help="A scenario.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write into; required for files.")
    ] = None,
    form: Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")] = "csv",
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Write into a folder that has files; replace a schema."),
    ] = False,
    tables: Annotated[
        list[str] | None,
        typer.Option("--tables", "--table", help="Tables: claims,fills. By default all."),
    ] = None,
    people: Annotated[str, typer.Option(help="Places in the order of people: 1-20, 1-5,9.")] = "",
    where: Annotated[str, typer.Option(help="A condition in SQL on columns of patients.")] = "",
    to: Annotated[
        str,
        typer.Option(help="postgres: postgresql://USER@HOST/DATABASE; else $HEALTHSIM_POSTGRES."),
    ] = "",
    schema: Annotated[str, typer.Option(help="postgres: the schema; else as the scenario.")] = "",
    formats: Annotated[
        bool, typer.Option("--formats", help="Say what each format holds, needs and leaves out.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take a scenario out; `HELP` is what the command line says of it."""
    from healthsim.operations import exporting  # noqa: PLC0415  `--help` needs no operation

    if formats:
        print_rows(COLUMNS, _formats(), as_json)
        return
    kind = exporting.format_named(form)
    if not name:
        raise Refused("name", "is missing", "name a scenario ('healthsim scenarios' lists them)")
    chosen = Filter(people, where)
    if kind == "postgres":
        if out is not None:
            raise Refused("--out", "postgres writes into a database", "leave it out; see --to")
        _load(name, to, schema, _listed(tables or ()), chosen, replace=replace, as_json=as_json)
        return
    if to or schema:
        raise Refused("--to", f"{kind} writes files", "leave --to and --schema out; see --out")
    if out is None:
        exporting.refuse_unreadable(home(), name)
        raise Refused("--out", "is missing", "name the folder to write into: --out FOLDER")
    done = attended(
        lambda: exporting.export_to(
            home(), name, out, kind, _listed(tables or ()), chosen, replace=replace
        ),
        f"export {name}",
    )
    if as_json:
        print_json({"folder": str(done.folder), "files": [file.name for file in done.files]})
    else:
        say(f"{len(done.files)} files, {done.megabytes} MB, in {done.folder}")


def _load(
    name: str,
    to: str,
    schema: str,
    tables: list[str],
    chosen: Filter,
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Write a scenario into a database, and say where it stands."""
    from healthsim.operations import loading  # noqa: PLC0415  `--help` needs no operation

    done = attended(
        lambda: loading.load(home(), name, to, schema, tables, chosen, replace=replace),
        f"export {name}",
    )
    if as_json:
        print_json({"place": done.place, "tables": dict(done.tables)})
    else:
        say(f"{len(done.tables)} tables, {sum(done.tables.values()):,} rows, in {done.place}")


def _formats() -> list[list[str]]:
    """Return a row for each format."""
    return [
        [form, facts.holds, facts.needs, facts.lacks, facts.limit or "all",
         "all" if facts.whole else "can be chosen", "all" if facts.everybody else "can be chosen"]
        for form, facts in FORMATS.items()
    ]  # fmt: skip


def _listed(given: list[str] | tuple[str, ...]) -> list[str]:
    """Return the names of options that each hold one or several, with commas between.

    >>> _listed(["claims, fills", "plans"])
    ['claims', 'fills', 'plans']
    """
    return [name.strip() for text in given for name in text.split(",") if name.strip()]
