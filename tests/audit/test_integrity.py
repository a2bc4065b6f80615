from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import duckdb
import pytest

from audit.arms_appointments import OF_APPOINTMENTS
from audit.arms_medicines import OF_MEDICINES
from audit.arms_stays import OF_WATCHED_STAYS
from audit.bed_tampering import OF_STAYS
from audit.benefit_tampering import OF_BENEFITS
from audit.body_tampering import OF_BODIES
from audit.chart_tampering import OF_CHARTS, OF_RELATIVES, OF_SCREENINGS
from audit.confirmed_tampering import OF_DEATHS, OF_TESTS
from audit.facility_tampering import OF_FACILITIES
from audit.hour_tampering import OF_HOURS
from audit.illness_sign_tampering import OF_SIGNS
from audit.note_finding_tampering import OF_NOTE_FINDINGS
from audit.note_list_tampering import OF_NOTE_LISTS
from audit.note_tampering import OF_NOTES, OF_SOURCES
from audit.order_tampering import OF_ORDERS
from audit.people_tampering import OF_PEOPLE
from audit.pharmacy_tampering import OF_PHARMACY
from audit.problem_tampering import OF_PROBLEMS
from audit.reading_tampering import OF_READINGS
from audit.result_tampering import OF_RESULTS
from audit.scenes import Scenario, few_by_all, opened
from audit.stay_tampering import OF_GROUPS
from audit.tampering import CHANGES, Tampering
from audit.treatment_tampering import OF_TRANSFUSIONS, OF_TREATMENTS
from audit.trial_tampering import OF_TRIALS
from audit.ward_tampering import OF_WARDS
from healthsim.audit import coding, days, identity, integrity
from healthsim.audit.rules import AnyRule
from healthsim.errors import NotFound, StorageError
from healthsim.persistence.database import open_write, quoted
from stand_ins import ask_few_rules
from storing import spec, stored

FAMILIES = (
    "nothing after death", "nothing before birth", "within the data", "on the day of its event",
    "during its encounter", "an NPI that is never issued", "a known code", "a number never issued",
    "one number for one person", "nobody shares", "a telephone of fiction", "a mailbox of nobody",
    "a payer number of nobody", "a routing number of nobody", "a tax number of nobody",
    "a code of the person's sex", "codes that may stand together", "a code of its day",
    "a household lives", "a person is of the household", "a newborn ", "parents are older",
    "a subscriber ", "a child holds", "a pregnancy ends", "names differ within a household",
    "a birth ends", "who is born in a stay", "a local time exists", "billing edit: ",
)  # fmt: skip
"""Rules that are one sentence about several columns; the others are each changed by themselves."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    folder = tmp_path_factory.mktemp("audited")
    with opened(folder, spec("every-event-adults"), spec("every-event")) as scenario:
        yield scenario


@pytest.fixture
def scenario(made: Scenario) -> Iterator[Scenario]:
    """A scenario in which every change is undone."""
    made.connection.execute("BEGIN")
    yield made
    made.connection.execute("ROLLBACK")


def is_of_a_family(rule: AnyRule) -> bool:
    return rule.name.startswith(FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "by_all"),
    few_by_all([*CHANGES, *OF_STAYS, *OF_PHARMACY, *OF_ORDERS, *OF_WARDS]),
)
def test_a_changed_row_is_told_by_its_rule_and_no_other(
    made: Scenario, change: Tampering, by_all: bool
) -> None:
    assert made.tried(change, by_all=by_all) == set(change.breaks)


def test_every_rule_is_seen_to_fail() -> None:
    changed = {
        name
        for change in (
            *CHANGES,
            *OF_STAYS,
            *OF_TREATMENTS,
            *OF_TRANSFUSIONS,
            *OF_PHARMACY,
            *OF_ORDERS,
            *OF_WARDS,
            *OF_TRIALS,
            *OF_BODIES,
            *OF_PROBLEMS,
            *OF_CHARTS,
            *OF_RELATIVES,
            *OF_SCREENINGS,
            *OF_FACILITIES,
            *OF_HOURS,
            *OF_NOTES,
            *OF_SOURCES,
            *OF_NOTE_FINDINGS,
            *OF_PEOPLE,
            *OF_GROUPS,
            *OF_BENEFITS,
            *OF_TESTS,
            *OF_DEATHS,
            *OF_RESULTS,
            *OF_SIGNS,
            *OF_NOTE_LISTS,
            *OF_READINGS,
        )
        for name in change.breaks
    }
    changed |= {arm.rule for arm in (*OF_MEDICINES, *OF_APPOINTMENTS, *OF_WATCHED_STAYS)}
    unseen = [rule.name for rule in integrity.NAMED if rule.name not in changed]

    assert [name for name in unseen if not name.startswith(FAMILIES)] == []


def test_no_two_rules_share_a_name(made: Scenario) -> None:
    names = [rule.name for rule in made.rules]

    assert len(set(names)) == len(names)


def family_told(scenario: Scenario, *starts: str) -> None:
    """Every rule of a family must tell."""
    assert scenario.silent(*starts) == set()


def test_what_happens_to_the_dead_is_told(scenario: Scenario) -> None:
    for table, _, column in (one for one in days.SERVED if scenario.has(one[0])):
        scenario.connection.execute(
            f"UPDATE {table} SET {column} = DATE '9000-01-01' WHERE person_id IN "
            "(SELECT person_id FROM patients WHERE death_date IS NOT NULL)"
        )
    family_told(scenario, "nothing after death")


def test_what_happens_to_the_unborn_is_told(scenario: Scenario) -> None:
    for table, _, column in (one for one in days.SERVED if scenario.has(one[0])):
        scenario.connection.execute(f"UPDATE {table} SET {column} = DATE '1800-01-01'")
    family_told(scenario, "nothing before birth")


def test_what_lies_outside_the_data_is_told(scenario: Scenario) -> None:
    scenario.connection.execute("UPDATE temp.data_days SET through = DATE '1800-01-01'")
    family_told(scenario, "within the data")


def test_what_is_not_dated_as_its_event_is_told(scenario: Scenario) -> None:
    scenario.connection.execute("UPDATE events SET event_date = event_date - 1")
    family_told(scenario, "on the day of its event")


def test_what_is_not_done_during_its_encounter_is_told(scenario: Scenario) -> None:
    scenario.connection.execute("UPDATE encounters SET end_at = start_at - INTERVAL 9 DAY, "
                                "start_at = start_at - INTERVAL 9 DAY")  # fmt: skip
    family_told(scenario, "during its encounter")


@pytest.mark.slow
@pytest.mark.parametrize("npi", [
    1234567893,
    *(pytest.param(npi, marks=pytest.mark.proof) for npi in (2000000001, 20)),
])  # fmt: skip
def test_a_provider_number_that_could_be_somebodys_is_told(scenario: Scenario, npi: int) -> None:
    """`audit/arms_identity.py` has all that a number may not be, of one column."""
    for table, column in identity.NPI_COLUMNS:
        scenario.connection.execute(f"UPDATE {table} SET {column} = {npi}")
    family = scenario.of("an NPI")
    told = scenario.told(family)
    assert told.keys() == {rule.name for rule in family} != set()
    assert set(told.values()) == {1}, "a number is told once, in however many rows it stands"


def test_a_code_of_no_book_is_told(scenario: Scenario) -> None:
    for table, _, column, _ in (one for one in coding.BOOKS if scenario.has(one[0])):
        scenario.connection.execute(f"UPDATE {table} SET {column} = 'ZZZ'")
    family_told(scenario, "a known code")


def test_a_code_on_a_day_before_it_was_valid_is_told(scenario: Scenario) -> None:
    for table in ("encounter_diagnoses", "claim_diagnoses"):
        scenario.connection.execute(f"UPDATE {table} SET code = 'E66.811'")
    scenario.connection.execute("UPDATE encounters SET end_at = TIMESTAMP '2020-01-01'")
    scenario.connection.execute("UPDATE claims SET through_date = DATE '2020-01-01'")
    family_told(scenario, "a code of its day")


def test_numbers_and_mailboxes_that_could_be_somebodys_are_told(scenario: Scenario) -> None:
    for table, column, real in (
        ("patients", "ssn", "123-45-6789"), ("members", "ssn", "900-70-1234"),
        ("rx_members", "ssn", "987-65-4320"), ("patients", "phone", "512-555-1234"),
        ("related_persons", "phone", "512-555-1234"),
        ("patients", "email", "somebody@example.org"), ("members", "member_number", "1EG4TE5MK73"),
        ("rx_members", "cardholder_id", "W123456789"), ("rx_members", "bin", "610014"),
        ("providers", "tin", "74-1234567"), ("facilities", "tin", "74-1234567"),
    ):  # fmt: skip
        scenario.connection.execute(f"UPDATE {table} SET {column} = '{real}'")
    family_told(
        scenario, "a number never issued", "a telephone", "a mailbox", "a payer number",
        "a routing number", "a tax number",
    )  # fmt: skip


def test_numbers_that_two_people_share_are_told(scenario: Scenario) -> None:
    for table, column in (
        ("patients", "ssn"), ("patients", "mrn"), ("members", "member_number"),
        ("rx_members", "cardholder_id"), ("members", "ssn"), ("rx_members", "ssn"),
    ):  # fmt: skip
        scenario.connection.execute(
            f"UPDATE {table} SET {column} = (SELECT max({column}) FROM {table})"
        )
    scenario.connection.execute("UPDATE patients SET ssn = '900-01-0001'")
    family_told(scenario, "nobody shares", "one number for one person")


def test_codes_of_the_other_sex_and_codes_that_clash_are_told(scenario: Scenario) -> None:
    for table in ("conditions", "encounter_diagnoses", "claim_diagnoses"):
        scenario.connection.execute(f"UPDATE {table} SET code = 'N40.0' WHERE code = 'M17.11'")
        scenario.connection.execute(f"UPDATE {table} SET code = 'I12.9' WHERE code = 'E78.5'")
    family_told(scenario, "a code of the person's sex", "codes that may stand together")


def test_a_doubled_row_is_told_in_every_table(scenario: Scenario) -> None:
    for table in scenario.tables:
        name = quoted(table.name)
        scenario.connection.execute(f"INSERT INTO {name} SELECT * FROM {name} LIMIT 1")
    family_told(scenario, "key ")


@pytest.mark.slow
def test_a_missing_value_is_told_in_every_required_column(scenario: Scenario) -> None:
    for table in scenario.tables:
        for column in table.columns:
            if column.required:
                where = f"{quoted(table.name)} ALTER {quoted(column.name)}"
                scenario.connection.execute(f"ALTER TABLE {where} DROP NOT NULL")
        nulls = ", ".join(f"{quoted(one.name)} = NULL" for one in table.columns if one.required)
        scenario.connection.execute(f"UPDATE {quoted(table.name)} SET {nulls}")
    family_told(scenario, "required ")


@pytest.mark.slow
def test_a_reference_to_nothing_is_told_in_every_column(scenario: Scenario) -> None:
    nobodies = count(-1, -1)  # ids of facilities are small numbers
    for table in scenario.tables:
        for column in table.columns:
            if column.references:
                nobody = "'none'" if column.type == "VARCHAR" else str(next(nobodies))
                scenario.connection.execute(
                    f"UPDATE {quoted(table.name)} SET {quoted(column.name)} = {nobody}"
                )
    family_told(scenario, "reference ")


@pytest.mark.slow
def test_a_reference_to_somebody_elses_record_is_told(scenario: Scenario) -> None:
    family = scenario.of("one person ")
    for rule in family:
        table, column = rule.where.split(" → ")[0].split(".")
        target, key = rule.where.split(" → ")[1].split(".")
        scenario.connection.execute(
            f"UPDATE {table} SET {column} = (SELECT max({key}) FROM {target})"
        )
    family_told(scenario, "one person ")


def test_an_id_without_its_person_is_told(scenario: Scenario) -> None:
    for rule in scenario.of("id holds person "):
        table, key = rule.where.split(".")
        scenario.connection.execute(f"UPDATE {table} SET {key} = {key} + (1::BIGINT << 40)")
    family_told(scenario, "id holds person ")


def test_a_gap_in_numbering_is_told(scenario: Scenario) -> None:
    for rule in scenario.of("numbered "):
        table, number = rule.where.split(".")
        scenario.connection.execute(f"UPDATE {table} SET {number} = {number} + 1")
    family_told(scenario, "numbered ")


def test_decimals_beyond_the_declared_and_negative_money_are_told(scenario: Scenario) -> None:
    for table in scenario.tables:
        for column in table.columns:
            if column.type == "DOUBLE":
                change = f"{quoted(column.name)} = 1.23456789"
            elif column.type == "DECIMAL(12,2)":
                change = f"{quoted(column.name)} = -1"
            else:
                continue
            scenario.connection.execute(f"UPDATE {quoted(table.name)} SET {change}")
    family_told(scenario, "decimals ", "money not negative ")


@pytest.mark.slow
def test_rows_added_or_lost_are_told_against_the_manifest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_few_rules(monkeypatch)
    path = stored(tmp_path, spec("every-event-adults", count=5, detail="core"), spec("every-event"))
    with open_write(path) as connection:
        connection.execute("DELETE FROM referrals")
        connection.execute("ALTER TABLE vital_signs DROP COLUMN unit")

    told = {one.check: one for one in integrity.check(path) if one.rows}

    assert told["rows of the manifest referrals"].rows == 5
    assert told["every table and column is there"].where == "tables (vital_signs)"


def test_a_finding_names_a_row_and_says_how_to_mend_it(scenario: Scenario) -> None:
    scenario.connection.execute("UPDATE claims SET paid_date = received_date - 1")

    (told,) = integrity.run_rules(
        scenario.connection, scenario.of("served, then received"), scenario.tables
    )

    assert told.where.startswith("claims.received_date (claim_id ")
    assert "execute_spec" in told.mend


@pytest.mark.slow
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")

    with pytest.raises(StorageError, match="not a scenario"):
        integrity.check(tmp_path / "other.duckdb")
    with pytest.raises(NotFound):
        integrity.check(tmp_path / "none.duckdb")


@pytest.mark.slow
def test_a_kidney_that_fails_is_coded_anew_with_each_of_the_stages_it_went_through(
    tmp_path: Path,
) -> None:
    profile = spec("every-event-adults") | {
        "count": 20, "products": ["patientsim"], "detail": "core",
        "clinical": {"primary": {"code": "N18.31", "onset": {"years_before": 2}},
                     "comorbidities": [{"code": "I10", "share": 1}]},
        "attributes": {},
    }  # fmt: skip
    profile.pop("coverage", None)
    steps = [
        {
            "do": "event",
            "id": f"stage_{place}",
            "type": "diagnosis",
            "at": 30 * place,
            "details": {"code": code},
        }
        for place, code in enumerate(("N18.4", "N18.6"), 1)
    ]
    journey = {"kind": "journey", "name": "fails", "duration_days": 200,
               "phases": [{"name": "all", "steps": steps}]}  # fmt: skip
    with opened(tmp_path, profile, journey) as scenario:
        rules = scenario.about("conditions", "encounter_diagnoses")
        held = scenario.connection.execute(
            "SELECT DISTINCT code, status FROM conditions ORDER BY code"
        ).fetchall()

        assert len(rules) > 40
        assert scenario.told(rules) == {}
    assert held == [
        ("I10", "resolved"), ("I12.0", "active"), ("I12.9", "resolved"), ("N18.31", "resolved"),
        ("N18.4", "resolved"), ("N18.6", "active"),
    ]  # fmt: skip


def test_a_condition_that_was_over_still_excludes_what_was_held_beside_it(
    scenario: Scenario,
) -> None:
    name = "codes that may stand together conditions.code"
    rules = [rule for rule in scenario.rules if rule.name == name]
    before = scenario.told(rules).get(name, 0)
    person, onset = scenario.connection.execute(
        "SELECT person_id, onset_date FROM conditions WHERE code LIKE 'E11%' LIMIT 1"
    ).fetchall()[0]
    scenario.connection.execute(
        "INSERT INTO conditions BY NAME SELECT * REPLACE (condition_id + 1 AS condition_id, "
        "'E10.9' AS code, DATE '2099-01-01' AS abatement_date, 'resolved' AS status) "
        "FROM conditions WHERE person_id = ? AND onset_date = ? AND code LIKE 'E11%'",
        [person, onset],
    )

    assert scenario.told(rules).get(name, 0) > before
