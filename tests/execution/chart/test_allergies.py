"""Allergies: as stated or as usual, of the right people and days, never to what is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.running import charted, diabetic, event, journey, listed, visit
from healthsim.errors import SpecError
from healthsim.medicine.allergies import reactions, substances
from healthsim.tables import Columns

AMOXICILLIN = "amoxicillin 500 mg capsule"


def _profile(*allergies: tuple[str, float], **more: Any) -> dict[str, Any]:
    stated = [{"substance": name, "share": share} for name, share in allergies]
    clinical = {"primary": {"code": "E11.9", "onset": {"years_before": 3}}} | more.pop("has", {})
    clinical |= {"allergies": stated} if stated else {}
    return diabetic(count=more.pop("count", 60), attributes={}, clinical=clinical, **more)


def _steps() -> list[dict[str, Any]]:
    return [
        visit("seen", 10),
        event("drug", "prescription", 20, drug=AMOXICILLIN, first_fill_share=1.0),
        event("shot", "procedure", 30, code="J2540"),
    ]


def _allergic(tables: Columns | Any, substance: str) -> set[int]:
    rows = listed(tables["allergies"], "person_id", "substance")
    return {person for person, name in rows if name == substance}


def _given(tables: Any) -> tuple[set[int], set[int]]:
    drugs = listed(tables["prescriptions"], "person_id", "drug")
    shots = listed(tables["procedures"], "person_id", "code")
    return (
        {person for person, drug in drugs if drug == AMOXICILLIN},
        {person for person, code in shots if code == "J2540"},
    )


@pytest.mark.slow
def test_who_is_stated_to_be_allergic_to_penicillin_is_not_given_it() -> None:
    tables = charted(_profile(("penicillin", 0.5)), journey(*_steps()))
    allergic, (taken, shot) = _allergic(tables, "penicillin"), _given(tables)

    assert 15 < len(allergic) < 45
    assert len(taken) == len(shot) == 60 - len(allergic)
    assert not allergic & (taken | shot)


@pytest.mark.slow
def test_an_allergy_that_is_usual_keeps_no_drug_away_and_is_not_of_those_who_are_given_it() -> None:
    given, others = (
        charted(_profile(count=300, products=["patientsim"]), journey(*steps))
        for steps in (_steps(), _steps()[:1])
    )
    assert len(_given(given)[0]) == 300
    assert _allergic(given, "penicillin") == set()
    assert len(_allergic(others, "penicillin")) > 10
    assert _allergic(given, "sulfonamide antibiotic") == _allergic(others, "sulfonamide antibiotic")


def test_a_code_of_an_allergy_is_one_and_keeps_drugs_away() -> None:
    has = {"comorbidities": [{"code": "Z88.0", "share": 0.5}]}
    tables = charted(_profile(has=has), journey(*_steps()))
    coded = {person for person, code in listed(tables["conditions"], "person_id", "code")
             if code == "Z88.0"}  # fmt: skip

    assert len(coded) > 10
    assert _allergic(tables, "penicillin") == coded
    assert _given(tables)[0].isdisjoint(coded)


def test_who_takes_a_drug_on_the_first_day_bears_it() -> None:
    has = {"medications": [{"drug": "lisinopril 10 mg tablet", "share": 0.5}]}
    tables = charted(_profile(("lisinopril", 1.0), has=has), journey(*_steps()))
    takes = {person for person, drug in listed(tables["prescriptions"], "person_id", "drug")
             if drug == "lisinopril 10 mg tablet"}  # fmt: skip

    assert 10 < len(takes) < 50
    assert len(_allergic(tables, "lisinopril")) == 60 - len(takes)
    assert _allergic(tables, "lisinopril").isdisjoint(takes)


def test_a_violation_may_be_planted_against_an_allergy() -> None:
    profile = _profile(("penicillin", 1.0), safety={"allow_violations": 0.5})
    tables = charted(profile, journey(*_steps()))
    planted = listed(tables["planted_violations"], "person_id", "rule", "kind")
    taken, shot = _given(tables)

    assert {rule for _, rule, _ in planted} == {
        "allergy-penicillin",
        "allergy-penicillin-injection",
    }
    assert {kind for _, _, kind in planted} == {"allergy"}
    assert {person for person, rule, _ in planted if rule == "allergy-penicillin"} == taken
    assert 10 < len(taken) < 50
    assert shot


def test_rows_tell_when_it_began_and_how_severe_it_was() -> None:
    tables = charted(
        _profile(("peanut", 1.0), ("atorvastatin", 1.0), count=200), journey(visit("v", 5))
    )
    rows = tables["allergies"]
    birth = dict(listed(tables["patients"], "person_id", "birth_date"))
    born = np.array([birth[person] for (person,) in listed(rows, "person_id")])
    onset, recorded = (np.asarray(rows[name]) for name in ("onset_date", "recorded_date"))
    told = listed(rows, "substance", "reaction", "reaction_code", "criticality", "severity")

    of_drug = np.array([name == "atorvastatin" for (name,) in listed(rows, "substance")])
    assert (onset[of_drug] >= 9_862).all()  # 1997-01-01, the year it came to the market
    assert onset[~of_drug].min() < 5_000
    assert ("atorvastatin", "83367") in listed(rows, "code_display", "code")
    assert (born <= onset).all()
    assert (onset <= recorded).all()
    assert (recorded <= 20_089).all()  # 2025-01-01
    assert ("peanut", "Anaphylaxis", "39579001", "high", "severe") in told
    assert ("atorvastatin", "Muscle pain", None, "low", "mild") in told
    assert all((reaction is None) == (severity is None) for _, reaction, _, _, severity in told)
    assert {risk for _, reaction, _, risk, _ in told if reaction is None} == {"unable-to-assess"}
    assert {risk for _, _, _, risk, severity in told if severity == "severe"} == {"high"}


@pytest.mark.parametrize(
    ("allergies", "found", "mend"),
    [
        ([{"substance": "penicilin", "share": 0.1}], "penicilin", "'penicillin'"),
        ([{"substance": "egg", "share": 35}], "35", "0.35"),
        ([{"substance": "egg", "share": 0.1}] * 2, "twice", "keep one"),
        ([{"substance": "egg", "chance": 0.1}], "chance", "share"),
    ],
)
def test_allergies_that_cannot_be_are_refused_with_the_mend(
    allergies: list[Any], found: str, mend: str
) -> None:
    profile = _profile()
    profile["clinical"]["allergies"] = allergies
    with pytest.raises(SpecError) as told:
        charted(profile, journey(visit("v", 5)))
    assert "allergies" in str(told.value)
    assert found in str(told.value)
    assert mend in str(told.value)


def test_reactions_add_up_and_drugs_have_rules() -> None:
    for substance in substances().values():
        assert sum(one.weight for one in reactions(substance.reactions)) == pytest.approx(1)
        assert (substance.category == "medication") >= bool(substance.rules)
        assert (
            bool(substance.rules)
            or substance.name == "iodinated contrast"
            or (substance.category != "medication")
        )
