"""Bars of money: every month has its place, and one that the data cut is no collapse."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import duckdb
import pytest

from healthsim.operations import drawing
from healthsim.operations.home import Home
from healthsim.pictures.periods import STEPS, periods, said, shortest
from pictures.reading import rows

pytestmark = pytest.mark.slow


def _domain(spec: Any) -> list[str]:
    domain: list[str] = spec["encoding"]["x"]["scale"]["domain"]
    return domain


def test_every_month_from_the_first_to_the_last_day_has_a_place_of_its_own(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "cost_by_month")

    months = _domain(picture.spec)
    assert months[0] == "Jan 2025"
    assert len(months) == len(set(months)) >= len({row[0] for row in picture.rows})
    assert picture.spec["encoding"]["x"]["type"] == "ordinal"  # labels stand under their bars


def test_a_month_in_which_the_data_end_is_lighter_and_says_its_last_day(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "cost_by_month")

    with drawing.opened(home, "diabetes") as source:
        last = source.last_day
    assert last is not None
    month, to = f"{last:%b} {last.year}", f"to {last.day} {last:%b}"
    bars = picture.spec["layer"][0]
    drawn = [value for value in picture.spec["data"]["values"] if value["partial"]]
    assert {value["when"] for value in drawn} <= {month}
    assert bars["encoding"]["opacity"]["condition"]["value"] < 0.5
    assert to in json.dumps(picture.spec["layer"][1:])
    assert f"{last:%B} {last.year} has data {to} only" in picture.spec["title"]["subtitle"]
    assert to in picture.says


def test_bars_after_the_last_care_say_that_they_are_drugs_alone(home: Home) -> None:
    picture = drawing.draw(home, "diabetes", "cost_by_month")

    care, drugs = (rows(home, "diabetes", f"SELECT max({day}) FROM {table}")[0][0]
                   for table, day in (("claims", "from_date"), ("fills", "fill_date")))  # fmt: skip
    alone = (drugs.year, drugs.month) > (care.year, care.month)
    assert ("drugs that are still filled" in picture.says) is alone
    assert alone
    assert f"the last care is on {care.day} {care:%B} {care.year}" in picture.says


def test_what_nobody_paid_is_not_in_the_legend(home: Home) -> None:
    picture = drawing.draw(home, "leaving", "cost_by_month")

    sizes: dict[str, float] = {}
    for value in picture.spec["data"]["values"]:
        sizes[value["part"]] = sizes.get(value["part"], 0) + value["usd"]
    assert all(sizes.values())
    assert sizes.keys() == set(picture.spec["layer"][0]["encoding"]["color"]["sort"])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("day", ["1999-12-31", "2000-01-01", "2001-01-01", "2025-08-17"])
def test_periods_begin_where_the_database_cuts_time(step: str, day: str) -> None:
    found = duckdb.execute(f"SELECT date_trunc('{step}', DATE '{day}')::DATE").fetchone()

    assert found is not None
    last = date.fromisoformat(day)
    assert periods(step, last, last)[0].begins == found[0]


def test_a_period_that_is_whole_is_not_lighter() -> None:
    year = periods("month", date(2025, 1, 1), date(2025, 12, 31))
    parts = periods("quarter", date(2025, 2, 10), date(2025, 5, 3))

    assert len(year) == 12
    assert said(year) == ""
    assert [one.part for one in parts] == ["from 10 Feb", "to 3 May"]
    assert shortest(date(2025, 1, 1), date(2034, 6, 1), 60) == "quarter"
