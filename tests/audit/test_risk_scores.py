"""Risk scores by an independent calculator, and who spends how much."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from audit.test_scorecard import people, put, read, tables
from risk_scores import risk_scores

__all__ = ["tables"]

OFFICE, PANEL = "9921" + "3", "8005" + "3"


def member(connection: duckdb.DuckDBPyConnection, *ids: int, born: int = 1950) -> None:
    people(connection, *ids, birth_date=date(born, 6, 1))
    put(connection, "plans", {"plan_id": "Original", "kind": "medicare_original"})
    put(connection, "enrollments", *({"person_id": one, "plan_id": "Original"} for one in ids))


def bill(
    connection: duckdb.DuckDBPyConnection, person: int, procedure: str | None, code: str,
    bill_type: str | None = None, status: str = "paid",
) -> None:  # fmt: skip
    form = "837P" if bill_type is None else "837I"
    key = {"claim_id": person * 10, "person_id": person}
    put(connection, "claims", key | {"form": form, "bill_type": bill_type, "status": status})
    put(connection, "claim_lines", key | {"line": 1, "procedure": procedure})
    put(connection, "claim_diagnoses", key | {"sequence": 1, "code": code})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("procedure", "bill_type", "status", "counts"),
    [
        (OFFICE, None, "paid", True), (PANEL, None, "paid", False),
        (OFFICE, None, "denied", False), (None, "111", "paid", True),
        (OFFICE, "131", "paid", True), (PANEL, "131", "paid", False),
        (None, "321", "paid", False),
    ],
)  # fmt: skip
def test_diagnoses_count_on_claims_that_cms_would_take(
    tables: duckdb.DuckDBPyConnection, procedure: str | None, bill_type: str | None, status: str,
    counts: bool,
) -> None:  # fmt: skip
    member(tables, 101)
    bill(tables, 101, procedure, "I50.22", bill_type, status)

    found = risk_scores(tables)

    assert (found.claims > found.demographics) == counts
    assert found.without == (not counts)
    assert found.conditions == found.demographics


def test_the_chart_is_scored_without_claims(tables: duckdb.DuckDBPyConnection) -> None:
    member(tables, 101)
    put(tables, "conditions", {"person_id": 101, "code": "I50.22"})

    found = risk_scores(tables)

    assert found.claims == found.demographics
    assert found.conditions > found.demographics + 0.2


def test_only_people_of_65_in_medicare_are_scored(tables: duckdb.DuckDBPyConnection) -> None:
    member(tables, 101)
    member(tables, 201, born=1970)
    people(tables, 301)

    assert risk_scores(tables).people == 1


@pytest.mark.slow
def test_spending_of_ranks_adds_up_claims_and_fills(tables: duckdb.DuckDBPyConnection) -> None:
    ids = range(101, 10101, 100)  # 100 of them
    people(tables, *ids)
    for person in ids:
        dear = person == 5101
        put(tables, "claims", {"person_id": person, "claim_id": person, "allowed_usd": 10})
        put(tables, "fills", {"person_id": person, "fill_id": person, "tax_usd": 1,
                              "ingredient_cost_usd": 100 if dear else 4,
                              "dispensing_fee_usd": 1})  # fmt: skip
    total = 99 * 16 + 112

    top, count = read(tables, "meps-2018-spending-top-1")
    assert (top, count) == (pytest.approx(112 / total), 100)
    assert read(tables, "ahrq-2002-spending-top-5")[0] == pytest.approx((112 + 4 * 16) / total)
    assert read(tables, "meps-2018-spending-bottom-half")[0] == pytest.approx(50 * 16 / total)
