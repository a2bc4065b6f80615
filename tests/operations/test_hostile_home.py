"""What somebody else put into the home folder: strange files, damaged drafts, foreign scenarios."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from shutil import copyfile
from typing import Any

import duckdb
import pytest

from healthsim.building import ledger
from healthsim.building.draft import Draft
from healthsim.errors import Refused, StorageError
from healthsim.operations import copying, exporting, runs, scenarios, specs
from healthsim.operations.home import Home
from healthsim.persistence.scenario import Manifest
from healthsim.persistence.state import describe_file
from persistence.saving import kept_run


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_draft_that_another_process_is_just_making_is_not_swept(home: Home) -> None:
    made = home.ensure(home.specs) / "just-made"
    made.mkdir()

    assert specs.expire(home, time.time()) == []

    assert made.is_dir()


def test_the_sweep_of_drafts_leaves_what_is_no_draft(home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "1.json").write_text("{}")
    folder = home.ensure(home.specs)
    (folder / "link").symlink_to(elsewhere)
    (folder / "readme").write_text("mine")
    (folder / "notes").mkdir()
    (folder / "notes" / "1.json").write_text("{}")
    (folder / "notes" / "mine.txt").write_text("mine")
    before = sorted(folder.iterdir())
    for path in (*folder.rglob("*"), elsewhere / "1.json"):
        os.utime(path, (0, 0))

    assert specs.expire(home, time.time()) == []

    assert sorted(folder.iterdir()) == before
    assert (elsewhere / "1.json").exists()


@pytest.mark.parametrize("name", ["²", "٣", "0", "1e5", "01"])
def test_a_file_that_is_no_revision_does_not_count_as_one(home: Home, name: str) -> None:
    spec_id = specs.create(home, "draft", {"name": "draft"}).spec_id
    (home.specs / spec_id / f"{name}.json").write_text("{}")

    assert specs.load(home, spec_id).revision == 1
    assert specs.names(home) == [spec_id]


@pytest.mark.parametrize("name", ["run-*.json", "run-?.json", "run-[a-f]*.json"])
def test_the_sweep_of_runs_takes_no_name_as_a_pattern(home: Home, name: str) -> None:
    record, _ = runs.claim(home, "ab" * 20, 10)
    (home.runs / name).write_text("{}")
    os.utime(home.runs / name, (0, 0))

    assert runs.expire(home, time.time()) == []
    assert runs.get(home, record.run_id).status == runs.RUNNING


def test_a_folder_or_a_link_among_the_runs_stops_no_run(home: Home, tmp_path: Path) -> None:
    (home.ensure(home.runs) / "run-0123456789ab.old").mkdir()
    kept = tmp_path / "kept"
    kept.write_text("mine")
    os.utime(kept, (0, 0))
    (home.runs / "run-aaaaaaaaaaaa.json").symlink_to(kept)
    os.utime(home.runs / "run-0123456789ab.old", (0, 0))

    _, mine = runs.claim(home, "cd" * 20, 10)

    assert mine
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("used_at", ["yesterday", "1", [1], {"a": 1}])
def test_a_record_of_a_run_with_a_strange_time_stops_no_run(home: Home, used_at: Any) -> None:
    record, _ = runs.claim(home, "ab" * 20, 10)
    path = home.runs / f"{record.run_id}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "started_at": used_at}))
    runs.release(home, record.run_id)

    assert runs.claim(home, "cd" * 20, 10)[1]


WISH = {"request": 0, "words": "50", "spans": [[0, 2]], "fate": "open"}
DRAFT = {"profile": {"name": "x"}, "requests": ["50 people"], "wishes": [WISH]}


@pytest.mark.parametrize(
    "change",
    [
        {"profile": 5}, {"profile": [1]}, {"profile": None}, {"profile": {"clinical": "x"}},
        {"journeys": [1]}, {"requests": [5]}, {"requests": 5}, {"settled": [None]}, {"save_as": 7},
        {"wishes": [5]}, {"wishes": [{**WISH, "spans": [["a", "b"]]}]},
        {"wishes": [{**WISH, "fate": "lost"}]}, {"wishes": [{**WISH, "words": None}]},
        {"wishes": [{**WISH, "request": 9}]}, {"wishes": [{**WISH, "request": "0"}]},
        {"wishes": [{**WISH, "suggestions": [5]}]}, {"assumptions": ["x"]},
        {"assumptions": [{"path": 5, "said": "", "took": 1, "ask": "", "instead": []}]},
    ],
    ids=str,
)  # fmt: skip
def test_a_stored_draft_with_parts_of_wrong_types_is_said_to_be_unreadable(
    change: dict[str, Any],
) -> None:
    assert Draft.of(DRAFT).wishes
    with pytest.raises(StorageError, match="the stored draft cannot be read"):
        Draft.of({**DRAFT, **change})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept_run(tmp_path_factory.mktemp("made") / "foreign.duckdb", count=5)


@pytest.fixture
def foreign(home: Home, made: Path) -> Path:
    return copyfile(made, home.ensure(home.scenarios) / "foreign.duckdb")


def _change(path: Path, *statements: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS f; USE f")
        for statement in statements:
            connection.execute(statement)


SECRET = "CREATE VIEW {name} AS SELECT 'name' AS key, content AS value FROM read_text('{path}')"


@pytest.mark.slow
def test_a_manifest_that_is_a_view_reads_no_file(home: Home, foreign: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('"the secret"')
    view = SECRET.format(name="healthsim_manifest", path=secret)
    _change(foreign, "DROP TABLE healthsim_manifest", view)

    with pytest.raises(StorageError, match="it has a view, 'healthsim_manifest'") as caught:
        describe_file(foreign)
    assert "the secret" not in str(caught.value)
    [listed] = scenarios.list_all(home)
    assert listed.broken
    assert "the secret" not in listed.broken


@pytest.mark.slow
def test_an_export_of_a_foreign_file_reads_no_other_file_and_writes_none_elsewhere(
    home: Home, foreign: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    view = SECRET.format(name="patients", path=secret)
    _change(foreign, "DROP TABLE patients", view)
    with pytest.raises(StorageError):
        exporting.export_to(home, "foreign", tmp_path / "out", "csv", ["patients"])

    _change(
        foreign,
        'CREATE TABLE "../../evil" (a INTEGER)',
        "UPDATE healthsim_columns SET table_name = '../../evil' WHERE table_name = 'patients'",
    )
    with pytest.raises((StorageError, Refused)):
        exporting.export_to(home, "foreign", tmp_path / "a" / "b" / "out", "csv", ["../../evil"])
    assert not list(tmp_path.rglob("evil*"))


@pytest.fixture(scope="module")
def parts(made: Path) -> dict[str, str]:
    """Return the parts of a whole manifest, as a file holds them."""
    with duckdb.connect(str(made), read_only=True) as connection:
        held = dict(connection.execute("SELECT key, value FROM healthsim_manifest").fetchall())
    assert Manifest.of(held, "whole").count == 5
    return held


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("wishes", [5]), ("wishes", 5), ("requests", [{"a": 1}]), ("journeys", [1]),
        ("profile", {"a": 1}), ("seed", "x"), ("count", None), ("rows", []), ("rows", {"a": "b"}),
        ("digests", "x"), ("figures", [5]), ("figures", 5), ("figures", [[]]),
        ("figures", [["j", "s", "f", "rate", None, 1, 1, 1, 1, 1, "x"]]),
        ("profile", "5"), ("profile", "{"), ("journeys", ["[]"]), ("expectations", ["x"]),
        ("references", [1]), ("engine_version", 7), ("tags", [1]), ("created_at", 5),
    ],
)  # fmt: skip
def test_a_manifest_with_parts_of_wrong_types_is_called_incomplete(
    parts: dict[str, str], key: str, value: Any
) -> None:
    with pytest.raises(StorageError, match="its manifest is incomplete"):
        Manifest.of(parts | {key: json.dumps(value)}, "foreign.duckdb")


@pytest.mark.slow
@pytest.mark.parametrize("text", ["{", "5", "[1]", "[" * 100_000])
def test_a_dictionary_with_a_strange_key_is_refused(foreign: Path, text: str) -> None:
    _change(foreign, f"UPDATE healthsim_columns SET key = '{text}'")

    with pytest.raises(StorageError, match="whose key cannot be read"):
        describe_file(foreign)


def test_a_manifest_that_is_nested_without_end_is_refused(foreign: Path) -> None:
    _change(
        foreign, f"UPDATE healthsim_manifest SET value = '{'[' * 100_000}' WHERE key = 'wishes'"
    )

    with pytest.raises(StorageError, match="its manifest is incomplete"):
        describe_file(foreign)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["wishes", "expectations"])
def test_a_part_of_a_manifest_that_is_nested_deep_is_refused(foreign: Path, key: str) -> None:
    nested = "[" * 300 + "]" * 300
    _change(
        foreign,
        f"""UPDATE healthsim_manifest SET value = '[{{"got": {nested}}}]' WHERE key = '{key}'""",
    )

    with pytest.raises(StorageError, match=r"its manifest is incomplete \(it is nested too deep"):
        describe_file(foreign)


def test_a_lease_that_names_no_process_stops_no_run(home: Home) -> None:
    record, _ = runs.claim(home, "ab" * 20, 10)
    lease = home.runs / f"{record.run_id}.lease"
    lease.write_bytes(f"{'9' * 40} {platform.node()}".encode())
    assert runs.get(home, record.run_id).status == runs.RUNNING
    lease.write_bytes(b"\xff\xfe \x00")

    assert runs.get(home, record.run_id).status == runs.RUNNING


@pytest.mark.parametrize(
    "text", ["5", "[]", "{", '{"wishes": 5}', '{"requests": [1]}', "[" * 10**5]
)
def test_wishes_of_a_run_of_wrong_types_count_as_none(home: Home, text: str) -> None:
    record, _ = runs.claim(home, "ab" * 20, 10)
    (home.runs / f"{record.run_id}.wishes").write_text(text)

    assert runs.wishes(home, record.run_id) == {}


@pytest.mark.slow
def test_a_ledger_of_thousands_of_wishes_is_copied_within_bounds(home: Home, foreign: Path) -> None:
    wish = {"request": 0, "words": "frobnicated widget", "fate": "bound", "path": "x", "note": ""}
    many = json.dumps([wish] * 5_000)
    requests = json.dumps(["frobnicated widget " * 200] * 200)
    _change(
        foreign,
        f"UPDATE healthsim_manifest SET value = '{many}' WHERE key = 'wishes'",
        f"UPDATE healthsim_manifest SET value = '{requests}' WHERE key = 'requests'",
    )
    begun = time.process_time()

    requests_kept, wishes_kept = copying._asked(home, "foreign", foreign)
    copied = copying._with_wishes(Draft(profile={"name": "x"}), requests_kept, wishes_kept)

    assert time.process_time() - begun < 20.0
    assert len(copied.requests) == 20
    assert not ledger.lost(copied.requests, copied.wishes)
