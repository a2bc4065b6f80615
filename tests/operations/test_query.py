"""Users' SQL: what it answers, and everything that it may not do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from healthsim.errors import NotFound, Refused, StorageError
from healthsim.operations import generate
from healthsim.operations.home import Home
from healthsim.operations.query import QueryResult, query, query_file
from healthsim.persistence import confined
from healthsim.persistence.judgement import judge
from operations.small_engine import PROFILE, SmallEngine
from persistence.saving import kept_run
from processes import PATIENCE
from stand_ins import query_here


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    kept_run(home.ensure(home.scenarios) / "small.duckdb", count=1000)
    kept_run(home.scenarios / "large.duckdb", count=1200)
    return home


@pytest.fixture
def queries() -> None:
    """Have the process of a query, but for tests that are marked."""


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    query_here(monkeypatch)


ANSWERED_HERE = pytest.mark.usefixtures("_here")
"""Marks tests of what the code of a query's process does, not of the process."""


def asked(home: Home, sql: str, limit: int = 50, offset: int = 0) -> QueryResult:
    return query(home, "small", sql, limit=limit, offset=offset)


def refused(home: Home, sql: str) -> str:
    with pytest.raises(Refused) as caught:
        asked(home, sql)
    problem = caught.value.problem
    assert problem.where == "sql"
    assert problem.mend
    assert str(home.folder) not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_a_query_answers_with_columns_types_and_rows(home: Home) -> None:
    found = asked(home, "SELECT gender, count(*) AS people FROM patients GROUP BY 1 ORDER BY 1")

    assert found.columns == [("gender", "VARCHAR"), ("people", "BIGINT")]
    assert [row[0] for row in found.rows] == ["F", "M"]
    assert sum(row[1] for row in found.rows) == 1000
    assert not found.truncated


@ANSWERED_HERE
def test_values_travel_as_json_without_loss(home: Home) -> None:
    found = asked(
        home,
        """SELECT DATE '2025-01-31', TIMESTAMP '2025-01-31 08:30:00', 12.5::DECIMAL(12,2),
        1.2345::DECIMAL(10,4), 9007199254740993, 9007199254740992, NULL, true, 'é', 'inf'::DOUBLE,
        {'a': [1, 2]}, 1.5::DOUBLE, 170141183460469231731687303715884105727::HUGEINT""",
    )

    assert found.rows == [
        [
            "2025-01-31", "2025-01-31T08:30:00", 12.5, "1.2345", "9007199254740993",
            9007199254740992, None, True, "é", "inf", {"a": [1, 2]}, 1.5,
            "170141183460469231731687303715884105727",
        ]
    ]  # fmt: skip


@pytest.mark.slow
def test_a_day_without_end_is_shown_as_such_and_the_last_day_of_the_calendar_as_itself(
    home: Home,
) -> None:
    sql = (
        "SELECT day, day::TIMESTAMP, day::TIMESTAMPTZ, {'of': day}, number FROM (VALUES "
        "('infinity'::DATE, 1), ('-infinity'::DATE, 2), (DATE '9999-12-31', 3), "
        "(DATE '2025-01-31', 4), (NULL, 5)) AS days(day, number) ORDER BY number;"
    )
    found = asked(home, sql)

    assert [row[:2] for row in found.rows] == [
        ["infinity", "infinity"], ["-infinity", "-infinity"],
        ["9999-12-31", "9999-12-31T00:00:00"], ["2025-01-31", "2025-01-31T00:00:00"],
        [None, None],
    ]  # fmt: skip
    assert [row[2] for row in found.rows[:2]] == ["infinity", "-infinity"]
    assert found.rows[0][3] == "{'of': infinity}"
    assert [row[4] for row in found.rows] == [1, 2, 3, 4, 5]
    assert found.notes == ["infinity stands for a day without end; isfinite(column) leaves it out"]
    assert asked(home, "SELECT DATE '9999-12-31'").notes == []


@ANSWERED_HERE
def test_what_python_cannot_hold_is_shown_as_duckdb_writes_it(home: Home) -> None:
    sql = (
        "SELECT INTERVAL '3 months 5 days', [INTERVAL '1 year', NULL], "
        "'2025-01-31 00:00:00.123456789'::TIMESTAMP_NS, DATE '290000-01-01', TIME '24:00:00', "
        "'nan'::DOUBLE, '-inf'::FLOAT, 2::HUGEINT ** 100, 1.005::DECIMAL(9,3), '\\x00a'::BLOB"
    )

    assert asked(home, sql).rows == [[
        "3 months 5 days", "[1 year, NULL]", "2025-01-31 00:00:00.123456789", "290000-01-01",
        "24:00:00", "nan", "-inf", 2.0**100, "1.005", "0061",
    ]]  # fmt: skip


@ANSWERED_HERE
def test_a_row_that_is_another_the_second_time_is_left_and_the_doubt_is_said(home: Home) -> None:
    found = asked(home, "SELECT INTERVAL '1 month', (random() * 1e9)::BIGINT AS n")

    assert found.rows[0][0] == "30 days, 0:00:00"
    assert "months may be shown as 30 days" in found.notes[0]


@pytest.mark.slow
def test_one_row_of_any_size_is_carried_and_its_values_are_cut(home: Home) -> None:
    columns = ", ".join(f"repeat('é', 10000) AS c{number}" for number in range(400))
    found = asked(home, f"SELECT {columns} FROM range(3)", limit=3)

    assert found.row_count >= 1
    assert {len(cell) for cell in found.rows[0]} == {626}
    assert "longer than 625 characters were cut" in found.notes[0]
    assert asked(home, "SELECT range(100000)").rows[0][0].startswith("[0, 1, 2, ")


@ANSWERED_HERE
def test_more_rows_than_the_limit_are_cut_and_said(home: Home) -> None:
    sql = "SELECT person_id FROM patients ORDER BY 1"

    first, second = asked(home, sql, limit=3), asked(home, sql, limit=3, offset=3)

    assert [row[0] for row in first.rows] == [101, 201, 301]
    assert [row[0] for row in second.rows] == [401, 501, 601]
    assert first.truncated
    assert first.row_count == 3
    assert not asked(home, sql, limit=500, offset=500).truncated
    assert asked(home, sql, offset=5000).rows == []


@ANSWERED_HERE
def test_a_long_value_is_cut_and_said(home: Home) -> None:
    found = asked(home, "SELECT repeat('a', 20000)")

    assert len(found.rows[0][0]) == 10_001
    assert "were cut" in found.notes[0]


@ANSWERED_HERE
def test_an_answer_of_many_bytes_is_cut_and_said(home: Home) -> None:
    found = asked(home, "SELECT repeat('é', 9000) FROM range(500)", limit=500)

    assert found.truncated
    assert 10 < found.row_count < 100
    assert "left out" in found.notes[0]


@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "```sql\nSELECT 7 AS a;\n```",
        "```\nSELECT 7 AS a\n```;",
        " ~~~SQL\nSELECT 7 AS a\n~~~ \n",
        "```sql SELECT 7 AS a```",
        "`SELECT 7 AS a;`",
        "SELECT 7 AS a;;\n",
    ],
)
def test_a_query_inside_a_fence_of_markdown_is_asked_without_it(home: Home, sql: str) -> None:
    assert asked(home, sql).rows == [[7]]


@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "Here it is:\n```sql\nSELECT 7\n```",
        "```sql\nSELECT 7\n```\nThis counts.",
        "```sql\nSELECT 7",
        "```\nSELECT 7\n```\n```\nSELECT 8\n```",
    ],
)
def test_words_beside_a_fence_are_answered_with_what_to_send(home: Home, sql: str) -> None:
    assert "send the one SELECT alone, without words" in refused(home, sql)


@ANSWERED_HERE
def test_a_fence_inside_a_text_of_a_query_is_a_text(home: Home) -> None:
    assert asked(home, "SELECT '```sql' AS a").rows == [["```sql"]]


@pytest.mark.slow
@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "SHOW TABLES",
        "DESCRIBE patients",
        "SUMMARIZE patients",
        "FROM patients LIMIT 1",
        "EXPLAIN SELECT * FROM patients",
        "EXPLAIN ANALYZE SELECT * FROM patients",
        "WITH p AS (SELECT * FROM patients) SELECT count(*) FROM p",
        "PIVOT patients ON gender IN ('M', 'F') USING count(*)",
        "SELECT * FROM information_schema.columns LIMIT 1",
        "SELECT * FROM duckdb_tables()",
        "SELECT * FROM healthsim_columns",
        "SELECT * FROM range(3)",
        "SELECT unnest([1, 2])",
        "-- a remark\nSELECT 1;",
        "SELECT 'read_csv(duckdb_settings)'",
    ],
)
def test_every_way_to_read_is_open(home: Home, sql: str) -> None:
    assert asked(home, sql).rows


@pytest.mark.slow
@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO patients SELECT * FROM patients",
        "UPDATE patients SET gender = 'X'",
        "DELETE FROM patients",
        "DROP TABLE patients",
        "CREATE TABLE x AS SELECT 1",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE MACRO x() AS 1",
        "WITH x AS (DELETE FROM patients RETURNING 1) SELECT * FROM x",
        "EXPLAIN ANALYZE DELETE FROM patients",
        "COPY patients TO 'x.csv'",
        "EXPORT DATABASE 'x'",
        "ATTACH 'x.duckdb'",
        "DETACH scenario",
        "SET threads = 1",
        "SET enable_external_access = true",
        "RESET memory_limit",
        "USE memory",
        "PRAGMA database_list",
        "PRAGMA enable_profiling",
        "CALL duckdb_settings()",
        "CHECKPOINT",
        "VACUUM",
        "BEGIN",
        "PREPARE x AS SELECT 1",
        "INSTALL httpfs",
        "LOAD json",
    ],
)
def test_whatever_is_not_reading_is_refused(home: Home, sql: str) -> None:
    before = (home.scenarios / "small.duckdb").read_bytes()

    assert "SELECT" in refused(home, sql)
    assert (home.scenarios / "small.duckdb").read_bytes() == before


@pytest.mark.slow
@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM 'x.parquet'",
        "SELECT * FROM 'https://example.com/x.csv'",
        "SELECT * FROM query('SELECT * FROM duckdb_settings()')",
        "SELECT (SELECT max(content) FROM read_text('/etc/passwd'))",
        "SELECT * FROM parquet_scan('x')",
        "SELECT * FROM sniff_csv('x')",
    ],
)
def test_files_are_out_of_reach(home: Home, sql: str) -> None:
    refused(home, sql)


@pytest.mark.slow
@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM duckdb_databases()",
        "SELECT * FROM duckdb_databases",
        "SELECT * FROM duckdb_settings()",
        "SELECT count(*) FROM patients WHERE 1 IN (SELECT 1 FROM duckdb_settings)",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pg_catalog.pg_settings",
        "SELECT current_setting('temp_directory')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM duckdb_temporary_files()",
        "SELECT * FROM pragma_user_agent()",
        "SELECT * FROM which_secret('x', 's3')",
        "SELECT json_serialize_plan('SELECT * FROM duckdb_databases()')",
        "SELECT JSON_Serialize_Plan('SELECT getenv(''HOME'')', optimize := true)",
    ],
)
def test_paths_and_settings_of_the_server_are_hidden(home: Home, sql: str) -> None:
    refused(home, sql)


@ANSWERED_HERE
def test_no_system_view_that_is_open_shows_the_servers_folder(home: Home) -> None:
    for view in ("duckdb_tables", "duckdb_columns", "duckdb_views", "duckdb_schemas"):
        shown = asked(home, f"SELECT * FROM {view}()", limit=500)
        assert str(home.folder) not in str(shown.rows)


@pytest.mark.slow
def test_a_query_does_no_more_in_a_process_of_its_own(home: Home) -> None:
    before = (home.scenarios / "small.duckdb").read_bytes()

    assert "SELECT" in refused(home, "DELETE FROM patients")
    assert "SELECT" in refused(home, "SET enable_external_access = true")
    refused(home, "SELECT * FROM read_text('/etc/passwd')")
    refused(home, "SELECT * FROM duckdb_settings()")
    with pytest.raises(Refused):
        query(home, "small", f"SELECT * FROM '{home.scenarios}/large.duckdb'", "large")
    assert asked(home, "SUMMARIZE patients").rows
    assert (home.scenarios / "small.duckdb").read_bytes() == before


@ANSWERED_HERE
@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "", "   ", "-- only a remark"])
def test_exactly_one_statement_is_wanted(home: Home, sql: str) -> None:
    assert "send exactly one SELECT" in refused(home, sql)


@pytest.mark.slow
@ANSWERED_HERE
def test_a_wrong_table_or_column_suggests_near_ones(home: Home) -> None:
    assert "did you mean 'patients'?" in refused(home, "SELECT * FROM patient")
    assert "did you mean 'charge_usd'" in refused(home, "SELECT charge FROM encounters")
    assert "tables here: " in refused(home, "SELECT * FROM zzz")
    assert "syntax error" in refused(home, "SELEC 1")


@ANSWERED_HERE
def test_a_pivot_without_values_says_what_to_add(home: Home) -> None:
    assert "IN (values)" in refused(home, "PIVOT patients ON gender USING count(*)")


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE t AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
        "SELECT count(*) FROM range(1000000) AS a, range(10000000) AS b",
        pytest.param(
            "SELECT a.range FROM range(1000000) a, range(10000000) b WHERE a.range + b.range < 0",
            marks=pytest.mark.proof,
        ),
    ],
)
def test_an_endless_query_is_stopped_at_its_deadline(home: Home, sql: str) -> None:
    begun = time.monotonic()

    with pytest.raises(Refused, match=r"more than 0\.3 seconds and was stopped; filter"):
        query(home, "small", sql, seconds=0.3)

    assert time.monotonic() - begun < PATIENCE  # by itself it would take days


@pytest.mark.slow
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('a', 3000000000)",
        pytest.param("SELECT length(repeat('a', 3000000000))", marks=pytest.mark.proof),
        "SELECT list(a.range) FROM range(100000000) AS a",
        pytest.param(
            "SELECT * FROM range(1000000) a, range(1000000) b ORDER BY hash(a.range)",
            marks=pytest.mark.proof,
        ),
        pytest.param(
            "SELECT string_agg(repeat('x', 1000000)) FROM range(10000)", marks=pytest.mark.proof
        ),
    ],
)
def test_a_query_that_eats_memory_is_refused_and_the_server_lives(home: Home, sql: str) -> None:
    begun = time.monotonic()

    assert "memory" in refused(home, sql) or "seconds" in refused(home, sql)

    assert time.monotonic() - begun < PATIENCE
    assert asked(home, "SELECT 1").rows == [[1]]


def test_a_very_long_statement_is_refused(home: Home) -> None:
    assert "use at most 20,000" in refused(home, "SELECT 1" + " " * 20_000)


def test_an_unknown_scenario_suggests_near_ones(home: Home) -> None:
    with pytest.raises(NotFound, match="did you mean 'small'"):
        query(home, "smal", "SELECT 1")


def test_a_name_with_a_way_out_is_refused(home: Home) -> None:
    with pytest.raises(Refused, match="not a scenario name"):
        query(home, "../small", "SELECT 1")


@pytest.mark.slow
@pytest.mark.parametrize("kept", [0, 3_000, 20_000])
def test_a_file_that_is_cut_short_is_explained_by_its_name(
    home: Home, tmp_path: Path, kept: int
) -> None:
    path = tmp_path / "cut.duckdb"
    path.write_bytes((home.scenarios / "small.duckdb").read_bytes()[:kept])

    with pytest.raises(StorageError) as caught:
        query_file(path, "SELECT sum(charge_usd) FROM encounters")

    assert caught.value.problem.where == "cut.duckdb"
    assert str(tmp_path) not in str(caught.value)


def test_the_process_imports_neither_numpy_nor_the_package_of_duckdb_nor_healthsim() -> None:
    code = (
        "import runpy, sys\n"
        f"runpy.run_path({str(confined._SANDBOX)!r})\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('numpy', 'pydantic', 'pyarrow', 'duckdb', 'healthsim')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_the_process_ends_itself_if_nobody_ends_it(home: Home) -> None:
    seen = list(judge(home.scenarios / "small.duckdb"))
    request = (
        f'{{"path": "{home.scenarios / "small.duckdb"}", "limit": 1, "offset": 0, "seconds": 0,'
        f' "seen": [{seen}],'
        ' "sql": "SELECT count(*) FROM range(1000000) a, range(10000000) b"}'
    )
    done = subprocess.run(
        [sys.executable, "-P", str(confined._SANDBOX)], input=request, text=True, timeout=PATIENCE
    )

    assert done.returncode == confined._LATE


def test_a_process_that_ended_itself_at_its_deadline_is_said_to_have_run_too_long(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = home.folder / "late.py"
    program.write_text(f"import sys\nsys.stdin.read()\nsys.exit({confined._LATE})\n")
    monkeypatch.setattr(confined, "_SANDBOX", program)

    assert "ran for more than" in refused(home, "SELECT 1")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="files in use cannot be replaced there")
def test_a_scenario_can_be_replaced_while_it_is_asked(home: Home) -> None:
    kept_run(home.scenarios / "again.duckdb", count=10)
    kept_run(home.scenarios / "other.duckdb", count=20)
    assert query(home, "again", "SELECT count(*) FROM patients").rows == [[10]]
    (home.scenarios / "other.duckdb").replace(home.scenarios / "again.duckdb")

    assert query(home, "again", "SELECT count(*) FROM patients").rows == [[20]]


@pytest.mark.slow
def test_an_instant_with_a_zone_is_shown_in_universal_time(home: Home) -> None:
    found = asked(
        home,
        "SELECT TIMESTAMPTZ '2020-01-01 00:00:00+02', [TIMESTAMPTZ '2020-07-01 00:00:00+00'], "
        "now() > TIMESTAMPTZ '2020-01-01 00:00:00+00'",
    )

    assert found.rows == [["2019-12-31T22:00:00+00:00", ["2020-07-01T00:00:00+00:00"], True]]
    assert len(asked(home, "SELECT now(), current_timestamp").rows) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT INTERVAL 3000000 YEAR", "a value too large to show"),
        ("SELECT " + "[" * 80 + "1" + "]" * 80, "levels of nesting; cast"),
        ("SELECT " + "[" * 120 + "1" + "]" * 120, "nest"),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "nest|depth"),
        ("SELECT '\ud800'", "lone surrogate"),
    ],
)
def test_what_cannot_be_shown_is_said_truly(home: Home, sql: str, found: str) -> None:
    said = refused(home, sql)

    assert re.search(found, said)
    assert not re.search("memory|Traceback|site-packages|inside", said)


def test_two_scenarios_are_joined_in_one_query(home: Home) -> None:
    found = query(
        home, "small",
        "SELECT count(*), count(p.person_id), sum(CASE WHEN p = o THEN 1 ELSE 0 END) "
        "FROM other.patients o LEFT JOIN patients p USING (person_id)", "large",
    )  # fmt: skip

    assert found.rows == [[1200, 1000, 1000]]


@pytest.mark.slow
@ANSWERED_HERE
def test_a_run_is_queried_by_its_run_id(home: Home) -> None:
    record = generate.start(home, PROFILE, [], SmallEngine())
    generate.join(home, record.run_id, PATIENCE)

    found = query(home, "small", "SELECT count(*) FROM other.patients", record.run_id)

    assert found.rows == [[100]]
    assert query(home, record.run_id, "SELECT count(*) FROM patients").rows == [[100]]


@pytest.mark.slow
@ANSWERED_HERE
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM other.patients; SELECT 2",
        "DELETE FROM other.patients",
        "CREATE TABLE other.x (a INTEGER)",
        "INSERT INTO other.plans VALUES ('x')",
        "ATTACH 'medium.duckdb' AS third",
        "DETACH other",
        "USE other",
        "COPY other.patients TO 'x.csv'",
        "SELECT * FROM read_csv('x.csv'), other.patients",
        "SELECT * FROM '{folder}/large.duckdb'",
        "SELECT * FROM read_text('{folder}/large.duckdb')",
        "SELECT * FROM other.duckdb_settings()",
        "SELECT * FROM duckdb_databases(), other.plans",
        "SELECT current_setting('temp_directory') FROM other.plans",
        "SET enable_external_access = true",
    ],
)
def test_a_second_scenario_opens_nothing_else(home: Home, sql: str) -> None:
    before = (home.scenarios / "large.duckdb").read_bytes()
    with pytest.raises(Refused) as caught:
        query(home, "small", sql.format(folder=home.scenarios), "large")

    assert str(home.folder) not in str(caught.value)
    assert (home.scenarios / "large.duckdb").read_bytes() == before


@pytest.mark.slow
def test_a_view_of_a_hostile_second_file_reads_no_other_file(home: Home, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden words")
    mine = Home(tmp_path)
    for name in ("good", "bad"):
        kept_run(mine.ensure(mine.scenarios) / f"{name}.duckdb", count=10)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{mine.scenarios / 'bad.duckdb'}' AS f")
        connection.execute(f"CREATE VIEW f.leak AS SELECT * FROM read_text('{secret}')")

    with pytest.raises(StorageError, match="it has a view, 'leak'") as caught:
        query(mine, "good", "SELECT content FROM other.leak", "bad")
    assert "hidden words" not in str(caught.value)


def test_a_second_scenario_that_is_the_first_damaged_or_not_there_is_said(
    home: Home, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="is 'small' itself"):
        query(home, "small", "SELECT 1", "small")
    with pytest.raises(NotFound, match="did you mean 'large'"):
        query(home, "small", "SELECT 1", "larg")
    with pytest.raises(Refused, match="not a scenario name"):
        query(home, "small", "SELECT 1", "../small")
    (home.scenarios / "cut.duckdb").write_bytes(b"x" * 5000)
    try:
        with pytest.raises(StorageError, match=r"cut\.duckdb: it is not a DuckDB file"):
            query(home, "small", "SELECT 1", "cut")
    finally:
        (home.scenarios / "cut.duckdb").unlink()


@ANSWERED_HERE
def test_a_misspelt_table_of_the_second_scenario_is_suggested(home: Home) -> None:
    with pytest.raises(Refused, match="patients"):
        query(home, "small", "SELECT count(*) FROM other.patient", "large")
