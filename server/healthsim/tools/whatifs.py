"""What-ifs: a draft like what is there already, and what a change did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from mcp.types import CallToolResult
from pydantic import Field
from pydantic_core import to_jsonable_python

from healthsim.building import draft
from healthsim.building.draft import Draft
from healthsim.foreign import OF_THE_FILE
from healthsim.operations import comparing, copying, scenarios
from healthsim.operations.home import Home
from healthsim.operations.tasks import TaskKind
from healthsim.tools import tasks
from healthsim.tools.answers import ComparisonAnswer, DraftCopied, Rows, reply, rows
from healthsim.tools.server import Ctx, home_of
from healthsim.tools.tasks import LongTool

_MOST_LINES = 10  # of the specifications
_MOST_ASKED = 5
_NAMED_SUMS = 3  # of those that do not differ


def copy_spec(
    ctx: Ctx,
    of: Annotated[str, Field(description="A spec_id, run_id or scenario.")],
    revision: Annotated[int, Field(ge=0, description="Of a draft.")] = 0,
) -> Annotated[CallToolResult, DraftCopied]:
    """Copy a draft, run or scenario to start another like it: a what-if."""
    made = copying.copy(home_of(ctx), of, revision)
    spec = Draft.of(made.stored.document)
    problems, questions = draft.problems(spec), draft.questions(spec)
    return reply(
        DraftCopied(
            spec_id=made.stored.spec_id,
            revision=made.stored.revision,
            phase=draft.phase(problems, questions),
            copy_of=made.source,
            holds=_holds(spec),
            note=OF_THE_FILE if made.source.startswith("scenario") else "",
            wrong=[str(problem) for problem in problems],
            open=[question.ask for question in questions],
            next="refine_spec changes it, execute_spec runs it with the same seed, "
            "compare_scenarios says what the change did.",
        )
    )


def _holds(spec: Draft) -> str:
    """Say in a few words what a draft is."""
    names = [str(journey.get("name")) for journey in spec.journeys]
    journeys = f"journeys {', '.join(names)}" if names else "no journey"
    if spec.profile is None:
        return journeys
    people = "families" if spec.profile.get("unit") == "family" else "people"
    return (
        f"{spec.profile.get('name')}: {spec.profile.get('count', 100)} {people}, "
        f"seed {spec.profile.get('seed', 0)}; {journeys}"
    )


async def compare_scenarios(
    ctx: Ctx,
    a: Annotated[str, Field(description="A scenario or run_id: before.")],
    b: Annotated[str, Field(description="Another: after.")],
) -> Annotated[CallToolResult, ComparisonAnswer]:
    """Compare two scenarios: differences in people, rows, cost."""
    return await tasks.answered(ctx, COMPARE, a=a, b=b)


def _compare(home: Home, asked: Mapping[str, Any]) -> Any:
    return to_jsonable_python(comparing.compare(home, asked["a"], asked["b"]))


def _compared(ctx: Ctx, asked: Mapping[str, Any], result: Any) -> CallToolResult:
    a, b, found = str(asked["a"]), str(asked["b"]), comparing.Comparison(**result)
    notes = list(found.notes)
    lines = _cut(found.specification, _MOST_LINES, "specification lines", notes)
    notes += [OF_THE_FILE] if lines else []
    figures = _cut(found.asked, _MOST_ASKED, "asked figures", notes)
    tables = _in_full(found.tables, notes)
    if found.same_tables:
        notes.append(f"{found.same_tables} tables have no row that differs")
    if found.same_money:
        left = len(found.same_money) - _NAMED_SUMS
        named = ", ".join(found.same_money[:_NAMED_SUMS])
        notes.append(f"equal to the cent: {named}{f' and {left} more' if left > 0 else ''}")
    return reply(
        ComparisonAnswer(
            common=found.common,
            specification=lines,
            people=dict(found.people),
            affected=_rows(comparing.AFFECTED, found.affected),
            affected_ids=found.affected_ids,
            tables=_rows(comparing.TABLES, tables),
            money=_rows(comparing.MONEY, found.money),
            asked=_rows(comparing.ASKED, figures),
            notes=notes,
            next=f"query_scenario(name={a!r}, other={b!r}, sql=...): patients, other.patients.",
        )
    )


COMPARE = LongTool(
    TaskKind("compare", "compare_scenarios", _compare, ("a", "b"), scenarios.rows_file), _compared
)


def _cut(items: list[Any], most: int, what: str, notes: list[str]) -> list[Any]:
    """Return the first items, and note how many there are where some are left out."""
    if len(items) > most:
        notes.append(f"{most} of {len(items)} {what} are shown")
    return items[:most]


def _in_full(tables: list[list[Any]], notes: list[str]) -> list[list[Any]]:
    """Return the rows of tables that are shown in full, and note how the others differ.

    The others are those of a chart that follow from other tables: who asks for one has it by SQL.
    """
    following = comparing.following()
    others = [row for row in tables if row[0] in following]
    if others:
        named = ", ".join(str(row[0]) for row in others)
        notes.append(f"also differ, as they follow from these: {named}")
    return [row for row in tables if row[0] not in following]


def _rows(columns: list[str], items: list[list[Any]]) -> Rows:
    return rows(columns, items) if items else {}
