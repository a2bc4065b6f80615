import math
import re
from itertools import pairwise

import pytest

from healthsim.codes.loinc import (
    FOREVER,
    intervals,
    loinc,
    panel,
    reference_intervals,
)

UNITS = re.compile(
    r"%|/min|/uL|/\[[HL]PF\]|10\*[36]/uL|Cel|L|L/min|U/L|U/mL|\[pH\]|cm|fL|kg|kg/m2|g|g/dL|"
    r"g/\(24\.h\)|mg/\(24\.h\)|\[IU\]/mL|[mu]?\[IU\]/m?L|mL/min(/\{1\.73_m2\})?|mm\[Hg\]|mm/h|"
    r"mg/g\{creat\}|mg/d?L|mmol/L|mosm/kg|ms|n?g/[dm]?L|ng/dL|p?g/mL|pg|s|u?g/[dm]?[Lg]|umol/L|"
    r"\{[A-Za-z_-]+\}|\{copies\}/mL"
)
"""The part of UCUM that the book uses."""


def test_the_book_holds_what_a_library_of_templates_measures() -> None:
    vitals = [row for row in loinc().rows.values() if row.vital]

    assert len(loinc()) - len(vitals) > 200
    assert len(vitals) > 20
    assert {"abg", "anemia_extended", "cbc_diff", "ekg", "prenatal", "spirometry"} <= {
        name for row in loinc().rows.values() for name in row.panels
    }
    assert set(panel("cbc")) < set(panel("cbc_diff"))


def test_units_are_of_ucum_and_known_confidence() -> None:
    for row in loinc().rows.values():
        is_word = not row.unit and math.isnan(row.mean)
        assert is_word or UNITS.fullmatch(row.unit), (row.code, row.unit)
        assert row.confidence in {"V", "M"}
        assert 0 <= row.decimals <= 3


def test_intervals_are_within_the_limits_of_their_test_and_have_a_source() -> None:
    for code, rows in intervals().items():
        book = loinc().find(code, "intervals")
        for one in rows:
            assert 0 <= one.from_months < one.below_months <= FOREVER
            assert one.sex in {"", "F", "M"}
            assert one.sd > 0
            ends = [end for end in (one.ref_low, one.mean, one.ref_high) if not math.isnan(end)]
            assert [book.low, *ends, book.high] == sorted([book.low, *ends, book.high]), one
            assert all(round(end, book.decimals) == end for end in ends[:1] + ends[2:])
            assert "assumption" in one.source or "(M)" in one.source


def test_no_two_intervals_hold_for_one_person_at_once() -> None:
    for code, rows in intervals().items():
        for sex in ("F", "M", ""):
            mine = sorted(one[2:4] for one in rows if one.sex in ("", sex))
            assert all(first[1] <= second[0] for first, second in pairwise(mine)), (code, sex)
            starts = [one.from_months for one in reference_intervals(code, sex)]
            assert starts[0] == 0
            assert starts == sorted(set(starts))


@pytest.mark.parametrize(
    ("code", "sex", "years", "ends"),
    [
        ("718-7", "F", 40, (12.0, 16.0)),
        ("718-7", "M", 40, (13.0, 17.5)),
        ("718-7", "M", 3, (11.0, 14.0)),
        ("718-7", "X", 40, (12.0, 17.0)),
        ("2160-0", "F", 8, (0.30, 0.70)),
        ("6768-6", "M", 14, (120, 480)),
        ("2276-4", "F", 30, (11, 150)),
        ("2345-7", "F", 40, (70, 99)),
    ],
)
def test_what_is_normal_goes_by_sex_and_age(
    code: str, sex: str, years: int, ends: tuple[float, float]
) -> None:
    found = [row for row in reference_intervals(code, sex) if row.from_months <= years * 12][-1]
    assert (found.ref_low, found.ref_high) == ends
