"""What happened in a facility is what its 837I lists."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from execution.facility_visits import KNEE, everywhere, people
from execution.running import listed, run
from healthsim.tables import Columns


@pytest.fixture(scope="module")
def tables() -> dict[str, Columns]:
    return run(people(), everywhere())


def lines(tables: dict[str, Columns], step: str, form: str = "837I") -> list[tuple[Any, ...]]:
    """Return the distinct (revenue, code) of a visit's claims of one form, in their order."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    claims = {
        claim for claim, event_id, own in listed(tables["claims"], "claim_id", "event_id", "form")
        if steps[event_id] == step and own == form
    }  # fmt: skip
    rows = listed(tables["claim_lines"], "claim_id", "revenue_code", "procedure")
    return list(dict.fromkeys((revenue, code) for claim, revenue, code in rows if claim in claims))


def money(tables: dict[str, Columns], code: str) -> list[tuple[int, int, int]]:
    return [
        (units, charge, allowed)
        for revenue, procedure, units, charge, allowed in listed(
            tables["claim_lines"], "revenue_code", "procedure", "units", "charge_usd", "allowed_usd"
        )
        if procedure == code and revenue
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("step", "billed"), [
    ("clinic", [("0510", "G0463"), ("0510", "99406")]),
    ("empty", [("0510", "G0463")]),
    ("light", [("0450", "99281")]),
    ("heavy", [("0450", "99284"), ("0352", "74177"), ("0305", "85025")]),
    ("stated", [("0450", "99282")]),
    ("knee", [("0360", KNEE), ("0278", "C1776"), ("0370", None), ("0710", None)]),
    ("watched", [("0762", "G0379"), ("0762", "G0378")]),
    ("centre", [("0490", "66984")]),
    ("nurse", [("0551", "G0299"), ("0023", "1IB11")]),
    ("after", [("0120", None), ("0022", "KAPC1")]),
    ("home", [("0551", "G0299"), ("0023", "1HB11")]),
    ("home_200", [("0023", "1HB11"), ("0551", "G0299")]),
    ("home_204", []),
    ("treated", [("0821", "90999")]),
    ("stay", [("0120", None), ("0250", None), ("0270", None), ("0722", None), ("0305", None),
              ("0352", None)]),
])  # fmt: skip
def test_a_visit_lists_what_was_done_by_code_and_a_stay_by_centre(
    tables: dict[str, Columns], step: str, billed: list[tuple[str, str | None]]
) -> None:
    assert sorted(lines(tables, step), key=str) == sorted(billed, key=str)


def test_the_line_that_is_paid_comes_first(tables: dict[str, Columns]) -> None:
    assert lines(tables, "knee")[0] == ("0360", KNEE)
    assert lines(tables, "heavy")[0] == ("0450", "99284")


def test_what_only_a_facility_bills_is_on_no_837p(tables: dict[str, Columns]) -> None:
    assert lines(tables, "treated", "837P") == []
    assert lines(tables, "nurse", "837P") == []


def test_the_surgeon_and_the_hospital_both_bill_an_operation(tables: dict[str, Columns]) -> None:
    assert (None, KNEE) in lines(tables, "knee", "837P")


def test_an_operation_pays_for_all_that_came_with_it(tables: dict[str, Columns]) -> None:
    implants = money(tables, "C1776")

    assert implants
    assert all(charge > 0 and allowed == 0 for _, charge, allowed in implants)
    assert all(allowed > 0 for _, _, allowed in money(tables, KNEE))


def test_observation_counts_hours_and_pays_the_visit(tables: dict[str, Columns]) -> None:
    hours = money(tables, "G0378")

    assert min(units for units, _, _ in hours) > 8
    assert all(allowed == 0 for _, _, allowed in hours)
    assert all(charge > allowed > 0 for _, charge, allowed in money(tables, "G0379"))


def test_a_visit_at_home_counts_quarters_of_an_hour(tables: dict[str, Columns]) -> None:
    assert {units for units, _, _ in money(tables, "G0299")} <= {2, 3, 4}


def test_treatments_of_one_month_are_lines_of_one_claim(tables: dict[str, Columns]) -> None:
    bills = listed(tables["claims"], "claim_id", "person_id", "bill_type", "from_date",
                   "through_date")  # fmt: skip
    treated = [
        (person, day // 100, claim)
        for claim, person, day in (
            (claim, person, _month(day))
            for claim, person, code, day in listed(
                tables["claim_lines"], "claim_id", "person_id", "procedure", "service_date"
            )
            if code == "90999"
        )
    ]
    months = {(person, month) for person, month, _ in treated}

    assert len(treated) == 3 * len({person for person, _, _ in treated})
    assert len({claim for _, _, claim in treated}) == len(months) < len(treated)
    assert all(_month(first) == _month(last) for _, _, kind, first, last in bills if kind == "721")


def codes(tables: dict[str, Columns], bill_type: str) -> dict[tuple[str, str], set[Any]]:
    """Return (kind, code) -> amounts of the claims of one type of bill."""
    kinds = dict(listed(tables["claims"], "claim_id", "bill_type"))
    found: dict[tuple[str, str], set[Any]] = {}
    for claim, kind, code, amount in listed(
        tables["claim_codes"], "claim_id", "kind", "code", "amount"
    ):
        if kinds[claim] == bill_type:
            found.setdefault((kind, code), set()).add(amount)
    return found


def test_dialysis_says_weight_and_height_and_that_nothing_was_measured(
    tables: dict[str, Columns],
) -> None:
    found = codes(tables, "721")

    assert found.keys() == {
        ("condition", "71"), ("value", "A8"), ("value", "A9"), ("value", "D5"),
    }  # fmt: skip
    assert found["value", "D5"] == {9.99}
    assert all(30 < kg < 250 for kg in found["value", "A8"])
    assert all(130 < cm < 210 for cm in found["value", "A9"])


def test_a_stay_says_its_days_and_hours(tables: dict[str, Columns]) -> None:
    names = ("bill_type", "admit_type", "admit_source", "covered_days", "admit_hour")
    stays = {row[1:4] for row in listed(tables["claims"], *names) if row[0] == "111"}
    hours = {row[4] for row in listed(tables["claims"], *names) if row[0] == "111"}

    assert stays == {("2", "1", 2), ("2", "1", 4)}
    assert hours <= set(range(24))
    assert len(hours) > 1
    assert codes(tables, "111")["value", "80"] == {2, 4}


def test_a_nursing_facility_names_the_stay_before_it(tables: dict[str, Columns]) -> None:
    kinds = dict(listed(tables["claims"], "claim_id", "bill_type"))
    spans = listed(tables["claim_codes"], "claim_id", "code", "from_date", "through_date")
    found = [last - first for claim, code, first, last in spans
             if kinds[claim] == "211" and code == "70"]  # fmt: skip

    assert len(found) == sum(kind == "211" for kind in kinds.values())
    assert set(found) == {4}


def test_a_nursing_facilitys_hipps_line_costs_nothing_by_itself(tables: dict[str, Columns]) -> None:
    lines = listed(tables["claim_lines"], "revenue_code", "charge_usd", "allowed_usd", "units")

    assert {line[1:] for line in lines if line[0] == "0022"} == {(0, 0, 9)}


def at_home(tables: dict[str, Columns]) -> list[list[tuple[Any, ...]]]:
    """Return the claims of home health: step, revenue, day since the first visit, is paid."""
    steps = dict(listed(tables["events"], "event_id", "step"))
    begins = {claim: first for claim, kind, first in listed(
        tables["claims"], "claim_id", "bill_type", "from_date") if kind == "329"}  # fmt: skip
    names = ("claim_id", "event_id", "revenue_code", "service_date", "allowed_usd")
    found: dict[int, list[tuple[Any, ...]]] = {}
    for claim, cause, revenue, day, allowed in listed(tables["claim_lines"], *names):
        if claim in begins:
            row = (steps[cause], revenue, day - begins[claim], allowed > 0)
            found.setdefault(claim, []).append(row)
    return list(found.values())


def test_thirty_days_of_home_health_are_one_claim(tables: dict[str, Columns]) -> None:
    claims = at_home(tables)
    several = [rows for rows in claims if rows[0][0] == "home_200"]

    assert len(several) == len({person for (person,) in listed(tables["members"], "person_id")})
    assert {tuple(row[:3] for row in rows) for rows in several} == {(
        ("home_200", "0023", 0), ("home_200", "0551", 0), ("home_204", "0551", 4),
        ("home_208", "0551", 8), ("home_212", "0551", 12),
    )}  # fmt: skip
    assert {rows[0][0] for rows in claims} == {"nurse", "home", "home_200", "home_235"}


def test_four_visits_are_paid_by_the_period_and_fewer_by_the_visit(
    tables: dict[str, Columns],
) -> None:
    paid = {rows[0][0]: {(row[1], row[3]) for row in rows} for rows in at_home(tables)}

    assert paid["home_200"] == {("0023", True), ("0551", False)}
    assert paid["home_235"] == paid["nurse"] == {("0551", True), ("0023", False)}


def test_a_period_costs_medicares_base_rate(tables: dict[str, Columns]) -> None:
    factors = [allowed / 205_735 for revenue, code, allowed in listed(
        tables["claim_lines"], "revenue_code", "procedure", "allowed_usd")
        if revenue == "0023" and allowed]  # fmt: skip

    assert 0.8 < min(factors) < max(factors) < 1.25


def test_a_visit_at_home_says_its_county(tables: dict[str, Columns]) -> None:
    homes = {int(county or "0") for (county,) in listed(tables["members"], "county_fips")}

    assert {int(amount) for amount in codes(tables, "329")["value", "85"]} <= homes


def test_what_is_left_of_a_vial_is_billed_beside_what_was_given(
    tables: dict[str, Columns],
) -> None:
    drugs = {
        (code, units, modifier)
        for revenue, code, units, modifier in listed(
            tables["claim_lines"], "revenue_code", "procedure", "units", "modifier_1"
        )
        if revenue == "0636"
    }

    assert drugs == {
        ("J2469", 10, "JZ"), ("J9263", 170, None), ("J9263", 30, "JW"), ("J1100", 4, None),
    }  # fmt: skip


@pytest.fixture(scope="module")
def stated() -> dict[str, Columns]:
    return run(people() | {"charge_capture": "none"}, everywhere())


@pytest.mark.slow
@pytest.mark.parametrize(("step", "billed"), [
    ("clinic", [("0510", "99406")]),
    ("empty", []),
    ("light", []),
    ("heavy", [("0352", "74177"), ("0305", "85025")]),
    ("stated", [("0450", "99282")]),
    ("knee", [("0360", KNEE)]),
    ("watched", []),
    ("centre", [("0490", "66984")]),
    ("nurse", [("0551", "G0299")]),
    ("after", [("0120", None)]),
    ("home", []),
    ("treated", [("0821", "90999")]),
    ("stay", [("0120", None), ("0305", None), ("0352", None)]),
])  # fmt: skip
def test_bills_that_are_left_as_stated_have_stated_services_and_nights_alone(
    stated: dict[str, Columns], step: str, billed: list[tuple[str, str | None]]
) -> None:
    assert sorted(lines(stated, step), key=str) == sorted(billed, key=str)


def test_bills_that_are_left_as_stated_have_the_units_that_are_stated(
    stated: dict[str, Columns],
) -> None:
    rows = listed(stated["claim_lines"], "procedure", "units", "modifier_1")

    assert {row for row in rows if row[0] in ("J2469", "J9263", "G0299")} == {
        ("J2469", 10, None), ("J9263", 170, None), ("G0299", 1, None),
    }  # fmt: skip


def test_a_stay_is_paid_as_before_where_bills_are_left_as_stated(
    tables: dict[str, Columns], stated: dict[str, Columns]
) -> None:
    def paid(made: dict[str, Columns]) -> list[tuple[int, int]]:
        rows = listed(made["claim_lines"], "person_id", "revenue_code", "allowed_usd")
        return sorted((person, allowed) for person, revenue, allowed in rows if revenue == "0120")

    assert paid(stated) == paid(tables)


def _month(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[M]").astype(int)) * 100
