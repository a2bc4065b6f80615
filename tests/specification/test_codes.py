from typing import Any

import pytest

from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.execution.run import chunks

PROFILE: dict[str, Any] = {
    "kind": "profile", "name": "coded", "count": 4, "seed": 7, "as_of": "2025-01-01",
    "demographics": {"age": {"type": "uniform", "low": 60, "high": 70}, "gender": {"M": 1},
                     "location": {"states": {"TX": 1}}},
    "clinical": {"primary": {"code": "I10", "onset": {"years_before": 3}}},
    "products": ["patientsim", "membersim"],
    "coverage": {"plan": {"Original": 1}},
}  # fmt: skip


def _profile(code: str, **more: Any) -> dict[str, Any]:
    return PROFILE | {"clinical": {"primary": {"code": code, "onset": {"years_before": 1}}}} | more


def _journey(*with_: dict[str, Any], days: int = 30, **details: Any) -> dict[str, Any]:
    visit = {"encounter_class": "office", "procedures": ["99213"]} | details
    step = {"do": "event", "id": "v", "type": "encounter", "at": 10, "details": visit,
            "with": list(with_)}  # fmt: skip
    return {"kind": "journey", "name": "one-visit", "duration_days": days,
            "phases": [{"name": "all", "steps": [step]}]}  # fmt: skip


def _refused(profile: dict[str, Any], *journeys: dict[str, Any]) -> str:
    with pytest.raises(SpecError) as refusal:
        prepare(profile, list(journeys))
    return str(refusal.value)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("I1O", "did you mean 'I10'"),
        ("e11.9", "write 'E11.9'"),
        ("E119", "write 'E11.9'"),
        ("E11", "is not billable"),
        ("T40.7X1A", "retired after 2021-09-30; use 'T40.711A' or 'T40.721A'"),
        ("B88.01", "valid from 2025-10-01"),
        ("4548-4", "one of LOINC"),
        ("O80", "only for F"),
    ],
)
def test_a_diagnosis_that_cannot_be_is_refused_with_the_way_out(code: str, told: str) -> None:
    assert told in _refused(_profile(code))


def test_a_code_is_valid_on_every_day_on_which_it_may_be_used() -> None:
    assert "it is used until 2025-10-28" in _refused(
        PROFILE, _journey(days=300, diagnoses=["B88.0"])
    )
    assert "B88.0" in _refused(_profile("B88.0"), _journey(days=300))
    prepare(_profile("B88.0"), [_journey(days=200)])
    prepare(_profile("T40.7X1A", as_of="2021-01-01"), [_journey(days=200)])


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"type": "lab", "details": {"loinc": "4548-5"}}, "did you mean '4548-4'"),
        ({"type": "lab", "details": {"loinc": "E11.9"}}, "one of ICD-10-CM"),
        ({"type": "immunization", "details": {"cvx": "999"}}, "CVX has no code '999'"),
        ({"type": "procedure", "details": {"code": "G9Z99"}}, "pattern"),
        ({"type": "procedure", "details": {"code": "V0000"}}, "HCPCS Level II has no code 'V0000'"),
        ({"type": "prescription", "details": {"drug": "metformine 500 mg tablet"}},
         "'metformin 500 mg tablet'"),
    ],
)  # fmt: skip
def test_codes_of_every_other_system_are_asked_of_their_books(
    step: dict[str, Any], told: str
) -> None:
    assert told in _refused(PROFILE, _journey({"do": "event", "id": "s", **step}))


def test_a_state_in_another_unit_than_its_test_is_refused() -> None:
    lab = {"do": "event", "id": "s", "type": "lab",
           "details": {"loinc": "4548-4", "result": {"from": "a1c"}}}  # fmt: skip
    states = {"a1c": {"start": 7, "unit": "mmol/mol"}}

    assert "4548-4 is measured in %" in _refused(PROFILE, _journey(lab) | {"state": states})


def test_a_code_that_no_book_knows_passes_where_the_document_says_so() -> None:
    profile = _profile("Q11.99", allow_unlisted_codes=True)
    journey = _journey(
        {"do": "event", "id": "s", "type": "lab", "details": {"loinc": "99999-9", "result": 5}},
        {"do": "event", "id": "i", "type": "immunization", "details": {"cvx": "999"}},
        diagnoses=["Q11.99", "X99.Z"],
    )
    assert "X99.Z" in _refused(profile, journey)

    chunk, _ = chunks(prepare(profile, [journey | {"allow_unlisted_codes": True}]))
    stated = chunk.tables["encounter_diagnoses"]["code"].texts()

    assert set(stated) == {"Q11.99", "X99.Z"}
    assert set(chunk.tables["conditions"]["display"].texts()) == {"Q11.99"}
    assert set(chunk.tables["lab_results"]["display"].texts()) == {"99999-9"}
    assert set(chunk.tables["immunizations"]["display"].texts()) == {"999"}


@pytest.mark.parametrize(
    "code", ["ABCDEFGHIJ", "A--", "ABC", "250.00", "A" * 20, "Q1199", "Q11.99999", "q11.99"]
)
def test_what_has_not_the_form_of_a_diagnosis_passes_nowhere(code: str) -> None:
    told = _refused(_profile(code, allow_unlisted_codes=True))

    formless = f"no code '{code}' here" in told and "it does not have the form" in told
    assert formless or "write" in told
    assert code in _refused(PROFILE, _journey(diagnoses=[code]) | {"allow_unlisted_codes": True})


@pytest.mark.parametrize("code", ["E11", "T40.7X1A", "O80", "4548-4", "E119"])
def test_no_document_can_excuse_what_a_book_knows(code: str) -> None:
    assert code in _refused(_profile(code, allow_unlisted_codes=True))


def test_conditions_that_a_note_keeps_apart_are_not_drawn_together() -> None:
    both = {"clinical": {"primary": {"code": "F07.0", "onset": {"years_before": 1}},
                         "comorbidities": [{"code": "G31.84", "share": 0.5}]}}  # fmt: skip

    assert "G31.84 excludes F07.0: nobody has both" in _refused(PROFILE | both)
    assert "F07.0 and G31.84 exclude each other" in _refused(
        PROFILE, _journey(diagnoses=["F07.0", "G31.84"])
    )
