"""A planned change is written only over the file that it was planned for."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthsim.errors import Refused
from healthsim.operations.installing.change import apply, copies, plan_entry
from healthsim.operations.installing.hosts import HOSTS

(HOST,) = [host for host in HOSTS if host.name == "claude-desktop"]


def test_a_file_that_changed_since_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{}", encoding="utf-8")
    planned = plan_entry(HOST, file, ["hs", "serve"])
    file.write_text('{"theme": "dark"}', encoding="utf-8")

    with pytest.raises(Refused, match="changed meanwhile"):
        apply(planned)
    assert file.read_text(encoding="utf-8") == '{"theme": "dark"}'
    assert copies(file) == []


def test_copies_are_numbered_in_the_order_of_numbers_and_equal_ones_are_kept_once(
    tmp_path: Path,
) -> None:
    file = tmp_path / "config[1].json"
    for number in range(1, 12):
        file.write_text(f'{{"n": {number}}}', encoding="utf-8")
        kept = apply(plan_entry(HOST, file, ["hs", "serve"]))
        assert kept == copies(file)[-1]
    file.write_text('{"n": 11}', encoding="utf-8")

    assert apply(plan_entry(HOST, file, ["hs", "serve"])) == copies(file)[-1]
    assert [path.name.rpartition("-")[2] for path in copies(file)] == [
        str(number) for number in range(1, 12)
    ]
    assert {path.name for path in tmp_path.iterdir()} == {
        file.name, *(path.name for path in copies(file)),
    }  # fmt: skip
