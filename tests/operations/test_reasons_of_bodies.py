"""Why a body shows what no specification states: set point, formula, and what acts on it."""

from __future__ import annotations

import duckdb
import pytest

from execution.running import event, journey
from execution.test_physiology import adults, ill_with
from healthsim.execution.prepare import prepare
from healthsim.operations import generate, scenarios
from healthsim.operations.explaining.explain import RowExplained, explain_row
from healthsim.operations.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("bodies"))
    takes = event("drug", "prescription", 0, drug="atorvastatin 80 mg tablet", days_supply=90,
                  refills=3, first_fill_share=1, adherence=1)  # fmt: skip
    labs = [event(name, "lab", 100, panel=name) for name in ("cmp", "lipid")]
    job = prepare(adults(3, **ill_with("N18.4")), [journey(takes, *labs)])
    scenarios.save_run(home, generate.run(home, job).run_id, "ill")
    return home


def explained(home: Home, code: str) -> RowExplained:
    with duckdb.connect(str(home.scenarios / "ill.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "SELECT CAST(lab_result_id AS VARCHAR) FROM lab_results WHERE loinc = ? LIMIT 1", [code]
        ).fetchone()
    assert found is not None
    return explain_row(home, "ill", "lab_results", found[0])


@pytest.mark.slow
def test_a_computed_result_names_its_inputs_and_the_illness_behind_them(home: Home) -> None:
    reasons = explained(home, "98979-8").reasons

    assert "egfr is computed from the person's creatinine" in reasons.because[0]
    assert any("condition N18.4 acts on egfr: sets it to about 23, 100%" in line
               for line in reasons.because)  # fmt: skip
    assert any(draw[0] == "physiology/creatinine/set" for draw in reasons.draws)


@pytest.mark.slow
def test_a_result_names_the_drug_that_acts_on_it_and_its_source(home: Home) -> None:
    reasons = explained(home, "2571-8").reasons

    assert "the person's own triglycerides of that day" in reasons.because[0]
    assert any("drug " in line and " acts on triglycerides: times " in line
               and "effects.csv" in line for line in reasons.because)  # fmt: skip


def test_what_acts_on_other_results_is_not_told(home: Home) -> None:
    assert not any(" acts on " in line for line in explained(home, "2951-2").reasons.because)
