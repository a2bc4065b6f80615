"""Exports of some people: all that is theirs, all that they point at, and nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from healthsim.errors import Refused
from healthsim.exports import EVERYBODY, Filter, Format, people
from healthsim.exports.marking import MARKER
from healthsim.operations import exporting, scenarios
from healthsim.operations.home import Home
from stand_ins import export_types, query_here


@pytest.fixture(autouse=True)
def queries() -> None:
    """Let conditions run in a process of their own, but for what its code refuses."""


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    query_here(monkeypatch)


def _rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        for file in folder.glob("*.parquet"):
            connection.execute(f"CREATE VIEW {file.stem} AS FROM '{file}'")
        return connection.execute(query).fetchall()


def _exported(
    home: Home, folder: Path, name: str, chosen: Filter, *tables: str, form: Format = "parquet"
) -> Path:
    return exporting.export_to(home, name, folder / "out", form, tables, chosen).folder


def _people(home: Home, name: str, query: str) -> list[int]:
    with duckdb.connect(str(scenarios.path(home, name)), read_only=True) as connection:
        return [key for (key,) in connection.execute(query).fetchall()]


@pytest.mark.slow
def test_places_count_people_in_their_order(home: Home, tmp_path: Path) -> None:
    folder = _exported(home, tmp_path, "family", Filter("1-2, 4"), "patients")
    mine = {key for (key,) in _rows(folder, "SELECT person_id FROM patients")}
    first = _people(home, "family", "SELECT person_id FROM patients ORDER BY 1 LIMIT 4")
    asked = {first[0], first[1], first[3]}
    listed = ", ".join(map(str, asked))
    holders = set(_people(
        home, "family",
        f"SELECT subscriber_id FROM members WHERE person_id IN ({listed}) "
        "AND subscriber_id IS NOT NULL UNION SELECT related_to_person_id FROM related_persons "
        f"WHERE person_id IN ({listed}) AND related_to_person_id IS NOT NULL"))  # fmt: skip

    assert mine == asked | holders


@pytest.mark.slow
def test_a_condition_chooses_people_and_may_ask_other_tables(home: Home, tmp_path: Path) -> None:
    condition = (
        "gender = 'F' AND person_id IN (SELECT person_id FROM encounters GROUP BY ALL "
        "HAVING count(*) > 0) -- busy"
    )
    tables = ("patients", "members", "related_persons")
    folder = _exported(home, tmp_path, "family", Filter(where=condition), *tables)
    women = _people(home, "family", "SELECT DISTINCT person_id FROM patients "
                    "SEMI JOIN encounters USING (person_id) WHERE gender = 'F'")  # fmt: skip
    mine = {key for (key,) in _rows(folder, "SELECT person_id FROM patients")}

    others = f"person_id NOT IN ({', '.join(map(str, women))})"
    holders = (
        "(SELECT subscriber_id FROM members WHERE subscriber_id IS NOT NULL UNION "
        "SELECT related_to_person_id FROM related_persons WHERE related_to_person_id IS NOT NULL)"
    )

    assert set(women) <= mine
    assert _rows(
        folder,
        f"SELECT count(*) FROM patients WHERE {others} AND person_id NOT IN {holders}",
    ) == [(0,)]


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
def test_both_filters_narrow_each_other(home: Home, tmp_path: Path) -> None:
    chosen = Filter("1-10", "mother_person_id IS NOT NULL")
    folder = _exported(home, tmp_path, "birth", chosen, "patients")
    born = _rows(folder, "SELECT count(*) FROM patients WHERE mother_person_id IS NOT NULL")
    mothers = _rows(folder, "SELECT count(*) FROM patients WHERE mother_person_id IS NULL")

    assert born == mothers == [(5,)]


@pytest.mark.usefixtures("_here")
def test_no_bracket_of_a_condition_reaches_the_places(home: Home, tmp_path: Path) -> None:
    folder = _exported(home, tmp_path, "birth", Filter("1", "true) OR (true"), "patients")

    assert _rows(folder, "SELECT count(*) FROM patients") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["family", pytest.param("birth", marks=pytest.mark.proof)])
def test_every_reference_of_what_remains_holds(home: Home, tmp_path: Path, name: str) -> None:
    folder = _exported(home, tmp_path, name, Filter("3-6"))
    with duckdb.connect(str(scenarios.path(home, name)), read_only=True) as connection:
        links = connection.execute(
            "SELECT table_name, column_name, reference FROM healthsim_columns "
            "WHERE reference IS NOT NULL AND reference <> ''"
        ).fetchall()
    written = {file.stem for file in folder.glob("*.parquet")}
    asked = [
        f"SELECT '{table}.{column}', count(*) FROM {table} WHERE {column} IS NOT NULL "
        f"AND {column} NOT IN (SELECT {reference.partition('.')[2]} FROM {target})"
        for table, column, reference in links
        if {table, target := reference.partition(".")[0]} <= written
    ]
    missing = _rows(folder, " UNION ALL ".join(asked))

    assert [one for one in missing if one[1]] == []
    followed = len(missing)
    assert followed > 30


@pytest.mark.slow
def test_everything_of_the_chosen_remains_and_directories_only_where_used(
    home: Home, tmp_path: Path
) -> None:
    folder = _exported(home, tmp_path, "family", Filter("1-3"))
    (kept,) = _rows(folder, "SELECT list(person_id) FROM patients")[0]
    with duckdb.connect(str(scenarios.path(home, "family")), read_only=True) as connection:
        for table in ("claims", "claim_lines", "fills", "lab_results", "vital_signs", "encounters"):
            counted = connection.execute(
                f"SELECT count(*) FROM {table} WHERE list_contains(?, person_id)", [kept]
            ).fetchall()
            assert _rows(folder, f"SELECT count(*) FROM {table}") == counted, table
        whole = connection.execute("SELECT count(*) FROM providers").fetchone()
    used = _rows(folder, "SELECT count(*) FROM providers")[0]

    assert whole is not None
    assert 0 < int(str(used[0])) < whole[0] / 2


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
def test_resources_are_those_of_the_chosen(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    types = ("Patient", "RelatedPerson", "Coverage", "Encounter", "Condition", "Observation")
    export_types(monkeypatch, *types)
    mothers = Filter(where="mother_person_id IS NULL")
    folder = _exported(home, tmp_path, "birth", mothers, form="fhir")
    patients = [json.loads(line) for line in (folder / "Patient.ndjson").read_text().splitlines()]
    text = "".join(file.read_text() for file in folder.glob("*.ndjson"))
    subjects = {part.partition('"')[0] for part in text.split('"Patient/')[1:]}

    assert {file.stem for file in folder.glob("*.ndjson")} >= {*types} - {"RelatedPerson"}
    assert {patient["gender"] for patient in patients} == {"female"}
    assert subjects <= {patient["id"] for patient in patients}
    assert "mother_person_id IS NULL" in (folder / MARKER).read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Filter("x"), "people: is 'x'; write places"),
        (Filter("0-3"), "people: has the range 0-3"),
        (Filter("9-3"), "people: has the range 9-3"),
        (Filter("900"), "people: finds nobody among the"),
        (Filter(where="state = 'QQ'"), "where: finds nobody among the"),
        (Filter(where="nonsense = 1"), "where: cannot be read: .*nonsense.*write one condition"),
        (Filter(where="true); DROP TABLE patients; SELECT (true"), "where: cannot be read"),
        (Filter(where="true UNION SELECT 1"), "where: cannot be read"),
        (Filter(where="person_id IN (SELECT * FROM read_csv('/etc/passwd'))"), "where: cannot be"),
        (Filter(where="true --) "), ""),
        (Filter(where="EXISTS (FROM read_text('/etc/passwd'))"), "read_text.*not open"),
        (Filter(where="(SELECT count(*) FROM glob('/*')) > 0"), r"glob\(\), which is not open"),
        (Filter(where="EXISTS (FROM '/etc/passwd')"), "where: cannot be read"),
        (Filter(where="getenv('HOME') <> ''"), r"getenv\(\), which is not open"),
        (Filter(where="current_setting('threads') = '1'"), r"current_setting\(\), which is"),
        (Filter(where="(SELECT count(*) FROM duckdb_settings()) > 0"), "duckdb_settings.*not open"),
        (Filter(where="true); INSTALL httpfs; SELECT (true"), "where: cannot be read"),
        (Filter(where="x" * 20_001), "where: has 20,001 characters"),
        (Filter(where="gender"), "where: cannot be read: .*BOOL"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_or_finds_nobody_is_refused_and_nothing_is_written(
    home: Home, tmp_path: Path, chosen: Filter, message: str
) -> None:
    if not message:
        assert _exported(home, tmp_path, "family", chosen, "patients").is_dir()
        return
    with pytest.raises(Refused, match=message):
        _exported(home, tmp_path, "family", chosen)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_condition_that_counts_without_end_is_stopped_and_nothing_is_written(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "SECONDS", 1.0)
    endless = "(SELECT count(*) FROM range(1000000) a, range(100000000) b) > person_id"
    with pytest.raises(Refused, match="where: it ran for more than 1 seconds and was stopped"):
        _exported(home, tmp_path, "family", Filter(where=endless))

    assert list(tmp_path.iterdir()) == []


def test_everybody_is_exported_where_nobody_is_chosen() -> None:
    assert not EVERYBODY
    assert not Filter(" ", "\n")
    assert Filter("1")
