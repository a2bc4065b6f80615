"""Drafts, runs and exports expire by age and by size; what is in use or fresh never does."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from healthsim.errors import NotFound, Refused
from healthsim.operations import expiry, exporting, generate, runs, scenarios, specs, storage
from healthsim.operations.expiry import FRESH, LIMITS, Item, Limit, expired
from healthsim.operations.home import Home
from operations.small_engine import PROFILE, SmallEngine
from persistence.saving import kept_run
from processes import PATIENCE

DAY = 86_400.0
NOW = 2_000_000_000.0


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize("kind", list(LIMITS))
def test_each_kind_expires_when_it_is_older_than_its_limit(kind: str) -> None:
    days = LIMITS[kind].days
    young, due, old = (
        Item(kind, name, 1, NOW - (days + more) * DAY)
        for name, more in (("young", -0.01), ("due", 0.0), ("old", 0.01))
    )

    assert list(expired([young, due, old], NOW)) == [old]


def test_beyond_its_size_the_oldest_of_a_kind_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "LIMITS", {**LIMITS, "run": Limit(days=7, megabytes=10)})
    items = [Item("run", f"run-{age}", 4_000_000, NOW - age * DAY) for age in (1, 2, 3, 4)]
    big = Item("export", "csv", 900_000_000, NOW - 5 * DAY)

    gone = expired([*reversed(items), big], NOW)

    assert sorted(item.name for item in gone) == ["run-3", "run-4"]
    assert "more than 10 MB" in gone[items[2]]


def test_what_is_in_use_or_fresh_never_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "LIMITS", {**LIMITS, "run": Limit(days=7, megabytes=1)})
    used = Item("run", "used", 9_000_000, NOW - 99 * DAY, in_use=True)
    fresh = Item("run", "fresh", 9_000_000, NOW - FRESH + 1)
    at_the_limit = Item("run", "limit", 9_000_000, NOW - FRESH)

    assert list(expired([used, fresh, at_the_limit], NOW)) == [at_the_limit]


def _draft(home: Home, name: str, age_days: float) -> str:
    """Keep a draft of two revisions, the last one so old."""
    spec_id = specs.create(home, name, {"name": name}).spec_id
    specs.revise(home, spec_id, 1, {"name": name, "count": 2})
    for number, days in ((1, age_days + 500), (2, age_days)):
        when = time.time() - days * DAY
        os.utime(home.specs / spec_id / f"{number}.json", (when, when))
    return spec_id


def test_a_draft_expires_by_its_last_change_and_goes_with_all_its_revisions(home: Home) -> None:
    young, old = _draft(home, "young", 89), _draft(home, "old", 91)

    assert specs.expire(home, time.time()) == [old]

    assert specs.names(home) == [young]
    assert [path.name for path in home.specs.iterdir()] == [young]
    assert specs.load(home, young, 1).document == {"name": "young"}
    with pytest.raises(NotFound):
        specs.load(home, old)


def test_a_draft_that_was_revised_since_it_was_looked_at_stays(home: Home) -> None:
    spec_id = _draft(home, "old", 91)
    [seen] = specs.items(home)
    specs.revise(home, spec_id, 2, {"name": "taken up again"})

    assert not specs._delete(home.specs / spec_id, seen)
    assert specs.load(home, spec_id).document == {"name": "taken up again"}
    assert specs.load(home, spec_id, 1).document == {"name": "old"}


def test_a_new_draft_sweeps_old_ones(home: Home) -> None:
    _draft(home, "old", 91)

    made = specs.create(home, "new", {})

    assert specs.names(home) == [made.spec_id]


def test_what_a_process_that_died_left_of_a_draft_is_swept_and_never_listed(home: Home) -> None:
    spec_id = _draft(home, "old", 0)
    left = home.specs / f".{spec_id}.1-1.unfinished"
    (home.specs / spec_id).rename(left)
    assert specs.names(home) == []
    os.utime(left, (0, 0))

    specs.expire(home, time.time())

    assert not left.exists()


def test_a_run_that_somebody_works_on_never_expires(home: Home) -> None:
    record, _ = runs.claim(home, "ab" * 20, 10)
    runs.write(home, replace(record, started_at=1.0))

    assert runs.expire(home, time.time()) == []
    runs.release(home, record.run_id)
    assert runs.expire(home, time.time()) == [record.run_id]
    assert runs.items(home) == []


def test_a_damaged_run_expires_too(home: Home) -> None:
    home.ensure(home.runs)
    path = home.runs / "run-0123456789ab.json"
    path.write_text("{")
    assert runs.expire(home, time.time()) == []
    os.utime(path, (0, 0))

    assert runs.expire(home, time.time()) == ["run-0123456789ab"]


def _export(home: Home, age_days: float) -> Path:
    kept_run(home.ensure(home.scenarios) / "small.duckdb", count=10)
    folder = exporting.export_home(home, "small", "csv", ["patients"]).folder
    when = time.time() - age_days * DAY
    os.utime(folder / "SYNTHETIC-TEST-DATA.txt", (when, when))
    return folder


def test_an_export_expires_whole(home: Home) -> None:
    folder = _export(home, 31)
    assert storage.items(home)[0].size > 100

    assert exporting.expire(home, time.time()) == ["small-csv"]

    assert not folder.exists()
    assert [item.name for item in scenarios.list_all(home)] == ["small"]


def test_files_of_others_in_an_expired_export_stay(home: Home) -> None:
    folder = _export(home, 31)
    (folder / "notes.csv").write_text("mine")
    strange = home.exports / "mine"
    strange.mkdir()
    (strange / "patients.csv").write_text("mine too")

    exporting.expire(home, time.time() + 400 * DAY)

    assert [path.name for path in folder.iterdir()] == ["notes.csv"]
    assert (strange / "patients.csv").read_text() == "mine too"


def test_a_link_among_the_exports_is_not_followed(home: Home, tmp_path: Path) -> None:
    folder = _export(home, 31)
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)

    assert exporting.expire(home, time.time()) == []
    assert (elsewhere / "patients.csv").is_file()


@pytest.mark.slow
def test_a_sweep_takes_what_has_expired_of_every_kind_and_says_why(home: Home) -> None:
    _export(home, 31)
    kept, draft = _draft(home, "new", 0), _draft(home, "old", 91)
    record = generate.join(
        home, generate.start(home, PROFILE, [], SmallEngine()).run_id, PATIENCE
    )  # fmt: skip
    runs.write(home, replace(record, finished_at=time.time() - 8 * DAY))
    assert [item.kind for item in storage.items(home)] == ["draft", "draft", "export", "run"]

    gone = storage.sweep(home, time.time())

    assert {item.name for item in gone} == {"small-csv", draft, record.run_id}
    assert sorted(gone.values()) == [
        "31 days old; exports are kept for 30",
        "8 days old; runs are kept for 7",
        "91 days old; drafts are kept for 90",
    ]
    assert [item.name for item in storage.items(home)] == [kept]
    assert storage.sweep(home, time.time()) == {}


def test_an_empty_home_has_nothing_to_sweep_and_is_not_made(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")

    assert storage.sweep(home, NOW) == {}
    assert storage.items(home) == []
    assert not home.folder.exists()


def test_a_stale_revision_is_refused_with_how_to_see_what_others_changed(home: Home) -> None:
    spec_id = specs.create(home, "x", {"a": 1}).spec_id
    specs.revise(home, spec_id, 1, {"a": 2})

    with pytest.raises(Refused, match=rf"get_spec\(spec_id='{spec_id}', against=1\)"):
        specs.revise(home, spec_id, 1, {"a": 3})
