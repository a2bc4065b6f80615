"""The main use, end to end: a person, a model's tool calls, and the real server between them."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
from mcp import Client
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from healthsim.app import build_server
from healthsim.errors import NotFound, Refused
from healthsim.operations import scenarios
from healthsim.operations.home import Home

NAME = "medicare-dm-cohort"
DESCRIPTION = "200 Medicare patients with diabetes, first year, mostly Texas"
"""The description of the demo's scenario, by which the demo recognises it."""
FOLDER = Path(".demo")
_SHOWN_ROWS = 6
_PIPED_WIDTH = 120

QUESTIONS = (
    (
        "How many had an A1c above 8 at six months, and what did their plans pay?",
        """
        WITH high AS (
          SELECT DISTINCT l.person_id
          FROM lab_results l
          JOIN encounters n ON n.encounter_id = l.encounter_id
          JOIN events e ON e.event_id = n.event_id
          WHERE l.loinc = '4548-4' AND l.value > 8.0 AND e.step = 'visit' AND e.occurrence = 2)
        SELECT (SELECT count(*) FROM high) AS people,
               (SELECT sum(plan_paid_usd) FROM claims
                 WHERE person_id IN (FROM high)) AS paid_for_care_usd,
               (SELECT sum(plan_paid_usd) FROM fills
                 WHERE person_id IN (FROM high)) AS paid_for_drugs_usd
        """,
        "{0} people. Their plans paid ${1} for their care and ${2} for their drugs.",
    ),
    (
        "Who was given a second drug at six months, and which?",
        """
        SELECT e.option AS way, p.drug, count(DISTINCT e.person_id) AS people,
               count(f.fill_id) AS fills
        FROM events e
        LEFT JOIN prescriptions p ON p.person_id = e.person_id
             AND p.event_id IS NOT NULL AND p.written_date >= e.event_date
        LEFT JOIN fills f ON f.prescription_id = p.prescription_id AND f.status = 'paid'
        WHERE e.step = 'intensify'
        GROUP BY e.option, p.drug ORDER BY people DESC
        """,
        "",
    ),
    (
        "Who pays how much of what was allowed, plan by plan?",
        """
        SELECT plan_id, count(*) AS claims, count(DISTINCT person_id) AS people,
               sum(allowed_usd) AS allowed_usd, sum(plan_paid_usd) AS plan_paid_usd,
               sum(deductible_usd + coinsurance_usd + copay_usd) AS member_pays_usd
        FROM claims GROUP BY plan_id ORDER BY plan_id
        """,
        "",
    ),
)

CHECK = """
SELECT (SELECT count(*) FROM patients) AS patients,
       (SELECT count(*) FROM members) AS members,
       (SELECT count(*) FROM rx_members) AS rx_members,
       (SELECT count(death_date) FROM patients) AS died,
       (SELECT count(*) FROM patients p
         WHERE p.death_date IS NULL
           AND (SELECT count(*) FROM encounters n WHERE n.person_id = p.person_id) < 4
       ) AS seldom_seen,
       (SELECT count(*) FROM encounters) AS encounters,
       (SELECT count(*) FROM lab_results) AS lab_results,
       (SELECT count(*) FROM fills) AS fills,
       (SELECT count(*) FROM claims) AS claims,
       (SELECT count(*) FROM encounters n
         WHERE EXISTS (SELECT 1 FROM enrollments r WHERE r.person_id = n.person_id
                         AND n.start_at::DATE BETWEEN r.effective_date
                             AND coalesce(r.term_date, DATE '9999-12-31'))
           AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.encounter_id = n.encounter_id)
           AND NOT EXISTS (SELECT 1 FROM claims c
                            WHERE c.encounter_id = n.parent_encounter_id)) AS unbilled
"""


class Conversation:
    """A conversation on the screen: who says what, which tool is called, what comes back."""

    def __init__(self, client: Client, screen: Console) -> None:
        self.client = client
        self.screen = screen

    def person(self, text: str) -> None:
        """Show what the person says."""
        self.screen.print(f"\n[bold green]person[/bold green]     {escape(text)}", highlight=False)

    def model(self, text: str) -> None:
        """Show what the model would say."""
        self.screen.print(
            f"[bold magenta]assistant[/bold magenta]  {escape(text)}", highlight=False
        )

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool of the server and show the call, short."""
        sql = arguments.get("sql", "")
        shown = ", ".join(
            f"{key}={_short(value)}" for key, value in arguments.items() if key != "sql"
        )
        more = ", sql=" if sql else ""
        self.screen.print(f"  [cyan]-> {tool}[/cyan]({escape(shown)}{more})", highlight=False)
        if sql:
            self.screen.print(
                Padding(escape(sql), (0, 5), expand=False), style="dim", highlight=False
            )
        result = await self.client.call_tool(tool, arguments)
        if result.is_error:
            text = " ".join(getattr(part, "text", "") for part in result.content)
            raise RuntimeError(f"{tool}: {text}")
        return dict(result.structured_content or {})

    def table(self, rows: dict[str, Any], title: str = "", most: int = _SHOWN_ROWS) -> None:
        """Show the first rows as a table."""
        table = Table(title=title or None, title_justify="left", box=box.SIMPLE)
        for column in rows["columns"]:
            table.add_column(str(column))
        for row in rows["rows"][:most]:
            table.add_row(*(escape(_cell(value)) for value in row))
        self.screen.print(table)

    def lines(self, *lines: str) -> None:
        """Show an answer as indented lines."""
        for line in lines:
            self.screen.print(f"     {escape(line)}", highlight=False)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 110 else f"{text[:107]}..."


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)


def run(home: Path | None, screen: Console | None = None, server: Any = None) -> int:
    """Run the conversation; return 0 if the scenario has what it should have.

    Args:
        home: the home folder; by default a fresh one in `.demo`.
        screen: where to show it; plain text when piped.
        server: the server to talk to, as `mcp.Client` takes it, which works in the same home; by
            default one in this process.
    """
    screen = screen or Console(width=None if sys.stdout.isatty() else _PIPED_WIDTH)
    if home is None:
        for part in ("specs", "runs", "scenarios", "exports"):
            shutil.rmtree(FOLDER / part, ignore_errors=True)
    _refuse_foreign(home or FOLDER)
    return anyio.run(_converse, server or build_server(home or FOLDER), screen)


def _refuse_foreign(home: Path) -> None:
    """Refuse to write over a scenario that has the demo's name and is not the demo's."""
    try:
        existing = scenarios.describe(Home(home), NAME)
    except NotFound:
        return
    if existing.description != DESCRIPTION:
        raise Refused(
            f"scenario {NAME!r}",
            "there is one of this name that the demo did not make",
            "rename or delete it, or run the demo in another home: healthsim --home FOLDER demo",
        )


async def _converse(server: Any, screen: Console) -> int:
    async with Client(server, read_timeout_seconds=120) as client:
        talk = Conversation(client, screen)
        spec_id = await _build(talk)
        run_id = await _execute(talk, spec_id)
        await _ask(talk)
        return await _check(talk, run_id)


async def _build(talk: Conversation) -> str:
    request = (
        "I need 200 Medicare patients with diabetes, mostly in Texas, "
        "with a first-year diabetes journey."
    )
    talk.person(f"{request} Save it as {NAME}.")
    matches = await talk.call("find_templates", query="medicare diabetes first year")
    talk.table(_cut(matches["templates"], ["name", "kind", "title"]))
    draft = await talk.call("start_profile_builder", request=request)
    spec_id = str(draft["spec_id"])
    talk.lines(*(f"understood: {line}" for line in draft.get("understood", ())))
    talk.lines(*(f"not in the draft: {line}" for line in draft.get("not_understood", ())))
    for question in draft.get("open", ()):
        talk.model(question["ask"])
    talk.person("80 % in Texas, the rest in Oklahoma.")
    states = {"op": "set", "path": "demographics.location.states", "value": {"TX": 0.8, "OK": 0.2}}
    draft = await talk.call("refine_spec", spec_id=spec_id, changes=[states])
    talk.lines(*draft["changed"], f"phase: {draft['phase']}")
    draft = await talk.call(
        "start_journey_builder", request="first-year diabetes journey", spec_id=spec_id
    )
    talk.lines(*draft.get("understood", ()), f"phase: {draft['phase']}")
    preview = await talk.call("preview_spec", spec_id=spec_id)
    talk.table(preview["people"], "A few of them")
    expected = sum(preview["expected"].values())
    talk.model(
        f"{preview['count']} people, about {expected:,} rows, {preview['megabytes']} MB, "
        f"{preview['seconds']} s. Shall I?"
    )
    return spec_id


def _cut(rows: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    positions = [rows["columns"].index(column) for column in columns]
    cells = [[row[position] for position in positions] for row in rows["rows"]]
    return {"columns": columns, "rows": cells}


async def _execute(talk: Conversation, spec_id: str) -> str:
    talk.person("Yes.")
    state = await talk.call("execute_spec", spec_id=spec_id)
    while state["status"] == "running":
        state = await talk.call("check_run", run_id=state["run_id"])
    counts = sorted(state["tables"].items(), key=lambda item: -item[1])
    talk.lines(", ".join(f"{number:,} {table}" for table, number in counts if number))
    saved = await talk.call(
        "save_scenario", run_id=state["run_id"], name=NAME, replace=True, description=DESCRIPTION
    )
    talk.model(f"Saved as {saved['name']}, digest {state['digest'][:16]}.")
    return str(state["run_id"])


async def _ask(talk: Conversation) -> None:
    for question, sql, reply in QUESTIONS:
        talk.person(question)
        page = await talk.call("query_scenario", name=NAME, sql=dedent(sql).strip())
        talk.table({"columns": page["columns"], "rows": page["rows"]})
        if reply:
            talk.model(reply.format(*map(_cell, page["rows"][0])))


async def _check(talk: Conversation, run_id: str) -> int:
    talk.person("Is it whole, and is it what I asked for?")
    audit = await talk.call("audit_scenario", name=NAME)
    talk.lines(f"{audit['checked']} checks, {'all hold' if audit['ok'] else 'NOT all hold'}")
    if findings := audit.get("findings"):
        talk.table(findings, "Findings")
    if compared := audit.get("asked_against_got"):
        talk.table(compared, "Asked against got", most=40)
    if audit.get("scorecard"):
        talk.lines(audit["next"].removeprefix("Say the scorecard: "))
    page = await talk.call("query_scenario", name=NAME, sql=CHECK.strip())
    got = dict(zip(page["columns"], page["rows"][0], strict=True))
    people = 200
    expected = {
        "200 patients": got["patients"] == people,
        "200 members": got["members"] == people,
        "200 rx_members": got["rx_members"] == people,
        "4 encounters or more of each who lived": got["seldom_seen"] == 0,
        "8 lab results a person or more": got["lab_results"] >= 8 * people,
        "fills": got["fills"] > 0,
        "claims for every billable encounter in coverage": got["unbilled"] == 0,
        "audit": bool(audit["ok"]),
    }
    talk.screen.print()
    talk.lines(", ".join(f"{_cell(number)} {name}" for name, number in got.items()))
    missing = [name for name, holds in expected.items() if not holds]
    if missing:
        talk.screen.print(f"[red]CHECK FAILED[/red]: {escape(', '.join(missing))}")
        return 1
    talk.screen.print(f"[green]CHECK OK[/green]: {escape(', '.join(expected))}", highlight=False)
    return 0
