"""The commands that look closely: one person's story, and why one row is as it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from healthsim.cli_screen import Json, home, print_json, print_rows, say

Name = Annotated[str, typer.Argument(help="A scenario, or a run_id.")]


def person(
    name: Name,
    person: Annotated[str, typer.Argument(help="person_id, full name, MRN or other number.")],
    since: Annotated[str, typer.Option(help="First day, such as 2025-03-31.")] = "",
    until: Annotated[str, typer.Option(help="Last day.")] = "",
    offset: Annotated[int, typer.Option(min=0, help="Lines to skip.")] = 0,
    as_json: Json = False,
) -> None:
    """Show one person's story: who it is, and chart, claims, fills and trial by day."""
    from healthsim.operations import person as people  # noqa: PLC0415  `--help` needs no operation

    shown = people.show_person(home(), name, person, since=since, until=until, offset=offset)
    lines: list[list[Any]] = [[line.day, line.table, line.what, line.key, line.of]
                              for line in shown.lines]  # fmt: skip
    columns = ["date", "table", "what", "id", "of"]
    if as_json:
        told = [dict(zip(columns, line, strict=True)) for line in lines]
        print_json({"person_id": shown.person_id, "who": dict(shown.who), "lines": told,
                    "total": shown.total})  # fmt: skip
        return
    say(f"person {shown.person_id}")
    for what, value in shown.who.items():
        say(f"  {what}: {value}")
    print_rows(columns, lines, as_json=False)
    last = offset + len(lines)
    say(f"lines {offset + 1 if lines else 0} to {last} of {shown.total}")


def explain(
    name: Name,
    table: Annotated[str, typer.Argument(help="A table.")],
    key: Annotated[str, typer.Argument(help="The row's id, or key values with commas.")],
    as_json: Json = False,
) -> None:
    """Explain why a row is there: the line of the specification, rule and draws behind it."""
    from healthsim.operations.explaining import explain as why  # noqa: PLC0415  see above

    explained = why.explain_row(home(), name, table, key)
    reasons = explained.reasons
    if as_json:
        draws = [dict(zip(why.DRAW, draw, strict=True)) for draw in reasons.draws]
        why_so = {"made_by": reasons.made_by, "because": reasons.because, "draws": draws}
        print_json({"table": table, "row": dict(explained.row), **why_so, "note": explained.note})
        return
    say("\n".join(["made by", *(f"  {line}" for line in reasons.made_by)]))
    say("\n".join(["because", *(f"  {line}" for line in reasons.because)]))
    if reasons.draws:
        print_rows(why.DRAW, reasons.draws, as_json=False)
    if explained.note:
        say(explained.note)
