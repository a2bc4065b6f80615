from dataclasses import replace

import numpy as np
import pytest

from healthsim.billing.professional.multiple_procedures import reduced_codes
from healthsim.dates import NO_DAY
from healthsim.products.membersim.generate import (
    ClaimHeaders,
    ServiceLines,
    claims,
    price_claims,
)
from healthsim.products.membersim.plans import BUILT_IN, PlanTable
from healthsim.products.membersim.sharing import share_costs
from healthsim.products.membersim.tables import CLAIM_ADJUSTMENTS, CLAIM_LINES, CLAIMS
from healthsim.specification.profiles.plan_design import PlanDesign
from healthsim.streams import Streams
from healthsim.tables import NO_NUMBER, Coded, Columns

BOOK = PlanTable.of(BUILT_IN)
CLASSES = (
    "office", "telehealth", "urgent_care", "emergency", "observation", "inpatient",
    "outpatient_hospital", "asc", "snf", "home_health", "dialysis",
)  # fmt: skip
FACILITY = {"emergency", "observation", "inpatient", "outpatient_hospital", "asc"}
VISIT, SHORT_VISIT, EMERGENCY, A1C, PANEL, FILM, KNEE, THERAPY = (
    family + last
    for family, last in (
        ("9921", "4"), ("9921", "3"), ("9928", "4"), ("8303", "6"), ("8005", "3"), ("7356", "2"),
        ("2744", "7"), ("9711", "0"),
    )
)  # fmt: skip
CODES = (VISIT, SHORT_VISIT, EMERGENCY, A1C, PANEL, FILM, KNEE, THERAPY, "G0439", "J3301")
MONEY = (
    "charge_usd", "allowed_usd", "contractual_usd", "denied_usd", "plan_paid_usd",
    "other_payer_paid_usd", "deductible_usd", "coinsurance_usd", "copay_usd",
    "other_adjustment_usd",
)  # fmt: skip
DAY = 20_089  # 2025-01-01


def bill_lines(
    people: int, per_person: int = 5, seed: int = 1
) -> tuple[ClaimHeaders, ServiceLines]:
    """Make up bills of every class with one to five lines each."""
    streams = Streams(seed)
    n = people * per_person
    draw = lambda name, size, high: (streams.uniform(name, 0, size) * high).astype(np.int32)  # noqa: E731
    person = np.repeat(np.arange(people, dtype=np.int32), per_person)
    person_id = (person.astype(np.int64) + 1) * 100 + 1
    hashed = np.sort(draw("hash", n, 2**29).reshape(people, per_person), axis=1).reshape(-1)
    classes = Coded(draw("class", n, len(CLASSES)), CLASSES)
    institutional = np.isin(classes.codes, [CLASSES.index(name) for name in FACILITY])
    institutional &= draw("institutional", n, 2) == 1
    stay = institutional & classes.equals("inpatient")
    day = DAY + draw("day", n, 700)
    null = np.full(n, NO_NUMBER, dtype=np.int64)
    nothing = Coded.constant(None, n)
    bills = ClaimHeaders(
        person=person, person_id=person_id, claim_id=person_id * 2**29 + hashed,
        encounter_id=person_id, event_id=person_id, plan=draw("plan", n, len(BOOK.names)),
        institutional=institutional, encounter_class=classes,
        specialist=draw("specialist", n, 3) == 0, preventive=draw("preventive", n, 6) == 0,
        from_date=day, through_date=day, admit_date=np.full(n, NO_DAY),
        received_date=day + 3, decided_date=day + 17, paid_date=day + 20, billing_npi=person_id,
        rendering_npi=null, attending_npi=null, facility_npi=null,
        price_factor=0.9 + 0.2 * streams.uniform("price", 0, n),
        charge_factor=2.6 + 1.4 * streams.uniform("charge", 0, n),
        drg=nothing, drg_weight=np.where(stay, 0.5 + 3 * streams.uniform("weight", 0, n), np.nan),
        bill_type=nothing, discharge_status=nothing, in_network=draw("network", n, 4) > 0,
    )  # fmt: skip
    count = 1 + draw("lines", n, 5)
    bill = np.repeat(np.arange(n, dtype=np.int32), count)
    line = np.arange(len(bill)) - np.repeat(np.cumsum(count) - count, count) + 1
    m = len(bill)
    code = draw("code", m, len(CODES) + 1) - 1
    code[~institutional[bill] & (code < 0)] = 0
    none = Coded.constant(None, m)
    lines = ServiceLines(
        bill=bill, line=line.astype(np.int32), service_date=day[bill] + draw("later", m, 3),
        procedure=Coded(code, CODES), units=1 + draw("units", m, 3) * (draw("many", m, 5) == 0),
        modifier_1=none, modifier_2=none, modifier_3=none, modifier_4=none, revenue_code=none,
        pos=none, diagnosis_pointers=none, event_id=person_id[bill],
        drg_line=stay[bill] & (line == 1), part_of_global=draw("global", m, 12) == 0,
        flat_cents=np.where(code < 0, 90_000, 0),
    )  # fmt: skip
    return bills, lines


def claimed(bills: ClaimHeaders, lines: ServiceLines, book: PlanTable) -> dict[str, Columns]:
    """Price the lines, share them, and fill the tables."""
    priced = price_claims(bills, lines, book)
    return claims(priced, share_costs(priced.sharing, book))


@pytest.fixture(scope="module")
def billed() -> tuple[ClaimHeaders, ServiceLines]:
    return bill_lines(400)


@pytest.fixture(scope="module")
def tables(billed: tuple[ClaimHeaders, ServiceLines]) -> dict[str, Columns]:
    return claimed(*billed, BOOK)


def test_all_three_tables_are_complete_and_in_the_columns_of_their_definition(
    tables: dict[str, Columns],
) -> None:
    for table in (CLAIMS, CLAIM_LINES, CLAIM_ADJUSTMENTS):
        rows = tables[table.name]
        assert list(rows) == [column.name for column in table.columns]
        assert len({len(array) for array in rows.values()}) == 1
    assert all(tables["claims"][name].dtype == np.int64 for name in MONEY)


@pytest.mark.parametrize("table", ["claims", "claim_lines"])
def test_the_money_identities_hold_on_every_row(tables: dict[str, Columns], table: str) -> None:
    rows = tables[table]

    assert np.array_equal(
        rows["charge_usd"], rows["allowed_usd"] + rows["contractual_usd"] + rows["denied_usd"]
    )
    paid = sum(rows[name] for name in MONEY[4:])
    assert np.array_equal(rows["allowed_usd"], paid)
    assert all(np.all(rows[name] >= 0) for name in MONEY)


def test_a_header_is_the_sum_of_its_lines(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    for name in MONEY:
        total = np.zeros(len(billed[0].claim_id), dtype=np.int64)
        np.add.at(total, billed[1].bill, tables["claim_lines"][name])
        assert np.array_equal(tables["claims"][name], total)


def test_adjustments_explain_all_that_the_plan_did_not_pay(tables: dict[str, Columns]) -> None:
    lines, reasons = tables["claim_lines"], tables["claim_adjustments"]
    explained = dict.fromkeys(zip(lines["claim_id"], lines["line"], strict=True), 0)
    for claim, line, cents in zip(
        reasons["claim_id"], reasons["line"], reasons["amount_usd"], strict=True
    ):
        explained[claim, line] += cents

    unpaid = lines["charge_usd"] - lines["plan_paid_usd"]
    assert list(explained.values()) == unpaid.tolist()
    assert np.all(reasons["amount_usd"] > 0)


def test_adjustments_are_numbered_from_one_within_each_line(tables: dict[str, Columns]) -> None:
    reasons = tables["claim_adjustments"]
    key = np.stack([reasons["claim_id"], reasons["line"]])
    new = np.append(True, np.any(key[:, 1:] != key[:, :-1], axis=0))
    sequence = reasons["sequence"]

    assert np.all(sequence[new] == 1)
    assert np.all(sequence[1:][~new[1:]] == sequence[:-1][~new[1:]] + 1)
    assert set(zip(reasons["group_code"].texts(), reasons["carc"].texts(), strict=True)) == {
        ("CO", "45"), ("CO", "97"), ("PR", "1"), ("PR", "2"), ("PR", "3"),
    }  # fmt: skip


def test_a_charge_and_what_is_allowed_a_clinician_are_constant_for_plan_code_and_year() -> None:
    bills, lines = bill_lines(200)
    same = replace(
        bills,
        billing_npi=np.full(len(bills.plan), 1_234_567_893),
        price_factor=np.full(len(bills.plan), 0.97),
        charge_factor=np.full(len(bills.plan), 3.1),
        drg_weight=np.full(len(bills.plan), np.nan),
    )
    tables = claimed(same, replace(lines, drg_line=np.zeros(len(lines.bill), bool)), BOOK)
    rows = tables["claim_lines"]

    seen: dict[tuple[object, ...], set[tuple[int, int]]] = {}
    year = (lines.service_date - DAY) // 365
    for row in np.flatnonzero(~lines.part_of_global).tolist():
        bill = lines.bill[row]
        by_facility = bool(same.institutional[bill])
        kind = same.encounter_class.codes[bill] if by_facility else -1
        inside = same.in_network[bill]
        key = (same.plan[bill], inside, kind, lines.procedure.codes[row], year[row])
        reduced = lines.procedure.vocabulary[lines.procedure.codes[row]] in reduced_codes()
        unpriced = by_facility or reduced  # depends on what else is on the claim
        allowed = 0 if unpriced else rows["allowed_usd"][row] // lines.units[row]
        unit = (rows["charge_usd"][row] // lines.units[row], allowed)
        seen.setdefault(key, set()).add(unit)
    assert all(len(units) == 1 for units in seen.values())


def test_visits_in_a_global_period_are_refused_with_their_whole_charge(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    rows, refused = tables["claim_lines"], billed[1].part_of_global

    assert np.array_equal(rows["denied_usd"][refused], rows["charge_usd"][refused])
    assert not rows["denied_usd"][~refused].any()
    assert rows["status"].texts() == ["denied" if each else "paid" for each in refused]


def test_a_claim_is_denied_when_every_line_is(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    bills, lines = billed
    paid = np.bincount(lines.bill[~lines.part_of_global], minlength=len(bills.plan)) > 0

    assert not paid.all()
    assert np.array_equal(tables["claims"]["status"].equals("paid"), paid)


def test_only_one_line_of_a_stay_paid_by_drg_is_allowed_anything(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    bills, lines = billed
    stay = (bills.institutional & ~np.isnan(bills.drg_weight))[lines.bill]
    rows = tables["claim_lines"]
    other = stay & ~lines.drg_line & ~lines.part_of_global

    assert not rows["allowed_usd"][other].any()
    assert np.array_equal(rows["contractual_usd"][other], rows["charge_usd"][other])
    assert np.all(rows["allowed_usd"][lines.drg_line & ~lines.part_of_global] > 100_000)


def test_a_copay_stands_on_at_most_one_line_of_a_claim_and_is_the_plans(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    bills, lines = billed
    rows = tables["claim_lines"]
    with_copay = np.flatnonzero(rows["copay_usd"])

    assert len(set(lines.bill[with_copay].tolist())) == len(with_copay)
    assert not rows["deductible_usd"][with_copay].any()
    assert not rows["coinsurance_usd"][with_copay].any()
    most = BOOK.copay_cents.max(axis=1)[bills.plan[lines.bill[with_copay]]]
    assert np.all(rows["copay_usd"][with_copay] <= most)


def test_preventive_visits_cost_the_member_nothing_where_the_plan_says_so(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    rows = tables["claims"]
    member = rows["deductible_usd"] + rows["coinsurance_usd"] + rows["copay_usd"]

    assert not member[billed[0].preventive].any()


def test_no_member_pays_more_than_the_maximum_of_the_plan_in_a_year(
    billed: tuple[ClaimHeaders, ServiceLines], tables: dict[str, Columns]
) -> None:
    bills, lines = billed
    rows = tables["claim_lines"]
    member = rows["deductible_usd"] + rows["coinsurance_usd"] + rows["copay_usd"]
    year = (lines.service_date - DAY) // 365
    spent: dict[tuple[int, ...], int] = {}
    for row, cents in enumerate(member.tolist()):
        bill = lines.bill[row]
        key = (int(bills.person[bill]), int(bills.plan[bill]), int(year[row]))
        spent[key] = spent.get(key, 0) + cents
    assert all(cents <= BOOK.limits[0, plan, 2, 2] for (_, plan, _), cents in spent.items())


def one(encounter_class: str, codes: list[str], plan: str, **changes: object) -> Columns:
    """Bill one encounter of one person; return its claim lines."""
    bills, lines = bill_lines(1, 1)
    m = len(codes)
    book = PlanTable.of({plan: BUILT_IN[plan]})
    institutional = bool(changes.pop("institutional", False))
    weight = float(changes.pop("drg_weight", np.nan))  # type: ignore[arg-type]
    bills = replace(
        bills, plan=np.zeros(1, np.int32), institutional=np.array([institutional]),
        encounter_class=Coded.of([encounter_class]), specialist=np.array([False]),
        preventive=np.array([False]), price_factor=np.ones(1), charge_factor=np.full(1, 3.0),
        drg_weight=np.array([weight]),
    )  # fmt: skip
    none = Coded.constant(None, m)
    lines = replace(
        lines, bill=np.zeros(m, np.int32), line=np.arange(1, m + 1, dtype=np.int32),
        service_date=np.full(m, DAY, np.int32), procedure=Coded.of(codes),
        units=np.ones(m, np.int32), modifier_1=none, modifier_2=none, modifier_3=none,
        modifier_4=none, revenue_code=none, pos=none, diagnosis_pointers=none,
        event_id=np.ones(m, np.int64), drg_line=np.arange(m) == (0 if weight == weight else m),
        part_of_global=np.zeros(m, np.bool_), flat_cents=np.zeros(m, np.int64),
    )  # fmt: skip
    return claimed(replace(bills, **changes), lines, book)["claim_lines"]


def test_an_office_visits_other_lines_meet_the_deductible() -> None:
    rows = one("office", [VISIT, A1C], "Commercial-PPO")

    assert rows["copay_usd"].tolist() == [2500, 0]
    assert rows["deductible_usd"].tolist() == [0, 1254]


def test_a_specialist_asks_the_specialists_copay() -> None:
    rows = one("office", [VISIT], "Commercial-PPO", specialist=np.array([True]))

    assert rows["copay_usd"].tolist() == [4000]


def test_an_emergency_copay_covers_the_hospital_and_the_physician() -> None:
    hospital = one("emergency", [EMERGENCY, FILM], "MA-HMO", institutional=True)
    physician = one("emergency", [EMERGENCY], "MA-HMO")

    assert hospital["copay_usd"].tolist() == [11_000, 0]
    assert hospital["coinsurance_usd"].tolist() == [0, 0]
    assert physician["plan_paid_usd"].tolist() == physician["allowed_usd"].tolist()


def test_original_medicare_asks_part_a_of_the_stay_and_part_b_of_its_physicians() -> None:
    hospital = one("inpatient", [KNEE], "Original", institutional=True, drg_weight=1.9)
    physician = one("inpatient", [KNEE], "Original")

    assert hospital["allowed_usd"].tolist() == [1_355_941]
    assert hospital["deductible_usd"].tolist() == [167_600]
    assert hospital["copay_usd"].tolist() == [0]
    assert physician["deductible_usd"].tolist() == [25_700]
    assert physician["coinsurance_usd"][0] > 0


def test_laboratory_tests_are_free_in_original_medicare() -> None:
    rows = one("office", [VISIT, A1C], "Original")

    assert rows["deductible_usd"].tolist() == [12_518, 0]
    assert rows["plan_paid_usd"][1] == rows["allowed_usd"][1]


def test_a_plan_without_a_copay_for_the_visit_shares_every_line() -> None:
    rows = one("emergency", [EMERGENCY], "HDHP", institutional=True)

    assert rows["deductible_usd"].tolist() == rows["allowed_usd"].tolist()


def test_bills_without_lines_and_stays_without_a_drg_line_are_refused() -> None:
    bills, lines = bill_lines(50)
    short = replace(lines, bill=lines.bill.copy())
    short.bill[lines.bill == 3] = 2

    with pytest.raises(ValueError, match="at least one line"):
        claimed(bills, short, BOOK)
    with pytest.raises(ValueError, match="needs a line with drg_line"):
        claimed(bills, replace(lines, drg_line=np.zeros(len(lines.bill), np.bool_)), BOOK)


def test_nothing_billed_gives_empty_tables() -> None:
    bills, lines = bill_lines(0)

    tables = claimed(bills, lines, BOOK)

    assert {name: len(rows["claim_id"]) for name, rows in tables.items()} == {
        "claims": 0, "claim_lines": 0, "claim_adjustments": 0,
    }  # fmt: skip


def test_people_can_be_billed_in_any_chunks() -> None:
    bills, lines = bill_lines(60)
    whole = claimed(bills, lines, BOOK)
    parts = []
    for start in (0, 20, 40):
        some = np.isin(bills.person, np.arange(start, start + 20))
        of_some = some[lines.bill]
        first = int(np.argmax(some))
        part_bills = ClaimHeaders(**{
            name: value.take(some) if isinstance(value, Coded) else value[some]
            for name, value in vars(bills).items() if value is not None
        })  # fmt: skip
        part_lines = ServiceLines(**{
            name: value.take(of_some) if isinstance(value, Coded) else value[of_some]
            for name, value in vars(lines).items()
        })  # fmt: skip
        part_bills = replace(part_bills, person=part_bills.person - start)
        part_lines = replace(part_lines, bill=part_lines.bill - np.int32(first))
        parts.append(claimed(part_bills, part_lines, BOOK))

    for name in ("plan_paid_usd", "deductible_usd", "coinsurance_usd", "copay_usd"):
        joined = np.concatenate([part["claim_lines"][name] for part in parts])
        assert np.array_equal(whole["claim_lines"][name], joined)


def test_a_plan_that_pays_for_nothing_preventive_asks_its_copay() -> None:
    own = PlanDesign(kind="commercial", copays_usd={"office": 10}, preventive_free=False)
    bills, lines = bill_lines(30)
    wellness = replace(
        bills,
        plan=np.zeros(len(bills.plan), np.int32),
        preventive=np.ones(len(bills.plan), np.bool_),
        specialist=np.zeros(len(bills.plan), np.bool_),
    )
    tables = claimed(wellness, lines, PlanTable.of({"Ours": own}))["claims"]

    assert tables["copay_usd"][bills.encounter_class.equals("office")].max() == 1000
