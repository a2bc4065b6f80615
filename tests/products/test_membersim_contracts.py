from dataclasses import replace

import numpy as np

from healthsim.billing.benefits.contract_prices import price_classes
from healthsim.products.membersim.claim_rows import ClaimHeaders, ServiceLines
from healthsim.products.membersim.contracts import Contracts
from healthsim.products.membersim.plans import BUILT_IN, PlanTable
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.tables import Coded
from products.test_membersim_generate import SHORT_VISIT, bill_lines, claimed

VISITS = price_classes().index("visits")


def visits(
    people: int, plan: PlanDesign, *, inside: bool = True
) -> tuple[ClaimHeaders, ServiceLines, PlanTable]:
    """Bill everybody's office visit, each at a practice of its own."""
    bills, lines = bill_lines(people, 1)
    keep = np.flatnonzero(lines.line == 1)
    first = {
        name: getattr(lines, name).take(keep)
        if isinstance(getattr(lines, name), Coded)
        else getattr(lines, name)[keep]
        for name in ServiceLines.__dataclass_fields__
    }
    n = len(keep)
    lines = ServiceLines(**first)
    lines = replace(
        lines, procedure=Coded.constant(SHORT_VISIT, n), units=np.ones(n, np.int32),
        drg_line=np.zeros(n, bool), part_of_global=np.zeros(n, bool),
        flat_cents=np.zeros(n, np.int64), service_date=np.full(n, 20_089, np.int32),
    )  # fmt: skip
    bills = replace(
        bills, plan=np.zeros(n, np.int32), institutional=np.zeros(n, bool),
        encounter_class=Coded.constant("office", n), drg_weight=np.full(n, np.nan),
        in_network=np.full(n, inside),
    )  # fmt: skip
    return bills, lines, PlanTable.of({"Plan": plan})


def allowed(plan: PlanDesign) -> np.ndarray:
    return claimed(*visits(4000, plan))["claim_lines"]["allowed_usd"] / 100


def test_prices_of_a_visit_spread_over_the_contracts_of_a_commercial_plan() -> None:
    prices = allowed(BUILT_IN["Commercial-PPO"])

    low, middle, high = np.quantile(prices, [0.05, 0.5, 0.95])
    assert 2.0 < high / low < 2.8
    assert 85 < middle < 105


def test_original_medicare_pays_one_price_but_for_the_place() -> None:
    prices = allowed(BUILT_IN["Original"])

    assert prices.max() / prices.min() < 1.1 / 0.9 + 0.01


def test_a_provider_outside_of_the_network_has_no_contract() -> None:
    plan = BUILT_IN["Commercial-PPO"]

    inside, outside = (Contracts.of(*visits(200, plan, inside=one)) for one in (True, False))
    assert np.all(outside.own == 1)
    assert np.all(inside.own != 1)
    assert np.all(inside.price_class == VISITS)
    assert np.all(inside.plan == outside.plan)


def test_what_is_allowed_is_at_most_what_is_charged() -> None:
    bills, lines, plans = visits(4000, BUILT_IN["Commercial-PPO"])
    dear = replace(plans, price_levels=plans.price_levels * 2.5)

    rows = claimed(bills, lines, dear)["claim_lines"]
    bound = rows["allowed_usd"] == rows["charge_usd"]
    assert 0.1 < bound.mean() < 0.9
    assert np.all(rows["allowed_usd"] <= rows["charge_usd"])
    assert np.all((rows["contractual_usd"] == 0) == bound)


def test_a_contract_is_the_same_beside_other_claims() -> None:
    bills, lines, plans = visits(100, BUILT_IN["Commercial-PPO"])
    few = ClaimHeaders(**{
        name: None if value is None else value.take(np.arange(7)) if isinstance(value, Coded)
        else value[:7] for name, value in vars(bills).items()
    })  # fmt: skip
    some = ServiceLines(**{
        name: value.take(np.arange(7)) if isinstance(value, Coded) else value[:7]
        for name, value in vars(lines).items()
    })  # fmt: skip

    assert np.array_equal(
        Contracts.of(bills, lines, plans).price[:7], Contracts.of(few, some, plans).price
    )
