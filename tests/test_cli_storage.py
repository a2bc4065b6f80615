"""The commands that compare two scenarios, and that list and sweep what expires."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from healthsim.building import templates
from healthsim.operations import specs
from healthsim.operations.home import Home
from test_cli import _run

DAY = 86_400.0


@pytest.mark.slow
def test_two_scenarios_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "five.json"
    small = {"detail": "core", "products": ["patientsim", "membersim"], "expectations": []}
    path.write_text(json.dumps(templates.load("medicare-diabetic").fresh() | small))
    for name, seed in (("one", "1"), ("two", "2")):
        done = _run(
            tmp_path, "generate", "--profile", str(path), "--count", "5", "--seed", seed,
            "--save", name,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    text, told = _run(tmp_path, "compare", "one", "two"), _run(tmp_path, "compare", "one", "two",
                                                             "--json")  # fmt: skip

    assert "No common random numbers (seed 1 and 2)" in text.stdout
    assert "  seed: 1 -> 2" in text.stdout.splitlines()
    assert json.loads(told.stdout)["specification"] == ["seed: 1 -> 2"]
    wrong = _run(tmp_path, "compare", "one", "twoo")
    assert (wrong.returncode, "did you mean 'two'" in wrong.stderr) == (2, True)
    both = _run(tmp_path, "query", "one", "SELECT count(*) FROM other.members", "--other", "two")
    assert both.stdout.splitlines()[-1] == "5"


def test_what_has_expired_is_listed_and_deleted_only_by_a_sweep(tmp_path: Path) -> None:
    home = Home(tmp_path)
    young, old = (specs.create(home, name, {}).spec_id for name in ("young", "old"))
    when = time.time() - 91 * DAY
    os.utime(home.specs / old / "1.json", (when, when))

    listed = _run(tmp_path, "storage")
    assert [line.split("\t")[1] for line in listed.stdout.splitlines()[1:3]] == [young, old]
    assert "expired: 91 days old; drafts are kept for 90" in listed.stdout
    assert "1 of 2 expired" in listed.stdout
    assert specs.names(home) == [old, young]

    swept = _run(tmp_path, "storage", "--sweep", "--json")
    states = {
        item["name"]: item["state"].split(":")[0] for item in json.loads(swept.stdout)["items"]
    }
    assert states == {young: "kept", old: "deleted"}
    assert specs.names(home) == [young]
