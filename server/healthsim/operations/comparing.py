"""Compares two scenarios or runs: what differs in their specifications, and what that did.

With one seed and one version of the engine, both are made of the same random numbers: then what
differs follows from the lines of the specification that differ, and not from chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from healthsim.building.differing import differences
from healthsim.errors import Refused, SpecError, StorageError
from healthsim.operations import auditing, copying, scenarios
from healthsim.operations.common_numbers import (
    FACES,
    IDENTITY,
    Identities,
    identities,
    say_common,
)
from healthsim.operations.home import Home
from healthsim.persistence.judgement import judge
from healthsim.watching import part

if TYPE_CHECKING:
    from healthsim.persistence.differences import Differences, TableDifference

TABLES = ["table", "before", "after", "added", "removed", "changed", "columns"]
MONEY = ["usd", "before", "after", "difference"]
ASKED = ["what", "asked before", "asked after", "got before", "got after"]
AFFECTED = ["person_id", "differs"]

_BUCKETS = (
    ("charged", "claims", ("charge_usd",)),
    ("allowed", "claims", ("allowed_usd",)),
    ("denied", "claims", ("denied_usd",)),
    ("plan paid", "claims", ("plan_paid_usd",)),
    ("other payer paid", "claims", ("other_payer_paid_usd",)),
    ("member's deductible", "claims", ("deductible_usd",)),
    ("member's copay", "claims", ("copay_usd",)),
    ("member's coinsurance", "claims", ("coinsurance_usd",)),
    ("pharmacy: cost", "fills", ("ingredient_cost_usd", "dispensing_fee_usd", "tax_usd")),
    ("pharmacy: plan paid", "fills", ("plan_paid_usd",)),
    ("pharmacy: member paid", "fills", ("deductible_usd", "copay_usd")),
    ("pharmacy: others paid", "fills", ("other_payer_usd", "coupon_usd")),
)
"""Name of a sum of money, its table, and the columns that are added."""

_PLAN = (("claims", ("plan_paid_usd",)), ("fills", ("plan_paid_usd",)))
_SHOWN_PEOPLE = 3
_LISTED_PEOPLE = 20  # of whom only the ids are told
_SHOWN_VALUES = 2  # of somebody who is shown
_SHOWN_TABLES = 2  # of somebody who is shown
_SHOWN_COLUMNS = 2  # of a table with changed rows
_LONGEST_VALUE = 30  # characters of a column's value
_LONGEST_LINE_VALUE = 60  # characters of a value of a specification
_TELLS_LITTLE = ("_id", "_npi")  # endings of columns that only name another row


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two scenarios or runs; "before" is the first, "after" the second.

    Attributes:
        common: whether both are made of the same random numbers, as a sentence.
        specification: lines `path: before -> after`.
        people: how many are in both, affected, only in one.
        affected: rows of `AFFECTED`, the first by id; none where an id means another person.
        affected_ids: who is affected, the first by id, with how many where some are left out.
        tables: rows of `TABLES`, those that differ.
        same_tables: how many do not differ.
        money: rows of `MONEY`, those that differ.
        same_money: names of the sums that do not differ.
        asked: rows of `ASKED`, those in which what was asked or what was got differs.
        notes: what could not be compared.
    """

    common: str
    specification: list[str]
    people: Mapping[str, int]
    affected: list[list[Any]]
    tables: list[list[Any]]
    same_tables: int
    money: list[list[Any]]
    same_money: list[str]
    asked: list[list[Any]]
    affected_ids: str = ""
    notes: list[str] = field(default_factory=list)


def compare(home: Home, before: str, after: str) -> Comparison:
    """Compare two scenarios or runs, by their names or run_ids.

    Raises:
        NotFound: nothing has one of the names; the error suggests near names.
        Refused: both are the same one, or the comparison needs too much memory.
        StorageError: a file cannot be read, or is no scenario.
    """
    from healthsim.persistence.differences import (  # noqa: PLC0415  duckdb is heavy
        find_differences,
    )
    from healthsim.persistence.state import describe_file  # noqa: PLC0415  as it

    (source, path), (other_source, other_path) = (
        scenarios.rows_of(home, before), scenarios.rows_of(home, after)
    )  # fmt: skip
    for file in (path, other_path):
        judge(file)
    if path.samefile(other_path):
        raise Refused(
            "compare", f"both are {source}", "name two: save the second run under another name"
        )
    files = describe_file(path), describe_file(other_path)
    manifests = files[0].manifest, files[1].manifest
    lines, notes = _specification((path, source), (other_path, other_source))
    with part(0, 30):
        asked = _asked(path, other_path, notes)
    with (
        part(30, 99),
        find_differences(path, files[0].tables, other_path, files[1].tables) as found,
    ):
        differing = [table for table in found.tables if not table.same]
        money, who = list(_money(found)), identities(found)
        same = manifests[0].seed == manifests[1].seed and not who.strangers
        return Comparison(
            common=say_common(manifests, who, lines, asked),
            specification=lines,
            people=_people(found, who, before, after),
            affected=[[p, _of_person(found, p)] for p in found.affected(_SHOWN_PEOPLE * same)],
            affected_ids=_ids(found) if same else "",
            tables=[_table_row(table) for table in differing],
            same_tables=len(found.tables) - len(differing),
            money=[row for row in money if row[-1]],
            same_money=[row[0] for row in money if not row[-1]],
            asked=asked,
            notes=[*notes, *_notes(found.tables, before, after)],
        )


def _people(found: Differences, who: Identities, before: str, after: str) -> dict[str, int]:
    """Count the people: in both, affected, others under the same id, in one only."""
    return {
        "in both": found.people.in_both,
        **({"others in each": who.others} if who.others else {}),
        "affected": found.people.affected,
        f"only in {before}": found.people.only_before,
        f"only in {after}": found.people.only_after,
    }


def _ids(found: Differences) -> str:
    """List who is affected, and how many there are where some are left out."""
    ids, all_of_them = found.affected(_LISTED_PEOPLE), found.people.affected
    cut = f"{len(ids)} of {all_of_them}: " if len(ids) < all_of_them else ""
    return cut + ", ".join(map(str, ids))


def _specification(
    before: tuple[Path, str], after: tuple[Path, str]
) -> tuple[list[str], list[str]]:
    """Return where the specifications differ, and why they could not be compared, if so."""
    try:
        documents = [copying.documents_of(*side) for side in (before, after)]
        return differences(documents[0], documents[1], _LONGEST_LINE_VALUE), []
    except StorageError as error:
        return [], [f"specifications not compared: {error.problem.where}: {error.problem.found}"]


def following() -> frozenset[str]:
    """Return the names of tables whose rows follow from those of other tables of a chart."""
    from healthsim.products.patientsim.detail import TABLES as BEYOND  # noqa: PLC0415  numpy is heavy

    return frozenset(table.name for table in BEYOND)


def _table_row(table: TableDifference) -> list[Any]:
    """Return a row of `TABLES`: of a table of faces, the columns that say who come first."""
    shown = table.columns[:_SHOWN_COLUMNS]
    if table.name in FACES:
        who = sorted((c for c in table.columns if c[0] in IDENTITY), key=_identity_order)
        shown = tuple(dict.fromkeys((*who, *shown)))
    most = [name if count == table.changed else f"{name} {count}" for name, count in shown]
    left = len(table.columns) - len(most)
    columns = ", ".join([*most, *([f"{left} more"] if left else [])])
    return [
        table.name, table.before, table.after, table.added, table.removed, table.changed, columns
    ]  # fmt: skip


def _identity_order(column: tuple[str, int]) -> int:
    return IDENTITY.index(column[0])


def _money(found: Differences) -> Iterator[list[Any]]:
    """Yield the sums of money that both have: name, before, after, difference, in dollars."""
    for name, table, columns in _BUCKETS:
        before, after = found.sums(table, columns)
        if before is not None and after is not None and (before or after):
            yield [name, float(before), float(after), float(after - before)]


def _of_person(found: Differences, person: int) -> str:
    """Say what differs for one person: rows by table, a few values, and what the plans paid."""
    signs = {"added": "+", "removed": "-", "changed": "~"}
    rows, values = [], list[str]()
    for table, counts in found.of_person(person):
        rows.append(f"{table} " + " ".join(f"{signs[h]}{counts[h]}" for h in signs if h in counts))
        if "changed" in counts and not values:
            values = [
                f"{name} {_short(old)} -> {_short(new)}"
                for name, old, new in found.changed_values(table, person)
                if not name.endswith(_TELLS_LITTLE)
            ]
    paid = [found.sums(table, columns, person) for table, columns in _PLAN]
    sides = [sum(side for side in sides if side is not None) for sides in zip(*paid, strict=True)]
    money = [f"plans paid {sides[0]:,.2f} -> {sides[1]:,.2f}"] if sides[0] != sides[1] else []
    more = len(rows) - _SHOWN_TABLES
    rows[_SHOWN_TABLES:] = [f"{more} more tables"] if more > 0 else []
    return "; ".join([", ".join(rows), *values[:_SHOWN_VALUES], *money])


def _short(value: Any) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _notes(tables: Sequence[TableDifference], before: str, after: str) -> list[str]:
    """Say which tables are in one only, and which columns could not be compared."""
    notes = []
    for name, has in ((before, "after"), (after, "before")):
        alone = [table.name for table in tables if getattr(table, has) is None]
        if alone:
            notes.append(f"only {name} has {', '.join(alone)}: other products or another engine")
    for table in tables:
        both = table.before is not None and table.after is not None
        if both and not table.comparable:
            notes.append(f"{table.name} not compared: its rows are told apart by other columns")
        elif table.uncompared:
            notes.append(f"{table.name} not compared by {', '.join(table.uncompared)}: not in both")
    return notes


def _asked(path: Path, other: Path, notes: list[str]) -> list[list[Any]]:
    """Return asked against got of both side by side, where they differ; changed wishes first."""
    try:
        before, after = (_numbered(auditing.compared_run(file)) for file in (path, other))
    except SpecError as error:
        notes.append(f"asked figures not compared: {error.problems[0]}")
        return []
    rows = [
        [what[0], *(side.get(what, [None, None])[place] for place in (0, 1)
                    for side in (before, after))]
        for what in {**before, **after}
    ]  # fmt: skip
    differing = [row for row in rows if row[1] != row[2] or row[3] != row[4]]
    return sorted(differing, key=lambda row: row[1] == row[2])


def _numbered(compared: Sequence[Sequence[Any]]) -> dict[tuple[str, int], list[Any]]:
    """Return asked and got by what, numbered where several rows are called the same."""
    seen: Counter[str] = Counter()
    numbered = {}
    for row in compared:
        what = str(row[auditing.COMPARED.index("what")])
        numbered[what, seen[what]] = [
            row[auditing.COMPARED.index("asked")], row[auditing.COMPARED.index("got")]
        ]  # fmt: skip
        seen[what] += 1
    return numbered
