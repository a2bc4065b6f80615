"""Drafts like what is there: a draft, an older revision of it, a run, a scenario."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from healthsim.building import templates
from healthsim.building.draft import Draft
from healthsim.building.ledger import lost, unsettled
from healthsim.building.starting import start_profile
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, runs, scenarios, specs
from healthsim.operations.copying import copy
from healthsim.operations.home import Home
from healthsim.operations.runs import RunRecord
from operations import saved_runs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, RunRecord]:
    """Return a home with a run of people with diabetes, saved as `dm`."""
    home = saved_runs.put(tmp_path_factory.mktemp("home"), "diabetes", "dm")
    return home, runs.list_runs(home)[0]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["run", "scenario"])
def test_an_unchanged_copy_runs_as_what_was_copied(made: tuple[Home, RunRecord], what: str) -> None:
    home, record = made

    copied = copy(home, record.run_id if what == "run" else "dm")

    draft = Draft.of(copied.stored.document)
    assert draft.profile is not None
    assert what in copied.source
    assert prepare(draft.profile, draft.journeys).key == record.key


def test_a_copy_leaves_out_what_was_not_stated(made: tuple[Home, RunRecord]) -> None:
    text = json.dumps(copy(made[0], "dm").stored.document["profile"])

    assert "null" not in text


def test_a_copy_of_a_draft_is_another_draft_and_neither_moves_the_other(tmp_path: Path) -> None:
    home = Home(tmp_path)
    draft = Draft(profile=templates.load("medicare-diabetic").fresh(), requests=("seniors",))
    first = specs.create(home, "x", draft.document())
    specs.revise(home, first.spec_id, 1, Draft(profile={"name": "y"}).document())

    latest, older = copy(home, first.spec_id), copy(home, first.spec_id, 1)

    assert len({first.spec_id, latest.stored.spec_id, older.stored.spec_id}) == 3
    assert latest.stored.document["profile"] == {"name": "y"}
    assert older.stored.document == draft.document()
    assert (latest.stored.revision, older.stored.revision) == (1, 1)
    specs.revise(home, older.stored.spec_id, 1, {"count": 3})
    assert specs.load(home, first.spec_id).revision == 2


def test_what_is_not_there_is_said_with_names_that_are(made: tuple[Home, RunRecord]) -> None:
    home, record = made

    with pytest.raises(NotFound, match="no draft, run or scenario of this name; did you mean 'dm'"):
        copy(home, "dmm")
    with pytest.raises(NotFound, match=record.run_id):
        copy(home, record.run_id[:-1])
    with pytest.raises(NotFound, match="has no revisions"):
        copy(home, "dm", 2)
    with pytest.raises(Refused, match="not a scenario name"):
        copy(home, "../dm")


def test_a_run_that_has_not_finished_is_waited_for(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record, _ = runs.claim(home, "ab" * 20, 10)

    with pytest.raises(NotFound, match="it is running; wait for it with check_run"):
        copy(home, record.run_id)


@pytest.mark.slow
def test_a_specification_of_another_version_is_refused_by_the_scenarios_name(
    made: tuple[Home, RunRecord], tmp_path: Path
) -> None:
    home, _ = made
    other = Home(tmp_path)
    path = other.ensure(other.scenarios) / "strange.duckdb"
    path.write_bytes(scenarios.path(home, "dm").read_bytes())
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS f")
        connection.execute(
            "UPDATE f.healthsim_manifest SET value = ? WHERE key = 'profile'",
            [json.dumps('{"kind": "profile", "nmae": "x"}')],
        )

    with pytest.raises(StorageError, match="scenario 'strange': its specification is not one"):
        copy(other, "strange")
    assert specs.names(other) == []


@pytest.mark.slow
def test_a_file_with_a_view_is_not_copied(made: tuple[Home, RunRecord], tmp_path: Path) -> None:
    other = Home(tmp_path)
    path = other.ensure(other.scenarios) / "strange.duckdb"
    path.write_bytes(scenarios.path(made[0], "dm").read_bytes())
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS f; USE f")
        connection.execute("DROP TABLE healthsim_manifest")
        connection.execute(
            "CREATE VIEW healthsim_manifest AS SELECT 'name' AS key, content AS value "
            "FROM read_text('/etc/hostname')"
        )

    with pytest.raises(StorageError, match="it has a view, 'healthsim_manifest'"):
        copy(other, "strange")


@pytest.mark.slow
@pytest.mark.parametrize("saved", [True, False])
def test_a_copy_keeps_what_was_asked_and_what_was_gone_on_without(
    tmp_path: Path, saved: bool
) -> None:
    home = Home(tmp_path)
    request = "6 Medicare patients with diabetes in Texas and 3 left-handed dragons"
    first = start_profile(request, "medicare-diabetic").draft
    assert first.profile is not None
    record = generate.run(home, prepare(first.profile, []))
    runs.keep_wishes(home, record.run_id, first.ledger())
    scenarios.save_run(home, record.run_id, "asked")

    draft = Draft.of(copy(home, "asked" if saved else record.run_id).stored.document)

    assert draft.requests == (request,)
    assert lost(draft.requests, draft.wishes) == []
    assert unsettled(draft.wishes) == []
    asked = {(wish.words, wish.path) for wish in first.wishes if wish.fate == "bound"}
    assert {(wish.words, wish.path) for wish in draft.wishes if wish.fate == "bound"} == asked
    left_out = [wish.words for wish in draft.wishes if wish.note == "left out on purpose"]
    assert any("dragons" in words for words in left_out)
