"""Who treats: the same clinician, whoever is on duty, and only those who were referred."""

from __future__ import annotations

from typing import Any

import pytest

from execution.running import Document, diabetic, event, journey, listed, patients, run, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare
from healthsim.tables import Columns


def weekly(**details: Any) -> Document:
    return {"do": "repeat", "id": "r", "every": {"days": 30}, "times": 6,
            "steps": [visit("v", **details)]}  # fmt: skip


def seen(tables: dict[str, Columns]) -> dict[int, set[int]]:
    """Return person -> the clinicians who treated them."""
    found: dict[int, set[int]] = {}
    for who, npi in listed(tables["encounters"], "person_id", "attending_npi"):
        found.setdefault(who, set()).add(npi)
    return found


def test_a_person_keeps_one_clinician_of_a_specialty() -> None:
    found = seen(run(patients(count=60), journey(weekly(specialty="cardiology"))))

    assert {len(npis) for npis in found.values()} == {1}
    assert len(set.union(*found.values())) > 5


@pytest.mark.slow
@pytest.mark.parametrize("specialty", ["cardiology", "family medicine"])
def test_whoever_is_on_duty_is_drawn_for_each_visit(specialty: str) -> None:
    weekly_visits = journey(weekly(specialty=specialty, clinician="duty"))
    found = seen(run(diabetic(count=60, coverage={"plan": {"Original": 1}}), weekly_visits))

    assert sum(len(npis) > 1 for npis in found.values()) > 15  # most counties have one or none


def test_a_specialty_that_is_on_duty_may_be_kept() -> None:
    found = seen(
        run(
            patients(count=60),
            journey(weekly(specialty="radiology", clinician="own")),
        )
    )

    assert {len(npis) for npis in found.values()} == {1}


def test_a_visit_that_needs_a_referral_comes_only_to_those_referred_and_to_that_clinician() -> None:
    refers = event("sends", "referral", 10, specialty="cardiology") | {"chance": 0.5}
    early = visit("early", 5, specialty="cardiology", requires_referral=True)
    late = visit("late", 40, specialty="cardiology", requires_referral=True)
    tables = run(patients(count=200), journey(refers, early, late))
    steps = listed(tables["events"], "person_id", "step")
    sent = {who for who, step in steps if step == "sends"}
    to = dict(listed(tables["referrals"], "person_id", "referred_to_npi"))

    assert 60 < len(sent) < 140
    assert {who for who, step in steps if step == "late"} == sent
    assert not [who for who, step in steps if step == "early"]
    assert seen(tables) == {who: {npi} for who, npi in to.items()}


@pytest.mark.parametrize(("details", "found"), [
    ({"specialty": "cardiology", "requires_referral": True}, "nobody is ever referred"),
    ({"requires_referral": True}, "needs a specialty"),
])  # fmt: skip
def test_a_referral_that_cannot_be_is_refused(details: Document, found: str) -> None:
    with pytest.raises(SpecError, match=found):
        prepare(diabetic(), [journey(visit("v", 5, **details))])
