"""The command that audits a scenario: integrity, asked against got, published against got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthsim.cli_screen import FAILED, Json, home, print_json, print_rows

if TYPE_CHECKING:
    from healthsim.operations.auditing import AuditReport


def audit(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where a published figure is off, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Audit a scenario: is it whole, is it what was asked for, is it like what is published?"""
    from healthsim.operations import auditing  # noqa: PLC0415  `--help` needs no operation

    found = auditing.audit(home(), name)
    parts = {
        "findings": (auditing.FINDING, found.findings),
        "expectations": (auditing.EXPECTED, found.expected),
        "asked_against_got": (auditing.COMPARED, found.compared),
        "scorecard": (auditing.SCORED, found.scored),
        "unlisted_codes": (auditing.UNLISTED, found.unlisted),
    }
    if as_json:
        told = {part: [dict(zip(columns, row, strict=True)) for row in rows]
                for part, (columns, rows) in parts.items()}  # fmt: skip
        print_json({"name": name, "ok": found.ok, "checked": found.checked, **told})
    else:
        _print(found, parts)
    if not found.ok or (strict and found.off):
        raise typer.Exit(FAILED)


def _print(found: AuditReport, parts: dict[str, tuple[list[str], list[list[Any]]]]) -> None:
    for part, (columns, rows) in parts.items():
        if rows:
            typer.echo(f"{part.replace('_', ' ')}:")
            print_rows(columns, rows, as_json=False)
    typer.echo(f"{found.checked - len(found.findings)} of {found.checked} checks hold")
    if found.note:
        typer.echo(found.note)
    if found.expected:
        typer.echo(f"{sum(row[-1] for row in found.expected)} of {len(found.expected)} "
                   "expectations are met")  # fmt: skip
    typer.echo(found.judged)
    if found.scored:
        typer.echo(found.score)
