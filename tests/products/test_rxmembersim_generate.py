from dataclasses import replace

import numpy as np
import pytest

from healthsim.dates import NO_DAY, day_of
from healthsim.products.membersim.plans import BUILT_IN, PlanTable
from healthsim.products.rxmembersim.generate import DispensedFills, fills, price_fills
from healthsim.products.rxmembersim.sharing import share_fills
from healthsim.products.rxmembersim.tables import FILLS
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.streams import Streams
from healthsim.tables import Coded, Columns

BOOK = PlanTable.of(BUILT_IN)
DAY = 20_089  # 2025-01-01
MEDICARE = ("MA-HMO", "MA-PPO", "Original")
STATUSES = ("paid", "reversed", "rejected")


def dispense(people: int, per_person: int = 20, seed: int = 3) -> DispensedFills:
    """Make up fills of cheap and dear drugs over two years."""
    streams = Streams(seed)
    m = people * per_person
    draw = lambda name, high: (streams.uniform(name, 0, m) * high).astype(np.int32)  # noqa: E731
    person = np.repeat(np.arange(people, dtype=np.int32), per_person)
    person_id = (person.astype(np.int64) + 1) * 100 + 1
    number = person_id * 2**29 + np.tile(np.arange(per_person), people)
    tier = 1 + draw("tier", 5)
    date = DAY + draw("date", 700)
    return DispensedFills(
        person=person, person_id=person_id, fill_id=number, prescription_id=number,
        event_id=number, plan=np.repeat(draw("plan", len(BOOK.names))[:people], per_person),
        fill_number=draw("number", 12), status=Coded(draw("status", 12) // 10, STATUSES),
        written_date=date - 3, fill_date=date, reversed_date=np.full(m, NO_DAY),
        ndc=Coded.constant("00000000101", m), quantity=np.full(m, 30.0),
        days_supply=np.array([7, 30, 90], np.int32)[draw("days", 3)], generic=tier < 3, tier=tier,
        unit_cost_cents=np.array([0, 3.5, 12, 900, 1500, 9000])[tier],
        insulin=draw("insulin", 4) == 0, channel=Coded(draw("mail", 5) // 4, ("retail", "mail")),
        pharmacy_npi=number, prescriber_npi=number,
    )  # fmt: skip


def filled(dispensed: DispensedFills, book: PlanTable) -> Columns:
    """Price the fills, share them, and fill the table."""
    priced = price_fills(dispensed, book)
    return fills(priced, share_fills(priced.sharing, book), book)


@pytest.fixture(scope="module")
def dispensed() -> DispensedFills:
    return dispense(300)


@pytest.fixture(scope="module")
def rows(dispensed: DispensedFills) -> Columns:
    return filled(dispensed, BOOK)


def test_the_table_is_complete_and_in_the_columns_of_its_definition(rows: Columns) -> None:
    assert list(rows) == [column.name for column in FILLS.columns]
    assert len({len(array) for array in rows.values()}) == 1


def test_the_price_of_every_fill_is_what_everybody_pays_for_it(rows: Columns) -> None:
    price = rows["ingredient_cost_usd"] + rows["dispensing_fee_usd"] + rows["tax_usd"]
    parts = ("deductible_usd", "copay_usd", "plan_paid_usd", "other_payer_usd", "coupon_usd")

    assert np.array_equal(price, sum(rows[name] for name in parts))
    assert all(np.all(rows[name] >= 0) and rows[name].dtype == np.int64 for name in parts)


def test_reversed_and_rejected_fills_carry_no_money(
    dispensed: DispensedFills, rows: Columns
) -> None:
    unpaid = ~dispensed.status.equals("paid")

    for name in ("ingredient_cost_usd", "dispensing_fee_usd", "copay_usd", "plan_paid_usd"):
        assert not rows[name][unpaid].any()


def test_reversed_fills_do_not_count_towards_any_limit(
    dispensed: DispensedFills, rows: Columns
) -> None:
    paid = dispensed.status.equals("paid")
    alone = filled(
        DispensedFills(**{
            name: None if value is None else value.take(paid) if isinstance(value, Coded)
            else value[paid]
            for name, value in vars(dispensed).items()
        }),
        BOOK,
    )  # fmt: skip

    for name in ("deductible_usd", "copay_usd", "plan_paid_usd"):
        assert np.array_equal(alone[name], rows[name][paid])


def one_by_one(dispensed: DispensedFills, price: list[int]) -> list[tuple[int, int, str]]:
    """Share fill after fill, as a claims clerk would."""
    met: dict[tuple[int, ...], int] = {}
    spent: dict[tuple[int, ...], int] = {}
    result = [(0, 0, "")] * len(price)
    for row in sorted(range(len(price)), key=lambda row: (dispensed.fill_date[row], row)):
        plan, tier = int(dispensed.plan[row]), int(dispensed.tier[row])
        year = (int(dispensed.fill_date[row]) - DAY) // 365
        key = (int(dispensed.person[row]), plan, year)
        kind = 0 if BOOK.joint_drugs[plan] else 2
        most = int(BOOK.limits[kind, plan, 2 + year, 2])
        phase = "catastrophic" if spent.get(key, 0) >= most else "initial"
        deductible = 0
        capped = bool(dispensed.insulin[row]) and BOOK.names[plan] in MEDICARE
        if (tier >= 3 or kind == 0) and not capped:
            left = int(BOOK.limits[kind, plan, 2 + year, 0]) - met.get(key, 0)
            deductible = min(left, price[row])
        periods = -(-int(dispensed.days_supply[row]) // 30)
        copay = min(int(BOOK.tier_cents[plan, tier - 1]) * periods, price[row] - deductible)
        if capped:
            quarter = (price[row] * 2_500 + 5_000) // 10_000
            in_2026 = dispensed.fill_date[row] >= day_of("2026-01-01")
            copay = min(copay, 3_500 * periods, quarter if in_2026 else copay)
        member = min(deductible + copay, most - spent.get(key, 0))
        deductible = min(deductible, member)
        met[key] = met.get(key, 0) + deductible
        spent[key] = spent.get(key, 0) + member
        if deductible and phase == "initial":
            phase = "deductible"
        result[row] = (deductible, member - deductible, phase)
    return result


def test_whole_columns_share_as_a_clerk_does_fill_by_fill(
    dispensed: DispensedFills, rows: Columns
) -> None:
    price = (rows["ingredient_cost_usd"] + rows["dispensing_fee_usd"]).tolist()
    found = zip(
        rows["deductible_usd"].tolist(), rows["copay_usd"].tolist(),
        rows["benefit_phase"].texts(), strict=True,
    )  # fmt: skip

    assert list(found) == one_by_one(dispensed, price)
    assert set(rows["benefit_phase"].texts()) == {"deductible", "initial", "catastrophic"}


def test_nobody_in_part_d_pays_more_than_two_thousand_dollars_a_year(
    dispensed: DispensedFills, rows: Columns
) -> None:
    year = (dispensed.fill_date - DAY) // 365
    member = rows["deductible_usd"] + rows["copay_usd"]
    medicare = np.isin(dispensed.plan, [BOOK.names.index(name) for name in MEDICARE])
    spent = np.bincount((dispensed.person * 2 + year)[medicare], member[medicare])

    assert spent.max() == 200_000


def test_a_tier_without_a_copay_costs_the_plans_coinsurance() -> None:
    book = PlanTable.of({"Ours": PlanDesign(kind="commercial", coinsurance_share=0.25)})
    some = dispense(5)
    made = filled(replace(some, plan=np.zeros_like(some.plan)), book)
    price = made["ingredient_cost_usd"] + made["dispensing_fee_usd"]

    assert np.array_equal(made["copay_usd"], (price * 2_500 + 5_000) // 10_000)


def test_an_rx_number_is_nine_digits_and_the_same_for_every_fill_of_a_prescription(
    rows: Columns,
) -> None:
    numbers = rows["rx_number"]

    assert numbers.dtype == np.dtype("S9")
    assert all(len(number) == 9 and number.isdigit() for number in numbers.tolist())
    assert len(set(numbers.tolist())) == len(numbers)


def test_nothing_dispensed_gives_an_empty_table() -> None:
    assert len(filled(dispense(0), BOOK)["fill_id"]) == 0


def test_a_month_of_insulin_costs_medicare_at_most_35_dollars_and_no_deductible(
    dispensed: DispensedFills, rows: Columns
) -> None:
    medicare = np.isin(dispensed.plan, [BOOK.names.index(name) for name in MEDICARE])
    months = -(-dispensed.days_supply // 30)

    capped = dispensed.insulin & medicare
    assert np.all(rows["copay_usd"][capped] <= 3_500 * months[capped])
    assert not rows["deductible_usd"][capped].any()
    assert (rows["copay_usd"][capped] == 3_500 * months[capped]).any()


@pytest.mark.parametrize(("year", "cap"), [("2022", False), ("2023", True)])
def test_the_cap_of_insulin_holds_from_2023_on(
    year: str, *, cap: bool, dispensed: DispensedFills
) -> None:
    moved = np.full(len(dispensed.fill_date), day_of(f"{year}-06-01"), dtype=np.int32)
    found = filled(replace(dispensed, fill_date=moved), BOOK)
    other = filled(replace(dispensed, fill_date=moved, insulin=dispensed.insulin & False), BOOK)

    assert np.array_equal(found["copay_usd"], other["copay_usd"]) is not cap
