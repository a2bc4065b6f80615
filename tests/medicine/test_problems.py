"""How conditions go on, as data."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import pytest

from healthsim.codes.icd10cm import icd10cm
from healthsim.errors import SpecError
from healthsim.medicine import problems
from healthsim.medicine.problems import begins_condition, usual_course, usual_courses


@pytest.mark.slow
def test_every_prefix_is_the_beginning_of_codes_and_what_it_becomes_lasts() -> None:
    codes = sorted(icd10cm().codes)
    for prefix, course in usual_courses().items():
        place = bisect_left(codes, prefix)
        assert codes[place].startswith(prefix), prefix
        assert course.source, prefix
        if course.becomes:
            assert usual_course(course.becomes).kind == "lasting", prefix


@pytest.mark.parametrize(
    ("code", "kind", "days", "becomes"),
    [
        ("I21.4", "acute", 28, "I25.2"),
        ("J44.1", "acute", 14, "J44.9"),
        ("N18.31", "lasting", 0, ""),
        ("C50.911", "acute", 1826, "Z85.3"),
        ("C78.7", "lasting", 0, ""),
        ("O24.410", "pregnancy", 42, "Z86.32"),
        ("O99.013", "pregnancy", 42, ""),
        ("S72.001A", "acute", 90, ""),
        ("Z00.00", "none", 0, ""),
        ("Z94.0", "lasting", 0, ""),
        ("R73.03", "lasting", 0, ""),
    ],
)
def test_the_longest_prefix_decides(code: str, kind: str, days: int, becomes: str) -> None:
    course = usual_course(code)
    assert (course.kind, course.days, course.becomes) == (kind, days, becomes)


def test_people_differ_in_how_long_they_are_ill_but_not_in_when_an_infarction_is_old() -> None:
    u = np.array([1e-9, 0.5, 1 - 1e-9])
    assert usual_course("J18.9").lengths(u).tolist() == [22, 30, 38]
    assert usual_course("I21.4").lengths(u).tolist() == [28, 28, 28]


def test_symptoms_reasons_for_a_visit_and_external_causes_begin_nothing() -> None:
    assert not any(map(begins_condition, ("R07.9", "Z23", "W19.XXXA", "O80", "B96.20")))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"kind": "sometimes"}, "is 'sometimes'"),
        ({"kind": "acute", "days": "0"}, "is 0"),
        ({"ends_with": "rain"}, "is 'rain'"),
        ({"becomes": "Z99.99"}, "Z99.99 is no ICD-10-CM code"),
        ({"becomes": "J18.9"}, "becomes J18.9, which ends"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(
    row: dict[str, str], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"prefix": "A41", "kind": "acute", "days": "30", "spread": "0", "becomes": "",
            "status": "", "ends_with": "", "treated_days": "", "source": "s"}  # fmt: skip
    pneumonia = {**good, "prefix": "J18"}
    monkeypatch.setattr(problems, "rows", lambda _: (pneumonia, good | row))
    with pytest.raises(SpecError, match=r"problem_list\.csv") as refused:
        usual_courses.__wrapped__()
    assert found in str(refused.value)
