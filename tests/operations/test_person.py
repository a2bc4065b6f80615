"""One person's story: who it is, what happened by day, what belongs to what, and pages of it."""

from __future__ import annotations

import re
import shutil
from datetime import date
from functools import cache
from typing import Any

import duckdb
import pytest

from healthsim.errors import NotFound, Refused, StorageError
from healthsim.operations.home import Home
from healthsim.operations.person import PAGE, PersonShown, show_person
from operations import saved_runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("home")
    for run in ("diabetes", "births", "trial"):
        saved_runs.put(folder, run)
    return Home(folder)


def _rows(home: Home, name: str, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.scenarios / f"{name}.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _busiest(home: Home, name: str) -> int:
    sql = "SELECT person_id FROM events GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    return int(_rows(home, name, sql)[0][0])


@cache
def _all_lines(home: Home, name: str, person: int) -> tuple[Any, ...]:
    """Return every line of a person of a scenario that no test changes."""
    lines: list[Any] = []
    offset: int | None = 0
    while offset is not None:
        shown = show_person(home, name, str(person), offset=offset)
        lines += shown.lines
        offset = shown.following
    assert len(lines) == shown.total
    return tuple(lines)


def test_a_person_is_told_by_age_sex_place_plan_and_conditions(home: Home) -> None:
    person = _busiest(home, "diabetes")
    shown = show_person(home, "diabetes", str(person))
    ((sex, born),) = _rows(
        home, "diabetes", f"SELECT gender, birth_date FROM patients WHERE person_id = {person}"
    )

    assert shown.who["sex"] == sex
    assert shown.who["born"] == str(born)
    assert " on 2025-01-01" in shown.who["age"]
    assert re.search(r", [A-Z][\w' .-]+ (County|Parish), [A-Z]{2}, \d{5}", shown.who["place"])
    assert " from 20" in shown.who["plan"]
    assert re.search(r"E11\.\d+ [A-Z]", shown.who["conditions"]), "with its words"


def test_the_pages_hold_every_encounter_result_fill_and_claim_once_by_day(home: Home) -> None:
    person = _busiest(home, "diabetes")
    lines = _all_lines(home, "diabetes", person)

    assert [line.day for line in lines] == sorted(line.day for line in lines)
    keys = {"encounters": "encounter_id", "lab_results": "lab_result_id", "claims": "claim_id",
            "fills": "fill_id", "prescriptions": "prescription_id",
            "vital_signs": "vital_sign_id"}  # fmt: skip
    for table, key in keys.items():
        stored = _rows(home, "diabetes", f"SELECT {key} FROM {table} WHERE person_id = {person}")
        told = [line.key for line in lines if line.table == table]
        assert sorted(told) == sorted(str(row[0]) for row in stored), table


def test_fills_are_counted_as_pharmacies_say_it_and_amounts_are_dollars(home: Home) -> None:
    lines = _all_lines(home, "diabetes", _busiest(home, "diabetes"))
    fills = [line.what for line in lines if line.table == "fills"]
    claims = [line.what for line in lines if line.table == "claims"]

    assert all(what.startswith(("first fill of ", "refill ")) for what in fills)
    assert any(what.startswith("refill 1 of ") for what in fills)
    assert all(re.search(r"plan \$[\d,]+\.\d\d, own \$[\d,]+\.\d\d$", what) for what in claims)


def test_a_claim_names_its_encounter_and_a_fill_its_prescription(home: Home) -> None:
    lines = _all_lines(home, "diabetes", _busiest(home, "diabetes"))
    keys = {table: {line.key for line in lines if line.table == table}
            for table in ("encounters", "prescriptions")}  # fmt: skip

    assert all(line.of in keys["encounters"] for line in lines if line.table == "claims")
    assert all(line.of in keys["prescriptions"] for line in lines if line.table == "fills")


def test_a_page_is_short_and_says_how_many_lines_there_are(home: Home) -> None:
    shown = show_person(home, "diabetes", str(_busiest(home, "diabetes")))
    text = str([shown.who, [[x.day, x.table, x.what, x.key, x.of] for x in shown.lines]])

    assert len(shown.lines) == PAGE < shown.total
    assert shown.following == PAGE
    assert len(text) <= 4_000


def test_days_can_be_asked_for(home: Home) -> None:
    person = str(_busiest(home, "diabetes"))
    some = show_person(home, "diabetes", person, since="2025-04-01", until="2025-06-30")

    assert some.lines
    assert all("2025-04-01" <= line.day <= "2025-06-30" for line in some.lines)
    assert some.total < show_person(home, "diabetes", person).total


def test_a_mother_gives_birth_and_the_child_says_whose_it_is(home: Home) -> None:
    (child, mother), *_ = _rows(
        home, "births", "SELECT person_id, mother_person_id FROM patients "
        "WHERE mother_person_id IS NOT NULL"
    )  # fmt: skip
    of_child = show_person(home, "births", str(child))
    of_mother = show_person(home, "births", str(mother), since=of_child.lines[0].day).lines

    assert any(line.what.startswith(f"gives birth to person {child}") for line in of_mother)
    assert (of_child.lines[0].what, of_child.lines[0].of) == ("is born", str(mother))
    assert f"{mother} self" in of_child.who["lives_with"]


def test_a_subject_is_screened_randomised_and_visited(home: Home) -> None:
    ((person, usubjid),) = _rows(
        home, "trial", "SELECT person_id, usubjid FROM subjects WHERE arm IS NOT NULL "
        "ORDER BY 1 LIMIT 1"
    )  # fmt: skip
    shown = show_person(home, "trial", usubjid)
    lines = (*shown.lines, *show_person(home, "trial", usubjid, offset=PAGE).lines)
    told = " | ".join(line.what for line in lines)

    assert shown.person_id == person
    assert "arm " in shown.who["trials"]
    assert "criteria satisfied" in told
    assert "randomised to " in told


@pytest.mark.parametrize(
    ("table", "column"), [("patients", "mrn"), ("patients", "ssn"), ("members", "member_number")]
)
def test_a_person_is_found_by_every_number_that_users_see(
    home: Home, table: str, column: str
) -> None:
    ((person, number),) = _rows(
        home, "diabetes", f"SELECT person_id, {column} FROM {table} ORDER BY 1 LIMIT 1 OFFSET 3"
    )

    assert show_person(home, "diabetes", number.lower()).person_id == person


def test_a_person_is_found_by_a_full_name_that_nobody_else_has(home: Home) -> None:
    person, given, family = _rows(
        home, "diabetes", "SELECT any_value(person_id), given_name, family_name FROM patients "
        "GROUP BY 2, 3 HAVING count(*) = 1 ORDER BY 1"
    )[2]  # fmt: skip

    for name in (f"{given} {family}", f"{given.lower()}  {family.upper()}", f"{family}, {given}"):
        assert show_person(home, "diabetes", name).person_id == person


def test_of_a_name_that_several_have_all_are_listed(home: Home) -> None:
    target = home.scenarios / "namesakes.duckdb"
    shutil.copyfile(home.scenarios / "diabetes.duckdb", target)
    with duckdb.connect(str(target)) as connection:
        connection.execute("UPDATE patients SET given_name = 'Patricia', family_name = 'O''Neil' "
                           "WHERE person_id IN (101, 501)")  # fmt: skip

    with pytest.raises(Refused, match="2 people of namesakes have this name") as caught:
        show_person(home, "namesakes", "Patricia O'Neil")
    assert "101 Patricia O'Neil (born " in str(caught.value)
    assert "501 Patricia O'Neil (born " in str(caught.value)
    with pytest.raises(NotFound, match="near: 101 Patricia O'Neil") as caught_near:
        show_person(home, "namesakes", "Patrizia O'Neil")
    assert " 301 " not in str(caught_near.value)


def test_a_name_that_nobody_has_is_answered_with_how_to_find_one(home: Home) -> None:
    with pytest.raises(NotFound, match="SELECT person_id, given_name, family_name FROM patients"):
        show_person(home, "diabetes", "Zebulon Qwertz")


def test_somebody_who_is_not_there_is_answered_with_near_ids(home: Home) -> None:
    ((mrn,),) = _rows(home, "diabetes", "SELECT mrn FROM patients WHERE person_id = 501")
    with pytest.raises(NotFound, match="nobody of diabetes has this id; did you mean 501 or "):
        show_person(home, "diabetes", "5")
    with pytest.raises(NotFound, match="did you mean 3001 or "):
        show_person(home, "diabetes", "999999")
    with pytest.raises(NotFound, match=mrn):
        show_person(home, "diabetes", mrn.replace("MRN", "MRM"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"person": " "}, "is empty"), ({"person": "x" * 200}, "200 characters"),
     ({"since": "soon"}, "give a day such as"), ({"until": "2025-02-30"}, "give a day such as"),
     ({"offset": 10_000}, "leave it out")],
)  # fmt: skip
def test_arguments_that_are_none_are_refused(home: Home, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        show_person(home, "diabetes", **{"person": "101", **asked})


@pytest.mark.parametrize("person", ["101' OR '1'='1", "1; DROP TABLE patients", "٣٣"])
def test_an_id_is_never_read_as_sql(home: Home, person: str) -> None:
    with pytest.raises(NotFound, match="did you mean"):
        show_person(home, "diabetes", person)


def test_a_file_whose_tables_are_not_what_it_says_is_called_damaged(home: Home) -> None:
    broken = home.scenarios / "broken.duckdb"
    shutil.copyfile(home.scenarios / "diabetes.duckdb", broken)
    with duckdb.connect(str(broken)) as connection:
        connection.execute("DROP TABLE encounters")
        connection.execute("CREATE VIEW encounters AS SELECT * FROM read_text('/etc/hostname')")
    with pytest.raises(StorageError, match="it has a view, 'encounters'"):
        show_person(home, "broken", "101")


def test_a_person_without_records_is_still_told(home: Home) -> None:
    quiet = _rows(
        home, "diabetes", "SELECT person_id FROM patients ANTI JOIN encounters USING (person_id)"
    )
    for (person,) in quiet[:1]:
        shown: PersonShown = show_person(home, "diabetes", str(person))
        assert date.fromisoformat(shown.who["born"])
