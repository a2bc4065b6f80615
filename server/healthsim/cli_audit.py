"""The command that audits a scenario: integrity, asked against got, published against got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from healthsim.cli_screen import FAILED, Json, attended, home, print_json, print_rows, say

if TYPE_CHECKING:
    from healthsim.operations.auditing import AuditReport


def audit(
    name: Annotated[str, typer.Argument(help="A scenario.")],
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 also if a published figure is off.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Audit a scenario: are its records linked, does it match the request and published figures?"""
    from healthsim.operations import auditing  # noqa: PLC0415  `--help` needs no operation

    report = attended(lambda: auditing.audit(home(), name), f"audit {name}")
    parts = {
        "findings": (auditing.FINDING, report.findings),
        "expectations": (auditing.EXPECTED, report.expected),
        "asked_against_got": (auditing.COMPARED, report.compared),
        "scorecard": (auditing.SCORED, report.scored),
        "asked_and_not_got": (auditing.NOT_GOT, report.not_got),
        "unlisted_codes": (auditing.UNLISTED, report.unlisted),
    }
    if as_json:
        tables = {part: [dict(zip(columns, row, strict=True)) for row in rows]
                  for part, (columns, rows) in parts.items()}  # fmt: skip
        print_json({"name": name, "ok": report.ok, "checked": report.checked, **tables})
    else:
        _print(report, parts)
    if not report.ok or (strict and report.off):
        raise typer.Exit(FAILED)


def _print(report: AuditReport, parts: dict[str, tuple[list[str], list[list[Any]]]]) -> None:
    for part, (columns, rows) in parts.items():
        if rows:
            say(f"{part.replace('_', ' ')}:")
            print_rows(columns, rows, as_json=False)
    say(f"{report.checked - len(report.findings)} of {report.checked} checks hold")
    if report.note:
        say(report.note)
    if report.expected:
        say(f"{sum(row[-1] for row in report.expected)} of {len(report.expected)} "
                   "expectations are met")  # fmt: skip
    say(report.judged)
    if report.scored:
        say(report.score)
