"""A stated DRG that its diagnoses cannot give is warned of, with the derived one."""

from __future__ import annotations

from typing import Any

import pytest

from healthsim.specification.checks.stay_groups import group_warnings
from healthsim.specification.journeys.journey import JourneySpec
from healthsim.specification.profiles.profile import ProfileSpec

_PROFILE = ProfileSpec.model_validate({
    "kind": "profile", "name": "adults", "title": "Adults", "count": 3, "seed": 1,
    "as_of": "2025-01-01", "demographics": {"age": 70}, "products": ["patientsim"],
})  # fmt: skip


def _warned(*within: dict[str, Any], **details: Any) -> list[str]:
    step = {"do": "event", "id": "stay", "type": "encounter", "at": 10, "with": list(within),
            "details": {"encounter_class": "inpatient", **details}}  # fmt: skip
    journey = JourneySpec.model_validate({
        "kind": "journey", "name": "stay", "title": "Stay", "duration_days": 90,
        "phases": [{"name": "stay", "steps": [step]}],
    })  # fmt: skip
    return [f"{problem.where}: {problem.found}" for problem in group_warnings(_PROFILE, [journey])]


_KIDNEY = {"do": "event", "id": "kidney", "type": "diagnosis", "details": {"code": "N17.9"}}


@pytest.mark.parametrize(
    ("details", "given"),
    [
        ({"drg": "194", "diagnoses": ["J18.9"]}, "195"),
        ({"drg": "470", "diagnoses": ["J18.9"], "comorbidities": True}, "193 or 194 or 195"),
        ({"drg": "470", "diagnoses": ["M17.11"]}, "554"),
    ],
)
def test_a_group_that_the_codes_cannot_give_is_told_with_the_derived_one(
    details: dict[str, Any], given: str
) -> None:
    (told,) = _warned(**details)

    assert told.startswith("journeys[0].phases[0].steps[0].details.drg: is ")
    assert f"the stay's codes give {given}; " in told


@pytest.mark.parametrize(
    ("within", "details"),
    [
        ((), {"drg": "195", "diagnoses": ["J18.9"]}),
        ((), {"drg": "194", "diagnoses": ["J18.9"], "comorbidities": True}),
        ((), {"drg": "193", "diagnoses": ["J18.9", {"code": "J96.01", "when": "age > 80"}]}),
        ((_KIDNEY,), {"drg": "194", "diagnoses": ["J18.9"]}),
        ((), {"drg": "470", "diagnoses": ["M17.11"], "icd10pcs": ["0SRC0J9"]}),
        ((), {"drg": "291", "diagnoses": ["I50.23"]}),
        ((), {"drg": "none", "diagnoses": ["J18.9"]}),
        ((), {"diagnoses": ["J18.9"]}),
        ((), {"drg": "194"}),
    ],
)
def test_a_group_that_the_codes_may_give_is_not(
    within: tuple[dict[str, Any], ...], details: dict[str, Any]
) -> None:
    assert _warned(*within, **details) == []
