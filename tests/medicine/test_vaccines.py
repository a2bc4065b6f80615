"""Vaccines as data: every product has a series, ages and intervals are those of the ACIP."""

from __future__ import annotations

import numpy as np
import pytest

from healthsim.codes.books import cvx
from healthsim.dates import NO_DAY, day_of, iso
from healthsim.medicine import vaccines
from healthsim.medicine.vaccines import NEVER, assumed_doses, doses, length, products, span


def days(*texts: str) -> np.ndarray:
    return np.array([day_of(text) for text in texts], dtype=np.int32)


def test_every_product_is_in_the_code_book_and_every_series_has_a_product() -> None:
    assert products().keys() <= cvx().rows.keys()
    of_products = {name for one in products().values() for name in (*one.series, *one.counts)}
    assert of_products == doses().keys()
    assert {one.route for one in products().values()} == {"IM", "SC", "PO", "NS"}


def test_minimum_ages_rise_with_the_dose_and_every_later_dose_has_an_interval() -> None:
    born = days("2024-02-29")
    for series, rules in doses().items():
        ages = [int(rule.least_age.after(born)[0]) for rule in rules]
        assert ages == sorted(ages), series
        assert all(rule.least_interval is not None for rule in rules[1:]), series


@pytest.mark.parametrize(("series", "dose", "born", "previous", "first", "last"), [
    ("MMR", 1, "2024-01-31", None, "2025-01-31", None),
    ("MMR", 2, "2024-01-31", "2025-01-31", "2025-02-28", None),
    ("HepA", 2, "2024-01-31", "2025-03-31", "2025-09-30", None),
    ("DTaP", 4, "2024-01-10", "2024-07-10", "2025-04-10", "2031-01-09"),
    ("DTaP", 4, "2024-01-10", "2025-01-10", "2025-07-10", "2031-01-09"),
    ("Rota", 1, "2025-01-01", None, "2025-02-12", "2025-04-15"),
    ("Var", 3, "2020-01-01", "2025-01-01", "2025-03-26", None),
])  # fmt: skip
def test_a_dose_waits_for_its_age_and_its_interval(
    series: str, dose: int, born: str, previous: str | None, first: str, last: str | None
) -> None:
    before = np.array([NO_DAY]) if previous is None else days(previous)
    low, high = span(series, np.array([dose], dtype=np.int32), days(born), before)

    assert iso(low[0]) == first
    assert (None if high[0] == NEVER else iso(high[0])) == last


def test_children_are_taken_to_have_had_the_doses_of_their_age_and_adults_none() -> None:
    begins = days(*["2025-01-01"] * 4)
    number, last = assumed_doses(
        "DTaP", days("2025-01-01", "2024-08-20", "2019-06-01", "2005-06-01"), begins
    )

    assert number.tolist() == [0, 2, 5, 0]
    assert [None if day == NO_DAY else iso(day) for day in last] == [
        None, "2024-12-20", "2023-06-01", None]  # fmt: skip
    unknown = np.full(4, NO_DAY, dtype=np.int32)
    assert not assumed_doses("DTaP", begins, unknown)[0].any()


def test_a_length_of_time_in_another_unit_is_refused() -> None:
    assert length("") is None
    with pytest.raises(ValueError, match=r"days, weeks, months or years"):
        length("2 quarters")


@pytest.mark.parametrize(("file", "row", "told"), [
    ("vaccines.csv", {"dose": "3"}, "one after another"),
    ("vaccines.csv", {"minimum_age": ""}, "minimum age"),
    ("vaccine_products.csv", {"series": "Measels"}, "series of vaccines.csv"),
    ("vaccine_products.csv", {"makers": "MSD:0.5 SKB:0.4"}, "add up to 1"),
])  # fmt: skip
def test_a_row_that_cannot_be_is_refused_with_what_to_do(
    file: str, row: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = vaccines.rows

    def changed(name: str) -> tuple[dict[str, str], ...]:
        first, *others = real(name)
        return ({**first, **row}, *others) if name == file else (first, *others)

    monkeypatch.setattr(vaccines, "rows", changed)
    table = vaccines.doses if file == "vaccines.csv" else vaccines.products
    with pytest.raises(ValueError, match=told):
        table.__wrapped__()
