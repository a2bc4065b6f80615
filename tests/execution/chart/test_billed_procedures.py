"""What a visit bills is done in it: a procedure with its order, an operation with its note."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from execution.running import charted, diabetic, event, journey, listed, visit
from healthsim.tables import Columns

VISITS = journey(
    visit("fistula", 10, encounter_class="outpatient_hospital", procedures=["36821"]),
    visit("session", 20, encounter_class="dialysis", procedures=["90999"]),
    visit("blood", 30, procedures=["99213", "36415"]),
    visit("bypass", 40, encounter_class="inpatient", los_days=3, diagnoses=["E66.01"],
          procedures=["43644"], icd10pcs=["0D164ZA"]),
    visit("treated", 60, procedures=["99213", "96413", "96415", "97110", "36415"]),
    visit("transfused", 70, encounter_class="inpatient", los_days=2, diagnoses=["E66.01"],
          procedures=["99223", "97110", "36556"], icd10pcs=["30233N1"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> Mapping[str, Columns]:
    clinical = {"primary": {"code": "N18.6", "onset": {"years_before": 3}}}
    return charted(diabetic(count=5, attributes={}, clinical=clinical), VISITS)


@pytest.mark.slow
def test_an_operation_and_a_dialysis_that_a_visit_bills_are_procedures_with_an_order(
    tables: Mapping[str, Columns],
) -> None:
    codes = [code for (code,) in listed(tables["procedures"], "code")]
    ordered = [code for (code,) in listed(tables["service_requests"], "code")]

    assert {code: codes.count(code) for code in set(codes)} == {
        "36821": 5, "90999": 5, "0D164ZA": 5, "96413": 5, "96415": 5, "97110": 10, "30233N1": 5,
    }  # fmt: skip
    assert ordered.count("36821") == ordered.count("90999") == 5


def test_infusions_and_therapies_that_a_visit_bills_are_procedures_of_its_day(
    tables: Mapping[str, Columns],
) -> None:
    done = set(listed(tables["procedures"], "person_id", "code", "performed_date"))
    billed = set(listed(tables["claim_lines"], "person_id", "procedure", "service_date"))
    treated = {line for line in billed if line[1] in ("96413", "96415", "97110")}

    assert len(treated) == 20
    assert treated <= done


def test_who_treats_in_the_visit_does_what_it_bills(tables: Mapping[str, Columns]) -> None:
    treats = dict(listed(tables["encounters"], "encounter_id", "attending_npi"))
    done = listed(tables["procedures"], "code", "encounter_id", "performer_npi")

    assert all(treats[stay] == npi for code, stay, npi in done if code in ("36821", "90999"))


def test_an_operation_that_a_visit_bills_has_a_note(tables: Mapping[str, Columns]) -> None:
    notes = listed(tables["clinical_notes"], "title", "text")
    operated = [text for title, text in notes if title == "Surgical operation note"]

    assert sum("Fistula for dialysis made in the arm (36821)" in text for text in operated) == 5


def test_the_note_of_the_visit_in_which_somebody_dies_says_so(
    tables: Mapping[str, Columns],
) -> None:
    said = "Died during the visit."
    deaths = journey(
        visit("session", 20, encounter_class="dialysis", procedures=["90999"]),
        event("died", "death", 20),
    )
    clinical = {"primary": {"code": "N18.6", "onset": {"years_before": 3}}}
    dying = charted(diabetic(count=5, attributes={}, clinical=clinical), deaths)
    ways = dict(listed(dying["encounters"], "encounter_id", "disposition"))
    notes = listed(dying["clinical_notes"], "encounter_id", "text")

    assert "20" in ways.values()
    assert all((said in text) == (ways[stay] == "20") for stay, text in notes)
    assert not any(said in text for (text,) in listed(tables["clinical_notes"], "text"))
