"""What fills cost: by product and month, by channel, and never more than the usual charge."""

import numpy as np
import pytest

from healthsim.billing.pharmacy.drug_prices import month_factors
from healthsim.dates import day_of
from healthsim.products.rxmembersim.prices import FillPrices, fill_prices
from healthsim.tables import Coded

DAYS = np.array([day_of(f"{year}-{month:02d}-15") for year in (2024, 2025, 2026)
                 for month in range(1, 13)], np.int32)  # fmt: skip


def priced(
    generic: bool = True, unit: float = 50.0, channel: str = "retail", fee: int = 65,
    quantity: float = 30.0, npi: int = 2_000_000_006,
) -> FillPrices:  # fmt: skip
    size = len(DAYS)
    return fill_prices(
        Coded.constant("00093505698", size), np.full(size, generic), np.full(size, unit),
        np.full(size, quantity), DAYS, Coded.constant(channel, size),
        np.full(size, npi, np.int64), np.full(size, fee, np.int64),
    )  # fmt: skip


def test_a_generic_moves_every_month_and_falls_over_the_years() -> None:
    cost = priced().cost
    yearly = cost.reshape(3, 12).mean(axis=1)

    assert len(set(cost.tolist())) > 30
    assert yearly[1] / yearly[0] == pytest.approx(0.94, abs=0.03)
    assert yearly[2] / yearly[1] == pytest.approx(0.94, abs=0.03)


def test_a_brand_rises_once_a_year_in_january() -> None:
    cost = priced(generic=False, unit=1000.0).cost.reshape(3, 12)

    assert np.all(cost == cost[:, :1])
    assert cost[1, 0] == 30_000
    assert cost[2, 0] == 31_200


def test_the_price_of_a_product_in_a_month_is_the_same_for_everybody() -> None:
    months = np.array([660, 661, 700], np.int64)

    assert np.array_equal(month_factors("00093505698", "generic", months),
                          month_factors("00093505698", "generic", months))  # fmt: skip
    assert not np.array_equal(month_factors("00093505698", "generic", months),
                              month_factors("00093505699", "generic", months))  # fmt: skip


def test_mail_is_paid_a_tenth_less_for_generics() -> None:
    assert np.allclose(priced(channel="mail").cost / priced().cost, 0.9, atol=0.001)


def test_what_is_dearer_than_the_usual_charge_costs_that_charge_without_a_fee() -> None:
    cheap = priced(unit=1.0, fee=1050)

    assert set(cheap.basis.texts()) == {"4"}
    assert np.array_equal(cheap.cost, cheap.charge)
    assert not cheap.fee.any()
    assert cheap.charge.min() == 400


def test_a_generic_is_paid_its_allowable_cost_and_a_brand_its_contract_price() -> None:
    assert set(priced().basis.texts()) == {"6"}
    assert set(priced(generic=False).basis.texts()) == {"8"}
    assert np.all(priced().cost + priced().fee <= priced().charge)
