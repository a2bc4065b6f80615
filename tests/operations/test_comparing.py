"""What a change did: compared by the operation, and counted again by SQL over both files."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from healthsim.building import templates
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.execution.job import Job
from healthsim.execution.prepare import prepare
from healthsim.operations import auditing, common_numbers, comparing, generate, runs, scenarios
from healthsim.operations.comparing import Comparison, compare
from healthsim.operations.home import Home
from healthsim.persistence import differences
from healthsim.persistence.database import open_read
from healthsim.persistence.judgement import trust
from healthsim.persistence.scenario import read_tables

pytestmark = pytest.mark.slow  # its runs

COUNT = 20


def _profile(**changed: Any) -> dict[str, Any]:
    return (
        templates.load("medicare-diabetic").fresh() | {"count": COUNT, "detail": "core"} | changed
    )


def _save(home: Home, name: str, profile: dict[str, Any]) -> None:
    _put(home, name, prepare(profile, [templates.load("diabetic-first-year").fresh()]))


def _put(home: Home, name: str, job: Job) -> None:
    """Run a job, and put its file as it is among the scenarios."""
    run = runs.file(home, generate.run(home, job).run_id)
    target = home.ensure(home.scenarios) / f"{name}.duckdb"
    shutil.copyfile(run, target)
    trust(target)


def _save_chart(home: Home, name: str, **changed: Any) -> None:
    """Save people with charts alone, who walk no journey: that is soon compared."""
    _put(home, name, prepare(_profile(products=["patientsim"], expectations=[]) | changed, []))


@pytest.fixture(scope="module", autouse=True)
def _files_are_judged_against_their_own_specifications_once() -> Iterator[None]:
    """Keep what was asked and got of each file: it and copies are compared with several others."""
    judged, whole = dict[bytes, Any](), auditing.compared_run

    def once(path: Path) -> Any:
        held = sha256(path.read_bytes()).digest()
        if held not in judged:
            judged[held] = whole(path)
        return judged[held]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auditing, "compared_run", once)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with `base`, what-ifs of it, and `chart` with what-ifs of that."""
    home = Home(tmp_path_factory.mktemp("home"))
    ohio, plans, people = _profile(), _profile(), _profile()["demographics"]
    ohio["demographics"]["location"]["states"] = {"OH": 1.0}
    plans["coverage"]["plan"] = {"MA-HMO": 0.5, "MA-PPO": 0.2, "Original": 0.3}
    people |= {"age": {"type": "uniform", "low": 20, "high": 40}, "gender": {"M": 0.9, "F": 0.1}}
    people.pop("residence", None)
    _save_chart(home, "chart")
    _save_chart(home, "young", demographics=people)
    _save_chart(home, "seed", seed=7)
    _save_chart(home, "more", count=COUNT + 15)
    medical = {"products": ["patientsim", "membersim"]}
    _save(home, "base", _profile(**medical))
    _save(home, "ohio", ohio | medical)
    _save(home, "plans", plans | medical)
    _save(home, "whole", _profile())
    return home


@pytest.fixture
def free(home: Home, tmp_path: Path) -> Home:
    """Return a home of this test alone, with `base` and `ohio`, which are charts alone."""
    mine = Home(tmp_path)
    mine.ensure(mine.scenarios)
    for name, copied in (("base", "chart"), ("ohio", "seed")):
        shutil.copy(scenarios.path(home, copied), mine.scenarios / f"{name}.duckdb")
        trust(mine.scenarios / f"{name}.duckdb")
    return mine


def _change(home: Home, name: str, *statements: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{scenarios.path(home, name)}' AS f; USE f")
        for statement in statements:
            connection.execute(statement)


@cache
def _counted(home: Home, before: str, after: str) -> dict[str, Any]:
    """Count the same by SQL of another form: set operations and joins by the key alone."""
    with open_read(scenarios.path(home, before)) as first:
        tables = read_tables(first, scenarios.path(home, before))
    rows, people = {}, set()
    with duckdb.connect() as sql:
        sql.execute(f"ATTACH '{scenarios.path(home, before)}' AS a (READ_ONLY)")
        sql.execute(f"ATTACH '{scenarios.path(home, after)}' AS b (READ_ONLY)")

        def one(text: str) -> Any:
            return sql.execute(text).fetchall()[0][0]

        for table in tables:
            a, b = f"a.{table.name}", f"b.{table.name}"
            key = ", ".join(table.key)
            same = one(f"SELECT count(*) FROM (FROM {a} INTERSECT FROM {b})")
            both = one(f"SELECT count(*) FROM {a} JOIN {b} USING ({key})")
            added = one(f"SELECT count(*) FROM {b} ANTI JOIN {a} USING ({key})")
            removed = one(f"SELECT count(*) FROM {a} ANTI JOIN {b} USING ({key})")
            if added or removed or both > same:
                rows[table.name] = [added, removed, both - same]
            if "person_id" in table.by_name:
                for one_way in (f"FROM {a} EXCEPT FROM {b}", f"FROM {b} EXCEPT FROM {a}"):
                    found = sql.execute(f"SELECT DISTINCT person_id FROM ({one_way})").fetchall()
                    people |= {person for (person,) in found}
        both_people = {
            person
            for (person,) in sql.execute(
                "SELECT person_id FROM a.patients JOIN b.patients USING (person_id)"
            ).fetchall()
        }
        money = {
            name: [
                one(f"SELECT coalesce(sum({' + '.join(columns)}), 0) FROM {side}.{table}")
                for side in "ab"
            ]
            for name, table, columns in comparing._BUCKETS
            if table in {one.name for one in tables}
        }
    moved = {name: sums for name, sums in money.items() if sums[0] != sums[1]}
    affected = sorted(people & both_people)
    return {"rows": rows, "affected": affected, "in both": len(both_people), "money": moved}


@cache
def _compared(home: Home, before: str, after: str) -> Comparison:
    """Compare scenarios of a home that no test changes; once, for all tests that look at it."""
    return compare(home, before, after)


def _same_as_sql(home: Home, before: str, after: str, shown: int = 3) -> Comparison:
    found, counted = _compared(home, before, after), _counted(home, before, after)

    assert {row[0]: row[3:6] for row in found.tables} == counted["rows"]
    assert found.people["affected"] == len(counted["affected"])
    assert found.people["in both"] == counted["in both"]
    assert [person for person, _ in found.affected] == counted["affected"][:shown]
    cents = {row[0]: [Decimal(str(value)) for value in row[1:]] for row in found.money}
    assert cents == {
        name: [one, other, other - one] for name, (one, other) in counted["money"].items()
    }
    return found


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        ("ohio", 3),
        pytest.param("more", 3, marks=pytest.mark.proof),
        pytest.param("plans", 3, marks=pytest.mark.proof),
        pytest.param("young", 0, marks=pytest.mark.proof),
    ],
)
def test_a_comparison_is_what_sql_over_both_files_says(home: Home, after: str, shown: int) -> None:
    found = _same_as_sql(home, "chart" if after in ("young", "more") else "base", after, shown)

    assert found.tables
    assert found.specification


def test_people_who_are_specified_otherwise_are_not_called_the_same(home: Home) -> None:
    found = _compared(home, "chart", "young")

    said = f"The same seed 42, but {COUNT} of {COUNT} people are others (gender "
    assert found.common.startswith(said)
    assert f"birth_date {COUNT}" in found.common
    assert "the same people" not in found.common
    assert (found.affected, found.affected_ids) == ([], "")
    assert found.people["others in each"] == COUNT


def test_the_few_who_are_others_are_counted_and_their_columns_come_first(home: Home) -> None:
    found, sql = _compared(home, "base", "ohio"), "SELECT count(*) FROM a.patients x, b.patients y "
    sql += "WHERE x.person_id = y.person_id AND (x.gender, x.birth_date, x.race, x.given_name, "
    sql += "x.family_name) <> (y.gender, y.birth_date, y.race, y.given_name, y.family_name)"
    with duckdb.connect() as both:
        for side, name in (("a", "base"), ("b", "ohio")):
            both.execute(f"ATTACH '{scenarios.path(home, name)}' AS {side} (READ_ONLY)")
        others = both.execute(sql).fetchall()[0][0]
    patients = next(row for row in found.tables if row[0] == "patients")

    assert 0 < others < COUNT / 2
    assert f"but {others} of {COUNT} people differ in who they are (" in found.common
    assert f"the other {COUNT - others} are the same" in found.common
    assert found.people["others in each"] == others
    assert patients[-1].split()[0] in ("gender", "birth_date", "race", "given_name")
    assert len(found.affected) == 3


def test_people_who_are_only_older_are_counted_and_their_stories_are_shown(home: Home) -> None:
    before, after = home.scenarios / "chart.duckdb", home.scenarios / "older.duckdb"
    shutil.copy(before, after)
    _change(
        home, "older", "UPDATE patients SET birth_date = birth_date - 400",
        "UPDATE healthsim_manifest SET value = '\"x\"' WHERE key = 'digest'",
    )  # fmt: skip
    found = _compared(home, "chart", "older")

    assert f", but {COUNT} of {COUNT} people differ in who they are (birth_date {COUNT}), " in (
        found.common
    )
    assert "the other" not in found.common
    assert len(found.affected) == 3


def test_everybody_who_is_affected_is_listed(home: Home) -> None:
    found = _compared(home, "base", "ohio")

    ids = [int(one) for one in found.affected_ids.split(", ")]
    assert ids == _counted(home, "base", "ohio")["affected"]
    assert ids[:3] == [person for person, _ in found.affected]


def test_counts_under_a_share_that_changed_are_said_to_vary_by_chance(home: Home) -> None:
    changed, same = _compared(home, "base", "plans").common, _compared(home, "chart", "more").common

    assert "an asked share that itself changed (plan " in changed
    assert "varies by chance" in changed
    assert "the same people" in changed
    assert "varies by chance" not in same


def test_a_comparison_in_ranges_of_people_is_the_same_and_lists_the_first_of_many_affected(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _compared(home, "base", "plans")
    monkeypatch.setattr(differences, "_MOST_ROWS", 100)
    monkeypatch.setattr(differences, "_MOST_SUMMED", 50)
    monkeypatch.setattr(comparing, "_LISTED_PEOPLE", 5)
    found = compare(home, "base", "plans")

    cut, ids = found.affected_ids.split(": ")
    assert cut == f"5 of {found.people['affected']}"
    assert len(ids.split(", ")) == 5
    assert replace(found, affected_ids=whole.affected_ids) == whole


def test_only_ranges_of_people_with_other_rows_are_compared_row_by_row(
    free: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(scenarios.path(free, "base"), free.scenarios / "tampered.duckdb")
    _change(free, "tampered",
            "UPDATE patients SET middle_name = 'Zed' WHERE rowid = 2",
            "DELETE FROM patients WHERE rowid = 17")  # fmt: skip
    asked, run = list[str](), differences.Differences._run

    def noted(self: differences.Differences, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return run(self, sql, *values)

    monkeypatch.setattr(differences.Differences, "_run", noted)
    monkeypatch.setattr(differences, "_MOST_ROWS", 4)
    monkeypatch.setattr(differences, "_MOST_SUMMED", 4)
    found = _same_as_sql(free, "base", "tampered")

    assert [row[3:6] for row in found.tables if row[0] == "patients"] == [[0, 1, 1]]
    joined = [[int(end) for end in re.findall(r"person_id [<>]=? (\d+)", sql)[:2]]
              for sql in asked if "here_a" in sql and "patients" in sql]  # fmt: skip
    found_in = zip((301, 1801), joined, strict=True)
    assert all(first <= person < end for person, (first, end) in found_in)
    assert sum(end - first for first, end in joined) < COUNT * 100 / 2


@pytest.mark.parametrize("rows_at_once", [4, pytest.param(1000, marks=pytest.mark.proof)])
def test_a_row_of_nobody_is_the_row_of_nobody_else(
    free: Home, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    shutil.copy(scenarios.path(free, "base"), free.scenarios / "tampered.duckdb")
    _change(free, "tampered",
            "ALTER TABLE patients ALTER COLUMN person_id DROP NOT NULL",
            "UPDATE patients SET person_id = NULL WHERE rowid = 2")  # fmt: skip
    monkeypatch.setattr(differences, "_MOST_SUMMED", rows_at_once)
    found = compare(free, "base", "tampered")

    assert [row[3:6] for row in found.tables if row[0] == "patients"] == [[1, 1, 0]]


def test_a_change_of_plans_is_told_by_its_lines_its_people_and_its_money(home: Home) -> None:
    found = _compared(home, "base", "plans")

    assert found.common.startswith("Common random numbers (seed 42, engine ")
    assert [line.split(":")[0] for line in found.specification] == [
        f"coverage.plan.{plan}" for plan in ("MA-HMO", "MA-PPO", "Original")
    ]
    assert 0 < found.people["affected"] < found.people["in both"] == COUNT
    assert "enrollments" in {row[0] for row in found.tables}
    assert {"plan MA-HMO", "plan Original"} <= {row[0] for row in found.asked}
    assert found.same_tables > 5


def test_more_people_are_the_same_first_people(home: Home) -> None:
    found = _compared(home, "chart", "more")

    assert found.people == {
        "in both": COUNT, "affected": 0, "only in chart": 0, "only in more": 15
    }  # fmt: skip
    assert found.specification == [f"count: {COUNT} -> {COUNT + 15}"]
    assert found.common.endswith(f"The first {COUNT} are in both.")
    assert found.asked[0] == ["people", COUNT, COUNT + 15, COUNT, COUNT + 15]


def test_more_people_of_balanced_draws_are_said_to_be_others(tmp_path: Path) -> None:
    home = Home(tmp_path)
    profile = {"kind": "profile", "name": "few", "sampling": "balanced", "seed": 1,
               "products": ["patientsim"], "detail": "core"}  # fmt: skip
    for count in (6, 9):
        _put(home, f"of-{count}", prepare(profile | {"count": count}, []))

    assert "exact or balanced" in compare(home, "of-6", "of-9").common


def test_a_step_under_another_name_is_said_to_draw_anew() -> None:
    gone, come = "journey.steps.a: {...} -> nothing", "journey.steps.b: nothing -> {...}"

    assert common_numbers.drawn_anew([gone, come]).endswith("draws its numbers anew.")
    for lines in ([], [gone], [come], ["journey.steps.c.chance: nothing -> 0.5", gone]):
        assert common_numbers.drawn_anew(lines) == ""


def test_another_seed_is_said_to_be_other_people(home: Home) -> None:
    found = _compared(home, "chart", "seed")

    assert found.common.startswith("No common random numbers (seed 42 and 7)")
    assert found.specification == ["seed: 42 -> 7"]


def test_other_products_are_said_and_what_both_have_is_compared(home: Home) -> None:
    found = _compared(home, "whole", "base")

    assert any(note.startswith("only whole has rx_members, fills") for note in found.notes)
    assert [next(r for r in found.tables if r[0] == "fills")[n] for n in (0, 2)] == ["fills", None]
    shared = {row[0] for row in found.tables if row[2] is not None}
    assert shared - {"pharmacies"} == {"accumulator_events"}  # which fills advance too
    with open_read(scenarios.path(home, "whole")) as whole:
        (advanced,) = whole.execute(
            "SELECT count(DISTINCT person_id) FROM accumulator_events WHERE fill_id IS NOT NULL"
        ).fetchall()[0]
    assert found.people["affected"] == advanced > 0
    assert not any(name.startswith("pharmacy") for name in found.same_money)


def test_a_run_is_compared_with_the_scenario_that_was_saved_from_it(home: Home) -> None:
    digest = scenarios.describe(home, "seed").digest
    run_id = next(run.run_id for run in runs.list_runs(home) if run.digest == digest)
    scenarios.save_run(home, run_id, "saved")

    found = _compared(home, run_id, "saved")

    assert found.common == "Both hold the same rows."
    assert (found.specification, found.tables, found.money, found.asked) == ([], [], [], [])


def test_a_row_that_was_changed_by_hand_is_found(home: Home) -> None:
    shutil.copy(scenarios.path(home, "base"), home.scenarios / "tampered.duckdb")
    _change(
        home, "tampered",
        "UPDATE claims SET plan_paid_usd = plan_paid_usd + 0.01 WHERE rowid = 3",
        "DELETE FROM lab_results WHERE rowid = 5",
        "UPDATE patients SET middle_name = NULL WHERE middle_name IS NOT NULL AND rowid < 9",
        "UPDATE healthsim_manifest SET value = '\"x\"' WHERE key = 'digest'",
    )  # fmt: skip

    found = _same_as_sql(home, "base", "tampered")

    assert {row[0] for row in found.tables} == {"claims", "lab_results", "patients"}
    assert [row[-1] for row in found.money] == [0.01]


def test_another_engine_is_said_and_its_columns_are_not_compared(free: Home) -> None:
    _change(
        free, "ohio",
        "UPDATE healthsim_manifest SET value = '\"0.0.9\"' WHERE key = 'engine_version'",
        "ALTER TABLE patients DROP COLUMN middle_name",
        "DELETE FROM healthsim_columns WHERE column_name = 'middle_name'",
        "ALTER TABLE referrals ALTER person_id TYPE VARCHAR",
    )  # fmt: skip

    found = compare(free, "base", "ohio")

    assert "engine" in found.common
    assert "0.0.9" in found.common
    assert "patients not compared by middle_name: not in both" in found.notes
    assert any(note.startswith("referrals not compared: ") for note in found.notes)


def test_two_names_of_one_scenario_are_refused(home: Home) -> None:
    with pytest.raises(Refused, match="both are scenario 'base'; name two"):
        compare(home, "base", "base")


def test_a_name_that_is_not_there_is_said_with_one_that_is(home: Home) -> None:
    with pytest.raises(NotFound, match="no scenario and no run of this name; did you mean 'ohio'"):
        compare(home, "base", "ohoi")
    with pytest.raises(Refused, match="not a scenario name"):
        compare(home, "../base", "ohio")


@pytest.mark.parametrize("content", [b"", b"x" * 5000, b"half"])
def test_a_damaged_file_is_named(free: Home, content: bytes) -> None:
    whole = scenarios.path(free, "ohio").read_bytes()
    scenarios.path(free, "ohio").write_bytes(whole[:9000] if content == b"half" else content)

    with pytest.raises(StorageError, match="ohio") as caught:
        compare(free, "base", "ohio")
    assert str(free.folder) not in str(caught.value)


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DROP TABLE referrals", "CREATE VIEW referrals AS FROM read_text('/etc/hostname')"],
         "it has a view, 'referrals'"),
        pytest.param(["CREATE MACRO sum(x) AS 0"], "it has a macro, 'sum'",
                     marks=pytest.mark.proof),
        (["DROP TABLE referrals"], "its dictionary lists referrals"),
        pytest.param(["DROP TABLE healthsim_manifest"], "not a scenario",
                     marks=pytest.mark.proof),
        (["UPDATE healthsim_manifest SET value = '{' WHERE key = 'journeys'"], "incomplete"),
    ],
)  # fmt: skip
def test_a_hostile_or_strange_file_is_refused(free: Home, statements: list[str], said: str) -> None:
    _change(free, "ohio", *statements)

    with pytest.raises(StorageError, match=said):
        compare(free, "base", "ohio")


def test_specifications_that_cannot_be_read_are_said_and_rows_are_compared(free: Home) -> None:
    _change(
        free, "ohio",
        "UPDATE healthsim_manifest SET value = "
        f"""'{json.dumps(json.dumps({"kind": "profile"}))}' WHERE key = 'profile'""",
    )  # fmt: skip

    found = compare(free, "base", "ohio")

    assert found.tables
    assert [note.split(":")[0] for note in found.notes] == [
        "specifications not compared", "asked figures not compared"
    ]  # fmt: skip
