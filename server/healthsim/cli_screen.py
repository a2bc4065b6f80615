"""What the commands share: which home they work in, and how they print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from healthsim.operations.home import Home

FAILED, WRONG = 1, 2
"""Exit codes: it failed; the command, a name or a specification is wrong."""

screen = Console()
errors = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@dataclass
class Settings:
    """The options before the command."""

    home: Path | None = None


settings = Settings()


def home() -> Home:
    """Return the home that the command works in."""
    from healthsim.operations.home import Home  # noqa: PLC0415  `--help` needs no operation

    return Home(settings.home) if settings.home else Home.default()


def open_books() -> None:
    """Put the code books that were imported into the home before the ones built in."""
    from healthsim.codes import imported_books  # noqa: PLC0415  `--help` needs no book

    imported_books.open_shelf(home().books)


def print_json(value: Any) -> None:
    """Print one value as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_rows(columns: Sequence[str], items: Sequence[Sequence[Any]], as_json: bool) -> None:
    """Print rows: JSON if requested, a table on a terminal, lines with tabs when piped."""
    if as_json:
        print_json([dict(zip(columns, item, strict=True)) for item in items])
    elif screen.is_terminal:
        print_table(columns, items)
    else:
        for item in items:
            typer.echo("\t".join(str(value) for value in item))


def print_table(columns: Sequence[str], items: Sequence[Sequence[Any]]) -> None:
    """Print a table for people."""
    table = Table(*map(escape, columns))
    for item in items:
        table.add_row(*("" if value is None else escape(str(value)) for value in item))
    screen.print(table)
