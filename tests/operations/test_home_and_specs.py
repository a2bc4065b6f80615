"""The home folder, and drafts that outlive a restart and are never clobbered."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from healthsim.errors import HealthSimError, NotFound, Refused, StorageError
from healthsim.operations import exporting, query, runs, scenarios, specs
from healthsim.operations.home import Home
from persistence.saving import kept_run


def test_the_home_is_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEALTHSIM_HOME", str(tmp_path / "here"))

    assert Home.default().folder == tmp_path / "here"


def test_without_the_variable_the_home_is_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HEALTHSIM_HOME", raising=False)

    assert Home.default().folder.name == "healthsim"


def test_folders_are_made_by_writing_and_not_by_reading(tmp_path: Path) -> None:
    home = Home(tmp_path / "a" / "b")

    assert scenarios.list_all(home) == []
    assert specs.names(home) == []
    assert runs.list_runs(home) == []
    for reading in (
        partial(scenarios.describe, home, "one"),
        partial(scenarios.delete, home, "one"),
        partial(query.query, home, "one", "SELECT 1"),
        partial(exporting.export_home, home, "one", "csv"),
        partial(runs.get, home, "run-0"),
        partial(specs.load, home, "one-abc"),
    ):
        with pytest.raises(NotFound):
            reading()
    assert not home.folder.parent.exists()

    specs.create(home, "one", {"count": 5})
    assert [path.name for path in home.folder.iterdir()] == ["specs"]


@pytest.mark.skipif(sys.platform == "win32", reason="rights work otherwise there")
def test_a_home_without_the_right_to_write_can_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    spec_id = specs.create(home, "one", {"count": 5}).spec_id
    kept_run(home.ensure(home.scenarios) / "small.duckdb", count=10)
    folders = (tmp_path, home.specs, home.specs / spec_id, home.scenarios)
    for folder in folders:
        folder.chmod(0o500)
    try:
        assert specs.load(home, spec_id).document == {"count": 5}
        assert [kept.name for kept in scenarios.list_all(home)] == ["small"]
        assert query.query(home, "small", "SELECT count(*) FROM patients").rows == [[10]]
        assert runs.list_runs(home) == []
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scenarios", "specs"]


def test_a_home_that_is_a_file_is_refused_with_the_way_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(StorageError, match="HEALTHSIM_HOME") as caught:
        specs.create(Home(tmp_path / "file"), "one", {})

    assert str(tmp_path) not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(StorageError, match="may not be written"):
        specs.create(Home(tmp_path), "one", {})


def test_a_draft_outlives_a_restart(tmp_path: Path) -> None:
    made = specs.create(Home(tmp_path), "Medicare, Type 2 Diabetes!", {"count": 5})

    assert made.spec_id.startswith("medicare-type-2-diabetes-")
    assert specs.load(Home(tmp_path), made.spec_id) == made


def test_equal_drafts_get_different_handles(tmp_path: Path) -> None:
    home = Home(tmp_path)

    handles = {specs.create(home, "same", {"a": 1}).spec_id for _ in range(5)}

    assert len(handles) == 5


def test_every_revision_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = specs.create(home, "x", {"a": 1})
    second = specs.revise(home, first.spec_id, 1, {"a": 2})

    assert second.revision == 2
    assert specs.load(home, first.spec_id).document == {"a": 2}
    assert specs.load(home, first.spec_id, 1).document == {"a": 1}


def test_a_change_to_a_stale_revision_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    spec_id = specs.create(home, "x", {"a": 1}).spec_id
    specs.revise(home, spec_id, 1, {"a": 2})

    with pytest.raises(Refused, match="revision 1 is not the latest, 2 is"):
        specs.revise(home, spec_id, 1, {"a": 3})

    assert specs.load(home, spec_id).document == {"a": 2}


def test_of_many_that_revise_at_once_one_wins_and_none_is_lost(tmp_path: Path) -> None:
    home = Home(tmp_path)
    spec_id = specs.create(home, "x", {"by": -1}).spec_id

    def revise(by: int) -> bool:
        try:
            specs.revise(home, spec_id, 1, {"by": by})
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [by for by, one in enumerate(pool.map(revise, range(16))) if one]

    assert len(won) == 1
    assert specs.load(home, spec_id).document == {"by": won[0]}
    assert specs.load(home, spec_id).revision == 2


@pytest.mark.parametrize("name", ["../x", "nope", "", "a/b", "."])
def test_an_unknown_draft_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match="no such draft"):
        specs.load(Home(tmp_path), name)


def test_an_unknown_draft_suggests_near_ones_and_an_unknown_revision_the_known(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    spec_id = specs.create(home, "medicare", {}).spec_id

    with pytest.raises(NotFound, match=f"did you mean '{spec_id}'"):
        specs.load(home, spec_id[:-1])
    with pytest.raises(NotFound, match="revisions are 1 to 1"):
        specs.load(home, spec_id, 3)


def test_a_damaged_draft_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path)
    spec_id = specs.create(home, "x", {}).spec_id
    (home.specs / spec_id / "1.json").write_text("{")

    with pytest.raises(HealthSimError, match="revision 1 is damaged"):
        specs.load(home, spec_id)
