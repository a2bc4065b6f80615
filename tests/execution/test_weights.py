"""Children of a run weigh what the CDC's charts say, and later what today's children weigh."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from execution.running import event, journey, run
from healthsim.medicine.growth import value_of
from healthsim.tables import Columns
from template_runs import equals

Floats = NDArray[np.float64]

_MONTHS = (2, 6, 18, 60.5, 120.5, 180.5)
_DAYS_OF_MONTH = 30.4375
_Z = (-1.6449, 0.0, 1.6449)
_RANKS = (5, 50, 95)
_OLDER = {  # kg: 5th, 50th and 95th percentile of the CDC's weight-for-age from 2 years on (2000)
    60.5: {"M": (15.23, 18.49, 23.51), "F": (14.71, 18.02, 23.75)},
    120.5: {"M": (24.94, 32.09, 46.16), "F": (24.86, 33.06, 48.18)},
    180.5: {"M": (43.01, 56.49, 78.83), "F": (40.77, 52.14, 75.83)},
}
_HEAVIER = {  # BMI of NHANES 2017 to March 2020 by that of the same chart, at the same percentiles
    60.5: (1.00, 1.03, 1.14), 120.5: (1.02, 1.09, 1.24), 180.5: (1.03, 1.11, 1.27),
}  # fmt: skip
_TOLERANCE = (0.06, 0.05, 0.10)  # the heaviest for their height are not all among the tallest


@pytest.fixture(scope="module")
def weighed() -> dict[str, Columns]:
    """Newborns who are weighed at six ages."""
    profile = {
        "kind": "profile", "name": "children", "seed": 12, "count": 1500, "mortality": "none",
        "as_of": "2005-01-01", "through": "2020-12-31", "products": ["patientsim"],
        "vital_signs": "none", "problem_list": "none",
        "demographics": {"age": {"type": "uniform", "low": 0, "high": 0.02},
                         "gender": {"M": 0.5, "F": 0.5}},
    }  # fmt: skip
    weights = [
        event(f"at_{place}", "vital", int(months * _DAYS_OF_MONTH), loinc="29463-7")
        for place, months in enumerate(_MONTHS)
    ]
    return run(profile, journey(*weights, duration_days=5_700))


def _weights(tables: dict[str, Columns], sex: str, months: float) -> Floats:
    patients, vitals = tables["patients"], tables["vital_signs"]
    order = np.lexsort((vitals["measured_at"], vitals["person_id"]))
    of_person: Floats = vitals["value"][order].reshape(-1, len(_MONTHS))
    sorted_people = np.argsort(patients["person_id"])
    mine = equals(patients["gender"], sex)[sorted_people]
    return of_person[mine, _MONTHS.index(months)]


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("months", [2, 6, 18])
def test_infants_have_the_percentiles_of_the_chart(
    weighed: dict[str, Columns], sex: str, months: float
) -> None:
    """Also while size at birth wears off: a mixture of two ranks spreads nearly as one does.

    Births follow the natality figures, whose smallest are heavier than the chart's: it still shows
    at two months.
    """
    female, at = np.full(3, float(sex == "F")), np.full(3, float(months))
    charted = value_of("weight", female, at, np.array(_Z))

    found = np.percentile(_weights(weighed, sex, months), _RANKS)

    assert found == pytest.approx(charted, rel=0.04 if months == 2 else 0.035)


@pytest.mark.parametrize("sex", ["F", "M"])
@pytest.mark.parametrize("months", _OLDER)
def test_children_are_heavier_than_the_chart_as_todays_children_are(
    weighed: dict[str, Columns], sex: str, months: float
) -> None:
    expected = np.array(_OLDER[months][sex]) * _HEAVIER[months]

    found = np.percentile(_weights(weighed, sex, months), _RANKS)

    assert (np.abs(found / expected - 1) <= _TOLERANCE).all(), found / expected
