"""The commands about saved scenarios: list, query and verify them."""

from __future__ import annotations

import csv
import io
from typing import Annotated

import typer
from rich.markup import escape

from healthsim.cli_screen import (
    FAILED,
    Json,
    attended,
    errors,
    print_json,
    print_rows,
    print_table,
    say,
    screen,
)
from healthsim.cli_screen import home as home_folder
from healthsim.persistence.names import is_address

# Every operation is imported inside its command: `--help` needs none of them.


def query(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    sql: Annotated[str, typer.Argument(help="One SELECT.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Maximum number of rows.")] = 1000,
    other: Annotated[str, typer.Option(help="A second scenario, as the schema other.")] = "",
    as_json: Json = False,
) -> None:
    """Query a scenario with SQL: a table on a terminal, CSV when piped."""
    from healthsim.operations import query as querying  # noqa: PLC0415  see the top

    result = querying.query(home_folder(), name, sql, other, limit=limit)
    columns = [column for column, _ in result.columns]
    if as_json:
        print_json({"columns": columns, "rows": result.rows, "truncated": result.truncated})
    elif screen.is_terminal:
        print_table(columns, result.rows)
    else:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *result.rows])
        say(text.getvalue(), nl=False)
    if result.truncated:
        errors.print(f"more than {limit:,} rows; narrow the query or raise --limit")


def scenarios(as_json: Json = False) -> None:
    """List the saved scenarios."""
    from healthsim.operations import scenarios as saved_scenarios  # noqa: PLC0415  see the top

    rows = [
        [item.name, item.count, sum(item.counts.values()), item.description]
        for item in saved_scenarios.list_all(home_folder())
    ]
    print_rows(["name", "people", "rows", "description"], rows, as_json)


def verify(
    name: Annotated[str, typer.Argument(help="A scenario, or its s3:// address.")],
    sample: Annotated[
        int,
        typer.Option(min=0, help="Only so many blocks of 16,384 people or families; default: all."),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Generate a scenario again from its stored specification, and compare every row."""
    from healthsim.operations import verify as verification  # noqa: PLC0415  see the top

    if is_address(name):
        _verify_remote(name, as_json=as_json)
        return
    result = attended(
        lambda: verification.verify(home_folder(), name, sample=sample), f"verify {name}"
    )
    if as_json:
        print_json({"name": name, "same": result.same, "differs": list(result.differs),
                    "blocks": {table: list(blocks) for table, blocks in result.blocks.items()},
                    "sampled": result.sampled, "of_blocks": result.of_blocks,
                    "missing": list(map(str, result.missing)),
                    "imported_since": list(map(str, result.since))})  # fmt: skip
    elif result.same:
        some = f" in {result.sampled} of {result.of_blocks} blocks" if result.sampled else ""
        say(f"{name}: the same rows{some}, digest {result.digest}")
    for problem in result.missing:
        errors.print(escape(str(problem)), highlight=False, soft_wrap=True)
    if result.differs:
        errors.print(f"{escape(name)}: differs in {escape(verification.where_differs(result))}",
                     highlight=False, soft_wrap=True)  # fmt: skip
    for problem in result.since:
        errors.print(escape(str(problem)), highlight=False, soft_wrap=True)
    if not result.same:
        raise typer.Exit(FAILED)


def _verify_remote(address: str, *, as_json: bool) -> None:
    """Say whether the objects of a scenario are those that its file lists."""
    from healthsim.operations import remote  # noqa: PLC0415  see the top

    proof = attended(lambda: remote.prove(address), f"verify {address}")
    if as_json:
        print_json({"name": address, "same": not proof.wrong, "wrong": list(proof.wrong),
                    "files": proof.files, "bytes": proof.size_bytes})  # fmt: skip
    elif not proof.wrong:
        say(f"{address}: {proof.files} files with {proof.size_bytes:,} bytes are those that are "
            "listed; healthsim fetch brings them here to verify the rows")  # fmt: skip
    for sentence in () if as_json else proof.wrong:
        errors.print(escape(sentence), highlight=False, soft_wrap=True)
    if proof.wrong:
        raise typer.Exit(FAILED)
