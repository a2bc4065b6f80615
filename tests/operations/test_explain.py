"""Why a row of a saved scenario is there, and what is answered where it cannot be said."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from healthsim import ENGINE
from healthsim.errors import NotFound, Refused, StorageError
from healthsim.operations.explaining.explain import RowExplained, explain_row
from healthsim.operations.home import Home
from healthsim.products.catalogue import TABLES
from operations import saved_runs

pytestmark = pytest.mark.slow

EACH = 3
"""Rows of a table that are looked at."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("home")
    for run in saved_runs.RUNS:
        saved_runs.put(folder, run)
    return Home(folder)


def _rows(home: Home, name: str, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.scenarios / f"{name}.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def _keys(home: Home, name: str, table: str, key: tuple[str, ...], where: str = "") -> list[str]:
    columns = ", ".join(f'CAST("{column}" AS VARCHAR)' for column in key)
    sql = f"SELECT {columns} FROM {table} {where} ORDER BY hash({columns}) LIMIT {EACH}"
    return [",".join(row) for row in _rows(home, name, sql)]


def _one(home: Home, name: str, table: str, where: str = "") -> RowExplained:
    key = next(one.key for one in TABLES if one.name == table)
    return explain_row(home, name, table, _keys(home, name, table, key, where)[0])


def test_a_lab_is_traced_to_its_step_its_beat_its_day_and_its_state(home: Home) -> None:
    second = "SELECT event_id FROM events WHERE step = 'a1c' AND occurrence = 2"
    explained = _one(home, "diabetes", "lab_results", f"WHERE event_id IN ({second})")
    reasons = explained.reasons

    assert reasons.made_by[0].startswith("journeys[diabetic-first-year].phases[")
    assert "[a1c]: a1c: lab (" in reasons.made_by[0]
    assert any(line.startswith("in beat 2 of quarter") for line in reasons.because)
    assert any("the state a1c is " in line for line in reasons.because)


def test_a_condition_of_the_profile_is_the_uniform_below_its_share(home: Home) -> None:
    explained = _one(home, "diabetes", "conditions", "WHERE code = 'E78.5' AND event_id IS NULL")
    line = next(line for line in explained.reasons.because if line.startswith("share: uniform"))
    figures = [float(figure) for figure in re.findall(r"\d\.\d+", line)]

    assert explained.reasons.made_by[0].startswith("profile.clinical.comorbidities[E78.5]")
    assert " < " in line
    assert figures[0] < figures[-1]


def test_a_vital_sign_that_no_journey_states_says_that_it_is_usual_in_its_class(home: Home) -> None:
    keys = _keys(home, "babies", "vital_signs", ("vital_sign_id",),
                 "WHERE event_id IS NULL AND loinc = '8867-4'")  # fmt: skip
    told = explain_row(home, "babies", "vital_signs", keys[0])

    assert any("usual in encounters of class" in reason for reason in told.reasons.because)


def test_a_code_of_size_at_birth_says_the_weight_and_the_week(home: Home) -> None:
    keys = _keys(home, "babies", "conditions", ("condition_id",), "WHERE code LIKE 'P0%' "
                 "AND NOT regexp_matches(code, 'P07.2|P07.3|P08.1')")  # fmt: skip
    told = explain_row(home, "babies", "conditions", keys[0])

    assert any(re.search(r"\d+ g at \d\d\.\d weeks", reason) for reason in told.reasons.because)


def test_a_condition_under_a_combination_code_names_the_rule_that_combined_it(home: Home) -> None:
    explained = _one(home, "diabetes", "conditions", "WHERE code IN ('I12.9', 'E11.22', 'I12.0')")

    assert "is coded" in explained.reasons.because[0]
    assert "ICD-10-CM" in explained.reasons.because[0]


def test_the_amounts_of_a_line_follow_from_the_factors_that_are_told(home: Home) -> None:
    for key in _keys(home, "diabetes", "claim_lines", ("claim_id", "line"), "WHERE pos = '11'"):
        explained = explain_row(home, "diabetes", "claim_lines", key)
        line = next(one for one in explained.reasons.because if one.startswith("allowed "))
        allowed, units, base, index, price, level = (
            float(figure.replace(",", "")) for figure in re.findall(r"[\d,]*\.?\d+", line)
        )

        assert allowed == explained.row["allowed_usd"]
        assert units * round(base * 100 * index * price * level) / 100 == pytest.approx(
            allowed, abs=0.02 * units
        )


def test_what_was_met_before_and_the_own_share_add_up_over_a_year(home: Home) -> None:
    explained = _one(home, "diabetes", "claim_lines", "WHERE deductible_usd > 0 AND line > 1")
    deductible = next(x for x in explained.reasons.because if x.startswith("deductible "))
    here, limit, before = (
        float(figure.replace(",", "")) for figure in re.findall(r"[\d,]+\.\d\d", deductible)[:3]
    )

    assert here == explained.row["deductible_usd"]
    assert here + before <= limit


def test_a_fill_says_its_price_its_tier_and_what_was_met_before(home: Home) -> None:
    explained = _one(home, "diabetes", "fills", "WHERE status = 'paid' AND fill_number > 0")
    told = " | ".join(explained.reasons.because)

    assert f"ingredient cost {explained.row['ingredient_cost_usd']:,.2f}: " in told
    assert "refill " in told
    assert f"phase {explained.row['benefit_phase']}" in told


def test_an_arm_names_its_stratum_block_and_place(home: Home) -> None:
    explained = _one(home, "trial", "subjects", "WHERE arm IS NOT NULL")
    line = next(line for line in explained.reasons.because if line.startswith("arm "))

    assert f"arm {explained.row['arm']}: stratum {explained.row['stratum']}, block " in line
    assert "person number 0 " not in line


def test_an_answer_of_a_screening_shows_the_criterion_and_what_it_saw(home: Home) -> None:
    explained = _one(home, "trial", "eligibility_results")
    kind, criterion = explained.row["kind"], explained.row["criterion"]

    assert f".trial.{kind}[{criterion}]: " in explained.reasons.made_by[0]
    assert explained.reasons.because[0].startswith(f"{kind}[{criterion}] `")


def test_a_newborn_is_traced_to_the_birth_of_the_mother(home: Home) -> None:
    explained = _one(home, "births", "patients", "WHERE mother_person_id IS NOT NULL")

    assert "birth" in explained.reasons.made_by[0]
    assert any(draw[0].endswith("/gender") for draw in explained.reasons.draws)


def test_every_drawn_value_of_a_patient_comes_from_the_uniform_that_is_shown(home: Home) -> None:
    explained = _one(home, "diabetes", "patients")
    draws = {decision: (u, gave) for decision, u, _, gave in explained.reasons.draws}

    assert draws["demographics.gender"][1] == explained.row["gender"]
    assert draws["demographics.race"][1] == explained.row["race"]
    assert all(0 < float(u) < 1 for u, _ in draws.values() if u)


def test_a_row_that_is_not_there_is_answered_with_near_keys(home: Home) -> None:
    (claim, line), *_ = _rows(home, "diabetes", "SELECT claim_id, max(line) FROM claim_lines "
                              "GROUP BY 1 ORDER BY 1")  # fmt: skip
    with pytest.raises(NotFound, match=rf"no such row; did you mean {claim},1"):
        explain_row(home, "diabetes", "claim_lines", f"{claim},{line + 7}")
    with pytest.raises(NotFound, match=rf"did you mean .*{claim}"):
        explain_row(home, "diabetes", "claims", str(claim + 1))


@pytest.mark.parametrize(
    "table",
    [pytest.param("prescriptions", marks=pytest.mark.proof), "encounter_diagnoses", "claims"],
)
def test_a_person_id_as_key_is_answered_with_the_keys_of_this_person(
    home: Home, table: str
) -> None:
    keys = {"prescriptions": "prescription_id", "claims": "claim_id",
            "encounter_diagnoses": "encounter_id || ',' || sequence"}  # fmt: skip
    own = _rows(home, "diabetes", f"SELECT person_id, count(*) FROM {table} GROUP BY 1 ORDER BY 2")
    person = own[-1][0]
    sql = f"SELECT {keys[table]} FROM {table} WHERE person_id = {person}"
    mine = {str(row[0]) for row in _rows(home, "diabetes", sql)}

    with pytest.raises(NotFound, match="this is a person_id, and the key is ") as caught:
        explain_row(home, "diabetes", table, str(person))
    named = caught.value.problem.mend.removeprefix("this person's: ").removesuffix(", ...")
    assert set(named.split(" or ")) <= mine
    assert len(named.split(" or ")) == min(10, len(mine))


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "needs claim_id, line"), ("12", "needs claim_id, line"), ("x,1", "whole number"),
     ("1,2,3", "needs claim_id, line"), ("1' OR 1=1,1", "whole number")],
)  # fmt: skip
def test_a_key_that_is_none_is_refused_with_what_a_key_is(home: Home, key: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        explain_row(home, "diabetes", "claim_lines", key)


def test_a_table_that_is_not_there_is_answered_with_near_names_or_the_product(home: Home) -> None:
    with pytest.raises(NotFound, match="did you mean 'claims'"):
        explain_row(home, "diabetes", "claim", "1")
    with pytest.raises(NotFound, match="made without trialsim"):
        explain_row(home, "diabetes", "subjects", "1")
    with pytest.raises(NotFound, match="did you mean 'diabetes'"):
        explain_row(home, "diabets", "claims", "1")


def _changed(home: Home, name: str, *statements: str) -> None:
    target = home.scenarios / f"{name}.duckdb"
    shutil.copyfile(home.scenarios / "diabetes.duckdb", target)
    with duckdb.connect(str(target)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_scenario_of_another_engine_is_refused_and_says_what_can_be_done(home: Home) -> None:
    _changed(
        home,
        "old",
        """UPDATE healthsim_manifest SET value = '"0.0.7"'
                             WHERE key = 'engine_version'""",
    )
    key = _keys(home, "old", "events", ("event_id",))[0]
    made = rf"made by HealthSim 0\.0\.7, and this is {re.escape(ENGINE)}"
    with pytest.raises(Refused, match=made):
        explain_row(home, "old", "events", key)


def test_a_scenario_whose_imported_data_are_missing_says_what_to_import(home: Home) -> None:
    _changed(
        home,
        "placed",
        """UPDATE healthsim_manifest
                                SET value = '{"places": "0123456789abcdef"}'
                                WHERE key = 'references'""",
    )
    key = _keys(home, "placed", "events", ("event_id",))[0]
    with pytest.raises(Refused, match="healthsim reference import places"):
        explain_row(home, "placed", "events", key)


def test_a_row_that_was_changed_by_hand_is_said_to_differ(home: Home) -> None:
    _changed(home, "edited", "UPDATE lab_results SET value = 99",
             "UPDATE claims SET claim_id = claim_id + 1")  # fmt: skip
    edited = _one(home, "edited", "lab_results")
    moved = _one(home, "edited", "claims")

    assert "differs in value" in edited.note
    assert "the file was changed" in edited.note
    assert "does not come out" in moved.note


def test_a_file_of_an_earlier_healthsim_is_not_said_to_be_changed(home: Home) -> None:
    _changed(home, "earlier", "UPDATE lab_results SET value = 99",
             "ALTER TABLE claims DROP COLUMN decided_date",
             "DELETE FROM healthsim_columns WHERE column_name = 'decided_date'",
             "DROP TABLE claim_codes",
             "DELETE FROM healthsim_columns WHERE table_name = 'claim_codes'")  # fmt: skip

    assert "an earlier HealthSim made the file" in _one(home, "earlier", "lab_results").note
    with pytest.raises(NotFound, match="earlier was made before HealthSim had it"):
        explain_row(home, "earlier", "claim_codes", "1,1")


def test_a_run_is_explained_by_its_run_id(home: Home) -> None:
    run_id = next(path.stem for path in Path(home.runs).glob("run-*.duckdb"))
    with duckdb.connect(str(home.runs / f"{run_id}.duckdb"), read_only=True) as connection:
        (key,) = connection.execute("SELECT person_id FROM patients LIMIT 1").fetchone() or (0,)

    assert explain_row(home, run_id, "patients", str(key)).reasons.because


def test_a_file_that_holds_nonsense_is_answered_and_never_fails_inside(home: Home) -> None:
    _changed(home, "nonsense", "UPDATE plans SET plan_id = 'No such plan'",
             "UPDATE conditions SET code = 'nonsense'",
             "UPDATE fills SET person_id = 999999999")  # fmt: skip

    assert "the file was changed" in _one(home, "nonsense", "plans").note
    assert "differs in code" in _one(home, "nonsense", "conditions").note
    assert "not of this specification" in _one(home, "nonsense", "fills").note


def test_a_file_without_its_specification_is_called_damaged(home: Home) -> None:
    _changed(
        home, "headless", "UPDATE healthsim_manifest SET value = '\"{\"' WHERE key = 'profile'"
    )
    with pytest.raises(StorageError, match="its manifest is incomplete"):
        explain_row(home, "headless", "patients", "101")
