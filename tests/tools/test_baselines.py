"""What the conformance suite may fail on the product alone: each with its reason, none without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance import fixtures

FILES = sorted((Path(fixtures.__file__).parent).glob("bare-*.yml"))
RESOURCES = ("test://static-text", "test://static-binary", "test://template/{id}/data",
             "test://watched-resource")  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_scenario_says_what_it_needs_and_the_fixtures_have_it(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if line.startswith("  - ")]
    reasons = [line.partition("  # ")[2] for line in lines]
    needed = set(re.findall(r"\btest_\w+", " ".join(reasons)))

    assert all(reasons)
    assert len(set(lines)) == len(lines)
    assert {name for name in needed if not callable(getattr(fixtures, name, None))} == set()
    assert all(
        re.search(r"test_\w+|not offered|as resources-", reason)
        or any(uri in reason for uri in RESOURCES)
        for reason in reasons
    )


def test_both_revisions_have_a_baseline() -> None:
    assert [file.stem for file in FILES] == ["bare-2025-11-25", "bare-2026-07-28"]
