"""Documents and scenario files have a format number; older ones are read, others say what to do."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from healthsim.errors import SpecError, StorageError
from healthsim.formats import Formats
from healthsim.operations import query, scenarios
from healthsim.operations.auditing import audit
from healthsim.operations.explaining.explain import explain_row
from healthsim.operations.home import Home
from healthsim.operations.person import show_person
from healthsim.operations.verify import verify
from healthsim.persistence.scenario import SCENARIOS
from healthsim.specification.document import read
from healthsim.specification.format import FORMAT, SPECIFICATIONS, migrated
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec
from stand_ins import ask_few_rules
from storing import spec, stored
from template_runs import FILES

OLD = Path(__file__).parent / "data" / "format-1"


def _old(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((OLD / f"{name}.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with one scenario that was saved before files had a format number."""
    home = Home(tmp_path)
    target = home.ensure(home.scenarios) / "from-format-1.duckdb"
    with gzip.open(OLD / "scenario.duckdb.gz") as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return home


def _set_format(home: Home, text: str) -> None:
    with duckdb.connect(home.scenarios / "from-format-1.duckdb") as connection:
        connection.execute("INSERT INTO healthsim_manifest VALUES ('format', ?)", [text])


def test_a_profile_and_a_journey_of_the_first_format_are_read_and_come_out_in_todays() -> None:
    profile = read(ProfileSpec, _old("profile"), "profile")
    journey = read(JourneySpec, _old("journey"), "journey")

    assert "format" not in _old("profile")
    assert json.loads(profile.text())["format"] == FORMAT
    assert json.loads(journey.text())["format"] == FORMAT
    assert profile.count == 3


def test_a_document_of_todays_format_is_left_as_it_is() -> None:
    document = _old("profile") | {"format": FORMAT}

    assert migrated(document, "profile") == document


@pytest.mark.parametrize("model", [ProfileSpec, JourneySpec])
def test_a_document_of_a_format_from_the_future_is_refused_with_the_mend(model: Any) -> None:
    document = {"kind": model.kind_name, "format": FORMAT + 1, "name": "a", "new_key": 1}

    with pytest.raises(SpecError) as refused:
        read(model, document, model.kind_name)

    (problem,) = refused.value.problems  # and nothing of the keys that a later format may have
    assert problem.where == f"{model.kind_name}.format"
    assert f"is {FORMAT + 1}" in problem.found
    assert f"up to format {FORMAT}" in problem.found
    assert "install" in problem.mend


@pytest.mark.parametrize("number", [0, -1, "2", 2.0, True, None, [2]])
def test_a_format_that_is_no_whole_number_from_1_is_refused(number: object) -> None:
    with pytest.raises(SpecError, match=f"not a format number; .*from 1 to {FORMAT}"):
        read(ProfileSpec, _old("profile") | {"format": number}, "profile")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_template_is_of_todays_format(path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["format"] == FORMAT


def test_steps_are_taken_one_after_the_other_from_the_number_of_the_document() -> None:
    trace = Formats("notes", {
        1: lambda note: {**note, "steps": ["1 to 2"]},
        2: lambda note: {**note, "steps": [*note.get("steps", ()), "2 to 3"]},
    })  # fmt: skip

    assert trace.current == 3
    assert trace.migrate({}, 1)["steps"] == ["1 to 2", "2 to 3"]
    assert trace.migrate({}, 2)["steps"] == ["2 to 3"]
    assert trace.migrate({"a": 1}, 3) == {"a": 1}


def test_a_format_to_which_no_step_leads_any_more_is_refused() -> None:
    later = Formats("notes", {3: dict}, oldest=3)
    gap = Formats("notes", {1: dict, 3: dict})

    problem = later.problem(2, "note.format")

    assert problem is not None
    assert str(problem).startswith("note.format: is 2, and this version of HealthSim reads notes")
    assert "from format 3" in problem.found
    assert "older version" in problem.mend
    assert later.problem(3, "note.format") is None
    assert later.problem(4, "note.format") is None
    assert gap.problem(1, "note.format") is not None


@pytest.mark.parametrize("formats", [SPECIFICATIONS, SCENARIOS], ids=lambda one: str(one.what))
def test_every_format_since_the_first_has_a_step_to_the_next(formats: Formats) -> None:
    assert sorted(formats.steps) == list(range(1, formats.current))


@pytest.mark.slow
def test_a_scenario_file_of_the_first_format_can_be_listed_described_queried_and_verified(
    home: Home,
) -> None:
    (listed,) = scenarios.list_all(home)
    described = scenarios.describe(home, "from-format-1")
    rows = query.query(home, "from-format-1", "SELECT count(*) FROM lab_results").rows

    assert listed.broken == ""
    assert described.count == 3
    assert rows == [[32]]
    assert verify(home, "from-format-1").changed == ()  # its rows are as it says itself


@pytest.mark.slow
def test_a_scenario_file_of_the_first_format_is_audited_and_says_what_it_cannot_judge(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    compared = {row[0]: row for row in audit(home, "from-format-1").compared}

    assert compared["people"][-1] is True
    assert [row for row in compared.values() if row[-1] is False] == []
    assert {row[1] for row in compared.values() if row[-1] is None} >= {
        "not judged: the file was made before runs counted who could have it",
        "not judged: the file has no table of attributes",
    }


@pytest.mark.slow
def test_a_scenario_file_of_a_format_from_the_future_says_who_made_it_and_what_to_do(
    home: Home,
) -> None:
    _set_format(home, str(SCENARIOS.current + 1))

    with pytest.raises(StorageError) as refused:
        scenarios.describe(home, "from-format-1")

    assert f"is {SCENARIOS.current + 1}" in str(refused.value)
    assert "made by HealthSim 0.1.0" in str(refused.value)
    assert "install the version of HealthSim that wrote it" in str(refused.value)
    assert "up to format" in scenarios.list_all(home)[0].broken


@pytest.mark.slow
def test_a_scenario_file_of_an_unknown_format_can_be_deleted(home: Home) -> None:
    _set_format(home, '"no number"')

    assert "not a format number" in scenarios.look(home, "from-format-1").broken
    scenarios.delete(home, "from-format-1")
    assert scenarios.list_all(home) == []


@pytest.mark.slow
def test_a_file_whose_table_of_attributes_has_its_former_name_is_read_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    document = spec("diabetic", count=5, detail="core", products=["patientsim"])
    path = stored(tmp_path, document)
    with duckdb.connect(path) as connection:  # as files were before the table had its name
        connection.execute("ALTER TABLE person_attributes RENAME TO attributes")
        connection.execute("UPDATE healthsim_columns SET table_name = 'attributes' "
                           "WHERE table_name = 'person_attributes'")  # fmt: skip
        for key in ("rows", "digests"):
            connection.execute(
                "UPDATE healthsim_manifest SET value = replace(value, '\"person_attributes\"', "
                "'\"attributes\"') WHERE key = ?", [key])  # fmt: skip
    home, run = Home(tmp_path), "earlier"
    shutil.copy(path, home.ensure(home.scenarios) / f"{run}.duckdb")
    compared = {row[0]: row for row in audit(home, run).compared}
    (asked,) = query.query(
        home, run, "SELECT number FROM attributes WHERE person_id = 101 AND name = 'a1c'"
    ).rows

    assert [row for name, row in compared.items() if name.startswith("attribute ")]
    assert not [row for name, row in compared.items() if row[-1] is None and "no table" in row[1]]
    assert f"a1c {asked[0]:g}" in str(show_person(home, run, "101").who["attributes"])
    explained = explain_row(home, run, "attributes", "101,a1c")
    assert explained.note == ""
    assert any(line.startswith("a1c ") for line in explained.reasons.because)
