"""The command that compares two scenarios."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from healthsim.cli_screen import Json, attended, home, print_json, print_rows, say


def compare(
    before: Annotated[str, typer.Argument(help="A scenario, or a run_id.")],
    after: Annotated[str, typer.Argument(help="Another one.")],
    as_json: Json = False,
) -> None:
    """Compare two scenarios: specifications, people, rows, money, asked against got."""
    from healthsim.operations import comparing  # noqa: PLC0415  `--help` needs no operation

    found = attended(lambda: comparing.compare(home(), before, after), "compare")
    if as_json:
        print_json({"before": before, "after": after, **asdict(found)})
        return
    say(found.common)
    for line in found.specification:
        say(f"  {line}")
    say("people: " + ", ".join(f"{count:,} {what}" for what, count in found.people.items()))
    if found.affected_ids:
        say(f"affected: {found.affected_ids}")
    for columns, rows in (
        (comparing.AFFECTED, found.affected),
        (comparing.TABLES, found.tables),
        (comparing.MONEY, found.money),
        (comparing.ASKED, found.asked),
    ):
        if rows:
            print_rows(columns, rows, as_json=False)
    say(f"{found.same_tables} tables have no row that differs")
    for note in found.notes:
        say(note)
