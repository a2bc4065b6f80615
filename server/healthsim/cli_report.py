"""The command that writes a report: a scenario as one page that opens in any browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from healthsim.cli_screen import Json, attended, errors, home, print_json, say


def report(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    out: Annotated[Path, typer.Option(help="File to write, such as report.html.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Write a scenario as one page: pictures, tables, asked against got, how to make it again."""
    from healthsim.operations import reporting  # noqa: PLC0415  `--help` needs no operation

    written = attended(
        lambda: reporting.write(home(), name, out, replace=replace), f"report {name}"
    )
    for note in written.notes:
        errors.print(escape(note), highlight=False, soft_wrap=True)
    if as_json:
        print_json({"file": str(written.file), "bytes": written.bytes,
                    "pictures": list(written.pictures), "notes": list(written.notes)})  # fmt: skip
    else:
        say(f"{written.file}: {len(written.pictures)} pictures, {written.bytes:,} bytes")
