"""The pages in `docs/` are true: the tests run what they show, and get the same results.

`make proofs` checks the scorecard and all timelines too (proofs/test_pages.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from runpy import run_path

import pyarrow as pa
import pytest

import pages
from healthsim.addresses import BLOCK
from healthsim.operations.home import Home

NOT_ASKED = ("membersim", "rxmembersim")
"""Products of whose tables no pattern asks: proofs/test_pages.py runs the patterns with these."""
PATTERNS = [part for part in pages.sections("patterns.md") if pages.asked(part) is not None]
DAILY = ("## Branching", "## Protocol")
"""Patterns that run each time; the proofs run every one, with all products."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "section", [part for part in PATTERNS if part.startswith(DAILY)],
    ids=lambda found: found.splitlines()[0],
)  # fmt: skip
def test_a_pattern_runs_and_gives_what_the_page_says(section: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    saved = pages.save(home, "shown", pages.asked(section) or {}, NOT_ASKED)

    assert pages.blocks(section, "sql")
    assert pages.written(section, lambda sql: pages.answer(home, "shown", sql)) == section
    assert [one["expectation"] for one in saved.expectations if not one["met"]] == []


def test_there_is_one_example_of_each_of_the_five_patterns() -> None:
    names = [section.splitlines()[0].removeprefix("## ") for section in PATTERNS]

    assert names == ["Linear", "Branching", "Cyclic", "Protocol", "Lifecycle"]


@pytest.mark.parametrize("page", sorted(path.name for path in pages.DOCS.glob("*.md")))
def test_every_block_of_a_page_is_of_a_kind_that_is_run(page: str) -> None:
    kinds = {found.strip() for part in pages.sections(page) for found, _ in pages.fenced(part)}
    of_hosts = {kind for kind in kinds if kind.split()[1:2] == ["host"]}  # release/test_install.py

    assert kinds - of_hosts <= {"json journey", "json run", "python", "sql", "text"}
    assert all(json.loads(text) for part in pages.sections(page)
               for kind, text in pages.fenced(part) if kind.startswith("json"))  # fmt: skip


@pytest.mark.slow
def test_blocks_of_people_are_made_as_spark_asks_for_them(tmp_path: Path) -> None:
    [code] = pages.blocks((pages.DOCS / "cluster.md").read_text(encoding="utf-8"), "python")
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    names = run_path(str(tmp_path / "example.py"))

    made = pa.Table.from_batches(names["rows"](iter([pa.record_batch({"id": [2]})])))

    assert made.num_rows == 40_000 - 2 * BLOCK
    assert made.column("person_id")[0].as_py() == (2 * BLOCK + 1) * 100 + 1
