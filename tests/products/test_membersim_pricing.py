import csv

import numpy as np

from healthsim.products.membersim import pricing
from healthsim.products.membersim.pricing import (
    LEAST_CENTS,
    base_cents,
    trend,
    unit_cents,
)

YEARS = np.arange(1950, 2151, dtype=np.int32)


def _fees() -> list[dict[str, str]]:
    with pricing._FEES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_fee_says_where_it_comes_from_and_stands_once() -> None:
    fees = _fees()

    assert all(row["source"] and row["meaning"] for row in fees)
    assert len({row["pattern"] for row in fees}) == len(fees)
    assert "" in {row["pattern"] for row in fees}


def test_no_cpt_code_is_listed() -> None:
    assert [row["pattern"] for row in _fees() if row["pattern"][:1].isdigit()] != []
    assert all(len(row["pattern"]) < 5 for row in _fees() if row["pattern"][:1].isdigit())


def test_higher_levels_of_a_visit_cost_more() -> None:
    for family, levels in (("9920", "2345"), ("9921", "12345"), ("9928", "12345")):
        codes = tuple(family + level for level in levels)

        assert np.all(np.diff(base_cents(codes)) > 0)


def test_codes_of_a_family_differ_and_stay_within_its_spread() -> None:
    prices = base_cents(tuple("735" + rest for rest in ("60", "62", "64", "00")))

    assert len(set(prices.tolist())) == 4
    assert np.all((prices >= 3400 * 0.8 - 1) & (prices <= 3400 * 1.2 + 1))


def test_the_price_of_a_code_does_not_depend_on_its_neighbours() -> None:
    assert base_cents(("J3301", "G0439"))[1] == base_cents(("G0439",))[0]


def test_any_text_has_a_price() -> None:
    assert np.all(base_cents(("", "Z", "00000", "1234F", "0054T", "XXXXXXX")) >= LEAST_CENTS)


def test_the_price_of_one_unit_is_rounded_half_to_even() -> None:
    price, half = np.array([1.0, 3.0, 5.0, 7.0]), np.full(4, 0.5)

    assert unit_cents(price, half).tolist() == [0, 2, 2, 4]


def test_a_line_costs_the_rounded_price_of_one_unit_times_its_units() -> None:
    price, half = np.array([1.0, 3.0, 5.0, 7.0]), np.full(4, 0.5)
    units = np.array([3, 1, 2, 5], dtype=np.int32)

    assert unit_cents(price, half, units).tolist() == [0, 2, 4, 20]


def test_prices_rise_year_by_year_and_are_those_of_the_schedule_in_2025() -> None:
    assert np.all(np.diff(trend(YEARS)) > 0)
    assert trend(np.array([2025], dtype=np.int32)).tolist() == [1.0]
