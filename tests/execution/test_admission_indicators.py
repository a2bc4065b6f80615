"""Of a few stays nobody can tell whether a diagnosis was present on admission."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.execution.sync.visits.diagnosis_lists import DiagnosisRows, present_on_admission
from healthsim.tables import Coded

_STAYS, _SIZE = 10_000, 4
_WORDS = ("Y", "Y", "N", "1")
"""Of each stay: the principal diagnosis and another of admission, a later one, an exempt one."""


@pytest.fixture(scope="module")
def marked() -> np.ndarray:
    """Return the indicators of stays in evenly spread draws, shape (stays, diagnoses)."""
    of = np.repeat(np.arange(_STAYS), _SIZE)
    rows = DiagnosisRows(
        of=of, sequence=np.tile(np.arange(1, _SIZE + 1, dtype=np.int32), _STAYS),
        code=Coded.of(["A41.9"] * len(of)), poa=Coded.of(list(_WORDS) * _STAYS),
        size=np.full(len(of), _SIZE),
    )  # fmt: skip
    rows = DiagnosisRows(rows.of, rows.sequence, rows.code, _in_order(rows.poa), rows.size)
    u = (np.arange(_STAYS) + 0.5) / _STAYS
    found = present_on_admission(rows, np.ones(len(of), dtype=np.bool_), u[of])
    return np.array(found.texts()).reshape(_STAYS, _SIZE)


def _in_order(column: Coded) -> Coded:
    words = ("Y", "N", "1", "U", "W")
    places = np.array([words.index(word) for word in column.vocabulary], dtype=np.int32)
    return Coded(places[column.codes], words)


def test_the_principal_diagnosis_and_exempt_codes_stay_as_they_are(marked: np.ndarray) -> None:
    assert set(marked[:, 0]) == {"Y"}
    assert set(marked[:, 3]) == {"1"}


def test_a_later_diagnosis_lacks_documentation_in_four_of_a_hundred_stays(
    marked: np.ndarray,
) -> None:
    assert set(marked[:, 2]) == {"N", "U"}
    assert np.isclose((marked[:, 2] == "U").mean(), 0.04, atol=0.001)


def test_another_diagnosis_is_undetermined_in_at_most_one_of_a_hundred_stays(
    marked: np.ndarray,
) -> None:
    assert set(marked[:, 1]) == {"Y", "W"}
    assert np.isclose((marked[:, 1] == "W").mean(), 0.01 / 3, atol=0.001)


def test_who_does_not_stay_has_no_indicator() -> None:
    rows = DiagnosisRows(np.zeros(1, np.intp), np.ones(1, np.int32), Coded.of(["I10"]),
                         _in_order(Coded.of(["Y"])), np.ones(1, np.int64))  # fmt: skip

    found = present_on_admission(rows, np.zeros(1, np.bool_), np.zeros(1))

    assert found.texts() == [None]
