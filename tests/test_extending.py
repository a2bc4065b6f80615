"""The map says which files an event type with a table needs: here one is built, in a copy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "server" / "healthsim"
MOST_FILES = 6
Edit = Callable[[str], str]


def _before(place: str, text: str) -> Edit:
    """Return an edit that puts text before the first line that begins with `place`."""

    def edit(old: str) -> str:
        at = re.search(rf"^{re.escape(place)}", old, re.MULTILINE)
        assert at is not None, place
        return old[: at.start()] + text + old[at.start() :]

    return edit


def _entry(table: str, text: str) -> Edit:
    """Return an edit that puts an entry first into a table or tuple of a module."""

    def edit(old: str) -> str:
        at = re.search(rf"^{table}\b.*[({{]$", old, re.MULTILINE)
        assert at is not None, table
        return old[: at.end()] + f"\n    {text}," + old[at.end() :]

    return edit


def _beside(line: str, old_word: str, new_word: str) -> Edit:
    """Return an edit that repeats the one line that matches, with another word in it."""

    def edit(old: str) -> str:
        (found,) = re.findall(rf"^.*{line}.*\n", old, re.MULTILINE)
        return old.replace(found, found + found.replace(old_word, new_word))

    return edit


EDITS: dict[str, tuple[Edit, ...]] = {
    "specification/journeys/details.py": (
        _before("class BirthDetails", (
            "class ApplianceDetails(Strict):\n"
            '    """An appliance that a person is given."""\n\n'
            "    display: Words\n\n\n"
        )),
    ),
    "specification/journeys/events.py": (
        _before("from healthsim.specification.journeys.step", (
            "from healthsim.specification.journeys.details import ApplianceDetails\n"
        )),
        _before("class Birth(", (
            "class Appliance(EventHead):\n"
            '    """A person is given an appliance."""\n\n'
            '    table: ClassVar[str] = "appliances"\n\n'
            '    type: Literal["appliance"]\n'
            "    details: ApplianceDetails\n\n\n"
        )),
        _entry("EVENTS", "Appliance"),
    ),
    "products/patientsim/tables.py": (
        _before("TABLES = ", (
            'APPLIANCES = Table(\n'
            '    "appliances", "patientsim", "one row per appliance", ("appliance_id",), (\n'
            '        Column("appliance_id", "BIGINT", "Address of the device.", required=True),\n'
            "        PERSON,\n"
            '        Column("display", "VARCHAR", "What it is, in words.", required=True),\n'
            '        Column("given_date", "DATE", "When it was given.", required=True),\n'
            "        ENCOUNTER,\n        EVENT,\n    ),\n)\n\n"
        )),
        _entry("TABLES", "APPLIANCES"),
    ),
    "execution/timeline/steps.py": (
        _beside(r"_handled\(events.UsualAdverseEvents, ", "UsualAdverseEvents", "Appliance"),
    ),
    "execution/sync/clinical.py": (
        _before("def _care_plan_columns", (
            "def _appliance_columns(ctx: SyncContext, layout: RowLayout[RecordRows]) -> Columns:\n"
            "    return {\n"
            '        "display": layout.segment_texts(\n'
            "            lambda record: record.source.step_as(events.Appliance).details.display),\n"
            '        "given_date": layout.row_values(lambda record: record.days),\n'
            "    }\n\n\n"
        )),
        _entry("CLINICAL_TABLES", (
            "event_table(chart.APPLIANCES, events.Appliance, _appliance_columns)"
        )),
    ),
}  # fmt: skip
"""What the example changes, by file of the server."""

SCRIPT = """
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks
who = {"kind": "profile", "name": "two", "count": 2, "products": ["patientsim"], "detail": "core",
       "clinical": {"primary": {"code": "I10", "onset": {"years_before": 3}}}}
step = {"do": "event", "id": "pump", "type": "appliance", "at": 10,
        "details": {"display": "Insulin pump"}}
what = {"kind": "journey", "name": "pump", "duration_days": 30,
        "phases": [{"name": "all", "steps": [step]}]}
first, _ = chunks(prepare(who, [what]))
found = first.tables["appliances"]
events = first.tables["events"]["event_id"].tolist()
assert found["display"].texts() == ["Insulin pump"] * 2, found
assert found["event_id"].tolist() == events, (found, events)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package, byte code included, and of what is beside it."""
    shutil.copytree(PACKAGE, tmp_path / "server" / "healthsim")
    for name in ("skills", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path / "server"


@pytest.mark.slow
def test_an_event_type_with_a_table_takes_the_files_that_the_map_names_and_no_more(
    copy: Path,
) -> None:
    for name, edits in EDITS.items():
        path = copy / "healthsim" / name
        text = path.read_text(encoding="utf-8")
        for edit in edits:
            text = edit(text)
        path.write_text(text, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    assert len(EDITS) <= MOST_FILES


def test_the_map_lists_the_files_of_an_event_type_in_their_order() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.split("### An event type with a table")[1].split("### ")[0]
    first = re.findall(r"^\d+\. `([\w/.]+\.py)", section, re.MULTILINE)

    assert first == list(EDITS)
