"""Fills that a pharmacy benefit would accept: limits of law, supplies on hand, who stops."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from execution.running import diabetic, event, journey, listed, run, visit
from healthsim.codes.drugs import drugs
from healthsim.dates import day_of
from healthsim.tables import Columns

MANY = 300
AS_OF, THROUGH = day_of("2025-01-01"), "2026-12-31"
OXYCODONE, TRAMADOL = "oxycodone 5 mg tablet", "tramadol 50 mg tablet"
METFORMIN, PREDNISONE = "metformin 500 mg tablet", "prednisone 20 mg tablet"


def takes(*medications: dict[str, Any], **changes: Any) -> dict[str, Columns]:
    """Run a profile whose people all take these drugs."""
    listed = [{"share": 1, "adherence": 0.9, **one} for one in medications]
    clinical = {"primary": {"code": "E11.9"}, "medications": listed}
    profile = diabetic(count=MANY, through=THROUGH, clinical=clinical, mortality="none", **changes)
    return run(profile, journey(visit("v", 20)))


def prescribed(*steps: dict[str, Any], **changes: Any) -> dict[str, Columns]:
    profile = diabetic(count=MANY, clinical={"primary": {"code": "E11.9"}}, mortality="none",
                       **changes)  # fmt: skip
    return run(profile, journey(*steps))


@pytest.fixture(scope="module")
def ongoing() -> dict[str, Columns]:
    drugs = ({"drug": OXYCODONE}, {"drug": TRAMADOL, "days_supply": 30}, {"drug": METFORMIN},
             {"drug": PREDNISONE, "days_supply": 30})  # fmt: skip
    return takes(*drugs)


def of(tables: dict[str, Columns], drug: str, *names: str) -> list[tuple[Any, ...]]:
    """Return fills of a drug that were taken: columns of fills by person and day."""
    ndc = drugs().find(drug, "drug").ndc
    rows = listed(tables["fills"], "ndc", "status", "person_id", "fill_date", *names)
    return sorted(row[2:] for row in rows if row[:2] == (ndc, "paid"))


def gaps(rows: list[tuple[Any, ...]]) -> list[int]:
    """Return the days between fills of one person that follow each other."""
    return [b[1] - a[1] for a, b in pairwise(rows) if a[0] == b[0]]


def test_every_fill_of_schedule_ii_is_of_a_prescription_of_its_own(
    ongoing: dict[str, Columns],
) -> None:
    rows = of(ongoing, OXYCODONE, "fill_number", "prescription_id", "days_supply", "written_date")

    assert len(rows) > 10 * MANY
    assert {row[2] for row in rows} == {0}
    assert len({row[3] for row in rows}) == len(rows)
    assert {row[4] for row in rows} == {30}
    assert max(row[1] - row[5] for row in rows) <= 30


def test_schedule_iv_has_five_refills_in_six_months_and_is_written_again(
    ongoing: dict[str, Columns],
) -> None:
    rows = of(ongoing, TRAMADOL, "fill_number", "written_date")

    assert max(row[2] for row in rows) == 5
    assert max(row[1] - row[3] for row in rows) <= 180
    assert len(rows) / MANY > 15


def test_no_renewal_is_filled_while_a_quarter_of_the_supply_is_left(
    ongoing: dict[str, Columns],
) -> None:
    assert min(gaps(of(ongoing, METFORMIN))) >= 0.75 * 90
    assert min(gaps(of(ongoing, TRAMADOL))) >= 0.85 * 30 - 1


def test_a_drug_that_is_taken_in_courses_ends(ongoing: dict[str, Columns]) -> None:
    prescriptions = [row for row in listed(ongoing["prescriptions"], "drug", "days_supply",
                     "refills", "written_date") if row[0] == PREDNISONE]  # fmt: skip

    assert {row[1:3] for row in prescriptions} == {(14, 0)}
    assert len(prescriptions) == MANY
    assert {day for *_, day in prescriptions} <= set(range(AS_OF - 14, AS_OF + 1))


def test_some_people_stop_in_each_year_and_others_go_on(ongoing: dict[str, Columns]) -> None:
    last: dict[int, int] = {}
    for person, day in of(ongoing, METFORMIN):
        last[person] = max(day, last.get(person, 0))
    still = np.mean([day > AS_OF + 730 - 150 for day in last.values()])

    assert 0.78 < still < 0.95  # 8 % stop in a year


def test_new_users_stop_sooner_than_those_who_have_taken_a_drug_for_long() -> None:
    drug = event("drug", "prescription", 0, drug=METFORMIN, refills=11, first_fill_share=1,
                 adherence=1)  # fmt: skip
    begun = of(prescribed(drug), METFORMIN, "fill_number")
    kept = of(prescribed(drug, pharmacy={"without": ["discontinuation"]}), METFORMIN, "fill_number")

    assert 0.6 < sum(n >= 10 for *_, n in begun) / sum(n >= 10 for *_, n in kept) < 0.8
    assert [row for row in begun if row[2] == 0] == [row for row in kept if row[2] == 0]


def test_refills_of_schedule_ii_that_a_step_states_are_prescriptions_for_up_to_90_days() -> None:
    drug = event("drug", "prescription", 3, drug=OXYCODONE, days_supply=30, refills=3,
                 first_fill_share=1)  # fmt: skip
    tables = prescribed(drug, pharmacy={"without": ["discontinuation"]})
    written = sorted({(day - AS_OF, refills) for day, refills in
                      listed(tables["prescriptions"], "written_date", "refills")})  # fmt: skip
    rows = of(tables, OXYCODONE, "fill_number")

    assert written == [(3, 0), (93, 0)]
    assert len(tables["prescriptions"]["prescription_id"]) == 4 * MANY
    assert {n for *_, n in rows} == {0}
    assert len(rows) > 3.7 * MANY
    assert min(gaps(rows)) >= 0.85 * 30 - 1


def test_a_prescription_written_anew_waits_until_the_supply_is_used() -> None:
    first = event("first", "prescription", 0, drug=METFORMIN, days_supply=90, first_fill_share=1)
    again = event("again", "prescription", 20, drug=METFORMIN, days_supply=90, first_fill_share=1)
    usual = gaps(of(prescribed(first, again), METFORMIN))
    without = gaps(of(prescribed(first, again, pharmacy="none"), METFORMIN))

    assert min(usual) >= 0.75 * 90
    assert min(without) < 40


def test_antibiotics_are_filled_on_the_day_or_the_next_with_the_days_that_are_usual() -> None:
    drug = event("drug", "prescription", 5, drug="amoxicillin 500 mg capsule")
    rows = of(prescribed(drug), "amoxicillin 500 mg capsule", "days_supply", "written_date")

    assert {row[1] - row[3] for row in rows} == {0, 1}
    assert {row[2] for row in rows} == {10}


def test_without_the_rules_what_is_stated_is_filled_as_it_is_stated() -> None:
    drug = event("drug", "prescription", 0, drug=OXYCODONE, days_supply=30, refills=3,
                 first_fill_share=1, adherence=1)  # fmt: skip
    tables = prescribed(drug, pharmacy={"without": ["controlled_substances"]})

    assert {n for *_, n in of(tables, OXYCODONE, "fill_number")} == {0, 1, 2, 3}
    assert set(listed(tables["prescriptions"], "refills")) == {(3,)}


@pytest.mark.slow
def test_a_switch_moves_nothing_else() -> None:
    drug = event("drug", "prescription", 0, drug=METFORMIN, refills=5)
    with_rule, without = prescribed(drug), prescribed(drug, pharmacy="none")

    for table in ("encounters", "prescriptions", "patients"):
        assert all(str(without[table][name]) == str(column)
                   for name, column in with_rule[table].items())  # fmt: skip


def test_a_reversed_fill_keeps_the_money_of_the_day_and_counts_in_nothing() -> None:
    drug = event("drug", "prescription", 0, drug="apixaban 5 mg tablet", first_fill_share=0.3)
    rows = listed(prescribed(drug)["fills"], "status", "reversed_cost_usd", "reversed_member_usd",
                  "reversed_plan_paid_usd", "ingredient_cost_usd", "copay_usd")  # fmt: skip
    back = [row[1:] for row in rows if row[0] == "reversed"]

    assert back
    assert all(cost == member + plan > 0 for cost, member, plan, _, _ in back)
    assert all(cost == copay == 0 for *_, cost, copay in back)
    assert all(row[1:4] == (0, 0, 0) for row in rows if row[0] == "paid")


def test_dear_injections_come_from_specialty_pharmacies_and_cheap_tablets_do_not() -> None:
    tables = takes({"drug": "adalimumab 40 mg pen injector"}, {"drug": METFORMIN})
    specialty = dict(listed(tables["pharmacies"], "npi", "specialty"))
    of_pens = of(tables, "adalimumab 40 mg pen injector", "channel", "pharmacy_npi")
    of_tablets = of(tables, METFORMIN, "channel", "pharmacy_npi")

    assert 0.85 < np.mean([row[2] == "specialty" for row in of_pens]) < 0.95
    assert {row[2] for row in of_tablets} == {"retail", "mail"}
    assert all(specialty[npi] == (channel == "specialty")
               for *_, channel, npi in (*of_pens, *of_tablets))  # fmt: skip
    assert len({(row[0], row[3]) for row in of_pens}) == len({row[0] for row in of_pens})
