"""A birth is coded as it happened, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from execution.births import women
from execution.running import journey, visit
from healthsim.errors import SpecError
from healthsim.execution.prepare import prepare


def _birth(**details: Any) -> None:
    stay = visit("labour", 100, encounter_class="inpatient", los_days=2, **details)
    prepare(women(), [journey(stay)])


@pytest.mark.parametrize(
    ("code", "procedures", "found"),
    [
        ("O80", {"icd10pcs": ["10D00Z1"], "procedures": None}, "O80 is a birth without"),
        ("O80", {"procedures": ["59510"]}, "O80 is a birth without"),
        ("O82", {"icd10pcs": ["10E0XZZ"], "procedures": None}, "O82 is a caesarean"),
        ("O82", {"procedures": [{"code": "59400"}]}, "O82 is a caesarean"),
    ],
)
def test_a_code_that_contradicts_the_procedures_is_refused(
    code: str, procedures: dict[str, Any], found: str
) -> None:
    with pytest.raises(SpecError, match=found) as refused:
        _birth(diagnoses=[code, "Z37.0"], **procedures)
    assert "details.diagnoses" in str(refused.value)


@pytest.mark.parametrize(
    ("code", "procedures"),
    [
        ("O82", {"icd10pcs": ["10D00Z1"], "procedures": ["59510"]}),
        ("O80", {"procedures": ["59400"]}),
        ("O80", {"procedures": ["01967"]}),
        ("O34.219", {"procedures": ["59510"]}),
    ],
)
def test_a_code_that_fits_the_procedures_is_not(code: str, procedures: dict[str, Any]) -> None:
    _birth(diagnoses=[code, "Z37.0"], **procedures)
