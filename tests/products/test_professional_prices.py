from collections.abc import Sequence

import numpy as np
import pytest

from healthsim.products.membersim.pricing import LEAST_CENTS, fallback_cents
from healthsim.products.membersim.professional_prices import (
    ProfessionalPrices,
    component_of,
    price_basis,
    professional_prices,
)
from healthsim.tables import Coded


def priced(
    code: str, *modifiers: str, pos: str = "11", year: int = 2025, units: int = 1
) -> ProfessionalPrices:
    columns = tuple(Coded.of([modifier]) for modifier in modifiers)
    one = np.array([year], dtype=np.int32), np.array([units], dtype=np.int32)
    return professional_prices(Coded.of([code]), columns, Coded.of([pos]), *one)


def cents(code: str, *modifiers: str, pos: str = "11", year: int = 2025) -> int:
    return int(priced(code, *modifiers, pos=pos, year=year).unit[0])


@pytest.mark.parametrize(
    ("code", "modifiers", "pos", "year", "usd"),
    [
        ("99213", (), "11", 2025, 88.95), ("99213", (), "22", 2025, 63.72),
        ("99213", (), "10", 2025, 88.95), ("99213", (), "31", 2025, 63.72),
        ("99213", (), "11", 2024, 91.54), ("99213", (), "11", 2023, 93.19),
        ("99213", (), "11", 2026, 91.85), ("99213", (), "11", 2031, 91.85),
        ("99213", (), "11", 2019, 93.19), ("93306", (), "11", 2025, 187.93),
        ("93306", ("26",), "21", 2025, 65.34), ("93306", ("TC",), "11", 2025, 122.59),
        ("27447", ("RT",), "21", 2025, 1257.63), ("27447", ("RT", "AS"), "21", 2025, 171.04),
        ("27447", ("80",), "21", 2025, 201.22), ("80053", (), "81", 2025, 10.56),
        ("80053", (), "81", 2026, 10.56), ("27447", ("50",), "21", 2025, 1886.45),
    ],
)  # fmt: skip
def test_the_fee_schedules_decide(
    code: str, modifiers: Sequence[str], pos: str, year: int, usd: float
) -> None:
    assert cents(code, *modifiers, pos=pos, year=year) == round(usd * 100)


def test_a_code_that_no_schedule_has_keeps_the_assumption_of_its_family() -> None:
    assert cents("J3301") == fallback_cents("J3301")
    assert price_basis("J3301", "", 2025) == "fee schedule J* (membersim/data/fees.csv)"
    assert cents("70999", "26") + cents("70999", "TC") == pytest.approx(cents("70999"), abs=1)


def test_a_component_that_the_schedule_lacks_costs_the_whole() -> None:
    assert cents("70999", "26") < cents("70999")
    assert cents("99213", "25") == cents("99213")


def test_anaesthesia_is_priced_whole_by_base_units_and_minutes() -> None:
    one = priced("01402", "AA", pos="21", units=120)

    assert (one.unit.tolist(), one.units.tolist()) == ([30_477], [1])
    assert priced("01402", "QK", pos="21", units=120).unit.tolist() == [15_239]
    assert priced("01402", "AA", pos="21", units=127).unit.tolist() == [31_493]


def test_each_line_has_the_price_of_its_own_year_and_place() -> None:
    found = professional_prices(
        Coded.of(["99213", "80053", "99213", None]),
        (Coded.of([None, None, "25", None]),),
        Coded.of(["11", "81", "22", "11"]),
        np.array([2026, 2024, 2025, 2025], dtype=np.int32),
        np.array([1, 2, 3, 4], dtype=np.int32),
    )

    assert found.unit.tolist() == [9_185, 1_056, 6_372, 0]
    assert found.units.tolist() == [1, 2, 3, 4]


def test_no_lines_have_no_prices() -> None:
    none = np.zeros(0, dtype=np.int32)

    assert not len(professional_prices(Coded.of([]), (), Coded.of([]), none, none).unit)


def test_no_price_is_below_the_least() -> None:
    assert cents("J1100") == LEAST_CENTS


def test_the_basis_of_a_price_is_said() -> None:
    assert price_basis("99213", "", 2026) == "physician fee schedule, conversion factor 33.4009"
    assert price_basis("80053", "", 2025) == "clinical laboratory fee schedule"
    assert price_basis("01402", "", 2025) == "anesthesia base and time units"


def test_modifiers_name_a_component() -> None:
    assert [component_of(some) for some in ((), ("25",), ("26", "RT"), ("TC",))] == [
        "", "", "26", "TC",
    ]  # fmt: skip
