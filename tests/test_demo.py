"""The demo: the main job end to end, twice on the same home."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from healthsim import demo


@pytest.mark.slow
def test_the_conversation_ends_with_everything_in_place_and_can_be_held_again(
    tmp_path: Path,
) -> None:
    said = []
    for _ in range(2):
        screen = Console(file=io.StringIO(), width=200)
        assert demo.run(tmp_path, screen) == 0, screen.file.getvalue()
        said.append(screen.file.getvalue())

    assert "CHECK OK" in said[0]
    assert "200 patients, 200 members, 200 rx_members" in said[0]
    assert said[0].count("query_scenario") == 4
    assert (tmp_path / "scenarios" / f"{demo.NAME}.duckdb").is_file()
